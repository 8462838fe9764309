//! Replies beside the branch: forks, branches that must not be pushed to, and what people see in the reviews.

use super::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{
    DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher, Protection, Review, ReviewComment,
    ReviewState, RuleForm,
};
use std::sync::Arc;

/// Reviews of the App, oldest first.
fn reviews(rig: &Rig, number: u64) -> Vec<Review> {
    let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
    let ours = |review: &Review| review.body.contains("<!-- discussions:block");
    pull.reviews.into_iter().filter(ours).collect()
}

/// Comments on lines that the App wrote.
fn conversations(rig: &Rig, number: u64) -> Vec<ReviewComment> {
    let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
    let ours = |comment: &ReviewComment| comment.body.contains("<!-- discussions:thread");
    pull.review_comments.into_iter().filter(ours).collect()
}

/// Somebody forks the repository, writes a proposal there, and opens a pull request with it.
async fn open_from_fork(rig: &Rig, login: &str, text: &str) -> u64 {
    let fork = rig.sandbox.fork(login, DEMO_REPO).unwrap();
    let edit = FileEdit::write(PATH, text);
    rig.sandbox
        .push(login, &fork, "topic", "propose", &[edit])
        .unwrap();
    let number = rig.pull(login, &format!("{login}:topic"));
    rig.settle().await;
    number
}

fn with_template(template: &str) -> String {
    CACHE.replace(
        "<!-- Participants",
        &format!("<!-- Template: {template} -->\n<!-- Participants"),
    )
}

/// Rules on the branch of the pull request or on the one it goes into.
fn protect(rig: &Rig, branch: &str, change: impl Fn(&mut Protection)) {
    let mut rules = Protection::default();
    change(&mut rules);
    rig.sandbox.protect(DEMO_REPO, branch, rules).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_from_a_fork_goes_from_open_to_green_without_a_commit() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = open_from_fork(&rig, "eve", &with_template("feature")).await;
    assert!(
        rig.title(number)
            .starts_with("WAITING: someone with write starts the panel"),
        "{}",
        rig.title(number)
    );
    assert!(model.calls().is_empty(), "a stranger spends nothing");

    let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.say("ann", number, "/discuss").await;
    assert_eq!(model.calls().len(), 3);
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1, "one review for the round");
    assert_eq!(posted[0].state, ReviewState::Commented);
    for alias in ["architect", "security", "pragmatist"] {
        assert!(
            posted[0].body.contains(&format!("#### {alias}")),
            "{}",
            posted[0].body
        );
    }
    assert!(
        posted[0].body.contains("the branch is in a fork"),
        "{}",
        posted[0].body
    );
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(summary.contains("phase `consensus_vote`"), "{summary}");
    assert!(
        summary.contains("Replies go into reviews because"),
        "{summary}"
    );
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person other than eve"),
        "{}",
        rig.title(number)
    );

    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert_eq!(rig.count(EffectKind::Commit), 0);
    assert_eq!(rig.sandbox.pull(DEMO_REPO, number).unwrap().head, head);
    assert!(rig.mergeable(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answers_are_posted_as_a_review_when_a_rule_refuses_the_commit() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Objects(Vote::Changes, "Tenants share keys."),
    );
    let rig = Rig::scripted(&model, "replies: commit\n").await;
    rig.propose("rob", PATH, CACHE);
    protect(&rig, "topic", |rules| rules.pull_requests_only = true);
    let number = rig.pull("rob", "topic");
    rig.settle().await;
    assert_eq!(rig.count(EffectKind::Commit), 0);
    assert_eq!(model.calls().len(), 3, "every answer was bought once");
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1);
    assert!(
        posted[0].body.contains("GitHub refused the commit"),
        "{}",
        posted[0].body
    );
    assert!(
        rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        rig.title(number)
    );
}

/// (name, rules of the head branch, rules of the base branch, what the review says)
type Case = (
    &'static str,
    fn(&mut Protection),
    fn(&mut Protection),
    &'static str,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_whose_rules_would_punish_a_push_gets_reviews_from_the_start() {
    let nothing: fn(&mut Protection) = |_| {};
    let cases: [Case; 2] = [
        (
            "nobody pushes to the head",
            |rules| rules.pull_requests_only = true,
            nothing,
            "pull request",
        ),
        (
            "a push dismisses approvals",
            nothing,
            |rules| rules.dismiss_stale = true,
            "dismisses approvals",
        ),
    ];
    for (name, head, base, said) in cases {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        rig.propose("rob", PATH, CACHE);
        protect(&rig, "topic", head);
        protect(&rig, "main", base);
        let number = rig.pull("rob", "topic");
        rig.settle().await;
        assert_eq!(rig.count(EffectKind::Commit), 0, "{name}");
        let posted = reviews(&rig, number);
        assert_eq!(posted.len(), 1, "{name}");
        assert!(posted[0].body.contains(said), "{name}: {}", posted[0].body);
        let summary = rig.check(number).summary.unwrap_or_default();
        assert!(summary.contains(said), "{name}: {summary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_concern_has_a_conversation_on_its_line_until_it_is_settled() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Points("Keys are shared by all tenants.", "several  TENANTS"),
    );
    let rig = Rig::scripted(&model, "replies: review\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let open = conversations(&rig, number);
    assert_eq!(open.len(), 1, "{open:?}");
    let line = 1 + CACHE
        .lines()
        .position(|line| line.contains("Several tenants"))
        .unwrap();
    assert_eq!(open[0].line, Some(line as u64));
    assert!(
        open[0].body.contains("**C1** security has a concern"),
        "{}",
        open[0].body
    );
    assert!(!open[0].resolved);

    model.set("security", Line::Settles);
    rig.push("rob", PATH, &revised(CACHE)).await;
    let now = conversations(&rig, number);
    assert_eq!(now.len(), 1, "no second conversation");
    assert!(now[0].resolved, "resolved once the concern was settled");
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_conversations_where_each_must_be_resolved_before_merging() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Points("Keys are shared by all tenants.", "several tenants"),
    );
    let rig = Rig::scripted(&model, "replies: review\n").await;
    protect(&rig, "main", |rules| rules.resolved_conversations = true);
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(conversations(&rig, number).is_empty());
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1);
    assert!(
        posted[0].body.contains("Keys are shared by all tenants."),
        "{}",
        posted[0].body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concern_about_a_line_outside_the_diff_stands_in_the_body() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Points("Keys are shared by all tenants.", "several tenants"),
    );
    let rig = Rig::scripted(&model, "replies: review\n").await;
    let far: String = (0..40)
        .map(|n| format!("\nLine {n} of the background.\n"))
        .collect();
    let text = CACHE.replace("## Requirements", &format!("{far}\n## Requirements"));
    let edit = FileEdit::write(PATH, &text);
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "known", &[edit])
        .unwrap();
    let number = rig.open("rob", PATH, &revised(&text)).await;
    assert!(conversations(&rig, number).is_empty());
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1);
    assert!(
        posted[0].body.contains("Keys are shared by all tenants."),
        "{}",
        posted[0].body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_whose_answer_was_lost_is_posted_once() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "replies: review\n").await;
    let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews".to_owned();
    let matcher = Matcher::Rest("POST".to_owned(), route);
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::ApplyThenDrop));
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(reviews(&rig, number).len(), 1);
    assert_eq!(model.calls().len(), 3);
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(
        summary.contains("[review](http"),
        "votes link to it: {summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_reply_keeps_the_votes_and_a_new_section_does_not() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "replies: review\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);

    let replied = format!("{CACHE}\n---\n\nName: rob\n\nThe keys are per tenant.\n");
    rig.push("rob", PATH, &replied).await;
    assert_eq!(model.calls().len(), 3, "a reply is no new text");
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );

    let grown = format!("{CACHE}\n## Rollback\n\nWe turn the flag off.\n");
    rig.push("rob", PATH, &grown).await;
    assert_eq!(model.calls().len(), 6, "a section more is another text");
    assert_eq!(reviews(&rig, number).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_move_to_reviews_once_a_commit_cost_an_approval() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.count(EffectKind::Commit), 1);
    rig.sandbox.advance(std::time::Duration::from_secs(2));
    rig.sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, "")
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.count(EffectKind::Commit), 2, "the verdict");
    // Classic protection, which the App cannot read.
    protect(&rig, "main", |rules| {
        rules.form = RuleForm::Classic;
        rules.dismiss_stale = true;
    });
    rig.say("ann", number, "/discuss security what about keys?")
        .await;
    assert_eq!(
        rig.count(EffectKind::Commit),
        3,
        "this one cost the approval"
    );

    rig.say("ann", number, "/discuss security and what about tokens?")
        .await;
    assert_eq!(rig.count(EffectKind::Commit), 3);
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1);
    assert!(
        posted[0].body.contains("dismissed an approval"),
        "{}",
        posted[0].body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_while_personas_think_leaves_no_review_about_the_older_text() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::with(Setup {
        config: Some("on: {quiet: 0s}\nreplies: review\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 3).await;
    let edit = FileEdit::write(PATH, revised(CACHE));
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "think", &[edit])
        .unwrap();
    model.let_go();
    rig.settle().await;
    let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    let posted = reviews(&rig, number);
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert_eq!(posted[0].commit, head);
    assert_eq!(model.calls().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_locked_conversation_the_review_waits_until_it_is_unlocked() {
    let model = Arc::new(Scripted::gated());
    let rig = Rig::scripted(&model, "replies: review\n").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.sandbox
        .set_locked("ann", DEMO_REPO, number, true)
        .unwrap();
    rig.until(|| model.calls().len() == 3).await;
    model.let_go();
    rig.settle().await;
    let calls = model.calls().len();
    if reviews(&rig, number).is_empty() {
        assert_ne!(rig.conclusion(number), "success");
        rig.sandbox
            .set_locked("ann", DEMO_REPO, number, false)
            .unwrap();
        rig.say("ann", number, "/discuss").await;
    }
    assert_eq!(reviews(&rig, number).len(), 1);
    assert_eq!(model.calls().len(), calls, "the answers were kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_a_file_that_is_invalid() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let broken = format!("{CACHE}\n```text\nnever closed\n");
    let number = rig.open("rob", PATH, &broken).await;
    assert!(
        rig.title(number).starts_with("INVALID"),
        "{}",
        rig.title(number)
    );
    rig.say("ann", number, "/discuss security").await;
    let run = rig.check(number).id;
    rig.sandbox.rerequest_check("ann", DEMO_REPO, run).unwrap();
    rig.settle().await;
    assert!(model.calls().is_empty());
    assert!(
        rig.title(number).starts_with("INVALID"),
        "{}",
        rig.title(number)
    );
    let replies = rig.replies(number);
    assert!(
        replies[0].contains("is invalid, as the check says"),
        "{replies:?}"
    );
}
