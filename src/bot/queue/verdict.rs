//! What the check on a merge group says, from what is known of its pull requests. Pure.
//!
//! Nobody is asked here: each pull request has its own verdict already, and a group adds nothing to it but the question
//! whether what would be merged is what was decided. What is not known yet is waited for with a run in progress: GitHub
//! takes a pull request out of the queue as soon as its check has ended without success.

use super::group::Gap;
use crate::bot::check::{MAX_SUMMARY, MAX_TITLE};
use crate::bot::ground::FileGlobs;
use crate::bot::markdown::{cap, code, inline, plain, shorten};
use crate::bot::touched::Content;
use crate::forge::{CheckRun, Conclusion, FileContent};
use crate::ids::Sha;
use std::fmt::Write;

/// Characters of a pull request's title in a list.
const MAX_NAME: usize = 100;

/// Where a pull request of a group stands by the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its own check is green on its head.
    Green {
        /// It has no discussion.
        clear: bool,
    },
    /// Its own check failed on its head.
    Failed,
    /// That is not known, or somebody has to act; goes on from the number: `has no verdict for abc1234 yet`.
    Open(String),
    /// It is green, and these of its discussions would not be merged as they stand at its head.
    Altered(Vec<String>),
}

/// A pull request of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Number.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Where it stands.
    pub standing: Standing,
}

/// What to say about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `None`: in progress.
    pub conclusion: Option<Conclusion>,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// Whether looking again can change it.
    pub again: bool,
}

impl Verdict {
    /// The run on the group's commit.
    pub fn run(&self, name: &str, head: &Sha) -> CheckRun {
        CheckRun {
            name: name.to_owned(),
            head: head.clone(),
            conclusion: self.conclusion,
            title: self.title.clone(),
            summary: self.summary.clone(),
            annotations: Vec::new(),
            buttons: Vec::new(),
            external_id: String::new(),
            details_url: None,
        }
    }
}

/// Decides about a group whose pull requests are known, in the order in which they are merged. `is_last`: nobody looks
/// again after this.
pub fn of_members(members: &[Member], base: &str, is_last: bool) -> Verdict {
    let Some((own, ahead)) = members.split_last() else {
        return of_gap(&Gap::NoEntry, is_last);
    };
    let settled = said(own, base).filter(|said| said.is_final);
    let said = settled
        .or_else(|| ahead.iter().find_map(|member| said(member, base)))
        .or_else(|| said(own, base));
    let Some(said) = said else {
        return green(members);
    };
    // Whoever fails ahead is taken out, and this group is built anew without it.
    let is_own = said.number == own.number;
    let ends = is_last || (is_own && said.is_final);
    let (word, conclusion) = match (ends, said.conclusion) {
        (false, _) => ("WORKING", None),
        (true, Conclusion::Failure) => ("FAILED", Some(Conclusion::Failure)),
        (true, _) => ("HELD", Some(Conclusion::ActionRequired)),
    };
    let step = match ends {
        true => said.step,
        false => "nobody has to do anything: the App looks again by itself".to_owned(),
    };
    verdict(
        conclusion,
        &format!("{word}: #{} {}", said.number, said.what),
        &step,
        members,
        !ends,
    )
}

/// Decides about a group of which the pull requests are not known.
pub fn of_gap(gap: &Gap, is_last: bool) -> Verdict {
    let why = match gap {
        Gap::NoEntry => "the queue has no entry for this commit",
        Gap::Unclear(why) => why,
    };
    let (word, conclusion, step) = match is_last {
        true => (
            "HELD",
            Some(Conclusion::ActionRequired),
            "put the pull request into the queue again, or press \"Re-run\"",
        ),
        false => (
            "WORKING",
            None,
            "nobody has to do anything: the App looks again by itself",
        ),
    };
    verdict(conclusion, &format!("{word}: {why}"), step, &[], !is_last)
}

/// What one pull request has against its group.
struct Said {
    number: u64,
    what: String,
    step: String,
    conclusion: Conclusion,
    /// Looking again does not change it: it is decided, or the commits would have to be others.
    is_final: bool,
}

fn said(member: &Member, base: &str) -> Option<Said> {
    let number = member.number;
    let title = shorten(&plain(&member.title), MAX_NAME);
    let (what, step, conclusion, is_final) = match &member.standing {
        Standing::Green { .. } => return None,
        Standing::Failed => (
            format!("failed its own check: {title}"),
            format!(
                "see the check on #{number} for what stands against it; once that is green, queue it again"
            ),
            Conclusion::Failure,
            true,
        ),
        Standing::Open(why) => (
            why.clone(),
            format!("see the check on #{number}; once that is green, queue it again"),
            Conclusion::ActionRequired,
            false,
        ),
        Standing::Altered(paths) => (
            format!(
                "would not be merged as it was decided: {}",
                paths.join(", ")
            ),
            format!(
                "bring the branch of #{number} up to date with {base} and what is ahead of it, have that decided, and \
                 queue it again"
            ),
            Conclusion::ActionRequired,
            true,
        ),
    };
    Some(Said {
        number,
        what,
        step,
        conclusion,
        is_final,
    })
}

fn green(members: &[Member]) -> Verdict {
    let is_clear = |member: &Member| member.standing == Standing::Green { clear: true };
    let word = match members.iter().all(is_clear) {
        true => "CLEAR",
        false => "READY",
    };
    let numbers: Vec<String> = members
        .iter()
        .map(|member| format!("#{}", member.number))
        .collect();
    let title = format!("{word}: merge group of {}", numbers.join(", "));
    verdict(Some(Conclusion::Success), &title, "", members, false)
}

fn verdict(
    conclusion: Option<Conclusion>,
    title: &str,
    step: &str,
    members: &[Member],
    again: bool,
) -> Verdict {
    let title = shorten(&plain(title), MAX_TITLE);
    let mut summary = format!("**{}**\n", inline(&title));
    if !step.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(summary, "\n### Next\n\n{}.", inline(step));
    }
    if !members.is_empty() {
        summary.push_str("\n### Pull requests of this group\n\n");
    }
    for member in members {
        let name = inline(&shorten(&plain(&member.title), MAX_NAME));
        let standing = match &member.standing {
            Standing::Green { clear: true } => "no discussion".to_owned(),
            Standing::Green { clear: false } => {
                "green, and its discussions are merged as they were decided".to_owned()
            }
            Standing::Failed => "failed its own check".to_owned(),
            Standing::Open(why) => inline(why),
            Standing::Altered(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| code(path)).collect();
                format!("not merged as decided: {}", paths.join(", "))
            }
        };
        let _ = writeln!(summary, "- #{} {name}: {standing}", member.number);
    }
    summary.push_str(
        "\nThe verdict of each pull request is the one on its own head; no persona is asked about a merge group.\n",
    );
    Verdict {
        conclusion,
        title,
        summary: cap(summary, MAX_SUMMARY),
        again,
    }
}

/// Whether a discussion would be merged with other bytes than it has at the pull request's head.
pub fn is_altered(
    path: &str,
    head: Option<&FileContent>,
    merged: Option<&FileContent>,
    globs: &FileGlobs,
) -> bool {
    match (head, merged) {
        (None, None) => return false,
        (Some(FileContent::Blob(head)), Some(FileContent::Blob(merged))) if head == merged => {
            return false;
        }
        _ => {}
    }
    let is_discussion = |content| {
        matches!(
            Content::of(path, content, globs),
            Content::Discussion(_)
                | Content::Unreadable {
                    is_marked: true,
                    ..
                }
                | Content::TooLarge {
                    is_marked: true,
                    ..
                }
        )
    };
    is_discussion(head) || is_discussion(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Standing = Standing::Green { clear: false };
    const CLEAR: Standing = Standing::Green { clear: true };

    fn members(standings: &[Standing]) -> Vec<Member> {
        let member = |(number, standing): (u64, &Standing)| Member {
            number,
            title: format!("Pull {number}"),
            standing: standing.clone(),
        };
        (1..).zip(standings).map(member).collect()
    }

    #[test]
    fn only_a_group_of_greens_is_green() {
        let open = || Standing::Open("has no verdict for abc1234 yet".to_owned());
        let altered = || Standing::Altered(vec!["a.md".to_owned()]);
        let (failure, action) = (Some(Conclusion::Failure), Some(Conclusion::ActionRequired));
        let success = Some(Conclusion::Success);
        // Standings, whether it is the last look, conclusion, whether to look again, beginning of the title.
        let cases = [
            (
                vec![READY, CLEAR],
                false,
                success,
                false,
                "READY: merge group of #1, #2",
            ),
            (
                vec![CLEAR, CLEAR],
                false,
                success,
                false,
                "CLEAR: merge group of #1, #2",
            ),
            (
                vec![READY, Standing::Failed],
                false,
                failure,
                false,
                "FAILED: #2 failed its own check: Pull 2",
            ),
            (
                vec![Standing::Failed, READY],
                false,
                None,
                true,
                "WORKING: #1 failed",
            ),
            (
                vec![Standing::Failed, READY],
                true,
                failure,
                false,
                "FAILED: #1 failed",
            ),
            (
                vec![open(), Standing::Failed],
                false,
                failure,
                false,
                "FAILED: #2",
            ),
            (
                vec![READY, open()],
                false,
                None,
                true,
                "WORKING: #2 has no verdict",
            ),
            (
                vec![READY, open()],
                true,
                action,
                false,
                "HELD: #2 has no verdict",
            ),
            (
                vec![open(), READY],
                true,
                action,
                false,
                "HELD: #1 has no verdict",
            ),
            (
                vec![READY, altered()],
                false,
                action,
                false,
                "HELD: #2 would not be merged as it was decided: a.md",
            ),
            (
                vec![altered(), READY],
                false,
                None,
                true,
                "WORKING: #1 would not",
            ),
            (
                vec![altered(), READY],
                true,
                action,
                false,
                "HELD: #1 would not",
            ),
            (vec![], true, action, false, "HELD: the queue has no entry"),
        ];
        for (standings, is_last, conclusion, again, title) in cases {
            let verdict = of_members(&members(&standings), "main", is_last);
            assert_eq!(
                (verdict.conclusion, verdict.again),
                (conclusion, again),
                "{standings:?}"
            );
            assert!(verdict.title.starts_with(title), "{}", verdict.title);
            let is_green = conclusion == success;
            assert_eq!(
                verdict.summary.contains("### Next"),
                !is_green,
                "{}",
                verdict.summary
            );
        }
    }

    #[test]
    fn only_discussions_have_to_be_merged_as_they_were() {
        let globs = FileGlobs::default();
        let blob = |text: &str| Some(FileContent::Blob(text.as_bytes().to_vec()));
        let discussion = "<!-- DISCUSSION -->\n<!-- Title: A -->\n\n# A\n";
        let cases = [
            (blob(discussion), blob(discussion), false),
            (
                blob(discussion),
                blob(&format!("{discussion}More.\n")),
                true,
            ),
            (blob(discussion), None, true),
            (None, blob(discussion), true),
            (blob(discussion), blob("# A\n"), true),
            (
                blob(discussion),
                Some(FileContent::NotAFile("symlink")),
                true,
            ),
            (blob("# A\n"), blob("# B\n"), false),
            (None, None, false),
        ];
        for (head, merged, altered) in cases {
            let found = is_altered("a.md", head.as_ref(), merged.as_ref(), &globs);
            assert_eq!(found, altered, "{head:?} {merged:?}");
        }
    }
}
