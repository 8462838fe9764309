//! Whose act takes which vote back: every way of giving a vote, everything that can happen to it, by its voter and by
//! somebody else with write, told in order and told backwards.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, ReviewState, Role};
use std::sync::Arc;
use std::time::Duration;

/// How a vote is given.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Given {
    Comment,
    /// By the state of a review; REJECT has none.
    Review,
    /// By a command in a review that only comments.
    ReviewBody,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Delete,
    /// The words of the vote go.
    EditAway,
    /// Other words go or come.
    EditAround,
    Dismiss,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Becomes {
    /// Shown and not counted.
    Gone,
    /// Counted as before.
    Stands,
    /// Counted, and the check says who did what.
    Named(&'static str),
}

use Act::{Delete, Dismiss, EditAround, EditAway};
use Becomes::{Gone, Named, Stands};
use Given::{Comment, Review, ReviewBody};

/// (given, act, any vote by its voter's act, a READY by another's, an objection by another's)
const TABLE: [(Given, Act, Becomes, Becomes, Becomes); 7] = [
    (Comment, Delete, Gone, Gone, Named("deleted by joe")),
    (Comment, EditAway, Gone, Gone, Named("edited by joe")),
    (Comment, EditAround, Stands, Gone, Named("edited by joe")),
    (Review, Dismiss, Gone, Gone, Named("dismissed by joe")),
    (Review, EditAround, Stands, Gone, Named("edited by joe")),
    (ReviewBody, EditAway, Gone, Gone, Named("edited by joe")),
    (ReviewBody, EditAround, Stands, Gone, Named("edited by joe")),
];

/// Gives the vote; the body it stands in, and its id.
fn give(rig: &Rig, number: u64, given: Given, vote: &str) -> (String, u64) {
    let line = format!("/discuss vote {}", vote.to_lowercase());
    let review = |state, body: &str| {
        let id = rig.sandbox.review("ann", DEMO_REPO, number, state, body);
        (body.to_owned(), id.unwrap())
    };
    match given {
        Comment => {
            let id = rig.sandbox.comment("ann", DEMO_REPO, number, &line);
            (line, id.unwrap())
        }
        ReviewBody => review(ReviewState::Commented, &line),
        Review if vote == "READY" => review(ReviewState::Approved, "I read it."),
        Review => review(ReviewState::ChangesRequested, "I read it."),
    }
}

fn happens(rig: &Rig, number: u64, row: (Given, Act), who: &str, body: &str, id: u64) {
    let sandbox = &rig.sandbox;
    let edited = match row.1 {
        EditAround => format!("{body}\n\nThat is all.\n"),
        _ => "Never mind.".to_owned(),
    };
    match row {
        (_, Delete) => sandbox.delete_comment(who, DEMO_REPO, id),
        (_, Dismiss) => sandbox.dismiss_review(who, DEMO_REPO, number, id),
        (Comment, _) => sandbox.edit_comment(who, DEMO_REPO, id, &edited),
        _ => sandbox.edit_review(who, DEMO_REPO, id, &edited),
    }
    .unwrap();
}

/// Ann's line in the table of votes.
fn row(rig: &Rig, number: u64) -> String {
    let summary = rig.check(number).summary.unwrap();
    let found = summary.lines().find(|line| line.starts_with("| ann |"));
    found.unwrap_or_else(|| panic!("{summary}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_on_every_vote_by_its_voter_and_by_another_in_both_orders() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    let mut cases = 0;
    for (given, act, by_voter, ready_by_other, objection_by_other) in TABLE {
        for vote in ["READY", "CHANGES", "REJECT"] {
            if given == Review && vote == "REJECT" {
                continue;
            }
            for (who, backwards) in [("ann", false), ("joe", false), ("ann", true), ("joe", true)] {
                cases += 1;
                let case = format!("{vote} by {given:?}, {act:?} by {who}, backwards: {backwards}");
                rig.sandbox.advance(Duration::from_secs(2));
                if backwards {
                    rig.sandbox.set_deliveries(DeliveryPlan {
                        lose: Some((1000, 1)),
                        ..DeliveryPlan::default()
                    });
                }
                let (body, id) = give(&rig, number, given, vote);
                rig.settle().await;
                let told = rig.sandbox.deliveries().pop().unwrap().guid;
                rig.sandbox.set_deliveries(DeliveryPlan::default());
                if !backwards {
                    let row = row(&rig, number);
                    let counts = format!("| {vote} | yes, on this text");
                    assert!(row.contains(&counts), "{case}, before: {row}");
                }
                rig.sandbox.advance(Duration::from_secs(2));
                happens(&rig, number, (given, act), who, &body, id);
                rig.settle().await;
                if backwards {
                    assert!(rig.sandbox.redeliver(&told));
                    rig.settle().await;
                }
                let expected = match (who, vote) {
                    ("ann", _) => by_voter,
                    (_, "READY") => ready_by_other,
                    _ => objection_by_other,
                };
                let row = row(&rig, number);
                let is_as_expected = match expected {
                    Gone => row.contains(&format!("| {vote} | no: ")),
                    Stands => {
                        row.contains(&format!("| {vote} | yes, on this text"))
                            && !row.contains("it stands until")
                    }
                    Named(how) => row.contains(&format!(
                        "| {vote} | yes, on this text; {how}; it stands until ann votes again"
                    )),
                };
                assert!(is_as_expected, "{case}, expected {expected:?}: {row}");
                rig.say("ann", number, "/discuss vote withdraw").await;
            }
        }
    }
    println!("{cases} acts on votes");
    assert_eq!(cases, 76);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_review_takes_the_vote_in_its_text_along() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.sandbox.advance(Duration::from_secs(2));
    let body = "/discuss vote ready: twice is better";
    let review = rig
        .sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, body)
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.sandbox
        .dismiss_review("rob", DEMO_REPO, number, review)
        .unwrap();
    rig.settle().await;
    assert_ne!(rig.conclusion(number), "success", "{}", rig.title(number));
}
