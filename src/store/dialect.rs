//! The few words in which databases differ. Everything else is one SQL text for all of them: `BIGINT`, `TEXT` and
//! byte columns only, `$1` placeholders, `ON CONFLICT`, `RETURNING`, partial unique indexes.

use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// What a database calls the things that have no common name.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Opens a transaction that will write. It must not fail later because another one wrote in between.
    pub(super) begin: &'static str,
    /// The database's clock in milliseconds since the Unix epoch.
    now: &'static str,
    /// Type of a key that the database assigns, grows, and never uses twice. Fencing relies on the last.
    identity: &'static str,
    /// Type of a column of raw bytes.
    bytes: &'static str,
    /// Ends a `SELECT` whose row must not change before the transaction ends.
    for_update: &'static str,
    /// Ends the choice of a job: rows that another worker is choosing are passed over.
    skip_locked: &'static str,
}

/// SQLite. `BEGIN IMMEDIATE` takes the one write lock at once, so rows need no locks of their own.
pub(super) const SQLITE: Dialect = Dialect {
    begin: "BEGIN IMMEDIATE",
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
    bytes: "BLOB",
    for_update: "",
    skip_locked: "",
};

impl Dialect {
    /// A statement with its `{now}`, `{for_update}` and so on filled in.
    pub(super) fn query<'q>(&self, text: &'static str) -> Query<'q, Any, AnyArguments> {
        sqlx::query(self.fill(text))
    }

    /// A script with the words of this database filled in. Only constants enter the text: values are always bound.
    pub(super) fn fill(&self, text: &'static str) -> SqlStr {
        if !text.contains('{') {
            return text.into_sql_str();
        }
        let filled = text
            .replace("{now}", self.now)
            .replace("{identity}", self.identity)
            .replace("{bytes}", self.bytes)
            .replace("{for_update}", self.for_update)
            .replace("{skip_locked}", self.skip_locked);
        AssertSqlSafe(filled).into_sql_str()
    }
}
