//! Why a command was not carried out as written, and what to write instead.

use super::{MAX_LINE, MAX_LISTED};
use crate::bot::access::{AuthorRule, Need, Refusal};
use crate::bot::command::table;
use crate::bot::command::{
    CommandError, DropCommand, MAX_COMMANDS, MAX_NAMES, NAME_CHARS, Parsed, path_word,
};
use crate::bot::markdown::{code, inline, shorten};
use crate::engine::definition::nearest;

/// A command that its author may not give.
pub fn refused(login: &str, refusal: &Refusal) -> String {
    let who = inline(login);
    match refusal {
        Refusal::Right { usage, need, has } => {
            let has = has.map_or("none here", Need::as_str);
            format!(
                "{who}: {} needs {} on this repository; you have {has}. Somebody with admin can give it \
                 under Settings, Collaborators. Until then, somebody who has it can post the line for you.",
                code(usage),
                code(need.as_str())
            )
        }
        Refusal::Author { usage, need, rule } => {
            let since = match rule {
                AuthorRule::NotPastTheBound => " now that the automatic rounds are used up",
                AuthorRule::OwnOnly => ", since it is about what somebody else did",
                AuthorRule::NotPastAVote => ", since it would leave out a vote",
                _ => "",
            };
            format!(
                "{who}: you wrote this pull request, so {} is for somebody else with {}{since}. Another way out: {} \
                 in `.github/discussions.yml` on the base branch.",
                code(usage),
                need.as_str(),
                code("gate: {author_may_vote: true}")
            )
        }
    }
}

/// A line that is no command; `personas` are the aliases there are.
pub fn not_understood(parsed: &Parsed, error: &CommandError, personas: &[&str]) -> String {
    let read = line_read(parsed);
    match error {
        CommandError::Unknown { word } => unknown(&read, word, personas),
        CommandError::NewTitle { said } => {
            let title = match shorten(said, 60) {
                said if said.is_empty() => "What is to be decided".to_owned(),
                said => said.replace('"', ""),
            };
            format!(
                "{read}: there is no title in double quotes in it, so nothing was begun. Write {}. {}",
                code(&format!("/discuss new \"{title}\"")),
                see_help()
            )
        }
        CommandError::NewTitleRefused { why } => {
            format!(
                "{read}: nothing was begun, since {}. {}",
                inline(why),
                see_help()
            )
        }
        CommandError::NewPath { path } => format!(
            "{read}: {} does not end in {}, so nothing was begun. Write the file's path, or a folder with a slash at its \
             end: {}. {}",
            code(&shorten(path, MAX_LINE)),
            code(".md"),
            code("/discuss new \"What is to be decided\" design/"),
            see_help()
        ),
        CommandError::UnknownFlag { flag } => unknown_flag(&read, flag),
        CommandError::FlagNotHere => format!(
            "{read}: {} stands at the end, right behind names, and takes no question; nothing was done. Write {} or {}. A \
             question gets an answer of its own without it. {}",
            code(table::AGAIN_FLAG),
            code("/discuss security --again"),
            code("/discuss all --again"),
            see_help()
        ),
        CommandError::WholePullRequest { verb } => format!(
            "{read}: {} is about the whole pull request and takes no path, so nothing was done. Write {}. {}",
            code(verb),
            code(&format!("/discuss {verb}")),
            see_help()
        ),
        CommandError::UnclearVote { word } => {
            let said = match word.as_str() {
                "" => "there is no vote in it".to_owned(),
                word => format!("{} is no vote", code(&shorten(word, MAX_LINE))),
            };
            format!(
                "{read}: {said}, so none was recorded. Write {}, {}, {} or {}.",
                code("/discuss vote ready"),
                code("/discuss vote changes"),
                code("/discuss vote reject"),
                code("/discuss vote withdraw")
            )
        }
        CommandError::VoteTail { word } => format!(
            "{read}: {} stands behind the vote and may be a condition, so no vote was recorded. A reason comes after \
             a colon, the text voted on as 8 or more hex digits before it, the discussion before the verb: {}",
            code(&shorten(word, MAX_LINE)),
            code("/discuss vote ready: the rollback plan is clear")
        ),
        CommandError::DropPath => format!(
            "{read}: it must name one discussion, so nothing was dropped. Write its path behind the verb and a reason \
             behind a colon: {}. The check names what left. {}",
            code(DROP_EXAMPLE),
            see_help()
        ),
        CommandError::DropReason { path } => format!(
            "{read}: there is no reason in it, and the check shows one to everybody, so nothing was dropped. Write it \
             behind a colon: {}. {}",
            code(&format!(
                "/discuss drop {}: decided elsewhere",
                shorten(path, MAX_LINE)
            )),
            see_help()
        ),
        CommandError::ResetReason => format!(
            "{read}: there is no reason in it, and the check shows one to everybody, so nothing was reset. Write it \
             behind a colon: {}. {}",
            code("/discuss reset: the replies were edited on purpose"),
            see_help()
        ),
        CommandError::NoReason {
            verb: verb @ ("concern" | "answer"),
            example,
        } => format!(
            "{read}: nothing stands behind its colon, so {} did nothing. Write it like this: {}. {}",
            code(verb),
            code(example),
            see_help()
        ),
        CommandError::ConcernName { word } => format!(
            "{read}: {} cannot be the name of a concern, so none was raised. A name is one word of up to {NAME_CHARS} \
             letters (a to z), digits and hyphens that does not look like a number of the panel's items ({}), and the text \
             stands behind a colon: {}. {}",
            what_stands(word),
            code("C1"),
            code(table::CONCERN.example),
            see_help()
        ),
        CommandError::NoItem {
            verb,
            word,
            example,
        } => format!(
            "{read}: {} names no item, so {} did nothing. Write one number or name as the check shows it, and your words \
             behind a colon: {}. {}",
            what_stands(word),
            code(verb),
            code(example),
            see_help()
        ),
        CommandError::NoReason { verb, example } => format!(
            "{read}: there is no reason in it, and the check shows one to everybody, so {} did nothing. Write it behind \
             a colon: {}. {}",
            code(verb),
            code(example),
            see_help()
        ),
        CommandError::OverrideHash { word } => {
            let said = match word.as_str() {
                "" => "it names no text".to_owned(),
                word => format!("{} names no text", code(&shorten(word, MAX_LINE))),
            };
            format!(
                "{read}: {said}, so nothing was overridden. Write 8 or more hex digits of the text as the check shows \
                 them, and a reason behind a colon: {}. {}",
                code("/discuss override 3fa9c1d2: incident 114"),
                see_help()
            )
        }
        CommandError::Tail { verb, word } => format!(
            "{read}: {} stands behind {verb}, which takes nothing there, so nothing was done. Write {}, with the path \
             of the discussion before the verb where there are several. {}",
            code(&shorten(word, MAX_LINE)),
            code(&format!("/discuss {verb}")),
            see_help()
        ),
        CommandError::BadPath { path } => format!(
            "{read}: {} is no path inside this repository. Write it from the top folder: {}",
            code(&shorten(path, MAX_LINE)),
            code("/discuss design/cache.md status")
        ),
        CommandError::TooManyNames => format!(
            "{read}: it names more than {MAX_NAMES} personas, so nobody was asked. {} asks every voting participant.",
            code("/discuss all")
        ),
        CommandError::TooManyCommands => format!(
            "{read}: the first {MAX_COMMANDS} commands of a comment are run. This line and those below it were not; \
             post them in another comment."
        ),
    }
}

/// A `drop` that can be posted.
const DROP_EXAMPLE: &str = "/discuss drop design/cache.md: decided elsewhere";

/// Why a discussion is not dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDropped {
    /// It is still there.
    StillHere,
    /// Something is there that should be a discussion and cannot be read.
    Unreadable,
    /// Nothing of that name left; holds the paths of what did.
    Unknown(Vec<String>),
    /// Somebody did that before.
    Already {
        /// Login.
        by: String,
        /// Reason given then.
        reason: String,
    },
}

/// A `drop` that changes nothing, and what to do instead.
pub fn not_dropped(parsed: &Parsed, command: &DropCommand, why: &NotDropped) -> String {
    let read = line_read(parsed);
    let path = code(&shorten(&command.path, MAX_LINE));
    match why {
        NotDropped::StillHere => format!(
            "{read}: {path} is still in this pull request, so there is nothing to drop. It is decided by votes: {}. \
             To leave it out, take it off the branch first. {}",
            code(&format!("/discuss {} vote ready", path_word(&command.path))),
            see_help()
        ),
        NotDropped::Unreadable => format!(
            "{read}: {path} is still in this pull request and cannot be read as a discussion, so there is nothing to \
             drop. Repair the file as the check says, or take it off the branch first. {}",
            see_help()
        ),
        NotDropped::Unknown(left) if left.is_empty() => format!(
            "{read}: no discussion has left this pull request, so there is nothing to drop. {} says where it stands. {}",
            code("/discuss status"),
            see_help()
        ),
        NotDropped::Unknown(left) => {
            let lines: Vec<String> = left
                .iter()
                .take(MAX_LISTED)
                .map(|path| {
                    let reason = shorten(&command.reason, MAX_LINE);
                    format!("- {}", code(&format!("/discuss drop {path}: {reason}")))
                })
                .collect();
            format!(
                "{read}: {path} is no discussion that left this pull request, so nothing was dropped. Post one of \
                 these; {}\n\n{}",
                see_help(),
                lines.join("\n")
            )
        }
        NotDropped::Already { by, reason } => format!(
            "{read}: {path} was dropped before, by {}: {}. That stands, and nothing was changed. {}",
            inline(by),
            inline(&shorten(reason, MAX_LINE)),
            see_help()
        ),
    }
}

/// Words of a line that are not what should stand there; they may be missing.
fn what_stands(word: &str) -> String {
    match word {
        "" => "nothing".to_owned(),
        word => code(&shorten(word, MAX_LINE)),
    }
}

/// How a refusal starts: which line it is about.
pub(super) fn line_read(parsed: &Parsed) -> String {
    format!(
        "Line {}, {}",
        parsed.line,
        code(&shorten(&parsed.text, MAX_LINE))
    )
}

pub(super) fn see_help() -> String {
    format!("{} lists what there is.", code("/discuss help"))
}

fn unknown_flag(read: &str, flag: &str) -> String {
    let hint = match nearest(flag, [table::AGAIN_FLAG]) {
        Some(near) => format!(
            "Did you mean {}, as in {}?",
            code(near),
            code("/discuss security --again")
        ),
        None => format!(
            "{} is the only one, as in {}.",
            code(table::AGAIN_FLAG),
            code("/discuss security --again")
        ),
    };
    let flag = code(&shorten(flag, MAX_LINE));
    format!("{read}: {flag} is no flag, so nothing was done. {hint}")
}

fn unknown(read: &str, word: &str, personas: &[&str]) -> String {
    let word_shown = code(&shorten(word, MAX_LINE));
    let hint = match table::nearest(word, personas) {
        Some(near) => format!("Did you mean {}?", code(&format!("/discuss {near}"))),
        None => see_help(),
    };
    let there_are = match personas {
        [] => String::new(),
        all => format!(" Personas here: {}.", listed_in_code(all)),
    };
    format!(
        "{read}: {word_shown} is neither a command nor a persona, so nothing was done. {hint}{there_are}"
    )
}

fn listed_in_code(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| code(name))
        .collect();
    match names.len().saturating_sub(MAX_LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A command that needs to say which discussion: the lines to choose from.
pub fn which_discussion(parsed: &Parsed, paths: &[&str]) -> String {
    format!(
        "{}: this pull request has {} discussions, so the line must name one. Post one of these:\n\n{}",
        line_read(parsed),
        paths.len(),
        lines_for(parsed, paths)
    )
}

/// A PATH that is no discussion of this pull request.
pub fn no_such_discussion(parsed: &Parsed, paths: &[&str]) -> String {
    let path = parsed.path.as_deref().unwrap_or_default();
    format!(
        "{}: {} is no discussion of this pull request, so nothing was done. These are:\n\n{}",
        line_read(parsed),
        code(&shorten(path, MAX_LINE)),
        lines_for(parsed, paths)
    )
}

/// The same command, once for each path, as a list.
fn lines_for(parsed: &Parsed, paths: &[&str]) -> String {
    let rest = parsed.rest.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = paths
        .iter()
        .take(MAX_LISTED)
        .map(|path| {
            format!(
                "- {}",
                code(format!("/discuss {} {rest}", path_word(path)).trim_end())
            )
        })
        .collect();
    if paths.len() > MAX_LISTED {
        lines.push(format!("- and {} more", paths.len() - MAX_LISTED));
    }
    lines.join("\n")
}

/// A command without PATH that was applied to each of several discussions.
pub fn applied_to_all(parsed: &Parsed, paths: &[&str]) -> String {
    format!(
        "{} names no discussion, so it applies to all {}: {}.",
        line_read(parsed),
        paths.len(),
        listed_in_code(paths)
    )
}

/// The pull request has no discussion: how to make one.
pub fn no_discussion(participants: &[&str]) -> String {
    format!(
        "This pull request has no discussion yet. Add a Markdown file that starts like this, and the panel answers on \
         the next push:\n\n```markdown\n<!-- DISCUSSION -->\n<!-- Title: What is to be decided -->\n\
         <!-- Participants: {} -->\n\n# What is to be decided\n```\n\nOr have one begun on this branch: {}",
        participants.join(", "),
        code("/discuss new \"What is to be decided\"")
    )
}

/// All discussions of the pull request were decided before: (path, status).
pub fn settled(parsed: &Parsed, discussions: &[(&str, &str)]) -> String {
    let listed: Vec<String> = discussions
        .iter()
        .take(MAX_LISTED)
        .map(|(path, status)| format!("{} ({})", code(path), inline(status)))
        .collect();
    format!(
        "{}: what this pull request touches is decided: {}. The text is the one on the base branch, so there is nothing \
         to ask or to vote on, and the check does not wait for it. To open it again, change its text here, or set its \
         status to OPEN on the base branch.",
        line_read(parsed),
        listed.join(", ")
    )
}

/// The pull request is closed or merged.
pub fn closed(parsed: &Parsed) -> String {
    format!(
        "{}: this pull request is closed, so nothing is asked or counted any more. {}, {}, {} and {} still answer.",
        line_read(parsed),
        code("/discuss status"),
        code("/discuss why"),
        code("/discuss config"),
        code("/discuss help")
    )
}
