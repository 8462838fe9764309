//! Those who never stop: outsiders, bots that quote each other, programs under a person's account.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::bot::breaker;
use discussions::sandbox::{DEMO_REPO, EffectKind, Role};
use std::sync::Arc;

/// A pull request that every persona is for.
async fn wanted(model: &Arc<Scripted>) -> (Rig, u64) {
    let rig = Rig::scripted(model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    (rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_commands_of_an_outsider_cost_one_reply_and_no_model_call() {
    const COMMANDS: usize = 1_000;
    let model = Arc::new(Scripted::ready());
    let (rig, number) = wanted(&model).await;
    let commands = [
        "/discuss",
        "/discuss security is that safe?",
        "/discuss vote ready",
        "/discuss all",
        "/discuss vote reddy",
        "/discuss secuirty hello",
        "/discuss override 3fa9c1d2: mine",
        "/discuss hold: mine",
    ];
    for n in 0..COMMANDS {
        let command = commands[n % commands.len()];
        rig.sandbox
            .comment("eve", DEMO_REPO, number, command)
            .unwrap();
    }
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "a stranger spends nothing");
    assert_eq!(rig.replies(number).len(), 1, "{:#?}", rig.replies(number));
    let confused = rig.sandbox.ledger().effects.into_iter().filter(|effect| {
        effect.kind == EffectKind::ReactionAdded && effect.data["content"] == "confused"
    });
    assert!(
        confused.count() <= 2,
        "a reply and a reaction, then nothing"
    );
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bots_that_quote_each_other_end_after_one_reply_each() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = wanted(&model).await;
    rig.sandbox.create_bot("helper[bot]");
    rig.sandbox
        .add_collaborator(DEMO_REPO, "helper[bot]", Role::Write)
        .unwrap();
    rig.say("ann", number, "/discuss security is that safe?")
        .await;
    let mut answered = 0;
    // It answers every reply of ours, and does not even quote properly.
    while answered < rig.replies(number).len() {
        let reply = rig.replies(number)[answered].clone();
        answered += 1;
        assert!(answered < 10, "they never stop");
        let body = format!("{reply}\n\n/discuss security and what about {answered}?");
        rig.say("helper[bot]", number, &body).await;
    }
    assert_eq!(answered, 1, "{:#?}", rig.replies(number));
    assert_eq!(model.calls().len(), 3 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_under_a_persons_account_is_answered_so_many_times_an_hour() {
    let model = Arc::new(Scripted::ready());
    let (rig, number) = wanted(&model).await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let most = usize::try_from(breaker::MOST).unwrap();
    // Two to an answer, so that some of them come in one job.
    for n in 0..most {
        let body = format!("/discuss security and what about {n}?");
        rig.sandbox
            .comment("joe", DEMO_REPO, number, &body)
            .unwrap();
        rig.say("joe", number, &format!("/discuss security why {n}?"))
            .await;
    }
    let replies = rig.replies(number);
    assert_eq!(replies.len(), most);
    assert!(
        replies[most - 1].contains("two programs that answer each other"),
        "{}",
        replies[most - 1]
    );
    let asked = model.calls().len() - 3;
    assert!(asked <= most + 1, "{asked} questions were paid for");
    rig.say("joe", number, "/discuss vote reject: enough").await;
    assert_eq!(
        rig.title(number),
        "REJECTED by joe",
        "votes count all the same"
    );
}
