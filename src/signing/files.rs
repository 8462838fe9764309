//! The signing key on disk: a PEM file that only its owner reads, and beside it the set of all public keys, old ones
//! included, since receipts that they signed stay in files for years.
//!
//! Two files, so that the public ones can be handed out: `signing-key.pem` and `signing-key.jwks.json`. No clock is
//! read here: times come from whoever asks.

use super::{Keyring, Keys, PublicKey, SigningKey};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

/// Largest file that is read as a key or a key set, bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Rights of the key file beyond which it is refused. Whoever reads it can sign votes as the App, and whoever writes it
/// can put his own in its place. Its group may read: Kubernetes and systemd hand secrets to a service that way.
const TOO_OPEN: u32 = 0o027;
/// How often a file that others replace meanwhile is opened again.
const TRIES: usize = 100;

/// Why the key or the key set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}; {remedy}", path.display())]
pub struct KeyFileError {
    /// The file.
    pub path: PathBuf,
    /// What was found there and why it is refused.
    pub why: String,
    /// What to do instead, a sentence that goes on behind a semicolon.
    pub remedy: String,
}

/// Why a key was not revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRevoked {
    /// One of the files.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// No key begins like that.
    #[error("no key has the id {0}")]
    NoSuchKey(String),
    /// More than one key begins like that.
    #[error("more than one key begins with {0}")]
    Ambiguous(String),
    /// It signs at present: everything signed from now on would be worth nothing.
    #[error("{0} is the key that the App signs with")]
    Present(String),
    /// It was revoked from an earlier time (Unix seconds): a later one would make receipts valid again.
    #[error("{kid} is revoked from an earlier time already")]
    Earlier {
        /// The key.
        kid: String,
        /// From when.
        since: u64,
    },
}

/// Where the key and its set lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// The private key, PKCS#8 as PEM.
    pub key: PathBuf,
    /// All public keys: `NAME.jwks.json` beside `NAME.pem`.
    pub set: PathBuf,
}

/// A keyring as it was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The keys.
    pub keyring: Keyring,
    /// The key was made just now.
    pub is_new: bool,
    /// The set lacks the present key and cannot be written: after the next change of keys, what this one signed would
    /// not verify any more.
    pub not_kept: Option<KeyFileError>,
}

impl KeyFiles {
    /// By the path of the private key.
    pub fn at(key: &Path) -> Self {
        Self {
            key: key.to_owned(),
            set: key.with_extension("jwks.json"),
        }
    }

    /// Loads the keys, and makes the first one where there is none. However many do so at once, one key is made.
    ///
    /// # Errors
    /// When a file is there and cannot be used, or none can be made. A set that does not read is refused as well: it
    /// may hold revocations.
    pub fn load_or_create(&self) -> Result<Loaded, KeyFileError> {
        // Before a key is made that the set would not fit to.
        self.read_set()?;
        let is_new = match self.key.exists() {
            true => false,
            false => self.create()?,
        };
        let mut keyring = self.load()?;
        let kid = &keyring.signing.public().kid;
        if keyring
            .keys
            .get(kid)
            .is_some_and(|key| key.revoked_at.is_some())
        {
            return Err(self.error(
                &self.key,
                format!("the key {kid} is revoked in {}", self.set.display()),
                "run `discussions keys new`: what a revoked key signs counts nowhere",
            ));
        }
        let mut not_kept = None;
        if self.read_set()?.get(kid).is_none() {
            match self.keep(is_new) {
                Ok(kept) => keyring = kept,
                Err(error) => not_kept = Some(error),
            }
        }
        Ok(Loaded {
            keyring,
            is_new,
            not_kept,
        })
    }

    /// Puts the present key into the set. Only of a key that we made is the time of its file that of its making.
    fn keep(&self, is_new: bool) -> Result<Keyring, KeyFileError> {
        let _lock = self.lock()?;
        let mut keyring = self.load()?;
        if is_new {
            let public = dated(keyring.signing.public(), &self.key);
            keyring.keys = keyring.keys.and(public);
        }
        self.write_set(&keyring.keys)?;
        Ok(keyring)
    }

    /// Loads the keys; makes and writes nothing.
    ///
    /// # Errors
    /// When there is no key, or a file cannot be used.
    pub fn load(&self) -> Result<Keyring, KeyFileError> {
        self.keyring(self.read_set()?)
    }

    /// Makes a new key to sign with; the public half of the one before stays in the set. Gives the keys as they are
    /// then. Where there is none yet, the first one is made.
    ///
    /// # Errors
    /// As [`KeyFiles::load_or_create`]; the key before then still signs.
    pub fn renew(&self) -> Result<Keyring, KeyFileError> {
        if !self.key.exists() {
            let loaded = self.load_or_create()?;
            if let Some(error) = loaded.not_kept {
                return Err(error);
            }
            if loaded.is_new {
                return Ok(loaded.keyring);
            }
        }
        let _lock = self.lock()?;
        let before = self.load()?;
        let pem = self.generate()?;
        let signing = self.parse(&pem)?;
        let target = self
            .key
            .canonicalize()
            .map_err(|e| self.unwritable(&self.key, &e))?;
        let temporary = self.write_beside(&target, pem.expose_secret().as_bytes(), true)?;
        // The set first: if the second step fails, it holds a key that signs nothing. The other way round, the new
        // key would sign what nobody can check.
        let public = dated(signing.public(), &temporary);
        let keys = before.keys.and(public);
        let done = self.write_set(&keys).and_then(|()| {
            fs::rename(&temporary, &target).map_err(|e| self.unwritable(&target, &e))
        });
        if done.is_err() {
            // The temporary file is ours; the first error is the one to report.
            let _ = fs::remove_file(&temporary);
        }
        done?;
        Ok(Keyring { signing, keys })
    }

    /// Revokes a key, named by its id or by how that begins, from a time (Unix seconds) on. Gives its id.
    ///
    /// # Errors
    /// When there is no such key, it signs at present, or it is revoked from an earlier time already.
    pub fn revoke(&self, kid: &str, from: u64) -> Result<PublicKey, NotRevoked> {
        let _lock = self.lock()?;
        let mut keyring = self.load()?;
        let mut meant = keyring
            .keys
            .0
            .values()
            .filter(|key| key.kid.starts_with(kid));
        let exact = keyring.keys.0.get(kid);
        let mut key = match (exact, meant.next(), meant.next()) {
            _ if kid.is_empty() => return Err(NotRevoked::NoSuchKey(String::new())),
            (Some(key), _, _) | (None, Some(key), None) => key.clone(),
            (None, Some(_), Some(_)) => return Err(NotRevoked::Ambiguous(kid.to_owned())),
            _ => return Err(NotRevoked::NoSuchKey(kid.to_owned())),
        };
        if key.kid == keyring.signing.public().kid {
            return Err(NotRevoked::Present(key.kid));
        }
        if let Some(since) = key.revoked_at.filter(|since| *since < from) {
            return Err(NotRevoked::Earlier {
                kid: key.kid,
                since,
            });
        }
        key.revoked_at = Some(from);
        keyring.keys = keyring.keys.and(key.clone());
        self.write_set(&keyring.keys)?;
        Ok(key)
    }

    /// The key file's keys, with those of the set.
    fn keyring(&self, set: Keys) -> Result<Keyring, KeyFileError> {
        self.check_rights()?;
        let bytes = read(&self.key).map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.error(
                &self.key,
                "there is no signing key here",
                "the server makes one at its first start, and `discussions keys new` does; or name the right file in \
                 SIGNING_KEY_PATH",
            ),
            _ => self.error(
                &self.key,
                format!("the signing key cannot be read: {error}"),
                "make it a file that the server's user may read, or name another one in SIGNING_KEY_PATH",
            ),
        })?;
        let pem = String::from_utf8(bytes).unwrap_or_default();
        let signing = self.parse(&SecretString::from(pem))?;
        let keys = match set.get(&signing.public().kid) {
            Some(_) => set,
            None => set.and(signing.public().clone()),
        };
        Ok(Keyring { signing, keys })
    }

    fn read_set(&self) -> Result<Keys, KeyFileError> {
        let bytes = match read(&self.set) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keys::default()),
            Err(error) => {
                return Err(self.error(
                    &self.set,
                    format!("the key set cannot be read: {error}"),
                    "let the server's user read it; without it, nobody knows which keys are revoked",
                ));
            }
        };
        Keys::from_jwks(&bytes).map_err(|bad| {
            let line = bad.line.map_or(String::new(), |line| format!("line {line}: "));
            self.error(
                &self.set,
                format!("{line}{}", bad.message),
                "restore it from the backup; if there is none, move it away and the server begins a new one, which \
                 knows no older keys and no revocations",
            )
        })
    }

    /// Makes the first key. `false`: somebody else was quicker, and that one is the key.
    fn create(&self) -> Result<bool, KeyFileError> {
        let folder = folder_of(&self.key);
        fs::create_dir_all(folder).map_err(|e| self.unwritable(&self.key, &e))?;
        let pem = self.generate()?;
        let temporary = self.write_beside(&self.key, pem.expose_secret().as_bytes(), true)?;
        // A link fails where a file stands, a rename would replace it.
        let linked = fs::hard_link(&temporary, &self.key);
        let made = match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // Some file systems have no links. Whoever reads the file half-written is refused and starts again.
            Err(_) => match write_new(&self.key, pem.expose_secret().as_bytes(), true) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(self.unwritable(&self.key, &error)),
            },
        };
        // Ours alone; what is left of it harms nobody who has no right to read it.
        let _ = fs::remove_file(&temporary);
        sync_folder(folder);
        made
    }

    fn write_set(&self, keys: &Keys) -> Result<(), KeyFileError> {
        let target = self.set.canonicalize().unwrap_or(self.set.clone());
        let temporary = self.write_beside(&target, keys.to_jwks().as_bytes(), false)?;
        let renamed = fs::rename(&temporary, &target);
        if renamed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        sync_folder(folder_of(&target));
        renamed.map_err(|error| self.unwritable(&self.set, &error))
    }

    /// A new file beside another one, on disk when this returns.
    fn write_beside(
        &self,
        target: &Path,
        content: &[u8],
        private: bool,
    ) -> Result<PathBuf, KeyFileError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{name}.{}-{number}.tmp", std::process::id());
        let path = folder_of(target).join(name);
        write_new(&path, content, private).map_err(|error| self.unwritable(target, &error))?;
        Ok(path)
    }

    /// Keeps other runs of `keys` out until it is dropped. Where the file system has no locks, nothing does.
    fn lock(&self) -> Result<File, KeyFileError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => self
                .keyring(Keys::default())
                .err()
                .unwrap_or_else(|| self.unwritable(&self.key, &error)),
            _ => self.unwritable(&self.key, &error),
        };
        for _ in 0..TRIES {
            let mut file = File::open(&self.key).map_err(failed)?;
            match file.lock() {
                Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(file),
                locked => locked.map_err(failed)?,
            }
            // Whoever held the lock may have put another file in this one's place.
            let mut content = Vec::new();
            file.read_to_end(&mut content).map_err(failed)?;
            if content == read(&self.key).map_err(failed)? {
                return Ok(file);
            }
        }
        Err(self.error(
            &self.key,
            "other programs keep replacing the signing key",
            "wait until they are done and try again",
        ))
    }

    #[cfg(unix)]
    fn check_rights(&self) -> Result<(), KeyFileError> {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(metadata) = fs::metadata(&self.key) else {
            // Reading it says what is the matter.
            return Ok(());
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & TOO_OPEN == 0 {
            return Ok(());
        }
        Err(self.error(
            &self.key,
            format!(
                "its rights are {mode:03o}, so others on this machine could sign votes as the App"
            ),
            format!("run `chmod 600 {}`", self.key.display()),
        ))
    }

    #[cfg(not(unix))]
    fn check_rights(&self) -> Result<(), KeyFileError> {
        Ok(())
    }

    fn generate(&self) -> Result<SecretString, KeyFileError> {
        SigningKey::generate()
            .map_err(|error| self.error(&self.key, error.to_string(), "try again"))
    }

    fn parse(&self, pem: &SecretString) -> Result<SigningKey, KeyFileError> {
        SigningKey::from_pem(pem).map_err(|error| {
            self.error(
                &self.key,
                error.to_string(),
                "restore it from the backup, or move it away and run `discussions keys new`; it is not the key from \
                 GitHub, which belongs in PRIVATE_KEY_PATH",
            )
        })
    }

    fn unwritable(&self, path: &Path, error: &io::Error) -> KeyFileError {
        self.error(
            path,
            format!("this cannot be written: {error}"),
            "let the server's user write its folder, or name another place in SIGNING_KEY_PATH",
        )
    }

    fn error(
        &self,
        path: &Path,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> KeyFileError {
        KeyFileError {
            path: path.to_owned(),
            why: why.into(),
            remedy: remedy.into(),
        }
    }
}

/// The key with the time its file was written, where that is known.
fn dated(key: &PublicKey, file: &Path) -> PublicKey {
    let written = fs::metadata(file).and_then(|metadata| metadata.modified());
    let since = written
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    PublicKey {
        created_at: since.map(|since| since.as_secs()),
        ..key.clone()
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(Path::new(""));
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// Reads a file within bounds. A device or a pipe has no end to go by.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::Error::other("it is larger than any of ours"));
    }
    fs::read(path)
}

/// Writes a file that must not exist yet; a private one is never readable by others, not even while it is written.
fn write_new(path: &Path, content: &[u8], private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if private { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut file = options.open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes new names in a folder durable, where the system has a way to.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        // A folder that cannot be synced still holds the file; a power cut at this moment loses a key nobody used.
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
