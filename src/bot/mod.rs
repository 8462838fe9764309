//! The bot: orchestration and pull-request policy.
//!
//! * **Data**: `job` (what happened), `plan` (what is to be written).
//! * **Pure**: `trigger` makes jobs of deliveries; `hear` and `command` read what people say, `access` who may;
//!   `definitions` reads configuration, personas and templates together, `ground` takes them from the base branch,
//!   `gate_files` what would change there, `touched` finds the discussions, `evaluate` decides their state, `votes`
//!   what people's votes bind to, `acts` and `on_ledger` what else people did comes to, `receipts` what is signed, `whole`
//!   what stands there once dropped replies are back, `panel` and `mentions` who is asked, `owing` when whoever was away is asked again, `channel` where replies go and
//!   `review` what a review of them says; `check`, `status`, `message` and `markdown` are all texts; `repo_config` the
//!   configuration.
//! * **I/O**: `worker` claims jobs, `lookup` finds the pull request of those that name none, `sweep` finds what no event
//!   told (`seen` says by what), `run` works one from `work` (read, `moved` with it) over `record_votes`, `respond`
//!   (with `acting`, `saying`, `advancing`, `asking_again`, `beginning`, `cancelling`, `retrying`, `dropping`, `renew` and
//!   `breaker`), `wants`, `ask` (paid from `purse`) and `write` (with `post_review`) to `conclude`, `report` and `leave`,
//!   `stale`, `overdue`, `closing`, `show_status` and `outdated`; `parking` tells what keeps a job from being worked on; `elsewhere`
//!   looks at other pull requests with the same proposal, `siblings` at those with the same head (its `pooled` pure);
//!   `queue` answers for merge groups (its `group` and `verdict` pure); `recording` keeps a round, and `replay`
//!   goes through it again; only `apply` writes to the forge.

pub mod access;
pub mod acting;
pub mod acts;
pub mod advancing;
pub mod answers;
pub mod apply;
pub mod ask;
pub mod asking_again;
pub mod beginning;
pub mod breaker;
pub mod burst;
pub mod cancelling;
pub mod channel;
pub mod check;
pub mod closing;
pub mod command;
pub mod conclude;
pub mod counting;
pub mod definitions;
pub mod deps;
pub mod dropping;
pub mod elsewhere;
pub mod evaluate;
pub mod gate_files;
pub mod ground;
pub mod hear;
pub mod job;
pub mod leave;
pub mod lookup;
pub mod markdown;
pub mod mentions;
pub mod message;
pub mod models;
pub mod moved;
pub mod on_ledger;
pub mod outdated;
pub mod overdue;
pub mod owing;
pub mod panel;
pub mod parking;
pub mod plan;
pub mod post_review;
pub mod purse;
pub mod queue;
pub mod receipts;
pub mod record_votes;
pub mod recording;
pub mod renew;
pub mod replay;
pub mod repo_config;
pub mod report;
pub mod respond;
pub mod retrying;
pub mod review;
pub mod run;
pub mod saying;
pub mod seen;
pub mod show_status;
pub mod siblings;
pub mod stale;
pub mod status;
pub mod sweep;
pub mod touched;
pub mod trigger;
pub mod voters;
pub mod votes;
pub mod wants;
pub mod whole;
pub mod work;
pub mod worker;
pub mod write;
