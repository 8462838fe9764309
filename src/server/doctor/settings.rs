//! Judges the settings by the messages of whoever reads them. What a secret is does not come up here.

use super::finding::halves;
use super::{Area, Finding};
use crate::config::{Examined, SettingProblem};
use std::path::PathBuf;

/// The key that receipts are signed with, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// Not made yet.
    Absent(PathBuf),
    /// It reads.
    Fine(PathBuf),
    /// It does not; why and what to do.
    Broken(String),
}

/// Findings about the environment.
pub fn judge(examined: &Examined) -> Vec<Finding> {
    let ok = |subject: &str, found: &str| Finding::ok(Area::Settings, "setting", subject, found);
    let is_wrong = |name: &str| examined.problems.iter().any(|one| one.name == name);
    let mut findings = Vec::new();
    findings.extend(examined.app_id.map(|id| ok("APP_ID", &id.to_string())));
    let key = examined.private_key.as_ref();
    findings.extend(key.map(|_| ok("PRIVATE_KEY", "an RSA key that signs")));
    if !is_wrong("WEBHOOK_SECRET") {
        let found = match examined.webhook_secrets.len() {
            1 => "one secret, long enough".to_owned(),
            more => format!(
                "{more} secrets, each long enough and each valid; take the old one out after the change"
            ),
        };
        findings.push(ok("WEBHOOK_SECRET", &found));
    }
    findings.extend(examined.problems.iter().map(problem));
    findings
}

fn problem(problem: &SettingProblem) -> Finding {
    let (found, remedy) = halves(&problem.message);
    let why = match problem.name.as_str() {
        "APP_ID" | "PRIVATE_KEY" | "PRIVATE_KEY_PATH" => {
            "without it the App cannot sign in to GitHub, and the server does not start"
        }
        "WEBHOOK_SECRET" => {
            "it alone proves that events come from GitHub, and the server does not start without it"
        }
        _ => "the server does not start with it",
    };
    Finding::failed(Area::Settings, "setting", &problem.name, found).because(why, remedy)
}

/// Finding about the key that receipts are signed with.
pub fn signing_key(key: &SigningKey) -> Finding {
    let (area, code, subject) = (Area::Settings, "signing-key", "signing key");
    match key {
        SigningKey::Absent(path) => {
            let found = format!("{} is made at the first start", path.display());
            Finding::ok(area, code, subject, &found)
        }
        SigningKey::Fine(path) => Finding::ok(area, code, subject, &path.display().to_string()),
        SigningKey::Broken(message) => {
            let (found, remedy) = halves(message);
            let why = "it signs what the App writes, and the server does not start without it";
            Finding::failed(area, code, subject, found).because(why, remedy)
        }
    }
}
