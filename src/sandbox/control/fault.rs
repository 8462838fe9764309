//! Faults as JSON.

use super::super::faults::{Fault, FaultKind, Matcher, Times};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// A fault in JSON: `{"match": "writes", "kind": "status", "status": 502, "times": 3}`.
#[derive(Debug, Deserialize)]
pub(super) struct FaultBody {
    /// `any`, `writes`, `METHOD /route/{pattern}`, or `graphql Operation`.
    r#match: String,
    /// Next so many requests; 1 unless given.
    times: Option<u32>,
    /// Instead of `times`: a share of all requests in thousandths.
    per_mille: Option<u16>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    after: u32,
    #[serde(flatten)]
    kind: KindBody,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum KindBody {
    ApplyThenDrop,
    DropBefore,
    Delay {
        ms: u64,
    },
    Status {
        status: u16,
    },
    ApplyThenStatus {
        status: u16,
    },
    PrimaryLimit {
        reset_in: i64,
    },
    SecondaryLimit {
        status: u16,
        retry_after: Option<String>,
    },
    Html {
        status: u16,
    },
    Garbage,
    TruncatedJson,
    GraphqlErrors {
        errors: Value,
    },
    HideFor {
        seconds: u64,
    },
    Redirect {
        to: String,
    },
}

impl FaultBody {
    pub(super) fn into_fault(self) -> Fault {
        let matcher = match self.r#match.split_once(' ') {
            Some(("graphql", operation)) => Matcher::Graphql(operation.to_owned()),
            Some((method, route)) => Matcher::Rest(method.to_owned(), route.to_owned()),
            None if self.r#match == "writes" => Matcher::Writes,
            None => Matcher::Any,
        };
        let times = match self.per_mille {
            Some(per_mille) => Times::Chance {
                per_mille,
                seed: self.seed,
            },
            None => Times::Next(self.times.unwrap_or(1)),
        };
        Fault {
            matcher,
            times,
            after: self.after,
            kind: self.kind.into_kind(),
        }
    }
}

impl KindBody {
    fn into_kind(self) -> FaultKind {
        match self {
            Self::ApplyThenDrop => FaultKind::ApplyThenDrop,
            Self::DropBefore => FaultKind::DropBefore,
            Self::Delay { ms } => FaultKind::Delay(Duration::from_millis(ms)),
            Self::Status { status } => FaultKind::Status(status),
            Self::ApplyThenStatus { status } => FaultKind::ApplyThenStatus(status),
            Self::PrimaryLimit { reset_in } => FaultKind::PrimaryLimit { reset_in },
            Self::SecondaryLimit {
                status,
                retry_after,
            } => FaultKind::SecondaryLimit {
                status,
                retry_after,
            },
            Self::Html { status } => FaultKind::Html(status),
            Self::Garbage => FaultKind::Garbage,
            Self::TruncatedJson => FaultKind::TruncatedJson,
            Self::GraphqlErrors { errors } => FaultKind::GraphqlErrors(errors),
            Self::HideFor { seconds } => FaultKind::HideFor(Duration::from_secs(seconds)),
            Self::Redirect { to } => FaultKind::Redirect(to),
        }
    }
}
