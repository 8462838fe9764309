//! The rules of the house, checked on the source as it stands: who may import whom, who may print, write to the
//! forge, read the clock or the environment, how long a file may be, what lies at the top.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the bottom; each may import itself, those named behind it, and nothing else of ours.
const LAYERS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("engine", &["ids"]),
    ("forge", &["engine", "ids", "telemetry"]),
    ("store", &["engine", "ids"]),
    ("llm", &["engine", "ids"]),
    ("signing", &["engine", "ids"]),
    ("workspace", &["engine", "ids"]),
    ("telemetry", &[]),
    ("config", &["ids", "telemetry"]),
    ("round", &["engine", "ids", "llm"]),
    (
        "bot",
        &[
            "round",
            "forge",
            "store",
            "signing",
            "llm",
            "workspace",
            "engine",
            "ids",
            "telemetry",
        ],
    ),
    (
        "server",
        &[
            "bot",
            "config",
            "forge",
            "llm",
            "signing",
            "store",
            "ids",
            "telemetry",
        ],
    ),
    ("sandbox", &["ids"]),
    (
        "cli",
        &[
            "server",
            "sandbox",
            "bot",
            "round",
            "forge",
            "store",
            "signing",
            "llm",
            "workspace",
            "engine",
            "ids",
            "config",
            "telemetry",
        ],
    ),
    ("main", &["cli", "discussions"]),
];

/// Words that only the named files may contain, with the reason.
const RESERVED: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "println!",
            "eprintln!",
            "print!(",
            "eprint!(",
            "anstream::",
            "io::stdout()",
        ],
        &["src/cli/output.rs"],
        "only cli/output.rs prints",
    ),
    (
        &["ForgeWrite"],
        &["src/forge/", "src/bot/apply.rs"],
        "only bot/apply writes to the forge",
    ),
    (
        &["std::env::var", "env::vars", "env::var("],
        &["src/config.rs", "src/main.rs"],
        "the environment is read once",
    ),
    (
        &["SystemTime::now", "Utc::now", "Local::now"],
        &[
            "src/bot/worker.rs",
            "src/cli/",
            "src/forge/github/",
            "src/sandbox/",
        ],
        "the wall clock is read in worker and cli, and where tokens expire (forge/github), and by the sandbox's GitHub",
    ),
    (
        &[
            "unsafe ",
            "todo!(",
            "unimplemented!(",
            ".unwrap()",
            ".expect(\"",
            "panic!(",
            "dbg!(",
        ],
        &[],
        "production code returns errors",
    ),
    (&["process::exit"], &[], "exit codes are returned from main"),
];

#[test]
fn imports_point_down_only() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let layer = layer_of(&path);
        let allowed = layers
            .get(layer.as_str())
            .unwrap_or_else(|| panic!("{path} belongs to no layer"));
        for (number, line) in code_lines(&text) {
            for target in line.split("crate::").skip(1) {
                let target: String = target
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let is_ours = layers.contains_key(target.as_str());
                if is_ours && target != layer && !allowed.contains(&target.as_str()) {
                    wrong.push(format!("{path}:{number}: {layer} must not import {target}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point up or sideways:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn reserved_words_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (words, homes, reason) in RESERVED {
            if homes.iter().any(|home| path.starts_with(home)) {
                continue;
            }
            for (number, line) in code_lines(&text) {
                let code = line.split("//").next().unwrap_or("");
                if let Some(word) = words.iter().find(|word| contains_word(code, word)) {
                    wrong.push(format!("{path}:{number}: {word}: {reason}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "reserved words out of place:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_engine_has_no_wire_shapes_and_does_no_io() {
    let mut wrong = Vec::new();
    for (path, text) in sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/engine/"))
    {
        for (number, line) in code_lines(&text) {
            let words = [
                "Serialize",
                "std::fs",
                "std::net",
                "tokio::",
                "reqwest",
                "Instant::now",
                "async fn",
            ];
            if let Some(word) = words.iter().find(|word| contains_word(line, word)) {
                wrong.push(format!("{path}:{number}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not pure:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = code_lines(&text).count();
        if lines > 500 {
            wrong.push(format!("{path}: {lines} lines; split by concept at 500"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{path}: no line that says what the file is"));
        }
        let name = Path::new(&path)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if [
            "util", "utils", "helper", "helpers", "common", "misc", "manager",
        ]
        .contains(&name.as_str())
        {
            wrong.push(format!("{path}: a name that says nothing"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_code_map_names_every_room() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let folders: BTreeSet<String> = sources().iter().map(|(path, _)| layer_of(path)).collect();
    let missing: Vec<_> = folders
        .iter()
        .filter(|folder| !map.contains(&format!("`{folder}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "src/lib.rs does not say what these are for: {missing:?}"
    );
    let engine = sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/engine/"));
    let rooms = engine.map(|(path, _)| {
        Path::new(&path)
            .components()
            .nth(2)
            .unwrap()
            .as_os_str()
            .to_owned()
    });
    for room in rooms
        .map(|room| room.to_string_lossy().trim_end_matches(".rs").to_owned())
        .filter(|r| r != "mod")
    {
        assert!(
            map.contains(&room),
            "src/lib.rs does not mention engine::{room}"
        );
    }
}

#[test]
fn nothing_unexpected_lies_at_the_top() {
    let expected = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "personas",
        "deploy",
        "tests",
        "app.yml",
        "README.md",
        "LICENSE",
    ];
    let here: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let extra: Vec<_> = here
        .iter()
        .filter(|name| {
            !name.starts_with('.') && *name != "target" && !expected.contains(&name.as_str())
        })
        .collect();
    assert!(extra.is_empty(), "at the top of the project: {extra:?}");
    let missing: Vec<_> = expected
        .iter()
        .filter(|name| !here.contains(**name))
        .collect();
    assert!(
        missing.is_empty(),
        "missing at the top of the project: {missing:?}"
    );
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut bare = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let is_dependency =
            section.contains("dependencies") && line.contains(" = ") && !line.starts_with('#');
        if is_dependency && !line.contains(" # ") {
            bare.push(line);
        }
    }
    assert!(
        bare.is_empty(),
        "dependencies without a reason:\n{}",
        bare.join("\n")
    );
}

#[test]
fn ignored_tests_say_what_they_need() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files(&root().join("tests")) {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("#[ignore") && !line.starts_with("#[ignore = \"needs ") {
                wrong.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_has_exactly_two_set_up_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let start = readme
        .find("## Try it")
        .expect("README has a section `## Try it`");
    let section = &readme[start..][..readme[start + 3..]
        .find("\n## ")
        .map_or(readme.len() - start, |end| end + 3)];
    let mut inside = false;
    let mut commands = Vec::new();
    for line in section.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside && !line.is_empty() {
            commands.push(line);
        }
    }
    assert_eq!(commands, ["cargo run -- demo", "cargo test"]);
}

/// Lines of a file before its test module, numbered from 1.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
}

/// Whether the word stands there, not as the end of a longer identifier.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            || !word.starts_with(char::is_alphanumeric)
    })
}

fn layer_of(path: &str) -> String {
    let inside = path.strip_prefix("src/").unwrap();
    let first = inside.split('/').next().unwrap().trim_end_matches(".rs");
    if first == "lib" {
        "main".into()
    } else {
        first.into()
    }
}

fn sources() -> Vec<(String, String)> {
    rust_files(&root().join("src"))
}

fn rust_files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no source found");
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
