//! An installation of the App: whether it is suspended, and what it grants.

use super::super::{Blocked, Installed};
use super::TOKEN_PERMISSIONS;
use serde::Deserialize;
use std::collections::HashMap;

/// As GitHub describes it.
#[derive(Deserialize)]
pub(super) struct Installation {
    id: u64,
    pub(super) suspended_at: Option<String>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    permissions: HashMap<String, String>,
}

impl Installation {
    /// Which of these permissions it does not grant.
    pub(super) fn missing(
        &self,
        wanted: &[(&'static str, &'static str)],
    ) -> Vec<(&'static str, &'static str)> {
        let grants = |(name, level): &(&str, &str)| {
            let granted = self.permissions.get(*name).map(String::as_str);
            match granted {
                Some("write" | "admin") => true,
                granted => granted == Some(*level),
            }
        };
        wanted.iter().copied().filter(|one| !grants(one)).collect()
    }

    /// What keeps the App away that lacks these.
    pub(super) fn lacks(&self, missing: &[(&str, &str)]) -> Blocked {
        Blocked::Ungranted {
            missing: missing
                .iter()
                .map(|(name, level)| format!("{name}: {level}"))
                .collect(),
            settings: self.html_url.clone(),
        }
    }

    /// In our words.
    pub(super) fn installed(&self) -> Installed {
        let missing = self.missing(TOKEN_PERMISSIONS);
        let blocked = match (&self.suspended_at, missing.is_empty()) {
            (Some(_), _) => Some(Blocked::Suspended),
            (None, false) => Some(self.lacks(&missing)),
            (None, true) => None,
        };
        Installed {
            id: self.id,
            blocked,
        }
    }
}
