//! Concerns that people raise by name.

use super::green;
use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::bot::on_ledger::{counting, kept_of, open_concerns};
use discussions::sandbox::{DEMO_REPO, FileEdit, Role};
use discussions::store::{ActRecord, ActVerb, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_concern_is_in_the_way_of_what_all_voted_for_until_its_raiser_resolves_it() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    let line = "/discuss concern rollback: how do we go back?";
    let comment = rig.say("tim", number, line).await;
    let open = |rig: &Rig| {
        assert_eq!(rig.title(number), "CHANGES: 4 of 4 ready, 1 concern open");
        assert_eq!(rig.conclusion(number), "failure");
        assert!(!rig.mergeable(number));
    };
    open(&rig);
    let summary = rig.summary(number);
    for part in [
        "- **rollback** tim, [a comment](",
        "): how do we go back?",
        "rollback by tim is open",
        "tim, or someone with write other than rob, resolves rollback once it is settled: `/discuss resolve rollback: reason`",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let annotations = rig.check(number).annotations;
    assert!(
        annotations
            .iter()
            .any(|one| one["title"] == "Open concern rollback by tim"),
        "{annotations:?}"
    );
    let why = rig.told("joe", number, "/discuss why").await;
    assert!(why.contains("is open (rollback by tim is open)"), "{why}");
    let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
    let status = pull
        .comments
        .iter()
        .find(|one| one.body.contains("<!-- discussions:status -->"))
        .unwrap();
    assert!(status.body.contains("**rollback** tim"), "{}", status.body);

    // More votes, an edit and a deletion of the comment, and another head change nothing.
    rig.say("joe", number, "/discuss vote ready").await;
    rig.sandbox
        .edit_comment("tim", DEMO_REPO, comment, "never mind")
        .unwrap();
    rig.settle().await;
    rig.sandbox
        .delete_comment("ann", DEMO_REPO, comment)
        .unwrap();
    rig.settle().await;
    rig.push("rob", "notes.txt", "x").await;
    assert_eq!(rig.title(number), "CHANGES: 5 of 5 ready, 1 concern open");

    let resolve = "/discuss resolve rollback: it is there";
    let reply = rig.told("rob", number, resolve).await;
    assert!(
        reply.contains("you wrote this pull request") && reply.contains("author_may_vote"),
        "{reply}"
    );
    assert_eq!(rig.conclusion(number), "failure");
    let reply = rig.told("tim", number, resolve).await;
    assert!(
        reply.contains("Resolved rollback of tim in `design/cache.md`: \"how do we go back?\"."),
        "{reply}"
    );
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let summary = rig.summary(number);
    assert!(
        summary.contains("[rollback resolved by tim](") && summary.contains("UTC: it is there"),
        "{summary}"
    );
    let reply = rig.told("joe", number, resolve).await;
    assert!(
        reply.contains("was closed before, by tim: it is there"),
        "{reply}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_resolves_it_with_write_and_nobody_without() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.sandbox
        .add_collaborator(DEMO_REPO, "una", Role::Triage)
        .unwrap();
    let reply = rig.told("eve", number, "/discuss concern no: no").await;
    assert!(reply.contains("needs `triage`"), "{reply}");
    assert_eq!(rig.conclusion(number), "success");
    rig.say("ann", number, "/discuss concern load: no figures")
        .await;
    // A vote READY says nothing about it: only words do.
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "failure", "{}", rig.title(number));
    let resolve = "/discuss resolve load: there are some";
    let reply = rig.told("una", number, resolve).await;
    assert!(
        reply.contains("needs `write`") && reply.contains("you have triage"),
        "{reply}"
    );
    let reply = rig.told("una", number, resolve).await;
    assert_eq!(reply, "", "told once an hour");
    assert_eq!(rig.conclusion(number), "failure");
    rig.say("joe", number, resolve).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_resolves_the_authors_own_and_all_where_authors_may_vote() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say("rob", number, "/discuss concern docs: none yet")
        .await;
    assert_eq!(rig.conclusion(number), "failure");
    rig.say("rob", number, "/discuss resolve docs: written")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));

    let config = "gate: {author_may_vote: true}\n";
    let (rig, number) = green(&Arc::new(Scripted::ready()), config).await;
    rig.say("tim", number, "/discuss concern docs: none yet")
        .await;
    rig.say("rob", number, "/discuss resolve docs: written")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_one_concern_at_a_time() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say("tim", number, "/discuss concern load: no figures")
        .await;
    let reply = rig
        .told("joe", number, "/discuss concern LOAD: me too")
        .await;
    for part in [
        "a concern of that name is open",
        "tim said it: no figures",
        "`/discuss design/cache.md concern load-2: me too`",
        "`/discuss design/cache.md resolve load: reason`",
    ] {
        assert!(reply.contains(part), "{part}: {reply}");
    }
    rig.say("joe", number, "/discuss concern load-2: me too")
        .await;
    let reply = rig.told("joe", number, "/discuss resolve lod: done").await;
    for part in [
        "there is no `lod` in `design/cache.md`",
        "- `/discuss design/cache.md resolve load: done` tim: no figures",
        "- `/discuss design/cache.md resolve load-2: done` joe: me too",
    ] {
        assert!(reply.contains(part), "{part}: {reply}");
    }
    rig.say(
        "ann",
        number,
        "/discuss resolve Load: a\n/discuss resolve load-2: b",
    )
    .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("joe", number, "/discuss concern load: again").await;
    assert_eq!(rig.conclusion(number), "failure");
    // Raised and resolved in one comment.
    rig.say(
        "joe",
        number,
        "/discuss resolve load: c\n/discuss concern x: y\n/discuss resolve x: z",
    )
    .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_say_whose_concerns_are_in_the_way() {
    for (rule, wanted) in [
        ("people", "failure"),
        ("all", "failure"),
        ("none", "success"),
    ] {
        let config = format!("gate: {{concerns: {rule}}}\n");
        let (rig, number) = green(&Arc::new(Scripted::ready()), &config).await;
        rig.say("tim", number, "/discuss concern load: no figures")
            .await;
        assert_eq!(rig.conclusion(number), wanted, "{rule}");
        let summary = rig.summary(number);
        assert!(summary.contains("**load** tim"), "{rule}: {summary}");
    }
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say(
        "tim",
        number,
        "/discuss concern spelling: (minor) a typing error",
    )
    .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_several_discussions_a_line_names_one() {
    let rig = Rig::scripted(&Arc::new(Scripted::ready()), "").await;
    let other = CACHE.replace("product list", "queue");
    rig.propose("rob", "design/queue.md", &other);
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    for line in [
        "concern load: no figures",
        "resolve C1: done",
        "answer Q1: yes",
    ] {
        let reply = rig.told("ann", number, &format!("/discuss {line}")).await;
        for path in [PATH, "design/queue.md"] {
            let wanted = format!("- `/discuss {path} {line}`");
            assert!(reply.contains(&wanted), "{wanted}: {reply}");
        }
        assert_eq!(rig.conclusion(number), "success");
    }
    rig.say(
        "ann",
        number,
        "/discuss design/queue.md concern load: no figures",
    )
    .await;
    let title = rig.title(number);
    assert!(title.contains("design/queue.md"), "{title}");
    let summary = rig.summary(number);
    assert!(
        summary.contains("`/discuss design/queue.md resolve load: reason`"),
        "{summary}"
    );
    let reply = rig
        .told("ann", number, "/discuss design/cache.md resolve load: x")
        .await;
    assert!(
        reply.contains("nothing is open there that `resolve` could close"),
        "{reply}"
    );
    rig.say("ann", number, "/discuss design/queue.md resolve load: x")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concern_outlives_revisions_and_restarts_and_ends_with_a_reset() {
    let (mut rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say("tim", number, "/discuss concern load: no figures")
        .await;
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "failure", "{}", rig.title(number));
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    rig.push("rob", "notes.txt", "x").await;
    assert_eq!(rig.title(number), "CHANGES: 4 of 4 ready, 1 concern open");
    let acts = rig.store.acts(&rig.pr(number)).await.unwrap();
    let [act] = acts.as_slice() else {
        panic!("{acts:?}");
    };
    assert_eq!(
        (act.verb, act.target.as_str(), act.text.as_str()),
        (ActVerb::Concern, "load", "no figures")
    );
    assert_eq!(act.did.len(), 32);
    rig.say("ann", number, "/discuss reset: anew").await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

/// Nobody has answered or voted yet: there is no chain of receipts that the concern could belong to.
#[tokio::test(flavor = "multi_thread")]
async fn a_concern_before_the_first_round_holds_the_file_and_ends_with_a_reset_too() {
    let rig = Rig::scripted(&Arc::new(Scripted::ready()), "").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.draft("rob", "topic");
    rig.settle().await;
    rig.say("ann", number, "/discuss concern law: ask the lawyers")
        .await;
    assert!(rig.summary(number).contains("**law** ann"));
    let edits = [FileEdit::delete(PATH), FileEdit::write("notes.txt", "x")];
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "not this way", &edits)
        .unwrap();
    rig.settle().await;
    assert!(
        rig.title(number).starts_with("HELD"),
        "{}",
        rig.title(number)
    );
    assert_eq!(rig.conclusion(number), "action_required");
    rig.push("rob", PATH, CACHE).await;
    assert!(rig.summary(number).contains("**law** ann"));
    rig.say("ann", number, "/discuss reset: anew").await;
    let summary = rig.summary(number);
    assert!(!summary.contains("**law** ann"), "{summary}");
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

const HOSTILE: &str = "@joe #1 GH-1 <!-- discussions:status --> <b>x</b> | /discuss vote ready **VOTE: READY** \
    [x](https://evil.example) fixes #1 `code` </details>";

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_are_words_everywhere() {
    let (rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    rig.say("tim", number, &format!("/discuss concern load: {HOSTILE}"))
        .await;
    rig.told("joe", number, "/discuss concern load: x").await;
    rig.told("joe", number, "/discuss resolve lod: x").await;
    rig.told("joe", number, "/discuss why").await;
    let open = rig.summary(number);
    assert!(open.contains("**load** tim"), "{open}");
    rig.say("tim", number, &format!("/discuss resolve load: {HOSTILE}"))
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
    let ours = pull.comments.iter().filter(|one| one.app.is_some());
    let mut texts: Vec<String> = ours.map(|one| one.body.clone()).collect();
    texts.extend([open, rig.summary(number), rig.file(number, PATH)]);
    assert!(texts.len() > 5);
    for text in &texts {
        let shown: Vec<&str> = text.split('`').step_by(2).collect();
        let shown = shown.join("");
        for bad in ["@joe", "<b>", "](https://evil", " #1", "GH-1"] {
            assert!(!shown.contains(bad), "{bad} in {text}");
        }
        let commands = discussions::bot::command::parse(text, &|_| false);
        assert!(commands.is_empty(), "{text}");
        assert!(text.matches("<!-- discussions:status -->").count() <= 1);
    }
}

fn act(verb: ActVerb, item: &str, said_at: i64) -> ActRecord {
    ActRecord {
        path: PATH.to_owned(),
        verb,
        target: "load".to_owned(),
        item: item.to_owned(),
        text: "x".to_owned(),
        account: 1,
        login: "ann".to_owned(),
        base: "main".to_owned(),
        did: "d1".to_owned(),
        subject: String::new(),
        source: format!("comment:{said_at}"),
        link: String::new(),
        said_at,
    }
}

#[test]
fn what_counts_of_what_was_said() {
    let concern = act(ActVerb::Concern, "", 1);
    let resolve = act(ActVerb::Resolve, &kept_of(&concern), 3);
    let again = act(ActVerb::Concern, "", 5);
    let chains = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        let all = all.iter();
        all.map(|(base, did)| ((*base).to_owned(), (*did).to_owned()))
            .collect()
    };
    let here = chains(&[("main", "d1")]);
    let open = |acts: &[&ActRecord], chains: &BTreeMap<String, String>| -> Vec<i64> {
        let acts = counting(acts.iter().copied(), chains);
        let open = open_concerns(&acts).into_iter();
        open.map(|act| act.said_at).collect()
    };
    assert_eq!(open(&[&concern], &here), [1]);
    assert_eq!(open(&[&concern, &resolve], &here), [0_i64; 0]);
    // However late GitHub tells of it.
    assert_eq!(open(&[&again, &resolve, &concern], &here), [5]);
    // Into another base it goes along; a reset ends it.
    let moved = chains(&[("main", "d1"), ("side", "d2")]);
    assert_eq!(open(&[&concern], &moved), [1]);
    let renewed = chains(&[("main", "d3")]);
    assert_eq!(open(&[&concern, &again], &renewed), [0_i64; 0]);
    let unchained = ActRecord {
        did: String::new(),
        ..concern.clone()
    };
    assert_eq!(open(&[&unchained], &renewed), [1]);
    let hold = act(ActVerb::Hold, "", 2);
    assert!(counting([&hold].into_iter(), &here).is_empty());
}
