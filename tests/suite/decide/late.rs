//! Which concerns come late.

use super::values::{alias, discussion, item, persona};
use discussions::engine::late::{Answered, is_late};
use discussions::engine::ledger::{ItemKind, Ledger};
use discussions::engine::persona::PersonaKind;
use discussions::engine::reply::{
    Anchor, Limits, Reply, ReplyConcern, has_waiting, notes_of_late, render,
};
use discussions::engine::subject;
use discussions::engine::template::{Advance, Fraction, Phase};
use discussions::engine::vote::Vote;

fn phase(voting: bool) -> Phase {
    Phase {
        name: "now".to_owned(),
        goal: String::new(),
        instructions: String::new(),
        voting,
        ready: Fraction::TWO_THIRDS,
        next: None,
        max_rounds: None,
        advance: Advance::Auto,
    }
}

fn proposal(context: &str, requirements: &str) -> String {
    let text = format!(
        "<!-- DISCUSSION -->\n<!-- Title: T -->\n\nFirst words.\n\n## Context\n\n{context}\n\n## Requirements\n\n{requirements}\n"
    );
    subject::proposal(&discussion(&text), None)
}

#[test]
fn a_concern_is_late_in_a_voting_phase_about_what_has_not_changed() {
    let before = proposal("Pages are slow.", "Within 50 ms.");
    let other = proposal("Pages are slow.", "Within 20 ms.");
    let twice = proposal("Pages are slow. Within 20 ms.", "Within 20 ms.");
    for (what, voting, before, now, words, late) in [
        (
            "never answered",
            true,
            None,
            &other,
            Some("Pages are slow"),
            false,
        ),
        (
            "not a voting phase",
            false,
            Some(&before),
            &other,
            Some("Pages are slow"),
            false,
        ),
        (
            "an unchanged section",
            true,
            Some(&before),
            &other,
            Some("Pages are slow"),
            true,
        ),
        (
            "the introduction",
            true,
            Some(&before),
            &other,
            Some("First words"),
            true,
        ),
        (
            "the changed section",
            true,
            Some(&before),
            &other,
            Some("20 ms"),
            false,
        ),
        (
            "words that stand nowhere",
            true,
            Some(&before),
            &other,
            Some("caches"),
            false,
        ),
        (
            "about nothing in particular",
            true,
            Some(&before),
            &other,
            None,
            false,
        ),
        (
            "blank words",
            true,
            Some(&before),
            &other,
            Some("  "),
            false,
        ),
        (
            "words in both",
            true,
            Some(&before),
            &twice,
            Some("Within 20 ms"),
            false,
        ),
        (
            "nothing has changed",
            true,
            Some(&before),
            &before,
            None,
            true,
        ),
        (
            "nothing has changed, words given",
            true,
            Some(&before),
            &before,
            Some("50 ms"),
            true,
        ),
        (
            "nothing has changed, no vote",
            false,
            Some(&before),
            &before,
            None,
            false,
        ),
    ] {
        let answered = Answered {
            before: before.map(String::as_str),
            now,
        };
        assert_eq!(is_late(&phase(voting), answered, words), late, "{what}");
    }
}

fn reply(vote: Vote, text: &str) -> Reply {
    Reply {
        comment: "Read.".to_owned(),
        vote: Some(vote),
        concerns: vec![ReplyConcern {
            text: text.to_owned(),
            minor: false,
        }],
        anchors: vec![Anchor {
            remark: text.to_owned(),
            words: "Pages are slow".to_owned(),
        }],
        ..Reply::default()
    }
}

#[test]
fn a_late_concern_is_a_note_and_demotes_no_vote() {
    let security = persona("security", PersonaKind::Voting);
    for vote in [Vote::Ready, Vote::Changes, Vote::Reject] {
        let mut reply = reply(vote, "Tenants share keys.");
        let ledger = Ledger::default();
        notes_of_late(&security, &mut reply, &ledger, &|words| {
            words == Some("Pages are slow")
        });
        let rendered = render(&security, &reply, &ledger, None, None, Limits::default());
        assert_eq!(rendered.vote, Some(vote));
        let line = "CONCERN: (minor) Late, a note: Tenants share keys.";
        assert!(rendered.block.contains(line), "{}", rendered.block);
        assert_eq!(rendered.anchors.len(), 1, "it still stands on its words");
    }
}

#[test]
fn what_is_open_already_is_not_late_and_is_not_raised_again() {
    let security = persona("security", PersonaKind::Voting);
    let mut ledger = Ledger::default();
    let open = item(
        ItemKind::Concern,
        "C1",
        "security",
        true,
        "Tenants share keys.",
    );
    ledger.concerns.push(open);
    let mut reply = reply(Vote::Changes, "Tenants share keys.");
    notes_of_late(&security, &mut reply, &ledger, &|_| true);
    let rendered = render(&security, &reply, &ledger, None, None, Limits::default());
    assert!(!rendered.block.contains("Late"), "{}", rendered.block);
    assert!(!rendered.block.contains("CONCERN"), "{}", rendered.block);
    assert_eq!(alias("security"), security.alias);
}

#[test]
fn a_block_says_what_waits_for_its_turn() {
    let security = persona("security", PersonaKind::Voting);
    let mut reply = reply(Vote::Changes, "One.");
    for text in ["Two.", "Three.", "Four."] {
        reply.concerns.push(ReplyConcern {
            text: text.to_owned(),
            minor: false,
        });
    }
    let block = |reply: &Reply| {
        let ledger = Ledger::default();
        render(&security, reply, &ledger, None, None, Limits::default()).block
    };
    assert!(has_waiting(&block(&reply)));
    reply.concerns.pop();
    assert!(!has_waiting(&block(&reply)));
}
