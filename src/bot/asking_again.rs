//! `--again`: a persona is asked once more although its answer on this very text stands. Each time is in the record and
//! in the check; the answers before it stay.

use super::acting;
use super::ask;
use super::command::{Parsed, Whom};
use super::deps::JobError;
use super::evaluate::{Evaluated, Outcome};
use super::hear::Utterance;
use super::message;
use super::respond::{self, Response};
use super::work::Work;
use crate::store::{ActRecord, ActVerb, Change};

/// Records that those named are asked again, and wants to hear them. One whose answer does not stand is asked as
/// anybody else: nothing is asked *again* there. Who may give the command was decided before.
pub async fn carry_out(
    work: &mut Work<'_>,
    outcomes: &[Outcome],
    utterance: &Utterance,
    parsed: &Parsed,
    whom: &Whom,
    response: &mut Response,
) -> Result<(), JobError> {
    let targets = respond::targets(work, outcomes, parsed, response);
    let can_ask = work.ground.can_ask(&work.snapshot).is_ok();
    for (key, evaluated) in targets.unwrap_or_default() {
        let mut again: Vec<(String, usize)> = Vec::new();
        for want in respond::wanted(whom, None, &key, evaluated) {
            let act = act(work, utterance, &key, evaluated, want.alias.as_str());
            let mut is_done = work.acts_of(&key).any(|known| known.source == act.source);
            let may = can_ask && !evaluated.asks_nobody();
            if !is_done && may && ask::is_answered(work, outcomes, &want).await? {
                work.record(&[Change::Act(act.clone())]).await?;
                work.memory.acts.push(act.clone());
                is_done = true;
            }
            if is_done {
                let times =
                    super::acts::asked_again(work.acts_of(&key), want.alias.as_str(), &act.subject);
                again.push((want.alias.to_string(), times.len()));
            }
            response.wants.push(want);
        }
        if !again.is_empty() {
            let path = &evaluated.view.path;
            response.parts.push(message::asked_again(path, &again));
        }
    }
    Ok(())
}

/// One for each persona and comment, so that neither a second try nor a second line buys another answer.
fn act(
    work: &Work<'_>,
    utterance: &Utterance,
    key: &str,
    evaluated: &Evaluated,
    alias: &str,
) -> ActRecord {
    let said = &utterance.said;
    let source = format!("{}:{}:again:{alias}", said.source, said.guid);
    let done = (ActVerb::Again, alias.to_owned());
    ActRecord {
        text: evaluated.phase.name.clone(),
        subject: evaluated.seen.subject.to_string(),
        ..acting::act_by(work, key, evaluated, said, done, source)
    }
}
