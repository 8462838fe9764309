//! The merge box.

use super::rig::{REPO, Rig};
use discussions::sandbox::{
    FileEdit, LineComment, Protection, PullEdit, RequiredCheck, ReviewState, Role,
};

fn reasons(rig: &Rig, pr: u64) -> String {
    rig.sandbox
        .mergeability(REPO, pr)
        .unwrap()
        .reasons
        .join("; ")
}

#[tokio::test]
async fn the_required_check_passes_as_github_has_it() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    assert!(
        reasons(&rig, pr).contains("nobody reported it"),
        "{}",
        reasons(&rig, pr)
    );
    let body = serde_json::json!({"name": "discussions", "head_sha": head.as_str(), "status": "in_progress"});
    rig.post("/repos/octo/demo/check-runs", body).await.ok();
    assert!(reasons(&rig, pr).contains("in_progress"));
    // The newest run of the name counts, whatever came before.
    for (conclusion, passes) in [
        ("failure", false),
        ("success", true),
        ("action_required", false),
        ("neutral", true),
        ("cancelled", false),
        ("skipped", true),
        ("timed_out", false),
    ] {
        rig.check(&head, "discussions", conclusion).await;
        assert_eq!(
            reasons(&rig, pr).is_empty(),
            passes,
            "{conclusion}: {}",
            reasons(&rig, pr)
        );
    }
    rig.check(&head, "discussions (preview)", "success").await;
    assert!(!reasons(&rig, pr).is_empty(), "another name does not help");
}

#[tokio::test]
async fn a_check_on_another_commit_does_not_allow_merging() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let first = rig.head(pr);
    rig.check(&first, "discussions", "success").await;
    assert_eq!(reasons(&rig, pr), "");
    rig.sandbox
        .push(
            "rob",
            REPO,
            "work",
            "more",
            &[FileEdit::write("a.md", "b\n")],
        )
        .unwrap();
    assert!(reasons(&rig, pr).contains("nobody reported it on this commit"));
    rig.check(&first, "discussions", "success").await;
    assert!(!reasons(&rig, pr).is_empty());
    assert!(rig.sandbox.merge("ann", REPO, pr).is_err());
    rig.sandbox.force_push("rob", REPO, "work", &first).unwrap();
    assert_eq!(
        reasons(&rig, pr),
        "",
        "back on the commit that has the green run"
    );
}

#[tokio::test]
async fn asking_for_a_re_run_takes_the_green_away() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let run = rig.check(&rig.head(pr), "discussions", "success").await;
    assert_eq!(reasons(&rig, pr), "");
    rig.sandbox
        .rerequest_check("ann", REPO, run["id"].as_u64().unwrap())
        .unwrap();
    assert!(reasons(&rig, pr).contains("discussions is queued"));
    rig.check(&rig.head(pr), "discussions", "success").await;
    assert_eq!(reasons(&rig, pr), "");
}

#[tokio::test]
async fn a_pinned_check_ignores_other_apps_and_statuses() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let head = rig.head(pr);
    rig.sandbox
        .foreign_check(REPO, 99, &head, "discussions", "success")
        .unwrap();
    rig.sandbox
        .post_status("rob", REPO, &head, "discussions", "success")
        .unwrap();
    assert!(
        reasons(&rig, pr).contains("expected from App 4711"),
        "{}",
        reasons(&rig, pr)
    );
    let unpinned = RequiredCheck {
        name: "discussions".to_owned(),
        app: None,
    };
    let rules = Protection {
        required_checks: vec![unpinned],
        ..Protection::default()
    };
    rig.sandbox.protect(REPO, "main", rules).unwrap();
    assert_eq!(
        reasons(&rig, pr),
        "",
        "unpinned, anybody with write turns it green"
    );
}

#[tokio::test]
async fn merging_needs_write_and_lands_on_the_base() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    rig.check(&rig.head(pr), "discussions", "success").await;
    assert!(
        rig.sandbox
            .merge("eve", REPO, pr)
            .unwrap_err()
            .0
            .contains("write access")
    );
    let commit = rig.sandbox.merge("ann", REPO, pr).unwrap();
    assert_eq!(rig.sandbox.tip(REPO, "main").unwrap(), commit);
    assert_eq!(rig.sandbox.file(REPO, "main", "a.md").unwrap(), b"a\n");
    let pull = rig.get(&format!("/repos/octo/demo/pulls/{pr}")).await.ok();
    assert_eq!(
        (pull["merged"].as_bool(), pull["state"].as_str()),
        (Some(true), Some("closed"))
    );
    assert_eq!(pull["merge_commit_sha"], commit.as_str());
    assert!(
        rig.sandbox
            .merge("ann", REPO, pr)
            .unwrap_err()
            .0
            .contains("merged already")
    );
}

#[tokio::test]
async fn drafts_approvals_conversations_and_conflicts_are_in_the_way() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("README.md", "ours\n")]);
    rig.sandbox
        .add_collaborator(REPO, "tim", Role::Triage)
        .unwrap();
    rig.check(&rig.head(pr), "discussions", "success").await;
    rig.sandbox.convert_to_draft("rob", REPO, pr).unwrap();
    assert!(reasons(&rig, pr).contains("draft"));
    rig.sandbox.ready_for_review("rob", REPO, pr).unwrap();
    let rules = Protection {
        approvals: 1,
        resolved_conversations: true,
        ..Protection::default()
    };
    rig.sandbox.protect(REPO, "main", rules).unwrap();
    rig.sandbox
        .review("tim", REPO, pr, ReviewState::Approved, "")
        .unwrap();
    assert!(
        reasons(&rig, pr).contains("1 approving reviews needed, 0 given"),
        "without write it does not count"
    );
    assert!(
        rig.sandbox
            .review("rob", REPO, pr, ReviewState::Approved, "")
            .is_err(),
        "one's own"
    );
    let line = LineComment {
        path: "README.md".into(),
        line: Some(1),
        body: "why?".into(),
    };
    rig.sandbox
        .review_with_comments("ann", REPO, pr, ReviewState::Approved, "", &[line])
        .unwrap();
    assert!(reasons(&rig, pr).contains("conversation"));
    let comment = rig.sandbox.pull(REPO, pr).unwrap().review_comments[0].id;
    rig.sandbox
        .resolve_conversation("rob", REPO, comment)
        .unwrap();
    assert_eq!(reasons(&rig, pr), "");
    rig.sandbox
        .review("ann", REPO, pr, ReviewState::ChangesRequested, "wait")
        .unwrap();
    assert!(reasons(&rig, pr).contains("changes are requested"));
    rig.sandbox
        .review("ann", REPO, pr, ReviewState::Approved, "")
        .unwrap();
    rig.sandbox
        .push(
            "octo",
            REPO,
            "main",
            "race",
            &[FileEdit::write("README.md", "theirs\n")],
        )
        .unwrap();
    assert!(reasons(&rig, pr).contains("merge conflict in README.md"));
}

#[tokio::test]
async fn a_push_that_changes_the_diff_dismisses_approvals() {
    let rig = Rig::start().await;
    let rules = Protection {
        approvals: 1,
        dismiss_stale: true,
        ..Protection::default()
    };
    rig.sandbox.protect(REPO, "main", rules).unwrap();
    let pr = rig.open("work", &[("a.md", "a\n")]);
    let review = rig
        .sandbox
        .review("ann", REPO, pr, ReviewState::Approved, "")
        .unwrap();
    let head = rig.head(pr);
    let base = rig.sandbox.tip(REPO, "main").unwrap();
    let same = [FileEdit::write("a.md", "a\n")];
    rig.sandbox
        .force_push_commit(
            "rob",
            REPO,
            "work",
            &base,
            "same content, new message",
            &same,
        )
        .unwrap();
    assert_ne!(rig.head(pr), head);
    assert_eq!(
        reasons(&rig, pr),
        "",
        "the diff is the same: the approval stands"
    );
    let answer = rig
        .commit("work", &rig.head(pr), "a.md", "a\nreply\n")
        .await;
    assert_eq!(answer.get("errors"), None);
    let reviews = rig
        .get(&format!("/repos/octo/demo/pulls/{pr}/reviews"))
        .await
        .ok();
    assert_eq!(
        (reviews[0]["id"].as_u64(), reviews[0]["state"].as_str()),
        (Some(review), Some("DISMISSED"))
    );
    let dismissed = rig
        .sandbox
        .deliveries()
        .into_iter()
        .rfind(|d| d.action.as_deref() == Some("dismissed"))
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&dismissed.body).unwrap();
    assert_eq!(
        body["sender"]["login"], "orchestrated-discussions[bot]",
        "the pusher is the sender"
    );
    assert_eq!(body["review"]["state"], "dismissed");
    assert!(!reasons(&rig, pr).is_empty());
}

#[tokio::test]
async fn retargeting_brings_other_rules_into_force() {
    let rig = Rig::start().await;
    let pr = rig.open("work", &[("a.md", "a\n")]);
    assert!(!reasons(&rig, pr).is_empty());
    let main = rig.sandbox.tip(REPO, "main").unwrap();
    rig.sandbox
        .create_branch("rob", REPO, "release", &main)
        .unwrap();
    let edit = PullEdit {
        base: Some("release".to_owned()),
        ..PullEdit::default()
    };
    rig.sandbox.edit_pr("rob", REPO, pr, &edit).unwrap();
    assert_eq!(reasons(&rig, pr), "");
    let edited = rig
        .sandbox
        .deliveries()
        .into_iter()
        .rfind(|d| d.action.as_deref() == Some("edited"))
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&edited.body).unwrap();
    assert_eq!(body["changes"]["base"]["ref"]["from"], "main");
}
