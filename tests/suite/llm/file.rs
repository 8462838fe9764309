//! `discussions.toml`: what it may say, what comes of it, and what an operator is told of a mistake.

use crate::github::keys::rsa;
use discussions::config::models::{Access, ModelSettings};
use discussions::config::{FILE_KEYS, Settings, SettingsError};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ERRORS: &str = include_str!("../../fixtures/operator/errors.txt");
const CHOICES: &str = include_str!("../../fixtures/operator/choices.txt");

/// A folder that is somebody's home, with the file where it is looked for.
struct Home(tempfile::TempDir);

impl Home {
    fn with(text: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(home.file().parent().unwrap()).unwrap();
        std::fs::write(home.file(), text).unwrap();
        home
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(".config/discussions/discussions.toml")
    }

    fn read(&self, more: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let home = self.0.path().display().to_string();
        let mut vars = vec![
            ("APP_ID", "900"),
            ("PRIVATE_KEY", rsa().pkcs8.as_str()),
            ("WEBHOOK_SECRET", "5f1d0c6f0c7b4f5e9a3c2b1a"),
            ("PATH", "/usr/bin"),
            ("HOME", &home),
        ];
        vars.extend_from_slice(more);
        let owned = vars.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
        Settings::from_vars(owned)
    }

    /// The problems, without what is the same in all of them.
    fn problems(&self, more: &[(&str, &str)]) -> Vec<String> {
        let told = match self.read(more) {
            Ok(settings) => panic!("nothing is wrong with {:?}", settings.models),
            Err(error) => error.problems,
        };
        let path = self.file().display().to_string();
        let home = self.0.path().display().to_string();
        let told = told.iter().map(|it| format!("{}: {}", it.name, it.message));
        told.map(|line| line.replace(&format!("{path}:"), "").replace(&home, "HOME"))
            .collect()
    }
}

/// A case of a fixture: what is expected, the file, and variables (`#: NAME=VALUE` lines of the file).
type Case = (Vec<String>, String, Vec<(String, String)>);

fn cases(fixture: &str) -> Vec<Case> {
    fixture
        .split("=====\n")
        .map(|case| {
            let (expected, text) = case.split_once("-----\n").unwrap();
            let lines = |text: &str| -> Vec<String> {
                let lines = text
                    .lines()
                    .filter(|line| !line.is_empty() && !line.starts_with("## "));
                lines.map(str::to_owned).collect()
            };
            let variables = text.lines().filter_map(|line| {
                let (name, value) = line.strip_prefix("#: ")?.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            });
            (lines(expected), text.to_owned(), variables.collect())
        })
        .collect()
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = variables.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_to_write() {
    let cases = cases(ERRORS);
    assert!(cases.len() >= 30, "{}", cases.len());
    let mut wrong = String::new();
    for (expected, text, variables) in cases {
        let told = Home::with(&text).problems(&borrowed(&variables));
        if told != expected {
            wrong.push_str(&format!("{}\n-----\n{text}=====\n", told.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "told is:\n{wrong}");
}

/// One model in a line: name, where, with which settings, at which price.
fn told(one: &ModelSettings) -> String {
    let access = match &one.access {
        Access::Service(service) => {
            let key = service
                .key
                .as_ref()
                .map_or("no key", |key| key.expose_secret());
            let mut words = format!("{} {} {key}", service.protocol.as_str(), service.base_url);
            if let Some(structure) = service.structure {
                words.push_str(&format!(" {structure:?}"));
            }
            words.push_str(&format!(" {:?}", service.token_limit));
            if let Some(most) = service.max_output_tokens {
                words.push_str(&format!(" {most}"));
            }
            words
        }
        Access::Program(program) => {
            format!(
                "{} {:?} {:?}",
                program.program, program.arguments, program.pass
            )
        }
    };
    let timeout = one
        .timeout
        .map_or(String::new(), |limit| format!(" {limit:?}"));
    let price = one
        .price
        .map_or("unknown".to_owned(), |price| price.to_string());
    format!("{}: {access}{timeout}, {price}", one.name)
}

#[test]
fn what_the_file_says_and_what_variables_say_come_together() {
    let mut wrong = String::new();
    for (expected, text, variables) in cases(CHOICES) {
        let home = Home::with(&text);
        let models = match home.read(&borrowed(&variables)) {
            Ok(settings) => settings.models,
            Err(error) => panic!("{error}\n{text}"),
        };
        let mut lines: Vec<String> = models.declared.iter().map(told).collect();
        let chain: Vec<&str> = models.chain.iter().map(|one| one.name.as_str()).collect();
        let by = models.chosen_by.as_deref().unwrap_or("nobody");
        let by = by.replace(&format!("{}:", home.file().display()), "line ");
        let chosen = match (models.checklist, &models.to_find) {
            (true, _) => "checklist".to_owned(),
            (false, Some(find)) => format!("to find: {:?}", find.kind()),
            (false, None) => chain.join(" > "),
        };
        lines.push(format!("chosen by {by}: {chosen}"));
        let aliases = models.aliases.iter();
        lines.extend(aliases.map(|alias| format!("{} = {}", alias.name, alias.models.join(" > "))));
        let home_folder = home.0.path().display().to_string();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.replace(&home_folder, "HOME"))
            .collect();
        if lines != expected {
            wrong.push_str(&format!("{}\n-----\n{text}=====\n", lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "told is:\n{wrong}");
}

#[test]
fn the_file_is_looked_for_in_the_operators_folders_only() {
    let alias = "[aliases]\ndefault = \"ollama/here\"\n";
    let chosen = |home: &Home, more: &[(&str, &str)]| {
        let models = home.read(more).unwrap().models;
        models.chain.first().map(|one| one.name.clone())
    };
    let home = Home::with(alias);
    assert_eq!(chosen(&home, &[]).as_deref(), Some("ollama/here"));

    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("discussions")).unwrap();
    let file = other.path().join("discussions/discussions.toml");
    std::fs::write(&file, alias.replace("here", "there")).unwrap();
    let folder = other.path().to_str().unwrap();
    let xdg = ("XDG_CONFIG_HOME", folder);
    assert_eq!(chosen(&home, &[xdg]).as_deref(), Some("ollama/there"));
    let relative = ("XDG_CONFIG_HOME", "discussions");
    assert_eq!(chosen(&home, &[relative]).as_deref(), Some("ollama/here"));
    let named = ("DISCUSSIONS_CONFIG", file.to_str().unwrap());
    assert_eq!(chosen(&home, &[named]).as_deref(), Some("ollama/there"));
    let model = ("DISCUSSIONS_MODEL", "ollama/named");
    assert_eq!(
        chosen(&home, &[named, model]).as_deref(),
        Some("ollama/named")
    );
    let none = ("DISCUSSIONS_CONFIG", "/dev/null");
    assert_eq!(chosen(&home, &[none]), None);

    for (path, why) in [
        ("/nowhere/discussions.toml", "cannot be read"),
        (folder, "is a folder"),
    ] {
        let said = home
            .read(&[("DISCUSSIONS_CONFIG", path)])
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("DISCUSSIONS_CONFIG: `") && said.contains(why),
            "{said}"
        );
    }
    std::fs::write(home.file(), b"\xFF\xFE").unwrap();
    let said = home.read(&[]).unwrap_err().to_string();
    assert!(said.contains("is not UTF-8 text"), "{said}");
    std::fs::write(home.file(), "#".repeat(1024 * 1024 + 1)).unwrap();
    let said = home.read(&[]).unwrap_err().to_string();
    assert!(said.contains("is longer than"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_there_and_cannot_be_read_is_no_missing_file() {
    let home = Home::with("");
    let cannot = |more: &[(&str, &str)]| {
        let said = home.read(more).unwrap_err().to_string();
        assert!(said.contains("discussions.toml: cannot be read"), "{said}");
    };
    // A folder that cannot be looked into, whoever the tests run as.
    let too_long = format!("/{}", "x".repeat(300));
    cannot(&[("XDG_CONFIG_HOME", &too_long)]);
    std::fs::remove_file(home.file()).unwrap();
    assert!(home.read(&[]).is_ok());
    assert!(home.read(&[("XDG_CONFIG_HOME", "/nowhere")]).is_ok());
    assert!(home.read(&[("XDG_CONFIG_HOME", "/dev/null")]).is_ok());
    std::os::unix::fs::symlink("/nowhere/discussions.toml", home.file()).unwrap();
    cannot(&[]);
}

#[cfg(unix)]
#[test]
fn a_file_that_everybody_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::with("");
    let mode = |mode| std::fs::set_permissions(home.file(), std::fs::Permissions::from_mode(mode));
    mode(0o664).unwrap();
    assert!(home.read(&[]).is_ok());
    mode(0o666).unwrap();
    let said = home.read(&[]).unwrap_err().to_string();
    assert!(said.contains("chmod o-w"), "{said}");
}

#[test]
fn a_key_is_read_from_its_file_and_no_key_is_ever_told() {
    let secret = "gsk-1234567890";
    let home = Home::with(
        "[providers.groq]\nprotocol = \"openai\"\nurl = \"https://groq.example/v1\"\nkey_file = \"~/key\"\n\
         [aliases]\ndefault = \"groq/llama\"\n",
    );
    let said = home.problems(&[]);
    assert!(
        said[0].starts_with("4:12: `HOME/key` cannot be read"),
        "{said:?}"
    );
    std::fs::write(home.0.path().join("key"), " \n").unwrap();
    assert!(home.problems(&[])[0].contains("is empty"));
    std::fs::write(home.0.path().join("key"), format!("{secret}\n")).unwrap();
    let models = home.read(&[]).unwrap().models;
    let Access::Service(service) = &models.chain[0].access else {
        panic!("no service");
    };
    assert_eq!(service.key.as_ref().unwrap().expose_secret(), secret);
    assert!(!format!("{models:?}").contains(secret));
    // Somebody wrote the key itself where its variable belongs.
    for key in ["key_variable", "key_file", "key", "api_key"] {
        let home = Home::with(&format!(
            "[providers.groq]\nprotocol = \"openai\"\nurl = \"https://groq.example/v1\"\n{key} = \"{secret}\"\n"
        ));
        let said = home.problems(&[]).join("\n");
        assert!(
            said.contains("not stand in this file") && !said.contains(secret),
            "{said}"
        );
    }
}

#[test]
fn the_example_file_shows_every_key_and_works() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/discussions.toml.example");
    let text = std::fs::read_to_string(example).unwrap();
    let shown: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|key| !key.starts_with('#'))
        .collect();
    let missing: Vec<_> = FILE_KEYS
        .iter()
        .filter(|key| !shown.contains(**key))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let text = text.replace("/run/secrets/gateway-key", "~/gateway-key");
    let home = Home::with(&text);
    std::fs::write(home.0.path().join("gateway-key"), "k").unwrap();
    let keys = [
        ("ANTHROPIC_API_KEY", "sk-ant-1"),
        ("OPENAI_API_KEY", "sk-1"),
        ("GROQ_API_KEY", "gsk-1"),
    ];
    let models = home.read(&keys).unwrap().models;
    assert_eq!(models.aliases.len(), 4);
    assert_eq!(models.chain.len(), 2);
    assert!(models.chosen_by.unwrap().contains("discussions.toml:"));
    // What README shows works, too.
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, below) = readme.split_once("\n```toml\n").unwrap();
    let home = Home::with(below.split_once("\n```").unwrap().0);
    let models = home.read(&keys).unwrap().models;
    assert_eq!(models.chain.len(), 2);
}
