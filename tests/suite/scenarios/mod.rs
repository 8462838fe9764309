//! What people experience on GitHub, told with real parts: sandbox, server, store, worker.

mod annotations;
mod asking;
mod attacks;
mod bad_base;
mod bad_input;
mod base_pushes;
mod budget;
mod closing_commit;
mod command_table;
mod counting;
mod error_paths;
mod faults;
mod gate;
mod healing;
mod installation;
mod look_alikes;
mod loops;
mod merge_queue;
mod order;
mod order_at_random;
mod owing;
mod pacing;
mod permissions;
mod persona_folders;
mod phases;
mod queue_meanwhile;
mod quick;
mod rejected;
mod reviews;
mod rules;
mod same_panel;
mod settled;
mod siblings;
mod siblings_at_random;
mod signoff;
mod sweep;
mod talking;
mod typed_votes;
mod verdict;
mod voters;
mod votes_elsewhere;
mod votes_taken_back;
mod who_is_asked;
mod who_is_asked_in_a_file;

/// A proposal with much left open.
pub(crate) const CACHE: &str = "<!-- DISCUSSION -->
<!-- Title: A cache for the product list -->
<!-- Participants: architect, security, pragmatist -->

# A cache for the product list

## Context

Product pages are slow: each of them reads forty rows that change twice a day. Several tenants share the service.

## Requirements

- Pages answer in 50 ms at the 99th percentile.
- A price change is visible after one minute.
";

/// Where it stands.
pub(crate) const PATH: &str = "design/cache.md";

/// The file with a requirement changed, blocks and all.
pub(crate) fn revised(text: &str) -> String {
    let revised = text.replace("after one minute", "after ten seconds");
    assert_ne!(revised, text);
    revised
}
