//! Questions typed into a discussion, and what is none.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, EffectKind, FileEdit};
use std::sync::Arc;

/// A text with a block typed below it.
fn with(text: &str, name: &str, says: &str) -> String {
    format!("{text}\n---\n\nName: {name}\n\n{says}\n")
}

/// Who got a question, in order.
fn questions(model: &Scripted) -> Vec<(String, String)> {
    let calls = model.calls().into_iter();
    calls
        .filter_map(|(alias, question)| Some((alias, question?)))
        .collect()
}

fn aliases(model: &Scripted) -> Vec<String> {
    let mut aliases: Vec<String> = questions(model).into_iter().map(|(a, _)| a).collect();
    aliases.sort();
    aliases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_block_asks_whom_it_mentions_once() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox.set_deliveries(DeliveryPlan {
        extra_copies: 2,
        ..DeliveryPlan::default()
    });
    let number = rig.open("rob", PATH, CACHE).await;
    let before = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    let asks = "@security what about tenants?\nThey share keys.\n\n- VOTE: READY\n";
    let text = with(&rig.file(number, PATH), "rob", asks);
    rig.sandbox.reset_ledger();
    rig.push("rob", PATH, &text).await;
    let question = "@security what about tenants? They share keys. - VOTE: READY";
    let asked = ("security".to_owned(), question.to_owned());
    assert_eq!(questions(&model), [asked]);
    assert_eq!(model.calls().len(), 4, "the panel answered on this text");
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(rig.count(EffectKind::CommentCreated), 0);
    let requests = rig.requests();
    println!("a push with a typed question and our own commit's evaluation: {requests} requests");
    assert!(requests <= 14 + 4, "{:#?}", rig.sandbox.ledger().requests);
    let text = rig.file(number, PATH);
    assert!(text.contains("Asked: "), "{text}");
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );

    let answered = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.sandbox.reset_ledger();
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert!(rig.requests() <= 8, "{:#?}", rig.sandbox.ledger().requests);
    for to in [&before, &answered, &before, &answered] {
        rig.sandbox
            .force_push("rob", DEMO_REPO, "topic", to)
            .unwrap();
        rig.settle().await;
    }
    let edits = [
        FileEdit::write(PATH, &text),
        FileEdit::write("README.md", "# Demo\n\nRebased.\n"),
    ];
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .force_push_commit("rob", DEMO_REPO, "topic", &main, "rebased", &edits)
        .unwrap();
    rig.settle().await;
    assert_eq!(questions(&model).len(), 1, "a block asks once");
    assert_eq!(model.calls().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_like_a_question_asks_nobody() {
    let texts: [(&str, &str); 9] = [
        ("prose between blocks", "\n---\n\n@security, please look.\n"),
        ("a fence", "\n---\n\nName: rob\n\n```\n@security\n```\n"),
        ("inline code", "\n---\n\nName: rob\n\nSee `@security`.\n"),
        (
            "a quote",
            "\n---\n\nName: rob\n\n> @security said so\n\nYes.\n",
        ),
        (
            "a comment",
            "\n---\n\nName: rob\n\n<!-- @security -->\n\nYes.\n",
        ),
        ("a person", "\n---\n\nName: rob\n\n@ann, please look.\n"),
        (
            "an address",
            "\n---\n\nName: rob\n\nask ops@security or x/@security\n",
        ),
        ("everybody", "\n---\n\nName: rob\n\n@all what now?\n"),
        (
            "a persona's words",
            "\n---\n\nName: AI-Architect\n\n@security?\n",
        ),
    ];
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let answered = rig.file(number, PATH);
    for (what, text) in texts {
        rig.push("rob", PATH, &format!("{answered}{text}")).await;
        assert_eq!(model.calls().len(), 3, "{what}");
        let summary = rig.check(number).summary.unwrap();
        let is_told = summary.contains("asks nobody");
        assert_eq!(is_told, what == "everybody", "{what}: {summary}");
    }
    let preamble = answered.replace("## Context\n", "## Context\n\nFor @security: see below.\n");
    rig.push("rob", PATH, &preamble).await;
    assert_eq!(model.calls().len(), 6, "a round, since the text changed");
    assert_eq!(questions(&model), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_stood_there_before_ask_nobody() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let old = with(CACHE, "joe", "@pragmatist is this worth it?");
    let edit = FileEdit::write(PATH, &old);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "history", &[edit])
        .unwrap();
    let opened = with(&old, "rob", "@security what about tenants?");
    let number = rig.open("rob", PATH, &opened).await;
    assert_eq!(model.calls().len(), 3, "opening asks the panel");
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &with(&text, "rob", "Nothing to ask here."))
        .await;
    assert_eq!(questions(&model), []);
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn advisers_and_personas_that_are_not_on_the_panel_can_be_asked() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let librarian =
        "---\nname: librarian\ndescription: finds sources\nkind: advisory\n---\nFind.\n";
    let edit = FileEdit::write(".github/discussions/personas/librarian.md", librarian);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "librarian", &[edit])
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    let says = "@librarian is there prior work?\n\n@moderator, please sum up. @Librarian!";
    let text = with(&rig.file(number, PATH), "whoever", says);
    rig.push("ann", PATH, &text).await;
    assert_eq!(aliases(&model), ["librarian", "moderator"]);
    let text = rig.file(number, PATH);
    assert!(text.contains("AI-Librarian") && text.contains("AI-Moderator"));
    assert_eq!(rig.count(EffectKind::Commit), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_asks_only_so_many_and_the_rest_is_told() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let first = "@architect @security @pragmatist @moderator what do you think?";
    let text = with(&rig.file(number, PATH), "rob", first);
    let text = with(&text, "rob", "@moderator @pragmatist @security and this?");
    rig.push("rob", PATH, &text).await;
    let asked = [
        "architect",
        "moderator",
        "pragmatist",
        "pragmatist",
        "security",
    ];
    assert_eq!(aliases(&model), asked);
    let replies = rig.replies(number);
    let [reply] = replies.as_slice() else {
        panic!("{replies:?}")
    };
    assert!(
        reply.contains("/discuss design/cache.md moderator")
            && reply.contains("/discuss design/cache.md security"),
        "{reply}"
    );
    let long = format!(
        "{}\n\nNow, @security, what about tenants?",
        "Words. ".repeat(400)
    );
    rig.push("rob", PATH, &with(&rig.file(number, PATH), "rob", &long))
        .await;
    let (_, question) = questions(&model).pop().unwrap();
    assert_eq!(question, "Now, @security, what about tenants?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_changes_the_proposal_and_asks_gets_a_round_and_an_answer() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = revised(&rig.file(number, PATH));
    let text = with(&text, "rob", "@security is ten seconds enough?");
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), 3 + 3 + 1);
    assert_eq!(aliases(&model), ["security"]);
    assert_eq!(rig.count(EffectKind::Commit), 2, "one commit for both");
    let text = rig.file(number, PATH);
    assert_eq!(text.matches("\nName: AI-Security\n").count(), 3, "{text}");
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_answers_typed_questions_too() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("rob", PATH, CACHE);
    rig.draft("rob", "topic");
    rig.settle().await;
    let text = with(CACHE, "rob", "@security what about tenants?");
    rig.push("rob", PATH, &text).await;
    assert_eq!(aliases(&model), ["security"]);
    assert_eq!(model.calls().len(), 1, "and nobody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_right_to_write_asks_nobody() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("ann", PATH, CACHE);
    let number = rig.pull("ann", "topic");
    rig.until(|| model.calls().len() == 3).await;
    let text = with(CACHE, "rob", "@security what about tenants?");
    let edit = FileEdit::write(PATH, &text);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "ask", &[edit])
        .unwrap();
    rig.sandbox.remove_collaborator(DEMO_REPO, "rob").unwrap();
    model.let_go();
    rig.settle().await;
    assert_eq!(questions(&model), [], "rights are asked when they matter");
    let text = rig.file(number, PATH);
    rig.push("ann", PATH, &with(&text, "ann", "I agree with rob."))
        .await;
    assert_eq!(questions(&model), [], "and the block is not new any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_typed_question_never_raises_a_vote() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "rounds: 1\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Votes(Vote::Ready));
    let title = rig.title(number);
    let text = with(&rig.file(number, PATH), "rob", "@security really?");
    rig.push("rob", PATH, &text).await;
    assert_eq!(aliases(&model), ["security"]);
    assert_eq!(rig.title(number), title);
    let summary = rig.check(number).summary.unwrap();
    assert!(summary.contains("| security | AI | CHANGES |"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_question_that_got_no_answer_is_told() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Fails);
    let text = with(&rig.file(number, PATH), "rob", "@security and tenants?");
    rig.push("rob", PATH, &text).await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(reply.contains("the provider is away"), "{reply}");
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "no vote is owed for it: {}",
        rig.title(number)
    );
}
