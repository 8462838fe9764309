//! What `notify` makes of it: nothing, one comment that is edited in silence, or a line for each change of state.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, ReviewState};
use std::sync::Arc;

/// A pull request by rob that every persona is for, and ann too.
async fn voted(config: &str) -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    (rig, number)
}

async fn revise(rig: &Rig, number: u64) {
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_means_that_the_check_alone_says_it() {
    let (rig, number) = voted("notify: never\n").await;
    revise(&rig, number).await;
    assert!(rig.statuses(number).is_empty());
    assert_eq!(rig.replies(number), [] as [&str; 0], "not even to ann");
    let summary = rig.summary(number);
    assert!(summary.contains("ann votes again"), "{summary}");
    rig.say("ann", number, "/discuss status").await;
    assert_eq!(rig.replies(number).len(), 1, "who asks gets an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_from_before_never_says_that_it_is_not_kept_up_to_date() {
    let (rig, number) = voted("").await;
    rig.configure("notify: never\n").await;
    revise(&rig, number).await;
    assert_eq!(rig.state_line(number), "See the check discussions");
    let (posted, edited) = rig.status_writes();
    revise_again(&rig, number).await;
    assert_eq!(rig.status_writes(), (posted, edited));
    rig.configure("").await;
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert_eq!(rig.state_line(number), rig.title(number));
}

async fn revise_again(rig: &Rig, number: u64) {
    let text = rig.file(number, PATH).replace("ten seconds", "two seconds");
    rig.push("rob", PATH, &text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_change_calls_nobody_but_the_voter_whom_the_text_left_behind() {
    let (rig, number) = voted("notify: on-change\n").await;
    assert_eq!(rig.replies(number), [] as [&str; 0]);
    revise(&rig, number).await;
    let told = rig.replies(number);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("@ann: your vote READY"), "{told:#?}");
    let others = told[0].replacen("@ann", "", 1);
    assert!(
        !others.contains('@') && !rig.status(number).contains('@'),
        "{told:#?}"
    );
    revise_again(&rig, number).await;
    assert_eq!(rig.replies(number).len(), 1, "once for that text");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_voted_twice_on_a_text_is_told_once_that_it_is_gone() {
    let (rig, number) = voted("").await;
    let (first, second) = (rig.file(number, PATH), revised(&rig.file(number, PATH)));
    rig.push("rob", PATH, &second).await;
    assert_eq!(rig.replies(number).len(), 1);
    rig.push("rob", PATH, &first).await;
    rig.sandbox.advance(std::time::Duration::from_secs(2));
    rig.sandbox
        .review("ann", DEMO_REPO, number, ReviewState::Approved, "")
        .unwrap();
    rig.settle().await;
    rig.push("rob", PATH, &second).await;
    assert_eq!(rig.replies(number).len(), 1, "{:#?}", rig.replies(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn always_tells_each_change_of_state_in_a_line_and_folds_the_older_ones_away() {
    let (rig, number) = voted("notify: always\n").await;
    let address = {
        let id = rig.statuses(number)[0].0;
        format!("/pull/{number}#issuecomment-{id})")
    };
    let told = rig.replies(number);
    assert_eq!(
        told.len(),
        1,
        "the first state is told by the comment itself: {told:#?}"
    );
    assert!(
        told[0].contains("**READY: 4 of 4 ready") && told[0].contains(&address),
        "{told:#?}"
    );
    rig.push("rob", "README.md", "# Demo\n\nMore.\n").await;
    assert_eq!(rig.replies(number).len(), 1, "the state is the same");
    rig.say("ann", number, "/discuss vote reject").await;
    let told = rig.replies(number);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].contains("**REJECTED by ann**"), "{told:#?}");
    let folded = rig.folded(number);
    assert_eq!(folded.len(), 1, "{folded:#?}");
    assert!(folded[0].contains("**READY"), "{folded:#?}");
}
