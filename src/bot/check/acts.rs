//! What people did to a discussion other than by votes: who, when, why.

use super::summary::more;
use super::{ActView, DiscussionView};
use crate::bot::markdown::{inline, link, shorten};
use crate::store::ActVerb;
use chrono::DateTime;
use std::fmt::Write;

/// Characters of a reason.
const MAX_REASON: usize = 400;

/// Acts listed.
const MAX_ACTS: usize = 40;

/// A list of all that counts now; nothing where there is none.
pub(super) fn list(text: &mut String, view: &DiscussionView) {
    if view.acts.is_empty() {
        return;
    }
    text.push_str("\n**By people**\n\n");
    for act in view.acts.iter().take(MAX_ACTS) {
        let said = format!("{} by {}", done(act), act.by);
        let address = Some(act.link.as_str()).filter(|link| !link.is_empty());
        let when = DateTime::from_timestamp_millis(act.at).map_or(String::new(), |at| {
            format!(" on {}", at.format("%Y-%m-%d %H:%M UTC"))
        });
        let reason = match act.text.as_str() {
            "" => String::new(),
            reason => format!(": {}", inline(&shorten(reason, MAX_REASON))),
        };
        let _ = writeln!(text, "- {}{when}{reason}", link(&said, address));
    }
    more(text, view.acts.len(), MAX_ACTS);
}

fn done(act: &ActView) -> String {
    let word = match act.verb {
        ActVerb::Hold => "held",
        ActVerb::Release => "released",
        ActVerb::Pause => "paused",
        ActVerb::Resume => "resumed",
        ActVerb::Override => "overridden",
        ActVerb::Concern => return format!("concern {}", act.target),
        ActVerb::Resolve => return format!("{} resolved", act.target),
        ActVerb::Answer => return format!("{} answered", act.target),
        ActVerb::Again => "asked again",
        ActVerb::Advance => "moved on",
        ActVerb::Cancel => "a round cancelled",
    };
    word.to_owned()
}
