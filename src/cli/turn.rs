//! `discussions turn`: asks personas and appends their replies to the file.

mod asked;
mod prompts;
mod spent;

use super::output::{BOLD, DIM, Output, styled};
use super::progress::TurnProgress;
use super::surroundings::{Surroundings, discussion_in, named_personas, read_discussion};
use super::{Failure, Outcome};
use crate::engine::discussion::Discussion;
use crate::engine::ledger::Ledger;
use crate::engine::persona::{Persona, PersonaKind};
use crate::engine::reply::Limits;
use crate::engine::vote::Vote;
use crate::engine::{edit, turn};
use crate::ids::Alias;
use crate::llm::purse::Purse;
use crate::llm::{Model, Usage};
use crate::round::{self, Ask, MemoryBook, RoundInput, Turn, TurnOutcome};
use crate::workspace::{self, WorkspaceError};
use asked::Asked;
use serde::Serialize;
use spent::{CostJson, Spent};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest time one persona may take.
const TURN_TIMEOUT: Duration = Duration::from_secs(120);
/// Personas asked at the same time.
const PARALLEL: usize = 4;

/// Arguments of `turn`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions turn design/cache.md\n  \
    discussions turn design/cache.md security architect\n  \
    discussions turn design/cache.md security --question \"What about tenant isolation?\"\n  \
    discussions turn design/cache.md security --show-prompt\n\n\
    What all of it may take is `budget.per_round` of .github/discussions.yml above FILE; without one, a dollar and 200,000 \
    tokens. Who does not fit in is not asked. At the end it says what it took.")]
pub struct Arguments {
    /// The discussion file
    file: PathBuf,
    /// Personas to ask, with or without @; none: those mentioned since their last block, else all that vote
    #[arg(value_name = "PERSONA")]
    personas: Vec<String>,
    /// A question to put to them
    #[arg(long, short, value_name = "TEXT", value_parser = question)]
    question: Option<String>,
    /// Who answers: `anthropic/MODEL`, `openai/MODEL`, `ollama/MODEL`, an alias or a provider of discussions.toml, several
    /// with commas between them to stand in for each other; or `checklist`, the built-in rules of each persona
    /// [default: as the repository, the personas and `discussions models` say, else checklist]
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Show the replies, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Show what each persona would be asked; asks nobody, writes nothing
    #[arg(long, conflicts_with = "json")]
    show_prompt: bool,
    /// Print JSON, schema discussions/turn@1
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let (bytes, discussion) = read_discussion(&arguments.file)?;
    let surroundings = Surroundings::of(&arguments.file, output)?;
    let asked = Asked::of(arguments, &surroundings.config, output).await?;
    if !arguments.show_prompt {
        // An append that the file would refuse is refused before anybody is asked.
        edit::append(&discussion, &[]).map_err(|error| {
            Failure::new("append-refused", error.to_string()).at(&arguments.file, None)
        })?;
        if !arguments.dry_run {
            workspace::check_writable(&arguments.file)?;
        }
    }
    let aliases = speakers(arguments, &discussion, &surroundings, output)?;
    let asks = aliases
        .iter()
        .filter_map(|alias| surroundings.personas.get(alias))
        .map(|persona| {
            let model = asked.model(persona, output);
            ask(persona, &discussion, arguments.question.as_deref(), model)
        })
        .collect::<Vec<_>>();
    let ledger = Ledger::of(&discussion, &|_| true).0;
    let panel = surroundings.panel(&discussion);
    let purse = Purse::new(Spent::under(surroundings.config.budget), TURN_TIMEOUT / 2);
    let input = RoundInput {
        scope: "",
        discussion: &discussion,
        proposal_end: None,
        ledger: &ledger,
        counts: &|_| true,
        phase: &panel.phase,
        limits: Limits::default(),
        // Without a secret of ours it is made of the proposal, which cannot hold its own hash.
        fence: "",
        timeout: TURN_TIMEOUT,
        parallel: PARALLEL,
        meter: &purse,
    };
    if arguments.show_prompt {
        prompts::show(&arguments.file, &round::prompts(&input, &asks), output);
        return Ok(Outcome::Fine);
    }
    let turns = round::run(
        &input,
        &asks,
        &MemoryBook::default(),
        &TurnProgress::new(output),
    )
    .await
    .map_err(|error| Failure::new("round-failed", error))?;
    let spent = purse.till();
    let cost = spent.json();
    let written = write(arguments, &bytes, &discussion, &turns, cost, output);
    // Also where nothing could be written: it was paid.
    if let Some(line) = spent.line() {
        output.note(line);
    }
    written?;
    let unavailable = turns
        .iter()
        .any(|turn| matches!(turn.outcome, TurnOutcome::Unavailable(_)));
    Ok(if unavailable {
        Outcome::No
    } else {
        Outcome::Fine
    })
}

/// A question has words in it.
fn question(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("the question is empty; write it out, or leave --question away"),
        question => Ok(question.to_owned()),
    }
}

fn speakers(
    arguments: &Arguments,
    discussion: &Discussion,
    surroundings: &Surroundings,
    output: &Output,
) -> Result<Vec<Alias>, Failure> {
    let personas = &surroundings.personas;
    if arguments.personas.is_empty() {
        let panel = surroundings.panel(discussion);
        if let Some(problem) = panel
            .problems
            .first()
            .filter(|_| panel.participants.is_empty())
        {
            return Err(
                Failure::new(problem.code.row().name, problem.message.as_str())
                    .hint(problem.hint.as_str())
                    .at(&arguments.file, Some(problem.line)),
            );
        }
        // The others are asked all the same, but a name without a persona must not go unnoticed.
        for problem in &panel.problems {
            output.note(format!(
                "{}:{}: {}: {}",
                arguments.file.display(),
                problem.line,
                problem.severity().as_str(),
                problem.message
            ));
        }
        return Ok(turn::speakers(discussion, &panel.participants, personas));
    }
    named_personas(&arguments.personas, personas)
}

fn ask(
    persona: &Persona,
    discussion: &Discussion,
    question: Option<&str>,
    model: Arc<dyn Model>,
) -> Ask {
    Ask {
        previous_vote: last_vote(discussion, &persona.alias)
            .filter(|_| persona.kind == PersonaKind::Voting),
        persona: persona.clone(),
        question: question.map(str::to_owned),
        answered_on: None,
        raised: Vec::new(),
        again: 0,
        model,
    }
}

/// The vote of a persona's last block with a VOTE line; an unclear one is none.
fn last_vote(discussion: &Discussion, alias: &Alias) -> Option<Vote> {
    use crate::engine::marker::BlockVote;
    let own = discussion
        .blocks
        .iter()
        .filter(|block| block.author.persona.as_ref() == Some(alias));
    match own.filter_map(|block| block.vote.as_ref()).next_back()? {
        BlockVote::Clear { vote, .. } => Some(*vote),
        BlockVote::Unclear { .. } => None,
    }
}

/// Writes the new blocks first, then says what came of each turn: nothing is announced that was not written.
fn write(
    arguments: &Arguments,
    bytes: &[u8],
    discussion: &Discussion,
    turns: &[Turn],
    cost: Option<CostJson>,
    output: &Output,
) -> Result<(), Failure> {
    let overtaken = if arguments.dry_run || turns.iter().all(|turn| block(turn).is_none()) {
        Vec::new()
    } else {
        append(&arguments.file, bytes, discussion, turns)?
    };
    let is_new = |turn: &&Turn| block(turn).is_some() && !overtaken.contains(&turn.alias);
    let written = match arguments.dry_run {
        true => 0,
        false => turns.iter().filter(is_new).count(),
    };
    if arguments.json {
        let entry = |turn| TurnEntry::of(turn, !arguments.dry_run && is_new(&turn));
        output.json(&TurnJson {
            schema: "discussions/turn@1",
            path: arguments.file.display().to_string(),
            written: written > 0,
            turns: turns.iter().map(entry).collect(),
            cost,
        });
    } else {
        for turn in turns {
            match block(turn) {
                Some(block) if arguments.dry_run => output.result(format!("{block}\n")),
                Some(_) if overtaken.contains(&turn.alias) => output.result(format!(
                    "{}  another run wrote its reply in the meantime; this one is left out",
                    styled(BOLD, &turn.alias)
                )),
                _ => output.result(line(turn)),
            }
        }
    }
    let path = arguments.file.display();
    output.note(match written {
        0 => format!("{path}: nothing written"),
        1 => format!("{path}: 1 block appended"),
        count => format!("{path}: {count} blocks appended"),
    });
    Ok(())
}

/// Appends the new blocks to what the file holds by now. What others appended in the meantime stays; a persona that
/// another run has asked meanwhile is left out and given back. Any other change refuses the replies: they were given
/// on another text.
fn append(
    file: &Path,
    bytes: &[u8],
    before: &Discussion,
    turns: &[Turn],
) -> Result<Vec<Alias>, Failure> {
    let mut overtaken = Vec::new();
    workspace::edit(file, |current| {
        let now = discussion_in(current, file)?;
        if current != bytes && !edit::only_grew(before, &now) {
            return Err(Failure::from(WorkspaceError::Changed {
                path: file.to_owned(),
            }));
        }
        let blocks_of = |discussion: &Discussion, alias: &Alias| {
            let blocks = discussion.blocks.iter();
            blocks
                .filter(|block| block.author.persona.as_ref() == Some(alias))
                .count()
        };
        let has_answered =
            |turn: &&Turn| blocks_of(&now, &turn.alias) > blocks_of(before, &turn.alias);
        let (late, new): (Vec<&Turn>, Vec<&Turn>) = turns.iter().partition(has_answered);
        overtaken = late.iter().map(|turn| turn.alias.clone()).collect();
        let blocks: Vec<String> = new
            .into_iter()
            .filter_map(block)
            .map(str::to_owned)
            .collect();
        let text = edit::append(&now, &blocks)
            .map_err(|error| Failure::new("append-refused", error.to_string()).at(file, None))?;
        Ok(text.into_bytes())
    })?;
    Ok(overtaken)
}

fn block(turn: &Turn) -> Option<&str> {
    match &turn.outcome {
        TurnOutcome::Block { rendered, .. } => Some(&rendered.block),
        _ => None,
    }
}

/// One line on a turn.
fn line(turn: &Turn) -> String {
    let what = match &turn.outcome {
        TurnOutcome::Block { rendered, .. } => {
            let vote = rendered.vote.map_or("replied", Vote::as_str);
            format!(
                "{vote}  {}",
                styled(DIM, format!("answered by {}", turn.model))
            )
        }
        TurnOutcome::NothingNew => "nothing new: its last block still says it all".to_owned(),
        TurnOutcome::Silent => "has nothing to say".to_owned(),
        TurnOutcome::Unavailable(error) => error.to_string(),
    };
    format!("{}  {what}", styled(BOLD, &turn.alias))
}

/// `discussions/turn@1`. Keys may be added, never removed; every key is always there.
#[derive(Serialize)]
struct TurnJson<'a> {
    schema: &'static str,
    path: String,
    written: bool,
    turns: Vec<TurnEntry<'a>>,
    /// What all requests took; `None`: none was made.
    cost: Option<CostJson>,
}

#[derive(Serialize)]
struct TurnEntry<'a> {
    persona: &'a str,
    /// block, nothing_new, silent or unavailable.
    outcome: &'static str,
    vote: Option<&'static str>,
    written: bool,
    model: &'a str,
    block: Option<&'a str>,
    error: Option<String>,
    /// `None`: nobody counted any.
    tokens: Option<TokensJson>,
}

/// What an answer took, by its provider's count.
#[derive(Serialize)]
struct TokensJson {
    input: u64,
    cached: u64,
    output: u64,
}

impl TokensJson {
    fn of(usage: Usage) -> Option<Self> {
        let counted = Self {
            input: usage.input,
            cached: usage.cached,
            output: usage.output,
        };
        (usage != Usage::default()).then_some(counted)
    }
}

impl<'a> TurnEntry<'a> {
    fn of(turn: &'a Turn, written: bool) -> Self {
        let (outcome, vote, error) = match &turn.outcome {
            TurnOutcome::Block { rendered, .. } => ("block", rendered.vote, None),
            TurnOutcome::NothingNew => ("nothing_new", None, None),
            TurnOutcome::Silent => ("silent", None, None),
            TurnOutcome::Unavailable(error) => ("unavailable", None, Some(error.to_string())),
        };
        Self {
            persona: turn.alias.as_str(),
            outcome,
            vote: vote.map(Vote::as_str),
            written,
            model: &turn.model,
            block: block(turn),
            error,
            tokens: TokensJson::of(turn.usage),
        }
    }
}
