//! Answers that are owed and could not be had: they are asked for again by themselves where that may help, and by
//! nobody where it does not, or is not wanted any more.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Bill, Line, Scripted};
use chrono::{DateTime, Days};
use discussions::bot::owing::{self, Cause, Failed, Owing, Passes};
use discussions::engine::consensus::Owed;
use discussions::engine::vote::Vote;
use discussions::ids::Alias;
use discussions::sandbox::{DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher};
use discussions::store::Store;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const READY: Line = Line::Votes(Vote::Ready);
const DECIDED_BY_A_PERSON: &str = "DISCUSSING: needs 1 vote by a person other than rob";

/// A pull request whose panel answered, security apart.
async fn without_security(model: &Arc<Scripted>, config: &str) -> (Rig, u64) {
    model.set("security", Line::Fails);
    let rig = Rig::scripted(model, config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    let title = rig.title(number);
    assert!(is_told(&title), "{title}");
    (rig, number)
}

/// Says that security is away, and when it is asked again.
fn is_told(title: &str) -> bool {
    let rest = title.strip_prefix("DEGRADED: security unavailable, retry ");
    let time = rest.and_then(|rest| rest.strip_suffix(" UTC"));
    time.is_some_and(|time| time.rsplit(' ').next().is_some_and(|time| time.len() == 5))
}

/// Time passes, and whatever comes of it is done.
async fn later(rig: &Rig, time: Duration) {
    rig.pass(time).await;
    rig.settle().await;
}

/// Automatic rounds on the record.
async fn rounds(rig: &Rig, number: u64) -> u32 {
    let records = rig.store.discussions(&rig.pr(number)).await.unwrap();
    records.iter().map(|record| record.rounds).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_away_is_asked_again_and_the_check_ends_as_if_nothing_had_been() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = without_security(&model, "").await;
    let title = rig.title(number);
    let (_, time) = title.split_once(", retry ").unwrap();
    let next = format!("or waits for the next try at {time}");
    assert!(
        rig.summary(number).contains(&next),
        "{}",
        rig.summary(number)
    );
    assert_eq!(rig.state_line(number), title, "in the status comment too");
    assert_eq!(rounds(&rig, number).await, 0, "it is not complete");
    model.set("security", READY);
    later(&rig, 3 * MINUTE).await;
    assert_eq!(model.calls().len(), 3, "not before its time");
    later(&rig, 2 * MINUTE).await;
    assert_eq!(model.calls().len(), 4, "only who was away");
    assert_eq!(model.calls()[3].0, "security");
    assert_eq!(rig.title(number), DECIDED_BY_A_PERSON);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    assert_eq!(rounds(&rig, number).await, 1, "one round, not two");
    assert_eq!(rig.store.backlog().await.unwrap(), 0);
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
    later(&rig, DAY).await;
    assert_eq!(model.calls().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_tried_three_times_and_then_left_to_people() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = without_security(&model, "").await;
    for (times, minutes) in [(1, 5), (2, 15), (3, 60)] {
        let title = rig.title(number);
        assert!(is_told(&title), "before time {times}: {title}");
        later(&rig, (minutes - 2) * MINUTE).await;
        assert_eq!(model.calls().len(), 2 + times, "before time {times}");
        later(&rig, 2 * MINUTE).await;
        assert_eq!(model.calls().len(), 3 + times, "time {times}");
    }
    assert_eq!(rig.title(number), "DEGRADED: security unavailable");
    let summary = rig.summary(number);
    assert!(
        summary.contains("asks security again: `/discuss security`"),
        "{summary}"
    );
    assert_eq!(rig.store.backlog().await.unwrap(), 0);
    later(&rig, DAY).await;
    assert_eq!(model.calls().len(), 6);
    // Somebody asks: a new count.
    rig.say("rob", number, "/discuss retry").await;
    assert_eq!(model.calls().len(), 7);
    assert!(is_told(&rig.title(number)), "{}", rig.title(number));
    model.set("security", READY);
    later(&rig, 5 * MINUTE).await;
    assert_eq!(model.calls().len(), 8);
    assert_eq!(rig.title(number), DECIDED_BY_A_PERSON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_github_kept_from_its_end_goes_on_where_it_was() {
    let check = "/repos/{owner}/{repo}/check-runs/{check_run_id}".to_owned();
    for (answers, matcher) in [
        (true, Matcher::Graphql("CommitReplies".to_owned())),
        (true, Matcher::Rest("PATCH".to_owned(), check.clone())),
        (false, Matcher::Rest("PATCH".to_owned(), check)),
    ] {
        let model = Arc::new(Scripted::ready());
        let (rig, number) = without_security(&model, "").await;
        if answers {
            model.set("security", READY);
        }
        let fault = Fault::once(matcher.clone(), FaultKind::Status(503));
        rig.sandbox.fault(fault);
        later(&rig, 5 * MINUTE).await;
        later(&rig, Duration::from_secs(2)).await;
        assert_eq!(model.calls().len(), 4, "{matcher:?}: bought once");
        let title = rig.title(number);
        match answers {
            true => assert_eq!(title, DECIDED_BY_A_PERSON, "{matcher:?}"),
            false => assert!(is_told(&title), "{matcher:?}: {title}"),
        }
        let replies = rig.file(number, PATH).matches("\nName: AI-").count();
        assert_eq!(replies, 2 + usize::from(answers), "{matcher:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_is_not_tried_again() {
    for (what, line) in [
        ("a refused key", Line::Refused),
        ("an answer that cannot be used", Line::Nonsense),
    ] {
        let model = Arc::new(Scripted::ready());
        model.set("security", line);
        let rig = Rig::scripted(&model, "").await;
        let number = rig.open("rob", PATH, CACHE).await;
        assert_eq!(
            rig.title(number),
            "DEGRADED: security unavailable",
            "{what}"
        );
        assert_eq!(rig.store.backlog().await.unwrap(), 0, "{what}");
    }
    let dear = Bill {
        price: Some(20_000),
        most: 500,
        written: 500,
    };
    for limit in [
        "per_round: {usd: 0.02}",
        "per_pr: {usd: 0.02}",
        "per_day: {usd: 0}",
    ] {
        let model = Arc::new(Scripted::paid(dear));
        let rig = Rig::scripted(&model, &format!("budget: {{{limit}}}\n")).await;
        let number = rig.open("rob", PATH, CACHE).await;
        let title = rig.title(number);
        assert!(
            title.starts_with("DEGRADED: ") && !title.contains("retry"),
            "{title}"
        );
        assert_eq!(rig.store.backlog().await.unwrap(), 0, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_whose_budget_is_used_up_is_waited_for() {
    let cent = Bill {
        price: Some(20_000),
        most: 500,
        written: 500,
    };
    let model = Arc::new(Scripted::paid(cent));
    let rig = Rig::scripted(&model, "budget: {per_day: {usd: 0.02}}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 2, "the third does not fit");
    let today = DateTime::from_timestamp_millis(rig.store.now().await.unwrap()).unwrap();
    let tomorrow = today.date_naive().checked_add_days(Days::new(1)).unwrap();
    let title = rig.title(number);
    let time = format!(" unavailable, retry {tomorrow} 00:00 UTC");
    assert!(
        title.starts_with("DEGRADED: ") && title.ends_with(&time),
        "{title}"
    );
    later(&rig, DAY).await;
    assert_eq!(model.calls().len(), 3, "there is room again");
    assert_eq!(rig.title(number), DECIDED_BY_A_PERSON);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_asked_meanwhile_is_not_asked_again() {
    let ways: [fn(&Rig, u64) -> BoxFuture<'_, ()>; 3] = [
        |rig, number| {
            async move {
                let text = revised(&rig.file(number, PATH));
                rig.push("rob", PATH, &text).await;
            }
            .boxed()
        },
        |rig, number| {
            async move {
                rig.say("rob", number, "/discuss security").await;
            }
            .boxed()
        },
        |rig, number| {
            async move {
                rig.sandbox
                    .rerequest_check("rob", DEMO_REPO, rig.check(number).id)
                    .unwrap();
                rig.settle().await;
            }
            .boxed()
        },
    ];
    for way in ways {
        let model = Arc::new(Scripted::ready());
        let (rig, number) = without_security(&model, "").await;
        model.set("security", READY);
        way(&rig, number).await;
        assert_eq!(rig.title(number), DECIDED_BY_A_PERSON);
        let calls = model.calls().len();
        rig.sandbox.reset_ledger();
        later(&rig, 6 * MINUTE).await;
        assert_eq!(model.calls().len(), calls);
        assert_eq!(rig.requests(), 0, "nobody is bothered");
        assert_eq!(rig.store.backlog().await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_again_where_no_round_may_begin() {
    type Case = (&'static str, fn(&Rig, u64) -> BoxFuture<'_, ()>);
    let cases: [Case; 7] = [
        ("closed", |rig, number| {
            async move {
                rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
            }
            .boxed()
        }),
        ("a draft", |rig, number| {
            async move {
                rig.sandbox
                    .convert_to_draft("rob", DEMO_REPO, number)
                    .unwrap();
            }
            .boxed()
        }),
        ("paused", |rig, number| {
            async move {
                rig.say("ann", number, "/discuss pause").await;
            }
            .boxed()
        }),
        ("cancelled", |rig, number| {
            async move {
                rig.say("rob", number, "/discuss cancel").await;
                assert_eq!(rig.title(number), "DEGRADED: security unavailable");
                assert!(rig.replies(number)[0].contains("before anybody was asked"));
            }
            .boxed()
        }),
        ("not wanted on that occasion", |rig, _| {
            async move {
                let on = "on: {quiet: 0s, opened: false}\n";
                let edit = FileEdit::write(".github/discussions.yml", on);
                rig.push_base("main", &[edit]).await;
            }
            .boxed()
        }),
        ("not owed any more", |rig, _| {
            async move {
                rig.configure("gate: {optional: [security]}\n").await;
            }
            .boxed()
        }),
        ("an author without write", |rig, _| {
            async move {
                rig.sandbox.remove_collaborator(DEMO_REPO, "rob").unwrap();
            }
            .boxed()
        }),
    ];
    for (what, happens) in cases {
        let model = Arc::new(Scripted::ready());
        let (rig, number) = without_security(&model, "").await;
        happens(&rig, number).await;
        rig.settle().await;
        let promises = ["closed", "an author without write"].contains(&what);
        assert_eq!(rig.title(number).contains("retry"), promises, "{what}");
        let commits = rig.count(EffectKind::Commit);
        later(&rig, 6 * MINUTE).await;
        assert_eq!(model.calls().len(), 3, "{what}");
        assert_eq!(rig.count(EffectKind::Commit), commits, "{what}");
        let title = rig.title(number);
        let is_told = title.contains("retry") && what != "closed";
        assert!(!is_told, "{what}: {title}");
        assert_eq!(rig.store.backlog().await.unwrap(), 0, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_meanwhile_takes_nothing_from_it() {
    let model = Arc::new(Scripted::ready());
    let (mut rig, number) = without_security(&model, "").await;
    model.set("security", READY);
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("ann", number, "/discuss status").await;
    rig.push("rob", "src/lib.rs", "// code\n").await;
    rig.sweep().await;
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
    assert!(is_told(&rig.title(number)), "{}", rig.title(number));
    assert_eq!(rig.store.backlog().await.unwrap(), 1, "one in line");
    later(&rig, 6 * MINUTE).await;
    assert_eq!(model.calls().len(), 4);
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_could_not_be_answered_is_left_to_who_asked() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Fails);
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    let replies = rig.replies(number);
    assert!(replies[0].contains("could not answer"), "{replies:?}");
    assert_eq!(rig.title(number), DECIDED_BY_A_PERSON);
    assert_eq!(rig.store.backlog().await.unwrap(), 0);
}

#[test]
fn the_times_are_those_that_were_said_or_a_series() {
    let failed = |passes, times| Failed {
        owing: Owing {
            path: PATH.to_owned(),
            alias: "security".to_owned(),
            subject: "5".to_owned(),
            times,
            due: 0,
            cause: Cause::Pushed,
        },
        passes,
    };
    // 14:19:01 on the first of March.
    let now = DateTime::parse_from_rfc3339("2026-03-01T14:19:01Z").unwrap();
    let now = now.timestamp_millis();
    let told = |failed: Vec<Failed>| {
        let owing = owing::of_failed(failed, now);
        let alias = Alias::parse("security").unwrap();
        let owed = [(alias, Owed::Failed("away".to_owned()))];
        owing::told(&owing, PATH, "5", &owed, now)
    };
    for (passes, times, time) in [
        (Passes::After(Some(1)), 0, "14:20 UTC"),
        (Passes::After(Some(59)), 2, "14:20 UTC"),
        (Passes::After(Some(60)), 0, "14:21 UTC"),
        (Passes::After(Some(7_200)), 0, "15:20 UTC"),
        (Passes::After(Some(u64::MAX)), 0, "15:20 UTC"),
        (Passes::After(None), 0, "14:25 UTC"),
        (Passes::After(None), 1, "14:35 UTC"),
        (Passes::After(None), 2, "15:20 UTC"),
        (Passes::AtMidnight, 0, "2026-03-02 00:00 UTC"),
        (Passes::AtMidnight, 2, "2026-03-02 00:00 UTC"),
    ] {
        assert_eq!(told(vec![failed(passes, times)]).as_deref(), Some(time));
        assert_eq!(told(vec![failed(passes, 3)]), None, "three times");
    }
    // What failed for the service is one round; the day's budget is none of its business.
    let all = [
        Passes::After(Some(1)),
        Passes::After(None),
        Passes::AtMidnight,
    ];
    let all = all.map(|passes| failed(passes, 0)).into();
    let due: Vec<i64> = owing::of_failed(all, now)
        .iter()
        .map(|one| one.due)
        .collect();
    let midnight = DateTime::parse_from_rfc3339("2026-03-02T00:00:00Z").unwrap();
    let in_5_minutes = now + 300_000;
    assert_eq!(
        due,
        [in_5_minutes, in_5_minutes, midnight.timestamp_millis()]
    );
}
