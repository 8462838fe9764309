//! Where replies go: into the branch as one commit, or next to it as one review. Pure.

use super::repo_config::Replies;
use crate::forge::BranchRules;

/// Key of the effect row that keeps why this pull request's replies go into reviews. Once they do, they stay there: a
/// discussion in two places is read by nobody.
pub const KEY: &str = "replies";

/// Where the replies of a pull request go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// One commit per round on the head branch.
    Commit,
    /// One review per round.
    Review {
        /// Why, as it goes on from "because": `the branch is in a fork`.
        why: String,
    },
}

/// What decides.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// `replies` of the configuration.
    pub replies: Replies,
    /// The head is in another repository.
    pub from_fork: bool,
    /// Why earlier replies went into reviews, if they did.
    pub remembered: Option<&'a str>,
    /// What the branches' rules say; `None`: not read.
    pub rules: Option<&'a BranchRules>,
}

/// Decides where replies go. `None`: the rules have to be read first.
pub fn channel(signs: &Signs<'_>) -> Option<Channel> {
    let review = |why: &str| {
        Some(Channel::Review {
            why: why.to_owned(),
        })
    };
    if signs.from_fork {
        return review("the branch is in a fork, where the App cannot commit");
    }
    match (signs.replies, signs.remembered) {
        // Who asks for commits by name gets them tried each time.
        (Replies::Commit, _) => Some(Channel::Commit),
        (_, Some(why)) => review(why),
        (Replies::Review, None) => review("`replies: review` is set"),
        (Replies::Auto, None) => {
            let rules = signs.rules?;
            match rules.push_refused.as_ref().or(rules.push_punished.as_ref()) {
                Some(why) => review(why),
                None => Some(Channel::Commit),
            }
        }
    }
}

/// Why replies go into reviews from now on, after a rule refused a commit.
pub fn refused(message: &str) -> String {
    format!("GitHub refused the commit ({message})")
}

/// Whether a refusal is for want of a permission that somebody has to grant: no rule, and nothing to work around.
pub fn lacks_permission(message: &str) -> bool {
    message.contains("Resource not accessible by integration")
}

/// Why replies go into reviews from now on, after a commit of ours cost somebody's approval.
pub const DISMISSED: &str = "GitHub dismissed an approval after a commit of the App";
