//! Folders of personas that the base's configuration names: read, paid for once, and never silently left out.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, NewPull};
use std::sync::Arc;

const CONFIG: &str = ".github/discussions.yml";

fn persona(name: &str, says: &str) -> String {
    format!("---\nname: {name}\ndescription: {says}\n---\n\n{says}.\n")
}

/// A rig with a scripted model and these files on its base.
async fn rig_on(model: &Arc<Scripted>, edits: &[FileEdit]) -> Rig {
    let rig = Rig::with(Setup {
        config: None,
        model: Some(model.clone()),
        operator: None,
    })
    .await;
    rig.sandbox
        .push("ann", DEMO_REPO, "main", "configure", edits)
        .unwrap();
    rig
}

fn config(rest: &str) -> FileEdit {
    FileEdit::write(CONFIG, format!("{AT_ONCE}{rest}"))
}

/// Pushes files to a branch of its own and opens a pull request with it.
async fn open(rig: &Rig, login: &str, branch: &str, edits: &[FileEdit]) -> u64 {
    rig.sandbox
        .push(login, DEMO_REPO, branch, "change", edits)
        .unwrap();
    let new = NewPull {
        title: "A change".to_owned(),
        head: branch.to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr(login, DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_folders_the_later_one_wins() {
    let model = Arc::new(Scripted::ready());
    let rig = rig_on(
        &model,
        &[
            config("personas: [.claude/agents, ./team/personas/]\nparticipants: [ops, lead, security]\n"),
            FileEdit::write(".claude/agents/ops.md", persona("ops", "From the first folder")),
            FileEdit::write("team/personas/ops.md", persona("ops", "From the second folder")),
            FileEdit::write("team/personas/lead.md", persona("lead", "Leads")),
            FileEdit::write(".github/discussions/personas/ops.md", "not named, so not read"),
        ],
    )
    .await;
    let text = CACHE.replace("architect, security, pragmatist", "ops");
    let number = rig.open("rob", PATH, &text).await;
    let mut asked: Vec<String> = model.calls().into_iter().map(|(alias, _)| alias).collect();
    asked.sort();
    assert_eq!(asked, ["lead", "ops", "security"], "{}", rig.title(number));
    let summary = rig.check(number).summary.unwrap().replace('\\', "");
    assert!(
        summary.contains("team/personas/ops.md")
            && summary.contains("defined by an earlier file too"),
        "{summary}"
    );
}

/// Requests for an unrelated pull request under a configuration.
async fn requests(rest: &str) -> usize {
    let model = Arc::new(Scripted::ready());
    let agent = FileEdit::write(".claude/agents/ops.md", persona("ops", "Runs it"));
    let rig = rig_on(&model, &[config(rest), agent]).await;
    rig.settle().await;
    rig.sandbox.reset_ledger();
    let number = rig.open("rob", "src/main.rs", "fn main() {}\n").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.requests()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_folders_cost_one_request_and_the_default_one_none() {
    let plain = requests("").await;
    assert_eq!(
        requests("personas: [.github/discussions/personas]\n").await,
        plain
    );
    assert_eq!(requests("personas: []\n").await, plain);
    assert_eq!(requests("personas: [.claude/agents]\n").await, plain + 1);
    let both = "personas: [.github/discussions/personas, .claude/agents]\n";
    assert_eq!(requests(both).await, plain + 1);
}

/// What stands on the base, the place in the title, what is said.
fn unreadable() -> Vec<(
    &'static str,
    Vec<FileEdit>,
    &'static str,
    &'static [&'static str],
)> {
    let large = format!("{}{}", persona("ops", "Runs it"), "x".repeat(1_100_000));
    let latin = [persona("ops", "Runs it").as_bytes(), b"caf\xe9\n"].concat();
    vec![
        (
            "a folder that is not there",
            vec![config("personas: [.claude/agnets]\n")],
            CONFIG,
            &[
                "`personas` names `.claude/agnets`, and there is no such folder",
                "Create it with a persona file",
            ],
        ),
        (
            "a file where a folder is named",
            vec![
                config("personas: [notes/agents]\n"),
                FileEdit::write("notes/agents", "x"),
            ],
            CONFIG,
            &["names `notes/agents`, and a file stands there"],
        ),
        (
            "a link where a folder is named",
            vec![
                config("personas: [agents]\n"),
                FileEdit::symlink("agents", "../elsewhere"),
            ],
            CONFIG,
            &[
                "names `agents`, and a symlink stands there",
                "links are not followed",
            ],
        ),
        (
            "a folder outside",
            vec![config("personas: [../other/agents]\n")],
            ".github/discussions.yml:2",
            &["needs a folder of this repository, not `../other/agents`"],
        ),
        (
            "an absolute folder",
            vec![config("personas: [/etc]\n")],
            ".github/discussions.yml:2",
            &["needs a folder of this repository, not `/etc`"],
        ),
        (
            "a persona over 1 MB",
            vec![
                config(""),
                FileEdit::write(".github/discussions/personas/ops.md", large),
            ],
            ".github/discussions/personas/ops.md",
            &["the file has 1100", "at most 1 MB"],
        ),
        (
            "a linked persona",
            vec![
                config("personas: [.claude/agents]\n"),
                FileEdit::symlink(".claude/agents/ops.md", "../../ops.md"),
            ],
            ".claude/agents/ops.md",
            &["a symlink stands here"],
        ),
        (
            "a persona in another encoding",
            vec![
                config(""),
                FileEdit::write(".github/discussions/personas/ops.md", latin),
            ],
            ".github/discussions/personas/ops.md",
            &["is not UTF-8 text"],
        ),
        (
            "a linked template",
            vec![
                config(""),
                FileEdit::symlink(".github/discussions/templates/rfc.yml", "../../rfc.yml"),
            ],
            ".github/discussions/templates/rfc.yml",
            &["a symlink stands here"],
        ),
        (
            "a file where the default folder belongs",
            vec![
                config(""),
                FileEdit::write(".github/discussions/personas", "x"),
            ],
            CONFIG,
            &["names `.github/discussions/personas`, and a file stands there"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_and_nothing_gets_green() {
    let mut wrong = Vec::new();
    for (case, edits, place, says) in unreadable() {
        let model = Arc::new(Scripted::ready());
        let rig = rig_on(&model, &edits).await;
        let number = rig.open("rob", PATH, CACHE).await;
        let check = rig.check(number);
        let title = check.title.unwrap();
        let summary = check.summary.unwrap().replace('\\', "");
        let missing: Vec<_> = says.iter().filter(|say| !summary.contains(**say)).collect();
        let is_red = check.conclusion.as_deref() == Some("failure");
        if !is_red || !title.starts_with(&format!("INVALID: {place}")) || !missing.is_empty() {
            wrong.push(format!(
                "## {case}: {title}\nnot said: {missing:?}\n{summary}"
            ));
        }
        assert!(
            model.calls().is_empty(),
            "{case}: nobody knows who was meant"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_persona_in_a_named_folder_needs_somebody_with_maintain() {
    let model = Arc::new(Scripted::ready());
    let base = [
        config("personas: [.claude/agents]\n"),
        FileEdit::write(".claude/agents/security.md", persona("security", "Strict")),
        FileEdit::write(
            "docs/agents/security.md",
            persona("security", "Not a persona here"),
        ),
    ];
    let rig = rig_on(&model, &base).await;
    let tame = FileEdit::write(".claude/agents/security.md", persona("security", "Agrees"));
    let number = open(&rig, "rob", "tame", &[tame]).await;
    assert_eq!(
        rig.conclusion(number),
        "action_required",
        "{}",
        rig.title(number)
    );
    assert!(
        rig.title(number).contains("someone with maintain"),
        "{}",
        rig.title(number)
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let tamer = FileEdit::write(
        ".claude/agents/security.md",
        persona("security", "Agrees more"),
    );
    rig.sandbox
        .push("rob", DEMO_REPO, "tame", "more", &[tamer])
        .unwrap();
    rig.settle().await;
    assert_ne!(
        rig.conclusion(number),
        "success",
        "the vote was on the text before"
    );
    let elsewhere = FileEdit::write("docs/agents/security.md", persona("security", "Anything"));
    let other = open(&rig, "rob", "docs", &[elsewhere]).await;
    assert_eq!(rig.title(other), "CLEAR: no discussion in this PR");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_a_change_adds_to_the_configuration_belongs_to_that_change() {
    let model = Arc::new(Scripted::ready());
    let rig = rig_on(&model, &[config("")]).await;
    let names = config("personas: [.claude/agents]\n");
    let number = open(&rig, "rob", "add", &[names]).await;
    let said = |number| rig.check(number).summary.unwrap().replace('\\', "");
    assert!(
        said(number).contains("names `.claude/agents`, and there is no such folder"),
        "{}",
        said(number)
    );
    let agent = FileEdit::write(".claude/agents/ops.md", persona("ops", "Runs it"));
    rig.sandbox
        .push("rob", DEMO_REPO, "add", "the agent", &[agent])
        .unwrap();
    rig.settle().await;
    assert!(!said(number).contains("no such folder"), "{}", said(number));
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let swapped = FileEdit::write(".claude/agents/ops.md", persona("ops", "Agrees with all"));
    rig.sandbox
        .push("rob", DEMO_REPO, "add", "swap", &[swapped])
        .unwrap();
    rig.settle().await;
    assert_ne!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_file_of_a_named_folder_is_missed_before_it_is_gone() {
    let model = Arc::new(Scripted::ready());
    model.set("ops", crate::support::scripted::Line::Votes(Vote::Ready));
    let base = [
        config("personas: [.claude/agents]\n"),
        FileEdit::write(".claude/agents/ops.md", persona("ops", "Runs it")),
    ];
    let rig = rig_on(&model, &base).await;
    let number = open(
        &rig,
        "ann",
        "drop",
        &[FileEdit::delete(".claude/agents/ops.md")],
    )
    .await;
    let summary = rig.check(number).summary.unwrap().replace('\\', "");
    assert!(
        summary.contains("no such folder"),
        "{}: {summary}",
        rig.title(number)
    );
}
