//! The schema of the database: its steps, and how a database is brought up to date.

use super::StoreError;
use super::dialect::SQLITE;
use super::sqlite::{DatabaseFile, SETTINGS};
use sqlx::any::AnyConnectOptions;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Connection, Executor, Row};

/// The schema, step by step. Steps are never changed once released, only added.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "queue and record",
        include_str!("migrations/0001_queue_and_record.sql"),
    ),
    (3, "sweep", include_str!("migrations/0003_sweep.sql")),
    (
        4,
        "votes elsewhere",
        include_str!("migrations/0004_votes_elsewhere.sql"),
    ),
    (5, "drops", include_str!("migrations/0005_drops.sql")),
    (6, "receipts", include_str!("migrations/0006_receipts.sql")),
    (7, "closed", include_str!("migrations/0007_closed.sql")),
    (8, "calls", include_str!("migrations/0008_calls.sql")),
    (9, "rounds", include_str!("migrations/0009_rounds.sql")),
    (10, "acts", include_str!("migrations/0010_acts.sql")),
    (
        11,
        "acts on the ledger",
        include_str!("migrations/0011_ledger_acts.sql"),
    ),
    (
        12,
        "own verdicts",
        include_str!("migrations/0012_own_verdicts.sql"),
    ),
    (14, "blocked", include_str!("migrations/0014_blocked.sql")),
    (
        16,
        "held installations",
        include_str!("migrations/0016_held_installations.sql"),
    ),
];

/// Applies the missing steps of the schema on a connection of its own: where a migration locks the database, an
/// error must not leave that lock behind in a pool.
pub(super) async fn bring_up_to_date(
    file: &DatabaseFile,
    options: &AnyConnectOptions,
) -> Result<(), StoreError> {
    let mut connection = AnyConnection::connect_with(options).await?;
    file.prepare(&mut connection).await?;
    connection.execute(SETTINGS).await?;
    let steps = MIGRATIONS.iter().map(|(version, name, text)| {
        let kind = MigrationType::Simple;
        Migration::new(*version, (*name).into(), kind, SQLITE.fill(text), false)
    });
    let outcome = Migrator::with_migrations(steps.collect())
        .run(&mut connection)
        .await;
    connection.close().await?;
    outcome.map_err(|error| not_migrated(file, &error))
}

/// A database with an owner is used as it is: its schema is the owner's to change.
pub(super) async fn refuse_other_schema(
    file: &DatabaseFile,
    options: &AnyConnectOptions,
) -> Result<(), StoreError> {
    let mut connection = AnyConnection::connect_with(options).await?;
    connection.execute(SETTINGS).await?;
    let newest = sqlx::query("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await;
    connection.close().await?;
    let newest: Option<i64> = newest?.try_get(0)?;
    if newest == Some(newest_known()) {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!(
        "{} has schema {}, this version knows {}; run the same version as the server that uses it",
        file.path().display(),
        newest.unwrap_or_default(),
        newest_known()
    )))
}

/// How far a database's schema is, against what this version knows.
///
/// # Errors
/// [`StoreError::Corrupt`] for what is no database, and for the schema of a newer version.
pub(super) async fn steps_behind(
    file: &DatabaseFile,
    options: &AnyConnectOptions,
) -> Result<usize, StoreError> {
    let no_database = |error: sqlx::Error| {
        let path = file.path().display();
        StoreError::Corrupt(format!(
            "{path} does not open as an SQLite database ({error}); restore it from a backup, or move it away to start \
             with an empty one"
        ))
    };
    let mut connection = AnyConnection::connect_with(options).await?;
    let table = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let found = async {
        let row = sqlx::query(table).fetch_one(&mut connection).await?;
        if row.try_get::<i64, _>(0)? == 0 {
            return Ok(None);
        }
        let newest = "SELECT MAX(version) FROM _sqlx_migrations";
        let row = sqlx::query(newest).fetch_one(&mut connection).await?;
        row.try_get(0)
    };
    let newest: Result<Option<i64>, sqlx::Error> = found.await;
    connection.close().await.ok();
    let newest = newest.map_err(no_database)?.unwrap_or_default();
    if newest > newest_known() {
        return Err(not_migrated(file, &MigrateError::VersionMissing(newest)));
    }
    Ok(MIGRATIONS.iter().filter(|step| step.0 > newest).count())
}

/// The schema this version works with.
fn newest_known() -> i64 {
    MIGRATIONS.iter().map(|step| step.0).max().unwrap_or(0)
}

/// Why the schema cannot be used, with what to do about it.
fn not_migrated(file: &DatabaseFile, error: &MigrateError) -> StoreError {
    let path = file.path().display();
    let known = newest_known();
    match error {
        MigrateError::VersionMissing(found) => StoreError::Corrupt(format!(
            "{path} has schema {found}, this version knows {known}; run the newer version that wrote it, or restore a \
             backup from before the upgrade"
        )),
        MigrateError::VersionMismatch(found) => StoreError::Corrupt(format!(
            "schema step {found} of {path} is not the one this version knows; run the version that wrote it"
        )),
        other => StoreError::Database(format!(
            "the schema of {path} cannot be brought up to date: {other}"
        )),
    }
}
