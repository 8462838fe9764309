//! What a check-up says: one finding for each thing it looked at.

use crate::bot::markdown::plain;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but somebody should know.
    Warning,
    /// The App does not work, or its check holds nobody up.
    Failed,
}

impl Level {
    /// The word for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What a finding is about, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The environment and the disk.
    Settings,
    /// The App on GitHub.
    GitHub,
    /// Where it is installed.
    Installation,
    /// A repository's configuration and the rules of its branches.
    Gate,
    /// Who answers for the personas.
    Models,
}

impl Area {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Settings,
        Self::GitHub,
        Self::Installation,
        Self::Gate,
        Self::Models,
    ];

    /// The word for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::GitHub => "github",
            Self::Installation => "installation",
            Self::Gate => "gate",
            Self::Models => "models",
        }
    }
}

/// One thing that was looked at. Its texts are single lines without control characters, whoever wrote what they quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// Kebab-case name of what was looked at, for scripts; stays as it is.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The variable, event, permission or branch.
    pub subject: String,
    /// What was found there.
    pub found: String,
    /// Why that matters; empty where all is well.
    pub why: String,
    /// What to do; empty where all is well.
    pub remedy: String,
}

impl Finding {
    fn new(area: Area, code: &'static str, level: Level, subject: &str, found: &str) -> Self {
        Self {
            area,
            code,
            level,
            subject: plain(subject),
            found: plain(found),
            why: String::new(),
            remedy: String::new(),
        }
    }

    /// All is well.
    pub(super) fn ok(area: Area, code: &'static str, subject: &str, found: &str) -> Self {
        Self::new(area, code, Level::Ok, subject, found)
    }

    /// Works, but somebody should know.
    pub(super) fn warning(area: Area, code: &'static str, subject: &str, found: &str) -> Self {
        Self::new(area, code, Level::Warning, subject, found)
    }

    /// Does not work.
    pub(super) fn failed(area: Area, code: &'static str, subject: &str, found: &str) -> Self {
        Self::new(area, code, Level::Failed, subject, found)
    }

    /// Why it matters, and what to do.
    pub(super) fn because(self, why: &str, remedy: &str) -> Self {
        Self {
            why: plain(why),
            remedy: plain(remedy),
            ..self
        }
    }
}

/// A message of the house as what was found and what to do about it: they are written that way, with a semicolon between.
pub(super) fn halves(message: &str) -> (&str, &str) {
    message.split_once("; ").unwrap_or((message, ""))
}
