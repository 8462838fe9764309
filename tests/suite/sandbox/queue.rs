//! Merge queues.

use super::rig::{REPO, Rig};
use discussions::sandbox::{FileEdit, MergeQueueRules, Oid};
use serde_json::{Value, json};
use std::time::Duration;

const QUEUE: &str = "query($branch: String) { repository(owner: \"octo\", name: \"demo\") { mergeQueue(branch: $branch) { entries(first: 10) { nodes { position state headCommit { oid } baseCommit { oid } pullRequest { number headRefOid } } } } } }";

/// A rig with three pull requests that pass, and a queue on main.
async fn three(rules: MergeQueueRules) -> (Rig, [u64; 3]) {
    let rig = Rig::start().await;
    let mut numbers = [0; 3];
    for (number, name) in numbers.iter_mut().zip(["a", "b", "c"]) {
        *number = rig.open(name, &[(&format!("{name}.md"), "text\n")]);
        rig.check(&rig.head(*number), "discussions", "success")
            .await;
    }
    rig.sandbox
        .set_merge_queue(REPO, "main", Some(rules))
        .unwrap();
    (rig, numbers)
}

fn groups(rig: &Rig) -> Vec<(u64, Option<Oid>)> {
    let queue = rig.sandbox.merge_queue(REPO, "main");
    let group = |entry: discussions::sandbox::QueueEntry| {
        (entry.number, entry.group.map(|group| group.head))
    };
    queue.into_iter().map(group).collect()
}

fn head(rig: &Rig, index: usize) -> Oid {
    groups(rig)[index].1.clone().unwrap()
}

/// What was delivered about groups: action and reason, with the number in the branch.
fn said(rig: &Rig) -> Vec<(String, String, u64)> {
    let log = rig.sandbox.deliveries();
    let groups = log.iter().filter(|one| one.event == "merge_group");
    let read = |bytes: &[u8]| {
        let body: Value = serde_json::from_slice(bytes).unwrap();
        let branch = body["merge_group"]["head_ref"].as_str().unwrap();
        let number = branch.split("/pr-").nth(1).unwrap();
        let number = number.split('-').next().unwrap().parse().unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (text("action"), text("reason"), number)
    };
    groups.map(|one| read(&one.body)).collect()
}

#[tokio::test]
async fn every_entry_has_a_group_with_what_is_ahead_of_it() {
    let (rig, [a, b, c]) = three(MergeQueueRules::default()).await;
    let unqueued = rig.open("d", &[("d.md", "text\n")]);
    assert!(
        rig.sandbox.enqueue("ann", REPO, unqueued).is_err(),
        "its check is missing"
    );
    assert!(
        rig.sandbox.enqueue("eve", REPO, a).is_err(),
        "without write"
    );
    assert!(rig.sandbox.merge("ann", REPO, a).is_err(), "past the queue");
    for number in [a, b, c] {
        rig.sandbox.enqueue("ann", REPO, number).unwrap();
    }
    assert!(rig.sandbox.enqueue("ann", REPO, a).is_err(), "twice");
    let main = rig.sandbox.tip(REPO, "main").unwrap();
    let heads: Vec<Oid> = (0..3).map(|index| head(&rig, index)).collect();
    let answer = rig.graphql(QUEUE, json!({"branch": "main"})).await;
    let nodes = &answer["data"]["repository"]["mergeQueue"]["entries"]["nodes"];
    for (index, number) in [a, b, c].into_iter().enumerate() {
        let base = index.checked_sub(1).map_or(&main, |before| &heads[before]);
        let wanted = json!({
            "position": index + 1,
            "state": "AWAITING_CHECKS",
            "headCommit": {"oid": heads[index].as_str()},
            "baseCommit": {"oid": base.as_str()},
            "pullRequest": {"number": number, "headRefOid": rig.head(number).as_str()},
        });
        assert_eq!(nodes[index], wanted);
    }
    let none = rig.graphql(QUEUE, json!({"branch": "other"})).await;
    assert_eq!(none["data"]["repository"]["mergeQueue"], Value::Null);
    let last = heads[2].as_str();
    for name in ["a.md", "b.md", "c.md"] {
        assert!(rig.sandbox.file(REPO, last, name).is_some(), "{name}");
    }
    // A later group that passes waits for those ahead of it.
    rig.check(&heads[1], "discussions", "success").await;
    assert_eq!(groups(&rig).len(), 3);
    rig.check(&heads[0], "discussions", "success").await;
    assert_eq!(groups(&rig), [(c, Some(heads[2].clone()))]);
    assert_eq!(rig.sandbox.tip(REPO, "main").unwrap(), heads[1]);
    assert!(rig.sandbox.pull(REPO, b).unwrap().merged.is_some());
    rig.check(&heads[2], "discussions", "success").await;
    assert!(groups(&rig).is_empty());
    assert_eq!(rig.sandbox.tip(REPO, "main").unwrap(), heads[2]);
    let merged = |number| ("destroyed".to_owned(), "merged".to_owned(), number);
    assert_eq!(said(&rig)[3..], [merged(a), merged(b), merged(c)]);
}

#[tokio::test]
async fn who_fails_leaves_and_those_behind_are_built_anew() {
    let (rig, [a, b, c]) = three(MergeQueueRules::default()).await;
    for number in [a, b, c] {
        rig.sandbox.enqueue("ann", REPO, number).unwrap();
    }
    let heads: Vec<Oid> = (0..3).map(|index| head(&rig, index)).collect();
    // As long as the first may be the reason, nobody leaves.
    rig.check(&heads[2], "discussions", "failure").await;
    rig.check(&heads[1], "discussions", "failure").await;
    assert_eq!(groups(&rig).len(), 3);
    rig.check(&heads[0], "discussions", "success").await;
    let anew = head(&rig, 0);
    assert_eq!(groups(&rig), [(c, Some(anew.clone()))]);
    assert!(!heads.contains(&anew));
    assert!(rig.sandbox.file(REPO, anew.as_str(), "b.md").is_none());
    let told = |action: &str, reason: &str, number| (action.to_owned(), reason.to_owned(), number);
    assert_eq!(
        said(&rig)[3..],
        [
            told("destroyed", "merged", a),
            told("destroyed", "dequeued", b),
            told("destroyed", "invalidated", c),
            told("checks_requested", "", c),
        ]
    );
    // A push takes a pull request out too.
    let edit = FileEdit::write("c.md", "more\n");
    rig.sandbox.push("rob", REPO, "c", "more", &[edit]).unwrap();
    assert!(groups(&rig).is_empty());
    rig.sandbox.dequeue("ann", REPO, c).unwrap_err();
}

#[tokio::test]
async fn a_queue_may_build_few_and_merge_several_in_one_go() {
    let rules = MergeQueueRules {
        build: 2,
        together: 2,
        wait_minutes: 5,
    };
    let (rig, [a, b, c]) = three(rules).await;
    for number in [a, b, c] {
        rig.sandbox.enqueue("ann", REPO, number).unwrap();
    }
    let built = groups(&rig)
        .iter()
        .filter(|(_, head)| head.is_some())
        .count();
    assert_eq!(built, 2);
    rig.check(&head(&rig, 0), "discussions", "success").await;
    assert_eq!(groups(&rig).len(), 3, "one alone is not merged");
    rig.check(&head(&rig, 1), "discussions", "success").await;
    assert_eq!(groups(&rig).len(), 1);
    rig.check(&head(&rig, 0), "discussions", "success").await;
    assert_eq!(groups(&rig).len(), 1, "it waits for another");
    rig.sandbox.advance(Duration::from_secs(5 * 60));
    assert!(groups(&rig).is_empty());
}
