//! `--again`: one more answer on the same text, by somebody who answers for it, in plain sight.

use crate::acts::green;
use crate::scenarios::PATH;
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{Fault, FaultKind, Matcher, Role, Times};
use discussions::store::{ActVerb, Store};
use std::sync::Arc;

/// How often personas were asked again by the record.
async fn counted(rig: &Rig, number: u64) -> usize {
    let acts = rig.store.acts(&rig.pr(number)).await.unwrap();
    let again = acts.iter().filter(|act| act.verb == ActVerb::Again);
    again.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_fresh_call_that_is_counted_and_shown() {
    let model = Arc::new(Scripted::ready());
    let (mut rig, number) = green(&model, "").await;
    assert_eq!(model.calls().len(), 3);
    let told = rig.told("ann", number, "/discuss security").await;
    assert!(told.contains("Nothing new to ask"), "{told}");

    model.set("security", Line::Votes(Vote::Changes));
    let told = rig.told("ann", number, "/discuss security --again").await;
    assert!(
        told.contains(
            "Asked again about `design/cache.md` on this text: `security` for the first time."
        ),
        "{told}"
    );
    assert_eq!(model.calls().len(), 4);
    assert_eq!(counted(&rig, number).await, 1);
    let summary = rig.summary(number);
    assert!(
        summary.contains("| security | AI | CHANGES | yes, on this text"),
        "the newest answer counts: {summary}"
    );
    assert!(
        summary.contains("[asked again by ann](")
            && summary.contains("asked again 1 time on this text by ann"),
        "{summary}"
    );

    // The same delivery once more, also after a restart, buys nothing.
    let deliveries = rig.sandbox.deliveries();
    let comment = deliveries.iter().rfind(|d| d.event == "issue_comment");
    let guid = comment.unwrap().guid.clone();
    assert!(rig.sandbox.redeliver(&guid));
    rig.settle().await;
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    assert!(rig.sandbox.redeliver(&guid));
    rig.settle().await;
    let told = rig.told("ann", number, "/discuss security").await;
    assert!(told.contains("Nothing new to ask"), "{told}");
    assert_eq!(model.calls().len(), 4);
    assert_eq!(counted(&rig, number).await, 1);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_to_ready_by_asking_until_the_answer_pleases() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "").await;
    for (login, role) in [("joe", Role::Write), ("mia", Role::Maintain)] {
        let repo = discussions::sandbox::DEMO_REPO;
        rig.sandbox.add_collaborator(repo, login, role).unwrap();
    }
    let number = rig.open("mia", PATH, crate::scenarios::CACHE).await;
    assert_eq!(model.calls().len(), 3);
    let told = rig.told("joe", number, "/discuss security --again").await;
    assert!(told.contains("needs `maintain`"), "{told}");
    let told = rig.told("mia", number, "/discuss security --again").await;
    assert!(told.contains("you wrote this pull request"), "{told}");
    assert_eq!((model.calls().len(), counted(&rig, number).await), (3, 0));

    // Whoever may answers for each of them, and the third change of mind ends it.
    for vote in [Vote::Ready, Vote::Changes, Vote::Ready] {
        model.set("security", Line::Votes(vote));
        rig.say("ann", number, "/discuss security --again").await;
    }
    assert_eq!((model.calls().len(), counted(&rig, number).await), (6, 3));
    rig.say("ann", number, "/discuss vote ready").await;
    assert_ne!(rig.conclusion(number), "success");
    let summary = rig.summary(number);
    assert!(
        summary.contains("asked again 3 times on this text by ann")
            && summary.contains("in the place of security"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answer_again_changes_nothing_and_one_that_never_came_is_no_re_ask() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model, "").await;
    rig.say(
        "ann",
        number,
        "/discuss all --again\n/discuss security --again",
    )
    .await;
    assert_eq!(model.calls().len(), 6, "each of them once");
    assert_eq!(counted(&rig, number).await, 3);
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    model.set("security", Line::Fails);
    let text = crate::scenarios::revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    assert!(
        rig.title(number).starts_with("DEGRADED: security"),
        "{}",
        rig.title(number)
    );
    model.set("security", Line::Votes(Vote::Ready));
    let before = model.calls().len();
    rig.say("ann", number, "/discuss security --again").await;
    assert_eq!(model.calls().len(), before + 1);
    assert_eq!(counted(&rig, number).await, 3, "its answer did not stand");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_commit_failed_is_not_bought_twice() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model, "").await;
    model.set("security", Line::Votes(Vote::Changes));
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    rig.sandbox.fault(Fault {
        times: Times::Next(2),
        ..Fault::once(commit, FaultKind::Status(502))
    });
    rig.say("ann", number, "/discuss security --again").await;
    assert_eq!((model.calls().len(), counted(&rig, number).await), (4, 1));
    let summary = rig.summary(number);
    assert!(
        summary.contains("| security | AI | CHANGES | yes"),
        "{summary}"
    );
}
