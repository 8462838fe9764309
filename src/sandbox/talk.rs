//! Comments, reviews and reactions.

use super::accounts::Role;
use super::git::Oid;
use super::repository::{Comment, Reaction, ReactionTarget, Review, ReviewComment, ReviewState};
use super::state::{AccountId, Refused, World};
use super::threads;

/// Longest comment GitHub takes, in characters.
pub(super) const COMMENT_LIMIT: usize = 65_536;

/// A comment on a file of a new review.
#[derive(Debug, Clone)]
pub struct LineComment {
    /// File.
    pub path: String,
    /// Line; `None`: the whole file.
    pub line: Option<u64>,
    /// Text.
    pub body: String,
}

/// A review to submit.
#[derive(Debug)]
pub(super) struct NewReview<'a> {
    /// Approves, requests changes or comments.
    pub state: ReviewState,
    /// Text.
    pub body: &'a str,
    /// Comments on files.
    pub lines: &'a [LineComment],
    /// Commit it is on; `None`: the head.
    pub commit: Option<Oid>,
}

impl World {
    /// Adds a conversation comment.
    pub(super) fn add_comment(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
        body: &str,
    ) -> Result<u64, Refused> {
        let (id, now) = (self.large_id(), self.now());
        let app = self.app_of_bot(by).map(|app| app.id);
        let writes = app.is_some() || self.role(self.repo(repo)?, by) >= Some(Role::Write);
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        if pull.locked && !writes {
            return Err(Refused::new("the conversation is locked"));
        }
        let comment = Comment {
            id,
            author: by,
            app,
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
            visible_from: now,
            minimized: None,
        };
        pull.comments.push(comment.clone());
        pull.updated_at = now;
        self.announce_comment(repo, number, &comment, by, "created", None);
        Ok(id)
    }

    /// Replaces a conversation comment's text; `by` may be another account than the author.
    pub(super) fn edit_comment(
        &mut self,
        repo: u64,
        id: u64,
        by: AccountId,
        body: &str,
    ) -> Result<(), Refused> {
        let now = self.now();
        let number = self.number_of_comment(repo, id)?;
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        let Some(comment) = pull.comments.iter_mut().find(|comment| comment.id == id) else {
            return Err(no_comment(id));
        };
        let old = std::mem::replace(&mut comment.body, body.to_owned());
        comment.updated_at = now;
        let comment = comment.clone();
        self.announce_comment(repo, number, &comment, by, "edited", Some(&old));
        Ok(())
    }

    /// Folds a conversation comment away; whether it was not so before. GitHub tells nobody.
    pub(super) fn minimize_comment(
        &mut self,
        repo: u64,
        id: u64,
        reason: &str,
    ) -> Result<bool, Refused> {
        let number = self.number_of_comment(repo, id)?;
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        let found = pull.comments.iter_mut().find(|comment| comment.id == id);
        let comment = found.ok_or_else(|| no_comment(id))?;
        let was_shown = comment.minimized.is_none();
        comment.minimized = Some(reason.to_owned());
        Ok(was_shown)
    }

    /// Deletes a conversation comment; `by` may be another account than the author.
    pub(super) fn delete_comment(
        &mut self,
        repo: u64,
        id: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        let number = self.number_of_comment(repo, id)?;
        let repository = self.repo_mut(repo)?;
        repository
            .reactions
            .retain(|reaction| reaction.target != ReactionTarget::IssueComment(id));
        let pull = repository.pull_mut(number)?;
        let index = pull.comments.iter().position(|comment| comment.id == id);
        let comment = pull.comments.remove(index.ok_or_else(|| no_comment(id))?);
        self.announce_comment(repo, number, &comment, by, "deleted", None);
        Ok(())
    }

    fn number_of_comment(&self, repo: u64, id: u64) -> Result<u64, Refused> {
        let found = self.repo(repo)?.find_comment(id);
        found
            .map(|(pull, _)| pull.number)
            .ok_or_else(|| no_comment(id))
    }

    /// Submits a review on a commit (the head unless named) with its comments on files.
    pub(super) fn add_review(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
        new: NewReview<'_>,
    ) -> Result<u64, Refused> {
        let NewReview {
            state,
            body,
            lines,
            commit,
        } = new;
        let (id, now) = (self.large_id(), self.now());
        let pull = self.repo(repo)?.pull(number)?;
        if pull.author == by && state != ReviewState::Commented {
            let what = if state == ReviewState::Approved {
                "approve"
            } else {
                "request changes on"
            };
            return Err(Refused(format!("Can not {what} your own pull request")));
        }
        let commit = commit.unwrap_or_else(|| pull.head.clone());
        threads::stand_in_diff(self.repo(repo)?, pull, &commit, lines)?;
        let review = Review {
            id,
            author: by,
            body: body.to_owned(),
            state,
            commit: commit.clone(),
            submitted_at: now,
            visible_from: now,
        };
        let comments: Vec<ReviewComment> = lines
            .iter()
            .map(|line| ReviewComment {
                id: self.large_id(),
                review: id,
                author: by,
                body: line.body.clone(),
                path: line.path.clone(),
                line: line.line,
                commit: commit.clone(),
                in_reply_to: None,
                resolved: false,
                resolved_by: None,
                created_at: now,
                updated_at: now,
            })
            .collect();
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        pull.reviews.push(review.clone());
        pull.review_comments.extend(comments.iter().cloned());
        pull.updated_at = now;
        self.announce_review(repo, number, &review, by, "submitted", None);
        for comment in &comments {
            self.announce_review_comment(repo, number, comment, by, "created", None);
        }
        Ok(id)
    }

    /// Dismisses a review; needs write, and need not be the reviewer.
    pub(super) fn dismiss_review(
        &mut self,
        repo: u64,
        number: u64,
        review: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        if self.role(self.repo(repo)?, by) < Some(Role::Write) {
            return Err(Refused::new("dismissing a review needs write access"));
        }
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        let Some(found) = pull.reviews.iter_mut().find(|found| found.id == review) else {
            return Err(Refused(format!("there is no review {review}")));
        };
        if !matches!(
            found.state,
            ReviewState::Approved | ReviewState::ChangesRequested
        ) {
            return Err(Refused::new(
                "Can not dismiss a commented or dismissed pull request review",
            ));
        }
        found.state = ReviewState::Dismissed;
        let found = found.clone();
        self.announce_review(repo, number, &found, by, "dismissed", None);
        Ok(())
    }

    /// Replaces a review's text; its state stays. `by` may be another account than the reviewer.
    pub(super) fn edit_review(
        &mut self,
        repo: u64,
        review: u64,
        by: AccountId,
        body: &str,
    ) -> Result<(), Refused> {
        let none = || Refused(format!("there is no review {review}"));
        let found = self.repo(repo)?.find_review(review);
        let number = found.map(|(pull, _)| pull.number).ok_or_else(none)?;
        let pull = self.repo_mut(repo)?.pull_mut(number)?;
        let found = pull.reviews.iter_mut().find(|found| found.id == review);
        let found = found.ok_or_else(none)?;
        let old = std::mem::replace(&mut found.body, body.to_owned());
        let found = found.clone();
        self.announce_review(repo, number, &found, by, "edited", Some(&old));
        Ok(())
    }

    /// Adds a reaction; gives it and whether it is new.
    pub(super) fn add_reaction(
        &mut self,
        repo: u64,
        target: ReactionTarget,
        by: AccountId,
        content: &str,
    ) -> Result<(Reaction, bool), Refused> {
        let (id, created_at) = (self.large_id(), self.now());
        let reactions = &mut self.repo_mut(repo)?.reactions;
        let same = |r: &&Reaction| r.target == target && r.author == by && r.content == content;
        if let Some(existing) = reactions.iter().find(same) {
            return Ok((existing.clone(), false));
        }
        let reaction = Reaction {
            id,
            target,
            author: by,
            content: content.to_owned(),
            created_at,
        };
        reactions.push(reaction.clone());
        Ok((reaction, true))
    }
}

fn no_comment(id: u64) -> Refused {
    Refused(format!("there is no comment {id}"))
}
