//! Moving through the phases after a round.

use discussions::engine::phase::{RoundEnd, after_round, in_order, left_out};
use discussions::engine::template::{Advance, Template, Templates};
use discussions::engine::vote::Vote::{self, Changes, Ready, Reject};

fn feature() -> Template {
    Templates::built_in().get("feature").unwrap().clone()
}

fn after(template: &Template, phase: &str, votes: &[Option<Vote>]) -> String {
    let end = RoundEnd {
        owed_votes: votes,
        blocking_concern_open: false,
        ready_holds: false,
    };
    after_round(template, phase, &end)
}

#[test]
fn a_flawless_proposal_goes_straight_to_the_vote() {
    let ready = [Some(Ready), Some(Ready)];
    assert_eq!(
        after(&feature(), "initial_feedback", &ready),
        "consensus_vote"
    );
    assert_eq!(
        after(&feature(), "detailed_review", &ready),
        "consensus_vote"
    );
}

#[test]
fn changes_moves_one_step() {
    let votes = [Some(Ready), Some(Changes)];
    assert_eq!(
        after(&feature(), "initial_feedback", &votes),
        "detailed_review"
    );
}

#[test]
fn an_open_blocking_concern_allows_one_step_only() {
    let end = RoundEnd {
        owed_votes: &[Some(Ready), Some(Ready)],
        blocking_concern_open: true,
        ready_holds: false,
    };
    assert_eq!(
        after_round(&feature(), "initial_feedback", &end),
        "detailed_review"
    );
}

#[test]
fn a_missing_vote_a_reject_or_an_empty_panel_stays() {
    for votes in [
        &[Some(Ready), None][..],
        &[Some(Ready), Some(Reject)],
        &[None],
        &[],
    ] {
        assert_eq!(
            after(&feature(), "initial_feedback", votes),
            "initial_feedback"
        );
    }
}

#[test]
fn a_voting_phase_moves_when_ready_holds_and_the_last_never() {
    let brainstorm = Templates::built_in().get("brainstorm").unwrap().clone();
    let end = |ready_holds| RoundEnd {
        owed_votes: &[Some(Ready)],
        blocking_concern_open: false,
        ready_holds,
    };
    assert_eq!(after_round(&brainstorm, "cluster", &end(true)), "sketch");
    assert_eq!(after_round(&brainstorm, "cluster", &end(false)), "cluster");
    assert_eq!(after_round(&brainstorm, "decide", &end(true)), "decide");
    assert_eq!(after_round(&brainstorm, "seed", &end(false)), "cluster");
}

#[test]
fn only_a_person_ends_or_passes_a_manual_phase() {
    let mut template = feature();
    let ready = [Some(Ready)];
    let set_manual = |template: &mut Template, phase: &str| {
        template.phases.get_mut(phase).unwrap().advance = Advance::Manual;
    };
    set_manual(&mut template, "detailed_review");
    assert_eq!(
        after(&template, "initial_feedback", &ready),
        "detailed_review"
    );
    assert_eq!(
        after(&template, "detailed_review", &ready),
        "detailed_review"
    );
}

#[test]
fn an_unknown_phase_stays() {
    assert_eq!(
        after(&feature(), "no_such_phase", &[Some(Ready)]),
        "no_such_phase"
    );
}

#[test]
fn a_step_leaves_out_the_votes_between_and_going_back_leaves_none() {
    let mut template = feature();
    template.phases.get_mut("detailed_review").unwrap().voting = true;
    let mut aside = template.phases["consensus_vote"].clone();
    aside.name = "aside".to_owned();
    template.phases.insert("aside".to_owned(), aside);
    for (from, to, has_passed, want) in [
        ("initial_feedback", "detailed_review", false, ""),
        (
            "initial_feedback",
            "consensus_vote",
            false,
            "detailed_review",
        ),
        (
            "detailed_review",
            "consensus_vote",
            false,
            "detailed_review",
        ),
        ("detailed_review", "consensus_vote", true, ""),
        ("consensus_vote", "initial_feedback", false, ""),
        // Nobody knows what lies between a phase that is not on the way and those that are.
        ("detailed_review", "aside", true, "consensus_vote"),
        ("aside", "consensus_vote", false, "aside, detailed_review"),
    ] {
        let left = left_out(&template, from, to, has_passed).join(", ");
        assert_eq!(left, want, "from {from} to {to}, passed: {has_passed}");
    }
    let order = in_order(&template).join(", ");
    assert_eq!(
        order,
        "initial_feedback, detailed_review, consensus_vote, aside"
    );
}
