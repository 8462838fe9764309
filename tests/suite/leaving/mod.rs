//! Leaving the diff is not leaving the gate: a discussion that was rejected, and every way its author may take it out
//! of the pull request again. Then `drop`, for those who may.

mod doors;
mod drop;
mod honest;
mod ways;

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, FileEdit, Oid, PullEdit};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A second discussion, for pull requests that have two.
pub(crate) const QUEUE: &str = "<!-- DISCUSSION -->
<!-- Title: A queue for orders -->
<!-- Participants: architect, security, pragmatist -->

# A queue for orders

Orders are written to a queue first, and from there into the books, one after the other.
";

/// Where that one stands.
pub(crate) const BESIDE: &str = "design/queue.md";

/// Where a discussion comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// The base has an older text of it.
    OnBase,
    /// The pull request brought it.
    Added,
}

/// Who rejects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Security, in its first answer.
    Persona,
    /// Ann, with a command.
    Person,
}

/// One thing the author does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Remove(String),
    Move(String, String),
    /// Moved with a changed requirement.
    RevisedMove(String, String),
    /// Moved as it was before the first reply.
    BareMove(String, String),
    /// Removed, and written anew as it was before the first reply; with nothing removed before, in one push.
    Again(String),
    Swap(String, String),
    Unmark(String),
    Close(String),
    PutBack(String),
    Link(String, String),
    Submodule(String),
    Folder(String),
    /// GitHub lists fewer files than this pull request then has.
    Crowd(usize),
    Retarget(String),
    Draft,
    Ready,
    ClosePr,
    ReopenPr,
    ForceToBase,
}

/// Reads a table below `tests/fixtures/leaving`.
fn table<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!(
        "{}/tests/fixtures/leaving/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A pull request by rob whose discussion is rejected.
pub(crate) struct Rejected {
    pub(crate) rig: Rig,
    pub(crate) model: Arc<Scripted>,
    pub(crate) number: u64,
    base: Oid,
}

impl Rejected {
    pub(crate) async fn open(from: From, beside: bool) -> Self {
        Self::open_by(By::Persona, from, beside, "").await
    }

    /// The same by somebody, with some configuration.
    pub(crate) async fn open_by(by: By, from: From, beside: bool, config: &str) -> Self {
        let model = Arc::new(Scripted::ready());
        if by == By::Persona {
            model.set("security", Line::Objects(Vote::Reject, "This leaks."));
        }
        let rig = Rig::scripted(&model, config).await;
        if from == From::OnBase {
            let older = CACHE.replace("50 ms", "80 ms");
            let edit = FileEdit::write(PATH, older);
            rig.sandbox
                .push("ann", DEMO_REPO, "main", "an older text", &[edit])
                .unwrap();
        }
        let base = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
        if beside {
            rig.propose("rob", BESIDE, QUEUE);
        }
        let number = rig.open("rob", PATH, CACHE).await;
        if by == By::Person {
            rig.say("ann", number, "/discuss vote reject: it leaks")
                .await;
        }
        assert!(
            rig.title(number).starts_with("REJECTED by "),
            "{}",
            rig.title(number)
        );
        Self {
            rig,
            model,
            number,
            base,
        }
    }

    pub(crate) fn push(&self, edits: &[FileEdit]) {
        self.rig
            .sandbox
            .push("rob", DEMO_REPO, "topic", "change", edits)
            .unwrap();
    }

    /// Rob does it, and everything that follows from it happens.
    pub(crate) async fn act(&self, act: &Act) {
        let (rig, number) = (&self.rig, self.number);
        let hub = &rig.sandbox;
        hub.advance(std::time::Duration::from_secs(2));
        let text = |path: &str| rig.file(number, path);
        match act {
            Act::Remove(path) => self.push(&[FileEdit::delete(path)]),
            Act::Move(from, to) => {
                let exists = hub.file(DEMO_REPO, "topic", to).is_some();
                let moved = FileEdit::write(to, text(from));
                let gone = FileEdit::delete(from);
                match exists {
                    true => self.push(&[gone, moved]),
                    false => self.push(&[FileEdit::rename(from, to)]),
                }
            }
            Act::RevisedMove(from, to) => {
                let revised = text(from).replace("after one minute", "after ten seconds");
                assert_ne!(revised, text(from));
                self.push(&[FileEdit::delete(from), FileEdit::write(to, revised)]);
            }
            Act::BareMove(from, to) => {
                self.push(&[FileEdit::delete(from), FileEdit::write(to, CACHE)]);
            }
            Act::Again(path) => {
                let mut edits = vec![FileEdit::write(path, CACHE)];
                if hub.file(DEMO_REPO, "topic", path).is_some() {
                    edits.insert(0, FileEdit::delete(path));
                }
                self.push(&edits);
            }
            Act::Swap(one, other) => {
                let edits = [
                    FileEdit::write(one, text(other)),
                    FileEdit::write(other, text(one)),
                ];
                self.push(&edits);
            }
            Act::Unmark(path) => {
                let unmarked = text(path).replacen("<!-- DISCUSSION -->\n", "", 1);
                self.push(&[FileEdit::write(path, unmarked)]);
            }
            Act::Close(path) => {
                let closed = text(path).replacen(
                    "<!-- DISCUSSION -->\n",
                    "<!-- DISCUSSION -->\n<!-- Status: CLOSED -->\n",
                    1,
                );
                self.push(&[FileEdit::write(path, closed)]);
            }
            Act::PutBack(path) => {
                let older = hub.file(DEMO_REPO, self.base.as_str(), path).unwrap();
                self.push(&[FileEdit::write(path, older)]);
            }
            Act::Link(path, target) => self.push(&[FileEdit::symlink(path, target)]),
            Act::Submodule(path) => self.push(&[FileEdit::Submodule {
                path: path.clone(),
                commit: self.base.clone(),
            }]),
            Act::Folder(path) => {
                let inside = format!("{path}/notes.txt");
                self.push(&[FileEdit::delete(path), FileEdit::write(&inside, "x")]);
            }
            Act::Crowd(files) => {
                hub.set_file_limit(*files / 2);
                let edits: Vec<FileEdit> = (0..*files)
                    .map(|file| FileEdit::write(&format!("a/{file:04}.txt"), "x"))
                    .collect();
                self.push(&edits);
            }
            Act::Retarget(base) => {
                if hub.tip(DEMO_REPO, base).is_err() {
                    hub.create_branch("rob", DEMO_REPO, base, &self.base)
                        .unwrap();
                }
                let edit = PullEdit {
                    base: Some(base.clone()),
                    ..PullEdit::default()
                };
                hub.edit_pr("rob", DEMO_REPO, number, &edit).unwrap();
            }
            Act::Draft => hub.convert_to_draft("rob", DEMO_REPO, number).unwrap(),
            Act::Ready => hub.ready_for_review("rob", DEMO_REPO, number).unwrap(),
            Act::ClosePr => hub.close("rob", DEMO_REPO, number).unwrap(),
            Act::ReopenPr => hub.reopen("rob", DEMO_REPO, number).unwrap(),
            Act::ForceToBase => {
                let edit = FileEdit::write("notes.txt", "nothing to see here");
                hub.force_push_commit("rob", DEMO_REPO, "topic", &self.base, "clean", &[edit])
                    .unwrap();
            }
        }
        rig.settle().await;
    }

    /// The check's title begins like this, and nothing lets the pull request be merged.
    pub(crate) fn stands(&self, title: &str, case: &str) {
        let found = self.rig.title(self.number);
        assert!(found.starts_with(title), "{case}: {found}, not {title}");
        let conclusion = self.rig.conclusion(self.number);
        assert!(
            ["failure", "action_required"].contains(&conclusion.as_str()),
            "{case}: {conclusion}"
        );
        assert!(!self.rig.mergeable(self.number), "{case}");
    }
}
