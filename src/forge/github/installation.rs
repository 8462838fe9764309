//! An installation of the App: whether it is suspended, and what it grants.

use super::super::inspect::InstallationSeen;
use super::super::{Blocked, Installed};
use super::TOKEN_PERMISSIONS;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Whose it is: a person or an organization by its login, an enterprise by its slug.
#[derive(Deserialize)]
struct Account {
    login: Option<String>,
    slug: Option<String>,
}

/// As GitHub describes it.
#[derive(Deserialize)]
pub(super) struct Installation {
    id: u64,
    pub(super) suspended_at: Option<String>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    account: Option<Account>,
    /// `all` or `selected`.
    #[serde(default)]
    repository_selection: String,
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

    /// All of it, in our words.
    pub(super) fn seen(self) -> InstallationSeen {
        let account = self.account.and_then(|one| one.login.or(one.slug));
        InstallationSeen {
            id: self.id,
            account: account.unwrap_or_default(),
            settings: self.html_url,
            is_suspended: self.suspended_at.is_some(),
            permissions: self.permissions,
            is_for_all: self.repository_selection == "all",
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
