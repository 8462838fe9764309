//! Honest people are never stuck: what they do every day is not red, or the check names the way out.

use super::QUEUE;
use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, FileEdit, NewPull};
use std::sync::Arc;
use std::time::Duration;

async fn rig() -> (Arc<Scripted>, Rig) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    (model, rig)
}

/// A pull request by rob from a branch of its own with these edits.
async fn pull(rig: &Rig, branch: &str, edits: &[FileEdit]) -> u64 {
    rig.sandbox
        .push("rob", DEMO_REPO, branch, "change", edits)
        .unwrap();
    let new = NewPull {
        title: branch.to_owned(),
        head: branch.to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

/// Whoever reads the check knows what to do.
fn names_a_way_out(rig: &Rig, number: u64, case: &str) {
    let check = rig.check(number);
    let summary = check.summary.unwrap_or_default();
    assert!(
        summary.contains("### Next") && summary.contains("`/discuss"),
        "{case}: {:?}\n{summary}",
        check.title
    );
    assert_ne!(check.conclusion.as_deref(), Some("failure"), "{case}: red");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_discussion_can_be_taken_up_again() {
    let (model, rig) = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.sandbox.merge("ann", DEMO_REPO, number).unwrap();
    rig.settle().await;
    let merged = String::from_utf8(rig.sandbox.file(DEMO_REPO, "main", PATH).unwrap()).unwrap();
    assert!(merged.contains("Name: AI-Security"));

    let typo = merged.replace("Seen by security", "Seen by security at last");
    let section = merged.replace("## Requirements", "## Costs\n\nNone.\n\n## Requirements");
    let reply = format!("{merged}\n---\n\nName: rob\n\nIt works well.\n");
    for (branch, text) in [("typo", typo), ("section", section), ("reply", reply)] {
        let calls = model.calls().len();
        let next = pull(&rig, branch, &[FileEdit::write(PATH, text)]).await;
        names_a_way_out(&rig, next, branch);
        assert_eq!(
            model.calls().len() - calls,
            3,
            "{branch}: the panel answers anew"
        );
        rig.say("ann", next, "/discuss vote ready").await;
        assert_eq!(
            rig.conclusion(next),
            "success",
            "{branch}: {}",
            rig.title(next)
        );
        rig.sandbox.close("rob", DEMO_REPO, next).unwrap();
        rig.settle().await;
    }
    let beside = pull(
        &rig,
        "beside",
        &[FileEdit::write("src/cache.rs", "fn cache() {}\n")],
    )
    .await;
    assert_eq!(rig.title(beside), "CLEAR: no discussion in this PR");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_file_keeps_its_votes_wherever_it_came_from() {
    for (on_base, renamed_at_once) in [(false, false), (true, false), (true, true)] {
        let (model, rig) = rig().await;
        if on_base {
            let edit = FileEdit::write(PATH, CACHE.replace("50 ms", "80 ms"));
            rig.sandbox
                .push("ann", DEMO_REPO, "main", "an older text", &[edit])
                .unwrap();
        }
        let begun = match renamed_at_once {
            true => "design/older.md",
            false => PATH,
        };
        if renamed_at_once {
            let edits = [FileEdit::delete(PATH), FileEdit::write(begun, CACHE)];
            rig.sandbox
                .push("rob", DEMO_REPO, "topic", "rename", &edits)
                .unwrap();
        }
        let number = rig.open("rob", begun, CACHE).await;
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
        for (from, to) in [
            (begun, "docs/cache.md"),
            ("docs/cache.md", "design/read-cache.md"),
        ] {
            rig.sandbox.advance(Duration::from_secs(2));
            rig.sandbox
                .push(
                    "rob",
                    DEMO_REPO,
                    "topic",
                    "rename",
                    &[FileEdit::rename(from, to)],
                )
                .unwrap();
            rig.settle().await;
            assert_eq!(
                rig.conclusion(number),
                "success",
                "{to}: {}",
                rig.title(number)
            );
            let summary = rig.check(number).summary.unwrap_or_default();
            assert!(summary.contains(to), "{summary}");
            assert!(summary.contains("keeps its votes"), "{summary}");
        }
        assert_eq!(model.calls().len(), 3, "nobody was asked again");
        rig.say("ann", number, "/discuss security what about tenants?")
            .await;
        let text = rig.file(number, "design/read-cache.md");
        assert!(
            text.contains("what about tenants?"),
            "the answer stands where the file is"
        );
        assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
        let text = text.replace("after one minute", "after ten seconds");
        rig.push("rob", "design/read-cache.md", &text).await;
        assert_ne!(
            rig.conclusion(number),
            "success",
            "its votes still bind to its text"
        );
        rig.say("ann", number, "/discuss vote ready").await;
        assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_takes_no_votes_from_the_original() {
    let (_, rig) = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    let text = rig.file(number, PATH);
    rig.push("rob", "design/copy.md", &text).await;
    assert_ne!(rig.conclusion(number), "success", "{}", rig.title(number));
    names_a_way_out(&rig, number, "a copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_may_be_renamed_in_the_middle() {
    let (model, rig) = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.sandbox.rename_repo(DEMO_REPO, "renamed").unwrap();
    rig.settle().await;
    let repo = "octo/renamed";
    let title = || {
        let check = rig.sandbox.check_on_head(repo, number, "discussions");
        check.and_then(|check| check.title).unwrap_or_default()
    };
    rig.sandbox
        .push(
            "rob",
            repo,
            "topic",
            "more",
            &[FileEdit::write("notes.txt", "x")],
        )
        .unwrap();
    rig.settle().await;
    assert_eq!(title(), "READY: 4 of 4 ready, 1 by a person");
    assert_eq!(model.calls().len(), 3);
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .comment("ann", repo, number, "/discuss vote changes: wait")
        .unwrap();
    rig.settle().await;
    assert!(
        title().starts_with("DISCUSSING") || title().starts_with("CHANGES"),
        "{}",
        title()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_may_be_given_to_somebody_else_in_the_middle() {
    let (model, rig) = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    rig.sandbox.create_organization("guild");
    rig.sandbox.transfer_repo(DEMO_REPO, "guild").unwrap();
    rig.settle().await;
    let repo = "guild/demo";
    let title = || {
        let check = rig.sandbox.check_on_head(repo, number, "discussions");
        check.and_then(|check| check.title).unwrap_or_default()
    };
    let edit = FileEdit::write("notes.txt", "x");
    rig.sandbox
        .push("rob", repo, "topic", "more", &[edit])
        .unwrap();
    rig.settle().await;
    assert_eq!(title(), "READY: 4 of 4 ready, 1 by a person");
    assert_eq!(model.calls().len(), 3, "what was answered stands");
    let text = rig.sandbox.file(repo, "topic", PATH).unwrap();
    let text = String::from_utf8(text).unwrap();
    let text = text.replace("after one minute", "after ten seconds");
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .push(
            "rob",
            repo,
            "topic",
            "revise",
            &[FileEdit::write(PATH, text)],
        )
        .unwrap();
    rig.settle().await;
    assert!(
        title().starts_with("DISCUSSING: needs 1 vote"),
        "{}",
        title()
    );
    rig.sandbox.advance(Duration::from_secs(2));
    rig.sandbox
        .comment("ann", repo, number, "/discuss vote ready")
        .unwrap();
    rig.settle().await;
    assert_eq!(title(), "READY: 4 of 4 ready, 1 by a person");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_alone_is_told_both_ways_out() {
    let (_, rig) = rig().await;
    rig.sandbox.remove_collaborator(DEMO_REPO, "ann").unwrap();
    let number = rig.open("rob", PATH, CACHE).await;
    names_a_way_out(&rig, number, "alone");
    rig.say("rob", number, "/discuss vote ready").await;
    let told = rig.replies(number).pop().unwrap_or_default();
    assert!(
        told.contains("Somebody else with write") && told.contains("gate: {author_may_vote: true}"),
        "{told}"
    );
    let edit = FileEdit::write(
        ".github/discussions.yml",
        "on: {quiet: 0s}\ngate: {author_may_vote: true}\n",
    );
    rig.sandbox
        .push("octo", DEMO_REPO, "main", "alone here", &[edit])
        .unwrap();
    rig.settle().await;
    rig.say("rob", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

/// A file as the older tool wrote them: typed blocks, long lines, a status.
fn older(number: usize, status: &str) -> String {
    format!(
        "<!-- DISCUSSION -->\n<!-- Title: Old question {number} -->\n<!-- Phase: consensus_vote -->\n<!-- Status: \
         {status} -->\n<!-- Template: feature -->\n<!-- Participants: architect, security -->\n\n# Old question \
         {number}\n\nA line that is long enough for a formatter to want to wrap it somewhere behind the middle, \
         number {number}.\n\n---\n\nName: AI_Architect\n\nGood enough, and it has been so for a long time already.\n\n\
         VOTE: READY\n\n---\n\nName: Rob\n\nFine by me.\n\nVOTE: READY\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_old_files_wrapped_by_a_formatter_do_not_turn_red() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::with(Setup {
        model: Some(model.clone()),
        operator: None,
        ..Setup::default()
    })
    .await;
    let path = |n: usize| format!("old/{n:02}.md");
    let status = |n: usize| match n % 2 {
        0 => "READY_FOR_DESIGN",
        _ => "OPEN",
    };
    let files: Vec<FileEdit> = (0..40)
        .map(|n| FileEdit::write(&path(n), older(n, status(n))))
        .collect();
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "as they were", &files)
        .unwrap();
    let wrap = |text: String| text.replace("to want to wrap it ", "to want to wrap it\n");
    let wrapped: Vec<FileEdit> = (0..40)
        .map(|n| FileEdit::write(&path(n), wrap(older(n, status(n)))))
        .collect();
    let number = pull(&rig, "format", &wrapped).await;
    let check = rig.check(number);
    assert_eq!(
        model.calls().len(),
        0,
        "nobody is asked about forty files by itself"
    );
    assert_ne!(
        check.conclusion.as_deref(),
        Some("failure"),
        "{:?}",
        check.title
    );
    let title = check.title.unwrap_or_default();
    let summary = check.summary.unwrap_or_default();
    assert!(title.starts_with("WAITING"), "{title}\n{summary}");
    for red in ["INVALID", "TAMPERED", "REJECTED", "CHANGES"] {
        assert!(!summary.contains(&format!("{red}:")), "{red}: {summary}");
    }
    assert!(
        summary.contains("starts the panel: `/discuss`"),
        "how to ask: {summary}"
    );
    rig.say("ann", number, "/discuss").await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_pull_request_merged_first_holds_with_a_way_out() {
    let (_, rig) = rig().await;
    let first = pull(&rig, "first", &[FileEdit::write(PATH, CACHE)]).await;
    let second = pull(
        &rig,
        "second",
        &[
            FileEdit::write(PATH, CACHE),
            FileEdit::write("notes.txt", "x"),
        ],
    )
    .await;
    rig.say("ann", first, "/discuss vote ready").await;
    rig.sandbox.merge("ann", DEMO_REPO, first).unwrap();
    rig.settle().await;
    // The second is brought up to date: the discussion is as on main, and nothing of it is left in this pull request.
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    let edit = FileEdit::write("notes.txt", "x");
    rig.sandbox
        .force_push_commit("rob", DEMO_REPO, "second", &main, "rebased", &[edit])
        .unwrap();
    rig.settle().await;
    names_a_way_out(&rig, second, "decided elsewhere");
    rig.say(
        "ann",
        second,
        "/discuss drop design/cache.md: decided in the first",
    )
    .await;
    assert_eq!(rig.conclusion(second), "success", "{}", rig.title(second));
    let more = pull(&rig, "more", &[FileEdit::write("design/queue.md", QUEUE)]).await;
    names_a_way_out(&rig, more, "a new discussion");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_the_team_leaves_out_later_holds_what_was_begun_there_in_plain_words() {
    let (_, rig) = rig().await;
    let number = rig.open("rob", PATH, CACHE).await;
    let edit = FileEdit::write(
        ".github/discussions.yml",
        "on: {quiet: 0s}\nfiles: [\"**/*.discussion.md\", \"!design/**\"]\n",
    );
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "leave it out", &[edit])
        .unwrap();
    rig.settle().await;
    rig.push("rob", "notes.txt", "x").await;
    let title = rig.title(number);
    assert!(
        title.starts_with("HELD: withdrawn: `files` on the base leaves its path out"),
        "{title}"
    );
    names_a_way_out(&rig, number, "left out");
    rig.say(
        "ann",
        number,
        "/discuss drop design/cache.md: no longer discussed here",
    )
    .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}
