//! The files of `deploy/` fit the program and each other. What needs Docker or systemd itself is not checked here.

use discussions::bot::worker::DRAIN;
use discussions::config;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn compose() -> Value {
    serde_saphyr::from_str(&file("deploy/compose.yaml")).unwrap()
}

/// Instructions of the Dockerfile, continued lines joined.
fn dockerfile() -> Vec<(String, String)> {
    let text = file("deploy/Dockerfile").replace("\\\n", " ");
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (word, rest) = line.split_once(' ').unwrap();
            (
                word.to_owned(),
                rest.split_whitespace().collect::<Vec<_>>().join(" "),
            )
        })
        .collect()
}

/// The last instruction of that name, which is the final stage's.
fn last(word: &str) -> String {
    let all = dockerfile();
    let found = all.iter().rev().find(|(name, _)| name == word);
    found.unwrap_or_else(|| panic!("no {word}")).1.clone()
}

/// Values of a key of the unit, in order.
fn unit(key: &str) -> Vec<String> {
    let text = file("deploy/discussions.service");
    let prefix = format!("{key}=");
    text.lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_image_copies_what_it_builds_from_and_the_builder_sees_nothing_else() {
    let copied: BTreeSet<String> = dockerfile()
        .iter()
        .filter(|(word, rest)| word == "COPY" && !rest.starts_with("--"))
        .flat_map(|(_, rest)| {
            let parts: Vec<String> = rest.split(' ').map(str::to_owned).collect();
            parts[..parts.len() - 1].to_vec()
        })
        .collect();
    for path in &copied {
        assert!(root().join(path).exists(), "{path}");
    }
    let ignore = file(".dockerignore");
    let rules: Vec<&str> = ignore
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(rules[0], "*", "everything is left out, then some is let in");
    let let_in: BTreeSet<String> = rules[1..]
        .iter()
        .map(|rule| rule.strip_prefix('!').unwrap().to_owned())
        .collect();
    assert_eq!(let_in, copied);
}

#[test]
fn everything_that_is_compiled_in_reaches_the_builder() {
    let let_in = ["src", "personas"];
    let mut open = vec![root().join("src")];
    let mut checked = 0;
    while let Some(next) = open.pop() {
        if next.is_dir() {
            open.extend(
                fs::read_dir(next)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let Ok(text) = fs::read_to_string(&next) else {
            continue;
        };
        for included in text.split("include_str!(").skip(1) {
            let Some(path) = included.trim_start().strip_prefix('"') else {
                continue;
            };
            let path = next.parent().unwrap().join(path.split('"').next().unwrap());
            let path = path
                .canonicalize()
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let inside = path.strip_prefix(root().canonicalize().unwrap()).unwrap();
            let top = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy()
                .into_owned();
            assert!(
                let_in.contains(&top.as_str()),
                "{} needs {top} in the image",
                next.display()
            );
            checked += 1;
        }
    }
    assert!(checked >= 5, "{checked}");
}

#[test]
fn the_image_builds_with_the_rust_that_the_program_needs() {
    let manifest = file("Cargo.toml");
    let needed = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap();
    let version = needed.trim_matches('"');
    assert!(
        dockerfile()[0].1.starts_with(&format!("rust:{version}-")),
        "{version}"
    );
    let debian = dockerfile()[0].1.contains("bookworm") && last("FROM").contains("debian12");
    assert!(
        debian,
        "the final stage has the C library that the program was linked to"
    );
    for (_, rest) in dockerfile()
        .iter()
        .filter(|(_, rest)| rest.contains("cargo build"))
    {
        assert!(
            rest.contains("--locked") && rest.contains("--release"),
            "{rest}"
        );
    }
}

#[test]
fn the_container_runs_as_nobody_in_particular_and_writes_its_volume_only() {
    let user = last("USER");
    assert!(
        user.split(':')
            .all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)),
        "{user}"
    );
    assert_eq!(last("ENV"), "DATA_DIR=/data");
    assert_eq!(last("VOLUME"), "/data");
    let handed_over = dockerfile().iter().any(|(word, rest)| {
        word == "COPY" && rest.contains(&format!("--chown={user} /data /data"))
    });
    assert!(handed_over, "the volume belongs to {user}");
    let program = "/usr/local/bin/discussions";
    assert!(last("COPY").contains("/data") && last("ENTRYPOINT") == format!("[\"{program}\"]"));
    assert_eq!(last("CMD"), "[\"serve\"]");

    let app = &compose()["services"]["app"];
    assert_eq!(app["user"], user);
    assert_eq!(app["read_only"], true);
    assert_eq!(app["cap_drop"][0], "ALL");
    assert_eq!(app["security_opt"][0], "no-new-privileges:true");
    assert_eq!(app["volumes"][0], "data:/data");
    assert!(compose()["volumes"].get("data").is_some());
    assert_eq!(app["environment"]["DATA_DIR"], "/data");
    assert!(
        app["ports"][0].as_str().unwrap().starts_with("127.0.0.1:"),
        "a proxy ends TLS"
    );
}

#[test]
fn health_checks_run_the_program_itself() {
    let healthy = last("HEALTHCHECK");
    assert!(
        healthy.ends_with("CMD [\"/usr/local/bin/discussions\", \"health\"]"),
        "{healthy}"
    );
    let test = &compose()["services"]["app"]["healthcheck"]["test"];
    assert_eq!(
        *test,
        serde_json::json!(["CMD", "/usr/local/bin/discussions", "health"])
    );
}

#[test]
fn paths_in_the_compose_file_lead_somewhere() {
    let app = &compose()["services"]["app"];
    let context = root()
        .join("deploy")
        .join(app["build"]["context"].as_str().unwrap());
    assert_eq!(
        context.canonicalize().unwrap(),
        root().canonicalize().unwrap()
    );
    assert!(
        context
            .join(app["build"]["dockerfile"].as_str().unwrap())
            .exists()
    );
    assert_eq!(app["env_file"], ".env");
    assert!(Path::new(&root()).join("deploy/.env.example").exists());
}

#[test]
fn every_stop_waits_longer_than_the_drain() {
    let longer = |seconds: &str| seconds.parse::<u64>().unwrap() > DRAIN.as_secs() + 5;
    let grace = compose()["services"]["app"]["stop_grace_period"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(longer(grace.trim_end_matches('s')), "{grace}");
    assert!(longer(&unit("TimeoutStopSec")[0]));
    assert_eq!(unit("KillSignal"), ["SIGTERM"]);
}

#[test]
fn every_variable_that_deployment_files_set_is_a_setting() {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for line in unit("Environment") {
        names.insert(line.split('=').next().unwrap().to_owned());
    }
    for name in compose()["services"]["app"]["environment"]
        .as_object()
        .unwrap()
        .keys()
    {
        names.insert(name.clone());
    }
    names.insert(last("ENV").split('=').next().unwrap().to_owned());
    assert!(
        names.contains("PRIVATE_KEY_PATH") && names.contains("DATA_DIR"),
        "{names:?}"
    );
    for name in names {
        assert!(config::NAMES.contains(&name.as_str()), "{name}");
    }
    let credential = &unit("LoadCredential")[0];
    let id = credential.split(':').next().unwrap();
    assert!(
        unit("Environment").contains(&format!("PRIVATE_KEY_PATH=%d/{id}")),
        "{credential}"
    );
    assert_eq!(unit("StateDirectory"), ["discussions"]);
    assert!(unit("Environment").contains(&"DATA_DIR=%S/discussions".to_owned()));
}

#[test]
fn the_example_environment_holds_no_value_that_works() {
    let example = file("deploy/.env.example");
    let set = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='));
    for (name, value) in set {
        assert_eq!(value, "", "{name} is for the operator to fill in");
    }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_finds_nothing_wrong_with_the_unit_and_calls_it_safe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("discussions.service");
    // The program is not installed where the tests run; another one stands in.
    let text = file("deploy/discussions.service").replace(
        "ExecStart=/usr/local/bin/discussions",
        "ExecStart=/bin/true",
    );
    fs::write(&path, text).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = std::process::Command::new("systemd-analyze")
            .args(arguments)
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    };
    assert_eq!(analyze(&["verify"]).trim(), "");
    // Exposure in tenths: 2.0 is the upper end of what systemd calls OK.
    analyze(&["security", "--offline=true", "--threshold=20"]);
}

#[test]
#[ignore = "needs hadolint"]
fn hadolint_finds_nothing_wrong_with_the_dockerfile() {
    let path = root().join("deploy/Dockerfile");
    let output = std::process::Command::new("hadolint")
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
}
