//! The closing commit tells what people did.

use super::green;
use crate::cli::Folder;
use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, Role};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Exit code of a command on the file, with nothing but the file and the App's public keys.
fn ran(rig: &Rig, number: u64, arguments: &[&str]) -> i32 {
    let (text, keys) = (rig.file(number, PATH), rig.deps.keyring.keys.to_jwks());
    let folder = Folder::with(&[
        (PATH, text.as_bytes()),
        ("keys.json", keys.as_bytes()),
        (".github/discussions.yml", AT_ONCE.as_bytes()),
    ]);
    let number = number.to_string();
    let whose = ["--jwks", "keys.json", "--repo", DEMO_REPO, "--pr", &number];
    folder.run(&[arguments, &whose[..]].concat()).code()
}

/// A decided proposal with much done about it.
async fn decided() -> (Arc<Scripted>, Rig, u64) {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Changes, "This leaks."));
    model.set("architect", Line::Wonders(Vote::Ready, "Who runs it?"));
    let rig = Rig::scripted(&model, "gate: {concerns: all}\n").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "tim", Role::Triage)
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    for (who, line) in [
        ("tim", "concern load: @joe no figures"),
        ("rob", "answer Q1: the platform team"),
        ("ann", "resolve C1: keys are scoped"),
        ("tim", "resolve load: there are some"),
        ("tim", "hold: wait"),
        ("ann", "release: done"),
    ] {
        rig.say(who, number, &format!("/discuss {line}")).await;
        let text = rig.file(number, PATH);
        assert!(!text.contains("Raised the concern"), "nothing is decided");
    }
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    (model, rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_stands_in_the_file_once_and_signed() {
    let (model, rig, number) = decided().await;
    let told = |rig: &Rig| {
        let text = rig.file(number, PATH);
        for (name, part) in [
            ("tim", "Raised the concern load: "),
            (
                "rob",
                "Answered Q1 of architect (Who runs it?): the platform team\n",
            ),
            (
                "ann",
                "Resolved C1 of security (This leaks.): keys are scoped\n",
            ),
            ("tim", "Resolved load of tim ("),
            ("tim", "Held it: wait\n"),
            ("ann", "Released it: done\n"),
        ] {
            let parts: Vec<&str> = text.split(part).collect();
            let [before, _] = parts.as_slice() else {
                panic!("{part}: {text}");
            };
            assert!(
                before.ends_with(&format!("Name: {name}\n\n")),
                "{part}: {text}"
            );
        }
        let outside_code = text.replace("`@joe`", "");
        assert!(!outside_code.contains("@joe"), "{text}");
    };
    told(&rig);
    assert_eq!(ran(&rig, number, &["gate", PATH, "--trust", "receipts"]), 0);
    assert_eq!(ran(&rig, number, &["verify", PATH]), 0);

    // The blocks count for nothing: the record does. Nobody has anything new to answer.
    let bought = model.calls().len();
    let reply = rig.told("ann", number, "/discuss architect").await;
    assert_eq!(model.calls().len(), bought + 1, "Q1 was answered: {reply}");
    let reply = rig
        .told("ann", number, "/discuss architect pragmatist")
        .await;
    assert!(reply.contains("Nothing new to ask"), "{reply}");
    assert_eq!(model.calls().len(), bought + 1);
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));

    // Decided once more, only what is new is told.
    rig.say("tim", number, "/discuss concern docs: none yet")
        .await;
    assert_eq!(rig.conclusion(number), "failure", "{}", rig.title(number));
    rig.say("ann", number, "/discuss resolve docs: written")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let text = rig.file(number, PATH);
    assert_eq!(text.matches("Raised the concern docs").count(), 1, "{text}");
    told(&rig);
    assert_eq!(ran(&rig, number, &["gate", PATH, "--trust", "receipts"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_where_the_file_is_left_alone() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "record: never\n").await;
    rig.say("tim", number, "/discuss concern load: x").await;
    rig.say("tim", number, "/discuss resolve load: y").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(!rig.file(number, PATH).contains("Raised the concern"));
}

/// The one that shares no code with us.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python3 with cryptography and markdown-it-py"]
async fn a_second_verifier_takes_the_notes_and_counts_nothing_of_them() {
    let (_, rig, number) = decided().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("a.md"), folder.path().join("keys.json"));
    std::fs::write(&file, rig.file(number, PATH)).unwrap();
    std::fs::write(&keys, rig.deps.keyring.keys.to_jwks()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifier/verify.py");
    let ran = Command::new("python3")
        .arg(script)
        .arg(&file)
        .args([DEMO_REPO, &number.to_string()])
        .arg(&keys)
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let receipts = said["receipts"].as_array().unwrap();
    // Three replies, six notes, a vote.
    assert_eq!(receipts.len(), 10, "{said}");
    assert!(
        receipts.iter().all(|one| one["result"] == "valid"),
        "{said}"
    );
    let votes = said["accepted"].as_array().unwrap();
    assert_eq!(votes.len(), 4, "{said}");
}
