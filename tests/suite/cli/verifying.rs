//! `verify`: what the receipts of a file prove to somebody who has nothing but the file and the public keys.

use super::{Folder, Ran};
use crate::receipts::book::{Book, PATH, PR, PROPOSAL, REPO, RID, three};
use discussions::engine::vote::Vote;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

const FILE: &str = "cache.md";

/// A file in a folder with the keys of its book.
struct Case {
    folder: Folder,
    anchor: String,
}

impl Case {
    fn of(book: &Book, text: &str) -> Self {
        let keys = book.keys.keys.to_jwks();
        Self {
            folder: Folder::with(&[(FILE, text.as_bytes()), ("keys.json", keys.as_bytes())]),
            anchor: book.anchor.as_ref().unwrap().to_string(),
        }
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let (rid, pr) = (RID.to_string(), PR.to_string());
        let arguments = [
            &[
                "verify",
                FILE,
                "--repo",
                &rid,
                "--pr",
                &pr,
                "--jwks",
                "keys.json",
            ],
            more,
        ];
        self.folder.run(&arguments.concat())
    }

    /// With the anchor, as JSON.
    fn anchored(&self, code: i32) -> Value {
        let ran = self.verify(&["--anchor", &self.anchor, "--json"]);
        ran.exits(code).json()
    }
}

/// (who, vote) of each vote that is accepted.
fn accepted(told: &Value) -> Vec<(&str, &str)> {
    let list = told["accepted"].as_array().unwrap();
    list.iter()
        .map(|vote| {
            (
                vote["who"].as_str().unwrap(),
                vote["vote"].as_str().unwrap(),
            )
        })
        .collect()
}

/// (result, reason) of each block.
fn results(told: &Value) -> Vec<(&str, Option<&str>)> {
    let list = told["blocks"].as_array().unwrap();
    list.iter()
        .map(|block| (block["result"].as_str().unwrap(), block["reason"].as_str()))
        .collect()
}

#[test]
fn a_file_that_is_as_the_app_wrote_it_proves_its_votes() {
    let book = three();
    let case = Case::of(&book, &book.text);
    let told = case.anchored(0);
    assert_eq!(told["schema"], "discussions/verify@1");
    assert_eq!(
        (&told["whole"], &told["anchored"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told["tip"], case.anchor);
    assert_eq!(results(&told), [("valid", None); 3]);
    let expected = [("architect", "READY"), ("security", "REJECT")];
    assert_eq!(accepted(&told), expected);
    assert_eq!(told["votes"][0]["line"], 10);
    case.verify(&["--anchor", &case.anchor]).exits(0).says(&[
        "cache.md:10: valid: block 1, architect, reply 1 by architect, READY",
        "reply 3 by researcher, no vote",
        "accepted: security votes REJECT",
        "3 blocks checked for 4242 in pull request 7: 3 valid",
    ]);
}

#[test]
fn a_repository_may_be_named_and_the_paths_may_be_looked_at() {
    let book = three();
    let case = Case::of(&book, &book.text);
    let verify = |more: &[&str]| {
        let arguments = [
            &["verify", FILE, "--pr", "7", "--jwks", "keys.json", "--json"],
            more,
        ];
        case.folder.run(&arguments.concat()).exits(0).json()
    };
    assert_eq!(
        accepted(&verify(&["--repo", &REPO.to_uppercase()])).len(),
        2
    );
    let both = ["--repo", REPO, "--path", PATH, "design/new-name.md"];
    assert_eq!(accepted(&verify(&both)).len(), 2);
    let moved = verify(&["--repo", REPO, "--path", "design/other.md"]);
    assert_eq!(results(&moved), [("unsigned", Some("other_path")); 3]);
    assert_eq!(accepted(&moved), []);
    let elsewhere = verify(&["--repo", "octo/other"]);
    assert_eq!(
        results(&elsewhere),
        [("unsigned", Some("other_repository")); 3]
    );
}

#[test]
fn without_an_anchor_a_missing_tail_cannot_be_seen_and_that_is_said() {
    let book = three();
    let cut = &book.text[..book.text.find("---\n\nName: AI-Security").unwrap()];
    let case = Case::of(&book, cut);
    let unseen = case.verify(&["--json"]).exits(0).json();
    assert_eq!(
        (&unseen["whole"], &unseen["anchored"]),
        (&json!(true), &json!(false))
    );
    case.verify(&[])
        .exits(0)
        .says(&["Without --anchor", "cut off at the end"]);
    let seen = case.anchored(1);
    assert_eq!(seen["missing"], 2);
    assert_eq!(accepted(&seen), []);
    assert_eq!(seen["votes"][0]["reason"], "unproven");
    let ran = case.verify(&["--anchor", &case.anchor]);
    ran.exits(1).says(&["2 replies are missing at the end"]);
}

#[test]
fn what_was_meddled_with_is_named_and_nothing_counts() {
    let book = three();
    let case = Case::of(&book, &book.text.replace("No.", "Yes."));
    let told = case.anchored(1);
    assert_eq!(results(&told)[1], ("bad", Some("changed")));
    assert_eq!(told["faults"][0]["block"], 2);
    assert_eq!(accepted(&told), []);
    let ran = case.verify(&[]);
    ran.exits(1)
        .says(&["bad[changed]: block 2, security: the block was changed after it was signed"]);
    let receipt = book
        .text
        .lines()
        .rfind(|line| line.starts_with("<!-- receipt"))
        .unwrap();
    let fenced = format!("{}\n```\n{receipt}\n```\n", book.text);
    let ran = Case::of(&book, &fenced).verify(&[]);
    ran.exits(1)
        .says(&["bad[repeated]: reply 3 stands here a second time"]);
}

#[test]
fn a_vote_on_another_text_is_shown_as_stale() {
    let book = three();
    let case = Case::of(&book, &book.text.replace("One minute.", "One hour."));
    let told = case.anchored(0);
    assert_eq!(told["whole"], true);
    assert_eq!(accepted(&told), []);
    let reasons: Vec<&Value> = told["votes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| &v["reason"])
        .collect();
    assert_eq!(reasons, ["stale", "stale"]);
    case.verify(&[])
        .exits(0)
        .says(&["stale: architect votes READY, on another text"]);
}

#[test]
fn the_newest_vote_on_the_present_text_is_the_one_that_counts() {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Security", "security", "No.", Some(Vote::Reject));
    book.sign("AI-Security", "security", "Better.", Some(Vote::Ready));
    let present = std::mem::replace(&mut book.subject, "f".repeat(64));
    book.sign(
        "AI-Security",
        "security",
        "On another text.",
        Some(Vote::Changes),
    );
    let told = Case::of(&book, &book.text).anchored(0);
    assert_eq!(accepted(&told), [("security", "READY")]);
    book.subject = present;
    book.sign("AI-Security", "security", "No again.", Some(Vote::Reject));
    let told = Case::of(&book, &book.text).anchored(0);
    assert_eq!(accepted(&told), [("security", "REJECT")]);
}

#[test]
fn replies_of_other_pull_requests_are_history_and_typed_ones_are_unsigned() {
    let mut earlier = Book::on(PROPOSAL);
    earlier.pr = 3;
    earlier.sign("AI-Tester", "tester", "Fine.", Some(Vote::Ready));
    let mut stranger = Book::on(PROPOSAL);
    stranger.sign("AI-Security", "security", "Fine.", Some(Vote::Ready));
    let typed = "\n---\n\nName: AI-Security\n\nVOTE: READY\n";
    let inherited = format!(
        "{}{}{typed}",
        earlier.text,
        &stranger.text[PROPOSAL.len()..]
    );
    let mut book = Book::on(&inherited);
    book.keys.keys = book
        .keys
        .keys
        .clone()
        .and(earlier.keys.signing.public().clone());
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    let told = Case::of(&book, &book.text).anchored(0);
    let expected = [
        ("history", Some("other_pull_request")),
        ("unsigned", Some("unknown_key")),
        ("unsigned", Some("no_receipt")),
        ("valid", None),
    ];
    assert_eq!(results(&told), expected);
    assert_eq!(accepted(&told), [("architect", "READY")]);
}

#[test]
fn whoever_appends_a_reply_of_another_chain_does_not_hide_the_one_that_counts() {
    let mut reset = three();
    reset.did = "f".repeat(32);
    reset.anchor = None;
    let old = reset.text.clone();
    reset.text = PROPOSAL.to_owned();
    reset.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    let text = format!("{}{}", reset.text, &old[PROPOSAL.len()..]);
    let told = Case::of(&reset, &text).anchored(0);
    assert_eq!(accepted(&told), [("architect", "READY")]);
    assert_eq!(results(&told)[1..], [("history", Some("other_chain")); 3]);
}

#[test]
fn nothing_counts_while_part_of_the_file_is_hidden_from_readers() {
    let book = three();
    let case = Case::of(&book, &format!("{}\n```\n", book.text));
    assert_eq!(accepted(&case.anchored(0)), []);
    case.verify(&[])
        .exits(0)
        .says(&["a code fence is never closed", "no vote is accepted"]);
}

#[test]
fn keys_may_come_through_a_pipe() {
    let book = three();
    let case = Case::of(&book, &book.text);
    let mut program = Command::new(env!("CARGO_BIN_EXE_discussions"));
    let mut child = program
        .args([
            "verify", FILE, "--repo", REPO, "--pr", "7", "--jwks", "-", "--json",
        ])
        .current_dir(case.folder.path("."))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(book.keys.keys.to_jwks().as_bytes())
        .unwrap();
    drop(input);
    let ran = Ran(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(accepted(&ran.json()).len(), 2);
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let book = three();
    let case = Case::of(&book, &book.text);
    let hash = "0".repeat(64);
    let cases: &[(&[&str], &[&str])] = &[
        (&["--anchor", "three"], &["SEQ:HASH", "64 hex digits"]),
        (&["--anchor", &format!("0:{hash}")], &["number from 1"]),
        (
            &["--anchor", &format!("3:{}", &hash[1..])],
            &["64 hex digits"],
        ),
        (&["--path"], &["--path"]),
    ];
    for (more, words) in cases {
        case.verify(more).exits(2).says(words);
    }
    let run = |arguments: &[&str]| case.folder.run(arguments).exits(2);
    run(&[
        "verify",
        FILE,
        "--repo",
        "octo",
        "--pr",
        "7",
        "--jwks",
        "keys.json",
    ])
    .says(&["numeric id, or `owner/name`"]);
    run(&[
        "verify",
        FILE,
        "--repo",
        "1",
        "--pr",
        "x",
        "--jwks",
        "keys.json",
    ])
    .says(&["--pr"]);
    run(&["verify", FILE, "--repo", "1", "--jwks", "keys.json"]).says(&["--pr"]);
    run(&[
        "verify",
        "keys.json",
        "--repo",
        "1",
        "--pr",
        "7",
        "--jwks",
        "keys.json",
    ])
    .says(&["not a discussion"]);
    run(&["verify", FILE, "--repo", "1", "--pr", "7", "--jwks", FILE]).says(&["not JSON"]);
}
