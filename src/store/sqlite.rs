//! All that is special about an SQLite database: its URL, the file's creation, the lock that keeps a second process
//! out, and the settings of a connection.

use super::StoreError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Row};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Connections that may write. SQLite has one write lock; one connection makes writers queue up in order instead of
/// polling for it.
pub(super) const WRITERS: u32 = 1;
/// Connections that only read; with a write-ahead log they never wait for the writer.
pub(super) const READERS: u32 = 4;

/// Settings of every connection. `FULL` syncs the log at each commit, so that a commit survives a power cut. The
/// waiting time is for outsiders (a backup, a person's `sqlite3`), the size limit shrinks the log after a burst.
pub(super) const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;";

/// What stays itself in the path of a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// A database file that this process owns, or uses beside its owner.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Held by the owner.
    lock: Option<File>,
}

/// The two ways to open a file for writing, as SQLite's URLs name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// `rw`, the default: it must exist.
    Existing,
    /// `rwc`: created if it is missing, with its folder.
    Create,
}

impl DatabaseFile {
    /// Opens the file of a `sqlite:` URL for this process alone. With `mode=rwc` a missing file is created for this
    /// user only (0600, its folders 0700).
    ///
    /// The lock belongs to the open file, so the system drops it when the process ends, however it ends.
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let (path, mode) = parse(url)?;
        if mode == Mode::Create {
            create_folder(&path)?;
        }
        let is_new = !path.exists();
        writable(mode == Mode::Create)
            .open(&path)
            .map_err(|error| unusable(&path, &error))?;
        let path = path
            .canonicalize()
            .map_err(|error| unusable(&path, &error))?;
        if is_new {
            sync_folder(&path)?;
        }
        let Some(lock) = lock(&path)? else {
            return Err(refused(format!(
                "{} is in use by another process; stop that one first, an SQLite database serves one process at a time",
                path.display()
            )));
        };
        let lock = Some(lock);
        Ok(Self { path, lock })
    }

    /// Like [`DatabaseFile::open`], but a file that has an owner is used beside it: SQLite lets several processes of
    /// one machine write in turn.
    pub(super) fn open_beside(url: &str) -> Result<Self, StoreError> {
        let (path, _) = parse(url)?;
        if let Ok(path) = path.canonicalize()
            && lock(&path)?.is_none()
        {
            return Ok(Self { path, lock: None });
        }
        Self::open(url)
    }

    /// The file of a `sqlite:` URL, only to be looked at: nothing is made and nobody is kept out. `None`: there is none.
    pub(super) fn look(url: &str) -> Result<(PathBuf, Option<Self>), StoreError> {
        let (path, mode) = parse(url)?;
        if mode == Mode::Create && !path.exists() {
            return Ok((path, None));
        }
        writable(false)
            .open(&path)
            .map_err(|error| unusable(&path, &error))?;
        let path = path
            .canonicalize()
            .map_err(|error| unusable(&path, &error))?;
        let file = Self {
            path: path.clone(),
            lock: None,
        };
        Ok((path, Some(file)))
    }

    /// Whether a process has the file for itself now.
    pub(super) fn has_owner(&self) -> bool {
        let lock = writable(false).open(lock_path(&self.path));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Whether no other process owns the file.
    pub(super) fn is_owned(&self) -> bool {
        self.lock.is_some()
    }

    /// How to connect to it. Statements are not logged: one line for each would drown the log of a debugging operator.
    pub(super) fn connect_options(&self) -> Result<AnyConnectOptions, StoreError> {
        let Some(path) = self.path.to_str() else {
            let path = self.path.display();
            return Err(refused(format!(
                "the path {path} is not valid UTF-8; move the database to one that is"
            )));
        };
        let url = format!("sqlite:{}?mode=rw", utf8_percent_encode(path, PATH));
        let options: AnyConnectOptions = url.parse()?;
        Ok(options.disable_statement_logging())
    }

    /// Turns the write-ahead log on, for good. Refused for what is no database and where the file system cannot.
    pub(super) async fn prepare(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let path = self.path.display();
        let row = sqlx::query("PRAGMA journal_mode = WAL")
            .fetch_one(connection)
            .await
            .map_err(|error| {
                StoreError::Corrupt(format!(
                    "{path} does not open as an SQLite database ({error}); restore it from a backup, or move it away \
                     to start with an empty one"
                ))
            })?;
        let mode: String = row.try_get(0)?;
        if mode == "wal" {
            return Ok(());
        }
        Err(refused(format!(
            "{path} cannot keep a write-ahead log (SQLite stays at `{mode}`); use a local file system"
        )))
    }

    /// Where it is, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets another process have it.
    pub(super) fn unlock(&self) -> Result<(), StoreError> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        lock.unlock().map_err(|error| unusable(&self.path, &error))
    }
}

/// Reads a database URL.
fn parse(url: &str) -> Result<(PathBuf, Mode), StoreError> {
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return Err(unknown_scheme(url));
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path == ":memory:" {
        return Err(refused(format!(
            "`{url}` names no file, and what is only in memory is lost at a restart; write sqlite://PATH?mode=rwc"
        )));
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| {
        refused(format!(
            "the path in `{url}` is not UTF-8 once its %XX are decoded"
        ))
    })?;
    Ok((PathBuf::from(path.as_ref()), parse_mode(url, parameters)?))
}

/// Reads what stands after the question mark.
fn parse_mode(url: &str, parameters: &str) -> Result<Mode, StoreError> {
    match parameters {
        "" | "mode=rw" => Ok(Mode::Existing),
        "mode=rwc" => Ok(Mode::Create),
        "mode=ro" => Err(refused(format!(
            "`{url}` is read-only, but deliveries have to be stored; write mode=rw or mode=rwc"
        ))),
        other => Err(refused(format!(
            "`{other}` in `{url}` is not understood; write mode=rw, or mode=rwc to create a missing database"
        ))),
    }
}

/// The refusal of a URL that is not SQLite's. Only the scheme is quoted: the rest may hold a password.
fn unknown_scheme(url: &str) -> StoreError {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    refused(match scheme {
        "postgres" | "postgresql" => {
            "PostgreSQL comes later, this version stores in SQLite only; write sqlite://PATH?mode=rwc".to_owned()
        }
        "" => "the database URL has no scheme; write sqlite://PATH?mode=rwc".to_owned(),
        other => format!("no database is known for `{other}:` URLs; write sqlite://PATH?mode=rwc"),
    })
}

/// Creates the folder a database goes into, for this user only.
fn create_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        refused(format!(
            "the folder {} cannot be created: {error}; create it, or name another one",
            folder.display()
        ))
    })
}

/// Opens for reading and writing, never cutting off what is there.
fn writable(create: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the name of a new file survive a power cut; SQLite does that only for files it creates itself.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unusable(path, &error))
}

/// Takes the lock file beside the database. SQLite's own locks cannot serve: they come and go with transactions.
/// `None`: another process has it.
fn lock(path: &Path) -> Result<Option<File>, StoreError> {
    let lock_path = lock_path(path);
    let file = writable(true)
        .open(&lock_path)
        .map_err(|error| unusable(&lock_path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unusable(&lock_path, &error)),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// A file that cannot be opened or locked, with what to do about it.
fn unusable(path: &Path, error: &io::Error) -> StoreError {
    let path = path.display();
    refused(match error.kind() {
        ErrorKind::NotFound => {
            format!("there is no database at {path}; add ?mode=rwc to the URL to create it")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!(
                "{path} cannot be written: {error}; make it writable for this user, or name another place"
            )
        }
        ErrorKind::IsADirectory => {
            format!("{path} is a folder; name a file in it, say {path}/discussions.db")
        }
        _ => format!("{path} cannot be used: {error}"),
    })
}

fn refused(text: String) -> StoreError {
    StoreError::Database(text)
}
