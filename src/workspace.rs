//! Discussions, personas, templates and configuration on the local disk. Reads whole files, writes atomically.

use std::fs;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Largest file that is read, 32 MB: far above any discussion, so that a mistyped path does not fill the memory.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Where the configuration lies below the root of a working tree.
pub const CONFIG_PATH: &str = ".github/discussions.yml";
/// Where a repository's own templates lie.
pub const TEMPLATES_PATH: &str = ".github/discussions/templates";

/// Why a file could not be read or written. The text names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Reading failed.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a plain file, or far too large.
    #[error("cannot read {path}: {reason}")]
    Unsuitable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Writing failed; the old content is untouched.
    #[error("cannot write {path}: {source}; nothing was changed")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A new file cannot be made because one of that name stands there.
    #[error("{path} exists already and is never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else changed the file in the meantime.
    #[error(
        "{path} was changed by another program in the meantime; nothing was written, run the command again"
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl WorkspaceError {
    /// The file it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Unsuitable { path, .. }
            | Self::Write { path, .. }
            | Self::Exists { path }
            | Self::Changed { path } => path,
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// When it cannot be read, is no plain file, or is larger than 32 MB.
pub fn read(path: &Path) -> Result<Vec<u8>, WorkspaceError> {
    let failed = |source| WorkspaceError::Read {
        path: path.to_owned(),
        source,
    };
    let unsuitable = |reason: String| WorkspaceError::Unsuitable {
        path: path.to_owned(),
        reason,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(unsuitable("it is a folder; name a file".into()));
    }
    // A device or a pipe has no length to go by, and may never end.
    if !metadata.is_file() {
        return Err(unsuitable("it is no plain file".into()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(unsuitable(format!(
            "it has {} bytes; a discussion has at most 1 MB",
            metadata.len()
        )));
    }
    fs::read(path).map_err(failed)
}

/// Refuses early what [`replace`] would refuse after the work is done: a read-only file.
///
/// # Errors
/// When the file is read-only or gone.
pub fn check_writable(path: &Path) -> Result<(), WorkspaceError> {
    let failed = |source| WorkspaceError::Write {
        path: path.to_owned(),
        source,
    };
    let permissions = fs::metadata(path).map_err(failed)?.permissions();
    if permissions.readonly() {
        let read_only = std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            "the file is read-only",
        );
        return Err(failed(read_only));
    }
    Ok(())
}

/// Makes a new file, and its folder if that is missing. Gives nobody a half-written file under an old name: a name
/// that is taken is refused, by whatever kind of file.
///
/// # Errors
/// When something of that name exists, or writing fails; what was written is then removed.
pub fn create(path: &Path, content: &[u8]) -> Result<(), WorkspaceError> {
    let failed = |source| WorkspaceError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let opened = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    let mut file = opened.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => WorkspaceError::Exists {
            path: path.to_owned(),
        },
        _ => failed(source),
    })?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // The file is ours; if it cannot be removed either, the first error is the one to report.
        let _ = fs::remove_file(path);
    }
    written.map_err(failed)
}

/// Replaces a file's content, see [`edit`].
///
/// # Errors
/// When the file no longer holds `expected`, or when writing fails. The old content is then untouched.
pub fn replace(path: &Path, expected: &[u8], content: &[u8]) -> Result<(), WorkspaceError> {
    edit(path, |current| {
        if current == expected {
            Ok(content.to_vec())
        } else {
            Err(WorkspaceError::Changed {
                path: path.to_owned(),
            })
        }
    })
}

/// Changes a file by what it holds now: locked against other runs of this program, written beside itself, synced, and
/// renamed over itself. Permissions stay; a symbolic link keeps pointing to the file, whose content changes. A content
/// that stays the same is not written.
///
/// # Errors
/// What `change` refuses; when another program changes the file at the same time, or when writing fails. The old
/// content is then untouched.
pub fn edit<E: From<WorkspaceError>>(
    path: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let failed = |source| WorkspaceError::Write {
        path: path.to_owned(),
        source,
    };
    let target = fs::canonicalize(path).map_err(failed)?;
    check_writable(&target)?;
    let mut locked = lock(&target).map_err(failed)?;
    let current = content_of(&mut locked).map_err(failed)?;
    let content = change(&current)?;
    if content == current {
        return Ok(());
    }
    let permissions = locked.metadata().map_err(failed)?.permissions();
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_new(&temporary, &content, permissions)
        .map_err(failed)
        .and_then(|()| {
            // Programs that know nothing of the lock, such as editors.
            let is_same = is_still(&locked, &target).map_err(failed)?
                && content_of(&mut locked).map_err(failed)? == current;
            if !is_same {
                return Err(WorkspaceError::Changed {
                    path: path.to_owned(),
                });
            }
            fs::rename(&temporary, &target).map_err(failed)
        });
    if written.is_err() {
        // The temporary file is ours; if it cannot be removed either, the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    Ok(written?)
}

/// Opens a file and waits until no other run of this program is changing it; that takes milliseconds. The lock goes
/// with the handle. Where the file system has no locks, the comparison before the write has to do.
fn lock(path: &Path) -> std::io::Result<fs::File> {
    loop {
        let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(file),
            locked => locked?,
        }
        // Whoever held the lock has put another file in this one's place.
        if is_still(&file, path)? {
            return Ok(file);
        }
    }
}

/// Whether the path still leads to this very file.
fn is_still(file: &fs::File, path: &Path) -> std::io::Result<bool> {
    let opened = same_file::Handle::from_file(file.try_clone()?)?;
    Ok(opened == same_file::Handle::from_path(path)?)
}

/// Read through the handle that holds the lock: some systems let no other one read.
fn content_of(file: &mut fs::File) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    Ok(content)
}

fn write_new(path: &Path, content: &[u8], permissions: fs::Permissions) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(content)?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

/// The root of the working tree around a file: the nearest folder above it with a `.github/discussions.yml` or a
/// `.git`. `None` outside of any.
pub fn root_above(file: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(file).ok()?;
    absolute
        .ancestors()
        .skip(1)
        .find(|folder| folder.join(CONFIG_PATH).is_file() || folder.join(".git").exists())
        .map(Path::to_owned)
}

/// The text of a file that may be absent.
///
/// # Errors
/// When it exists and cannot be read as UTF-8 text.
pub fn optional_text(path: &Path) -> Result<Option<String>, WorkspaceError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read(path)?;
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| WorkspaceError::Unsuitable {
            path: path.to_owned(),
            reason: "it is not UTF-8 text".into(),
        })
}

/// The files of a folder with one of the endings, by name, as (name, text). An absent folder is empty.
///
/// # Errors
/// When the folder or one of the files cannot be read.
pub fn folder(path: &Path, endings: &[&str]) -> Result<Vec<(String, String)>, WorkspaceError> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| WorkspaceError::Read {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if file.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            files.extend(optional_text(&file)?.map(|text| (name, text)));
        }
    }
    files.sort();
    Ok(files)
}
