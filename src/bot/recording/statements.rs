//! How what people said about the ledger is written down.

use crate::engine::statement::{Deed, Place, Statement};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct KeptStatement {
    by: String,
    text: String,
    link: String,
    #[serde(with = "DeedShape")]
    deed: Deed,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Deed", rename_all = "snake_case")]
enum DeedShape {
    Raises(String),
    Closes(#[serde(with = "PlaceShape")] Place),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Place", rename_all = "snake_case")]
enum PlaceShape {
    Line(usize),
    Statement(usize),
}

/// As they are written down.
pub(super) fn kept(statements: &[Statement]) -> Vec<KeptStatement> {
    let kept = |said: &Statement| KeptStatement {
        by: said.by.clone(),
        text: said.text.clone(),
        link: said.link.clone(),
        deed: said.deed.clone(),
    };
    statements.iter().map(kept).collect()
}

/// As they were said.
pub(super) fn read(kept: &[KeptStatement]) -> Vec<Statement> {
    let read = |kept: &KeptStatement| Statement {
        by: kept.by.clone(),
        text: kept.text.clone(),
        link: kept.link.clone(),
        deed: kept.deed.clone(),
    };
    kept.iter().map(read).collect()
}
