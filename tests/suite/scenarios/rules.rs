//! The rules of the gate as the configuration sets them, each with a whole pull request: data in `check/rules.yaml`.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, Role};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

const RULES: &str = include_str!("../../fixtures/check/rules.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Besides the quiet time, on the base.
    #[serde(default)]
    config: String,
    /// Files on the base, below `.github/discussions/`.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Participants of the header.
    #[serde(default)]
    header: Option<String>,
    /// More header lines.
    #[serde(default)]
    lines: String,
    /// What personas answer where it is not READY: CHANGES, REJECT, fails, or CHANGES: a concern.
    #[serde(default)]
    answers: BTreeMap<String, String>,
    /// What people say about the result, in order.
    #[serde(default)]
    people: Vec<(String, String)>,
    title: String,
    conclusion: String,
}

fn line(answer: &str) -> Line {
    match answer.split_once(": ") {
        Some((vote, concern)) => {
            let concern: &'static str = concern.to_owned().leak();
            Line::Objects(Vote::parse(vote).unwrap(), concern)
        }
        None if answer == "fails" => Line::Fails,
        None => Line::Votes(Vote::parse(answer).unwrap()),
    }
}

/// Plays a case; gives what is wrong with it.
async fn play(case: Case) -> Option<String> {
    let model = Arc::new(Scripted::ready());
    for (alias, answer) in &case.answers {
        model.set(alias, line(answer));
    }
    let rig = Rig::scripted(&model, &case.config).await;
    let bob = rig.sandbox.add_collaborator(DEMO_REPO, "bob", Role::Write);
    bob.unwrap();
    if !case.files.is_empty() {
        let edit = |(path, text): (&String, &String)| {
            FileEdit::write(&format!(".github/discussions/{path}"), text)
        };
        let edits: Vec<FileEdit> = case.files.iter().map(edit).collect();
        rig.sandbox
            .push("ann", DEMO_REPO, "main", "define", &edits)
            .unwrap();
    }
    let mut text = CACHE.to_owned();
    if let Some(header) = &case.header {
        text = text.replace("architect, security, pragmatist", header);
    }
    text = text.replacen(
        "<!-- Participants",
        &format!("{}<!-- Participants", case.lines),
        1,
    );
    let number = rig.open("rob", PATH, &text).await;
    for (login, body) in &case.people {
        rig.say(login, number, body).await;
    }
    let (title, conclusion) = (rig.title(number), rig.conclusion(number));
    // The clock is nobody's to choose here.
    let timeless = match title.split_once(", retry ") {
        Some((state, _)) => format!("{state}, retry TIME"),
        None => title.clone(),
    };
    let is_right = timeless == case.title && conclusion == case.conclusion;
    let summary = rig.check(number).summary.unwrap().replace('\\', "");
    let is_explained = summary.contains(&title);
    let wrong = format!(
        "{}: {conclusion} {title:?} instead of {} {:?}",
        case.name, case.conclusion, case.title
    );
    (!is_right || !is_explained).then_some(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_the_configuration_decides_as_it_says() {
    let cases: Vec<Case> = serde_saphyr::from_str(RULES).unwrap();
    let all = cases.len();
    let mut wrong = Vec::new();
    for case in cases {
        assert!(!case.config.contains(AT_ONCE.trim()), "{}", case.name);
        wrong.extend(play(case).await);
    }
    println!("{all} pull requests under different rules");
    assert!(all >= 30, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
