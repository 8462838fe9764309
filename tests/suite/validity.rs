//! What the suite's sandboxes and their clients said to each other, judged by GitHub's own published descriptions. The
//! judge and how to run it: `tests/validity/main.cjs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the judge over everything that was recorded; its report goes to our output.
fn judge(task: &str) {
    let folder = std::env::var_os("EXCHANGES_DIR").expect("EXCHANGES_DIR names the recordings");
    let status = Command::new("node")
        .arg(root().join("tests/validity/main.cjs"))
        .arg(task)
        .arg(folder)
        .status()
        .expect("node");
    assert!(status.success(), "{task}: {status}");
}

#[test]
#[ignore = "needs Node, npm packages and recordings (tests/validity/main.cjs)"]
fn everything_that_was_said_is_what_github_describes() {
    judge("check");
}

#[test]
#[ignore = "needs Node, npm packages and recordings (tests/validity/main.cjs)"]
fn whatever_breaks_the_descriptions_is_caught() {
    judge("mutate");
}

/// A sandbox that is set up in another way would neither be recorded nor be one of Enterprise.
#[test]
fn every_sandbox_of_the_suite_starts_from_the_same_options() {
    let mut wrong = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join("tests/suite")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let bare = text.contains(concat!("SandboxOptions::", "default()"));
                if bare && !path.ends_with("support/github.rs") {
                    wrong.push(path);
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "use support::github::options() in {wrong:?}"
    );
}
