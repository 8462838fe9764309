//! The votes of one discussion as a table, and who sees it otherwise than most.

use super::title::counted;
use super::{DiscussionView, VoteView};
use crate::bot::access::Need;
use crate::bot::command::path_word;
use crate::bot::markdown::{code_cell, inline, link, shorten};
use crate::engine::consensus::{DISPUTED_AFTER, Owed};
use crate::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use std::fmt::Write;

/// Votes shown that are only typed into the file: a file may be full of them.
const MAX_TYPED: usize = 20;
/// Characters of a note in the table.
const MAX_NOTE: usize = 400;

/// Every vote and whether it counts, and who owes one.
pub(in crate::bot) fn table(text: &mut String, view: &DiscussionView) {
    let has_voted = |alias: &str| view.votes.iter().any(|vote| is_persona(&vote.entry, alias));
    let silent = view
        .owed
        .iter()
        .filter(|(alias, _)| !has_voted(alias.as_str()));
    let (typed, given): (Vec<&VoteView>, Vec<&VoteView>) =
        view.votes.iter().partition(|vote| is_typed(vote));
    let more = typed.len().saturating_sub(MAX_TYPED);
    let rows: Vec<String> = given
        .into_iter()
        .chain(typed.into_iter().take(MAX_TYPED))
        .map(|vote| vote_row(view, vote))
        .chain(silent.map(|(alias, owed)| owed_row(view, alias.as_str(), owed)))
        .collect();
    if rows.is_empty() {
        text.push_str("\nNobody has voted yet.\n");
        return;
    }
    text.push_str("\n| Who | Kind | Vote | Counts | Where |\n|---|---|---|---|---|\n");
    for row in rows {
        let _ = writeln!(text, "{row}");
    }
    if more > 0 {
        let votes = counted(more, "vote", "votes");
        let _ = writeln!(
            text,
            "\nAnd {votes} more that somebody typed into the file; none is counted."
        );
    }
}

/// Whether it stands in the file and nowhere else.
fn is_typed(vote: &VoteView) -> bool {
    let why = vote.entry.not_counted;
    let as_typed = [
        NotCounted::Unsigned,
        NotCounted::Unconfirmed,
        NotCounted::History,
        NotCounted::Unclear,
    ];
    vote.link.is_none() && why.is_some_and(|why| as_typed.contains(&why))
}

/// A person may bear a persona's name as login.
fn is_persona(entry: &VoteEntry, alias: &str) -> bool {
    entry.kind == VoterKind::Ai && entry.participant == alias
}

fn vote_row(view: &DiscussionView, vote: &VoteView) -> String {
    let entry = &vote.entry;
    let kind = match entry.kind {
        VoterKind::Ai => "AI",
        VoterKind::Human => "person",
    };
    let word = match (entry.vote, entry.not_counted) {
        (Some(vote), _) => vote.as_str(),
        (None, Some(NotCounted::Unclear)) => "unclear",
        (None, _) => "–",
    };
    let is_advice = view.is_past_bound() && entry.kind == VoterKind::Ai && !view.is_veto(entry);
    let mut counts = match entry.not_counted {
        None if is_advice => "advice: a person decides now".to_owned(),
        None => match vote.from {
            Some(number) => format!(
                "yes, it follows from {} until {} votes here",
                inline(&format!("#{number}")),
                inline(&entry.participant)
            ),
            None => "yes, on this text".to_owned(),
        },
        Some(why) => format!("no: {}", why_not(why, view, vote)),
    };
    if let Some(failed) = failure_of(view, entry) {
        let failed = inline(&shorten(failed, MAX_NOTE));
        let _ = write!(counts, "; asked again without success: {failed}");
    }
    if let Some(note) = &vote.note {
        let _ = write!(counts, "; {}", inline(&shorten(note, MAX_NOTE)));
    }
    format!(
        "| {} | {kind} | {word} | {counts} | {} |",
        inline(&entry.participant),
        place(view, vote)
    )
}

fn failure_of<'a>(view: &'a DiscussionView, entry: &VoteEntry) -> Option<&'a str> {
    view.owed.iter().find_map(|(alias, owed)| match owed {
        Owed::Failed(why) if is_persona(entry, alias.as_str()) => Some(why.as_str()),
        _ => None,
    })
}

fn why_not(why: NotCounted, view: &DiscussionView, vote: &VoteView) -> String {
    match why {
        NotCounted::Unsigned => "not written by the App".to_owned(),
        NotCounted::Unconfirmed => {
            let word = vote.entry.vote.unwrap_or(Vote::Ready).as_str();
            let line = format!(
                "/discuss {} vote {}",
                path_word(&view.path),
                word.to_ascii_lowercase()
            );
            format!("typed into the file; confirmed by {}", code_cell(&line))
        }
        NotCounted::Stale => match &vote.given_on {
            Some(subject) => format!("stale, given on text {}", code_cell(subject)),
            None => "stale, the text changed since".to_owned(),
        },
        NotCounted::Advisory => "advisory persona".to_owned(),
        NotCounted::OffPanel => "not on the panel: it may object, not approve".to_owned(),
        NotCounted::Author => "the pull request's author".to_owned(),
        NotCounted::NoPermission => match view.permissions.of_votes() {
            Need::Write => "has no right to write".to_owned(),
            need => format!("has not {}, which a vote needs here", need.as_str()),
        },
        NotCounted::Withdrawn => "taken back".to_owned(),
        NotCounted::Edited => "its comment was edited".to_owned(),
        NotCounted::Unclear => "its VOTE line is not exactly a vote".to_owned(),
        NotCounted::NoModel => "no model answers for it here".to_owned(),
        NotCounted::History => match vote.from {
            Some(number) => inline(&format!("decided in #{number}")),
            None => "decided before this pull request".to_owned(),
        },
        NotCounted::Disputed => {
            format!("changed {DISPUTED_AFTER} times on this text; one more person decides instead")
        }
    }
}

fn place(view: &DiscussionView, vote: &VoteView) -> String {
    match (&vote.link, vote.entry.line) {
        (Some(address), _) if vote.entry.kind == VoterKind::Ai => link("review", Some(address)),
        (Some(address), _) => match vote.from {
            Some(number) => link(&format!("comment in #{number}"), Some(address)),
            None => link("comment", Some(address)),
        },
        (None, Some(line)) => line_link(view, line),
        (None, None) => String::new(),
    }
}

/// Link to a line of the file, or to the review that holds it.
pub(super) fn line_link(view: &DiscussionView, line: usize) -> String {
    if let Some(review) = view.review_of(line) {
        return link("review", Some(review));
    }
    let address = view.url.as_ref().map(|url| format!("{url}#L{line}"));
    link(&format!("line {line}"), address.as_deref())
}

fn owed_row(view: &DiscussionView, alias: &str, owed: &Owed) -> String {
    let how = match owed {
        _ if view.is_past_bound() => "not owed any more: a person decides now".to_owned(),
        Owed::Missing | Owed::Fresh => "owed: no vote yet".to_owned(),
        Owed::Stale => "owed: the text changed since its vote".to_owned(),
        Owed::Failed(why) => format!("owed: {}", inline(&shorten(why, MAX_NOTE))),
    };
    format!("| {} | AI | – | {how} | |", inline(alias))
}

/// Counted votes of those who see it otherwise than most.
pub(in crate::bot) fn dissent(text: &mut String, view: &DiscussionView) {
    let counted_votes = || {
        view.votes
            .iter()
            .filter_map(|vote| Some((vote.entry.participant.as_str(), vote.entry.counted()?)))
    };
    let most_are_ready = view.tally.ready * 2 > view.tally.total();
    let others: Vec<String> = counted_votes()
        .filter(|(_, vote)| (*vote == Vote::Ready) != most_are_ready)
        .map(|(name, vote)| format!("{} ({})", inline(name), vote.as_str()))
        .collect();
    if others.is_empty() || others.len() == view.tally.total() {
        return;
    }
    let _ = writeln!(text, "\n**Dissent:** {}", others.join(", "));
}
