//! Review conversations: where one may be opened, answering in it, resolving it, and where its line is now.

use super::accounts::Role;
use super::git::{self, Oid};
use super::pulls::changes_at;
use super::repository::{Pull, Repository, Review, ReviewComment, ReviewState};
use super::state::{AccountId, Refused, World};
use super::talk::LineComment;

/// What GitHub says of a path that the diff does not touch.
pub(super) const NO_PATH: &str = "Path could not be resolved";
/// What GitHub says of a line that the diff does not show.
pub(super) const NO_LINE: &str = "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank";

/// Refuses comments on what the diff up to that commit does not show.
pub(super) fn stand_in_diff(
    repo: &Repository,
    pull: &Pull,
    commit: &Oid,
    lines: &[LineComment],
) -> Result<(), Refused> {
    if lines.is_empty() {
        return Ok(());
    }
    let changes = changes_at(repo, pull, commit);
    for comment in lines {
        let change = changes.iter().find(|change| change.path == comment.path);
        let change = change.ok_or_else(|| Refused::new(NO_PATH))?;
        let Some(line) = comment.line else {
            continue;
        };
        let shown = git::shown_lines(&repo.git, change);
        if !shown.iter().any(|range| range.contains(&line)) {
            return Err(Refused::new(NO_LINE));
        }
    }
    Ok(())
}

/// The line a comment is on at the present head; `None` once that line is gone: the comment is outdated.
pub(super) fn present_line(repo: &Repository, pull: &Pull, comment: &ReviewComment) -> Option<u64> {
    let line = comment.line?;
    let blob = |commit: &Oid| {
        let file = repo.git.commit(commit)?.files.get(&comment.path)?;
        Some(&file.oid)
    };
    git::follow(&repo.git, blob(&comment.commit)?, blob(&pull.head)?, line)
}

/// Whether a comment's line is no longer there. A comment on a whole file ends with the file.
pub(super) fn is_outdated(repo: &Repository, pull: &Pull, comment: &ReviewComment) -> bool {
    match comment.line {
        Some(_) => present_line(repo, pull, comment).is_none(),
        None => {
            let head = repo.git.commit(&pull.head);
            head.is_none_or(|head| !head.files.contains_key(&comment.path))
        }
    }
}

impl World {
    /// Whether an account may resolve the conversations of a pull request: its author and everybody with write.
    pub(super) fn may_resolve(&self, repo: &Repository, pull: &Pull, by: AccountId) -> bool {
        let is_app = self.app_of_bot(by).is_some();
        is_app || pull.author == by || self.role(repo, by) >= Some(Role::Write)
    }

    /// Answers in a conversation. As on GitHub the answer is a review of its own, with an empty body.
    pub(super) fn reply_in_thread(
        &mut self,
        repo: u64,
        comment: u64,
        by: AccountId,
        body: &str,
    ) -> Result<u64, Refused> {
        let (review, id, now) = (self.large_id(), self.large_id(), self.now());
        let (pull, opening) = self.opening(repo, comment)?;
        let number = pull.number;
        let reply = ReviewComment {
            id,
            review,
            author: by,
            body: body.to_owned(),
            in_reply_to: Some(opening.id),
            resolved: false,
            resolved_by: None,
            created_at: now,
            updated_at: now,
            ..opening.clone()
        };
        let review = Review {
            id: review,
            author: by,
            body: String::new(),
            state: ReviewState::Commented,
            commit: pull.head.clone(),
            submitted_at: now,
            visible_from: now,
        };
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        pull.reviews.push(review.clone());
        pull.review_comments.push(reply.clone());
        pull.updated_at = now;
        self.announce_review(repo, number, &review, by, "submitted", None);
        self.announce_review_comment(repo, number, &reply, by, "created", None);
        Ok(id)
    }

    /// Resolves a conversation or takes that back, named by any of its comments; false: it was so already.
    pub(super) fn set_resolved(
        &mut self,
        repo: u64,
        comment: u64,
        by: AccountId,
        resolved: bool,
    ) -> Result<bool, Refused> {
        let (pull, opening) = self.opening(repo, comment)?;
        let (number, id) = (pull.number, opening.id);
        if !self.may_resolve(self.repo(repo)?, pull, by) {
            return Err(Refused::new(
                "resolving a conversation needs write access, or to be the author of the pull request",
            ));
        }
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        let mut comments = pull.review_comments.iter_mut();
        let found = comments.find(|found| found.id == id);
        let found = found.ok_or_else(|| no_comment(id))?;
        let changed = found.resolved != resolved;
        if changed {
            found.resolved = resolved;
            found.resolved_by = resolved.then_some(by);
        }
        Ok(changed)
    }

    /// The comment that opened the conversation of a comment.
    fn opening(&self, repo: u64, comment: u64) -> Result<(&Pull, &ReviewComment), Refused> {
        let repo = self.repo(repo)?;
        let found = repo.find_review_comment(comment);
        let (pull, found) = found.ok_or_else(|| no_comment(comment))?;
        match found.in_reply_to {
            None => Ok((pull, found)),
            Some(opening) => repo
                .find_review_comment(opening)
                .ok_or_else(|| no_comment(opening)),
        }
    }
}

fn no_comment(id: u64) -> Refused {
    Refused(format!("there is no review comment {id}"))
}
