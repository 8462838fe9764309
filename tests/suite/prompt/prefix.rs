//! What was sent in one round is sent again in the next, byte for byte, so that providers can use it again.

use super::{FENCE, persona};
use crate::support::fixture;
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::ledger::Ledger;
use discussions::engine::prompt::{Prompt, Rendered, render};
use discussions::engine::reply::{self, Limits};
use discussions::engine::template::Template;
use discussions::engine::vote::Vote;
use discussions::llm::checklist::{self, Checklist};
use discussions::round::{Ask, RoundInput, prompts};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const PANEL: [&str; 4] = ["architect", "security", "pragmatist", "moderator"];
const PROPOSALS: [&str; 6] = ["billing-events", "empty", "good", "hostile", "seed-like", "tenant-sso"];
/// Least share of a later prompt that was sent before.
const LEAST: f64 = 0.80;
