//! How every GitHub of the suite is set up. Two environment variables change that for a whole run:
//!
//! * `SANDBOX_ENTERPRISE=1`: like a GitHub Enterprise Server, with REST below `/api/v3` and GraphQL at `/api/graphql`.
//! * `EXCHANGES_DIR=FOLDER`: each sandbox writes every request, answer and delivery to a file of its own there, named
//!   after the test. `tests/validity/main.cjs` judges them by GitHub's descriptions.

use discussions::bot::status::MARKER;
use discussions::sandbox::{EffectKind, Sandbox, SandboxOptions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The options to start from, instead of [`SandboxOptions::default`].
pub(crate) fn options() -> SandboxOptions {
    SandboxOptions {
        enterprise: enterprise(),
        exchanges: exchanges_file(),
        ..SandboxOptions::default()
    }
}

/// Whether this run is one against Enterprise.
pub(crate) fn enterprise() -> bool {
    match std::env::var("SANDBOX_ENTERPRISE").as_deref() {
        Err(_) | Ok("") => false,
        Ok("1") => true,
        Ok(other) => panic!("SANDBOX_ENTERPRISE is `1` or not set, not `{other}`"),
    }
}

/// A file that nobody else writes to, if exchanges are wanted.
pub(crate) fn exchanges_file() -> Option<PathBuf> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = std::env::var_os("EXCHANGES_DIR").filter(|folder| !folder.is_empty())?;
    let folder = std::path::absolute(folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("unnamed").replace("::", "-");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    Some(folder.join(format!("{test}.{process}.{number}.jsonl")))
}

/// Whether a comment is a status comment.
pub(crate) fn is_status(body: &str) -> bool {
    body.starts_with(MARKER)
}

/// How many writes of a kind a GitHub saw, those of the status comment apart.
pub(crate) fn count(sandbox: &Sandbox, kind: EffectKind) -> usize {
    let ledger = sandbox.ledger();
    let of_kind = ledger.effects.iter().filter(|effect| effect.kind == kind);
    of_kind
        .filter(|effect| !effect.data["body"].as_str().is_some_and(is_status))
        .count()
}

/// Every request so far went to where the APIs of this run are, and no link that the App wrote leads to an API or to
/// another GitHub.
pub(crate) fn assert_addresses(sandbox: &Sandbox) {
    let ledger = sandbox.ledger();
    for request in &ledger.requests {
        let is_enterprise = request.path.starts_with("/api/v3/") || request.path == "/api/graphql";
        assert_eq!(is_enterprise, enterprise(), "{}", request.path);
    }
    let api = format!("{}/api/", sandbox.web_url());
    for effect in &ledger.effects {
        let text = effect.data.to_string();
        for elsewhere in [
            api.as_str(),
            "https://github.com/",
            "https://api.github.com",
        ] {
            assert!(!text.contains(elsewhere), "a link to {elsewhere}: {text}");
        }
    }
}
