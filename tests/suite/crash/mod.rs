//! The real server killed, stopped and started again: what was acknowledged is done, and done once.

mod door;
mod receive;

use crate::support::stand::{Left, Stand};
use discussions::sandbox::{Chance, EffectKind, Fault, FaultKind, Matcher};
use std::time::Duration;

/// Longer than any test waits: the answer never comes.
const NEVER: Duration = Duration::from_secs(600);

/// GitHub carries out the next such request and does not answer it: whoever waits for it can be killed at leisure.
fn hang(stand: &Stand, matcher: Matcher) {
    stand
        .sandbox
        .fault(Fault::once(matcher, FaultKind::Delay(NEVER)));
}

fn rest(method: &str, route: &str) -> Matcher {
    Matcher::Rest(method.to_owned(), route.to_owned())
}

const CHECKS: &str = "/repos/{owner}/{repo}/check-runs";
const CHECK: &str = "/repos/{owner}/{repo}/check-runs/{check_run_id}";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const COMMENT: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_right_after_the_202_does_everything_after_its_restart() {
    let mut stand = Stand::start().await;
    hang(&stand, Matcher::Any);
    let number = stand.propose();
    stand.acknowledged("pull_request", "opened").await;
    stand.kill();
    assert_eq!(stand.count(EffectKind::Commit), 0, "killed before any work");
    stand.sandbox.clear_faults();
    stand.start_server().await;
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_a_write_finds_out_after_its_restart_that_it_was_made() {
    let writes = [
        ("the check in progress", rest("POST", CHECKS), 0),
        (
            "the commit",
            Matcher::Graphql("CommitReplies".to_owned()),
            0,
        ),
        ("the check on the new head", rest("POST", CHECKS), 1),
        ("the status comment", rest("POST", COMMENTS), 0),
    ];
    for (write, matcher, after) in writes {
        let mut stand = Stand::start().await;
        stand.sandbox.fault(Fault {
            after,
            ..Fault::once(matcher, FaultKind::Delay(NEVER))
        });
        let number = stand.propose();
        let hit = |stand: &Stand| match write {
            "the commit" => stand.count(EffectKind::Commit) == 1,
            "the status comment" => stand.left(number).statuses == 1,
            _ => stand.count(EffectKind::CheckCreated) == usize::try_from(after).unwrap() + 1,
        };
        stand.until(write, || hit(&stand)).await;
        stand.kill();
        stand.start_server().await;
        stand.settle(number).await;
        assert_eq!(stand.left(number), Left::after_one_round(), "{write}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_once_although_the_server_is_killed_twice() {
    let mut stand = Stand::start().await;
    let number = stand.propose();
    stand.settle(number).await;
    stand.start_server().await;
    hang(&stand, Matcher::Any);
    stand.say(
        "rob",
        number,
        "/discuss @security what about tenant isolation?",
    );
    // The first is our own status comment.
    stand
        .acknowledged_times("issue_comment", "created", 2)
        .await;
    stand.kill();
    stand.sandbox.clear_faults();
    hang(&stand, rest("POST", COMMENTS));
    stand.start_server().await;
    stand
        .until("the answer is posted", || {
            stand.count(EffectKind::CommentCreated) == 1
        })
        .await;
    stand.kill();
    stand.start_server().await;
    stand.settle(number).await;
    let mut expected = Left::after_one_round();
    expected.commits = 2;
    expected.comments = 1;
    expected.blocks.insert("AI-Security".to_owned(), 2);
    assert_eq!(stand.left(number), expected);
}

/// Moments at which a server is killed, and how many of them at the same time.
const MOMENTS: u64 = 15;
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_with_answers_lost_everything_comes_to_the_same_end() {
    use futures::StreamExt;
    futures::stream::iter(0..MOMENTS)
        .for_each_concurrent(AT_ONCE, killed_at_a_moment)
        .await;
}

/// A fifth of all writes is carried out and not answered, and in the midst of it the server is killed.
async fn killed_at_a_moment(seed: u64) {
    let delay = u64::try_from(Chance::new(seed).below(400)).unwrap();
    let mut stand = Stand::start().await;
    // One die for each kind of write, so that a seed means the same whichever write comes first. Tokens are left alone:
    // a new one changes nothing on GitHub, and each costs a try.
    let writes = [
        rest("POST", CHECKS),
        rest("PATCH", CHECK),
        Matcher::Graphql("CommitReplies".to_owned()),
        rest("POST", COMMENTS),
        rest("PATCH", COMMENT),
    ];
    for (number, write) in (0..).zip(writes) {
        let fault = Fault::sometimes(write, FaultKind::ApplyThenDrop, 200, seed * 10 + number);
        stand.sandbox.fault(fault);
    }
    let number = stand.propose();
    stand.acknowledged("pull_request", "opened").await;
    tokio::time::sleep(Duration::from_millis(delay)).await;
    stand.kill();
    stand.start_server().await;
    stand.settle(number).await;
    let left = stand.left(number);
    let said = format!("seed {seed}, killed after {delay} ms:\n{}", stand.log());
    assert_eq!(left, Left::after_one_round(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_told_to_stop_finishes_its_round_and_loses_nothing() {
    let mut stand = Stand::start().await;
    let slow = FaultKind::Delay(Duration::from_secs(1));
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    stand.sandbox.fault(Fault::once(commit, slow));
    let number = stand.propose();
    stand
        .until("the round is being committed", || {
            stand.count(EffectKind::Commit) == 1
        })
        .await;
    let ended = stand.terminate().await;
    assert_eq!(ended.code(), Some(0), "{}", stand.log());
    assert_eq!(stand.left(number), Left::after_one_round());
    stand.start_server().await;
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 20 s: waits until the server gives up waiting"]
async fn what_does_not_finish_in_time_is_given_back_for_the_next_server() {
    let mut stand = Stand::start().await;
    hang(&stand, Matcher::Graphql("CommitReplies".to_owned()));
    let number = stand.propose();
    stand
        .until("the round is being committed", || {
            stand.count(EffectKind::Commit) == 1
        })
        .await;
    let ended = stand.terminate().await;
    assert_eq!(ended.code(), Some(0), "{}", stand.log());
    stand.start_server().await;
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_told_to_stop_while_it_starts_ends_in_order() {
    let mut stand = Stand::build().await;
    stand.begin_server().await;
    let ended = stand.terminate().await;
    assert_eq!(ended.code(), Some(0), "{ended}: {}", stand.log());
}
