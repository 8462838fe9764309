//! What cuts the App off from a repository until somebody on GitHub undoes it.

use std::fmt;

/// Why the App cannot work on a repository for now. Asking again does not help before the cause is gone; then the same
/// request works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The installation is suspended.
    Suspended,
    /// The installation does not grant what the App needs.
    Ungranted {
        /// What is missing, as GitHub writes it: `issues: read`.
        missing: Vec<String>,
        /// Web address at which an owner of the account grants it.
        settings: String,
    },
    /// The repository is read-only.
    Archived,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suspended => f.write_str("the installation is suspended"),
            Self::Ungranted { missing, settings } => write!(
                f,
                "the installation does not grant {}; an owner of the account accepts that at {settings}",
                missing.join(", ")
            ),
            Self::Archived => f.write_str("the repository is archived"),
        }
    }
}

/// An installation of the App as GitHub lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Numeric id.
    pub id: u64,
    /// Why nothing can be done there, if so.
    pub blocked: Option<Blocked>,
}
