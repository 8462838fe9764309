//! Comments of ours, and reactions.

/// A comment of ours as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnComment {
    /// Numeric id.
    pub id: u64,
    /// GraphQL id; empty where GitHub did not tell it.
    pub node: String,
}

/// A comment or review a reaction goes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReactionTarget {
    /// Conversation comment, by numeric id.
    IssueComment(u64),
    /// Review comment, by numeric id.
    ReviewComment(u64),
    /// Body of a review, by its GraphQL id: REST has no reactions on reviews.
    Review(String),
}

/// Reactions we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Stored.
    Eyes,
    /// Done.
    Rocket,
    /// Refused or failed.
    Confused,
}

impl Reaction {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Rocket => "rocket",
            Self::Confused => "confused",
        }
    }
}
