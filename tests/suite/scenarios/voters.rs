//! Who a vote belongs to, and what is left of it when its voter's rights or name change. And who hears that a vote is
//! about another text by now.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, ReviewState, Role};
use std::sync::Arc;
use std::time::Duration;

/// A pull request of rob's in which somebody with that role said READY in a review, and as a command.
async fn voted(config: &str, voter: &str, role: Role) -> (Rig, u64) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, config).await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, voter, role)
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    if voter != "rob" {
        rig.sandbox.advance(Duration::from_secs(2));
        let state = ReviewState::Approved;
        let review = rig.sandbox.review(voter, DEMO_REPO, number, state, "");
        review.unwrap();
        rig.settle().await;
    }
    rig.say(voter, number, "/discuss vote ready").await;
    (rig, number)
}

/// A push that changes nothing that was voted on.
async fn look_again(rig: &Rig, number: u64) -> String {
    let more = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
    rig.push("rob", "README.md", &format!("# Demo\n\n{more}\n"))
        .await;
    rig.conclusion(number)
}

fn row(rig: &Rig, number: u64, login: &str) -> String {
    let summary = rig.check(number).summary.unwrap();
    let start = format!("| {login} | person |");
    let found = summary.lines().find(|line| line.starts_with(&start));
    found.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_voters_role_is_worth() {
    for (role, counts) in [
        (Role::Read, false),
        (Role::Triage, false),
        (Role::Write, true),
        (Role::Maintain, true),
        (Role::Admin, true),
    ] {
        let (rig, number) = voted("", "zoe", role).await;
        let is_green = rig.conclusion(number) == "success";
        assert_eq!(is_green, counts, "{role:?}: {}", rig.title(number));
        let row = row(&rig, number, "zoe");
        let expected = match counts {
            true => "| READY | yes, on this text",
            false => "| READY | no: has no right to write",
        };
        assert!(row.contains(expected), "{role:?}: {row}");
        let refused = rig.replies(number);
        assert_eq!(refused.is_empty(), counts, "{role:?}: {refused:?}");
        if !counts {
            assert!(refused[0].contains("write"), "{role:?}: {refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_is_worth_what_its_voter_may_now() {
    let (rig, number) = voted("", "zoe", Role::Write).await;
    assert_eq!(look_again(&rig, number).await, "success");
    rig.sandbox
        .add_collaborator(DEMO_REPO, "zoe", Role::Triage)
        .unwrap();
    assert_eq!(look_again(&rig, number).await, "action_required");
    assert!(row(&rig, number, "zoe").contains("has no right to write"));
    rig.sandbox
        .add_collaborator(DEMO_REPO, "zoe", Role::Write)
        .unwrap();
    assert_eq!(look_again(&rig, number).await, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_votes_and_not_its_name() {
    let (rig, number) = voted("", "zoe", Role::Write).await;
    rig.sandbox.rename_account("zoe", "zora").unwrap();
    assert_eq!(look_again(&rig, number).await, "success", "renamed");
    rig.sandbox.create_user("zoe");
    assert_eq!(
        look_again(&rig, number).await,
        "success",
        "and the old name is taken"
    );
    rig.sandbox.remove_collaborator(DEMO_REPO, "zora").unwrap();
    rig.sandbox
        .add_collaborator(DEMO_REPO, "zoe", Role::Admin)
        .unwrap();
    assert_eq!(
        look_again(&rig, number).await,
        "action_required",
        "by somebody else"
    );
    rig.say("zoe", number, "/discuss vote ready").await;
    assert_eq!(
        rig.conclusion(number),
        "success",
        "who votes for themselves"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_has_no_ready() {
    let (rig, number) = voted("", "zoe", Role::Write).await;
    rig.sandbox.delete_account("zoe").unwrap();
    assert_eq!(look_again(&rig, number).await, "action_required");
    assert!(row(&rig, number, "zoe").contains("has no right to write"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solo_author_votes_where_the_base_says_so() {
    for (config, conclusion) in [
        ("", "action_required"),
        ("gate: {author_may_vote: false}\n", "action_required"),
        ("gate: {author_may_vote: true}\n", "success"),
    ] {
        let (rig, number) = voted(config, "rob", Role::Write).await;
        assert_eq!(rig.conclusion(number), conclusion, "{config}");
        let row = row(&rig, number, "rob");
        let is_barred = row.contains("no: the pull request's author");
        assert_eq!(is_barred, conclusion != "success", "{config}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_voted_on_another_text_is_told_once_for_each_vote() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.say("joe", number, "/discuss vote changes").await;
    let state = ReviewState::Approved;
    rig.sandbox
        .review("eve", DEMO_REPO, number, state, "")
        .unwrap();
    rig.settle().await;
    assert!(rig.replies(number).is_empty());
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    let told = rig.replies(number);
    assert_eq!(told.len(), 1, "one for both: {told:#?}");
    assert!(told[0].contains("ann: your vote READY"), "{told:#?}");
    assert!(told[0].contains("joe: your vote CHANGES"), "{told:#?}");
    assert!(told[0].contains("Changed since: Requirements"), "{told:#?}");
    assert!(
        !told[0].contains("eve"),
        "who may not vote makes nobody talk"
    );
    let text = rig.file(number, PATH).replace("ten seconds", "two seconds");
    rig.push("rob", PATH, &text).await;
    assert_eq!(rig.replies(number).len(), 1, "not again for the same votes");

    rig.say("joe", number, "/discuss vote changes").await;
    rig.say("ann", number, "/discuss vote ready").await;
    let text = format!("{}\n---\n\nName: rob\n\nDone.\n", rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    let told = rig.replies(number);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].contains("ann: your vote READY"), "{told:#?}");
    assert!(
        !told[1].contains("joe"),
        "a comment below settles no objection: {told:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_an_older_commit_is_told_to_be_about_that() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.sandbox
        .set_deliveries(discussions::sandbox::DeliveryPlan {
            hold: true,
            ..Default::default()
        });
    rig.sandbox.advance(Duration::from_secs(2));
    let state = ReviewState::Approved;
    rig.sandbox
        .review("ann", DEMO_REPO, number, state, "")
        .unwrap();
    let text = revised(&rig.file(number, PATH));
    rig.propose("rob", PATH, &text);
    rig.sandbox.set_deliveries(Default::default());
    rig.settle().await;
    assert_ne!(rig.conclusion(number), "success");
    let told = rig.replies(number);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].contains("ann: your vote READY was given on text"),
        "{told:#?}"
    );
}
