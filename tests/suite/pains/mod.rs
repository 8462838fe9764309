//! What people suffered from with comparable tools, one test for each, in the strongest form we could think of. The
//! names are listed in `tests/fixtures/pains/names.txt`, so that none is lost.

mod content;
mod forging;
mod gitvote;
mod life;
mod meaning;
mod models;
mod noise;
mod people;
mod platform;
mod queue;
mod rules;

use crate::support::rig::Rig;
use std::collections::BTreeSet;
use std::path::Path;

/// Ends of a run that GitHub takes for a pass although nothing passed, or that say nothing.
const EMPTY_ENDS: [&str; 4] = ["neutral", "skipped", "cancelled", "stale"];

impl Rig {
    /// The pull request is held up, by a check that says why and what is next.
    fn held_up(&self, number: u64, case: &str) {
        let check = self.check(number);
        let title = check.title.clone().unwrap_or_default();
        let conclusion = check.conclusion.clone().unwrap_or_default();
        assert!(
            ["failure", "action_required"].contains(&conclusion.as_str()),
            "{case}: {conclusion}, {title}"
        );
        assert!(!self.mergeable(number), "{case}: {title}");
        let (state, why) = title.split_once([':', ' ']).unwrap_or_default();
        assert!(!state.is_empty() && !why.is_empty(), "{case}: {title}");
        let summary = check.summary.unwrap_or_default();
        assert!(summary.contains("### Next"), "{case}: {summary}");
        self.no_empty_end(case);
    }

    /// No run ever ended in a way that passes without a reason to.
    fn no_empty_end(&self, case: &str) {
        let ends = self.ended_with("discussions");
        let empty = |end: &&String| EMPTY_ENDS.contains(&end.as_str());
        assert_eq!(ends.iter().find(empty), None, "{case}");
    }
}

#[test]
fn every_pain_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let names = std::fs::read_to_string(root.join("fixtures/pains/names.txt")).unwrap();
    let wanted: BTreeSet<&str> = names.lines().collect();
    assert_eq!(wanted.len(), 34);
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("suite/pains")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut is_test = false;
        for line in text.lines() {
            let words = line.trim_start_matches("async ");
            if let Some((name, _)) = words.strip_prefix("fn ").and_then(|w| w.split_once('('))
                && is_test
            {
                tests.insert(name.to_owned());
            }
            is_test = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        }
    }
    let missing: Vec<&&str> = wanted
        .iter()
        .filter(|name| !tests.contains(**name))
        .collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
}
