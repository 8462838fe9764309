//! Phases and votes as a chart in Mermaid, which GitHub draws. Labels are the only words in it that come from outside.

use crate::bot::check::DiscussionView;
use crate::engine::consensus::Owed;
use crate::engine::vote::{NotCounted, Vote, VoterKind};
use std::fmt::Write;

/// Phases and voters drawn; more are not a chart any more, and the table has them all.
const MAX_NODES: usize = 12;
/// Characters of a label.
const MAX_LABEL: usize = 40;
/// Class of the present phase.
const NOW: &str = "now";
/// How each kind of node looks, readable on light and dark pages.
const CLASSES: [(&str, &str); 5] = [
    (NOW, "stroke-width:3px"),
    ("ready", "fill:#dafbe1,stroke:#1a7f37,color:#116329"),
    ("changes", "fill:#fff8c5,stroke:#9a6700,color:#7d4e00"),
    ("reject", "fill:#ffebe9,stroke:#cf222e,color:#a40e26"),
    (
        "open",
        "fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4",
    ),
];

/// The chart with its fence; empty where there is nothing to draw. `phases` of the template, in order.
pub fn chart(view: &DiscussionView, phases: &[String]) -> String {
    let voters = voters(view);
    if view.phase.is_empty() || voters.is_empty() {
        return String::new();
    }
    let mut phases: Vec<&str> = phases.iter().map(String::as_str).collect();
    if !phases.contains(&view.phase.as_str()) {
        phases = vec![&view.phase];
    }
    let now = phases.iter().position(|phase| *phase == view.phase);
    let now = now.unwrap_or_default();
    phases.truncate(MAX_NODES.max(now + 1));
    let mut text = String::from("\n```mermaid\nflowchart LR\n");
    for (at, phase) in phases.iter().enumerate() {
        let is_now = if at == now { ":::now" } else { "" };
        let _ = writeln!(text, "  p{at}[\"{}\"]{is_now}", label(phase));
        if at > 0 {
            let _ = writeln!(text, "  p{} --> p{at}", at - 1);
        }
    }
    for (at, voter) in voters.iter().take(MAX_NODES).enumerate() {
        let name = label(&format!("{} - {}", voter.name, voter.word));
        let arrow = if voter.class == "open" { "-.->" } else { "-->" };
        let _ = writeln!(
            text,
            "  v{at}([\"{name}\"]):::{} {arrow} p{now}",
            voter.class
        );
    }
    let is_drawn = |class: &str| class == NOW || voters.iter().any(|voter| voter.class == class);
    for (class, style) in CLASSES.iter().filter(|(class, _)| is_drawn(class)) {
        let _ = writeln!(text, "  classDef {class} {style}");
    }
    text.push_str("```\n");
    text
}

struct Voter<'a> {
    name: &'a str,
    word: &'static str,
    class: &'static str,
}

/// Votes that count or have to be renewed, then personas that owe one. What is only typed is no vote.
fn voters(view: &DiscussionView) -> Vec<Voter<'_>> {
    let given = view.votes.iter().filter_map(|vote| {
        let entry = &vote.entry;
        let (word, class) = match (entry.vote?, entry.not_counted) {
            (vote, None) => (vote.as_str(), class_of(vote)),
            (_, Some(NotCounted::Stale)) => ("to be renewed", "open"),
            _ => return None,
        };
        let name = entry.participant.as_str();
        Some(Voter { name, word, class })
    });
    let has_voted = |alias: &str| {
        let mut votes = view.votes.iter().map(|vote| &vote.entry);
        votes.any(|entry| {
            let counts = matches!(entry.not_counted, None | Some(NotCounted::Stale));
            entry.kind == VoterKind::Ai && entry.participant == alias && counts
        })
    };
    let owed = view.owed.iter().filter_map(|(alias, owed)| {
        let is_owed = *owed != Owed::Fresh && !view.is_past_bound();
        let name = alias.as_str();
        (is_owed && !has_voted(name)).then_some(Voter {
            name,
            word: "no vote yet",
            class: "open",
        })
    });
    given.chain(owed).collect()
}

fn class_of(vote: Vote) -> &'static str {
    match vote {
        Vote::Ready => "ready",
        Vote::Changes => "changes",
        Vote::Reject => "reject",
    }
}

/// Words for inside a quoted label: letters, digits and single hyphens, dots and low lines between them. So nothing of it
/// ends the label, is an entity, an icon, a tag, an address or Markdown.
fn label(text: &str) -> String {
    let is_joint = |c: char| matches!(c, '-' | '_' | '.');
    let letters: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || is_joint(c) {
                c
            } else {
                ' '
            }
        })
        .collect();
    let words = letters.split_whitespace().map(|word| {
        let word = word.trim_matches(is_joint);
        let parts = word.split(is_joint).filter(|part| !part.is_empty());
        let joint = word.chars().find(|c| is_joint(*c)).unwrap_or('-');
        parts.collect::<Vec<_>>().join(&joint.to_string())
    });
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    let short: String = words.join(" ").chars().take(MAX_LABEL).collect();
    match short.trim() {
        "" => "?".to_owned(),
        short => short.to_owned(),
    }
}
