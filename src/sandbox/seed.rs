//! What a fresh sandbox holds, and what our App asks for.

use super::accounts::{Access, Permissions, Role};
use super::hub::Hub;
use super::repository::{Protection, RequiredCheck};
use super::state::Refused;
use std::collections::BTreeSet;

/// The seeded repository.
pub const DEMO_REPO: &str = "octo/demo";

/// The permissions the App asks for on GitHub.
pub fn default_permissions() -> Permissions {
    use Access::{Read, Write};
    [
        ("metadata", Read),
        ("contents", Write),
        ("pull_requests", Write),
        ("issues", Read),
        ("checks", Write),
        ("statuses", Write),
        ("merge_queues", Read),
    ]
    .into_iter()
    .map(|(name, access)| (name.to_owned(), access))
    .collect()
}

/// The events the App subscribes to on GitHub; installation events come in any case.
pub fn default_events() -> BTreeSet<String> {
    [
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "issue_comment",
        "push",
        "check_run",
        "check_suite",
        "merge_group",
        "repository",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect()
}

impl Hub {
    /// Fills the sandbox: `octo/demo` with a README, the required check `discussions` pinned to our App on `main`,
    /// `rob` who writes, `ann` who maintains, and the stranger `eve`.
    ///
    /// # Errors
    /// If the repository exists already.
    pub fn seed_default(&self) -> Result<(), Refused> {
        let readme = "# Demo\n\nA repository to try discussions in.\n";
        self.create_repo(DEMO_REPO, &[("README.md", readme)])?;
        self.add_collaborator(DEMO_REPO, "rob", Role::Write)?;
        self.add_collaborator(DEMO_REPO, "ann", Role::Maintain)?;
        self.create_user("eve");
        let required = RequiredCheck {
            name: "discussions".to_owned(),
            app: Some(self.app_id),
        };
        let rules = Protection {
            required_checks: vec![required],
            ..Protection::default()
        };
        self.protect(DEMO_REPO, "main", rules)
    }
}
