//! Holds and pauses.

use super::green;
use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_triages_holds_what_is_green_and_somebody_who_writes_releases_it() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    let comment = rig
        .say("tim", number, "/discuss hold: wait for the load test")
        .await;
    let held = |rig: &Rig| {
        assert_eq!(rig.title(number), "HELD by tim: wait for the load test");
        assert_eq!(rig.conclusion(number), "action_required");
        assert!(!rig.mergeable(number));
    };
    held(&rig);
    let summary = rig.summary(number);
    assert!(summary.contains("[held by tim]("), "{summary}");
    assert!(summary.contains("UTC: wait for the load test"), "{summary}");
    assert!(
        summary.contains("Someone with write other than rob releases it: `/discuss release`"),
        "{summary}"
    );
    let why = rig.told("joe", number, "/discuss why").await;
    assert!(
        why.contains("does not hold: it is not held (by tim: wait for the load test)"),
        "{why}"
    );

    // More votes, an edit and a deletion of the comment, and another head change nothing.
    rig.say("joe", number, "/discuss vote ready").await;
    rig.sandbox
        .edit_comment("tim", DEMO_REPO, comment, "never mind")
        .unwrap();
    rig.settle().await;
    rig.sandbox
        .delete_comment("ann", DEMO_REPO, comment)
        .unwrap();
    rig.settle().await;
    held(&rig);
    rig.push("rob", "notes.txt", "x").await;
    held(&rig);

    let reply = rig.told("tim", number, "/discuss release").await;
    assert!(reply.contains("you have triage"), "{reply}");
    held(&rig);
    let reply = rig
        .told("rob", number, "/discuss release: fine by me")
        .await;
    assert!(
        reply.contains("you wrote this pull request") && reply.contains("author_may_vote"),
        "{reply}"
    );
    held(&rig);
    rig.say("joe", number, "/discuss release: it passed").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let reply = rig.told("joe", number, "/discuss release").await;
    assert!(reply.contains("nobody holds `design/cache.md`"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_releases_the_authors_own_hold_and_nobody_elses() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say("rob", number, "/discuss hold: one more test").await;
    assert_eq!(rig.title(number), "HELD by rob: one more test");
    rig.say("tim", number, "/discuss hold: and the docs").await;
    assert_eq!(
        rig.title(number),
        "HELD by rob: one more test; by tim: and the docs"
    );
    rig.say("rob", number, "/discuss release").await;
    assert_eq!(rig.title(number), "HELD by tim: and the docs");
    rig.say("ann", number, "/discuss release").await;
    assert_eq!(rig.conclusion(number), "success");
    rig.say("rob", number, "/discuss hold: once more").await;
    rig.say("rob", number, "/discuss release").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_holds_without_the_right_and_bots_do_nothing() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    let reply = rig.told("eve", number, "/discuss hold: no").await;
    assert!(reply.contains("needs `triage`"), "{reply}");
    for line in [
        "/discuss pause",
        "/discuss resume",
        "/discuss override 3fa9c1d2: x",
    ] {
        rig.say("tim", number, line).await;
    }
    rig.say("joe", number, "> /discuss hold: no").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_buys_nothing_until_somebody_lets_the_panel_go_on() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = green(&model, "").await;
    rig.say("joe", number, "/discuss pause").await;
    assert_eq!(rig.title(number), "HELD: paused by joe");
    let bought = model.calls().len();
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.sandbox
        .rerequest_check("joe", DEMO_REPO, rig.check(number).id)
        .unwrap();
    rig.settle().await;
    for line in ["/discuss", "/discuss all", "/discuss security and tenants?"] {
        let reply = rig.told("ann", number, line).await;
        assert!(
            reply.contains("is paused, as the check says"),
            "{line}: {reply}"
        );
    }
    let asks = format!("{text}\n---\n\nName: rob\n\n@security what about tenants?\n");
    rig.push("rob", PATH, &asks).await;
    assert_eq!(model.calls().len(), bought, "nothing was bought");
    assert_eq!(rig.title(number), "HELD: paused by joe");
    let reply = rig.told("joe", number, "/discuss pause").await;
    assert!(reply.contains("was paused before, by joe"), "{reply}");
    let reply = rig.told("rob", number, "/discuss resume").await;
    assert!(reply.contains("you wrote this pull request"), "{reply}");
    // The author takes back an own pause, and nobody else's with it.
    rig.say("rob", number, "/discuss pause").await;
    assert_eq!(rig.title(number), "HELD: paused by joe; paused by rob");
    rig.say("rob", number, "/discuss resume").await;
    assert_eq!(rig.title(number), "HELD: paused by joe");
    assert_eq!(model.calls().len(), bought, "nothing was bought");

    rig.say("ann", number, "/discuss resume").await;
    assert!(model.calls().len() > bought, "the panel goes on");
    assert!(
        !rig.title(number).contains("paused"),
        "{}",
        rig.title(number)
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let reply = rig.told("ann", number, "/discuss resume").await;
    assert!(reply.contains("is not paused"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_discussions_is_held_or_both() {
    let rig = Rig::scripted(&Arc::new(Scripted::ready()), "").await;
    let other = CACHE.replace("product list", "queue");
    rig.propose("rob", "design/queue.md", &other);
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("ann", number, "/discuss design/queue.md hold: not yet")
        .await;
    let title = rig.title(number);
    assert!(
        title.starts_with("HELD by ann: not yet (design/queue.md"),
        "{title}"
    );
    let summary = rig.summary(number);
    assert!(
        summary.contains("`/discuss design/queue.md release`"),
        "{summary}"
    );
    let reply = rig.told("ann", number, "/discuss hold: both").await;
    assert!(reply.contains("applies to all 2"), "{reply}");
    rig.say("ann", number, "/discuss release").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

/// Nobody has answered or voted yet, so the file could simply go; the hold could not.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_holds_does_not_simply_disappear() {
    let rig = Rig::scripted(&Arc::new(Scripted::ready()), "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.draft("rob", "topic");
    rig.settle().await;
    rig.say("ann", number, "/discuss hold: not without the lawyers")
        .await;
    assert!(rig.title(number).starts_with("HELD by ann"));
    let edits = [FileEdit::delete(PATH), FileEdit::write("notes.txt", "x")];
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "not this way", &edits)
        .unwrap();
    rig.settle().await;
    assert!(
        rig.title(number).starts_with("HELD"),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.conclusion(number), "action_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_pull_request_takes_no_act() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    let reply = rig.told("ann", number, "/discuss hold: too late").await;
    assert!(reply.contains("this pull request is closed"), "{reply}");
    let acts = discussions::store::Store::acts(rig.store.as_ref(), &rig.pr(number)).await;
    assert_eq!(acts.unwrap(), []);
}
