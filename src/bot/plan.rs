//! Intended writes as data, in the order in which they are carried out. `Display` is what a dry run prints.

use super::check::Overall;
use crate::engine::discussion::Discussion;
use crate::engine::edit::{self, EditError};
use crate::forge::{CheckRun, CommitRequest, Reaction, ReactionTarget};
use crate::ids::Sha;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// One intended write to the forge.
#[derive(Debug, Clone)]
pub enum Effect {
    /// A reaction on somebody's comment.
    React {
        /// On what.
        target: ReactionTarget,
        /// Which.
        reaction: Reaction,
    },
    /// The state of a head.
    Check {
        /// The run; its `external_id` is the digest of what it says.
        run: CheckRun,
        /// Whether a run of ours may stand on that head already, so that it has to be looked up first.
        look_first: bool,
        /// A new run even where one is not completed: "Re-run" puts a completed one back, which is not to be finished
        /// a second time.
        fresh: bool,
    },
    /// A comment in the conversation.
    Reply {
        /// Hidden text by which it is found again.
        marker: String,
        /// The whole comment.
        body: String,
    },
}

/// The one commit of a round.
#[derive(Debug, Clone)]
pub struct PlannedCommit {
    /// What to commit.
    pub request: CommitRequest,
    /// Blocks in it: (path by the record, hash).
    pub blocks: Vec<(String, String)>,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::React { target, reaction } => {
                write!(f, "react with {} on {target:?}", reaction.as_str())
            }
            Self::Check { run, .. } => {
                let state = run.conclusion.map_or("in_progress", |c| c.as_str());
                let (name, head) = (&run.name, run.head.short());
                write!(f, "check `{name}` on {head}: {state}, {}", run.title)
            }
            Self::Reply { body, .. } => write!(f, "comment of {} bytes", body.len()),
        }
    }
}

impl fmt::Display for PlannedCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<&str> = self
            .request
            .files
            .iter()
            .map(|(path, _)| path.as_str())
            .collect();
        let (branch, head) = (&self.request.branch, self.request.expected_head.short());
        write!(
            f,
            "commit on {branch} over {head}: {} ({} blocks in {})",
            self.request.headline,
            self.blocks.len(),
            paths.join(", ")
        )
    }
}

/// A check run with the digest of what it says in its id, so that the same thing is never said twice in a row. What the
/// id held before, the [`receipts::Known`](super::receipts::Known) of the record, stands behind it.
pub fn with_digest(mut run: CheckRun) -> CheckRun {
    let said = format!("{run:?}");
    let digest = Sha256::digest(said.as_bytes());
    let digest = format!("discussions:{}", hex::encode(&digest[..16]));
    run.external_id = format!("{digest} {}", run.external_id)
        .trim_end()
        .to_owned();
    run
}

/// Whether the head that is left needs a run that says so. A green of which nothing hangs stays.
pub fn must_revoke(left: &str, left_conclusion: &str, head: &Sha, now: Overall) -> bool {
    let both_clear = left_conclusion == CLEAR && now == Overall::Clear;
    !left.is_empty() && left != head.as_str() && !both_clear
}

/// Conclusion in the record for a head without any discussion.
pub const CLEAR: &str = "clear";

/// Conclusion in the record while a run has none.
pub const IN_PROGRESS: &str = "in_progress";

/// Word kept in the record for what a run says.
pub fn recorded_conclusion(overall: Overall, run: &CheckRun) -> String {
    match (overall, run.conclusion) {
        (Overall::Clear, _) => CLEAR.to_owned(),
        (_, Some(conclusion)) => conclusion.as_str().to_owned(),
        (_, None) => IN_PROGRESS.to_owned(),
    }
}

/// The file with the blocks appended, its Phase line in step with the record, and that status if one is given. A file
/// without a Phase line gets one only once the phase is not the template's first any more.
pub fn written(
    discussion: &Discussion,
    blocks: &[String],
    phase: &str,
    first_phase: &str,
    status: Option<&str>,
) -> Result<String, EditError> {
    let mut text = edit::append(discussion, blocks)?;
    let header = &discussion.header;
    if header.phase().unwrap_or(first_phase) != phase {
        text = edit::set_header(&Discussion::parse(text.as_bytes()), "Phase", phase)?;
    }
    match status {
        Some(status) if header.status() != status => {
            edit::set_header(&Discussion::parse(text.as_bytes()), "Status", status)
        }
        _ => Ok(text),
    }
}

/// Commit message: the headline from the configuration's template, and one paragraph of trailers: the one by which the
/// job is found, and who signs off, if anybody does.
pub fn commit_message(
    template: &str,
    personas: &[String],
    title: &str,
    job: &str,
    signed_off_by: Option<&str>,
) -> (String, String) {
    let headline = template
        .replace("{personas}", &personas.join(", "))
        .replace("{title}", title);
    let mut trailers = format!("Discussions-Job: {job}\n");
    if let Some(who) = signed_off_by {
        trailers.push_str(&format!("Signed-off-by: {who}\n"));
    }
    (plain_line(&headline), trailers)
}

/// Name and address that github.com gives an account as the author of a commit that it makes through the API.
/// <https://docs.github.com/account-and-profile/reference/email-addresses-reference#your-noreply-email-address>
pub fn author(login: &str, id: u64) -> String {
    format!("{login} <{id}+{login}@users.noreply.github.com>")
}

/// Headline of a commit that only puts replies back.
pub fn restoring(replies: usize) -> String {
    match replies {
        0 => "discuss: replies as they were signed on {title}".to_owned(),
        1 => "discuss: put back 1 reply on {title}".to_owned(),
        more => format!("discuss: put back {more} replies on {{title}}"),
    }
}

/// Headline of the closing commit: what became of the discussions, and by whose votes.
pub fn deciding(statuses: &BTreeSet<&str>, people: &BTreeSet<&str>) -> String {
    let listed = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
    match people.is_empty() {
        true => format!("discuss: {} for {{title}}", listed(statuses)),
        false => format!(
            "discuss: {} for {{title}}, with the votes of {}",
            listed(statuses),
            listed(people)
        ),
    }
}

/// Characters of a headline.
const MAX_HEADLINE: usize = 120;

/// One line that GitHub reads as nothing but text: no mention, no issue reference, no `[skip ci]`.
fn plain_line(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -_.,:()'+&".contains(c);
    let plain: String = text
        .chars()
        .map(|c| if is_plain(c) { c } else { ' ' })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut line = words.join(" ");
    while let Some(at) = line.to_ascii_lowercase().find("gh-") {
        line.replace_range(at + 2..at + 3, " ");
    }
    line.chars().take(MAX_HEADLINE).collect()
}
