//! What people did to a discussion other than by votes: who, when, why.

use super::DiscussionView;
use crate::bot::markdown::{inline, link, shorten};
use crate::store::ActVerb;
use chrono::DateTime;
use std::fmt::Write;

/// Characters of a reason.
const MAX_REASON: usize = 400;

/// A list of all that counts now; nothing where there is none.
pub(super) fn list(text: &mut String, view: &DiscussionView) {
    if view.acts.is_empty() {
        return;
    }
    text.push_str("\n**By people**\n\n");
    for act in &view.acts {
        let said = format!("{} by {}", done(act.verb), act.by);
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
}

fn done(verb: ActVerb) -> &'static str {
    match verb {
        ActVerb::Hold => "held",
        ActVerb::Release => "released",
        ActVerb::Pause => "paused",
        ActVerb::Resume => "resumed",
        ActVerb::Override => "overridden",
        ActVerb::Again => "asked again",
        ActVerb::Advance => "moved on",
        ActVerb::Cancel => "a round cancelled",
    }
}
