//! Which pull requests a merge group consists of. Pure.
//!
//! The event names a commit and no pull request. Each entry of the queue names the commit of its group and what that is
//! built on, so the group is followed from its commit down to the base branch.

use crate::forge::queue::{QueueEntry, QueuedPull};
use crate::ids::Sha;

/// How GitHub begins the names of its branches for groups.
const PREFIX: &str = "gh-readonly-queue/";

/// Why it is not known which pull requests are in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The queue has no entry for the commit: not yet, or not any more.
    NoEntry,
    /// The queue could not be read, or does not fit together; why.
    Unclear(String),
}

/// A group that somebody asks about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its commit.
    pub head: &'a Sha,
    /// Its branch, if that was told.
    pub head_branch: Option<&'a str>,
    /// The branch it would be merged into.
    pub base_branch: &'a str,
}

/// The pull requests of a group in the order in which they are merged; the last is the one it was made for. `tip`: the
/// base branch now.
pub fn pulls<'a>(
    entries: &'a [QueueEntry],
    asked: Asked<'_>,
    tip: &Sha,
) -> Result<Vec<&'a QueuedPull>, Gap> {
    let mut pulls = Vec::new();
    let mut at = asked.head;
    while let Some(entry) = entries.iter().find(|entry| entry.head.as_ref() == Some(at)) {
        let unclear = |what: &str| Gap::Unclear(format!("the queue {what} at {}", at.short()));
        if pulls.len() >= entries.len() {
            return Err(unclear("goes round in circles"));
        }
        let pull = entry.pull.as_ref();
        let pull = pull.ok_or_else(|| unclear("does not show the pull request"))?;
        if !pull.is_open || pull.base_branch != asked.base_branch {
            let (number, base) = (pull.number, asked.base_branch);
            let why = format!("#{number} is not an open pull request into {base} any more");
            return Err(Gap::Unclear(why));
        }
        pulls.push(pull);
        let base = entry.base.as_ref();
        at = base.ok_or_else(|| unclear("does not tell what the group is built on"))?;
    }
    let Some(made_for) = pulls.first() else {
        return Err(Gap::NoEntry);
    };
    if at != tip {
        return Err(Gap::Unclear(format!(
            "the group is built on {}, and {} is at {}",
            at.short(),
            asked.base_branch,
            tip.short()
        )));
    }
    if let Some(branch) = asked.head_branch
        && number_in(branch, asked.base_branch) != Some(made_for.number)
    {
        return Err(Gap::Unclear(format!(
            "the branch {branch} was not made for #{}, which the queue has there",
            made_for.number
        )));
    }
    pulls.reverse();
    Ok(pulls)
}

/// The pull request that `gh-readonly-queue/BASE/pr-N-SHA` names.
fn number_in(branch: &str, base: &str) -> Option<u64> {
    let rest = branch.strip_prefix(PREFIX)?.strip_prefix(base)?;
    let (number, _) = rest.strip_prefix("/pr-")?.split_once('-')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: char) -> Sha {
        let text = digit.to_string().repeat(40);
        Sha::parse(&text).unwrap_or_else(|| unreachable!("{text} is a commit id"))
    }

    fn pull(number: u64) -> QueuedPull {
        QueuedPull {
            number,
            title: format!("Pull {number}"),
            head: sha('e'),
            base_branch: "release/1".to_owned(),
            is_open: true,
        }
    }

    fn entry(number: u64, head: char, base: char) -> QueueEntry {
        QueueEntry {
            pull: Some(pull(number)),
            head: Some(sha(head)),
            base: Some(sha(base)),
        }
    }

    fn numbers(entries: &[QueueEntry], head: char, branch: Option<&str>) -> Result<Vec<u64>, Gap> {
        let head = sha(head);
        let asked = Asked {
            head: &head,
            head_branch: branch,
            base_branch: "release/1",
        };
        let pulls = pulls(entries, asked, &sha('0'))?;
        Ok(pulls.iter().map(|pull| pull.number).collect())
    }

    #[test]
    fn a_group_is_followed_down_to_the_base() {
        let entries = [entry(7, 'a', '0'), entry(5, 'b', 'a'), entry(9, 'c', 'b')];
        assert_eq!(numbers(&entries, 'c', None), Ok(vec![7, 5, 9]));
        let branch = "gh-readonly-queue/release/1/pr-5-0000";
        assert_eq!(numbers(&entries, 'b', Some(branch)), Ok(vec![7, 5]));
        assert_eq!(numbers(&entries, 'd', None), Err(Gap::NoEntry));
        assert_eq!(numbers(&[], 'a', None), Err(Gap::NoEntry));
    }

    #[test]
    fn whatever_does_not_fit_together_is_unclear() {
        let hidden = QueueEntry {
            pull: None,
            ..entry(7, 'a', '0')
        };
        let unbuilt = QueueEntry {
            base: None,
            ..entry(7, 'a', '0')
        };
        let with = |pull: QueuedPull| QueueEntry {
            pull: Some(pull),
            ..entry(7, 'a', '0')
        };
        let closed = with(QueuedPull {
            is_open: false,
            ..pull(7)
        });
        let elsewhere = with(QueuedPull {
            base_branch: "main".to_owned(),
            ..pull(7)
        });
        let circle = [entry(7, 'a', 'b'), entry(5, 'b', 'a')];
        let cases: [&[QueueEntry]; 6] = [
            &[hidden],
            &[unbuilt],
            &[closed],
            &[elsewhere],
            &circle,
            &[entry(7, 'a', '9')],
        ];
        for case in cases {
            let found = numbers(case, 'a', None);
            assert!(matches!(found, Err(Gap::Unclear(_))), "{case:?}: {found:?}");
        }
        for branch in [
            "gh-readonly-queue/release/1/pr-8-00",
            "gh-readonly-queue/main/pr-7-00",
            "gh-readonly-queue/release/1/pr-7",
            "release/1",
        ] {
            let found = numbers(&[entry(7, 'a', '0')], 'a', Some(branch));
            assert!(matches!(found, Err(Gap::Unclear(_))), "{branch}: {found:?}");
        }
    }
}
