//! Every key of the configuration, in the order of the documentation. The parser knows the keys of this table and no
//! others, the JSON Schema is made from it, and `discussions config effective` lists it.

use super::parse::{CONCERNS, MODES, MOST_TOKENS, NOTIFICATIONS, RECORDS, REPLIES};
use super::values::MOST;
use super::{GateConfig, RepoConfig};
use crate::bot::access::Permissions;
use crate::engine::consensus::RejectRule;
use crate::ids::Alias;
use crate::llm::budget::DOLLAR;
use serde_json::{Value, json};
use std::time::Duration;

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Path with dots: `gate.ready`.
    pub path: &'static str,
    /// What it decides, in a sentence or two.
    pub about: &'static str,
    /// What may stand there.
    pub(super) shape: Shape,
    of: fn(&RepoConfig) -> Value,
}

/// What may stand behind a key. Each shape has its reader in `values` or `parse`, and its schema in `schema`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Globs,
    Aliases,
    Panel,
    Folders,
    TemplateName,
    Words(fn() -> Vec<&'static str>),
    Whole { least: u64, most: u64 },
    Boolean,
    Quiet,
    CheckName,
    Bases,
    Share,
    Reject,
    ParticipantsOrAliases,
    AllOrTemplates,
    Amount,
    Rights,
    Models,
    CommitMessage,
}

impl Key {
    /// Its value in a configuration; null where there is none.
    pub fn value(&self, config: &RepoConfig) -> Value {
        (self.of)(config)
    }

    /// Its value where no file sets it; null where there is none.
    pub fn default(&self) -> Value {
        self.value(&RepoConfig::default())
    }
}

/// Names of the keys and sections directly below a section (`gate.`; empty: the top), in order.
pub(super) fn names_below(section: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for rest in KEYS.iter().filter_map(|key| key.path.strip_prefix(section)) {
        let name = rest.split('.').next().unwrap_or(rest);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a section is about, by its path.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("on", "When personas are asked without a command."),
    (
        "gate",
        "The check: where it is posted, and by which rules it is green.",
    ),
    (
        "budget",
        "Limits on what models may take. A request counts with the most it can take until its answer is there; one that \
         might pass a limit is not made, and the vote stays owed. Zero allows nothing. A model without a known price is \
         held by the limits in tokens only.",
    ),
    (
        "budget.per_round",
        "Limits of one round: what one event or command has asked.",
    ),
    (
        "budget.per_pr",
        "Limits of one pull request, from beginning to end.",
    ),
    (
        "budget.per_day",
        "Limits of the repository in one day, by UTC.",
    ),
    ("commit", "The commits that carry the personas' replies."),
];

const fn kept(
    path: &'static str,
    shape: Shape,
    about: &'static str,
    of: fn(&RepoConfig) -> Value,
) -> Key {
    Key {
        path,
        about,
        shape,
        of,
    }
}

const TOKENS: Shape = Shape::Whole {
    least: 0,
    most: MOST_TOKENS,
};
const COUNT: Shape = Shape::Whole {
    least: 0,
    most: MOST,
};
const ROUNDS: Shape = Shape::Whole {
    least: 1,
    most: MOST,
};

/// All keys.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    kept("files", Shape::Globs, "Patterns of discussion files, besides every changed .md file that begins with <!-- DISCUSSION -->. A leading ! excludes.", |c| json!(c.files)),
    kept("participants", Shape::Panel, "Personas that are always on the panel; a discussion's header can only add to them.", |c| names(&c.participants)),
    kept("personas", Shape::Folders, "Folders of the repository's own personas; a later one wins.", |c| json!(c.personas)),
    kept("template", Shape::TemplateName, "Template of discussions whose header names none.", |c| json!(c.template)),
    kept("replies", Shape::Words(|| words(REPLIES)), "Where replies go: a commit where that is possible (auto), always a commit, or a review.", |c| word_of(REPLIES, c.replies)),
    kept("record", Shape::Words(|| words(RECORDS)), "Whether one closing commit writes a READY verdict into the file, with the votes of people: where it costs nobody's approval (auto), always, or never.", |c| word_of(RECORDS, c.record)),
    kept("rounds", ROUNDS, "Automatic rounds on one phase; after that a person decides.", |c| json!(c.rounds)),
    kept("on.opened", Shape::Boolean, "Ask when a pull request is opened or reopened.", |c| json!(c.on.opened)),
    kept("on.push", Shape::Boolean, "Ask when a push changed a proposal.", |c| json!(c.on.push)),
    kept("on.ready_for_review", Shape::Boolean, "Ask when a draft becomes ready for review.", |c| json!(c.on.ready_for_review)),
    kept("on.drafts", Shape::Boolean, "Ask on drafts too.", |c| json!(c.on.drafts)),
    kept("on.quiet", Shape::Quiet, "How long there must be no further push before personas are asked, up to 10m.", |c| duration(c.on.quiet)),
    kept("gate.mode", Shape::Words(|| words(MODES)), "enforce posts the check, shadow posts one of another name that gates nothing, off posts none.", |c| word_of(MODES, c.gate.mode)),
    kept("gate.check", Shape::CheckName, "Name of the check.", |c| json!(c.gate.check)),
    kept("gate.bases", Shape::Bases, "Base branches that are gated; default stands for the default branch.", |c| json!(c.gate.bases)),
    kept("gate.ready", Shape::Share, "Share of READY votes that is needed.", |c| json!(c.gate.rules.ready.to_string())),
    kept("gate.reject", Shape::Reject, "REJECT votes that reject: any, a number, or a share.", |c| reject(&c.gate)),
    kept("gate.humans", COUNT, "READY votes by people that are needed.", |c| json!(c.gate.rules.humans)),
    kept("gate.minimum_votes", COUNT, "Counted votes that are needed.", |c| json!(c.gate.rules.minimum_votes)),
    kept("gate.require", Shape::ParticipantsOrAliases, "Personas that owe a vote.", |c| or_word(c.gate.require.as_deref().map(names), "participants")),
    kept("gate.optional", Shape::Aliases, "Exceptions from require.", |c| names(&c.gate.optional)),
    kept("gate.veto", Shape::Aliases, "Personas whose CHANGES or REJECT is a veto, besides those whose own file says so.", |c| names(&c.gate.rules.veto)),
    kept("gate.templates", Shape::AllOrTemplates, "Templates that a discussion's header may name.", |c| or_word(c.gate.templates.as_ref().map(|list| json!(list)), "all")),
    kept("gate.author_may_vote", Shape::Boolean, "Whether the vote of the pull request's author counts.", |c| json!(c.gate.author_may_vote)),
    kept("gate.reviews", Shape::Boolean, "Whether approving reviews and requests for changes are votes.", |c| json!(c.gate.reviews)),
    kept("gate.concerns", Shape::Words(|| words(CONCERNS)), "Whose open concerns block: those of people and of personas with a veto (people), all, or none.", |c| word_of(CONCERNS, c.gate.rules.concerns)),
    kept("gate.require_discussion", Shape::Globs, "Patterns of paths whose change needs a discussion in the same pull request.", |c| json!(c.gate.require_discussion)),
    kept("budget.per_round.usd", Shape::Amount, "US dollars.", |c| money(c.budget.per_round.cost)),
    kept("budget.per_round.tokens", TOKENS, "Tokens, sent and written.", |c| json!(c.budget.per_round.tokens)),
    kept("budget.per_pr.usd", Shape::Amount, "US dollars.", |c| money(c.budget.per_pr.cost)),
    kept("budget.per_pr.tokens", TOKENS, "Tokens, sent and written.", |c| json!(c.budget.per_pr.tokens)),
    kept("budget.per_day.usd", Shape::Amount, "US dollars.", |c| money(c.budget.per_day.cost)),
    kept("budget.per_day.tokens", TOKENS, "Tokens, sent and written.", |c| json!(c.budget.per_day.tokens)),
    kept("permissions", Shape::Rights, "The right that a command needs, by its verb; NAME... is called personas, the bare command missing. Any may be raised, the one of vote for reviews too; only one that asks or reads may be lowered.", |c| rights(&c.permissions)),
    kept("models", Shape::Models, "Model of a persona, or of all personas that ask for the name on the left (default, fast, quality).", |c| json!(c.models)),
    kept("notify", Shape::Words(|| words(NOTIFICATIONS)), "What the App writes in the conversation unasked: one status comment that is edited when it changes, and a notice to people whose vote the text has left behind (on-change); besides, one line for each change of state (always); or nothing, the check says it all (never).", |c| word_of(NOTIFICATIONS, c.notify)),
    kept("commit.message", Shape::CommitMessage, "First line of a commit; {personas} and {title} are filled in.", |c| json!(c.commit_message)),
    kept("commit.signoff", Shape::Boolean, "Whether each commit ends with Signed-off-by: and the App's account, as GitHub names its author.", |c| json!(c.signoff)),
];

/// The words of a table of words.
pub(super) fn words<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

fn word_of<T: PartialEq + Copy>(table: &[(&'static str, T)], value: T) -> Value {
    let row = table.iter().find(|(_, known)| *known == value);
    row.map_or(Value::Null, |(word, _)| json!(word))
}

fn names(aliases: &[Alias]) -> Value {
    aliases.iter().map(Alias::as_str).collect()
}

fn or_word(list: Option<Value>, word: &str) -> Value {
    list.unwrap_or_else(|| json!(word))
}

fn rights(permissions: &Permissions) -> Value {
    let rights = permissions.configured();
    rights
        .map(|(verb, need)| (verb.to_owned(), json!(need.as_str())))
        .collect()
}

fn reject(gate: &GateConfig) -> Value {
    match gate.rules.reject {
        RejectRule::Any => json!("any"),
        RejectRule::Votes(votes) => json!(votes),
        RejectRule::Share(share) => json!(share.to_string()),
    }
}

/// Dollars with their cents, as one writes them; null where there is no limit.
fn money(nano: Option<u64>) -> Value {
    let cents = nano.map(|nano| nano / (DOLLAR / 100));
    match cents {
        None => Value::Null,
        Some(cents) if cents % 100 == 0 => json!(cents / 100),
        // Exact: amounts have at most nine digits before the point.
        Some(cents) => json!(cents as f64 / 100.0),
    }
}

fn duration(time: Duration) -> Value {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 60 == 0 => json!(format!("{}m", seconds / 60)),
        seconds => json!(format!("{seconds}s")),
    }
}
