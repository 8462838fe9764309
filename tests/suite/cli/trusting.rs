//! `status` and `gate` with trust in receipts: signed blocks count, and nothing else.

use super::{Folder, Ran};
use crate::receipts::book::{Book, PR, REPO, RID};
use discussions::engine::receipt::Kind;
use discussions::engine::vote::Vote;
use serde_json::Value;
use std::process::Command;

const PROPOSAL: &str = "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n<!-- Template: review -->\n\
                        <!-- Participants: security -->\n\nWe add a cache.\n";
const CONFIG: &str = "participants: [security, architect]\n";

/// All of the panel and a person are READY.
fn agreed() -> Book {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Security", "security", "Fine.", Some(Vote::Ready));
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    person(&mut book);
    book
}

fn person(book: &mut Book) {
    let block = "Name: ann\n\nVOTE: READY";
    let mut claims = book.claims("github:77", Some(Vote::Ready), block);
    claims.kind = Kind::Vote;
    book.append(block, &claims);
}

fn folder(book: &Book, text: &str) -> Folder {
    Folder::with(&[
        ("a.md", text.as_bytes()),
        ("k.json", book.keys.keys.to_jwks().as_bytes()),
        (".github/discussions.yml", CONFIG.as_bytes()),
    ])
}

fn run(book: &Book, text: &str, verb: &[&str], anchored: bool) -> Ran {
    let (rid, pr) = (RID.to_string(), PR.to_string());
    let anchor = book.anchor.as_ref().unwrap().to_string();
    let mut arguments = verb.to_vec();
    arguments.extend(["a.md", "--json", "--trust", "receipts", "--jwks", "k.json"]);
    arguments.extend(["--repo", &rid, "--pr", &pr]);
    if anchored {
        arguments.extend(["--anchor", &anchor]);
    }
    folder(book, text).run(&arguments)
}

/// State and first reason of `status`, which `gate` must share.
fn state(book: &Book, text: &str, anchored: bool) -> (String, String) {
    let status = run(book, text, &["status"], anchored).exits(0).json();
    let gate = run(book, text, &["gate"], anchored);
    let is_green = gate.code() == 0;
    let judged = gate.json();
    assert_eq!(judged["discussions"][0]["verdict"], status["verdict"]);
    assert_eq!(is_green, status["verdict"]["state"] == "ready");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdict = &status["verdict"];
    (
        text(&verdict["state"]),
        text(&verdict["reasons"][0]["text"]),
    )
}

#[test]
fn signed_votes_of_the_whole_panel_and_a_person_make_the_gate_green() {
    let book = agreed();
    assert_eq!(
        state(&book, &book.text, true),
        ("ready".to_owned(), String::new())
    );
    let status = run(&book, &book.text, &["status"], true).exits(0).json();
    assert_eq!(status["tally"]["ready"], 3);
    let person = &status["votes"][2];
    assert_eq!(
        (&person["participant"], &person["kind"]),
        (&"ann".into(), &"human".into())
    );
    // Without the anchor it is green as well, and what that leaves open is said.
    run(&book, &book.text, &["gate"], false)
        .exits(0)
        .says(&["cut off at the end"]);
}

#[test]
fn in_a_workflow_the_pull_request_is_known() {
    let book = agreed();
    let folder = folder(&book, &book.text);
    let gate = |repository: &str, reference: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_discussions"))
            .args(["gate", "a.md", "--jwks", "k.json"])
            .current_dir(folder.path("."))
            .env_clear()
            .env("GITHUB_REPOSITORY_ID", repository)
            .env("GITHUB_REF", reference)
            .output()
            .unwrap();
        Ran(output)
    };
    gate("4242", "refs/pull/7/merge").exits(0);
    gate("4242", "refs/pull/8/merge")
        .exits(1)
        .says(&["no block counts"]);
    gate("1", "refs/pull/7/merge").exits(1);
    gate("4242", "refs/heads/main")
        .exits(2)
        .says(&["of which pull request"]);
}

#[test]
fn a_vote_that_is_missing_typed_or_stale_is_owed() {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Security", "security", "Fine.", Some(Vote::Ready));
    person(&mut book);
    let typed = format!("{}\n---\n\nName: AI-Architect\n\nVOTE: READY\n", book.text);
    let (word, why) = state(&book, &typed, true);
    assert_eq!(
        (word.as_str(), why.as_str()),
        ("discussing", "no vote yet from architect")
    );
    let told = run(&book, &typed, &["status"], true).exits(0).json();
    assert_eq!(told["votes"][2]["reason"], "unsigned");
    let book = agreed();
    let changed = book.text.replace("a cache", "no cache");
    let (word, why) = state(&book, &changed, true);
    assert_eq!(word, "stale");
    assert!(why.contains("2 votes to renew"), "{why}");
}

#[test]
fn a_typed_block_never_takes_the_place_of_a_signed_one() {
    let mut book = Book::on(PROPOSAL);
    book.sign(
        "AI-Security",
        "security",
        "CONCERN: too wide",
        Some(Vote::Reject),
    );
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    person(&mut book);
    let typed = format!(
        "{}\n---\n\nName: AI-Security\n\nRESOLVED: C1\n\nVOTE: READY\n",
        book.text
    );
    assert_eq!(state(&book, &typed, true).0, "rejected");
    let told = run(&book, &typed, &["status"], true).exits(0).json();
    assert_eq!(told["ledger"]["concerns"][0]["state"], "open");
}

#[test]
fn a_file_that_was_meddled_with_is_tampered_and_a_missing_end_is_seen() {
    let book = agreed();
    let changed = book.text.replacen("Fine.", "Fine!", 1);
    let (word, why) = state(&book, &changed, true);
    assert_eq!(word, "tampered");
    assert!(
        why.contains("block 1, line 10: the block was changed"),
        "{why}"
    );
    let mut rejected = agreed();
    rejected.sign(
        "AI-Security",
        "security",
        "On second thoughts.",
        Some(Vote::Reject),
    );
    let cut = &rejected.text[..rejected.text.rfind("---\n\nName: AI-Security").unwrap()];
    let (word, why) = state(&rejected, cut, true);
    assert_eq!(
        (word.as_str(), &why[..18]),
        ("degraded", "1 reply is missing")
    );
    assert_eq!(state(&rejected, &rejected.text, true).0, "rejected");
}

#[test]
fn a_required_name_is_owed_and_a_veto_role_off_the_panel_is_an_error_as_on_a_pull_request() {
    let book = agreed();
    for (config, said) in [
        (
            "gate: {require: [security, architect, tester]}\n",
            "no vote yet from tester",
        ),
        (
            "participants: [security, architect]\ngate: {veto: [operator]}\n",
            "`gate.veto` names `operator`, who is not on this panel",
        ),
    ] {
        let folder = folder(&book, &book.text);
        std::fs::write(folder.path(".github/discussions.yml"), config).unwrap();
        let arguments = [
            "gate", "a.md", "--jwks", "k.json", "--repo", REPO, "--pr", "7",
        ];
        folder.run(&arguments).exits(1).says(&[said]);
    }
}
