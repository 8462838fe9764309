//! `permissions:` in the configuration: who may give which command here, and that there is no way round it.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::bot::check::ASK_AGAIN;
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, Fault, FaultKind, FileEdit, Matcher, ReviewState, Role};
use std::sync::Arc;
use std::time::Duration;

/// Everybody who works here: rob opens pull requests and writes, as joe does; ann and mia maintain; tim has triage.
async fn rig(model: &Arc<Scripted>, permissions: &str) -> Rig {
    let rig = Rig::scripted(model, &format!("permissions: {permissions}\n")).await;
    let people = [
        ("joe", Role::Write),
        ("mia", Role::Maintain),
        ("tim", Role::Triage),
    ];
    for (login, role) in people {
        let sandbox = &rig.sandbox;
        sandbox.add_collaborator(DEMO_REPO, login, role).unwrap();
    }
    rig
}

async fn review(rig: &Rig, login: &str, number: u64, state: ReviewState) {
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .review(login, DEMO_REPO, number, state, "As said.")
        .unwrap();
    rig.settle().await;
}

fn row(rig: &Rig, number: u64, login: &str) -> String {
    let summary = rig.summary(number);
    let start = format!("| {login} | person |");
    let mut rows = summary.lines().filter(|line| line.starts_with(&start));
    rows.next().unwrap_or_default().to_owned()
}

const NOT_COUNTED: &str = "no: has not maintain, which a vote needs here";

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_a_raised_right_is_told_which_one_and_the_help_says_so_too() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(
        &model,
        "{personas: maintain, status: triage, override: admin}",
    )
    .await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3, "rounds begin as ever");
    let told = rig.told("joe", number, "/discuss security why?").await;
    assert!(
        told.contains("needs `maintain` on this repository; you have write"),
        "{told}"
    );
    let told = rig.told("eve", number, "/discuss status").await;
    assert!(told.contains("needs `triage`"), "{told}");
    let text = rig.text_of(number);
    let told = rig
        .told("mia", number, &format!("/discuss override {text}: now"))
        .await;
    assert!(told.contains("needs `admin`"), "{told}");
    assert_eq!(model.calls().len(), 3);
    rig.say("mia", number, "/discuss security why?").await;
    assert_eq!(model.calls().len(), 4, "whoever maintains asks");

    let help = rig.told("joe", number, "/discuss help").await;
    let needs = |usage: &str| {
        let mut rows = help.lines().filter(|line| line.contains(usage));
        let row = rows.next().unwrap();
        let (_, needs) = row.split_once(" Needs ").unwrap();
        needs.split('.').next().unwrap().to_owned()
    };
    assert_eq!(needs("/discuss [PATH] NAME... [question]`"), "maintain");
    assert_eq!(needs("/discuss [PATH] status`"), "triage");
    assert_eq!(needs("/discuss [PATH] override"), "admin");
    assert_eq!(needs("/discuss [PATH] vote"), "write", "as in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_asks_can_be_opened_to_people_with_less() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{personas: triage, missing: read}").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "out", Role::Read)
        .unwrap();
    // An author who may not write starts no panel, and the check says who does.
    let fork = rig.sandbox.fork("out", DEMO_REPO).unwrap();
    let edit = FileEdit::write(PATH, CACHE);
    rig.sandbox
        .push("out", &fork, "topic", "propose", &[edit])
        .unwrap();
    let number = rig.pull("out", "out:topic");
    rig.settle().await;
    assert_eq!(model.calls().len(), 0);
    assert_eq!(
        rig.title(number),
        "WAITING: someone with read starts the panel"
    );
    rig.say("out", number, "/discuss").await;
    assert_eq!(model.calls().len(), 3, "{:?}", rig.replies(number));
    let told = rig.told("tim", number, "/discuss security what about tenants?");
    assert!(told.await.contains("tim asked `security`"));
    assert_eq!(model.calls().len(), 4);
    let told = rig.told("out", number, "/discuss security and keys?").await;
    assert!(told.contains("needs `triage`"), "{told}");
    let told = rig.told("tim", number, "/discuss vote ready").await;
    assert!(told.contains("needs `write`"), "{told}");
    assert_eq!(model.calls().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_no_way_round_a_raised_vote() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{vote: maintain}").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let told = rig.told("joe", number, "/discuss vote ready").await;
    assert!(told.contains("needs `maintain`"), "{told}");
    review(&rig, "joe", number, ReviewState::Approved).await;
    assert_eq!(rig.conclusion(number), "action_required");
    assert!(row(&rig, number, "joe").contains(NOT_COUNTED));
    assert!(
        rig.summary(number)
            .contains("1. Someone with maintain other than rob votes: `/discuss vote ready`"),
        "{}",
        rig.summary(number)
    );
    review(&rig, "joe", number, ReviewState::ChangesRequested).await;
    assert!(row(&rig, number, "joe").contains(NOT_COUNTED));
    review(&rig, "mia", number, ReviewState::Approved).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(row(&rig, number, "joe").contains("CHANGES"), "still shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_from_before_the_right_was_raised_are_judged_by_it_too() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{}").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("joe", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.configure("permissions: {vote: maintain}\n").await;
    assert_eq!(rig.conclusion(number), "action_required");
    assert!(row(&rig, number, "joe").contains(NOT_COUNTED));
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.configure("permissions: {vote: admin}\n").await;
    assert_eq!(rig.conclusion(number), "action_required");
    rig.configure("").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_but_the_author_has_the_raised_right_the_check_says_it() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{vote: admin}").await;
    let number = rig.open("octo", PATH, CACHE).await;
    assert_eq!(
        rig.title(number),
        "DISCUSSING: needs 1 vote by a person other than octo, who alone has admin: invite somebody, or set gate.author_may_vote"
    );
    let summary = rig.summary(number).replace('\\', "");
    for words in [
        "once an admin has given admin to somebody",
        "somebody else with admin access votes",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let told = rig.told("octo", number, "/discuss vote ready").await;
    assert!(
        told.contains("Somebody else with admin votes with"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_the_gate_needs_a_vote_that_counts() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{vote: admin}").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "ada", Role::Admin)
        .unwrap();
    let path = ".github/discussions.yml";
    let number = rig.open("rob", path, "on: {quiet: 0s}\n").await;
    assert_eq!(
        rig.title(number),
        "DISCUSSING: needs READY by someone with admin, it changes the gate"
    );
    review(&rig, "mia", number, ReviewState::Approved).await;
    assert_eq!(rig.conclusion(number), "action_required", "maintain only");
    rig.say("ada", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_button_nor_a_typed_block_is_a_way_round() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = rig(&model, "{missing: maintain, personas: maintain}").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert!(rig.title(number).starts_with("DEGRADED: security"));
    model.set("security", Line::Votes(Vote::Ready));
    let calls = model.calls().len();
    for (login, asked) in [("joe", 0), ("mia", 1)] {
        rig.sandbox.advance(Duration::from_secs(61));
        let run = rig.check(number).id;
        rig.sandbox
            .press_button(login, DEMO_REPO, run, ASK_AGAIN)
            .unwrap();
        rig.settle().await;
        assert_eq!(model.calls().len(), calls + asked, "{login}");
    }
    for (login, asked) in [("joe", 1), ("mia", 2)] {
        let text = rig.file(number, PATH);
        let block = format!("\n---\n\nName: {login}\n\n@security what about {login}?\n");
        rig.push(login, PATH, &format!("{text}{block}")).await;
        assert_eq!(model.calls().len(), calls + asked, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_further_needs_no_less_than_the_command() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "{resolve: maintain}").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("joe", number, "/discuss concern rollback: nobody says how")
        .await;
    assert!(
        rig.summary(number)
            .contains("joe, or someone with maintain other than rob, resolves rollback"),
        "{}",
        rig.summary(number)
    );
    // Also for an own one: the command itself needs it.
    let told = rig
        .told("joe", number, "/discuss resolve rollback: fine")
        .await;
    assert!(told.contains("needs `maintain`"), "{told}");
    rig.say("mia", number, "/discuss resolve rollback: fine")
        .await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_work_is_taken_up_by_whoever_may_retry_here() {
    for (permissions, who, taken) in [
        ("{retry: maintain}", "joe", false),
        ("{retry: maintain}", "mia", true),
        ("{retry: triage}", "tim", true),
        ("{}", "tim", false),
    ] {
        let model = Arc::new(Scripted::ready());
        let rig = rig(&model, permissions).await;
        let commit = Matcher::Graphql("CommitReplies".to_owned());
        let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews".to_owned();
        let review = Matcher::Rest("POST".to_owned(), route);
        for matcher in [commit, review] {
            let fault = Fault::once(matcher, FaultKind::Status(403));
            rig.sandbox.fault(fault);
        }
        rig.propose("rob", PATH, CACHE);
        let number = rig.pull("rob", "topic");
        rig.until_parked(1).await;
        rig.sandbox.clear_faults();
        rig.sandbox
            .comment(who, DEMO_REPO, number, "/discuss retry")
            .unwrap();
        rig.until(|| !rig.replies(number).is_empty()).await;
        let parked = crate::support::parked(rig.store.as_ref()).await.len();
        assert_eq!(parked == 0, taken, "{permissions} by {who}");
        let told = &rig.replies(number)[0];
        assert_eq!(told.contains("needs `"), !taken, "{told}");
    }
}
