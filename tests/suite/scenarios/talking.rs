//! Commands, rights and replies.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, EffectKind, ReactionTarget};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_is_told_once_then_gets_a_reaction_then_nothing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let mut comments = Vec::new();
    for _ in 0..3 {
        comments.push(rig.say("eve", number, "/discuss security please").await);
    }
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.replies(number).len(), 1);
    let reactions = |id| {
        let reactions = rig
            .sandbox
            .reactions(DEMO_REPO, ReactionTarget::IssueComment(id));
        reactions
            .into_iter()
            .map(|(_, content)| content)
            .collect::<Vec<_>>()
    };
    assert_eq!(reactions(comments[0]), ["eyes", "confused"]);
    assert_eq!(reactions(comments[1]), ["eyes", "confused"]);
    assert_eq!(reactions(comments[2]), ["eyes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_taken_back_by_its_voter_is_gone_and_one_deleted_by_others_stands_if_it_objects() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", discussions::sandbox::Role::Write)
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    let ready = rig.say("ann", number, "/discuss vote ready").await;
    let reject = rig
        .say("joe", number, "/discuss vote reject: it leaks")
        .await;
    assert_eq!(rig.title(number), "REJECTED by joe");
    rig.sandbox
        .delete_comment("rob", DEMO_REPO, reject)
        .unwrap();
    rig.settle().await;
    assert_eq!(
        rig.title(number),
        "REJECTED by joe",
        "rob cannot take joe's vote away"
    );
    assert!(
        rig.check(number)
            .summary
            .unwrap()
            .contains("deleted by rob")
    );
    rig.say("joe", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("joe", number, "/discuss vote withdraw").await;
    assert_eq!(rig.conclusion(number), "success", "ann is still for it");
    rig.sandbox
        .edit_comment("ann", DEMO_REPO, ready, "/discuss vote changes")
        .unwrap();
    rig.settle().await;
    assert_ne!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_on_an_older_text_is_told_to_be_stale() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let summary = rig.check(number).summary.unwrap();
    let hash = summary.split("text `").nth(1).unwrap()[..8].to_owned();
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &super::revised(&text)).await;
    rig.say("ann", number, &format!("/discuss vote ready {hash}"))
        .await;
    assert_ne!(rig.conclusion(number), "success");
    let reply = rig.replies(number).pop().unwrap();
    assert!(reply.contains(&hash) && reply.contains("vote"), "{reply}");
    rig.say("ann", number, "/discuss vote ready deadbeef").await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(reply.contains("cannot be told which text"), "{reply}");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_help_reply_without_a_model_and_still_do_after_the_merge() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("eve", number, "/discuss status\n/discuss help")
        .await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(
        reply.contains("DISCUSSING") && reply.contains("vote ready"),
        "{reply}"
    );
    assert_eq!(model.calls().len(), 3);
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    rig.sandbox.reset_ledger();
    rig.say("rob", number, "/discuss all").await;
    assert_eq!(model.calls().len(), 3);
    assert!(rig.replies(number).pop().unwrap().contains("closed"));
    assert_eq!(
        rig.count(EffectKind::Commit) + rig.count(EffectKind::CheckCreated),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_command_gets_a_near_miss_and_a_confused_face() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let id = rig.say("rob", number, "/discuss secuirty why?").await;
    assert!(rig.replies(number).pop().unwrap().contains("security"));
    let reactions = rig
        .sandbox
        .reactions(DEMO_REPO, ReactionTarget::IssueComment(id));
    assert!(reactions.iter().any(|(_, content)| content == "confused"));
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn re_run_makes_a_fresh_run_and_asks_only_who_is_missing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let before = rig.check(number);
    rig.sandbox
        .rerequest_check("rob", DEMO_REPO, before.id)
        .unwrap();
    rig.settle().await;
    let after = rig.check(number);
    assert_ne!(after.id, before.id);
    assert_eq!(after.conclusion, before.conclusion);
    assert_eq!(model.calls().len(), 3);
}
