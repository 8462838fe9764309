//! README says what the program does: tables, samples and links cannot drift from the code.

use discussions::bot::check::STATES;
use discussions::bot::command::table::TABLE;
use discussions::bot::repo_config::RepoConfig;
use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The cells of the rows of the table below a heading line.
fn table(readme: &str, head: &str) -> Vec<Vec<String>> {
    let (_, below) = readme.split_once(head).expect("the table is there");
    below
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.replace("\\|", "\u{0}");
            let cells = line.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().replace('\u{0}', "|"))
                .collect()
        })
        .collect()
}

/// The first code block of a language.
fn code(readme: &str, language: &str) -> String {
    let (_, below) = readme.split_once(&format!("\n```{language}\n")).unwrap();
    below.split_once("\n```").unwrap().0.to_owned() + "\n"
}

#[test]
fn its_answer_of_a_program_is_read_as_it_stands() {
    use discussions::engine::persona::PersonaKind;
    let answer = code(&readme(), "json");
    let reply = discussions::llm::contract::parse(&answer, PersonaKind::Voting);
    let reply = reply.unwrap().expect("it is no silence");
    assert!(
        reply.vote.is_some() && reply.concerns.len() == 1,
        "{reply:?}"
    );
    // It shows every member that a model may give.
    let shown: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let members = discussions::llm::contract::schema(false)["required"].clone();
    for member in members.as_array().unwrap() {
        let member = member.as_str().unwrap();
        assert!(shown.get(member).is_some(), "README does not show {member}");
    }
}

#[test]
fn its_commands_are_those_of_the_bot() {
    let told: Vec<(String, String)> = table(&readme(), "| Command | Needs | Effect |")
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[1].clone()))
        .collect();
    let built: Vec<(String, String)> = TABLE
        .iter()
        .map(|row| (format!("`{}`", row.usage), row.need.as_str().to_owned()))
        .collect();
    assert_eq!(told, built);
}

#[test]
fn its_states_of_the_check_are_those_of_the_program() {
    let told = table(&readme(), "| Title | Conclusion | Meaning |");
    let built: Vec<Vec<String>> = STATES
        .iter()
        .map(|row| {
            let titles: Vec<String> = row.titles.iter().map(|t| format!("`{t}`")).collect();
            let (conclusion, meaning) = (row.conclusion_in_words(), row.meaning);
            vec![titles.join(", "), conclusion.to_owned(), meaning.to_owned()]
        })
        .collect();
    assert_eq!(told, built);
}

#[test]
fn its_subcommands_and_their_options_are_those_of_the_program() {
    let help = |arguments: &[&str]| -> String {
        let program = env!("CARGO_BIN_EXE_discussions");
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let rows = table(&readme(), "| Command | What it does |");
    let told: Vec<&str> = rows
        .iter()
        .filter_map(|cells| cells[0].trim_matches('`').split(' ').nth(1))
        .collect();
    let all = help(&["--help"]);
    let (_, commands) = all.split_once("Commands:\n").unwrap();
    let built: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(told, built);
    for (name, cells) in told.iter().zip(&rows) {
        let explained = help(&[name, "--help"]);
        let options = cells[1]
            .split(['`', ' '])
            .filter(|word| word.starts_with("--"));
        for option in options {
            assert!(
                explained.contains(option),
                "{name} has no {option}:\n{explained}"
            );
        }
    }
}

#[test]
fn its_configuration_is_accepted_and_is_the_default() {
    let (config, notices) = RepoConfig::parse(&code(&readme(), "yaml")).unwrap();
    assert_eq!(notices, []);
    assert_eq!(config, RepoConfig::default());
}

#[test]
fn its_discussion_has_no_problems() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.md"), code(&readme(), "markdown")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
        .args(["lint", "--strict", "a.md"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn its_links_lead_somewhere() {
    let readme = readme();
    let targets: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.starts_with("http"))
        .collect();
    assert!(targets.len() > 2, "{targets:?}");
    for target in targets {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        assert!(path.exists(), "{target}");
    }
}
