//! Replies that a push changed, dropped or moved: what counts, what is put back, and how people get out of it.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher};
use discussions::signing::{Keyring, Keys, SigningKey};
use std::sync::Arc;

async fn rejected() -> (Arc<Scripted>, Rig, u64) {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(rig.title(number), "REJECTED by security");
    (model, rig, number)
}

/// Amend and force-push: the branch becomes one commit over main with another text.
async fn amend(rig: &Rig, text: &str) {
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .force_push("rob", DEMO_REPO, "topic", &main)
        .unwrap();
    let edit = FileEdit::write(PATH, text);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "amended", &[edit])
        .unwrap();
    rig.settle().await;
}

fn receipts(text: &str) -> usize {
    text.matches("<!-- receipt: ").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amend_over_the_replies_is_healed_without_a_model_call() {
    let (model, rig, number) = rejected().await;
    let signed = rig.file(number, PATH);
    assert_eq!(receipts(&signed), 3);
    rig.push("rob", PATH, CACHE).await;
    assert_eq!(rig.file(number, PATH), signed, "byte for byte");
    assert_eq!(rig.title(number), "REJECTED by security");
    assert_eq!(model.calls().len(), 3);
    let summary = rig.summary(number);
    assert!(summary.contains("put back, 1 of 3 times"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_times_a_person_is_asked_and_restore_is_the_way_out() {
    let (model, rig, number) = rejected().await;
    let signed = rig.file(number, PATH);
    for _ in 0..3 {
        rig.push("rob", PATH, CACHE).await;
        assert_eq!(rig.file(number, PATH), signed);
    }
    rig.push("rob", PATH, CACHE).await;
    assert_eq!(receipts(&rig.file(number, PATH)), 0);
    assert!(
        rig.title(number).starts_with("HELD: "),
        "{}",
        rig.title(number)
    );
    assert!(rig.summary(number).contains("/discuss restore"));
    rig.say("rob", number, "/discuss restore").await;
    assert_eq!(rig.file(number, PATH), signed);
    assert_eq!(rig.title(number), "REJECTED by security");
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_by_amend_gets_its_round_and_the_chain_goes_on() {
    let (model, rig, number) = rejected().await;
    model.set("security", Line::Votes(Vote::Ready));
    amend(&rig, &revised(CACHE)).await;
    let text = rig.file(number, PATH);
    assert_eq!(receipts(&text), 6, "{text}");
    assert_eq!(model.calls().len(), 6);
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_meddling_is_told_counts_nothing_and_can_be_undone() {
    let (model, rig, number) = rejected().await;
    let signed = rig.file(number, PATH);
    let starts: Vec<usize> = signed
        .match_indices("---\n\nName: AI-")
        .map(|(at, _)| at)
        .collect();
    let [first, second, third] = starts[..] else {
        panic!("{signed}")
    };
    let cases = [
        (
            "a vote changed",
            signed.replace("VOTE: REJECT", "VOTE: READY"),
        ),
        (
            "a reply cut out of the middle",
            format!("{}{}", &signed[..second], &signed[third..]),
        ),
        (
            "a reply twice",
            format!("{signed}\n{}", &signed[second..third]),
        ),
        (
            "two replies swapped",
            format!(
                "{}{}\n{}{}",
                &signed[..first],
                &signed[second..third],
                &signed[first..second],
                &signed[third..]
            ),
        ),
        ("a receipt with another signature", {
            let at = signed[second..].find(" -->").unwrap() + second - 5;
            let other = if &signed[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &signed[..at], &signed[at + 1..])
        }),
        (
            "a receipt in code",
            format!(
                "{signed}\n```\n{}\n```\n",
                signed[first..]
                    .lines()
                    .find(|line| line.starts_with("<!-- receipt"))
                    .unwrap()
            ),
        ),
    ];
    for (name, text) in cases {
        rig.push("rob", PATH, &text).await;
        let title = rig.title(number);
        assert!(title.starts_with("TAMPERED: "), "{name}: {title}");
        assert_eq!(rig.conclusion(number), "failure", "{name}");
        let summary = rig.summary(number);
        assert!(summary.contains("/discuss restore"), "{name}: {summary}");
        assert!(
            summary.contains("/discuss reset: reason"),
            "{name}: {summary}"
        );
        rig.say("rob", number, "/discuss restore").await;
        let now = rig.file(number, PATH);
        assert_eq!(rig.title(number), "REJECTED by security", "{name}: {now}");
        assert_eq!(receipts(&now), 3, "{name}: {now}");
        rig.push("rob", PATH, &signed).await;
    }
    assert_eq!(model.calls().len(), 3, "nobody was asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formatter_is_suspected_where_only_bullets_and_blanks_differ() {
    let (_, rig, number) = rejected().await;
    let text = rig
        .file(number, PATH)
        .replace("This leaks.", "This  leaks.");
    rig.push("rob", PATH, &text).await;
    assert!(
        rig.title(number).contains("a formatter?"),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_begins_anew_and_is_not_the_authors_to_say() {
    let (model, rig, number) = rejected().await;
    rig.say("ann", number, "/discuss vote reject").await;
    let changed = rig.file(number, PATH).replace("This leaks.", "All fine.");
    rig.push("rob", PATH, &changed).await;
    assert!(rig.title(number).starts_with("TAMPERED"));
    rig.say("rob", number, "/discuss reset: never mind").await;
    assert!(
        rig.title(number).starts_with("TAMPERED"),
        "{}",
        rig.title(number)
    );
    rig.say("ann", number, "/discuss reset").await;
    assert!(
        rig.title(number).starts_with("TAMPERED"),
        "a reason is needed"
    );
    model.set("security", Line::Votes(Vote::Ready));
    rig.say("ann", number, "/discuss reset: edited on purpose")
        .await;
    assert_eq!(model.calls().len(), 6, "a whole round");
    let title = rig.title(number);
    assert!(
        title.starts_with("DISCUSSING: needs 1 vote by a person"),
        "{title}"
    );
    assert!(
        rig.summary(number)
            .contains("begun anew by ann: edited on purpose")
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_store_is_not_green_and_asks_anew() {
    let model = Arc::new(Scripted::ready());
    let mut rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number));
    rig.start_over(None).await;
    rig.push("rob", "README.md", "# Another\n").await;
    assert!(!rig.mergeable(number), "{}", rig.title(number));
    rig.say("ann", number, "/discuss all").await;
    assert_eq!(model.calls().len(), 6, "one new round");
    assert!(!rig.mergeable(number), "the person's vote is gone too");
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
    let commits = rig.count(EffectKind::Commit);
    assert_eq!(commits, 4, "each time the replies, and the verdict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_from_a_backup_is_not_green_and_asks_anew() {
    let model = Arc::new(Scripted::ready());
    let mut rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let backup = rig.backup();
    rig.push("rob", PATH, &revised(&rig.file(number, PATH)))
        .await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number));
    let signed = receipts(&rig.file(number, PATH));
    assert_eq!(signed, 7, "six replies and a vote");
    rig.start_over(Some(backup)).await;
    rig.push("rob", "README.md", "# Another\n").await;
    assert_eq!(model.calls().len(), 9, "one new round");
    assert!(
        !rig.mergeable(number),
        "the person's vote is gone too: {}",
        rig.title(number)
    );
    assert!(
        rig.summary(number)
            .contains("the record came from a backup")
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_by_a_key_that_is_gone_stay_what_they_are() {
    let model = Arc::new(Scripted::ready());
    let mut rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let signed = rig.file(number, PATH);
    let pem = SigningKey::generate().unwrap();
    let new = Keyring::of(SigningKey::from_pem(&pem).unwrap());
    let mut revoked = rig.deps.keyring.keys.clone();
    for key in revoked.0.values_mut() {
        key.revoked_at = Some(0);
    }
    let known: Keys = revoked.and(new.signing.public().clone());
    rig.deps.keyring = Arc::new(Keyring { keys: known, ..new });
    let same = rig.backup();
    rig.start_over(Some(same)).await;
    rig.push("rob", "README.md", "# Another\n").await;
    assert_eq!(
        rig.file(number, PATH),
        signed,
        "nothing is put back that stands there"
    );
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    let title = rig.title(number);
    assert!(
        title.starts_with("DISCUSSING: needs 1 vote by a person"),
        "{title}"
    );
    assert_eq!(receipts(&rig.file(number, PATH)), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_whose_commit_fails_once_is_carried_out_once() {
    let (model, rig, number) = rejected().await;
    model.set("security", Line::Votes(Vote::Ready));
    let matcher = Matcher::Graphql("CommitReplies".to_owned());
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::Status(502)));
    rig.say("ann", number, "/discuss reset: begin again").await;
    assert_eq!(model.calls().len(), 6, "every answer was bought once");
    assert_eq!(receipts(&rig.file(number, PATH)), 6);
    rig.push("rob", "README.md", "# Another\n").await;
    assert_eq!(model.calls().len(), 6);
    let title = rig.title(number);
    assert!(
        title.starts_with("DISCUSSING: needs 1 vote by a person"),
        "{title}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_behind_a_gap_closes_it_however_often_that_was_done() {
    let (model, rig, number) = rejected().await;
    for _ in 0..4 {
        rig.push("rob", PATH, CACHE).await;
    }
    assert!(
        rig.title(number).starts_with("HELD: "),
        "{}",
        rig.title(number)
    );
    model.set("security", Line::Votes(Vote::Ready));
    rig.push("rob", PATH, &revised(CACHE)).await;
    assert_eq!(receipts(&rig.file(number, PATH)), 6);
    let title = rig.title(number);
    assert!(
        title.starts_with("DISCUSSING: needs 1 vote by a person"),
        "{title}"
    );
}
