//! The status comment: one for each pull request with a discussion, as a pure function of what the check says.
//!
//! State first, then what is next, votes, open items, a chart; everything else is folded away. The words are the
//! check's own: whoever reads both reads nothing twice in other words. Nobody is mentioned, so that an edit notifies
//! nobody.

mod chart;
mod kept;

pub use kept::{Kept, PAUSE, Step, changes_state, step};

use super::check::{
    self, CheckInput, DiscussionView, Findings, counted, dissent, facts, missing, note_lines,
    of_discussion, open_items, overview, problems, table, title,
};
use super::command::table::TABLE;
use super::markdown::{cap, code, inline, link, shorten};
use super::message::MAX_COMMENT;
use crate::engine::prompt::TITLE_SHOWN;
use crate::forge::{Conclusion, PrState};
use crate::ids::{PullRequest, Sha};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is next on a green.
const DONE: &str =
    "\nNothing is left to do here: as far as the discussion goes, this can be merged.\n";
/// Hidden first line, by which the comment is found again should the record be lost.
pub const MARKER: &str = "<!-- discussions:status -->";
/// Discussions of which a chart is drawn.
const MAX_CHARTS: usize = 3;
/// Commands that the comment explains; `help` tells the others.
const EXPLAINED: [&str; 4] = ["vote", "personas", "why", "help"];

/// What the comment shows besides what the check says.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The pull request.
    pub pr: Option<PullRequest>,
    /// By path of the discussion.
    pub discussions: BTreeMap<String, Course>,
}

/// How far a discussion is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Phases of its template, in order.
    pub phases: Vec<String>,
    /// Signed replies in its chain.
    pub replies: usize,
    /// Where the chain ends: `3:HASH`.
    pub anchor: Option<String>,
}

/// The comment in its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The state as plain text: the title of the check.
    pub state: String,
    /// Whether it is a verdict, and not the end of one or our own failure.
    pub is_verdict: bool,
    /// What is next, and what is wrong with the configuration.
    next: String,
    /// Votes, open items, charts.
    body: String,
    /// What is folded away.
    folded: String,
    /// What can be said, folded away too.
    help: String,
}

impl Status {
    /// The comment about what was found out.
    pub fn of(input: &CheckInput, beside: &Beside) -> Self {
        let state = title(&input.findings);
        let Findings::Evaluated(evaluation) = &input.findings else {
            let all = check::summary(input, 0);
            let below = all.split_once('\n').map_or("", |(_, below)| below);
            return Self {
                state,
                next: below.to_owned(),
                ..Self::default()
            };
        };
        let views = &evaluation.discussions;
        let several = views.len() > 1;
        let all_of = |drawn: bool| {
            let mut body = String::new();
            for view in views {
                discussion(&mut body, view, beside, several, drawn);
            }
            body
        };
        let mut body = all_of(views.len() <= MAX_CHARTS);
        let mut next = overview(evaluation);
        if check::conclusion(check::overall(&input.findings)) == Some(Conclusion::Success) {
            next.insert_str(0, DONE);
        }
        // A cut inside a chart would break what comes behind it.
        if next.len() + body.len() > MAX_COMMENT / 2 {
            body = all_of(false);
        }
        let mut status = Self {
            state,
            is_verdict: true,
            next,
            body,
            ..Self::default()
        };
        let (folded, help) = (details(input, views, beside), commands());
        // What is folded away stands in the check too; what GitHub takes is for the rest.
        if status.markdown().len() + folded.len() + help.len() <= MAX_COMMENT {
            status.folded = folded;
            status.help = help;
        }
        status
    }

    /// The same where others with the same head have their part in it: the state of the check they share, and `section`,
    /// which says who they are.
    pub fn shared(mut self, state: &str, section: &str, is_green: bool) -> Self {
        state.clone_into(&mut self.state);
        if !is_green && let Some(rest) = self.next.strip_prefix(DONE) {
            self.next = rest.to_owned();
        }
        self.next.insert_str(0, section);
        self
    }

    /// The comment where `notify: never` ends it: it must not go on saying what may be wrong by then.
    pub fn ended(check: &str) -> Self {
        Self {
            state: format!("See the check {check}"),
            next: format!(
                "\nThe configuration says {}, so this comment is not kept up to date any more. The check {} says where \
                 things stand.\n",
                code("notify: never"),
                code(check)
            ),
            ..Self::default()
        }
    }

    /// The comment on a pull request that is not open any more: the last verdict stays, nothing is next.
    pub fn after_the_end(kept: &Kept, how: PrState) -> Self {
        let (word, then) = match how {
            PrState::Merged => ("MERGED", ""),
            PrState::Open | PrState::Closed => (
                "CLOSED",
                " Should it be opened again, it is judged anew: what was said meanwhile counts.",
            ),
        };
        Self {
            state: format!("{word}, last state {}", kept.verdict),
            next: format!("\nThis is how the discussion stood at the end.{then}\n"),
            body: kept.rest.clone(),
            ..Self::default()
        }
    }

    /// What stays when the pull request ends.
    pub fn rest(&self) -> String {
        cap(format!("{}{}", self.body, self.folded), MAX_COMMENT)
    }

    /// The whole comment, within what GitHub takes.
    pub fn markdown(&self) -> String {
        let state = inline(&self.state);
        let text = format!(
            "{MARKER}\n### {state}\n{}{}{}{}",
            self.next, self.body, self.folded, self.help
        );
        cap(text, MAX_COMMENT)
    }

    /// What the comment says, as a hash. Links lead to the head they were made for; a push that changes nothing but the
    /// head does not change what they show.
    pub fn digest(&self, head: &Sha) -> String {
        let said = self.markdown().replace(head.as_str(), "HEAD");
        hex::encode(&Sha256::digest(said.as_bytes())[..16])
    }
}

/// Whether the pull request has anything to discuss: only then is a comment begun.
pub fn has_discussion(findings: &Findings) -> bool {
    match findings {
        Findings::Evaluated(evaluation) => !evaluation.discussions.is_empty(),
        _ => false,
    }
}

/// One line for whoever wants to be notified of each change of state; `address` of the status comment.
pub fn turned(state: &str, address: &str) -> String {
    format!(
        "**{}** ({})",
        inline(state),
        link("the whole status", Some(address))
    )
}

fn discussion(
    text: &mut String,
    view: &DiscussionView,
    beside: &Beside,
    several: bool,
    drawn: bool,
) {
    if several {
        let title = inline(&shorten(&view.title, TITLE_SHOWN));
        let _ = writeln!(text, "\n#### {title} ({})\n", code(&view.path));
        let _ = writeln!(text, "{}", inline(&of_discussion(view)));
    }
    table(text, view);
    open_items(text, view);
    if drawn {
        let none = Course::default();
        let course = beside.discussions.get(&view.path).unwrap_or(&none);
        text.push_str(&chart::chart(view, &course.phases));
    }
}

/// What is folded away about each discussion: rounds, rules, dissent, the file, receipts; then the cost.
fn details(input: &CheckInput, views: &[DiscussionView], beside: &Beside) -> String {
    let mut text =
        String::from("\n<details>\n<summary>Details: rounds, dissent, receipts, cost</summary>\n");
    for view in views {
        let name = inline(&shorten(&view.title, TITLE_SHOWN));
        let _ = writeln!(text, "\n#### {name}\n");
        facts(&mut text, view);
        missing(&mut text, view);
        dissent(&mut text, view);
        problems(&mut text, view);
        if let Some(course) = beside.discussions.get(&view.path) {
            receipts(&mut text, view, course, beside.pr.as_ref());
        }
    }
    let notes = note_lines(input);
    if !notes.is_empty() {
        text.push_str("\n**Notes**\n\n");
    }
    for note in notes {
        let _ = writeln!(text, "- {note}");
    }
    text.push_str("\n</details>\n");
    text
}

/// The signed replies, and the line that proves them offline.
fn receipts(text: &mut String, view: &DiscussionView, course: &Course, pr: Option<&PullRequest>) {
    let (Some(anchor), Some(pr)) = (&course.anchor, pr) else {
        return;
    };
    let line = format!(
        "discussions verify {} --repo {} --pr {} --anchor {anchor} --jwks keys.json",
        super::command::path_word(&view.path),
        pr.repo,
        pr.number
    );
    let replies = counted(course.replies, "signed reply", "signed replies");
    let _ = writeln!(
        text,
        "\n**Receipts:** {replies}; to check offline: {}",
        code(&line)
    );
}

/// The commands that most people need.
fn commands() -> String {
    let mut text = String::from("\n<details>\n<summary>What you can say here</summary>\n\n");
    let rows = EXPLAINED.iter();
    let rows = rows.filter_map(|key| TABLE.iter().find(|row| row.key == *key));
    for row in rows {
        let usage = row.usage.replace(" [PATH]", "");
        let _ = writeln!(text, "- {} {}", code(&usage), row.effect);
    }
    text.push_str("\n</details>\n");
    text
}
