//! Who is asked by a job, and why nobody is. Pure: the rules of "who is asked when".

use super::access::Need;
use super::evaluate::Evaluated;
use super::job::{JobEvent, Opening};
use super::repo_config::Triggers;
use super::seen::Missed;
use crate::ids::Alias;
use crate::store::{BlockRecord, DiscussionRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Discussions that may start rounds by themselves in one pull request.
pub const MAX_BY_ITSELF: usize = 3;

/// What the events of a job say about automatic rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occasion {
    /// Opened, reopened or ready for review, and the configuration wants rounds then.
    pub opened: bool,
    /// Ready for review, and the configuration wants rounds then.
    pub readied: bool,
    /// Opened, reopened or ready for review, whether the configuration wants rounds then or not: the text that stands
    /// there is not new to a later push.
    pub came_into_view: bool,
    /// The head moved.
    pub pushed: bool,
    /// When we got the last push, ms.
    pub last_push_at: i64,
}

impl Occasion {
    /// Reads the events: (when we got it, ms; event).
    pub fn of<'a>(events: impl Iterator<Item = (i64, &'a JobEvent)>, on: &Triggers) -> Self {
        let mut occasion = Self::default();
        for (received_at, event) in events {
            occasion.came_into_view |= matches!(event, JobEvent::Opened { .. });
            match event {
                JobEvent::Opened {
                    opening: Opening::Opened | Opening::Reopened,
                    ..
                } => occasion.opened |= on.opened,
                JobEvent::Opened {
                    opening: Opening::ReadyForReview,
                    ..
                } => {
                    occasion.opened |= on.ready_for_review;
                    occasion.readied |= on.ready_for_review;
                }
                JobEvent::Pushed { .. } => {
                    occasion.pushed = true;
                    occasion.last_push_at = occasion.last_push_at.max(received_at);
                }
                _ => {}
            }
        }
        occasion
    }

    /// The head moved while the job ran, seen at that time: as good as a push, whose delivery is still to come.
    pub fn moved(&mut self, at: i64) {
        self.pushed = true;
        self.last_push_at = self.last_push_at.max(at);
    }

    /// A sweep looked, at that time: the occasion is the one of the event that was missed. A push asks only about a text
    /// that changed.
    pub fn looked_again(&mut self, missed: Missed, at: i64, on: &Triggers) {
        match missed {
            Missed::Opening => {
                self.came_into_view = true;
                self.opened |= on.opened;
            }
            Missed::Readiness => {
                self.came_into_view = true;
                self.opened |= on.ready_for_review;
                self.readied |= on.ready_for_review;
            }
            Missed::Push => self.moved(at),
            Missed::Nothing => {}
        }
    }

    /// Whether this job is one in which the panel may start by itself, or would if the configuration wanted it.
    pub fn is_one(self) -> bool {
        self.came_into_view || self.pushed
    }
}

/// One discussion as these rules see it.
pub struct Seat<'a> {
    /// Path by the record.
    pub key: &'a str,
    /// Its evaluation.
    pub evaluated: &'a Evaluated,
    /// Its record, if it was evaluated before.
    pub record: Option<&'a DiscussionRecord>,
    /// Its recorded blocks.
    pub blocks: &'a [&'a BlockRecord],
}

/// What else decides.
#[derive(Debug, Clone)]
pub struct Conditions<'a> {
    /// The events.
    pub occasion: Occasion,
    /// `on` of the configuration.
    pub on: &'a Triggers,
    /// The pull request is a draft.
    pub draft: bool,
    /// Why replies cannot be written here, if they cannot.
    pub no_way_to_reply: Option<String>,
}

/// Who is asked without a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Automatic {
    /// (path by the record, persona), in order.
    pub asked: Vec<(String, Alias)>,
    /// What the panel of a discussion waits for, by path.
    pub waiting: BTreeMap<String, String>,
    /// Discussions whose panel never started on the text and is not started by this job: the check keeps saying what
    /// it waits for.
    pub unstarted: BTreeSet<String>,
    /// A push changed a text: the round starts once pushes have been quiet, counted from `last_push_at`.
    pub wait_for_quiet: bool,
}

/// Decides who is asked without a command. The author's right to write is not looked at here: it is asked live, and
/// only if it matters; see [`Automatic::waits_for`].
pub fn automatic(seats: &[Seat<'_>], conditions: &Conditions<'_>) -> Automatic {
    let mut automatic = Automatic::default();
    let silent: Vec<(&Seat<'_>, Vec<Alias>)> = seats
        .iter()
        .filter(|seat| !seat.evaluated.asks_nobody() && !seat.evaluated.past_bound)
        .map(|seat| (seat, never_asked(seat)))
        .filter(|(_, aliases)| !aliases.is_empty())
        .collect();
    let obstacle = obstacle(silent.len(), conditions);
    for (seat, aliases) in silent {
        let key = seat.key.to_owned();
        match &obstacle {
            Some(text) if is_due(seat, conditions) || is_unstarted(seat) => {
                automatic.waiting.insert(key, text.clone());
            }
            None if is_due(seat, conditions) => {
                let occasion = conditions.occasion;
                automatic.wait_for_quiet |=
                    occasion.pushed && (occasion.opened || seat.record.is_some());
                let asked = aliases.into_iter().map(|alias| (key.clone(), alias));
                automatic.asked.extend(asked);
            }
            None if is_unstarted(seat) => {
                automatic.unstarted.insert(key);
            }
            _ => {}
        }
    }
    automatic
}

impl Automatic {
    /// Turns all questions into waiting: the author may not start a panel, whoever may give the command does.
    pub fn waits_for(&mut self, need: Need) {
        let mut keys = std::mem::take(&mut self.unstarted);
        keys.extend(self.asked.drain(..).map(|(key, _)| key));
        let text = format!("someone with {} starts the panel", need.as_str());
        self.waiting
            .extend(keys.into_iter().map(|key| (key, text.clone())));
        self.wait_for_quiet = false;
    }
}

/// Whether this job is a reason to ask about this discussion.
fn is_due(seat: &Seat<'_>, conditions: &Conditions<'_>) -> bool {
    let subject = seat.evaluated.seen.subject.to_string();
    let is_changed = seat.record.is_none_or(|record| record.subject != subject);
    let by_push = conditions.occasion.pushed && conditions.on.push && is_changed;
    conditions.occasion.opened || by_push
}

/// Whether nobody ever answered on this text.
fn is_unstarted(seat: &Seat<'_>) -> bool {
    let subject = seat.evaluated.seen.subject.to_string();
    let has_answered = |block: &&BlockRecord| block.subject == subject && !block.is_persons();
    !seat.blocks.iter().any(has_answered)
}

/// Voting participants that no automatic round asked about this text: those without a block on it that is no answer
/// to a question.
fn never_asked(seat: &Seat<'_>) -> Vec<Alias> {
    let subject = seat.evaluated.seen.subject.to_string();
    let has_block = |alias: &Alias| {
        seat.blocks.iter().any(|block| {
            block.alias == alias.as_str() && block.subject == subject && block.question.is_none()
        })
    };
    let panel = seat.evaluated.panel.iter();
    panel.filter(|alias| !has_block(alias)).cloned().collect()
}

/// What keeps every panel of this pull request from starting by itself.
fn obstacle(due: usize, conditions: &Conditions<'_>) -> Option<String> {
    if let Some(why) = &conditions.no_way_to_reply {
        return Some(why.clone());
    }
    if conditions.draft && !conditions.on.drafts {
        return Some("this is a draft; the panel starts when it is ready for review".to_owned());
    }
    if due > MAX_BY_ITSELF {
        return Some(format!(
            "{due} discussions at once; start one with /discuss and its path"
        ));
    }
    None
}
