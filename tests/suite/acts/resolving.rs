//! People close what the panel raised.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::bot::answers::ReadAnswers;
use discussions::bot::replay::replay;
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, Role};
use discussions::store::Store;
use std::sync::Arc;

/// Rob's proposal, which ann has voted for and security has a concern about, where all concerns are in the way.
async fn concerned() -> (Arc<Scripted>, Rig, u64) {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Changes, "This leaks."));
    model.set("architect", Line::Wonders(Vote::Ready, "Who runs it?"));
    let rig = Rig::scripted(&model, "gate: {concerns: all}\n").await;
    for (login, role) in [("tim", Role::Triage), ("joe", Role::Write)] {
        rig.sandbox
            .add_collaborator(DEMO_REPO, login, role)
            .unwrap();
    }
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "CHANGES: 3 of 4 ready, 1 concern open");
    (model, rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_resolves_a_concern_of_the_panel_by_its_number() {
    let (model, rig, number) = concerned().await;
    let line = "/discuss resolve c1: the keys are scoped";
    let reply = rig.told("tim", number, line).await;
    assert!(reply.contains("needs `write`"), "{reply}");
    let reply = rig.told("rob", number, line).await;
    assert!(reply.contains("you wrote this pull request"), "{reply}");
    assert_eq!(rig.conclusion(number), "failure");
    let bought = model.calls().len();
    let reply = rig.told("joe", number, line).await;
    assert!(
        reply.contains("Resolved C1 of security in `design/cache.md`: \"This leaks.\"."),
        "{reply}"
    );
    assert!(
        reply.contains("`/discuss design/cache.md security` asks again"),
        "{reply}"
    );
    assert_eq!(model.calls().len(), bought, "nobody is asked by that");
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let reply = rig.told("joe", number, line).await;
    assert!(
        reply.contains("C1 of `design/cache.md` was closed before, by joe: the keys are scoped"),
        "{reply}"
    );

    // It stays closed on another text; what the persona raises anew is another item.
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "CHANGES: 3 of 4 ready, 1 concern open");
    let summary = rig.summary(number);
    assert!(
        summary.contains("- **C2** security") && !summary.contains("- **C1** security"),
        "{summary}"
    );
    rig.say("joe", number, "/discuss resolve C2: again").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_or_verb_changes_nothing_and_shows_the_right_line() {
    let (_, rig, number) = concerned().await;
    for (line, parts) in [
        (
            "/discuss resolve C7: done",
            &[
                "there is no `C7` in `design/cache.md`",
                "- `/discuss design/cache.md resolve C1: done` security: This leaks.",
            ][..],
        ),
        (
            "/discuss answer Q7: joe",
            &["- `/discuss design/cache.md answer Q1: joe` architect: Who runs it?"],
        ),
        (
            "/discuss resolve Q1: joe",
            &[
                "closed in another way",
                "`/discuss design/cache.md answer Q1: joe`",
            ],
        ),
        (
            "/discuss answer C1: joe",
            &["`/discuss design/cache.md resolve C1: joe`"],
        ),
        (
            "/discuss resolve C1",
            &[
                "there is no reason in it",
                "`/discuss resolve C1: the plan covers it now`",
            ],
        ),
        ("/discuss answer Q1", &["nothing stands behind its colon"]),
        (
            "/discuss concern c2: x",
            &["`c2` cannot be the name of a concern", "up to 40 letters"],
        ),
        (
            "/discuss resolve C1 and C2: x",
            &["`C1 and C2` names no item"],
        ),
    ] {
        let reply = rig.told("joe", number, line).await;
        for part in parts {
            assert!(reply.contains(part), "{line}, {part}: {reply}");
        }
        assert_eq!(rig.title(number), "CHANGES: 3 of 4 ready, 1 concern open");
    }
    assert_eq!(rig.store.acts(&rig.pr(number)).await.unwrap(), []);
}

/// What a person closed is closed as the item, not as its number.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_after_a_resolution_is_gone_through_again_to_the_same_verdict() {
    let (model, rig, number) = concerned().await;
    rig.say("joe", number, "/discuss resolve C1: it is scoped")
        .await;
    rig.say("tim", number, "/discuss concern load: no figures")
        .await;
    rig.say("ann", number, "/discuss security and tenants?")
        .await;
    assert!(model.calls().len() > 3);
    let rounds = rig.store.newest_rounds(1).await.unwrap();
    let kept = rounds[0].verdict.clone().unwrap();
    assert!(kept.contains("load by tim is open"), "{kept}");
    assert!(kept.contains("it is scoped"), "{kept}");
    let calls = rig.store.calls_of(&rounds[0].job).await.unwrap();
    let again = replay(&rounds[0], &calls, &ReadAnswers(rig.store.as_ref())).await;
    let again = again.unwrap();
    assert!(again.is_same(), "{again:?}");
}

/// In a review there are conversations: one is over when somebody resolved its concern.
#[tokio::test(flavor = "multi_thread")]
async fn a_concern_in_a_review_is_resolved_by_its_number_too() {
    let model = Arc::new(Scripted::ready());
    let words = "Pages answer in 50 ms at the 99th percentile.";
    model.set("security", Line::Points("Too slow.", words));
    let config = "replies: review\ngate: {concerns: all}\n";
    let rig = Rig::scripted(&model, config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.title(number), "CHANGES: 3 of 4 ready, 1 concern open");
    rig.say("ann", number, "/discuss resolve C1: fast enough")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}
