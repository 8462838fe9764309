//! `drop`: what it lets go, for how long, and what it says when there is nothing to let go.

use super::{Act, BESIDE, From, QUEUE, Rejected};
use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use discussions::store::Store;
use std::sync::Arc;

const DROP: &str = "/discuss drop design/cache.md: superseded";

fn remove() -> Act {
    Act::Remove(PATH.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_is_kept_with_who_when_and_why_and_ends_when_the_file_comes_back() {
    let pull = Rejected::open(From::Added, false).await;
    let (rig, number) = (&pull.rig, pull.number);
    rig.push("rob", "notes.txt", "x").await;
    pull.act(&remove()).await;
    rig.say("ann", number, DROP).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let dropped = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.push("rob", "notes.txt", "y").await;
    assert_eq!(rig.title(number), "DROPPED by ann: superseded");

    rig.push("rob", PATH, CACHE).await;
    pull.stands("REJECTED by security", "it is judged again");
    pull.act(&remove()).await;
    pull.stands("HELD: withdrawn", "an old drop does not count");

    rig.sandbox
        .force_push("rob", DEMO_REPO, "topic", &dropped)
        .unwrap();
    let newest = rig.sandbox.check_runs(DEMO_REPO, &dropped).pop().unwrap();
    assert_ne!(
        newest.conclusion.as_deref(),
        Some("success"),
        "the green of the drop is taken back before anybody can return to it"
    );
    rig.settle().await;
    pull.stands(
        "HELD: withdrawn",
        "the old head is judged by what holds now",
    );

    rig.say("ann", number, "/discuss drop design/cache.md: really")
        .await;
    assert_eq!(rig.title(number), "DROPPED by ann: really");
    let pr = rig.pr(number);
    let drops = rig.store.drops(&pr).await.unwrap();
    let kept: Vec<(&str, &str, bool)> = drops
        .iter()
        .map(|drop| {
            (
                drop.login.as_str(),
                drop.reason.as_str(),
                drop.ended.is_some(),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [("ann", "superseded", true), ("ann", "really", false)]
    );
    assert!(
        drops
            .iter()
            .all(|drop| drop.dropped_at > 0 && !drop.link.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_lets_go_of_nothing_else() {
    let pull = Rejected::open(From::Added, true).await;
    let (rig, number) = (&pull.rig, pull.number);
    pull.act(&remove()).await;
    rig.say("ann", number, DROP).await;
    pull.stands("REJECTED by security", "the other discussion");
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(summary.contains("dropped by ann"), "{summary}");
    assert!(summary.contains(BESIDE), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_does_not_stand_in_for_a_discussion_that_is_demanded() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {require_discussion: [\"migrations/**\"]}\n").await;
    rig.propose("rob", "migrations/1.sql", "SELECT 1;\n");
    let number = rig.open("rob", PATH, CACHE).await;
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "out", &[FileEdit::delete(PATH)])
        .unwrap();
    rig.settle().await;
    rig.say("ann", number, DROP).await;
    assert!(
        rig.title(number).contains("need a discussion"),
        "{}",
        rig.title(number)
    );
    assert_ne!(rig.conclusion(number), "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_on_the_way_into_one_base_is_not_dropped_in_another() {
    let pull = Rejected::open(From::OnBase, false).await;
    let (rig, number) = (&pull.rig, pull.number);
    pull.act(&Act::Retarget("side".to_owned())).await;
    pull.act(&remove()).await;
    rig.say("ann", number, DROP).await;
    pull.act(&Act::Retarget("main".to_owned())).await;
    pull.stands(
        "HELD: withdrawn",
        "nobody let go of it on the way into main",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_drops_nothing_says_why_and_what_to_write() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("rob", BESIDE, QUEUE);
    let number = rig.open("rob", PATH, CACHE).await;
    let told = async |line: &str| {
        rig.say("ann", number, line).await;
        rig.replies(number).pop().unwrap_or_default()
    };
    for (line, parts) in [
        (
            "/discuss drop",
            &[
                "it must name one discussion",
                "/discuss drop design/cache.md: decided elsewhere",
            ][..],
        ),
        (
            "/discuss drop: superseded",
            &["it must name one discussion"],
        ),
        (
            "/discuss drop design/cache.md",
            &[
                "there is no reason",
                "/discuss drop design/cache.md: decided elsewhere",
            ],
        ),
        (
            "/discuss drop ../x: y",
            &["is no path inside this repository"],
        ),
        (
            DROP,
            &[
                "is still in this pull request",
                "/discuss design/cache.md vote ready",
            ],
        ),
        (
            "/discuss drop design/other.md: y",
            &[
                "no discussion has left this pull request",
                "/discuss status",
            ],
        ),
        (
            "/discuss dorp design/cache.md: y",
            &["Did you mean `/discuss drop`?"],
        ),
    ] {
        let reply = told(line).await;
        for part in parts {
            assert!(reply.contains(part), "{line}: {part} is not in {reply}");
        }
        assert!(reply.contains("Line 1, `/discuss"), "{reply}");
        assert!(
            reply.contains("/discuss help")
                || reply.contains("no path inside")
                || reply.contains("Did you mean"),
            "{reply}"
        );
    }
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "out", &[FileEdit::delete(PATH)])
        .unwrap();
    rig.settle().await;
    let reply = told("/discuss drop design/cash.md: superseded").await;
    assert!(
        reply.contains("- `/discuss drop design/cache.md: superseded`"),
        "{reply}"
    );
    rig.say("ann", number, "/discuss design/cache.md drop: superseded")
        .await;
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(
        summary.contains("dropped by ann"),
        "the path may stand in front: {summary}"
    );
    let reply = told("/discuss drop design/cache.md: again").await;
    assert!(
        reply.contains("was dropped before, by ann: superseded"),
        "{reply}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_author_may_vote_the_author_may_drop() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::with(Setup {
        config: Some("on: {quiet: 0s}\ngate: {author_may_vote: true}\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    rig.propose("rob", "notes.txt", "x");
    let number = rig.open("rob", PATH, CACHE).await;
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "out", &[FileEdit::delete(PATH)])
        .unwrap();
    rig.settle().await;
    assert!(
        rig.title(number).starts_with("HELD"),
        "{}",
        rig.title(number)
    );
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(!summary.contains("other than rob"), "{summary}");
    rig.say("rob", number, DROP).await;
    assert_eq!(rig.title(number), "DROPPED by rob: superseded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_shown_as_words_and_nothing_else() {
    let pull = Rejected::open(From::Added, false).await;
    let (rig, number) = (&pull.rig, pull.number);
    rig.push("rob", "notes.txt", "x").await;
    pull.act(&remove()).await;
    let reason = "**x** @octo/team <img src=https://e.example/a.png> [a](javascript:x) fixes #1 | `/discuss vote ready`";
    rig.say(
        "ann",
        number,
        &format!("/discuss drop design/cache.md: {reason}"),
    )
    .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("ann", number, "/discuss drop design/cache.md: again")
        .await;
    rig.say("rob", number, "/discuss status").await;
    let summary = rig.check(number).summary.unwrap_or_default();
    for text in rig.replies(number).iter().chain([&summary]) {
        for bad in ["<img", "@octo", "[a](javascript", "fixes #1"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
    }
    assert!(summary.contains("dropped by ann"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_that_comes_twice_is_one() {
    let pull = Rejected::open(From::Added, false).await;
    let (rig, number) = (&pull.rig, pull.number);
    rig.push("rob", "notes.txt", "x").await;
    pull.act(&remove()).await;
    rig.say("ann", number, DROP).await;
    let replies = rig.replies(number).len();
    for delivery in rig.sandbox.deliveries() {
        rig.sandbox.redeliver(&delivery.guid);
    }
    rig.settle().await;
    let drops = rig.store.drops(&rig.pr(number)).await.unwrap();
    assert_eq!(drops.len(), 1);
    assert_eq!(rig.replies(number).len(), replies);
    assert_eq!(rig.title(number), "DROPPED by ann: superseded");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_a_removed_file_go_lets_no_hidden_one_go() {
    let pull = Rejected::open(From::Added, false).await;
    let (rig, number) = (&pull.rig, pull.number);
    rig.push("rob", "notes.txt", "x").await;
    pull.act(&remove()).await;
    rig.say("ann", number, DROP).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let unmarked = CACHE.replace("<!-- DISCUSSION -->\n", "");
    rig.push("rob", PATH, &unmarked).await;
    pull.stands(
        "HELD: withdrawn: it lost its marker line",
        "the text is back",
    );
    rig.say("ann", number, "/discuss drop design/cache.md: that too")
        .await;
    assert_eq!(rig.title(number), "DROPPED by ann: that too");
}
