//! `retry`: the way out of what failed.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, Fault, FaultKind, Matcher, Role};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_stays_so_for_whoever_lacks_the_right() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "tim", Role::Triage)
        .unwrap();
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews".to_owned();
    let review = Matcher::Rest("POST".to_owned(), route);
    for matcher in [commit, review] {
        rig.sandbox
            .fault(Fault::once(matcher, FaultKind::Status(403)));
    }
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until_parked(1).await;
    assert!(
        rig.title(number).starts_with("ERROR"),
        "{}",
        rig.title(number)
    );
    assert!(
        rig.summary(number)
            .contains("press \"Re-run\" or post `/discuss retry`"),
        "{}",
        rig.summary(number)
    );
    rig.sandbox.clear_faults();
    rig.sandbox
        .comment("tim", DEMO_REPO, number, "/discuss retry")
        .unwrap();
    rig.until(|| !rig.replies(number).is_empty()).await;
    assert!(rig.replies(number)[0].contains("needs `write`"));
    assert_eq!(
        crate::support::parked(rig.store.as_ref()).await.len(),
        1,
        "still given up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_write_gets_the_answers_that_could_not_be_posted() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews".to_owned();
    let review = Matcher::Rest("POST".to_owned(), route);
    for matcher in [commit, review] {
        rig.sandbox
            .fault(Fault::once(matcher, FaultKind::Status(403)));
    }
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until_parked(1).await;
    rig.sandbox.clear_faults();
    let told = rig.told("rob", number, "/discuss retry").await;
    assert!(
        told.contains("Work that was given up here is taken up again.")
            && told.contains("Answers that came and were not posted are posted now"),
        "{told}"
    );
    assert!(crate::support::parked(rig.store.as_ref()).await.is_empty());
    assert_eq!(model.calls().len(), 3, "nothing is bought twice");
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 3);
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let told = rig.told("ann", number, "/discuss retry").await;
    assert!(told.contains("There is nothing to retry"), "{told}");
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_could_not_answer_is_asked_once_more() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(
        rig.title(number).starts_with("DEGRADED: security"),
        "{}",
        rig.title(number)
    );
    let told = rig.told("rob", number, "/discuss retry").await;
    assert!(
        told.contains("Asked once more: `security`.") && told.contains("could not answer"),
        "{told}"
    );
    model.set("security", Line::Votes(Vote::Ready));
    rig.say("rob", number, "/discuss retry").await;
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );
    let asked: Vec<String> = model.calls().into_iter().map(|(alias, _)| alias).collect();
    let security = asked.iter().filter(|alias| *alias == "security").count();
    assert_eq!((asked.len(), security), (5, 3));
}
