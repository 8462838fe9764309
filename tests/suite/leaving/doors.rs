//! Other doors: moves, swaps, long lists, other bases, drafts.

use super::{Act, By, From, Rejected, table};
use crate::scenarios::PATH;
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::FileEdit;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
struct Door {
    name: String,
    from: From,
    #[serde(default)]
    beside: bool,
    /// Replies go into reviews, so that nothing of them stands in the file.
    #[serde(default)]
    reviews: bool,
    acts: Vec<Act>,
    title: String,
    calls: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_door_leads_out_either() {
    let doors: Vec<Door> = table("doors.yaml");
    assert!(doors.len() >= 20);
    let mut wrong = Vec::new();
    for door in &doors {
        let config = match door.reviews {
            true => "replies: review\n",
            false => "",
        };
        let pull = Rejected::open_by(By::Persona, door.from, door.beside, config).await;
        let calls = pull.model.calls().len();
        for act in &door.acts {
            pull.act(act).await;
        }
        let title = pull.rig.title(pull.number);
        let asked = pull.model.calls().len() - calls;
        if !title.starts_with(&door.title) || asked != door.calls {
            wrong.push(format!("{}: {title}, {asked} asked anew", door.name));
        } else {
            pull.stands(&door.title, &door.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_answered_or_voted_on_may_simply_disappear() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    rig.propose("rob", PATH, crate::scenarios::CACHE);
    let number = rig.draft("rob", "topic");
    rig.settle().await;
    assert_ne!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(model.calls().is_empty(), "nobody is asked about a draft");
    let edits = [FileEdit::delete(PATH), FileEdit::write("notes.txt", "x")];
    rig.sandbox
        .push(
            "rob",
            discussions::sandbox::DEMO_REPO,
            "topic",
            "not this way",
            &edits,
        )
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.title(number), "CLEAR: no discussion in this PR");
    assert_eq!(rig.conclusion(number), "success");
}
