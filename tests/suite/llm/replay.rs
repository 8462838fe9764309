//! Rounds gone through again: the same answers give the same bytes and the same verdict, and what differs shows.

use super::double::{Double, Step};
use super::panel::{rig, rig_at, says, settings};
use super::*;
use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use discussions::bot::answers::ReadAnswers;
use discussions::bot::recording::KeptOutcome;
use discussions::bot::replay::{Replayed, replay};
use discussions::store::Store;
use std::path::Path;
use std::process::Command;

const OBJECTS: &str = r#"{"comment":"Not yet.","vote":"CHANGES","questions":["Who rolls back?"],"concerns":[{"text":"No rollback.","severity":"major","anchor":null}],"resolved":[],"silence":false}"#;

/// All rounds that are kept, oldest first, gone through again.
async fn all_again(rig: &Rig) -> Vec<Replayed> {
    let mut all = Vec::new();
    let mut rounds = rig.store.newest_rounds(100).await.unwrap();
    rounds.reverse();
    for round in rounds {
        let calls = rig.store.calls_of(&round.job).await.unwrap();
        let book = ReadAnswers(rig.store.as_ref());
        all.push(replay(&round, &calls, &book).await.unwrap());
    }
    all
}

/// `discussions replay` on a copy of the record: exit code, and all it says.
fn program(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_discussions"));
    command.arg("replay").args(arguments).env_clear();
    match data.join("store.db") {
        store if store.exists() => command.env(
            "DATABASE_URL",
            format!("sqlite://{}?mode=rwc", store.display()),
        ),
        _ => command.env("DATA_DIR", data),
    };
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_gone_through_again_gives_the_same_bytes_and_the_same_verdict() {
    for protocol in PROTOCOLS {
        let mut steps = says(protocol, OBJECTS, 3);
        // The answer to a question, which is mended first.
        steps.extend(says(protocol, "prose", 1));
        steps.extend(says(protocol, GOOD, 1));
        let service = Double::start(steps).await;
        let rig = rig(vec![settings("openai/test", protocol, &service.url())]).await;
        let number = rig.open("rob", PATH, CACHE).await;
        let question = "/discuss security what about the rollback?";
        rig.say("ann", number, question).await;
        let asked = service.asked().len();
        assert_eq!(asked, 5);

        let all = all_again(&rig).await;
        let [round, answer] = all.as_slice() else {
            panic!("{} rounds", all.len());
        };
        assert!(round.is_same() && answer.is_same(), "{all:?}");
        assert_eq!(round.turns.len(), 3);
        for turn in &round.turns {
            let KeptOutcome::Block { text, vote } = &turn.now else {
                panic!("{turn:?}");
            };
            assert!(rig.file(number, PATH).contains(text.trim_end()), "{text}");
            assert_eq!(vote.as_deref(), Some("CHANGES"));
            let compared = (turn.requests, turn.same_request, turn.same_reading);
            assert_eq!(compared, (1, Some(true), Some(true)));
        }
        assert_eq!(round.verdict.as_ref().unwrap().now, "changes");
        let [turn] = answer.turns.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!((turn.requests, turn.same_request), (2, Some(true)));
        assert_eq!(service.asked().len(), asked, "nobody is asked again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_changed_since_shows_and_so_does_what_it_does_to_the_verdict() {
    let service = Double::start(says(Protocol::OpenAi, GOOD, 3)).await;
    let rig = rig_at(&service).await;
    rig.open("rob", PATH, CACHE).await;
    let job = rig.store.newest_rounds(1).await.unwrap()[0].job.clone();
    let backup = rig.backup();
    let (code, said) = program(backup.path(), &[&job]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("security: same"), "{said}");
    assert!(said.contains("verdict: discussing, same"), "{said}");
    let (code, said) = program(backup.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with(&job) && said.contains("octo/demo#"),
        "{said}"
    );

    rig.meddle("UPDATE answers SET answer = REPLACE(answer, 'READY', 'REJECT')")
        .await;
    let all = all_again(&rig).await;
    assert!(!all[0].is_same());
    assert!(
        all[0]
            .turns
            .iter()
            .all(|turn| turn.same_reading == Some(false))
    );
    let verdict = all[0].verdict.as_ref().unwrap();
    let states = (verdict.then.as_str(), verdict.now.as_str());
    assert_eq!((states, verdict.same), (("discussing", "rejected"), false));
    let changed = rig.backup();
    let (code, said) = program(changed.path(), &[&job]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("security: differs"), "{said}");
    assert!(
        said.contains("-VOTE: READY") && said.contains("+VOTE: REJECT"),
        "{said}"
    );
    let (code, said) = program(changed.path(), &[&job, "--json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json["same"]), (Some(1), &json!(false)));
    assert_eq!(json["discussions"][0]["turns"][0]["then"]["vote"], "READY");
    assert_eq!(json["discussions"][0]["turns"][0]["now"]["vote"], "REJECT");
}

/// Its answer came later, under the same key: then it was not there.
#[tokio::test(flavor = "multi_thread")]
async fn who_failed_then_fails_when_gone_through_again() {
    let refusal = Protocol::OpenAi.complaint("no credit");
    let mut steps = vec![Step::status(402, refusal)];
    steps.extend(says(Protocol::OpenAi, GOOD, 3));
    let service = Double::start(steps).await;
    let rig = rig_at(&service).await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("rob", number, "/discuss").await;
    let all = all_again(&rig).await;
    assert!(all.iter().all(Replayed::is_same), "{all:?}");
    let outcomes: Vec<bool> = all
        .iter()
        .flat_map(|round| &round.turns)
        .map(|turn| matches!(turn.now, KeptOutcome::Unavailable { .. }))
        .collect();
    let failed = outcomes.iter().filter(|failed| **failed).count();
    assert_eq!((failed, outcomes.len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_is_refused_with_what_to_do() {
    let service = Double::start(says(Protocol::OpenAi, GOOD, 3)).await;
    let rig = rig_at(&service).await;
    rig.open("rob", PATH, CACHE).await;
    let job = rig.store.newest_rounds(1).await.unwrap()[0].job.clone();
    let backup = rig.backup();
    let (code, said) = program(backup.path(), &["no-such-job"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("no round of a job `no-such-job` is kept here"),
        "{said}"
    );
    let nowhere = tempfile::tempdir().unwrap();
    let (code, said) = program(nowhere.path(), &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("DATA_DIR"), "{said}");
    let left = std::fs::read_dir(nowhere.path()).unwrap().count();
    assert_eq!(left, 0, "looking makes no database");

    rig.store.prune().await.unwrap();
    assert_eq!(rig.store.rounds_of(&job).await.unwrap().len(), 1);
    let days = 31_i64 * 24 * 60 * 60 * 1_000;
    rig.meddle(&format!("UPDATE rounds SET kept_at = kept_at - {days}"))
        .await;
    rig.store.prune().await.unwrap();
    assert!(rig.store.rounds_of(&job).await.unwrap().is_empty());
}
