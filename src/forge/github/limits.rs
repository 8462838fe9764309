//! How much may be sent, as values: told what was sent and what GitHub said, when may the next request go? No waiting
//! and no clock here; `pace` does both.
//!
//! Facts: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>: "in general" 80 requests that
//! create content a minute and 500 an hour, by any door, and 900 points a minute, of which most writes cost 5 and most
//! reads 1. <https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api>: a second between writes for whoever
//! makes many of them; after a refusal nothing before `retry-after`, else before `x-ratelimit-reset`, else for a minute,
//! then longer and longer.
//!
//! GitHub does not list what creates content. Commits, comments, reviews, reactions and changes to them count as such
//! here; a check run notifies nobody and does not, but costs points: 60 and 100 writes a minute are 800.
//!
//! Of crates, `governor` is the field's: its cells keep a rate with a burst. But one of its limiters keeps one rate, and
//! what the first of three has let through cannot be given back when the third refuses; a burst may come on top of a
//! full minute; a rate cannot be halved in place; and it knows no time before which nothing goes. What was left to do
//! around it is most of this file.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// A window that ends within this time is waited for; longer ones are the queue's to wait for.
const NEARLY_OVER: Duration = Duration::from_millis(500);
/// After a refusal that does not say for how long; doubled with each further one.
const UNTOLD: Duration = MINUTE;
/// A lane is halved so often at most.
const MOST_HALVINGS: u32 = 4;

/// How fast one lane may go. Bounds hold in every stretch of time of that length, not only on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneRates {
    /// Writes that may go at once after a pause, at least 1.
    pub burst: u32,
    /// Writes a second in the long run, at least 1; in one second no more than this or `burst`.
    pub per_second: u32,
    /// Writes in any minute, at least 1.
    pub per_minute: u32,
    /// Writes in any hour, at least 1; `None`: what the minutes come to.
    pub per_hour: Option<u32>,
}

/// How fast is written for one installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Commits, comments, reviews, reactions, and changes to them.
    pub content: LaneRates,
    /// Check runs. They wait for each other only, never for content.
    pub checks: LaneRates,
    /// How long a write waits for its turn where it is. One whose turn comes later is not sent, and its job goes back to
    /// the queue: a waiting write keeps a worker.
    pub patience: Duration,
    /// A lane that was halved goes twice as fast again after this time without a refusal.
    pub recovery: Duration,
}

impl Default for Rates {
    /// Below what GitHub allows, as people and other programs write in the same name. The burst is a round with
    /// everything around it: two reactions, the commit, the answer, the status comment.
    fn default() -> Self {
        Self {
            content: LaneRates {
                burst: 5,
                per_second: 1,
                per_minute: 60,
                per_hour: Some(400),
            },
            checks: LaneRates {
                burst: 5,
                per_second: 5,
                per_minute: 100,
                per_hour: None,
            },
            patience: Duration::from_secs(5),
            recovery: 5 * MINUTE,
        }
    }
}

impl Rates {
    /// For a GitHub of one's own on the same machine, which minds no haste. What it refuses is heeded all the same.
    pub fn loopback() -> Self {
        let quick = LaneRates {
            burst: 1_000,
            per_second: 1_000,
            per_minute: 60_000,
            per_hour: None,
        };
        Self {
            content: quick,
            checks: quick,
            ..Self::default()
        }
    }
}

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Reads and tokens: bounded by windows alone.
    Free,
    /// Check runs, and what else is written without creating content.
    Checks,
    /// What creates content.
    Content,
    /// Content that nobody needs: it goes only where there is room for a burst after it. A job that has to begin anew
    /// would else spend its turn on the same reactions each time.
    Courtesy,
}

/// Whether a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may, and is counted.
    Now,
    /// It may then, and is counted; a window may have begun by that time.
    At(Instant),
    /// Nothing of this installation may for so long: GitHub said so.
    Closed(Duration),
    /// So much was written that its turn comes after this time. It is not counted; its job is, so that the next one to
    /// ask gets a later turn.
    OutOfTurn(Duration),
}

/// What was sent for one installation of late, and until when GitHub wants nothing more.
#[derive(Debug)]
pub(super) struct Limiter {
    rates: Rates,
    not_before: Option<Instant>,
    /// When the last refusal came that was news.
    refused_at: Option<Instant>,
    checks: Track,
    content: Track,
}

impl Limiter {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            rates,
            not_before: None,
            refused_at: None,
            checks: Track::new(rates.checks),
            content: Track::new(rates.content),
        }
    }

    /// What is left of a window in which nothing is sent.
    pub(super) fn closed(&self, now: Instant) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Asks for a request to go.
    pub(super) fn admit(&mut self, lane: Lane, now: Instant) -> Admission {
        let left = self.closed(now).unwrap_or_default();
        if left > NEARLY_OVER {
            return Admission::Closed(left);
        }
        let (open, patience, recovery) = (now + left, self.rates.patience, self.rates.recovery);
        let slot = match self.track(lane) {
            None => open,
            Some(track) => {
                let halvings = track.halvings(now, recovery);
                let is_courtesy = lane == Lane::Courtesy;
                let after_it = match is_courtesy {
                    true => track.burst(halvings),
                    false => 0,
                };
                let room = track.earliest(open, after_it, halvings);
                if room.saturating_duration_since(now) > patience {
                    let turn = match is_courtesy {
                        true => room,
                        false => track.turn(now, halvings),
                    };
                    return Admission::OutOfTurn(turn.saturating_duration_since(now));
                }
                let slot = track.earliest(open, 0, halvings);
                track.take(slot, halvings);
                slot
            }
        };
        match slot > now {
            true => Admission::At(slot),
            false => Admission::Now,
        }
    }

    /// An answer said that the hour's requests are used up, and that there are new ones after `left`.
    pub(super) fn used_up(&mut self, now: Instant, left: Duration) {
        self.close(now, left);
    }

    /// A request that was sent at `sent` was refused for a limit. Says for how long nothing may be sent. Its lane goes
    /// half as fast from then on; both do after a refused read, which cannot be what weighs. What was under way when an
    /// earlier refusal came is not news.
    pub(super) fn refused(
        &mut self,
        lane: Lane,
        sent: Instant,
        now: Instant,
        told: Option<Duration>,
    ) -> Duration {
        let is_news = self.refused_at.is_none_or(|at| sent >= at);
        self.settle(now);
        let affected = match lane {
            Lane::Free => [Some(&mut self.checks), Some(&mut self.content)],
            Lane::Checks => [Some(&mut self.checks), None],
            Lane::Content | Lane::Courtesy => [Some(&mut self.content), None],
        };
        let mut halvings = 0;
        for track in affected.into_iter().flatten() {
            halvings = halvings.max(track.halved);
            if is_news {
                track.halved = (track.halved + 1).min(MOST_HALVINGS);
            }
        }
        let window = match told {
            Some(told) => told,
            None if is_news => UNTOLD.saturating_mul(1 << halvings),
            None => UNTOLD,
        };
        if is_news {
            self.refused_at = Some(now);
        }
        self.close(now, window);
        self.closed(now).unwrap_or(window)
    }

    /// Whether nothing of the past matters any more.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let recovery = self.rates.recovery;
        let is_idle = |track: &Track| {
            let is_past = |at: &Instant| now.saturating_duration_since(*at) > HOUR;
            track.halvings(now, recovery) == 0
                && track.sent.back().is_none_or(is_past)
                && track.turns.back().is_none_or(|turn| *turn < now)
        };
        self.closed(now).is_none() && is_idle(&self.checks) && is_idle(&self.content)
    }

    fn close(&mut self, now: Instant, window: Duration) {
        self.settle(now);
        let until = now + window;
        let until = self.not_before.map_or(until, |before| before.max(until));
        self.not_before = Some(until);
        for track in [&mut self.checks, &mut self.content] {
            track.calm_from = Some(until);
        }
    }

    /// What calm gave back so far is kept, whatever comes next.
    fn settle(&mut self, now: Instant) {
        let recovery = self.rates.recovery;
        for track in [&mut self.checks, &mut self.content] {
            track.halved = track.halvings(now, recovery);
            track.calm_from = Some(now);
        }
    }

    fn track(&mut self, lane: Lane) -> Option<&mut Track> {
        match lane {
            Lane::Free => None,
            Lane::Checks => Some(&mut self.checks),
            Lane::Content | Lane::Courtesy => Some(&mut self.content),
        }
    }
}

/// One lane: what went through it, ascending, and what was promised to go.
#[derive(Debug)]
struct Track {
    rates: LaneRates,
    /// Turns given out, those still to come at the end.
    sent: VecDeque<Instant>,
    /// When the burst is whole again.
    whole_at: Option<Instant>,
    /// Turns told to jobs that went back to the queue, each good for a burst.
    turns: VecDeque<Instant>,
    /// Halvings when calm began.
    halved: u32,
    /// The end of the last window.
    calm_from: Option<Instant>,
}

impl Track {
    fn new(rates: LaneRates) -> Self {
        Self {
            rates,
            sent: VecDeque::new(),
            whole_at: None,
            turns: VecDeque::new(),
            halved: 0,
            calm_from: None,
        }
    }

    /// Halvings still in force.
    fn halvings(&self, now: Instant, recovery: Duration) -> u32 {
        let calm = self
            .calm_from
            .map(|from| now.saturating_duration_since(from));
        let recovered = calm.unwrap_or_default().as_millis() / recovery.as_millis().max(1);
        self.halved
            .saturating_sub(u32::try_from(recovered).unwrap_or(u32::MAX))
    }

    fn burst(&self, halvings: u32) -> u32 {
        (self.rates.burst >> halvings).max(1)
    }

    /// Time from one write to the next in the long run.
    fn every(&self, halvings: u32) -> Duration {
        (SECOND / self.rates.per_second.max(1)).saturating_mul(1 << halvings)
    }

    /// No more than so many within such a time.
    fn bounds(&self, halvings: u32) -> impl Iterator<Item = (usize, Duration)> {
        let rates = self.rates;
        let at_once = (rates.burst.max(rates.per_second), SECOND);
        let of_minute = (rates.per_minute, MINUTE);
        let of_hour = rates.per_hour.map(|most| (most, HOUR));
        let all = [Some(at_once), Some(of_minute), of_hour];
        all.into_iter().flatten().map(move |(most, span)| {
            let most = (most >> halvings).max(1);
            (usize::try_from(most).unwrap_or(usize::MAX), span)
        })
    }

    /// When the next write may go after `more` others, not before `from`.
    fn earliest(&self, from: Instant, more: u32, halvings: u32) -> Instant {
        let last = self.sent.back().copied();
        let mut at = last.map_or(from, |last| from.max(last));
        let more_count = usize::try_from(more).unwrap_or(usize::MAX);
        let count = self.sent.len().saturating_add(more_count);
        for (most, span) in self.bounds(halvings) {
            let oldest = count.checked_sub(most).map(|index| {
                let known = self.sent.get(index).copied();
                known.or(last).unwrap_or(from)
            });
            at = oldest.map_or(at, |oldest| at.max(oldest + span));
        }
        let every = self.every(halvings);
        let spare = every.saturating_mul(self.burst(halvings) - 1);
        let room = self.whole_at.and_then(|whole| {
            let whole = whole + every.saturating_mul(more);
            whole.checked_sub(spare)
        });
        room.map_or(at, |room| at.max(room))
    }

    fn take(&mut self, slot: Instant, halvings: u32) {
        let whole = self.whole_at.map_or(slot, |whole| whole.max(slot));
        self.whole_at = Some(whole + self.every(halvings));
        self.sent.push_back(slot);
        let longest = self.bounds(0).map(|(_, span)| span).max();
        let longest = longest.unwrap_or(HOUR);
        while self
            .sent
            .front()
            .is_some_and(|first| slot.saturating_duration_since(*first) > longest)
        {
            self.sent.pop_front();
        }
    }

    /// When a job that cannot wait here should come back: once a whole burst may go, after those that were told so
    /// before. Else all of them would come back at once, read everything and wait again.
    fn turn(&mut self, now: Instant, halvings: u32) -> Instant {
        while self.turns.front().is_some_and(|turn| *turn <= now) {
            self.turns.pop_front();
        }
        let burst = self.burst(halvings);
        let told = u32::try_from(self.turns.len()).unwrap_or(u32::MAX);
        let before_it = told.saturating_mul(burst).saturating_add(burst - 1);
        let turn = self.earliest(now, before_it, halvings).min(now + HOUR);
        self.turns.push_back(turn);
        turn
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Somebody who waits for any turn, so that all turns can be seen.
    fn patient() -> Limiter {
        Limiter::new(Rates {
            patience: 24 * HOUR,
            ..Rates::default()
        })
    }

    fn turn(limiter: &mut Limiter, lane: Lane, now: Instant) -> Instant {
        match limiter.admit(lane, now) {
            Admission::Now => now,
            Admission::At(slot) => slot,
            other => panic!("{other:?}"),
        }
    }

    /// The most of these times that lie in one stretch of that length.
    fn most_in(times: &[Instant], span: Duration) -> usize {
        let within = |from: &Instant| {
            let of_it = times
                .iter()
                .filter(|at| **at >= *from && **at < *from + span);
            of_it.count()
        };
        times.iter().map(within).max().unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_stretch_of_time_holds_more_than_its_bound(
            asked in proptest::collection::vec((0_u64..4_000, 0_u64..4), 1..700),
            packed in any::<bool>(),
        ) {
            let mut limiter = patient();
            let mut now = Instant::now();
            let (mut content, mut checks) = (Vec::new(), Vec::new());
            for (gap, kind) in asked {
                now += Duration::from_millis(if packed { gap / 100 } else { gap });
                match kind {
                    0 => checks.push(turn(&mut limiter, Lane::Checks, now)),
                    1 => prop_assert_eq!(limiter.admit(Lane::Free, now), Admission::Now),
                    _ => content.push(turn(&mut limiter, Lane::Content, now)),
                }
            }
            prop_assert!(content.is_sorted() && checks.is_sorted(), "first come, first served");
            prop_assert!(most_in(&content, MINUTE) <= 60);
            prop_assert!(most_in(&content, HOUR) <= 400);
            prop_assert!(most_in(&checks, SECOND) <= 5);
            prop_assert!(most_in(&checks, MINUTE) <= 100);
            // A burst and one a second.
            for seconds in [1_u32, 2, 10, 40] {
                let most = usize::try_from(seconds).unwrap() + 5;
                prop_assert!(most_in(&content, SECOND * seconds) <= most);
            }
        }
    }

    #[test]
    fn thirty_comments_at_once_go_one_a_second_and_checks_pass_them() {
        let mut limiter = patient();
        let now = Instant::now();
        let turns: Vec<_> = (0..30)
            .map(|_| {
                turn(&mut limiter, Lane::Content, now)
                    .duration_since(now)
                    .as_secs()
            })
            .collect();
        let expected: Vec<_> = [0; 4].into_iter().chain(0..26).collect();
        assert_eq!(turns, expected, "a burst of five, then one a second");
        assert_eq!(limiter.admit(Lane::Checks, now), Admission::Now);
        // After a pause as long as all of that the burst is whole again.
        let later = now + SECOND * 30;
        for _ in 0..5 {
            assert_eq!(limiter.admit(Lane::Content, later), Admission::Now);
        }
    }

    #[test]
    fn nothing_goes_inside_a_window_and_all_of_it_after() {
        let now = Instant::now();
        let mut limiter = Limiter::new(Rates::default());
        assert_eq!(limiter.admit(Lane::Content, now), Admission::Now);
        let told = limiter.refused(Lane::Content, now, now, Some(SECOND * 2));
        assert_eq!(told, SECOND * 2);
        for lane in [Lane::Free, Lane::Checks, Lane::Content] {
            let early = now + SECOND;
            assert_eq!(
                limiter.admit(lane, early),
                Admission::Closed(SECOND),
                "{lane:?}"
            );
            let end = now + SECOND * 2;
            let almost = end - Duration::from_millis(400);
            assert_eq!(limiter.admit(lane, almost), Admission::At(end), "{lane:?}");
            assert!(
                matches!(limiter.admit(lane, end + SECOND * 2), Admission::Now),
                "{lane:?}"
            );
        }
        // A shorter one does not cut a longer one short.
        limiter.used_up(now, HOUR);
        limiter.refused(Lane::Free, now, now, Some(SECOND));
        assert_eq!(limiter.closed(now), Some(HOUR));
    }

    /// Seconds that eight writes take which are asked for at once.
    fn spread(limiter: &mut Limiter, lane: Lane, now: Instant) -> u64 {
        let turns: Vec<_> = (0..8).map(|_| turn(limiter, lane, now)).collect();
        turns[7].duration_since(turns[0]).as_secs()
    }

    #[test]
    fn a_refusal_halves_its_lane_and_calm_gives_it_back() {
        let begin = Instant::now();
        for (lane, content, checks) in [
            (Lane::Content, 12, 1),
            (Lane::Courtesy, 12, 1),
            (Lane::Checks, 3, 3),
            (Lane::Free, 12, 3),
        ] {
            let refused = || {
                let mut limiter = patient();
                limiter.refused(lane, begin, begin, None);
                limiter
            };
            let open = begin + MINUTE;
            assert_eq!(
                spread(&mut refused(), Lane::Content, open),
                content,
                "{lane:?}"
            );
            assert_eq!(
                spread(&mut refused(), Lane::Checks, open),
                checks,
                "{lane:?}"
            );
            let mut limiter = refused();
            limiter.refused(lane, open, open, Some(SECOND));
            let recovery = Rates::default().recovery;
            // A window in between takes nothing of it back.
            limiter.used_up(open + SECOND + recovery, SECOND);
            let calm = open + SECOND * 2 + recovery * 2;
            assert_eq!(spread(&mut limiter, Lane::Content, calm), 3, "{lane:?}");
            let calm = open + recovery;
            assert_eq!(spread(&mut refused(), Lane::Content, calm), 3, "{lane:?}");
            assert_eq!(spread(&mut refused(), Lane::Checks, calm), 1, "{lane:?}");
        }
    }

    #[test]
    fn refusals_one_after_the_other_make_windows_longer_and_longer() {
        let mut limiter = patient();
        let mut now = Instant::now();
        let mut windows = Vec::new();
        for _ in 0..6 {
            let window = limiter.refused(Lane::Content, now, now, None);
            windows.push(window.as_secs());
            now += window;
        }
        assert_eq!(windows, [60, 120, 240, 480, 960, 960]);
        // Three in a minute, sixteen seconds apart.
        assert_eq!(spread(&mut limiter, Lane::Content, now), 136);
    }

    #[test]
    fn refusals_of_what_was_under_way_together_count_once() {
        let sent = Instant::now();
        let mut limiter = patient();
        for answer in 1..=4 {
            let now = sent + Duration::from_millis(answer);
            limiter.refused(Lane::Content, sent, now, Some(MINUTE));
        }
        let after = sent + MINUTE + SECOND;
        assert_eq!(spread(&mut limiter, Lane::Content, after), 12);
    }

    #[test]
    fn whoever_cannot_wait_is_told_a_turn_of_its_own() {
        let now = Instant::now();
        let mut limiter = patient();
        let used = (0..400)
            .map(|_| turn(&mut limiter, Lane::Content, now))
            .max();
        let used = used.unwrap();
        limiter.rates.patience = SECOND * 5;
        let told: Vec<_> = (0..3)
            .map(|_| match limiter.admit(Lane::Content, used) {
                Admission::OutOfTurn(wait) => used + wait,
                other => panic!("{other:?}"),
            })
            .collect();
        // The first five went at once an hour before; each is told when five more of that hour are over.
        assert_eq!(told[0], now + HOUR);
        assert_eq!(told[1], now + HOUR + SECOND * 5);
        assert_eq!(told[2], now + HOUR + SECOND * 10);
        for _ in 0..5 {
            assert_eq!(limiter.admit(Lane::Content, told[0]), Admission::Now);
        }
        assert_eq!(
            limiter.admit(Lane::Checks, used),
            Admission::Now,
            "checks have a lane of their own"
        );
    }

    #[test]
    fn a_reaction_gives_way_to_what_is_needed() {
        let now = Instant::now();
        let mut limiter = Limiter::new(Rates::default());
        for _ in 0..4 {
            assert_eq!(limiter.admit(Lane::Courtesy, now), Admission::Now);
        }
        let wait = Admission::OutOfTurn(SECOND * 6);
        assert_eq!(limiter.admit(Lane::Content, now), Admission::Now);
        assert_eq!(limiter.admit(Lane::Courtesy, now), wait);
        let next = Admission::At(now + SECOND);
        assert_eq!(limiter.admit(Lane::Content, now), next);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let now = Instant::now();
        let mut limiter = patient();
        assert!(limiter.is_idle(now));
        turn(&mut limiter, Lane::Content, now);
        limiter.refused(Lane::Content, now, now, None);
        assert!(!limiter.is_idle(now + HOUR));
        assert!(limiter.is_idle(now + HOUR + SECOND));
    }
}
