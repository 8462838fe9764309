//! `advance`: somebody moves a discussion to another phase. The record keeps who, from where, and past which vote.

use super::access::{self, AuthorRule, Caller, Permissions, Refusal};
use super::acting;
use super::command::{Parsed, table};
use super::deps::JobError;
use super::evaluate::Evaluated;
use super::hear::Utterance;
use super::message::{self, NotAdvanced};
use super::respond::{self, Response};
use super::work::Work;
use super::write;
use crate::engine::phase;
use crate::engine::template::{Phase, Template};
use crate::store::{ActRecord, ActVerb, Change};

/// Moves every discussion that the command is about, or says why not. That somebody may move it at all was decided before;
/// whether a vote would be left out shows only here.
pub async fn carry_out(
    work: &mut Work<'_>,
    utterance: &Utterance,
    parsed: &Parsed,
    named: Option<&str>,
    caller: &Caller,
    response: &mut Response,
) -> Result<(), JobError> {
    let said = &utterance.said;
    let source = format!("{}:{}:{}", said.source, said.guid, parsed.line);
    // What was said just before, in the same job, counts already.
    let outcomes = &work.evaluate_fully().await?;
    let targets = respond::targets(work, outcomes, parsed, response);
    for (key, evaluated) in targets.unwrap_or_default() {
        let path = &evaluated.view.path;
        let template = &evaluated.template;
        let votes = |name: &str| template.phase(name).is_some_and(|phase| phase.voting);
        let is_before = |act: &&ActRecord| act.path == key && act.source == source;
        if let Some(act) = work.memory.acts.iter().find(is_before) {
            let text = message::advanced(path, &act.text, votes(&act.target));
            response.parts.push(text);
            continue;
        }
        let from = evaluated.phase.name.as_str();
        let to = match target(evaluated, named) {
            Ok(to) => to,
            Err(why) => {
                response
                    .parts
                    .push(message::not_advanced(parsed, path, &why));
                response.refused = true;
                continue;
            }
        };
        let past = phase::left_out(template, from, &to.name, write::has_passed(evaluated));
        if let Some(refusal) = refusal(&past, &work.ground.config.permissions, caller) {
            let refused = message::refused(&said.author.login, &refusal);
            let votes = message::leaves_out(&to.name, &past);
            response.parts.push(format!("{refused} {votes}"));
            response.refused = true;
            continue;
        }
        let text = match past.as_slice() {
            [] => format!("from {from} to {}", to.name),
            votes => format!(
                "from {from} to {}, past the vote in {}",
                to.name,
                votes.join(", ")
            ),
        };
        let done = (ActVerb::Advance, to.name.clone());
        let act = ActRecord {
            text,
            ..acting::act_by(work, &key, evaluated, said, done, source.clone())
        };
        let mut record = work.discussion(&key);
        record.phase = to.name.clone();
        // The rounds of a phase are not had twice by going back and forth.
        if is_new(template, from, &to.name, work.acts_of(&key)) {
            record.rounds = 0;
        }
        let changes = [Change::Act(act.clone()), Change::Discussion(record.clone())];
        work.record(&changes).await?;
        response
            .parts
            .push(message::advanced(path, &act.text, to.voting));
        work.memory.acts.push(act);
        work.memory.discussions.insert(key, record);
    }
    Ok(())
}

/// Whether a discussion was never in a phase that it goes to: it comes later than the present one, and nobody moved it
/// there or away from there before.
fn is_new<'a>(
    template: &Template,
    from: &str,
    to: &str,
    mut acts: impl Iterator<Item = &'a ActRecord>,
) -> bool {
    let order = phase::in_order(template);
    let place = |name: &str| order.iter().position(|phase| *phase == name);
    let was_there = |act: &ActRecord| {
        act.verb == ActVerb::Advance
            && (act.target == to || act.text.starts_with(&format!("from {to} to ")))
    };
    place(to) > place(from) && !acts.any(was_there)
}

/// The phase to go to: the one named, else the next.
fn target<'e>(
    evaluated: &'e Evaluated,
    named: Option<&'e str>,
) -> Result<&'e Phase, NotAdvanced<'e>> {
    let Evaluated {
        template, phase, ..
    } = evaluated;
    if evaluated.is_invalid() {
        return Err(NotAdvanced::Invalid);
    }
    let known = || phase::in_order(template);
    let unknown = |name| NotAdvanced::Unknown {
        template: &template.name,
        phase: name,
        known: known(),
    };
    let to = match (named, phase.next.as_deref()) {
        (Some(named), _) => find(template, named).ok_or_else(|| unknown(named))?,
        (None, Some(next)) => find(template, next).ok_or_else(|| unknown(next))?,
        (None, None) => {
            return Err(NotAdvanced::Last {
                phase: &phase.name,
                others: known()
                    .into_iter()
                    .filter(|name| *name != phase.name)
                    .collect(),
            });
        }
    };
    match to.name == phase.name {
        true => Err(NotAdvanced::There(&to.name)),
        false => Ok(to),
    }
}

fn find<'t>(template: &'t Template, name: &str) -> Option<&'t Phase> {
    let mut phases = template.phases.values();
    phases.find(|phase| phase.name.eq_ignore_ascii_case(name))
}

/// Why this account does not go past votes, if it may not.
fn refusal(past: &[&str], permissions: &Permissions, caller: &Caller) -> Option<Refusal> {
    let row = &table::ADVANCE;
    let (usage, need) = (row.usage, permissions.further(row));
    if past.is_empty() {
        return None;
    }
    if !need.is_met(&caller.rights) {
        let has = access::highest(&caller.rights);
        return Some(Refusal::Right { usage, need, has });
    }
    let rule = AuthorRule::NotPastAVote;
    caller
        .is_bound()
        .then_some(Refusal::Author { usage, need, rule })
}
