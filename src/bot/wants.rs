//! Who is asked in a round, of all that could be a reason to ask.

use super::ask;
use super::cancelling::Cut;
use super::check::{EXPLAIN, RERUN_STALE};
use super::closing::{self, Heard};
use super::command::table;
use super::deps::JobError;
use super::evaluate::Outcome;
use super::hear::Happened;
use super::job::JobEvent;
use super::mentions::{self, Mentioned};
use super::overdue;
use super::panel::Automatic;
use super::renew;
use super::respond::Want;
use super::work::{Work, open};
use crate::ids::Alias;
use std::collections::BTreeSet;

/// Everybody who is asked in this round, each question once: the panel first, then those that typed blocks mention,
/// then those that commands name, then those that are asked again by themselves.
pub async fn wants(
    work: &mut Work<'_>,
    happened: &[Happened],
    outcomes: &[Outcome],
    automatic: &Automatic,
    heard: &mut [Heard],
    (cut, dropped): (Option<&Cut>, &mut bool),
) -> Result<(Vec<Want>, Mentioned), JobError> {
    let of_panel = automatic.asked.iter().map(|(key, alias)| Want {
        key: key.clone(),
        alias: alias.clone(),
        question: None,
    });
    let mut wants: Vec<Want> = of_panel.collect();
    let from = cut.map_or(0, |cut| cut.from);
    *dropped |= happened[..from].iter().any(asks_for_a_new_run);
    let cannot = work.ground.can_ask(&work.snapshot).err();
    if cut.is_some() {
        *dropped |= !work.memory.renewed.is_empty();
        work.memory.renewed.clear();
    }
    if cannot.is_none() {
        let renewed = renew::wants(work, outcomes, &work.memory.renewed);
        wants.extend(ask::without_standing(work, outcomes, renewed).await?.0);
    }
    let mut mentioned = match cannot {
        None => mentions::mentioned(work, happened, outcomes).await?,
        Some(_) => Mentioned::default(),
    };
    if cut.is_some_and(|cut| !cut.goes_on) {
        *dropped |= !mentioned.wants.is_empty();
        mentioned.wants.clear();
    }
    let by_mention = ask::without_standing(work, outcomes, mentioned.wants.clone()).await?;
    wants.extend(by_mention.0);
    for heard in heard.iter_mut() {
        if let Some(why) = &cannot {
            closing::cannot_ask(heard, why, &|_| true);
            continue;
        }
        for (key, evaluated) in open(&work.paths, outcomes).filter(|(_, e)| e.asks_nobody()) {
            let path = &evaluated.view.path;
            let why = match evaluated.is_invalid() {
                true => format!("{path} is invalid, as the check says"),
                false => format!("{path} is paused, as the check says, until `/discuss resume`"),
            };
            closing::cannot_ask(heard, &why, &|want| want.key == key);
        }
        let (to_ask, standing) =
            ask::without_standing(work, outcomes, heard.response.wants.clone()).await?;
        heard.standing = standing;
        wants.extend(to_ask);
    }
    if cannot.is_none()
        && let Some(only_stale) = rerun(work, &happened[from..]).await?
    {
        let missing = closing::missing(work, outcomes, only_stale);
        wants.extend(ask::without_standing(work, outcomes, missing).await?.0);
    }
    let mut again = overdue::wants(work, happened, outcomes).await?;
    again.retain(|want| !wants.contains(want));
    wants.extend(again.iter().cloned());
    work.memory.again = again;
    let mut seen: BTreeSet<(String, Alias, Option<String>)> = BTreeSet::new();
    wants.retain(|want| seen.insert((want.key.clone(), want.alias.clone(), want.question.clone())));
    Ok((wants, mentioned))
}

/// "Re-run" and the buttons that ask; "Explain" only replies.
pub fn asks_for_a_new_run(happened: &Happened) -> bool {
    matches!(&happened.event, JobEvent::Rerequested { button, .. } if button.as_deref() != Some(EXPLAIN))
}

/// Whether somebody who might say `/discuss` pressed "Re-run" or a button that asks, and whether only stale votes were meant.
/// Everybody may have it evaluated again.
async fn rerun(work: &mut Work<'_>, happened: &[Happened]) -> Result<Option<bool>, JobError> {
    let mut only_stale = None;
    for happened in happened.iter().filter(|h| asks_for_a_new_run(h)) {
        if let JobEvent::Rerequested { actor, button } = &happened.event
            && actor.person
            && work.may(&table::MISSING, actor.id, &actor.login).await?
        {
            let is_stale = button.as_deref() == Some(RERUN_STALE);
            only_stale = Some(only_stale.unwrap_or(true) && is_stale);
        }
    }
    Ok(only_stale)
}
