//! Open pull requests with one head commit: the check belongs to the commit, so they share it.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, FileEdit, NewPull, PullEdit, Role};
use std::sync::Arc;
use std::time::Duration;

/// A repository in which ann, joe and rob write, every persona is content, and replies leave the head where it is.
/// `main` and `release` are gated, `side` is not.
pub(super) async fn rig() -> Rig {
    rig_with(&Arc::new(Scripted::ready())).await
}

async fn rig_with(model: &Arc<Scripted>) -> Rig {
    let config = "replies: review\ngate: {bases: [default, release]}\n";
    let rig = Rig::scripted(model, config).await;
    let sandbox = &rig.sandbox;
    sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let main = sandbox.tip(DEMO_REPO, "main").unwrap();
    for branch in ["release", "side"] {
        sandbox
            .create_branch("ann", DEMO_REPO, branch, &main)
            .unwrap();
    }
    rig
}

/// Opens a pull request with a branch into a base; nobody waits for what comes of it.
pub(super) fn opened(rig: &Rig, login: &str, head: &str, base: &str, draft: bool) -> u64 {
    let new = NewPull {
        title: "A proposal".to_owned(),
        head: head.to_owned(),
        base: base.to_owned(),
        draft,
        ..NewPull::default()
    };
    rig.sandbox.open_pr(login, DEMO_REPO, &new).unwrap()
}

/// Another branch with the commit of `topic`.
pub(super) fn copy_branch(rig: &Rig, branch: &str) {
    let tip = rig.sandbox.tip(DEMO_REPO, "topic").unwrap();
    rig.sandbox
        .create_branch("joe", DEMO_REPO, branch, &tip)
        .unwrap();
}

/// Rob's pull request, and joe's with the same commit from another branch, both into main.
async fn two_into_main(rig: &Rig) -> [u64; 2] {
    let first = rig.open("rob", PATH, CACHE).await;
    copy_branch(rig, "again");
    let second = opened(rig, "joe", "again", "main", false);
    rig.settle().await;
    [first, second]
}

/// Title and conclusion, which are the same for both: there is one run.
fn check(rig: &Rig, pulls: [u64; 2]) -> (String, String) {
    let [one, other] = pulls.map(|number| (rig.title(number), rig.conclusion(number)));
    assert_eq!(one, other);
    one
}

fn retarget(rig: &Rig, login: &str, number: u64, base: &str) {
    let edit = PullEdit {
        base: Some(base.to_owned()),
        ..PullEdit::default()
    };
    rig.sandbox
        .edit_pr(login, DEMO_REPO, number, &edit)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_in_one_are_not_votes_in_the_other_in_either_order() {
    for order in [[0, 1], [1, 0]] {
        let rig = rig().await;
        let pulls = two_into_main(&rig).await;
        let [voted, open] = order.map(|at| pulls[at]);
        rig.say("ann", voted, "/discuss vote ready").await;
        let (title, conclusion) = check(&rig, pulls);
        assert_eq!(conclusion, "action_required", "{title}");
        let waits = format!("DISCUSSING in #{open}: needs 1 vote by a person other than ");
        assert!(title.starts_with(&waits), "{title}");
        let summary = rig.summary(voted).replace('\u{200b}', "");
        assert!(
            summary.contains("### Pull requests with this head commit"),
            "{summary}"
        );
        assert!(
            rig.state_line(voted)
                .replace('\u{200b}', "")
                .starts_with("DISCUSSING in #")
        );
        assert!(!rig.status(voted).contains("Nothing is left to do"));
        assert!(!rig.mergeable(voted) && !rig.mergeable(open));

        rig.say("ann", open, "/discuss vote ready").await;
        let (title, conclusion) = check(&rig, pulls);
        assert_eq!(conclusion, "success", "{title}");
        assert!(title.starts_with("READY: "), "{title}");
        for number in pulls {
            let status = rig.state_line(number);
            assert!(status.starts_with("READY"), "#{number}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_in_either_blocks_both_until_it_is_taken_back() {
    let cases = [
        (
            "/discuss hold: a load test first",
            "HELD",
            "/discuss release",
        ),
        ("/discuss pause", "HELD", "/discuss resume"),
        (
            "/discuss vote reject: it leaks",
            "REJECTED",
            "/discuss vote ready",
        ),
        (
            "/discuss vote changes: say how",
            "DISCUSSING",
            "/discuss vote ready",
        ),
    ];
    for at in [0, 1] {
        let rig = rig().await;
        let pulls = two_into_main(&rig).await;
        for number in pulls {
            rig.say("ann", number, "/discuss vote ready").await;
        }
        for (line, word, back) in cases {
            rig.say("ann", pulls[at], line).await;
            let (title, conclusion) = check(&rig, pulls);
            assert!(title.starts_with(word), "{line} in {at}: {title}");
            assert_ne!(conclusion, "success", "{line} in {at}: {title}");
            // Whatever is said in the other one.
            rig.say("joe", pulls[1 - at], "/discuss status").await;
            let (title, after) = check(&rig, pulls);
            assert!(title.starts_with(word), "{line} in {at}: {title}");
            assert_eq!(after, conclusion, "{line} in {at}");
            rig.say("ann", pulls[at], back).await;
            let (title, conclusion) = check(&rig, pulls);
            assert_eq!(conclusion, "success", "{back} in {at}: {title}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_in_a_copy_that_was_silent_counts_and_goes_with_it() {
    let rig = rig().await;
    let first = rig.open("rob", PATH, CACHE).await;
    copy_branch(&rig, "again");
    let draft = opened(&rig, "joe", "again", "main", true);
    rig.settle().await;
    rig.say("ann", first, "/discuss vote ready").await;
    let (title, conclusion) = check(&rig, [first, draft]);
    assert_eq!(
        conclusion, "success",
        "a draft in which nobody said anything: {title}"
    );
    let summary = rig.summary(first).replace('\u{200b}', "");
    assert!(summary.contains("neither adds nor blocks"), "{summary}");

    rig.say("joe", draft, "/discuss hold: not before the release")
        .await;
    let (title, _) = check(&rig, [first, draft]);
    assert_eq!(
        title,
        format!("HELD in #{draft} by joe: not before the release")
    );
    rig.sandbox.close("joe", DEMO_REPO, draft).unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(first), "success", "{}", rig.title(first));
    rig.sandbox.reopen("joe", DEMO_REPO, draft).unwrap();
    rig.settle().await;
    assert_eq!(
        rig.conclusion(first),
        "action_required",
        "{}",
        rig.title(first)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsiders_copy_of_my_head_neither_blocks_nor_adds() {
    for base in ["main"] {
        for copy_first in [false, true] {
            let case = format!("into {base}, copy first: {copy_first}");
            let rig = rig().await;
            rig.propose("rob", PATH, CACHE);
            rig.sandbox.fork("eve", DEMO_REPO).unwrap();
            let mut copy = 0;
            if copy_first {
                copy = opened(&rig, "eve", "eve:topic", base, false);
                rig.settle().await;
                assert_ne!(rig.conclusion(copy), "success", "{case}");
            }
            let mine = rig.pull("rob", "topic");
            rig.settle().await;
            rig.say("ann", mine, "/discuss vote ready").await;
            if !copy_first {
                copy = opened(&rig, "eve", "eve:topic", base, false);
                rig.settle().await;
            }
            assert_eq!(
                rig.conclusion(mine),
                "success",
                "{case}: {}",
                rig.title(mine)
            );
            for line in ["/discuss vote reject: no", "/discuss hold: no", "/discuss"] {
                rig.say("eve", copy, line).await;
                assert_eq!(
                    rig.conclusion(mine),
                    "success",
                    "{case} {line}: {}",
                    rig.title(mine)
                );
            }
            // What eve does adds nothing where something is missing.
            rig.say("ann", mine, "/discuss vote withdraw").await;
            rig.say("eve", copy, "/discuss vote ready").await;
            assert_ne!(
                rig.conclusion(mine),
                "success",
                "{case}: {}",
                rig.title(mine)
            );
            rig.say("ann", mine, "/discuss vote ready").await;
            assert_eq!(
                rig.conclusion(mine),
                "success",
                "{case}: {}",
                rig.title(mine)
            );
            // Somebody who writes takes it up: now it counts.
            rig.say("joe", copy, "/discuss hold: look here first").await;
            assert_eq!(
                rig.conclusion(mine),
                "action_required",
                "{case}: {}",
                rig.title(mine)
            );
            assert!(
                rig.title(mine).contains(&format!("#{copy}")),
                "{}",
                rig.title(mine)
            );
            rig.sandbox.close("rob", DEMO_REPO, copy).unwrap();
            rig.settle().await;
            assert_eq!(
                rig.conclusion(mine),
                "success",
                "{case}: {}",
                rig.title(mine)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_into_another_gated_branch_has_to_be_as_far_whoever_opened_it() {
    let rig = rig().await;
    rig.propose("rob", PATH, CACHE);
    rig.sandbox.fork("eve", DEMO_REPO).unwrap();
    let mine = rig.pull("rob", "topic");
    rig.settle().await;
    rig.say("ann", mine, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(mine), "success", "{}", rig.title(mine));
    // Else the green of one branch would merge into another one, where nobody decided it.
    let copy = opened(&rig, "eve", "eve:topic", "release", false);
    rig.settle().await;
    assert!(
        rig.title(mine)
            .contains(&format!("#{copy} into release is not as far")),
        "{}",
        rig.title(mine)
    );
    assert_ne!(rig.conclusion(mine), "success");
    rig.sandbox.close("ann", DEMO_REPO, copy).unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(mine), "success", "{}", rig.title(mine));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_into_another_gated_base_has_to_be_as_far() {
    let rig = rig().await;
    let first = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", first, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(first), "success", "{}", rig.title(first));
    let later = opened(&rig, "joe", "topic", "release", false);
    rig.settle().await;
    let pulls = [first, later];
    let (title, conclusion) = check(&rig, pulls);
    assert_eq!(conclusion, "action_required", "{title}");
    assert!(title.contains(&format!("#{later}")), "{title}");
    let status = rig.state_line(first).replace('\u{200b}', "");
    assert_eq!(
        status,
        format!("WAITING: #{later} into release is not as far")
    );

    rig.say("ann", later, "/discuss vote ready").await;
    let (title, conclusion) = check(&rig, pulls);
    assert_eq!(conclusion, "success", "{title}");
    rig.say("joe", first, "/discuss hold: wait").await;
    assert_eq!(check(&rig, pulls).1, "action_required");
    rig.say("ann", first, "/discuss release").await;
    assert_eq!(check(&rig, pulls).1, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_or_retargeting_one_looks_at_the_other_again() {
    for way in ["close", "retarget", "merge"] {
        let rig = rig().await;
        let first = rig.open("rob", PATH, CACHE).await;
        rig.say("ann", first, "/discuss vote ready").await;
        let later = opened(&rig, "joe", "topic", "release", false);
        rig.settle().await;
        assert_eq!(rig.conclusion(first), "action_required", "{way}");
        match way {
            "close" => rig.sandbox.close("joe", DEMO_REPO, later).unwrap(),
            "retarget" => retarget(&rig, "joe", later, "side"),
            // Nothing is required on release.
            _ => drop(rig.sandbox.merge("ann", DEMO_REPO, later).unwrap()),
        }
        rig.settle().await;
        assert_eq!(
            rig.conclusion(first),
            "success",
            "{way}: {}",
            rig.title(first)
        );
        assert!(rig.state_line(first).starts_with("READY"), "{way}");
        if way == "retarget" {
            let preview = rig.run(later, "discussions (preview)").unwrap();
            assert_eq!(preview.0, "action_required", "{preview:?}");
            retarget(&rig, "joe", later, "release");
            rig.settle().await;
            assert_eq!(
                rig.conclusion(first),
                "action_required",
                "{}",
                rig.title(first)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_into_a_base_that_is_not_gated_is_nobodys_business() {
    let rig = rig().await;
    let first = rig.open("rob", PATH, CACHE).await;
    let other = opened(&rig, "joe", "topic", "side", false);
    rig.settle().await;
    rig.say("ann", other, "/discuss hold: not here").await;
    rig.say("ann", first, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(first), "success", "{}", rig.title(first));
    assert!(!rig.summary(first).contains("with this head commit"));
    let (conclusion, title) = rig.run(other, "discussions (preview)").unwrap();
    assert_eq!(
        (conclusion.as_str(), title.as_str()),
        ("action_required", "HELD by ann: not here")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_one_of_two_branches_separates_them() {
    let rig = rig().await;
    let [first, second] = two_into_main(&rig).await;
    rig.say("ann", first, "/discuss vote ready").await;
    rig.say("joe", second, "/discuss hold: wait").await;
    assert_eq!(rig.conclusion(first), "action_required");
    rig.sandbox.advance(Duration::from_secs(2));
    let edit = FileEdit::write("notes.txt", "x");
    rig.sandbox
        .push("joe", DEMO_REPO, "again", "notes", &[edit])
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(first), "success", "{}", rig.title(first));
    assert_eq!(rig.title(second), "HELD by joe: wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_of_one_makes_no_other_green() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = rig_with(&model).await;
    let pulls = two_into_main(&rig).await;
    for (at, green) in [(0, false), (1, true)] {
        let summary = rig.summary(pulls[at]);
        let (_, rest) = summary.split_once("text `").unwrap();
        let text = rest.split('`').next().unwrap();
        let line = format!("/discuss override {text}: incident 114");
        rig.say("ann", pulls[at], &line).await;
        let (title, conclusion) = check(&rig, pulls);
        assert_eq!(conclusion == "success", green, "{title}");
        if !green {
            assert!(
                title.starts_with(&format!("REJECTED in #{} by security", pulls[1])),
                "{title}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_ours_take_others_of_the_branch_along() {
    // Replies are committed to the one branch that both have.
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "gate: {bases: [default, release]}\n").await;
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("ann", DEMO_REPO, "release", &main)
        .unwrap();
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let first = rig.open("rob", PATH, CACHE).await;
    let later = opened(&rig, "joe", "topic", "release", false);
    rig.settle().await;
    let pulls = [first, later];
    assert_eq!(check(&rig, pulls).1, "action_required");
    rig.say("joe", later, "/discuss hold: not into the release")
        .await;
    rig.say("ann", first, "/discuss vote ready").await;
    let (title, conclusion) = check(&rig, pulls);
    assert_eq!(conclusion, "action_required", "{title}");
    let ended = rig.ended_with("discussions");
    assert!(!ended.contains(&"success".to_owned()), "{ended:?}");
    rig.say("ann", later, "/discuss release").await;
    rig.say("ann", later, "/discuss vote ready").await;
    let (title, conclusion) = check(&rig, pulls);
    assert_eq!(conclusion, "success", "{title}");
    let summary = rig.summary(first);
    assert!(summary.contains("has the same branch"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_app_was_not_told_of_keeps_it_from_being_green_until_it_was_read() {
    let rig = rig().await;
    let first = rig.open("rob", PATH, CACHE).await;
    rig.sandbox.set_deliveries(DeliveryPlan {
        lose: Some((1_000, 1)),
        ..DeliveryPlan::default()
    });
    let later = opened(&rig, "joe", "topic", "release", false);
    rig.sandbox.wait_until_idle().await;
    rig.sandbox.set_deliveries(DeliveryPlan::default());
    rig.say("ann", first, "/discuss vote ready").await;
    let (title, conclusion) = check(&rig, [first, later]);
    assert_eq!(conclusion, "action_required", "{title}");
    assert!(title.contains(&format!("#{later}")), "{title}");
    let ended = rig.ended_with("discussions");
    assert!(!ended.contains(&"success".to_owned()), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_closes_leaves_no_run_in_progress() {
    for reply in ["review", "commit"] {
        let model = Arc::new(Scripted::gated());
        let rig = Rig::scripted(&model, &format!("replies: {reply}\n")).await;
        rig.propose("rob", PATH, CACHE);
        let number = rig.pull("rob", "topic");
        rig.until(|| model.calls().len() == 3).await;
        rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
        model.let_go();
        rig.settle().await;
        assert_eq!(rig.title(number), "SUPERSEDED: the pull request was closed");
        assert_eq!(rig.conclusion(number), "action_required", "{reply}");
        rig.sandbox.reopen("rob", DEMO_REPO, number).unwrap();
        rig.settle().await;
        assert!(
            rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
            "{}",
            rig.title(number)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_with_another_head_cost_nothing() {
    let rig = rig().await;
    let first = rig.open("rob", PATH, CACHE).await;
    rig.sandbox.reset_ledger();
    rig.say("ann", first, "/discuss status").await;
    let alone = rig.requests();
    let edit = FileEdit::write("notes.txt", "x");
    rig.sandbox
        .push("joe", DEMO_REPO, "elsewhere", "notes", &[edit])
        .unwrap();
    opened(&rig, "joe", "elsewhere", "main", false);
    rig.settle().await;
    rig.sandbox.reset_ledger();
    rig.say("ann", first, "/discuss status").await;
    assert!(
        rig.requests() <= alone,
        "{:#?}",
        rig.sandbox.ledger().requests
    );
}
