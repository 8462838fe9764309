//! Comments and reviews.

use super::super::accounts::Role;
use super::super::hub::Hub;
use super::super::repository::{Reaction, ReactionTarget, ReviewState};
use super::super::state::{Refused, World};
use super::super::talk::{LineComment, NewReview};
use super::pulls::actor;

/// The account and repository for changing somebody's comment: the author, or anybody with write.
fn editor(world: &World, login: &str, repo: &str, comment: u64) -> Result<(u64, u64), Refused> {
    let (by, id) = actor(world, login, repo)?;
    let found = world.repo(id)?;
    let own = found
        .find_comment(comment)
        .is_some_and(|(_, found)| found.author == by);
    if !own && world.role(found, by) < Some(Role::Write) {
        return Err(Refused(format!("{login} may not change that comment")));
    }
    Ok((by, id))
}

impl Hub {
    /// Writes in the conversation; gives the comment's id.
    pub fn comment(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        body: &str,
    ) -> Result<u64, Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.add_comment(id, number, by, body)
        })
    }

    /// Edits a comment, one's own or (with write) another's.
    pub fn edit_comment(
        &self,
        login: &str,
        repo: &str,
        comment: u64,
        body: &str,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = editor(world, login, repo, comment)?;
            world.edit_comment(id, comment, by, body)
        })
    }

    /// Deletes a comment, one's own or (with write) another's.
    pub fn delete_comment(&self, login: &str, repo: &str, comment: u64) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = editor(world, login, repo, comment)?;
            world.delete_comment(id, comment, by)
        })
    }

    /// Submits a review on the present head; gives its id.
    pub fn review(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        state: ReviewState,
        body: &str,
    ) -> Result<u64, Refused> {
        self.review_with_comments(login, repo, number, state, body, &[])
    }

    /// Submits a review with comments on files; gives its id.
    pub fn review_with_comments(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        state: ReviewState,
        body: &str,
        comments: &[LineComment],
    ) -> Result<u64, Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            let lines = comments;
            let new = NewReview {
                state,
                body,
                lines,
                commit: None,
            };
            world.add_review(id, number, by, new)
        })
    }

    /// Edits the text of a review, one's own or (with write) another's.
    pub fn edit_review(
        &self,
        login: &str,
        repo: &str,
        review: u64,
        body: &str,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            let found = world.repo(id)?;
            let own = found
                .find_review(review)
                .is_some_and(|(_, found)| found.author == by);
            if !own && world.role(found, by) < Some(Role::Write) {
                return Err(Refused(format!("{login} may not change that review")));
            }
            world.edit_review(id, review, by, body)
        })
    }

    /// Dismisses a review; needs write.
    pub fn dismiss_review(
        &self,
        login: &str,
        repo: &str,
        number: u64,
        review: u64,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.dismiss_review(id, number, review, by)
        })
    }

    /// Answers in the conversation of a review comment; gives the answer's id.
    pub fn reply(&self, login: &str, repo: &str, comment: u64, body: &str) -> Result<u64, Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.reply_in_thread(id, comment, by, body)
        })
    }

    /// Resolves the conversation of a review comment: the pull request's author may, and who has write.
    pub fn resolve_conversation(
        &self,
        login: &str,
        repo: &str,
        comment: u64,
    ) -> Result<(), Refused> {
        self.set_resolved(login, repo, comment, true)
    }

    /// Opens a resolved conversation again.
    pub fn unresolve_conversation(
        &self,
        login: &str,
        repo: &str,
        comment: u64,
    ) -> Result<(), Refused> {
        self.set_resolved(login, repo, comment, false)
    }

    fn set_resolved(
        &self,
        login: &str,
        repo: &str,
        comment: u64,
        resolved: bool,
    ) -> Result<(), Refused> {
        self.act(|world| {
            let (by, id) = actor(world, login, repo)?;
            world.set_resolved(id, comment, by, resolved).map(|_| ())
        })
    }

    /// Reactions on a comment, as (login, content).
    pub fn reactions(&self, repo: &str, target: ReactionTarget) -> Vec<(String, String)> {
        let pair = |world: &World, reaction: &Reaction| {
            (
                world.login(reaction.author).unwrap_or("ghost").to_owned(),
                reaction.content.clone(),
            )
        };
        self.look(|world| {
            let found = world.repo_id(repo).and_then(|id| world.repo(id));
            found.map_or_else(
                |_| Vec::new(),
                |repo| {
                    let on_target = repo
                        .reactions
                        .iter()
                        .filter(|reaction| reaction.target == target);
                    on_target.map(|reaction| pair(world, reaction)).collect()
                },
            )
        })
    }
}
