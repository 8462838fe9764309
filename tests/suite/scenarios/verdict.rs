//! The verdict told rule by rule, votes that contradict each other, and the buttons of the check.

use super::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, Fault, FaultKind, Matcher, Role};
use std::sync::Arc;
use std::time::Duration;

/// The proposal under a template of three phases.
fn feature() -> String {
    CACHE.replace(
        "<!-- Participants",
        "<!-- Phase: initial_feedback -->\n<!-- Template: feature -->\n<!-- Participants",
    )
}

/// A rig in which pushes start no round.
async fn asked_by_hand(model: &Arc<Scripted>) -> Rig {
    Rig::with(Setup {
        config: Some("on: {push: false, quiet: 0s}\n".to_owned()),
        model: Some(model.clone()),
        operator: None,
    })
    .await
}

/// Somebody presses a button of the newest check on the head.
async fn press(rig: &Rig, login: &str, number: u64, button: &str) {
    rig.sandbox.advance(Duration::from_secs(61));
    let run = rig.check(number).id;
    rig.sandbox
        .press_button(login, DEMO_REPO, run, button)
        .unwrap();
    rig.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_that_keeps_changing_its_mind_on_one_text_is_not_counted_and_a_person_decides() {
    let model = Arc::new(Scripted::ready());
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Votes(Vote::Changes));
    }
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "bob", Role::Write)
        .unwrap();
    let number = rig.open("rob", PATH, &feature()).await;
    // Each new phase may be asked anew; a question may lower a vote.
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Votes(Vote::Ready));
    }
    rig.say("rob", number, "/discuss all").await;
    assert!(
        rig.file(number, PATH)
            .contains("<!-- Phase: consensus_vote -->")
    );
    model.set("security", Line::Votes(Vote::Changes));
    rig.say("rob", number, "/discuss security what about tenants?")
        .await;
    assert!(
        !rig.title(number).contains("security changed"),
        "{}",
        rig.title(number)
    );
    model.set("security", Line::Votes(Vote::Ready));
    rig.say("rob", number, "/discuss security").await;
    assert_eq!(
        rig.title(number),
        "DISCUSSING: security changed its vote 3 times on this text, so it is not counted; 1 more person must be READY instead"
    );
    let summary = rig.check(number).summary.unwrap();
    for words in [
        "| security | AI | READY | no: changed 3 times on this text; one more person decides instead",
        "other than rob votes; 2 people are needed, also in the place of security",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let calls = model.calls().len();
    rig.say("rob", number, "/discuss").await;
    assert_eq!(model.calls().len(), calls, "it owes no vote any more");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(
        rig.conclusion(number),
        "action_required",
        "{}",
        rig.title(number)
    );
    rig.say("bob", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert_eq!(rig.title(number), "READY: 4 of 4 ready, 2 by people");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_text_ends_a_dispute_and_going_back_brings_it_back() {
    let model = Arc::new(Scripted::ready());
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Votes(Vote::Changes));
    }
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, &feature()).await;
    for alias in ["architect", "security", "pragmatist"] {
        model.set(alias, Line::Votes(Vote::Ready));
    }
    rig.say("rob", number, "/discuss all").await;
    model.set("security", Line::Votes(Vote::Changes));
    rig.say("rob", number, "/discuss security what about tenants?")
        .await;
    model.set("security", Line::Votes(Vote::Ready));
    rig.say("rob", number, "/discuss security").await;
    assert!(
        rig.title(number).contains("security changed its vote"),
        "{}",
        rig.title(number)
    );
    let disputed = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&disputed)).await;
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person"),
        "{}",
        rig.title(number)
    );
    let now = rig.file(number, PATH);
    rig.push(
        "rob",
        PATH,
        &now.replace("after ten seconds", "after one minute"),
    )
    .await;
    assert!(
        rig.title(number).contains("security changed its vote"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn why_tells_every_rule_once_a_minute_to_anybody_and_asks_no_model() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let calls = model.calls().len();
    rig.say("eve", number, "/discuss why").await;
    let reply = rig.replies(number).pop().unwrap().replace('\\', "");
    for words in [
        "`design/cache.md` is DISCUSSING:",
        "- holds: nobody votes REJECT (0 of 3)",
        "- holds: 2/3 of the counted votes are READY (3 of 3: READY by architect, pragmatist and security)",
        "- holds: everybody who owes a vote has voted (3 of 3)",
        "- does not hold: at least 1 person is READY (0 of 1 person ready)",
    ] {
        assert!(reply.contains(words), "{words}: {reply}");
    }
    rig.say("ann", number, "/discuss why").await;
    assert_eq!(rig.replies(number).len(), 1, "once a minute");
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    rig.say("rob", number, "/discuss README.md why").await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(
        reply.contains("is no discussion of this pull request"),
        "{reply}"
    );
    assert_eq!(model.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_pull_request_can_still_be_explained() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.sandbox.merge("ann", DEMO_REPO, number).unwrap();
    rig.settle().await;
    rig.say("rob", number, "/discuss design/cache.md why").await;
    let reply = rig.replies(number).pop().unwrap().replace('\\', "");
    for words in [
        "`design/cache.md` is READY",
        "holds: at least 1 person is READY (1: ann)",
    ] {
        assert!(reply.contains(words), "{words}: {reply}");
    }
    assert!(!reply.contains("does not hold"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buttons_do_what_their_commands_do_for_those_who_may() {
    let model = Arc::new(Scripted::ready());
    let rig = asked_by_hand(&model).await;
    let number = rig.open("rob", PATH, CACHE).await;
    let shown = |rig: &Rig| -> Vec<String> {
        let actions = rig.check(number).actions;
        actions
            .iter()
            .filter_map(|action| Some(action["identifier"].as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(shown(&rig), ["explain"]);
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    assert!(
        rig.title(number).starts_with("STALE"),
        "{}",
        rig.title(number)
    );
    assert_eq!(shown(&rig), ["ask_again", "rerun_stale", "explain"]);
    let calls = model.calls().len();
    let runs = rig.check(number).id;
    press(&rig, "eve", number, "explain").await;
    let reply = rig.replies(number).pop().unwrap();
    assert!(
        reply.contains("does not hold: every vote that is owed"),
        "{reply}"
    );
    assert_eq!(rig.check(number).id, runs, "an explanation is no re-run");
    press(&rig, "eve", number, "rerun_stale").await;
    assert_eq!(model.calls().len(), calls, "she has no right to write");
    press(&rig, "rob", number, "rerun_stale").await;
    assert_eq!(model.calls().len(), calls + 3);
    assert!(
        rig.title(number).starts_with("DISCUSSING"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rerun_stale_asks_only_those_whose_vote_is_stale() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = asked_by_hand(&model).await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    let before = model.calls().len();
    press(&rig, "rob", number, "rerun_stale").await;
    let asked: Vec<String> = model.calls()[before..]
        .iter()
        .map(|(who, _)| who.clone())
        .collect();
    let mut asked = asked;
    asked.sort();
    assert_eq!(asked, ["architect", "pragmatist"], "security never voted");
    press(&rig, "rob", number, "ask_again").await;
    let last = model.calls().pop().unwrap().0;
    assert_eq!(last, "security");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_re_run_opens_no_round_past_the_bound() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Fails);
    let rig = Rig::scripted(&model, "rounds: 1\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", Line::Votes(Vote::Changes));
    rig.say("rob", number, "/discuss security").await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &text.replace("50 ms", "40 ms")).await;
    let title = rig.title(number);
    assert!(title.starts_with("DECIDE: a person decides"), "{title}");
    let calls = model.calls().len();
    let run = rig.check(number).id;
    rig.sandbox.rerequest_check("rob", DEMO_REPO, run).unwrap();
    rig.settle().await;
    assert_eq!(
        model.calls().len(),
        calls,
        "that is for somebody else to say"
    );
}

/// The route that tells who may push.
const COLLABORATORS: &str = "/repos/{owner}/{repo}/collaborators";

/// The owner proposes, and nobody else may push.
async fn open_alone(rig: &Rig) -> u64 {
    for login in ["ann", "rob"] {
        rig.sandbox.remove_collaborator(DEMO_REPO, login).unwrap();
    }
    rig.open("octo", PATH, CACHE).await
}

fn asked_who_writes(rig: &Rig) -> usize {
    let ledger = rig.sandbox.ledger();
    let requests = ledger.requests.iter();
    requests
        .filter(|request| request.route == COLLABORATORS)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_the_author_could_vote_title_and_next_steps_name_both_exits() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = open_alone(&rig).await;
    assert_eq!(
        rig.title(number),
        "DISCUSSING: needs 1 vote by a person other than octo, who alone has write: invite somebody, or set gate.author_may_vote"
    );
    let summary = rig.check(number).summary.unwrap().replace('\\', "");
    for words in [
        "1. Someone other than octo votes, once an admin has given write to somebody: `/discuss vote ready`",
        "2. Someone with admin sets gate.author_may_vote: true in .github/discussions.yml",
        "only octo could vote, who is the author",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    rig.sandbox
        .add_collaborator(DEMO_REPO, "bob", Role::Write)
        .unwrap();
    rig.say("bob", number, "/discuss vote changes").await;
    assert!(
        rig.title(number)
            .starts_with("DISCUSSING: needs 1 vote by a person other than octo")
    );
    assert!(
        !rig.title(number).contains("alone"),
        "{}",
        rig.title(number)
    );
    rig.say("bob", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_could_vote_is_asked_once_and_only_while_people_are_missing() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(asked_who_writes(&rig), 1);
    assert_eq!(
        rig.title(number),
        "DISCUSSING: needs 1 vote by a person other than rob"
    );
    rig.sandbox.reset_ledger();
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert_eq!(asked_who_writes(&rig), 0, "known by now");
    assert!(rig.requests() <= 8, "{:#?}", rig.sandbox.ledger().requests);
    rig.sandbox.reset_ledger();
    rig.say("ann", number, "/discuss vote ready").await;
    rig.push("rob", "README.md", "# Demo\n\nStill more.\n")
        .await;
    assert_eq!(asked_who_writes(&rig), 0, "nobody is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_leads_to_no_claim_and_to_no_green() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let route = Matcher::Rest("GET".to_owned(), COLLABORATORS.to_owned());
    rig.sandbox
        .fault(Fault::sometimes(route, FaultKind::Status(500), 1_000, 1));
    let number = open_alone(&rig).await;
    assert_eq!(
        rig.title(number),
        "DISCUSSING: needs 1 vote by a person other than octo"
    );
    assert_eq!(rig.conclusion(number), "action_required");
    assert!(asked_who_writes(&rig) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solo_maintainer_who_says_so_decides_alone() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {author_may_vote: true}\n").await;
    let number = open_alone(&rig).await;
    assert_eq!(rig.title(number), "DISCUSSING: needs 1 vote by a person");
    assert_eq!(asked_who_writes(&rig), 0);
    rig.say("octo", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

/// A second answer about a text of which only the requirements have changed.
async fn second_answer(line: Line) -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {concerns: all}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    model.set("security", line);
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &revised(&text)).await;
    rig.say("ann", number, "/discuss vote ready").await;
    (rig, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concern_about_an_old_section_comes_late_and_is_a_note() {
    let late = Line::Mentions("Nobody says who pays.", "Product pages are slow");
    let (rig, number) = second_answer(late).await;
    assert_eq!(rig.title(number), "READY: 4 of 4 ready, 1 by a person");
    let text = rig.file(number, PATH);
    let line = "CONCERN: (minor) Late, a note: Nobody says who pays.\n\nVOTE: READY";
    assert!(text.contains(line), "{text}");
    let summary = rig.check(number).summary.unwrap();
    assert!(
        summary.contains("Late, a note: Nobody says who pays"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concern_about_the_changed_section_counts_in_full() {
    let fresh = Line::Mentions("Ten seconds are too few.", "after ten seconds");
    let (rig, number) = second_answer(fresh).await;
    assert_eq!(rig.title(number), "CHANGES: 3 of 4 ready, 1 concern open");
    let text = rig.file(number, PATH);
    let line = "CONCERN: Ten seconds are too few.\n\nVOTE: CHANGES";
    assert!(text.contains(line), "{text}");
}
