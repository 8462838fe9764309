//! Order and delay of deliveries: a vote binds to what its voter could see, whenever we hear of it.
//!
//! GitHub's clock is not moved here before the votes are cast: they must come after what their voters could see and
//! before what they could not, by both clocks.

use super::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, DeliveryPlan, FileEdit, Oid, ReviewState};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// Cases that run at the same time.
const AT_ONCE: usize = 6;
/// GitHub keeps a delivery for three days.
const ALMOST_FORGOTTEN: Duration = Duration::from_secs(3 * 24 * 60 * 60 - 60);

/// What happens on GitHub, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Another text is pushed.
    Push,
    /// Ann votes READY.
    Vote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Comment,
    Review,
}

/// Which deliveries are withheld for three days, and in which order they come then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Withheld {
    pushes: bool,
    vote: bool,
    newest_first: bool,
}

const HEARD: Withheld = Withheld {
    pushes: false,
    vote: false,
    newest_first: false,
};

#[derive(Debug, Clone, Copy)]
struct Case {
    steps: &'static [Step],
    by: By,
    withheld: Withheld,
}

/// The text with this many seconds in its requirement.
fn text(rig: &Rig, number: u64, seconds: usize) -> String {
    let now = rig.file(number, PATH);
    let at = now.find("visible after ").unwrap();
    let end = at + now[at..].find(".\n").unwrap();
    format!(
        "{}visible after {seconds} seconds{}",
        &now[..at],
        &now[end..]
    )
}

/// How the requirement reads at a commit.
fn reads(rig: &Rig, at: &Oid) -> String {
    let bytes = rig.sandbox.file(DEMO_REPO, at.as_str(), PATH).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let from = text.find("visible after ").unwrap();
    text[from..].lines().next().unwrap().to_owned()
}

/// The text that people could read: of the newest head that was judged.
fn published(rig: &Rig) -> String {
    let judged = rig
        .sandbox
        .ledger()
        .effects
        .into_iter()
        .rev()
        .find(|effect| {
            let title = effect.data["title"].as_str().unwrap_or_default();
            effect.data["status"] == "completed" && !title.starts_with("SUPERSEDED")
        });
    let head = Oid::parse(&judged.unwrap().target).unwrap();
    reads(rig, &head)
}

fn lose(rig: &Rig, lost: bool) {
    rig.sandbox.set_deliveries(DeliveryPlan {
        lose: lost.then_some((1_000, 1)),
        ..DeliveryPlan::default()
    });
}

/// GitHub's times have whole seconds: what comes now is later than everything before, and earlier than what follows.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// Plays a case. `Err`: the vote counts where it must not, or the other way round.
async fn play(case: Case) -> Result<(), String> {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "rounds: 20\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let mut seen = String::new();
    let mut heads: Vec<Oid> = vec![rig.sandbox.pull(DEMO_REPO, number).unwrap().head];
    for (at, step) in case.steps.iter().enumerate() {
        next_second().await;
        match step {
            Step::Push => {
                lose(&rig, case.withheld.pushes);
                let edit = FileEdit::write(PATH, text(&rig, number, at + 10));
                rig.sandbox
                    .push("rob", DEMO_REPO, "topic", "revise", &[edit])
                    .unwrap();
            }
            Step::Vote => {
                lose(&rig, case.withheld.vote);
                let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
                match case.by {
                    By::Comment => {
                        seen = published(&rig);
                        rig.sandbox
                            .comment("ann", DEMO_REPO, number, "/discuss vote ready")
                            .unwrap();
                    }
                    By::Review => {
                        seen = reads(&rig, &head);
                        rig.sandbox
                            .review("ann", DEMO_REPO, number, ReviewState::Approved, "fine")
                            .unwrap();
                    }
                }
            }
        }
        rig.settle().await;
        heads.push(rig.sandbox.pull(DEMO_REPO, number).unwrap().head);
    }
    rig.sandbox.advance(ALMOST_FORGOTTEN);
    lose(&rig, false);
    redeliver(&rig, case.withheld.newest_first).await;
    let mut wrong = Vec::new();
    judge(&rig, number, &seen, "at the end", &mut wrong);
    // Back to every text there was: the vote counts for the one its voter saw and for no other.
    for head in heads.iter().rev() {
        rig.sandbox
            .force_push("rob", DEMO_REPO, "topic", head)
            .unwrap();
        rig.settle().await;
        // Going back drops replies; after three times somebody has to say that they are wanted back.
        if rig.title(number).starts_with("HELD: pushes dropped") {
            rig.say("rob", number, "/discuss restore").await;
        }
        judge(
            &rig,
            number,
            &seen,
            &format!("back at {}", &head.as_str()[..7]),
            &mut wrong,
        );
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{case:?}\n  she saw {seen:?}\n  {}",
            wrong.join("\n  ")
        )),
    }
}

/// What was lost comes with the guids it had, later than everything else.
async fn redeliver(rig: &Rig, newest_first: bool) {
    let deliveries = rig.sandbox.deliveries();
    let lost = deliveries.iter().filter(|one| {
        one.status_code == 502
            && matches!(
                one.event.as_str(),
                "pull_request" | "issue_comment" | "pull_request_review"
            )
    });
    let mut lost: Vec<String> = lost.map(|one| one.guid.clone()).collect();
    if newest_first {
        lost.reverse();
    }
    for guid in lost {
        assert!(rig.sandbox.redeliver(&guid));
        rig.settle().await;
    }
}

fn judge(rig: &Rig, number: u64, seen: &str, when: &str, wrong: &mut Vec<String>) {
    let now = reads(rig, &rig.sandbox.pull(DEMO_REPO, number).unwrap().head);
    let must_count = now == seen;
    let title = rig.title(number);
    let is_green = rig.conclusion(number) == "success";
    if is_green != must_count || rig.mergeable(number) != must_count {
        wrong.push(format!("{when}, on {now:?}: {title}"));
    }
}

fn cases(steps: &'static [Step]) -> Vec<Case> {
    let mut withheld = vec![HEARD];
    for (pushes, vote, newest_first) in [
        (true, false, false),
        (false, true, false),
        (true, true, false),
        (true, true, true),
    ] {
        withheld.push(Withheld {
            pushes,
            vote,
            newest_first,
        });
    }
    let all = withheld.into_iter().flat_map(|withheld| {
        [By::Comment, By::Review].map(|by| Case {
            steps,
            by,
            withheld,
        })
    });
    all.collect()
}

async fn play_all(steps: &'static [Step]) {
    let cases = cases(steps);
    println!("{} cases of {steps:?}", cases.len());
    let played = futures::stream::iter(cases)
        .map(play)
        .buffer_unordered(AT_ONCE);
    let wrong: Vec<String> = played
        .filter_map(|played| async { played.err() })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_before_a_push_never_counts_for_what_was_pushed() {
    play_all(&[Step::Vote, Step::Push]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_after_a_push_counts_for_it_if_it_could_be_seen() {
    play_all(&[Step::Push, Step::Vote]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_between_two_pushes_counts_for_the_first_at_most() {
    play_all(&[Step::Push, Step::Vote, Step::Push]).await;
}
