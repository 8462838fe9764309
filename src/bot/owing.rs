//! Answers that are owed and failed for a reason that passes: when each is asked for again, and how often. Pure.
//!
//! | Why it failed | Asked for again |
//! |---|---|
//! | the service limits, fails or does not answer | when it says, at most an hour later; else after 5, 15 and 60 minutes |
//! | nothing is left of the day's budget | at the next midnight of UTC |
//! | a refused key, no credit, an answer that cannot be used, a larger budget used up | not by itself |
//!
//! Three times at most; whoever asks by a command begins a new count. What failed for the service is tried again together:
//! the check needs all of it, and the replies are one commit.

use super::panel::Occasion;
use super::repo_config::Triggers;
use crate::engine::consensus::Owed;
use crate::ids::Alias;
use crate::llm::ModelError;
use crate::llm::budget::passes_at_midnight;
use crate::store::DAY;
use chrono::DateTime;
use serde::{Deserialize, Serialize};

/// Key of the effect that keeps what is asked for again.
pub const KEY: &str = "owing";
/// Waits before the first, second and third time, ms, where the service names none.
const WAITS: [i64; 3] = [5 * MINUTE, 15 * MINUTE, 60 * MINUTE];
const MINUTE: i64 = 60 * 1_000;

/// What had it asked: it is asked for again only while that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody with the right to.
    Person,
    /// The pull request was opened or reopened.
    Opened,
    /// It was no draft any more.
    Readied,
    /// A push changed the text.
    Pushed,
}

impl Cause {
    /// Of an automatic round.
    pub fn of(occasion: Occasion) -> Self {
        match occasion {
            Occasion { readied: true, .. } => Self::Readied,
            Occasion { opened: true, .. } => Self::Opened,
            _ => Self::Pushed,
        }
    }

    /// Whether the configuration and the state of the pull request still let it ask.
    pub fn may_ask(self, on: &Triggers, draft: bool) -> bool {
        let wanted = match self {
            Self::Person => return true,
            Self::Opened => on.opened,
            Self::Readied => on.ready_for_review,
            Self::Pushed => on.push,
        };
        wanted && (!draft || on.drafts)
    }
}

/// One answer that is asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
    /// Path of the discussion by the record.
    pub path: String,
    /// Who owes it.
    pub alias: String,
    /// The text it is owed on, 64 hex digits.
    pub subject: String,
    /// How often it was asked for again.
    pub times: u32,
    /// When it is asked for again, ms.
    pub due: i64,
    /// What had it asked first.
    pub cause: Cause,
}

impl Owing {
    /// Whether it is owed by that persona on that text of that discussion.
    pub fn is_of(&self, path: &str, alias: &Alias, subject: &str) -> bool {
        self.path == path && self.alias == alias.as_str() && self.subject == subject
    }
}

/// Reads what is kept. Damaged text is nothing: then a person asks.
pub fn read(text: &str) -> Vec<Owing> {
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::error!(%error, "what is owed does not read");
        Vec::new()
    })
}

/// When a failure passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// After that many seconds, if they are known.
    After(Option<u64>),
    /// With the day.
    AtMidnight,
}

/// When a failure passes; `None`: not by itself.
pub fn passes(error: &ModelError) -> Option<Passes> {
    match error {
        ModelError::Unavailable { retry_after, .. } => Some(Passes::After(*retry_after)),
        ModelError::OverBudget(why) if passes_at_midnight(why) => Some(Passes::AtMidnight),
        ModelError::OverBudget(_)
        | ModelError::NoModel(_)
        | ModelError::Refused(_)
        | ModelError::Invalid(_) => None,
    }
}

/// When that is asked for again that failed at `now` (ms), after it was asked for again so many times; `None`: it is
/// left to people.
fn due(passes: Passes, times: u32, now: i64) -> Option<i64> {
    let wait = *WAITS.get(usize::try_from(times).ok()?)?;
    let longest = WAITS.into_iter().max().unwrap_or(wait);
    Some(match passes {
        Passes::AtMidnight => (now.div_euclid(DAY) + 1) * DAY,
        Passes::After(None) => now + wait,
        Passes::After(Some(seconds)) => {
            let said = i64::try_from(seconds).unwrap_or(i64::MAX);
            now + said.saturating_mul(1_000).clamp(0, longest)
        }
    })
}

/// An owed answer that did not come: when that passes, and how often it was asked for again before this time.
pub struct Failed {
    /// What it is; its time is still to be set.
    pub owing: Owing,
    /// When that passes.
    pub passes: Passes,
}

/// What is asked for again of what failed at `now`, ms.
pub fn of_failed(failed: Vec<Failed>, now: i64) -> Vec<Owing> {
    let dated = failed.into_iter().filter_map(|Failed { owing, passes }| {
        let due = due(passes, owing.times, now)?;
        Some((Owing { due, ..owing }, passes))
    });
    let mut dated: Vec<(Owing, Passes)> = dated.collect();
    let of_service = |passes: &Passes| matches!(passes, Passes::After(_));
    let all = dated.iter().filter(|(_, passes)| of_service(passes));
    let together = all.map(|(owing, _)| owing.due).max();
    for (owing, passes) in &mut dated {
        if of_service(passes) {
            owing.due = together.unwrap_or(owing.due);
        }
    }
    dated.into_iter().map(|(owing, _)| owing).collect()
}

/// When the first of them is due, ms.
pub fn first(owing: &[Owing]) -> Option<i64> {
    owing.iter().map(|one| one.due).min()
}

/// When the panel of a discussion is asked again for what it owes on this text and could not answer, as people read it.
pub fn told(
    owing: &[Owing],
    path: &str,
    subject: &str,
    owed: &[(Alias, Owed)],
    now: i64,
) -> Option<String> {
    let failed = |alias: &Alias| {
        let mine = |one: &&Owing| one.is_of(path, alias, subject) && one.due > now;
        owing.iter().find(mine)
    };
    let failed = owed
        .iter()
        .filter(|(_, owed)| matches!(owed, Owed::Failed(_)))
        .filter_map(|(alias, _)| failed(alias));
    Some(time(failed.map(|one| one.due).min()?, now))
}

/// A time in words: `14:20 UTC`, or `2026-03-01 00:00 UTC` where it is on another day than `now`. Rounded up to minutes:
/// before that nothing is to be expected.
fn time(at: i64, now: i64) -> String {
    let at = at.saturating_add(MINUTE - 1).div_euclid(MINUTE) * MINUTE;
    let form = match at.div_euclid(DAY) == now.div_euclid(DAY) {
        true => "%H:%M UTC",
        false => "%Y-%m-%d %H:%M UTC",
    };
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
    at.format(form).to_string()
}
