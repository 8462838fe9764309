//! Looking at a database from outside, before a server uses it: nothing is made, changed or kept from others.

use super::StoreError;
use super::schema::steps_behind;
use super::sqlite::DatabaseFile;
use std::path::PathBuf;

/// A database as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The file.
    pub path: PathBuf,
    /// What is in it; `None`: it is not there, and would be made at the first start.
    pub found: Option<Database>,
}

/// A database that this version can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Database {
    /// Steps of the schema that the next start would add.
    pub steps_behind: usize,
    /// A server uses it now.
    pub is_in_use: bool,
}

/// Looks at the database of a URL, also while a server uses it. Needs a Tokio runtime.
///
/// # Errors
/// As [`super::SqlStore::open`], as far as it can be told by looking: the URL is not understood, the file cannot be
/// written, is no database, or has the schema of a newer version.
pub async fn look(url: &str) -> Result<Looked, StoreError> {
    let (path, file) = DatabaseFile::look(url)?;
    let Some(file) = file else {
        return Ok(Looked { path, found: None });
    };
    sqlx::any::install_default_drivers();
    let database = Database {
        steps_behind: steps_behind(&file, &file.connect_options()?).await?,
        is_in_use: file.has_owner(),
    };
    Ok(Looked {
        path,
        found: Some(database),
    })
}
