//! Whether replies are committed, and what a commit of ours says.

use super::Work;
use crate::bot::channel::{self, Channel, Signs};
use crate::bot::deps::JobError;
use crate::bot::plan;
use crate::forge::{BranchRules, ForgeError};

impl Work<'_> {
    /// Whether replies may be committed here, as far as that is known.
    pub fn commits(&self) -> bool {
        !matches!(self.known_channel(), Some(Channel::Review { .. }))
    }

    /// Where replies go, as far as that is known without asking GitHub.
    pub fn known_channel(&self) -> Option<Channel> {
        channel::channel(&Signs {
            replies: self.ground.config.replies,
            from_fork: self.snapshot.from_fork,
            remembered: self.memory.replies.as_deref(),
            rules: self.rules.as_ref(),
        })
    }

    /// Rules of head and base branch, read once in this try. A head in a fork has rules of its own, which are not ours
    /// to read.
    pub async fn branch_rules(&mut self) -> Result<BranchRules, JobError> {
        if let Some(known) = &self.rules {
            return Ok(known.clone());
        }
        let snapshot = &self.snapshot;
        let head = (!snapshot.from_fork).then_some(snapshot.head_branch.as_str());
        let read = &self.deps.read;
        let rules = read
            .branch_rules(self.pr(), head, &snapshot.base_branch)
            .await?;
        self.rules = Some(rules.clone());
        Ok(rules)
    }

    /// Where replies go.
    pub async fn channel(&mut self) -> Result<Channel, JobError> {
        if let Some(known) = self.known_channel() {
            return Ok(known);
        }
        self.branch_rules().await?;
        Ok(self.known_channel().unwrap_or(Channel::Commit))
    }

    /// Headline and body of a commit of this job; `template` may hold `{personas}` and `{title}`.
    ///
    /// # Errors
    /// The configuration wants commits signed off and GitHub has not said who the App is: a commit without that would
    /// fail the check it is wanted for.
    pub fn commit_message(
        &self,
        template: &str,
        personas: &[String],
        title: &str,
    ) -> Result<(String, String), JobError> {
        let snapshot = &self.snapshot;
        let author = match (&snapshot.own_login, snapshot.own_account) {
            _ if !self.ground.config.signoff => None,
            (Some(login), Some(id)) => Some(plan::author(login, id)),
            _ => {
                let why =
                    "GitHub did not say which account is the App's, which commit.signoff needs";
                return Err(ForgeError::Unavailable(why.to_owned()).into());
            }
        };
        let job = &self.job.id;
        Ok(plan::commit_message(
            template,
            personas,
            title,
            job,
            author.as_deref(),
        ))
    }
}
