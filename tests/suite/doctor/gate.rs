//! With `--repo`: whether the rules of the gated branches wait for this App's check.

use super::{amiss, doctor, installation};
use crate::support::stand::Stand;
use discussions::sandbox::{
    DEMO_REPO, FileEdit, MergeQueueRules, Protection, RequiredCheck, RuleForm, default_permissions,
};

const OURS: Option<u64> = Some(4_711);

/// What is amiss besides the webhook, which nobody set here.
fn of_gate(stand: &Stand, more: &[&str]) -> Vec<String> {
    let mut found = amiss(stand, &[&["--repo", DEMO_REPO], more].concat());
    let webhook = ["failed webhook", "warning deliveries"];
    found.retain(|one| !webhook.contains(&one.as_str()));
    found
}

/// The stand with these checks required on a branch.
fn require(stand: &Stand, branch: &str, form: RuleForm, checks: &[(&str, Option<u64>)]) {
    let check = |(name, app): &(&str, Option<u64>)| RequiredCheck {
        name: (*name).to_owned(),
        app: *app,
    };
    let rules = Protection {
        form,
        required_checks: checks.iter().map(check).collect(),
        ..Protection::default()
    };
    stand.sandbox.protect(DEMO_REPO, branch, rules).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_rules_that_anybody_could_satisfy_end_with_1_in_rulesets_and_in_classic_protection() {
    let stand = Stand::build().await;
    let none: [&str; 0] = [];
    for form in [RuleForm::Ruleset, RuleForm::Classic] {
        require(
            &stand,
            "main",
            form,
            &[("build", None), ("discussions", OURS)],
        );
        assert_eq!(of_gate(&stand, &[]), none, "{form:?}");
        require(&stand, "main", form, &[("discussions", None)]);
        assert_eq!(of_gate(&stand, &[]), ["failed check-pin"], "{form:?}");
        require(&stand, "main", form, &[("discussions", Some(15_368))]);
        assert_eq!(of_gate(&stand, &[]), ["failed check-pin"], "{form:?}");
        require(&stand, "main", form, &[("build", None)]);
        assert_eq!(of_gate(&stand, &[]), ["failed check-required"], "{form:?}");
    }
    // What is not shown is no evidence.
    require(&stand, "main", RuleForm::Hidden, &[("discussions", OURS)]);
    assert_eq!(of_gate(&stand, &[]), ["failed check-required"]);
    require(&stand, "main", RuleForm::Ruleset, &[("discussions", None)]);
    doctor(&stand, &["--repo", DEMO_REPO]).exits(1).says(&[
        "failed   main: `discussions` is required, but not pinned to the App",
        "why  anybody with write access, and every workflow, can post a green status of that name",
        "choose orchestrated discussions (App 4711) as the source of `discussions`",
        "/octo/demo/settings/rules",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_and_mode_of_the_configuration_are_held_against_the_rules() {
    let stand = Stand::build().await;
    for (config, found) in [
        ("gate: {check: design}\n", vec!["failed check-name"]),
        (
            "gate: {mode: shadow}\n",
            vec!["warning gate-mode", "failed check-name"],
        ),
        (
            "gate: {chekc: design}\nrounds: none\n",
            vec!["failed config", "failed config"],
        ),
        (
            "gate: {bases: [none]}\n",
            vec!["warning gate-branch", "failed gate-bases"],
        ),
        ("personas: [.claude/agents]\n", vec!["failed config"]),
    ] {
        stand.configure(config).await;
        assert_eq!(of_gate(&stand, &[]), found, "{config}");
    }
    stand.configure("gate: {chekc: design}\n").await;
    doctor(&stand, &["--repo", DEMO_REPO]).says(&[
        ".github/discussions.yml:2: ",
        "INVALID until it is corrected",
    ]);
    stand.configure("gate: {check: design}\n").await;
    doctor(&stand, &["--repo", DEMO_REPO])
        .says(&["the rules require `discussions`, and the App sets `design`"]);
    stand.configure("gate: {mode: shadow}\n").await;
    require(&stand, "main", RuleForm::Ruleset, &[]);
    assert_eq!(of_gate(&stand, &[]), ["warning gate-mode"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gated_branch_is_looked_at_or_the_one_that_is_asked_for() {
    let stand = Stand::build().await;
    let branch = "release/1.0";
    stand
        .configure("gate: {bases: [default, release/1.0]}\n")
        .await;
    assert_eq!(of_gate(&stand, &[]), ["warning gate-branch"]);
    let edit = FileEdit::write("a.txt", "a");
    let push = |branch: &str| {
        let edits = std::slice::from_ref(&edit);
        stand
            .sandbox
            .push("ann", DEMO_REPO, branch, "a", edits)
            .unwrap();
    };
    push(branch);
    assert_eq!(of_gate(&stand, &[]), ["failed check-required"]);
    let none: [&str; 0] = [];
    assert_eq!(of_gate(&stand, &["--branch", "main"]), none);
    require(&stand, branch, RuleForm::Classic, &[("discussions", OURS)]);
    assert_eq!(of_gate(&stand, &[]), none);
    doctor(&stand, &["--repo", DEMO_REPO])
        .says(&["ok       release/1.0: `discussions` is required and pinned"]);
    push("topic");
    assert_eq!(
        of_gate(&stand, &["--branch", "topic"]),
        ["failed gate-bases"]
    );
    assert_eq!(
        of_gate(&stand, &["--branch", "nowhere"]),
        ["failed gate-branch"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t30_a_merge_queue_that_would_wait_for_ever_is_told() {
    let stand = Stand::build().await;
    let rules = Some(MergeQueueRules::default());
    stand
        .sandbox
        .set_merge_queue(DEMO_REPO, "main", rules)
        .unwrap();
    let none: [&str; 0] = [];
    assert_eq!(of_gate(&stand, &[]), none);
    doctor(&stand, &["--repo", DEMO_REPO]).says(&["ok       main: a merge queue merges into it"]);
    let mut permissions = default_permissions();
    permissions.remove("merge_queues");
    let id = installation(&stand.sandbox);
    stand.sandbox.set_permissions(id, permissions).unwrap();
    assert_eq!(
        of_gate(&stand, &[]),
        ["failed installation-permission", "failed merge-queue"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn former_names_and_archived_repositories_are_found_too() {
    let stand = Stand::build().await;
    stand.sandbox.rename_repo(DEMO_REPO, "renamed").unwrap();
    let none: [&str; 0] = [];
    assert_eq!(of_gate(&stand, &[]), none);
    stand.sandbox.set_archived("octo/renamed", true).unwrap();
    assert_eq!(of_gate(&stand, &[]), ["warning archived"]);
}
