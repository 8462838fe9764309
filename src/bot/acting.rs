//! Acts of people on discussions, from commands into the record. Who may give the command was decided before; here only
//! whose act it would take back is looked at.

use super::access::{AuthorRule, Caller, Refusal};
use super::acts::{self, Bound, Reach};
use super::command::{ActCommand, Command, Parsed, Whom, path_word, table};
use super::deps::JobError;
use super::evaluate::{Evaluated, Outcome};
use super::hear::Utterance;
use super::message::{self, NotDone};
use super::respond::{self, Response};
use super::votes::Said;
use super::work::{Work, open};
use crate::store::{ActRecord, ActVerb, Change};

/// What is to be recorded about one discussion, or why nothing is.
enum Decided {
    /// Recorded: verb, target, text.
    Act(ActVerb, String, String),
    /// Nothing would change.
    Not(NotDone),
    /// It would take back what others did.
    NotTheAuthors,
}

/// Carries out one act on every discussion it is about.
pub async fn carry_out(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    parsed: &Parsed,
    command: &ActCommand,
    caller: &Caller,
    response: &mut Response,
) -> Result<(), JobError> {
    let targets = match command {
        ActCommand::Override { hash, .. } => of_text(work, outcomes, parsed, hash, response),
        _ => respond::targets(work, outcomes, parsed, response),
    };
    let said = &utterance.said;
    let source = format!("{}:{}:{}", said.source, said.guid, parsed.line);
    for (key, evaluated) in targets.unwrap_or_default() {
        let is_done = |act: &ActRecord| act.path == key && act.source == source;
        if !work.memory.acts.iter().any(is_done) {
            let by = (said.author.id, said.cast_at());
            let decided = decide(work, &key, evaluated, command, by, caller);
            let (verb, target, text) = match decided {
                Decided::Act(verb, target, text) => (verb, target, text),
                Decided::Not(why) => {
                    let path = &evaluated.view.path;
                    response.parts.push(message::not_done(parsed, path, &why));
                    response.refused = true;
                    continue;
                }
                Decided::NotTheAuthors => {
                    let row = table::row(&Command::Act(command.clone()));
                    let refusal = Refusal::Author {
                        usage: row.usage,
                        need: work.ground.config.permissions.need(row),
                        rule: AuthorRule::OwnOnly,
                    };
                    let text = message::refused(&said.author.login, &refusal);
                    response.parts.push(text);
                    response.refused = true;
                    continue;
                }
            };
            let act = ActRecord {
                text,
                ..act_by(work, &key, evaluated, said, (verb, target), source.clone())
            };
            work.record(&[Change::Act(act.clone())]).await?;
            work.memory.acts.push(act);
        }
        let resumed = |act: &ActRecord| act.source == source && act.target != ActVerb::OWN;
        let is_resumed = *command == ActCommand::Resume && work.acts_of(&key).any(resumed);
        // Past the bound the author opens no round, in this way either.
        if is_resumed && !(caller.is_bound() && evaluated.past_bound) {
            let wants = respond::wanted(&Whom::Missing, None, &key, evaluated);
            response.wants.extend(wants);
        }
    }
    Ok(())
}

/// An act on a discussion by whoever said that, on the text as it is now and under the chain that counts now. Its words,
/// where it has any, are the caller's to add. `source`: what tells it from all others.
pub(super) fn act_by(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    said: &Said,
    (verb, target): (ActVerb, String),
    source: String,
) -> ActRecord {
    ActRecord {
        path: key.to_owned(),
        verb,
        target,
        item: String::new(),
        text: String::new(),
        account: said.author.id,
        login: said.author.login.clone(),
        base: work.snapshot.base_branch.clone(),
        did: work.chain_of(key).unwrap_or_default().to_owned(),
        subject: evaluated.seen.ballot.clone(),
        source,
        link: said.url.clone(),
        said_at: said.cast_at(),
    }
}

fn decide(
    work: &Work<'_>,
    key: &str,
    evaluated: &Evaluated,
    command: &ActCommand,
    (account, said_at): (u64, i64),
    caller: &Caller,
) -> Decided {
    let record = work.memory.discussions.get(key);
    let bound = Bound {
        ballot: &evaluated.seen.ballot,
        base: &work.snapshot.base_branch,
        did: work.chain_of(key).unwrap_or_default(),
        published: record.map_or(&[], |record| &record.published),
    };
    let before = work.acts_of(key).filter(|act| act.said_at <= said_at);
    let standing = acts::standing(before, bound);
    let act = |verb, text: &str| Decided::Act(verb, String::new(), text.to_owned());
    match command {
        ActCommand::Hold { reason } => act(ActVerb::Hold, reason),
        ActCommand::Release { .. } if standing.holds.is_empty() => Decided::Not(NotDone::NotHeld),
        ActCommand::Release { reason } => {
            let reason = reason.clone().unwrap_or_default();
            match acts::reach(&standing.holds, account, caller.is_bound()) {
                Reach::All => act(ActVerb::Release, &reason),
                Reach::Own => Decided::Act(ActVerb::Release, ActVerb::OWN.to_owned(), reason),
                Reach::Nothing => Decided::NotTheAuthors,
            }
        }
        ActCommand::Pause => {
            let mut pauses = standing.pauses.iter();
            match pauses.find(|pause| pause.account == account) {
                Some(before) => Decided::Not(NotDone::PausedAlready(before.login.clone())),
                None => act(ActVerb::Pause, ""),
            }
        }
        ActCommand::Resume if standing.pauses.is_empty() => Decided::Not(NotDone::NotPaused),
        ActCommand::Resume => match acts::reach(&standing.pauses, account, caller.is_bound()) {
            Reach::All => act(ActVerb::Resume, ""),
            Reach::Own => Decided::Act(ActVerb::Resume, ActVerb::OWN.to_owned(), String::new()),
            Reach::Nothing => Decided::NotTheAuthors,
        },
        ActCommand::Override { reason, .. } => act(ActVerb::Override, reason),
    }
}

/// The one discussion whose text begins with the hash; `None`: there is none, or several, which is said.
fn of_text<'o>(
    work: &Work<'_>,
    outcomes: &'o [Outcome],
    parsed: &Parsed,
    hash: &str,
    response: &mut Response,
) -> Option<Vec<(String, &'o Evaluated)>> {
    if parsed.path.is_some() || open(&work.paths, outcomes).next().is_none() {
        // What is said there about a PATH, or about nothing to override, fits here too.
        let named = respond::targets(work, outcomes, parsed, response)?;
        return with_hash(named, parsed, hash, response);
    }
    let all = work.paths.iter().zip(outcomes);
    let all = all.filter_map(|(path, outcome)| match outcome {
        Outcome::Open(evaluated) => Some((path.candidate.key.clone(), evaluated.as_ref())),
        _ => None,
    });
    let found = with_hash(all.collect(), parsed, hash, response)?;
    if found.len() > 1 {
        let paths: Vec<&str> = found
            .iter()
            .map(|(_, evaluated)| evaluated.view.path.as_str())
            .collect();
        response
            .parts
            .push(message::which_discussion(parsed, &paths));
        response.refused = true;
        return None;
    }
    Some(found)
}

fn with_hash<'o>(
    all: Vec<(String, &'o Evaluated)>,
    parsed: &Parsed,
    hash: &str,
    response: &mut Response,
) -> Option<Vec<(String, &'o Evaluated)>> {
    let (found, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(_, evaluated)| evaluated.seen.ballot.starts_with(hash));
    if !found.is_empty() {
        return Some(found);
    }
    let reason = parsed
        .rest
        .split_once(':')
        .map_or("reason", |(_, reason)| reason.trim());
    let line = |(_, evaluated): &(String, &Evaluated)| {
        let (path, subject) = (path_word(&evaluated.view.path), &evaluated.view.subject);
        format!("/discuss {path} override {subject}: {reason}")
    };
    let lines = others.iter().map(line).collect();
    let text = message::not_done(parsed, "", &NotDone::OtherText(lines));
    response.parts.push(text);
    response.refused = true;
    None
}
