//! What stands where in a file reaches GitHub once each, however much of it there is.

use super::CACHE;
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, FileEdit};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The proposal with so many votes that people typed into it: a notice each.
fn with_typed_votes(count: usize) -> String {
    let blocks: String = (1..=count)
        .map(|n| format!("\n---\n\nName: person{n}\n\nFine.\n\nVOTE: READY\n"))
        .collect();
    format!("{CACHE}{blocks}")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_annotations_arrive_once_up_to_the_cap_which_is_stated() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    for (count, arriving) in [(0, 0), (50, 50), (51, 51), (180, 180), (230, 200)] {
        let branch = format!("votes-{count}");
        let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
        rig.sandbox
            .create_branch("rob", DEMO_REPO, &branch, &tip)
            .unwrap();
        let path = format!("design/votes-{count}.md");
        let edit = FileEdit::write(&path, with_typed_votes(count));
        rig.sandbox
            .push("rob", DEMO_REPO, &branch, "propose", &[edit])
            .unwrap();
        let number = rig.pull("rob", &branch);
        rig.settle().await;
        let check = rig.check(number);
        let lines: BTreeSet<u64> = check
            .annotations
            .iter()
            .map(|annotation| annotation["start_line"].as_u64().unwrap())
            .collect();
        assert_eq!(
            check.annotations.len(),
            arriving,
            "{count}: {:?}",
            check.title
        );
        assert_eq!(lines.len(), arriving, "{count}: each at its own line");
        let is_said = check
            .summary
            .unwrap()
            .contains("30 annotations more than the 200 posted");
        assert_eq!(is_said, count == 230, "{count}");
    }
}
