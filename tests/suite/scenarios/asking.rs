//! Who is asked, when, and how often.

use super::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, EffectKind, FileEdit, NewPull};
use std::sync::Arc;

fn aliases(model: &Scripted) -> Vec<String> {
    let mut aliases: Vec<String> = model.calls().into_iter().map(|(alias, _)| alias).collect();
    aliases.sort();
    aliases
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_answers_when_a_pull_request_is_opened() {
    let rig = Rig::start().await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.file(number, PATH);
    assert!(text.starts_with(CACHE), "every byte of the proposal stays");
    for name in ["AI-Architect", "AI-Security", "AI-Pragmatist"] {
        assert_eq!(
            text.matches(&format!("\nName: {name}\n")).count(),
            1,
            "{text}"
        );
    }
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert!(
        rig.title(number).starts_with("CHANGES: 0 of 3 ready"),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.conclusion(number), "failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_commit_is_evaluated_and_changes_nothing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.settle().await;
    assert_eq!(rig.sandbox.pull(DEMO_REPO, number).unwrap().head, head);
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(
        rig.sandbox.check_runs(DEMO_REPO, &head).len(),
        1,
        "one run on the new head"
    );
    assert_eq!(aliases(&model), ["architect", "pragmatist", "security"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_proposal_is_asked_about_again_and_an_unchanged_one_is_not() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.push("rob", "README.md", "# Demo\n\nAnother line.\n")
        .await;
    assert_eq!(model.calls().len(), 3, "the discussion is as it was");
    assert!(
        rig.title(number).starts_with("DISCUSSING"),
        "{}",
        rig.title(number)
    );
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    assert_eq!(model.calls().len(), 6, "everybody once more");
    assert_eq!(rig.count(EffectKind::Commit), 2);
    let text = rig.file(number, PATH);
    assert_eq!(text.matches("\nName: AI-Security\n").count(), 2, "{text}");
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_answered_once_they_have_been_quiet() {
    let model = Arc::new(Scripted::ready());
    let setup = Setup {
        config: Some("on: {quiet: 1s}\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    };
    let rig = Rig::with(setup).await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.file(number, PATH);
    for seconds in ["five", "six", "seven"] {
        let text = text.replace("one minute", &format!("{seconds} seconds"));
        let edit = FileEdit::write(PATH, &text);
        rig.sandbox
            .push("rob", DEMO_REPO, "topic", "think", &[edit])
            .unwrap();
    }
    rig.until(|| rig.title(number).starts_with("WORKING: 0 of 3"))
        .await;
    assert_eq!(model.calls().len(), 3, "not yet");
    rig.settle().await;
    assert_eq!(model.calls().len(), 6, "one round for three pushes");
    assert_eq!(rig.count(EffectKind::Commit), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answer_is_never_bought_twice() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Objects(Vote::Changes, "Tenants share keys."),
    );
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Votes(Vote::Ready));
    let text = rig.file(number, PATH);
    for line in ["/discuss all", "/discuss security", "/discuss"] {
        rig.say("ann", number, line).await;
    }
    assert_eq!(
        model.calls().len(),
        3,
        "asking again until the answer pleases does not work"
    );
    assert_eq!(rig.file(number, PATH), text);
    let replies = rig.replies(number);
    assert_eq!(replies.len(), 3);
    assert!(
        replies
            .iter()
            .all(|reply| reply.contains("Nothing new to ask")),
        "{replies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_once_and_never_raises_a_vote() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Objects(Vote::Changes, "Tenants share keys."),
    );
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Votes(Vote::Ready));
    let comment = rig
        .say(
            "rob",
            number,
            "/discuss security what about tenant isolation?",
        )
        .await;
    let asked = (
        "security".to_owned(),
        Some("what about tenant isolation?".to_owned()),
    );
    assert_eq!(model.calls()[3..], [asked]);
    let reply = rig.replies(number).pop().unwrap();
    assert!(
        reply.contains("what about tenant isolation?") && reply.contains("it is covered"),
        "{reply}"
    );
    let target = discussions::sandbox::ReactionTarget::IssueComment(comment);
    let reactions = rig.sandbox.reactions(DEMO_REPO, target);
    let contents: Vec<&str> = reactions
        .iter()
        .map(|(_, content)| content.as_str())
        .collect();
    assert_eq!(contents, ["eyes", "rocket"]);
    let summary = rig.check(number).summary.unwrap();
    assert!(
        summary.contains("| security | AI | CHANGES | yes"),
        "{summary}"
    );
    rig.say(
        "rob",
        number,
        "/discuss security what about tenant isolation?",
    )
    .await;
    assert_eq!(model.calls().len(), 4, "the same question has its answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_five_times_is_one() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox.set_deliveries(DeliveryPlan {
        extra_copies: 4,
        ..DeliveryPlan::default()
    });
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say(
        "rob",
        number,
        "/discuss security what about tenant isolation?",
    )
    .await;
    assert_eq!(model.calls().len(), 4);
    assert_eq!(rig.count(EffectKind::Commit), 2);
    assert_eq!(rig.count(EffectKind::CommentCreated), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_without_write_waits_for_somebody_who_starts_the_panel() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "tim", discussions::sandbox::Role::Triage)
        .unwrap();
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("tim", "topic");
    rig.settle().await;
    assert_eq!(model.calls().len(), 0);
    assert_eq!(
        rig.title(number),
        "WAITING: someone with write starts the panel"
    );
    assert_eq!(rig.conclusion(number), "action_required");
    rig.say("tim", number, "/discuss").await;
    assert_eq!(model.calls().len(), 0);
    assert_eq!(
        rig.title(number),
        "WAITING: someone with write starts the panel"
    );
    rig.say("rob", number, "/discuss").await;
    assert_eq!(aliases(&model), ["architect", "pragmatist", "security"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_until_it_is_ready_for_review() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.draft("rob", "topic");
    rig.settle().await;
    assert_eq!(model.calls().len(), 0);
    assert!(rig.title(number).contains("draft"), "{}", rig.title(number));
    rig.sandbox
        .ready_for_review("rob", DEMO_REPO, number)
        .unwrap();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_three_discussions_start_none_by_themselves() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let edits: Vec<FileEdit> = (1..=4)
        .map(|n| FileEdit::write(&format!("design/{n}.md"), CACHE))
        .collect();
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "propose", &edits)
        .unwrap();
    let new = NewPull {
        title: "Four".to_owned(),
        head: "topic".to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    assert_eq!(model.calls().len(), 0);
    rig.say("rob", number, "/discuss design/2.md all").await;
    assert_eq!(model.calls().len(), 3);
    assert!(rig.file(number, "design/2.md").contains("AI-Security"));
    assert!(!rig.file(number, "design/1.md").contains("AI-Security"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_automatic_round_a_person_decides() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "rounds: 2\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    assert_eq!(model.calls().len(), 6);
    assert!(
        rig.title(number)
            .starts_with("DECIDE: a person decides after 2 rounds"),
        "{}",
        rig.title(number)
    );
    let text = rig
        .file(number, PATH)
        .replace("ten seconds", "five seconds");
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), 6, "no third round");
    rig.say("rob", number, "/discuss all").await;
    assert_eq!(model.calls().len(), 6, "not by the author");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_printed_for_paths_with_blanks_work_as_they_are() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let path = "my designs/a cache.md";
    rig.propose("rob", path, CACHE);
    let number = rig
        .open("rob", PATH, &CACHE.replace("product", "other"))
        .await;
    let summary = rig.summary(number);
    assert!(
        summary.contains("`/discuss vote ready`"),
        "both need it: {summary}"
    );
    rig.say("ann", number, &format!("/discuss {PATH} vote ready"))
        .await;
    let summary = rig.summary(number);
    let line = "/discuss \"my designs/a cache.md\" vote ready";
    assert!(summary.contains(line), "{summary}");
    rig.say("ann", number, line).await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}
