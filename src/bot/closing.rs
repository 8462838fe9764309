//! What is said at the end of a job: answers to questions, states, refusals, and the last reaction.

use super::apply::{self, Runs};
use super::ask;
use super::breaker;
use super::check::CheckInput;
use super::command::{Command, Parsed};
use super::deps::JobError;
use super::evaluate::Outcome;
use super::hear::Utterance;
use super::message::{self, Answer};
use super::plan::Effect;
use super::report;
use super::respond::{self, Response, Want};
use super::stale;
use super::work::{SeenPath, Work, open};
use crate::engine::persona::PersonaKind;
use crate::forge::Reaction;
use crate::round::Turn;
use crate::store::{BlockRecord, Change};
use std::collections::BTreeMap;

/// A comment with commands and what came of it.
#[derive(Debug)]
pub struct Heard {
    /// It.
    pub utterance: Utterance,
    /// What was done at once.
    pub response: Response,
    /// Wanted and not asked, since the same was answered before.
    pub standing: Vec<Want>,
}

/// Voting participants without a counted vote on the current text, for "Re-run" and "Ask again"; with `only_stale`
/// only those whose vote is about an earlier one, for "Re-run stale".
pub fn missing(work: &Work<'_>, outcomes: &[Outcome], only_stale: bool) -> Vec<Want> {
    let mut wants = Vec::new();
    for (key, evaluated) in open(&work.paths, outcomes) {
        if evaluated.asks_nobody() || evaluated.past_bound {
            continue;
        }
        let votes = |alias: &&crate::ids::Alias| {
            let persona = work.ground.personas.get(alias);
            persona.is_some_and(|persona| persona.kind == PersonaKind::Voting)
                && !evaluated.fresh.contains_key(*alias)
                && !evaluated.is_disputed(alias)
                && (!only_stale || evaluated.is_stale(alias))
        };
        wants.extend(evaluated.panel.iter().filter(votes).map(|alias| Want {
            key: key.to_owned(),
            alias: alias.clone(),
            question: None,
        }));
    }
    wants
}

/// Nobody can be asked about what `applies`; each persona wanted by name is answered for.
pub fn cannot_ask(heard: &mut Heard, why: &str, applies: &dyn Fn(&Want) -> bool) {
    let mut named: Vec<String> = Vec::new();
    let wants = std::mem::take(&mut heard.response.wants);
    let (left, kept): (Vec<Want>, Vec<Want>) = wants.into_iter().partition(applies);
    heard.response.wants = kept;
    for want in left {
        let alias = want.alias.to_string();
        if !named.contains(&alias) {
            heard.response.parts.push(message::unavailable(&alias, why));
            heard.response.refused = true;
            named.push(alias);
        }
    }
}

/// Replies to every utterance and reacts to it for the last time.
pub async fn answer(
    work: &Work<'_>,
    runs: &mut Runs,
    heard: &mut [Heard],
    turns: &[(String, Turn)],
    result: Option<&CheckInput>,
) -> Result<(), JobError> {
    if heard.is_empty() {
        return Ok(());
    }
    let outcomes = work.evaluate();
    let mut effects = Vec::new();
    let mut told = Vec::new();
    let mut replied: BTreeMap<String, u32> = BTreeMap::new();
    for heard in heard.iter_mut() {
        heard.response.tell_votes(work, &outcomes);
        let (parts, failed) = round_parts(work, heard, turns);
        heard.response.parts.extend(parts);
        heard.response.refused |= failed;
        heard.response.tell_state(result);
        if replies(&heard.response) {
            let key = breaker::key(&heard.utterance);
            let before = match replied.get(&key) {
                Some(before) => *before,
                None => breaker::count(work, &heard.utterance).await?,
            };
            let count = before + 1;
            replied.insert(key, count);
            if count == breaker::MOST {
                let parts = &mut heard.response.parts;
                parts.push(message::many_replies(breaker::MOST));
            }
        }
        effects.extend(closing_effects(heard));
        let voters = std::mem::take(&mut heard.response.told).into_iter();
        told.extend(voters.map(|(path, source)| Change::EffectDone {
            key: stale::told_key(&path, &source),
            result: String::new(),
        }));
    }
    apply::carry_out(work.deps, &work.job.lease, work.pr(), runs, &effects).await?;
    told.extend(replied.into_iter().map(breaker::counted));
    work.record(&told).await
}

/// Whether there are words for it.
fn replies(response: &Response) -> bool {
    !response.silent && !response.muted && !response.parts.is_empty()
}

fn closing_effects(heard: &Heard) -> Vec<Effect> {
    let response = &heard.response;
    if response.silent {
        return Vec::new();
    }
    let marker = heard.utterance.marker();
    let reply = replies(response).then(|| Effect::Reply {
        body: message::reply(&marker, &response.parts),
        marker,
    });
    let reaction = match response.refused {
        true => Reaction::Confused,
        false => Reaction::Rocket,
    };
    reply
        .into_iter()
        .chain(heard.utterance.reaction(reaction))
        .collect()
}

/// What the round gave in return for one utterance, and whether somebody asked could not answer. A round without a
/// question needs no words: the file has them.
fn round_parts(work: &Work<'_>, heard: &Heard, turns: &[(String, Turn)]) -> (Vec<String>, bool) {
    let mut parts = Vec::new();
    let mut failed = false;
    let mut unanswered: Vec<&Want> = Vec::new();
    for want in &heard.response.wants {
        let failure = ask::failed(turns).find(|(key, turn, _)| is_turn_of(key, turn, want));
        if let Some((_, _, why)) = failure {
            parts.push(message::unavailable(want.alias.as_str(), &why));
            failed = true;
        } else if let Some(question) = &want.question {
            match answer_part(work, heard, want, question) {
                Some(part) => parts.push(part),
                None => unanswered.push(want),
            }
        }
    }
    let without_question = heard.standing.iter().filter(|want| want.question.is_none());
    let asked_nobody = heard.standing.len() == heard.response.wants.len();
    if asked_nobody {
        unanswered.extend(without_question);
    }
    let is_ask = asks_somebody(&heard.utterance.commands);
    if !unanswered.is_empty() || (is_ask && heard.response.wants.is_empty() && parts.is_empty()) {
        parts.extend(nothing_new(work, heard, &unanswered));
    }
    (parts, failed)
}

fn is_turn_of(key: &str, turn: &Turn, want: &Want) -> bool {
    key == want.key && turn.alias == want.alias && turn.question == want.question
}

fn asks_somebody(commands: &[Parsed]) -> bool {
    let is_ask = |parsed: &Parsed| {
        let asks =
            |command: &Command| matches!(command, Command::Ask { .. } | Command::Again { .. });
        parsed.command.as_ref().is_ok_and(asks)
    };
    commands.iter().any(is_ask)
}

fn nothing_new(work: &Work<'_>, heard: &Heard, standing: &[&Want]) -> Option<String> {
    if heard.response.refused && standing.is_empty() {
        return None;
    }
    let links: Vec<(&str, Option<String>)> = standing
        .iter()
        .map(|want| {
            let link = block_for(work, want).and_then(|(path, block)| link(work, path, block));
            (want.alias.as_str(), link)
        })
        .collect();
    let links: Vec<(&str, Option<&str>)> = links
        .iter()
        .map(|(alias, link)| (*alias, link.as_deref()))
        .collect();
    Some(message::nothing_new(&links))
}

fn answer_part(work: &Work<'_>, heard: &Heard, want: &Want, question: &str) -> Option<String> {
    let (path, block) = block_for(work, want)?;
    let link = link(work, path, block);
    Some(message::answer(&Answer {
        asker: &heard.utterance.said.author.login,
        question,
        persona: want.alias.as_str(),
        path: &path.candidate.path,
        block: &block.text,
        link: link.as_deref(),
    }))
}

/// The newest recorded block that answers a want on the current text.
fn block_for<'w>(work: &'w Work<'_>, want: &Want) -> Option<(&'w SeenPath, &'w BlockRecord)> {
    let outcomes = work.evaluate();
    let (_, evaluated) = open(&work.paths, &outcomes).find(|(key, _)| *key == want.key)?;
    let subject = evaluated.seen.subject.to_string();
    let path = work
        .paths
        .iter()
        .find(|path| path.candidate.key == want.key)?;
    let block = work.memory.blocks.iter().rfind(|block| {
        block.path == want.key
            && block.alias == want.alias.as_str()
            && block.question == want.question
            && block.subject == subject
    })?;
    Some((path, block))
}

/// Link to a block in the file at the current head, if it stands there.
fn link(work: &Work<'_>, path: &SeenPath, block: &BlockRecord) -> Option<String> {
    if let Some(review) = &block.review {
        return Some(review.clone());
    }
    let discussion = path.head.discussion()?;
    let found = discussion
        .blocks
        .iter()
        .rfind(|candidate| candidate.canonical(&discussion.source) == block.text)?;
    let url = report::file_url(work, &path.candidate.path);
    Some(format!("{url}?plain=1#L{}", found.line))
}

/// A closed or merged pull request: reading commands are answered, everything else is declined.
pub async fn after_the_end(work: &mut Work<'_>, utterances: &[Utterance]) -> Result<(), JobError> {
    if utterances.is_empty() {
        return Ok(());
    }
    work.read_files().await?;
    let outcomes = work.evaluate_fully().await?;
    let mut effects = Vec::new();
    for utterance in utterances {
        let mut utterance = utterance.clone();
        let mut declined = Vec::new();
        utterance.commands.retain(|parsed| {
            let reads = match &parsed.command {
                Ok(command) => matches!(
                    command,
                    Command::Status | Command::Why | Command::Help | Command::Config
                ),
                Err(_) => true,
            };
            if !reads {
                declined.push(message::closed(parsed));
            }
            reads
        });
        let mut response = respond::respond(work, &outcomes, &utterance).await?;
        response.refused |= !declined.is_empty();
        response.parts.extend(declined);
        let input = report::input(work, &outcomes, &report::Going::default());
        response.tell_state(input.as_ref());
        effects.extend(closing_effects(&Heard {
            utterance,
            response,
            standing: Vec::new(),
        }));
    }
    apply::carry_out(
        work.deps,
        &work.job.lease,
        work.pr(),
        &mut Runs::default(),
        &effects,
    )
    .await
}
