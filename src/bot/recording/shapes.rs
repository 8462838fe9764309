//! How values of the engine are written down. The mirrors repeat their fields; the compiler sees to it that none is
//! forgotten.

use crate::engine::consensus::{ConcernRule, Owed, RejectRule, Rules};
use crate::engine::persona::{Persona, PersonaKind};
use crate::engine::problem::{Code, Problem};
use crate::engine::reply::Limits;
use crate::engine::template::{Advance, Fraction, Phase};
use crate::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use crate::ids::Alias;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Fraction")]
pub(super) struct FractionShape {
    numerator: u64,
    denominator: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Advance", rename_all = "snake_case")]
pub(super) enum AdvanceShape {
    Auto,
    Manual,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Phase")]
pub(super) struct PhaseShape {
    name: String,
    goal: String,
    instructions: String,
    voting: bool,
    #[serde(with = "FractionShape")]
    ready: Fraction,
    next: Option<String>,
    max_rounds: Option<u32>,
    #[serde(with = "AdvanceShape")]
    advance: Advance,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Limits")]
pub(super) struct LimitsShape {
    comment_chars: usize,
    concerns: usize,
    questions: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RejectRule", rename_all = "snake_case")]
pub(super) enum RejectShape {
    Any,
    Votes(usize),
    Share(#[serde(with = "FractionShape")] Fraction),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ConcernRule", rename_all = "snake_case")]
pub(super) enum ConcernShape {
    People,
    All,
    None,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Rules")]
pub(super) struct RulesShape {
    #[serde(with = "FractionShape")]
    ready: Fraction,
    #[serde(with = "RejectShape")]
    reject: RejectRule,
    humans: usize,
    minimum_votes: usize,
    #[serde(with = "aliases")]
    veto: Vec<Alias>,
    #[serde(with = "ConcernShape")]
    concerns: ConcernRule,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "VoterKind", rename_all = "snake_case")]
pub(super) enum VoterShape {
    Ai,
    Human,
}

/// A vote with what the verdict looks at; places in the file are left out.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    participant: String,
    #[serde(with = "VoterShape")]
    kind: VoterKind,
    #[serde(with = "vote")]
    vote: Option<Vote>,
    not_counted: Option<Why>,
}

#[derive(Serialize, Deserialize)]
struct Why(#[serde(with = "NotCountedShape")] NotCounted);

#[derive(Serialize, Deserialize)]
#[serde(remote = "NotCounted", rename_all = "snake_case")]
enum NotCountedShape {
    Unsigned,
    Unconfirmed,
    Stale,
    Advisory,
    Author,
    NoPermission,
    Withdrawn,
    Edited,
    Unclear,
    NoModel,
    History,
    Disputed,
    OffPanel,
}

impl Entry {
    pub(super) fn of(entry: &VoteEntry) -> Self {
        Self {
            participant: entry.participant.clone(),
            kind: entry.kind,
            vote: entry.vote,
            not_counted: entry.not_counted.map(Why),
        }
    }

    pub(super) fn entry(&self) -> VoteEntry {
        VoteEntry {
            participant: self.participant.clone(),
            kind: self.kind,
            vote: self.vote,
            not_counted: self.not_counted.as_ref().map(|why| why.0),
            line: None,
            block: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Owed", rename_all = "snake_case")]
pub(super) enum OwedShape {
    Fresh,
    Stale,
    Missing,
    Failed(String),
}

/// One persona that owes a vote.
#[derive(Serialize, Deserialize)]
pub(super) struct Owing {
    #[serde(with = "alias")]
    pub(super) alias: Alias,
    #[serde(with = "OwedShape")]
    pub(super) stands: Owed,
}

/// A problem of the file.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    code: String,
    line: usize,
    column: usize,
    message: String,
    hint: String,
}

impl Found {
    pub(super) fn of(problem: &Problem) -> Self {
        Self {
            code: problem.code.row().name.to_owned(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }

    pub(super) fn problem(&self) -> Result<Problem, String> {
        let mut codes = Code::ALL.iter();
        let code = codes.find(|code| code.row().name == self.code);
        let code = code.ok_or(format!("`{}` is the code of a problem", self.code))?;
        let problem = Problem::new(*code, self.line, self.column, self.message.clone());
        Ok(problem.with_hint(self.hint.clone()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PersonaKind", rename_all = "snake_case")]
enum KindShape {
    Voting,
    Advisory,
}

/// A persona as far as models and replies see it: without its checklist, whose answer is in the store.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptPersona {
    #[serde(with = "alias")]
    pub(super) alias: Alias,
    display_name: String,
    description: String,
    #[serde(with = "KindShape")]
    kind: PersonaKind,
    expertise: Vec<String>,
    concerns: Vec<String>,
    model: String,
    veto: bool,
    instructions: String,
    hash: String,
}

impl KeptPersona {
    pub(super) fn of(persona: &Persona) -> Self {
        Self {
            alias: persona.alias.clone(),
            display_name: persona.display_name.clone(),
            description: persona.description.clone(),
            kind: persona.kind,
            expertise: persona.expertise.clone(),
            concerns: persona.concerns.clone(),
            model: persona.model.clone(),
            veto: persona.veto,
            instructions: persona.instructions.clone(),
            hash: persona.hash.clone(),
        }
    }

    pub(super) fn persona(&self) -> Persona {
        Persona {
            alias: self.alias.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            kind: self.kind,
            expertise: self.expertise.clone(),
            concerns: self.concerns.clone(),
            model: self.model.clone(),
            veto: self.veto,
            checklist: Vec::new(),
            instructions: self.instructions.clone(),
            hash: self.hash.clone(),
        }
    }
}

/// An alias as its word.
pub(super) mod alias {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        alias: &Alias,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(alias.as_str())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Alias, D::Error> {
        let word = String::deserialize(from)?;
        Alias::parse(&word).ok_or_else(|| de::Error::custom(format!("`{word}` is an alias")))
    }
}

/// Aliases as their words.
pub(super) mod aliases {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        aliases: &[Alias],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(aliases.iter().map(Alias::as_str))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Alias>, D::Error> {
        let words: Vec<String> = Vec::deserialize(from)?;
        let parse = |word: &String| {
            Alias::parse(word).ok_or_else(|| de::Error::custom(format!("`{word}` is an alias")))
        };
        words.iter().map(parse).collect()
    }
}

/// A vote as its word, or null.
pub(super) mod vote {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        vote: &Option<Vote>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        vote.map(Vote::as_str).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vote>, D::Error> {
        let word = Option::<String>::deserialize(from)?;
        let parse = |word: String| {
            Vote::parse(&word).ok_or_else(|| de::Error::custom(format!("`{word}` is a vote")))
        };
        word.map(parse).transpose()
    }
}
