//! A program as a model, with real processes. Scripts run as `sh -c`, because a program is what is at hand; the product
//! itself starts no shell.
#![cfg(unix)]

use super::*;
use discussions::engine::vote::Vote;
use discussions::llm::ModelError;
use discussions::llm::command::{Command, CommandSettings, Readers};
use discussions::llm::meter::Unmetered;
use std::path::Path;

/// Variables of the operator's machine. `PATH` is the real one: the scripts need programs.
fn variable(name: &str) -> Option<String> {
    match name {
        "PATH" => std::env::var("PATH").ok(),
        "HOME" => Some("/nowhere".to_owned()),
        "LANG" => Some("C".to_owned()),
        "MODEL_TOKEN" => Some(KEY.to_owned()),
        "PRIVATE_KEY" => Some("never to be seen".to_owned()),
        _ => None,
    }
}

fn settings(script: &str) -> CommandSettings {
    CommandSettings {
        name: "command/test".to_owned(),
        program: "sh".to_owned(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        pass: vec!["MODEL_TOKEN".to_owned(), "NOT_SET".to_owned()],
        timeout: Duration::from_secs(60),
        price: None,
        readers: Readers::Operator,
    }
}

fn command(script: &str) -> Command {
    Command::new(settings(script), variable)
}

async fn error(script: &str) -> ModelError {
    command(script)
        .answer(&prompt(), &Unmetered)
        .await
        .unwrap_err()
}

async fn comment(script: &str, prompt: &Prompt) -> String {
    let answer = command(script).answer(prompt, &Unmetered).await.unwrap();
    answer.reply.unwrap().comment
}

#[tokio::test]
async fn a_program_reads_the_prompt_and_answers() {
    let script =
        format!("grep -q additionalProperties && echo '{GOOD}' || echo '{{\"silence\": true}}'");
    let answer = command(&script)
        .answer(&prompt(), &Unmetered)
        .await
        .unwrap();
    assert_eq!(answer.reply.unwrap().vote, Some(Vote::Ready));
    assert_eq!(answer.model, "command/test");
    // Nobody counts: it is reckoned by the length of both.
    assert!(answer.usage.input > 1_000, "{:?}", answer.usage);
    assert_eq!(answer.usage.output, (GOOD.len() as u64 + 1).div_ceil(3));
    // Its vote stands, and it has nothing to add.
    let voted = Prompt {
        previous_vote: Some(Vote::Ready),
        ..prompt()
    };
    let silent = command("echo '{\"silence\": true}'")
        .answer(&voted, &Unmetered)
        .await;
    assert_eq!(silent.unwrap().reply, None);
}

#[tokio::test]
async fn the_prompt_arrives_whole_and_may_be_left_unread() {
    let long = Prompt {
        proposal: format!("{}the very end", "long words ".repeat(100_000)),
        ..prompt()
    };
    let counts = r#"n=$(grep -c 'the very end'); echo "{\"comment\":\"$n\",\"vote\":\"READY\"}""#;
    assert_eq!(comment(counts, &long).await, "1");
    let unread = r#"echo '{"comment":"unread","vote":"READY"}'"#;
    assert_eq!(comment(unread, &long).await, "unread");
}

#[tokio::test]
async fn a_program_sees_four_variables_and_none_of_ours() {
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    let script = r#"names=$(env | cut -d= -f1 | sort | tr '\n' ' '); echo "{\"comment\":\"$names\",\"vote\":\"READY\"}""#;
    let said = comment(script, &prompt()).await;
    // The shell sets these itself.
    let own = ["PWD", "OLDPWD", "SHLVL", "_"];
    let names: Vec<&str> = said
        .split_whitespace()
        .filter(|n| !own.contains(n))
        .collect();
    assert_eq!(names, ["HOME", "LANG", "MODEL_TOKEN", "PATH"]);
    let script = r#"echo "{\"comment\":\"$HOME $LANG\",\"vote\":\"READY\"}""#;
    assert_eq!(comment(script, &prompt()).await, "/nowhere C");
}

#[tokio::test]
async fn arguments_are_not_read_by_a_shell() {
    let mut settings = settings("");
    settings.program = "printf".to_owned();
    settings.arguments = vec![
        r#"{"comment":"%s","vote":"READY"}"#.to_owned(),
        "$HOME; echo `id` && *".to_owned(),
    ];
    let answer = Command::new(settings, variable)
        .answer(&prompt(), &Unmetered)
        .await;
    assert_eq!(
        answer.unwrap().reply.unwrap().comment,
        "$HOME; echo `id` && *"
    );
}

#[tokio::test]
async fn what_is_no_answer_is_told() {
    let invalid = [
        (
            "echo Sure, I vote READY",
            "\"Sure, I vote READY\" is not the JSON object",
        ),
        ("true", "the answer is empty"),
        (r"printf '\377\376'", "not UTF-8"),
        ("yes", "`sh` wrote more than 65536 bytes"),
        (
            r#"echo '{"comment":"x","vote":"READY "}'"#,
            "`vote` is \"READY \"",
        ),
    ];
    for (script, wanted) in invalid {
        match error(script).await {
            ModelError::Invalid(why) => assert!(why.contains(wanted), "{script}: {why}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    let unavailable = [
        ("exit 3", "`sh` failed (exit status: 3)"),
        (
            "echo '{\"silence\": true}'; exit 1",
            "`sh` failed (exit status: 1)",
        ),
        ("kill -9 $$", "signal: 9"),
        (
            "echo; echo no  model >&2; exit 7",
            "(exit status: 7): no model",
        ),
    ];
    for (script, wanted) in unavailable {
        match error(script).await {
            ModelError::Unavailable { reason, .. } => {
                assert!(reason.contains(wanted), "{script}: {reason}");
            }
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_program_complains_about_stands_in_no_check() {
    let mut settings = settings("echo no route to vault.corp >&2; exit 7");
    settings.readers = Readers::Everybody;
    let error = Command::new(settings, variable)
        .answer(&prompt(), &Unmetered)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unavailable: its program failed (exit status: 7); the log says more"
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_unavailable() {
    let mut settings = settings("");
    settings.program = "/nowhere/model".to_owned();
    let error = Command::new(settings, variable)
        .answer(&prompt(), &Unmetered)
        .await
        .unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("`/nowhere/model` cannot be started"),
        "{said}"
    );
}

#[tokio::test]
async fn complaints_are_short_and_keep_no_secret() {
    let flood = "yes 'no way' | head -c 1000000 >&2; exit 1";
    let said = error(flood).await.to_string();
    assert!(said.contains("no way no way"), "{said}");
    assert!(said.chars().count() < 400, "{said}");
    let leak = "echo \"bad $MODEL_TOKEN, Bearer abc.def, sk-abcdefghi\" >&2; exit 1";
    let said = error(leak).await.to_string();
    assert!(
        said.contains("bad [redacted], Bearer [redacted], sk-[redacted]"),
        "{said}"
    );
    assert!(!format!("{:?}", command("")).contains(KEY));
    // Many complaints are no failure.
    let script = format!("yes x | head -c 1000000 >&2; echo '{GOOD}'");
    assert!(command(&script).answer(&prompt(), &Unmetered).await.is_ok());
}

/// Writes its own id and that of a child to the file, then waits for ever.
fn never_ends(file: &Path) -> String {
    let file = file.display();
    format!("sleep 100000 & echo $$ $! > '{file}.new'; mv '{file}.new' '{file}'; wait")
}

/// The ids in the file, once it is there.
async fn ids(file: &Path) -> Vec<String> {
    loop {
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.split_whitespace().map(str::to_owned).collect();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until none of the processes runs; one that is dead but not yet collected by its parent does not.
async fn gone(ids: &[String]) {
    for id in ids {
        loop {
            let state = std::process::Command::new("ps")
                .args(["-o", "stat=", "-p", id])
                .output()
                .unwrap();
            let state = String::from_utf8(state.stdout).unwrap();
            if state.trim().is_empty() || state.trim().starts_with('Z') {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_program_that_never_ends_is_killed_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids");
    let mut settings = settings(&never_ends(&file));
    settings.timeout = Duration::from_secs(2);
    let error = Command::new(settings, variable)
        .answer(&prompt(), &Unmetered)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unavailable: `sh` gave no answer within 2s"
    );
    let ids = ids(&file).await;
    assert_eq!(ids.len(), 2);
    gone(&ids).await;
}

#[tokio::test]
async fn a_turn_that_is_given_up_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids");
    let command = command(&never_ends(&file));
    let prompt = prompt();
    let ids = tokio::select! {
        answer = command.answer(&prompt, &Unmetered) => panic!("{answer:?}"),
        ids = ids(&file) => ids,
    };
    assert_eq!(ids.len(), 2);
    gone(&ids).await;
}

#[tokio::test]
async fn a_flood_is_stopped_at_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids");
    let shown = file.display();
    // The second holds standard error open and writes nothing.
    let script = format!("sleep 100000 >/dev/null & echo $! > '{shown}'; yes");
    assert!(matches!(error(&script).await, ModelError::Invalid(_)));
    gone(&ids(&file).await).await;
}
