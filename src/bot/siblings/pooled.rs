//! What the check says that several open pull requests share because they have one head commit. Pure.
//!
//! It depends on nothing but what each of them comes to by itself, so whoever of them is evaluated last, it comes out
//! the same. The worst counts. READY votes are not added up over pull requests: each in which somebody whose word
//! counts said something has to be green by itself.

use crate::bot::check::{self, Overall, rank_of};
use crate::bot::check::{MAX_SUMMARY, MAX_TITLE};
use crate::bot::markdown::{cap, inline, plain, shorten};
use crate::engine::consensus::State;
use crate::forge::{CheckRun, Conclusion};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What one of the pull requests comes to by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Number.
    pub number: u64,
    /// Its base branch.
    pub base: String,
    /// Its state.
    pub state: Overall,
    /// The title its check would have.
    pub title: String,
    /// Somebody whose word counts said something there: a vote, a round, a hold.
    pub said: bool,
    /// Its author has the right to write.
    pub by_writer: bool,
}

/// One that has not been evaluated at this head yet, and may count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Number.
    pub number: u64,
    /// Its base branch.
    pub base: String,
}

/// What the shared check says, as seen from one of the pull requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pooled {
    /// The state that counts.
    pub overall: Overall,
    /// One line.
    pub title: String,
    /// What the others contribute, as Markdown; empty: there are none.
    pub section: String,
    /// Those that have to tell first.
    pub waits_for: BTreeSet<u64>,
}

impl Pooled {
    /// Conclusion of the run; `None`: in progress.
    pub fn conclusion(&self) -> Option<Conclusion> {
        check::conclusion(self.overall)
    }

    /// Makes the run of one pull request say what all of them come to.
    pub fn onto(&self, mut run: CheckRun) -> CheckRun {
        if self.section.is_empty() {
            return run;
        }
        let (_, rest) = run.summary.split_once('\n').unwrap_or_default();
        let summary = format!("**{}**\n{}{rest}", inline(&self.title), self.section);
        run.summary = cap(summary, MAX_SUMMARY);
        run.title.clone_from(&self.title);
        run.conclusion = self.conclusion();
        run
    }
}

/// How a pull request enters into the common check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its state counts.
    Counts,
    /// Nobody said anything there, and somebody did in another one into the same base.
    Empty,
    /// The same, by somebody without the right to write: it could else be used to get in anybody's way.
    Foreign,
}

/// Decides. All of `others` have the check of the same name; `own` is the one that it is posted for.
pub fn pool(own: &Side, others: &[Side], unread: &[Unread]) -> Pooled {
    let all: Vec<&Side> = std::iter::once(own).chain(others).collect();
    let parts = parts(&all);
    let mut worst: Option<(Overall, &Side)> = None;
    let mut waits_for = BTreeSet::new();
    for (side, part) in all.iter().zip(&parts) {
        if *part != Part::Counts {
            continue;
        }
        let state = state_for(own, side);
        if side.number != own.number && check::conclusion(state).is_none() {
            waits_for.insert(side.number);
        }
        if worst.is_none_or(|(known, _)| rank_of(state) < rank_of(known)) {
            worst = Some((state, side));
        }
    }
    waits_for.extend(unread.iter().map(|unread| unread.number));
    let (overall, side) = worst.unwrap_or((own.state, own));
    let is_green = check::conclusion(overall) == Some(Conclusion::Success);
    let (overall, title) = match unread.first() {
        Some(first) if is_green => (
            Overall::Started,
            format!(
                "WORKING: #{} has the same head and is read first",
                first.number
            ),
        ),
        _ => {
            let alone = parts.iter().filter(|part| **part == Part::Counts).count() == 1;
            (overall, title(own, side, alone || is_green))
        }
    };
    Pooled {
        overall,
        title: shorten(&plain(&title), MAX_TITLE),
        section: section(own, others, &parts, unread),
        waits_for,
    }
}

fn parts(all: &[&Side]) -> Vec<Part> {
    let is_foreign = |side: &Side| !side.said && !side.by_writer;
    // One that is the only one into its base is decided by nobody else: it has to be as far as the others.
    let is_led = |base: &str| {
        all.iter()
            .any(|side| side.base == base && !is_foreign(side))
    };
    let said_into = |base: &str| all.iter().any(|side| side.said && side.base == base);
    let is_failed = |side: &Side| side.state == Overall::Error;
    let part = |side: &&Side| match (is_foreign(side), side.said) {
        (true, _) if is_led(&side.base) => Part::Foreign,
        // Nobody knows what was said where a job was given up.
        (_, false) if said_into(&side.base) && !is_failed(side) => Part::Empty,
        _ => Part::Counts,
    };
    all.iter().map(part).collect()
}

/// Whether one of them goes into another base and is not green there.
fn is_behind(own: &Side, side: &Side) -> bool {
    let is_open = matches!(
        check::conclusion(side.state),
        Some(Conclusion::Failure | Conclusion::ActionRequired)
    );
    is_open && side.base != own.base && side.state != Overall::Error
}

/// The state of one of them as another one has to take it: into another base it only has to be green too.
fn state_for(own: &Side, side: &Side) -> Overall {
    match is_behind(own, side) {
        true => Overall::Of(State::Discussing),
        false => side.state,
    }
}

/// `plainly`: nobody takes a title without a number for the state of another one.
fn title(own: &Side, side: &Side, plainly: bool) -> String {
    if side.number == own.number && plainly {
        return own.title.clone();
    }
    let (number, base) = (side.number, &side.base);
    if is_behind(own, side) {
        return format!("WAITING: #{number} into {base} is not as far");
    }
    let end = side.title.find(|c: char| !c.is_ascii_uppercase());
    let (word, rest) = side.title.split_at(end.unwrap_or(side.title.len()));
    format!("{word} in #{number}{rest}")
}

fn section(own: &Side, others: &[Side], parts: &[Part], unread: &[Unread]) -> String {
    let mut text = String::new();
    if others.is_empty() && unread.is_empty() {
        return text;
    }
    text.push_str(
        "\n### Pull requests with this head commit\n\nThey share this check, since it belongs to the commit: the worst \
         of them counts. Whoever wants one judged by itself pushes a commit to it, or closes the others.\n\n",
    );
    let mut own_line = own.title.clone();
    own_line.push_str(match parts.first() {
        Some(Part::Counts) | None => "",
        Some(Part::Empty | Part::Foreign) => {
            "; nobody said anything here, so it neither adds nor blocks"
        }
    });
    // Writing to a String cannot fail.
    let _ = writeln!(text, "- This one: {}", inline(&own_line));
    for (side, part) in others.iter().zip(parts.iter().skip(1)) {
        let (number, base) = (side.number, &side.base);
        let what = match part {
            Part::Counts if side.base == own.base => side.title.clone(),
            Part::Counts => format!("{}; it has to be green too", side.title),
            Part::Empty => "nobody said anything there, so it neither adds nor blocks".to_owned(),
            Part::Foreign => "its author has no right to write and nobody else said anything there, so it neither \
                              adds nor blocks"
                .to_owned(),
        };
        let line = inline(&format!("#{number} into {base}: {what}"));
        let _ = writeln!(text, "- {line}");
    }
    for Unread { number, base } in unread {
        let line = inline(&format!(
            "#{number} into {base}: not read at this commit yet"
        ));
        let _ = writeln!(text, "- {line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Overall = Overall::Of(State::Ready);
    const CHANGES: Overall = Overall::Of(State::Changes);
    const OPEN: Overall = Overall::Of(State::Discussing);
    const OVERRIDDEN: Overall = Overall::Of(State::Overridden);
    const HELD: Overall = Overall::Of(State::Held);
    const REJECTED: Overall = Overall::Of(State::Rejected);
    const WORKING: Overall = Overall::Of(State::Working);

    /// Base, state, whether anything was said, whether its author writes.
    type Row = (&'static str, Overall, bool, bool);

    fn sides(rows: &[Row]) -> Vec<Side> {
        let side = |(number, row): (u64, &Row)| Side {
            number,
            base: row.0.to_owned(),
            state: row.1,
            title: format!("WORD: of {number}"),
            said: row.2,
            by_writer: row.3,
        };
        (1..).zip(rows).map(side).collect()
    }

    /// The outcome as seen from each of them.
    fn from_each(rows: &[Row]) -> Vec<Pooled> {
        let sides = sides(rows);
        let from = |at: usize| {
            let mut others = sides.clone();
            let own = others.remove(at);
            pool(&own, &others, &[])
        };
        (0..sides.len()).map(from).collect()
    }

    #[test]
    fn the_worst_counts_and_copies_of_nobody_do_not() {
        const MAIN: &str = "main";
        const SIDE: &str = "release";
        let (said, silent, writer, outsider) = (true, false, true, false);
        // What is there, what the check comes to, its title as seen from the first.
        let cases: Vec<(Vec<Row>, Option<Conclusion>, &str)> = vec![
            (
                vec![(MAIN, READY, said, writer), (MAIN, CHANGES, said, writer)],
                Some(Conclusion::Failure),
                "WORD in #2: of 2",
            ),
            (
                vec![(MAIN, READY, said, writer), (MAIN, OPEN, silent, writer)],
                Some(Conclusion::Success),
                "WORD: of 1",
            ),
            (
                vec![(MAIN, READY, said, writer), (MAIN, OPEN, silent, outsider)],
                Some(Conclusion::Success),
                "WORD: of 1",
            ),
            (
                vec![
                    (MAIN, OPEN, silent, writer),
                    (MAIN, REJECTED, said, outsider),
                ],
                Some(Conclusion::Failure),
                "WORD in #2: of 2",
            ),
            (
                vec![(MAIN, OVERRIDDEN, said, writer), (MAIN, OPEN, said, writer)],
                Some(Conclusion::ActionRequired),
                "WORD in #2: of 2",
            ),
            (
                vec![(MAIN, READY, said, writer), (MAIN, HELD, said, writer)],
                Some(Conclusion::ActionRequired),
                "WORD in #2: of 2",
            ),
            (
                vec![(MAIN, READY, said, writer), (MAIN, READY, said, writer)],
                Some(Conclusion::Success),
                "WORD: of 1",
            ),
            (
                vec![
                    (MAIN, Overall::Clear, silent, writer),
                    (MAIN, Overall::Clear, silent, writer),
                ],
                Some(Conclusion::Success),
                "WORD: of 1",
            ),
            (
                vec![(MAIN, OPEN, silent, writer), (MAIN, OPEN, silent, writer)],
                Some(Conclusion::ActionRequired),
                "WORD in #1: of 1",
            ),
            (
                vec![(MAIN, READY, said, writer), (MAIN, WORKING, said, writer)],
                None,
                "WORD in #2: of 2",
            ),
            (
                vec![(MAIN, READY, said, writer), (SIDE, OPEN, silent, writer)],
                Some(Conclusion::ActionRequired),
                "WAITING: #2 into release is not as far",
            ),
            (
                vec![(MAIN, READY, said, writer), (SIDE, OPEN, silent, outsider)],
                Some(Conclusion::ActionRequired),
                "WAITING: #2 into release is not as far",
            ),
            (
                vec![
                    (MAIN, READY, said, writer),
                    (SIDE, Overall::Clear, silent, writer),
                ],
                Some(Conclusion::Success),
                "WORD: of 1",
            ),
            (
                vec![
                    (MAIN, READY, said, writer),
                    (SIDE, Overall::Error, silent, outsider),
                ],
                Some(Conclusion::ActionRequired),
                "WORD in #2: of 2",
            ),
            (
                vec![
                    (MAIN, READY, said, writer),
                    (SIDE, Overall::Error, silent, writer),
                ],
                Some(Conclusion::ActionRequired),
                "WORD in #2: of 2",
            ),
            (
                vec![
                    (MAIN, Overall::Clear, silent, outsider),
                    (MAIN, OPEN, silent, outsider),
                ],
                Some(Conclusion::ActionRequired),
                "WORD in #2: of 2",
            ),
        ];
        for (rows, conclusion, title) in cases {
            let seen = from_each(&rows);
            assert_eq!(seen[0].title, title, "{rows:?}");
            assert_eq!(seen[0].conclusion(), conclusion, "{rows:?}");
            let is_green = |pooled: &Pooled| pooled.conclusion() == Some(Conclusion::Success);
            let greens = seen.iter().filter(|pooled| is_green(pooled)).count();
            assert!(greens == 0 || greens == seen.len(), "{rows:?}: {seen:?}");
        }
    }

    #[test]
    fn whoever_was_not_read_yet_only_keeps_it_from_being_green() {
        let unread = [Unread {
            number: 7,
            base: "main".to_owned(),
        }];
        for (state, title, conclusion) in [
            (
                READY,
                "WORKING: #7 has the same head and is read first",
                None,
            ),
            (CHANGES, "WORD: of 1", Some(Conclusion::Failure)),
        ] {
            let own = &sides(&[("main", state, true, true)])[0];
            let pooled = pool(own, &[], &unread);
            assert_eq!(pooled.title, title);
            assert_eq!(pooled.conclusion(), conclusion);
            assert_eq!(pooled.waits_for, BTreeSet::from([7]));
        }
    }

    #[test]
    fn alone_nothing_is_added() {
        let own = &sides(&[("main", CHANGES, true, true)])[0];
        let pooled = pool(own, &[], &[]);
        assert_eq!(pooled.section, "");
        assert_eq!(
            (pooled.overall, pooled.title.as_str()),
            (CHANGES, "WORD: of 1")
        );
    }
}
