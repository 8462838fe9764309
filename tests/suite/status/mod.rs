//! The status comment: what it says, and its life in a conversation.

mod folding;
mod life;
mod notify;
mod text;
