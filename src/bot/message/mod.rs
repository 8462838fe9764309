//! Every text we post as a comment. Each function gives one part; [`reply`] makes a comment of parts.
//!
//! Whatever comes from outside passes `markdown`: nobody is mentioned, no command is triggered, no structure is broken.
//! Each refusal says what was read, why it is refused, and what to write instead.

mod act;
mod advance;
mod again;
mod begin;
mod config;
mod ledger;
mod mention;
mod refusal;
mod restore;
mod why;

pub use act::{NotDone, not_done};
pub use advance::{NotAdvanced, advanced, leaves_out, not_advanced};
pub use again::{Retried, asked_again, cancelled, cancelled_before, nothing_to_cancel, retried};
pub use begin::{NotBegun, begun, not_begun};
pub use config::config;
pub use ledger::{ClosedItem, NotSaid, OpenItem, closed_item, not_said};
pub use mention::{mention_unclear, not_asked};
pub use refusal::{
    NotDropped, applied_to_all, closed, no_discussion, no_such_discussion, not_dropped,
    not_understood, refused, settled, which_discussion,
};
pub use restore::{cannot_restore, nothing_to_restore, restore_waits};
pub use why::why;

use super::access::{AuthorRule, Need, Permissions};
use super::check::{CheckInput, Findings, overview, sections, title};
use super::command::path_word;
use super::command::table::{Group, Row, TABLE};
use super::markdown::{cap, code, inline, link, mention, quote_markdown, quote_text, shorten};
use std::fmt::Write;

/// Bytes GitHub takes for a comment.
pub const MAX_COMMENT: usize = 65_536;
/// Characters of a persona's answer that a reply quotes.
pub const MAX_ANSWER: usize = 1_500;
/// Characters of a question that a reply quotes.
const MAX_QUESTION: usize = 500;
/// Characters of a command line that a reply repeats.
const MAX_LINE: usize = 200;
/// Discussions or names listed.
const MAX_LISTED: usize = 20;

/// A persona's answer to a question put by a command.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Login of who asked.
    pub asker: &'a str,
    /// The question.
    pub question: &'a str,
    /// Alias of who answers.
    pub persona: &'a str,
    /// Path of the discussion.
    pub path: &'a str,
    /// The reply's block as rendered, name line and marker lines included.
    pub block: &'a str,
    /// Link to the block in the file, or to the commit.
    pub link: Option<&'a str>,
}

/// A vote that was taken down and does not count as it stands.
#[derive(Debug, Clone, Copy)]
pub struct VoteTold<'a> {
    /// Login of the voter.
    pub voter: &'a str,
    /// READY, CHANGES or REJECT.
    pub vote: &'a str,
    /// Path of the discussion.
    pub path: &'a str,
    /// First eight digits of the current subject.
    pub current: &'a str,
    /// Right that a vote needs.
    pub need: Need,
}

/// A whole comment: the hidden `marker` line, then the parts, cut to what GitHub takes. The marker comes first, so that
/// a cut never loses it.
pub fn reply(marker: &str, parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
    cap(format!("{marker}\n{}\n", parts.join("\n\n")), MAX_COMMENT)
}

/// The last reply of an hour in which there were so many.
pub fn many_replies(most: u32) -> String {
    format!(
        "These were {most} replies here within an hour, which looks like two programs that answer each other, so I ask \
         nobody and say nothing more until the next hour begins. Votes, holds and everything else that needs no answer \
         count as ever; the check and the status comment stay up to date."
    )
}

/// Answers a question: the question quoted, the answer cut, a link, the asker named.
pub fn answer(answer: &Answer<'_>) -> String {
    let said: Vec<&str> = answer
        .block
        .lines()
        .filter(|line| !is_name_line(line) && !line.starts_with("<!--"))
        .collect();
    let place = match answer.link {
        Some(_) => format!(
            "\n\n{}",
            link("The whole reply in the discussion", answer.link)
        ),
        None => String::new(),
    };
    format!(
        "{} asked {} about {}:\n\n{}\n\n{} answers:\n\n{}{place}",
        inline(answer.asker),
        code(answer.persona),
        code(answer.path),
        quote_text(answer.question, MAX_QUESTION),
        code(answer.persona),
        quote_markdown(&said.join("\n"), MAX_ANSWER),
    )
}

fn is_name_line(line: &str) -> bool {
    line.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("name:"))
}

/// The commands with the rights that they need here, and the personas (alias, description) there are.
pub fn help(personas: &[(&str, &str)], permissions: &Permissions) -> String {
    let mut text = format!(
        "**What {} understands**\n\nA command stands at the start of a line of a comment, review comment or review. \
         Several lines are several commands. Inside code, quotes and HTML nothing counts. `PATH` names one \
         discussion; without it a command is about all discussions of the pull request.\n",
        code("/discuss")
    );
    for group in [Group::Ask, Group::Decide, Group::Inform] {
        let _ = writeln!(text, "\n**{}**\n", group.heading());
        for row in TABLE.iter().filter(|row| row.group == group) {
            let _ = writeln!(text, "{}", help_row(row, permissions));
        }
    }
    if !personas.is_empty() {
        text.push_str("\n**Who can be asked**\n\n");
        for (alias, description) in personas {
            let _ = writeln!(
                text,
                "- {}: {}",
                code(alias),
                inline(&shorten(description, MAX_LINE))
            );
        }
    }
    text.push_str("\nReactions are not votes. An approving review counts as READY, a review that requests changes as CHANGES.\n");
    text
}

fn help_row(row: &Row, permissions: &Permissions) -> String {
    let author = match row.author {
        AuthorRule::May => "",
        AuthorRule::ShownNotCounted => " The author's own vote is shown and not counted.",
        AuthorRule::NotPastTheBound => " Not by the author once the automatic rounds are used up.",
        AuthorRule::OwnOnly => " The author takes back only the author's own.",
        AuthorRule::InAnyCase => " The author may with any right.",
        AuthorRule::NotPastAVote => " Past a vote, not by the author.",
        AuthorRule::Never => " Not by the author.",
    };
    let example = match row.example == row.usage {
        true => String::new(),
        false => format!(" Example: {}", code(row.example)),
    };
    let need = permissions.need(row);
    let further = match row.further {
        Some((_, what)) if permissions.further(row) > need => {
            format!(" ({what}: {})", permissions.further(row).as_str())
        }
        _ => String::new(),
    };
    format!(
        "- {} {}. Needs {}{further}.{author}{example}",
        code(row.usage),
        row.effect,
        need.as_str()
    )
}

/// State first, then at most three next steps, votes, open items.
pub fn status(input: &CheckInput) -> String {
    let mut text = format!("**{}**\n", inline(&title(&input.findings)));
    if let Findings::Evaluated(evaluation) = &input.findings {
        text.push_str(&overview(evaluation));
        text.push_str(&sections(evaluation));
    }
    text
}

/// A vote given on an older text: recorded, not counted. The voter has just said it, and reads the answer anyway.
pub fn vote_is_stale(told: &VoteTold<'_>, given_on: &str, sections: &[String]) -> String {
    let about = about_stale(told, given_on, sections);
    format!("{}: {about}", inline(told.voter))
}

/// A standing vote that the text has left behind. Only the voter can renew it, so the voter is called.
pub fn vote_became_stale(told: &VoteTold<'_>, given_on: &str, sections: &[String]) -> String {
    let about = about_stale(told, given_on, sections);
    format!("{}: {about}", mention(told.voter))
}

fn about_stale(told: &VoteTold<'_>, given_on: &str, sections: &[String]) -> String {
    let changed = match sections {
        [] => "It changed since".to_owned(),
        sections => {
            let names: Vec<String> = sections
                .iter()
                .take(MAX_LISTED)
                .map(|name| inline(&shorten(name, MAX_LINE)))
                .collect();
            format!("Changed since: {}", names.join(", "))
        }
    };
    format!(
        "your vote {} was given on text {} of {}, which is now {}. {changed}. The vote is shown and not counted. \
         To vote on the text as it stands: {}",
        told.vote,
        code(given_on),
        code(told.path),
        code(told.current),
        code(&vote_line(told))
    )
}

/// A vote on a text we never published: not counted, asks to confirm.
pub fn vote_on_unknown(told: &VoteTold<'_>) -> String {
    format!(
        "{}: it cannot be told which text of {} your vote {} is about, so it is not counted. Read the text as it \
         stands ({}), then confirm: {}",
        inline(told.voter),
        code(told.path),
        told.vote,
        code(told.current),
        code(&vote_line(told))
    )
}

/// The author's vote: shown, not counted.
pub fn vote_of_author(told: &VoteTold<'_>) -> String {
    format!(
        "{}: you wrote this pull request, so your vote {} on {} is shown and not counted. Somebody else with {} \
         votes with {}, or the base branch sets {} in `.github/discussions.yml`.",
        inline(told.voter),
        told.vote,
        code(told.path),
        told.need.as_str(),
        code("/discuss vote ready"),
        code("gate: {author_may_vote: true}")
    )
}

fn vote_line(told: &VoteTold<'_>) -> String {
    format!(
        "/discuss {} vote {} {}",
        path_word(told.path),
        told.vote.to_ascii_lowercase(),
        told.current
    )
}

/// Everybody asked has answered on this text already: (alias, link to the standing block).
pub fn nothing_new(standing: &[(&str, Option<&str>)]) -> String {
    let names: Vec<String> = standing
        .iter()
        .take(MAX_LISTED)
        .map(|(alias, address)| link(alias, *address))
        .collect();
    let whose = match names.len() {
        0 => "Every answer".to_owned(),
        _ => format!("What {} said", names.join(", ")),
    };
    format!(
        "Nothing new to ask. {whose} stands, since neither the text nor an open item changed. A question gets an \
         answer of its own: {}",
        code("/discuss security what about tenant isolation?")
    )
}

/// A persona that was asked by name and could not answer.
pub fn unavailable(persona: &str, why: &str) -> String {
    format!(
        "{} could not answer: {}. Its vote stays owed; {} asks again.",
        code(persona),
        inline(&shorten(why.trim_end_matches('.'), MAX_LINE)),
        code(&format!("/discuss {persona}"))
    )
}
