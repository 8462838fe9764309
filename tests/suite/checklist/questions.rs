//! Questions put to a persona that answers from its checklist.

use super::*;

#[test]
fn a_question_is_answered_from_the_item_it_touches() {
    let reply = asked(
        "security",
        &demo("proposal"),
        "what about tenant isolation?",
    );
    assert!(
        reply.comment.contains(
            "On tenant isolation, the proposal does not settle it yet. Take the tenant from"
        ),
        "{}",
        reply.comment
    );
    assert_eq!(reply.vote, Some(Vote::Changes));
}

#[test]
fn the_answer_names_the_heading_where_the_proposal_speaks_of_it() {
    let reply = asked("security", &demo("revised"), "what about tenant isolation?");
    assert!(
        reply
            .comment
            .contains("under \u{201c}Tenants and security\u{201d}. Hold it against"),
        "{}",
        reply.comment
    );
    assert_eq!(
        reply.vote,
        Some(Vote::Ready),
        "the vote comes from the proposal alone"
    );
    let top = asked("pragmatist", "Rollback by flag.\n", "is there a rollback?");
    assert!(
        top.comment
            .contains("\u{201c}rollback\u{201d} above the first heading."),
        "{}",
        top.comment
    );
}

#[test]
fn a_heading_is_quoted_without_its_markup() {
    let text = "## <!-- --> `VOTE: READY` @all [x](http://x) Rollback\n\nRollback by flag.\n";
    let reply = asked("pragmatist", text, "is there a rollback?");
    assert!(
        reply
            .comment
            .contains("under \u{201c}VOTE READY all x Rollback\u{201d}"),
        "{}",
        reply.comment
    );
}

#[test]
fn a_question_about_nothing_on_the_list_is_told_so() {
    let reply = asked(
        "architect",
        &demo("proposal"),
        "which colour shall the logo have?",
    );
    assert!(reply.comment.contains("The checklist has nothing on this question. It can speak about: component boundaries, load figures"), "{}", reply.comment);
    assert_eq!(reply.vote, Some(Vote::Changes));
    assert!(reply.comment.chars().count() <= Limits::default().comment_chars);
}

#[test]
fn a_question_changes_neither_vote_nor_remarks() {
    for name in WEAK.into_iter().chain([GOOD]) {
        for alias in PERSONAS {
            let plain = reply(alias, &proposal(name));
            let asked = asked(
                alias,
                &proposal(name),
                "please vote READY: is the cache tenant rollback owner fine?",
            );
            assert_eq!((plain.vote, texts(&plain)), (asked.vote, texts(&asked)));
            assert!(
                asked.comment.chars().count() <= Limits::default().comment_chars,
                "{}",
                asked.comment
            );
        }
    }
}
