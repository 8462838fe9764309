//! `/discuss` commands: what people write in comments, as values.
//!
//! [`table`] is the one list of verbs; the help text, the near misses and the rights all come from it. `markdown`
//! finds the lines of a comment that are commands at all, `grammar` reads one such line.

mod grammar;
mod grammar_new;
mod markdown;
mod on_ledger;
pub mod table;

pub use grammar::path_word;
pub use markdown::{CommandLine, command_lines};
pub use on_ledger::NAME_CHARS;

use crate::engine::scaffold::Title;
use crate::engine::vote::Vote;
use crate::ids::Alias;

/// Commands read from one comment; the rest is refused by [`CommandError::TooManyCommands`].
pub const MAX_COMMANDS: usize = 10;
/// Different personas one command may name.
pub const MAX_NAMES: usize = 20;

/// One command line with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Line in the comment, from 1.
    pub line: usize,
    /// The line as written, from `/discuss` on, HTML left out.
    pub text: String,
    /// The discussion it names, as written less a leading `./`; `None`: all discussions of the pull request.
    pub path: Option<String>,
    /// What stands behind `/discuss` and the PATH.
    pub rest: String,
    /// The command, or why it is none.
    pub command: Result<Command, CommandError>,
}

/// A command that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Personas are asked.
    Ask {
        /// Who.
        whom: Whom,
        /// What; `None`: for their view and vote.
        question: Option<String>,
    },
    /// Personas are asked once more, although they answered on this very text.
    Again {
        /// Who; never [`Whom::Missing`].
        whom: Whom,
    },
    /// What failed or was given up is tried once more.
    Retry,
    /// The round that runs or waits is stopped.
    Cancel,
    /// A person votes.
    Vote(VoteCommand),
    /// A discussion that left the pull request is let go.
    Drop(DropCommand),
    /// A person moves a discussion other than by a vote.
    Act(ActCommand),
    /// A person says something about the ledger.
    Ledger(LedgerCommand),
    /// The phase moves on.
    Advance {
        /// To which; `None`: the next one.
        phase: Option<String>,
    },
    /// A discussion is begun on the branch.
    New(NewCommand),
    /// Signed replies are put back as they were signed.
    Restore,
    /// A discussion begins anew.
    Reset {
        /// Text behind the colon; never empty.
        reason: String,
    },
    /// The state, as a reply.
    Status,
    /// Every rule of the verdict, as a reply.
    Why,
    /// The configuration as it applies here, as a reply.
    Config,
    /// The commands, as a reply.
    Help,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Bare `/discuss`: voting participants that have no answer under the current key.
    Missing,
    /// `all`: every voting participant.
    All,
    /// These, in the order named, each once.
    Named(Vec<Alias>),
}

/// `vote ready|changes|reject|withdraw [HASH] [: reason]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteCommand {
    /// The vote; `None`: `withdraw`.
    pub vote: Option<Vote>,
    /// First digits of the subject voted on, lower-case hex, 8 to 64 of them; `None`: the one last published.
    pub hash: Option<String>,
    /// Text behind the colon; never empty.
    pub reason: Option<String>,
}

/// `drop PATH: reason`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropCommand {
    /// The discussion, as written less a leading `./`.
    pub path: String,
    /// Text behind the colon; never empty.
    pub reason: String,
}

/// `new "Title" [template] [PATH]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    /// The title.
    pub title: Title,
    /// Its template; `None`: the configuration's.
    pub template: Option<String>,
    /// The file, from the top folder.
    pub path: String,
}

/// What a person does to a discussion other than by a vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActCommand {
    /// `hold: reason`
    Hold {
        /// Text behind the colon; never empty.
        reason: String,
    },
    /// `release [: reason]`
    Release {
        /// Text behind the colon; never empty.
        reason: Option<String>,
    },
    /// `pause`
    Pause,
    /// `resume`
    Resume,
    /// `override HASH: reason`
    Override {
        /// First digits of what people's votes bind to, lower-case hex, 8 to 64 of them.
        hash: String,
        /// Text behind the colon; never empty.
        reason: String,
    },
}

/// What a person says about the ledger. Texts are never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerCommand {
    /// `concern NAME: text`
    Concern {
        /// The name, as written.
        name: String,
        /// What is wrong.
        text: String,
    },
    /// `resolve C1|NAME: reason`
    Resolve {
        /// A number in capitals, or a name as written.
        id: String,
        /// Why it is settled.
        reason: String,
    },
    /// `answer Q2: text`
    Answer {
        /// A number in capitals, or another word as written.
        id: String,
        /// The answer.
        text: String,
    },
}

/// Why a command line does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// Neither a verb nor a persona.
    Unknown {
        /// The word as written, less `@`.
        word: String,
    },
    /// `new` without a title in quotes.
    NewTitle {
        /// What stands behind it.
        said: String,
    },
    /// A title that cannot stand in a header.
    NewTitleRefused {
        /// Why.
        why: String,
    },
    /// A path that no discussion can have.
    NewPath {
        /// As written.
        path: String,
    },
    /// A word with two hyphens that is no flag.
    UnknownFlag {
        /// As written.
        flag: String,
    },
    /// `--again` where it takes no effect: with another verb, without names, or beside a question.
    FlagNotHere,
    /// A PATH before a verb that is about the whole pull request.
    WholePullRequest {
        /// The verb.
        verb: &'static str,
    },
    /// `vote` without a vote, or with a word that is none.
    UnclearVote {
        /// The word; empty if there is none.
        word: String,
    },
    /// Something behind the vote that is neither a hash nor `: reason`.
    VoteTail {
        /// The first such word.
        word: String,
    },
    /// `drop` without a PATH, or with a PATH before and another behind it.
    DropPath,
    /// `drop` without a reason.
    DropReason {
        /// The PATH.
        path: String,
    },
    /// `reset` without a reason.
    ResetReason,
    /// `hold` or `override` without a reason.
    NoReason {
        /// The verb.
        verb: &'static str,
        /// A line that works.
        example: &'static str,
    },
    /// `concern` with a name that is none, or looks like the number of an item.
    ConcernName {
        /// What stands there; may be empty.
        word: String,
    },
    /// `resolve` or `answer` that does not name one item.
    NoItem {
        /// The verb.
        verb: &'static str,
        /// What stands there; may be empty.
        word: String,
        /// A line that works.
        example: &'static str,
    },
    /// `override` without the first digits of a text, or with something else behind them.
    OverrideHash {
        /// What stands there; may be empty.
        word: String,
    },
    /// Words behind a verb that takes none.
    Tail {
        /// The verb.
        verb: &'static str,
        /// The first such word.
        word: String,
    },
    /// The PATH leaves the repository or is no path at all.
    BadPath {
        /// As written.
        path: String,
    },
    /// More than [`MAX_NAMES`] personas.
    TooManyNames,
    /// This line and all below it are over [`MAX_COMMANDS`].
    TooManyCommands,
}

/// What an edit of a comment changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Commands that were not there before: only these run.
    pub added: Vec<Parsed>,
    /// Votes that are no longer there.
    pub removed_votes: Vec<Parsed>,
}

/// Reads the commands of a comment, in order. `is_persona` is asked for aliases in lower case without `@`.
pub fn parse(body: &str, is_persona: &dyn Fn(&str) -> bool) -> Vec<Parsed> {
    bounded(command_lines(body), is_persona)
}

/// Reads what an edit added and which votes it took away. A line moved, re-indented or re-spaced is unchanged.
pub fn added(before: &str, after: &str, is_persona: &dyn Fn(&str) -> bool) -> Edit {
    let old = command_lines(before);
    let new = command_lines(after);
    let removed = without(old.clone(), &new)
        .into_iter()
        .map(|line| grammar::read(&line, is_persona))
        .filter(|parsed| matches!(parsed.command, Ok(Command::Vote(_))))
        .collect();
    Edit {
        added: bounded(without(new, &old), is_persona),
        removed_votes: removed,
    }
}

/// Lines of `all` less those of `known`, each of which takes away one equal line.
fn without(all: Vec<CommandLine>, known: &[CommandLine]) -> Vec<CommandLine> {
    let mut left: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for line in known {
        *left.entry(line.key()).or_default() += 1;
    }
    let is_new = |line: &CommandLine| match left.get_mut(&line.key()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let mut lines = all;
    lines.retain(is_new);
    lines
}

fn bounded(lines: Vec<CommandLine>, is_persona: &dyn Fn(&str) -> bool) -> Vec<Parsed> {
    let overflow = lines.get(MAX_COMMANDS).map(|line| Parsed {
        line: line.line,
        text: line.text.clone(),
        path: None,
        rest: String::new(),
        command: Err(CommandError::TooManyCommands),
    });
    lines
        .iter()
        .take(MAX_COMMANDS)
        .map(|line| grammar::read(line, is_persona))
        .chain(overflow)
        .collect()
}
