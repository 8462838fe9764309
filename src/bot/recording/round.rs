//! One round about one discussion, as it is kept.

use super::shapes::{KeptPersona, LimitsShape, PhaseShape, vote};
use super::statements::{self, KeptStatement};
use crate::engine::discussion::Discussion;
use crate::engine::persona::Persona;
use crate::engine::reply::{Anchor, Limits};
use crate::engine::statement::Statement;
use crate::engine::template::Phase;
use crate::engine::vote::Vote;
use crate::ids::Alias;
use crate::llm::ModelError;
use crate::round::{Ask, RULES_VERSION, RoundInput, Turn, TurnOutcome};
use serde::{Deserialize, Serialize};

/// What everybody of a round was shown, and what came of each turn.
#[derive(Serialize, Deserialize)]
pub struct KeptRound {
    /// [`RULES_VERSION`] of the program that ran it.
    pub rules_version: u32,
    /// Within what answers are shared.
    #[serde(default)]
    pub scope: String,
    /// The file as it was before.
    pub text: String,
    /// Where the proposal ends.
    pub proposal_end: Option<usize>,
    /// Numbers of the blocks that counted.
    pub counted: Vec<usize>,
    #[serde(default)]
    statements: Vec<KeptStatement>,
    /// The phase.
    #[serde(with = "PhaseShape")]
    pub phase: Phase,
    /// Limits of a reply.
    #[serde(with = "LimitsShape")]
    pub limits: Limits,
    /// Delimiter of text that is not ours.
    pub fence: String,
    /// The turns, in the order asked.
    pub turns: Vec<KeptTurn>,
}

/// One turn.
#[derive(Serialize, Deserialize)]
pub struct KeptTurn {
    persona: KeptPersona,
    /// The question, if there was one.
    pub question: Option<String>,
    /// The persona's vote before.
    #[serde(with = "vote")]
    pub previous_vote: Option<Vote>,
    /// The proposal its last answer was about.
    pub answered_on: Option<String>,
    /// Its earlier remarks with the words of the proposal that they are about.
    pub raised: Vec<(String, String)>,
    /// How often somebody had it asked again although its answer stood.
    #[serde(default)]
    pub again: u32,
    /// Name of the model that was to be asked.
    pub model: String,
    /// What came of it.
    pub outcome: KeptOutcome,
}

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeptOutcome {
    /// A block.
    Block {
        /// It, to the byte.
        text: String,
        /// The vote in it.
        vote: Option<String>,
    },
    /// Nothing new against its last block.
    NothingNew,
    /// Silence.
    Silent,
    /// No answer.
    Unavailable {
        /// Why.
        why: String,
    },
}

impl KeptOutcome {
    /// What is kept of an outcome.
    pub fn of(outcome: &TurnOutcome) -> Self {
        match outcome {
            TurnOutcome::Block { rendered, .. } => Self::Block {
                text: rendered.block.clone(),
                vote: rendered.vote.map(|vote| vote.as_str().to_owned()),
            },
            TurnOutcome::NothingNew => Self::NothingNew,
            TurnOutcome::Silent => Self::Silent,
            TurnOutcome::Unavailable(error) => Self::Unavailable {
                why: why(error).to_owned(),
            },
        }
    }
}

fn why(error: &ModelError) -> &str {
    match error {
        ModelError::NoModel(why)
        | ModelError::Refused(why)
        | ModelError::OverBudget(why)
        | ModelError::Invalid(why) => why,
        ModelError::Unavailable { reason, .. } => reason,
    }
}

impl KeptTurn {
    fn of(ask: &Ask, turn: &Turn) -> Self {
        Self {
            persona: KeptPersona::of(&ask.persona),
            question: ask.question.clone(),
            previous_vote: ask.previous_vote,
            answered_on: ask.answered_on.clone(),
            raised: ask.raised.iter().map(Anchor::pair).collect(),
            again: ask.again,
            model: ask.model.name().to_owned(),
            outcome: KeptOutcome::of(&turn.outcome),
        }
    }

    /// Who spoke.
    pub fn alias(&self) -> &Alias {
        &self.persona.alias
    }

    /// Who spoke, as models and replies see it: without a checklist.
    pub fn persona(&self) -> Persona {
        self.persona.persona()
    }
}

impl KeptRound {
    /// `turns` are those of `asks`, in their order; `statements` what the ledger had heard of people.
    pub fn of(
        input: &RoundInput<'_>,
        statements: &[Statement],
        asks: &[Ask],
        turns: &[Turn],
    ) -> Self {
        let blocks = &input.discussion.blocks;
        let counted = blocks.iter().filter(|block| (input.counts)(block));
        Self {
            rules_version: RULES_VERSION,
            scope: input.scope.to_owned(),
            text: input.discussion.source.clone(),
            proposal_end: input.proposal_end,
            counted: counted.map(|block| block.number).collect(),
            statements: statements::kept(statements),
            phase: input.phase.clone(),
            limits: input.limits,
            fence: input.fence.to_owned(),
            turns: asks
                .iter()
                .zip(turns)
                .map(|(ask, turn)| KeptTurn::of(ask, turn))
                .collect(),
        }
    }

    /// The file as it was before.
    pub fn discussion(&self) -> Discussion {
        Discussion::parse(self.text.as_bytes())
    }

    /// What people had said about its ledger outside of the file.
    pub fn statements(&self) -> Vec<Statement> {
        statements::read(&self.statements)
    }
}
