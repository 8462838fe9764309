//! What becomes of commands: rights are asked live, votes are recorded, questions go to the panel, and whatever has to
//! be said in return is collected.

use super::access::{self, Access, Caller};
use super::acting;
use super::advancing;
use super::asking_again;
use super::beginning;
use super::breaker;
use super::cancelling;
use super::check::CheckInput;
use super::command::{Command, Parsed, VoteCommand, Whom};
use super::deps::JobError;
use super::dropping;
use super::evaluate::{self, Evaluated, Outcome};
use super::gate_files;
use super::hear::Utterance;
use super::message::{self, VoteTold};
use super::record_votes;
use super::renew;
use super::retrying;
use super::saying;
use super::votes::{self, Hashes, Votable};
use super::work::{Work, open};
use crate::engine::edit;
use crate::engine::vote::Vote;
use crate::ids::Alias;
use crate::store::{Change, EffectRecord, HumanVote};
use std::collections::{BTreeMap, BTreeSet};

/// One persona that a command wants to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Path of the discussion by the record.
    pub key: String,
    /// Who.
    pub alias: Alias,
    /// The question; `None`: its view and vote.
    pub question: Option<String>,
}

/// What one utterance came to.
#[derive(Debug, Default)]
pub struct Response {
    /// Parts of the reply, in order.
    pub parts: Vec<String>,
    /// Whom it wants to hear.
    pub wants: Vec<Want>,
    /// `status` was asked: the state is added at the end of the job.
    pub status: bool,
    /// `why` was asked about one discussion, or without a path about all: the rules are added at the end of the job.
    pub why: Vec<Option<String>>,
    /// The line of the last `cancel`: whatever was asked for before it is not asked.
    pub cancel: Option<usize>,
    /// Whom the lines above that one wanted to hear.
    pub unasked: Vec<Want>,
    /// Discussions whose signed replies are to be put back.
    pub restore: BTreeSet<String>,
    /// Discussions that begin anew.
    pub renewed: BTreeSet<String>,
    /// Something was refused or not understood.
    pub refused: bool,
    /// No reaction at all: this account was told often enough.
    pub silent: bool,
    /// No reply, only the reaction: there were too many within this hour.
    pub muted: bool,
    /// Votes that were taken down: (path by the record, source), to tell whether they count.
    votes: Vec<(String, String)>,
    /// Those whose voter was told that they do not.
    pub told: Vec<(String, String)>,
}

/// Answers every command of an utterance. Votes are recorded at once.
pub async fn respond(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
) -> Result<Response, JobError> {
    let mut response = Response::default();
    for parsed in &utterance.commands {
        match &parsed.command {
            Ok(command) => {
                carry_out(work, outcomes, utterance, parsed, command, &mut response).await?;
            }
            Err(error) => {
                let personas: Vec<&str> =
                    work.ground.personas.0.keys().map(Alias::as_str).collect();
                let text = message::not_understood(parsed, error, &personas);
                let author = &utterance.said.author;
                if work.rights_of(author.id, &author.login).await?.write {
                    response.parts.push(text);
                    response.refused = true;
                } else {
                    decline(work, utterance, text, &mut response).await?;
                }
            }
        }
    }
    if breaker::count(work, utterance).await? >= breaker::MOST {
        response.refused |= !response.wants.is_empty();
        response.wants.clear();
        response.muted = true;
    }
    Ok(response)
}

async fn carry_out(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    parsed: &Parsed,
    command: &Command,
    response: &mut Response,
) -> Result<(), JobError> {
    let author = &utterance.said.author;
    let caller = Caller {
        rights: work.rights_of(author.id, &author.login).await?,
        is_author: work
            .snapshot
            .author
            .as_ref()
            .is_some_and(|a| a.id == author.id),
        author_may_vote: work.ground.config.gate.author_may_vote,
        past_bound: open(&work.paths, outcomes).any(|(_, evaluated)| evaluated.past_bound),
    };
    if let Access::Refused(refusal) =
        access::decide(command, &work.ground.config.permissions, &caller)
    {
        let text = message::refused(&author.login, &refusal);
        return decline(work, utterance, text, response).await;
    }
    match command {
        Command::Help => {
            if is_due(work, utterance, command).await? {
                let personas = work.ground.personas.0.values();
                let list: Vec<(&str, &str)> = personas
                    .map(|persona| (persona.alias.as_str(), persona.description.as_str()))
                    .collect();
                response
                    .parts
                    .push(message::help(&list, &work.ground.config.permissions));
            }
        }
        Command::Config => {
            if is_due(work, utterance, command).await? {
                let snapshot = &work.snapshot;
                let text = message::config(
                    &work.ground,
                    snapshot.config.as_deref(),
                    &snapshot.base_branch,
                );
                response.parts.push(text);
            }
        }
        Command::Again { whom } => {
            asking_again::carry_out(work, outcomes, utterance, parsed, whom, response).await?;
        }
        Command::Advance { phase } => {
            let phase = phase.as_deref();
            advancing::carry_out(work, utterance, parsed, phase, &caller, response).await?;
        }
        Command::New(new) => {
            beginning::carry_out(work, utterance, parsed, new, response).await?;
        }
        Command::Cancel => cancelling::carry_out(work, utterance, parsed, response),
        Command::Retry => retrying::carry_out(work, outcomes, utterance, response).await?,
        Command::Status => response.status = is_due(work, utterance, command).await?,
        Command::Why => {
            let is_there = |path: &String| {
                let mut all = work.paths.iter().zip(outcomes);
                all.any(|(at, outcome)| {
                    at.candidate.path == *path
                        && matches!(outcome, Outcome::Open(_) | Outcome::Blocked(_))
                })
            };
            if parsed.path.as_ref().is_some_and(|path| !is_there(path)) {
                targets(work, outcomes, parsed, response);
            } else if is_due(work, utterance, command).await? {
                response.why.push(parsed.path.clone());
            }
        }
        Command::Vote(vote) => {
            let Some(ballots) = ballots(work, outcomes, parsed, response) else {
                return Ok(());
            };
            take_down(work, ballots, utterance, parsed.line, vote, response).await?;
        }
        Command::Drop(drop) => {
            dropping::carry_out(work, outcomes, utterance, parsed, drop, response).await?;
        }
        Command::Act(act) => {
            acting::carry_out(work, outcomes, utterance, parsed, act, &caller, response).await?;
        }
        Command::Ledger(said) => {
            saying::carry_out(work, outcomes, utterance, parsed, said, &caller, response).await?;
        }
        Command::Restore => {
            let targets = targets(work, outcomes, parsed, response).unwrap_or_default();
            for (key, evaluated) in targets {
                let path = &evaluated.view.path;
                let closed = edit::append(&evaluated.discussion, &[]);
                match (evaluated.receipts.is_as_signed(), work.commits(), closed) {
                    (true, ..) => response.parts.push(message::nothing_to_restore(path)),
                    (false, true, Ok(_)) => drop(response.restore.insert(key)),
                    (false, true, Err(why)) => {
                        let why = why.to_string();
                        response.parts.push(message::restore_waits(path, &why));
                        response.refused = true;
                    }
                    (false, false, _) => {
                        response.parts.push(message::cannot_restore(path));
                        response.refused = true;
                    }
                }
            }
        }
        Command::Reset { reason } => {
            let targets = targets(work, outcomes, parsed, response).unwrap_or_default();
            let keys: Vec<String> = targets.into_iter().map(|(key, _)| key).collect();
            for key in keys {
                let by = format!("{}: {reason}", utterance.said.author.login);
                let source = format!("{}:{}", utterance.said.guid, parsed.line);
                renew::reset(work, &key, &by, &source).await?;
                response.renewed.insert(key);
            }
        }
        Command::Ask { whom, question } => {
            let Some(targets) = targets(work, outcomes, parsed, response) else {
                return Ok(());
            };
            for (key, evaluated) in targets {
                let wants = wanted(whom, question.as_ref(), &key, evaluated);
                response.wants.extend(wants);
            }
        }
    }
    Ok(())
}

/// What a vote is about, with the hash of the text as it is now: discussions, and without a PATH the change to the
/// gate too.
fn ballots(
    work: &Work<'_>,
    outcomes: &[Outcome],
    parsed: &Parsed,
    response: &mut Response,
) -> Option<Vec<(String, Hashes)>> {
    let gate = work.gate.as_ref().filter(|_| parsed.path.is_none());
    let gate = gate.map(|gate| (gate_files::KEY.to_owned(), gate.hashes()));
    let is_alone = open(&work.paths, outcomes).next().is_none();
    if let Some(gate) = gate.clone().filter(|_| is_alone) {
        return Some(vec![gate]);
    }
    let targets = targets(work, outcomes, parsed, response)?.into_iter();
    let ballots = targets.map(|(key, evaluated)| (key, evaluated.seen.hashes()));
    Some(ballots.chain(gate).collect())
}

/// Records a vote on every discussion it is about. A hash says which those are, where it fits any of them.
async fn take_down(
    work: &mut Work<'_>,
    ballots: Vec<(String, Hashes)>,
    utterance: &Utterance,
    line: usize,
    vote: &VoteCommand,
    response: &mut Response,
) -> Result<(), JobError> {
    let mut votes: Vec<(bool, HumanVote)> = Vec::new();
    let none = BTreeMap::new();
    for (key, text) in ballots {
        let published = match key == gate_files::KEY {
            true => work.memory.gate.as_ref(),
            false => work.memory.discussions.get(&key),
        };
        let votable = Votable {
            key: &key,
            ballot: &text.ballot,
            proposal: &text.proposal,
            subject_of: published.map_or(&none, |record| &record.subject_of),
            published: published.map_or(&[], |record| &record.published),
        };
        let digits = vote.hash.as_deref();
        let is_named = digits.is_some_and(|digits| votable.has(digits));
        votes.push((is_named, votes::cast(&utterance.said, line, vote, votable)));
    }
    let one_is_named = votes.iter().any(|(is_named, _)| *is_named);
    votes.retain(|(is_named, _)| *is_named || !one_is_named);
    let mut changes = Vec::new();
    for (_, cast) in votes {
        response
            .votes
            .push((cast.path.clone(), cast.source.clone()));
        changes.extend(record_votes::as_told(work, &utterance.said, cast).await?);
    }
    work.record(&changes).await?;
    work.recall_votes().await
}

/// The discussions a command is about; `None`: there is none, which is said.
pub(super) fn targets<'o>(
    work: &Work<'_>,
    outcomes: &'o [Outcome],
    parsed: &Parsed,
    response: &mut Response,
) -> Option<Vec<(String, &'o Evaluated)>> {
    let mut all: Vec<(&str, &str, &'o Evaluated)> = Vec::new();
    for (path, outcome) in work.paths.iter().zip(outcomes) {
        if let Outcome::Open(evaluated) = outcome {
            all.push((&path.candidate.path, &path.candidate.key, evaluated));
        }
    }
    let paths: Vec<&str> = all.iter().map(|(path, _, _)| *path).collect();
    let settled = settled(work, outcomes);
    if all.is_empty() && !settled.is_empty() {
        response.parts.push(message::settled(parsed, &settled));
        response.refused = true;
        return None;
    }
    if all.is_empty() {
        let panel = work.ground.config.participants.iter();
        let panel: Vec<&str> = panel.map(Alias::as_str).collect();
        response.parts.push(message::no_discussion(&panel));
        response.refused = true;
        return None;
    }
    if let Some(named) = &parsed.path {
        all.retain(|(path, _, _)| path == named);
        if all.is_empty() {
            response
                .parts
                .push(message::no_such_discussion(parsed, &paths));
            response.refused = true;
            return None;
        }
    } else if all.len() > 1 {
        response.parts.push(message::applied_to_all(parsed, &paths));
    }
    let targets = all.into_iter();
    Some(
        targets
            .map(|(_, key, evaluated)| (key.to_owned(), evaluated))
            .collect(),
    )
}

/// Discussions that were decided before: path and status.
fn settled<'w>(work: &'w Work<'_>, outcomes: &'w [Outcome]) -> Vec<(&'w str, &'w str)> {
    let paths = work.paths.iter().zip(outcomes);
    let settled = paths.filter_map(|(path, outcome)| match outcome {
        Outcome::Settled(status) => Some((path.candidate.path.as_str(), status.as_str())),
        _ => None,
    });
    settled.collect()
}

/// Whom a command wants to hear about one discussion.
pub(super) fn wanted(
    whom: &Whom,
    question: Option<&String>,
    key: &str,
    evaluated: &Evaluated,
) -> Vec<Want> {
    let aliases: Vec<Alias> = match whom {
        Whom::Named(aliases) => aliases.clone(),
        Whom::All => evaluated.panel.clone(),
        Whom::Missing => {
            let panel = evaluated.panel.iter();
            let silent = panel.filter(|alias| {
                !evaluated.fresh.contains_key(alias) && !evaluated.is_disputed(alias)
            });
            silent.cloned().collect()
        }
    };
    let want = |alias| Want {
        key: key.to_owned(),
        alias,
        question: question.cloned(),
    };
    aliases.into_iter().map(want).collect()
}

/// Says why nothing was done. Whoever has no write is told like with a missing right.
pub(super) async fn refuse(
    work: &Work<'_>,
    utterance: &Utterance,
    caller: &Caller,
    text: String,
    response: &mut Response,
) -> Result<(), JobError> {
    if !caller.rights.write {
        return decline(work, utterance, text, response).await;
    }
    response.parts.push(text);
    response.refused = true;
    Ok(())
}

/// One reply for each account, pull request and hour, then a reaction, then nothing: nobody without the right makes us
/// talk at will.
pub(super) async fn decline(
    work: &Work<'_>,
    utterance: &Utterance,
    text: String,
    response: &mut Response,
) -> Result<(), JobError> {
    response.refused = true;
    let author = &utterance.said.author;
    let key = access::refusal_key(work.pr(), author.id, utterance.said.received_at);
    if first_time(work, &key, &utterance.said.guid).await? {
        response.parts.push(text);
    } else {
        response.silent = !first_time(work, &format!("{key}:again"), &utterance.said.guid).await?;
    }
    Ok(())
}

/// Whether a reading command gets its reply: once a minute on a pull request.
async fn is_due(
    work: &Work<'_>,
    utterance: &Utterance,
    command: &Command,
) -> Result<bool, JobError> {
    let key = access::reply_key(work.pr(), command, utterance.said.received_at);
    first_time(work, &key, &utterance.said.guid).await
}

/// Whether something that may be done once under a key is done by this delivery: now, or by an earlier try.
async fn first_time(work: &Work<'_>, key: &str, guid: &str) -> Result<bool, JobError> {
    if let Some(EffectRecord::Done(by)) = work.deps.store.effect(work.pr(), key).await? {
        return Ok(by == guid);
    }
    let (key, result) = (key.to_owned(), guid.to_owned());
    work.record(&[Change::EffectDone { key, result }]).await?;
    Ok(true)
}

impl Response {
    /// Adds what reading commands asked for, from what the check says.
    pub fn tell_state(&mut self, input: Option<&CheckInput>) {
        let Some(input) = input else { return };
        if self.status {
            self.parts.push(message::status(input));
        }
        let asked = self.why.iter();
        let why: Vec<String> = asked
            .map(|path| message::why(input, path.as_deref()))
            .collect();
        self.parts.extend(why);
    }

    /// Tells voters whose votes are recorded and do not count as they stand.
    pub fn tell_votes(&mut self, work: &Work<'_>, outcomes: &[Outcome]) {
        let author_may_vote = work.ground.config.gate.author_may_vote;
        let author = work.snapshot.author.as_ref().filter(|_| !author_may_vote);
        for (key, source) in std::mem::take(&mut self.votes) {
            let cast = |vote: &&HumanVote| vote.path == key && vote.source == source;
            let Some(vote) = work.memory.votes.iter().find(cast) else {
                continue;
            };
            let is_author = author.is_some_and(|author| author.id == vote.account);
            let found = open(&work.paths, outcomes).find(|(path, _)| *path == key);
            if let Some((_, evaluated)) = found
                && let Some(part) = told(vote, evaluated, is_author)
            {
                self.parts.push(part);
                self.told.push((key, source));
            }
        }
    }
}

/// What a voter has to be told, if anything.
pub fn told(vote: &HumanVote, evaluated: &Evaluated, is_author: bool) -> Option<String> {
    Vote::parse(&vote.vote)?;
    let told = VoteTold {
        voter: &vote.login,
        vote: &vote.vote,
        path: &evaluated.view.path,
        current: &evaluated.view.subject,
        need: evaluated.view.permissions.of_votes(),
    };
    if is_author {
        Some(message::vote_of_author(&told))
    } else if vote.subject.is_empty() {
        Some(message::vote_on_unknown(&told))
    } else if !evaluate::is_about(vote, &evaluated.seen.hashes()) {
        let given_on: String = vote.subject.chars().take(8).collect();
        let sections = &evaluated.view.changed_sections;
        Some(message::vote_is_stale(&told, &given_on, sections))
    } else {
        None
    }
}
