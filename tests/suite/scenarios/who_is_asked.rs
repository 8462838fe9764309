//! The table "who is asked when", row by row: what people do, and how many questions the personas got by then.

use super::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit, NewPull, Role};
use std::sync::Arc;

/// One thing that happens.
enum Step {
    /// Opens a pull request with so many discussions; rob has pushed the branch.
    Open(&'static str, usize),
    Draft(&'static str),
    Ready(&'static str),
    ToDraft(&'static str),
    Close(&'static str),
    Reopen(&'static str),
    /// Pushes a changed proposal.
    Revise(&'static str),
    /// Pushes another file.
    Touch(&'static str),
    Say(&'static str, &'static str),
    ReRun(&'static str),
    /// Takes somebody's rights away.
    Remove(&'static str),
    /// Deletes an account.
    Delete(&'static str),
}

use Step::{Close, Delete, Draft, Open, ReRun, Ready, Remove, Reopen, Revise, Say, ToDraft, Touch};

/// What happens, with the questions asked by then and a part of the check's title.
type Story = &'static [(Step, usize, &'static str)];

const AT_ONCE: &str = "on: {quiet: 0s}\n";
const STARTS: &str = "WAITING: someone with write starts the panel";
const IS_DRAFT: &str = "WAITING: this is a draft";

const STORIES: &[(&str, &str, Story)] = &[
    (
        "a draft asks nobody by itself, commands work, and what they bought is not bought again",
        AT_ONCE,
        &[
            (Draft("rob"), 0, IS_DRAFT),
            (Revise("rob"), 0, IS_DRAFT),
            (Say("rob", "/discuss security what about tenants?"), 1, ""),
            (Say("rob", "/discuss"), 4, "DISCUSSING: needs 1 vote"),
            (Ready("rob"), 4, "DISCUSSING: needs 1 vote"),
        ],
    ),
    (
        "a draft is like any other where the base says so",
        "on: {quiet: 0s, drafts: true}\n",
        &[
            (Draft("rob"), 3, "DISCUSSING: needs 1 vote"),
            (Ready("rob"), 3, ""),
        ],
    ),
    (
        "a draft that becomes ready asks the panel",
        AT_ONCE,
        &[(Draft("rob"), 0, IS_DRAFT), (Ready("rob"), 3, "DISCUSSING")],
    ),
    (
        "unless the base does not want that",
        "on: {quiet: 0s, ready_for_review: false}\n",
        &[
            (Draft("rob"), 0, IS_DRAFT),
            (Ready("rob"), 0, "DISCUSSING"),
            (Say("rob", "/discuss"), 3, "DISCUSSING"),
        ],
    ),
    (
        "back to draft, the next push waits",
        AT_ONCE,
        &[
            (Open("rob", 1), 3, "DISCUSSING"),
            (ToDraft("rob"), 3, "DISCUSSING"),
            (Revise("rob"), 3, "STALE: Requirements changed"),
            (Ready("rob"), 6, "DISCUSSING"),
        ],
    ),
    (
        "opening may be left out",
        "on: {quiet: 0s, opened: false}\n",
        &[
            (Open("rob", 1), 0, "DISCUSSING"),
            (Touch("rob"), 0, "DISCUSSING"),
            (Revise("rob"), 3, "DISCUSSING"),
        ],
    ),
    (
        "pushing may be left out",
        "on: {quiet: 0s, push: false}\n",
        &[
            (Open("rob", 1), 3, "DISCUSSING"),
            (Revise("rob"), 3, "STALE"),
            (Say("rob", "/discuss"), 6, "DISCUSSING"),
        ],
    ),
    (
        "reopened is no new text",
        AT_ONCE,
        &[
            (Open("rob", 1), 3, "DISCUSSING"),
            (Close("rob"), 3, "DISCUSSING"),
            (Reopen("rob"), 3, "DISCUSSING"),
            (Touch("rob"), 3, "DISCUSSING"),
        ],
    ),
    (
        "three discussions start by themselves",
        AT_ONCE,
        &[(Open("rob", 3), 9, "DISCUSSING")],
    ),
    (
        "four do not: one is started by its path, all by a command that says so",
        AT_ONCE,
        &[
            (Open("rob", 4), 0, "WAITING: 4 discussions at once"),
            (Say("rob", "/discuss design/2.md"), 3, ""),
            (Touch("rob"), 3, ""),
            (Say("rob", "/discuss all"), 12, "DISCUSSING"),
        ],
    ),
    (
        "somebody with triage spends nothing, and starts nothing later",
        AT_ONCE,
        &[
            (Open("tim", 1), 0, STARTS),
            (Say("tim", "/discuss"), 0, STARTS),
            (
                Say("tim", "/discuss security what about tenants?"),
                0,
                STARTS,
            ),
            (ReRun("tim"), 0, STARTS),
            (Close("tim"), 0, ""),
            (Reopen("tim"), 0, STARTS),
            (Say("ann", "/discuss"), 3, "DISCUSSING: needs 1 vote"),
            (ReRun("tim"), 3, "DISCUSSING: needs 1 vote"),
            (Revise("rob"), 3, "STALE: Requirements changed"),
            (ReRun("ann"), 6, "DISCUSSING: needs 1 vote"),
        ],
    ),
    (
        "a stranger spends nothing",
        AT_ONCE,
        &[
            (Open("eve", 1), 0, STARTS),
            (Say("eve", "/discuss all"), 0, STARTS),
            (ReRun("eve"), 0, STARTS),
            (Say("rob", "/discuss"), 3, "DISCUSSING: needs 1 vote"),
        ],
    ),
    (
        "an author who lost the right to write starts nothing any more",
        AT_ONCE,
        &[
            (Open("rob", 1), 3, "DISCUSSING"),
            (Remove("rob"), 3, ""),
            (Revise("ann"), 3, "STALE: Requirements changed"),
            (Say("rob", "/discuss"), 3, "STALE: Requirements changed"),
            (Say("ann", "/discuss"), 6, "DISCUSSING"),
        ],
    ),
    (
        "nor does one whose account is gone",
        AT_ONCE,
        &[
            (Open("rob", 1), 3, "DISCUSSING"),
            (Delete("rob"), 3, ""),
            (Revise("ann"), 3, "STALE: Requirements changed"),
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_table_row_by_row() {
    let mut wrong = Vec::new();
    for (name, config, story) in STORIES {
        let model = Arc::new(Scripted::ready());
        let rig = rig(&model, config).await;
        let mut number = 0;
        for (at, (step, asked, title)) in story.iter().enumerate() {
            number = take(&rig, number, step).await;
            let (now, calls) = (rig.title(number), model.calls().len());
            if calls != *asked || !now.contains(title) {
                wrong.push(format!("{name}: step {}: {calls} asked, {now}", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn rig(model: &Arc<Scripted>, config: &str) -> Rig {
    let setup = Setup {
        config: Some(config.to_owned()),
        model: Some(model.clone()),
        operator: None,
    };
    let rig = Rig::with(setup).await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "tim", Role::Triage)
        .unwrap();
    rig
}

/// Takes a step and waits for what comes of it; the pull request's number.
async fn take(rig: &Rig, number: u64, step: &Step) -> u64 {
    let sandbox = &rig.sandbox;
    sandbox.advance(std::time::Duration::from_secs(2));
    match step {
        Open(who, files) => return open(rig, who, *files, false).await,
        Draft(who) => return open(rig, who, 1, true).await,
        Ready(who) => sandbox.ready_for_review(who, DEMO_REPO, number).unwrap(),
        ToDraft(who) => sandbox.convert_to_draft(who, DEMO_REPO, number).unwrap(),
        Close(who) => sandbox.close(who, DEMO_REPO, number).unwrap(),
        Reopen(who) => sandbox.reopen(who, DEMO_REPO, number).unwrap(),
        Revise(who) => {
            let text = revised(&rig.file(number, PATH));
            rig.push(who, PATH, &text).await;
        }
        Touch(who) => rig.push(who, "README.md", "# Demo\n\nMore.\n").await,
        Say(who, line) => {
            rig.say(who, number, line).await;
        }
        ReRun(who) => {
            let run = rig.check(number).id;
            sandbox.rerequest_check(who, DEMO_REPO, run).unwrap();
        }
        Remove(who) => sandbox.remove_collaborator(DEMO_REPO, who).unwrap(),
        Delete(who) => sandbox.delete_account(who).unwrap(),
    }
    rig.settle().await;
    number
}

async fn open(rig: &Rig, login: &str, files: usize, draft: bool) -> u64 {
    let edits: Vec<FileEdit> = match files {
        1 => vec![FileEdit::write(PATH, CACHE)],
        // Each with a text of its own: what was answered about one is not bought again for another.
        files => (1..=files)
            .map(|n| {
                let text = CACHE.replace("the product list", &format!("list {n}"));
                FileEdit::write(&format!("design/{n}.md"), &text)
            })
            .collect(),
    };
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "propose", &edits)
        .unwrap();
    let new = NewPull {
        title: "A proposal".to_owned(),
        head: "topic".to_owned(),
        draft,
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr(login, DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_for_all_discussions_says_that_it_was_for_all() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, AT_ONCE).await;
    let number = open(&rig, "rob", 4, false).await;
    for path in ["design/1.md", "design/4.md"] {
        let summary = rig.check(number).summary.unwrap();
        assert!(summary.contains(path), "each is named: {summary}");
    }
    rig.say("rob", number, "/discuss all").await;
    assert_eq!(model.calls().len(), 12);
    assert_eq!(rig.count(EffectKind::Commit), 1, "one commit for a round");
    let reply = rig.replies(number).pop().unwrap();
    for n in 1..=4 {
        assert!(reply.contains(&format!("design/{n}.md")), "{reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_a_stranger_spends_nothing() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, AT_ONCE).await;
    let fork = rig.sandbox.fork("eve", DEMO_REPO).unwrap();
    let push = |text: &str| {
        let edit = FileEdit::write(PATH, text);
        rig.sandbox
            .push("eve", &fork, "idea", "idea", &[edit])
            .unwrap();
    };
    push(CACHE);
    let new = NewPull {
        title: "An idea".to_owned(),
        head: "eve:idea".to_owned(),
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("eve", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    let mentions = "\n---\n\nName: eve\n\n@security what about tenants?\n";
    push(&format!("{CACHE}{mentions}"));
    rig.settle().await;
    push(&revised(&format!("{CACHE}{mentions}")));
    rig.settle().await;
    rig.say("eve", number, "/discuss").await;
    assert_eq!(model.calls().len(), 0);
    assert_eq!(rig.count(EffectKind::Commit), 0);
    assert!(
        rig.title(number).starts_with("WAITING: "),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.conclusion(number), "action_required");
}
