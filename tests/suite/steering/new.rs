//! `new`: a discussion is begun from the conversation.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::{
    DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher, Role, Times,
};
use std::sync::Arc;

const BEGUN: &str = "a-cache-for-the-list.discussion.md";
const LINE: &str = "/discuss new \"A cache for the list\"";

async fn rig(model: &Arc<Scripted>, config: &str) -> Rig {
    let rig = Rig::scripted(model, config).await;
    for (login, role) in [("tim", Role::Triage), ("joe", Role::Write)] {
        rig.sandbox
            .add_collaborator(DEMO_REPO, login, role)
            .unwrap();
    }
    rig
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_committed_once_nobody_is_asked_about_headings_and_the_next_push_starts_the_panel() {
    let model = Arc::new(Scripted::ready());
    let mut rig = rig(&model, "").await;
    let number = rig.open("rob", "notes.txt", "x").await;
    let told = rig.told("rob", number, "/discuss all").await;
    assert!(
        told.contains("`/discuss new \"What is to be decided\"`"),
        "{told}"
    );
    let told = rig.told("tim", number, LINE).await;
    assert!(told.contains("needs `write`"), "{told}");
    let told = rig.told("joe", number, &format!("{LINE} feature")).await;
    assert!(
        told.contains(&format!("`{BEGUN}` is on the branch")),
        "{told}"
    );
    let text = rig.file(number, BEGUN);
    assert!(
        text.starts_with("<!-- DISCUSSION -->\n<!-- Title: A cache for the list -->")
            && text.contains("<!-- Template: feature -->")
            && text.contains("<!-- Participants: architect, security, pragmatist -->"),
        "{text}"
    );
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(model.calls().len(), 0, "nobody is asked about headings");
    assert_eq!(rig.conclusion(number), "action_required");
    assert!(
        !rig.summary(number).contains("error"),
        "{}",
        rig.summary(number)
    );

    // The same delivery once more, also after a restart, commits nothing.
    let deliveries = rig.sandbox.deliveries();
    let comment = deliveries.iter().rfind(|d| d.event == "issue_comment");
    let guid = comment.unwrap().guid.clone();
    assert!(rig.sandbox.redeliver(&guid));
    rig.settle().await;
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    assert!(rig.sandbox.redeliver(&guid));
    rig.settle().await;
    assert_eq!(rig.count(EffectKind::Commit), 1);

    let filled = text.replace(
        "# A cache for the list\n",
        "# A cache for the list\n\nWe need one.\n",
    );
    assert_ne!(filled, text);
    rig.push("rob", BEGUN, &filled).await;
    assert_eq!(model.calls().len(), 3, "the panel answers on that push");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_made_twice() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "").await;
    let number = rig.open("rob", "notes.txt", "x").await;
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    rig.sandbox.fault(Fault {
        times: Times::Next(1),
        ..Fault::once(commit, FaultKind::ApplyThenDrop)
    });
    let told = rig.told("joe", number, LINE).await;
    assert!(
        told.contains(&format!("`{BEGUN}` is on the branch")),
        "{told}"
    );
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert_eq!(model.calls().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_what_can() {
    let model = Arc::new(Scripted::ready());
    let config =
        "files: [\"**/*.discussion.md\", \"!private/**\"]\ngate: {templates: [review, feature]}\n";
    let rig = rig(&model, config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    let calls = model.calls().len();
    for (line, part) in [
        (
            "/discuss new \"Another\" featrue",
            "Did you mean `feature`? There are: `feature`, `review`.",
        ),
        (
            "/discuss new \"Another\" brainstorm",
            "`brainstorm` is no template that a discussion may name here",
        ),
        (
            "/discuss new \"Another\" design/cache.md",
            "`/discuss new \"Another\" design/cache-2.md`",
        ),
        (
            "/discuss new \"Another\" private/a.md",
            "`private/a.md` can be no discussion",
        ),
        (
            "/discuss new \"Another\" .github/discussions/personas/me.md",
            "can be no discussion",
        ),
    ] {
        let told = rig.told("joe", number, line).await;
        assert!(told.contains(part), "{line}: {told}");
    }
    assert_eq!(rig.count(EffectKind::Commit), 1, "the round's");
    assert_eq!(model.calls().len(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_app_does_not_commit_the_reply_has_the_file() {
    let model = Arc::new(Scripted::ready());
    let rig = rig(&model, "replies: review\n").await;
    let number = rig.open("rob", "notes.txt", "x").await;
    let told = rig.told("joe", number, LINE).await;
    assert!(
        told.contains("the App does not commit here, because")
            && told
                .contains("```markdown\n<!-- DISCUSSION -->\n<!-- Title: A cache for the list -->"),
        "{told}"
    );
    assert_eq!(rig.count(EffectKind::Commit), 0);
    let edit = FileEdit::write("notes.txt", "y");
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "more", &[edit])
        .unwrap();
    rig.settle().await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}
