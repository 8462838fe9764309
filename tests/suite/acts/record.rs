//! Acts in the record: each once, with who, when and why, and what they come to.

use super::green;
use crate::support::scripted::Scripted;
use discussions::bot::acts::{Bound, Reach, reach, standing};
use discussions::store::{ActRecord, ActVerb, Store};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn acts_outlive_a_restart_and_are_kept_once() {
    let (mut rig, number) = green(&Arc::new(Scripted::ready()), "").await;
    let lines = "/discuss hold: wait\n/discuss pause";
    let comment = rig.say("ann", number, lines).await;
    let pr = rig.pr(number);
    let before = rig.store.acts(&pr).await.unwrap();
    let kept: Vec<(&str, &str, &str)> = before
        .iter()
        .map(|act| (act.verb.as_str(), act.login.as_str(), act.text.as_str()))
        .collect();
    assert_eq!(kept, [("hold", "ann", "wait"), ("pause", "ann", "")]);
    for act in &before {
        assert!(act.said_at > 0 && act.account > 0 && act.link.contains("issuecomment"));
        assert!(act.source.starts_with(&format!("comment:{comment}:")));
        assert_eq!((act.base.as_str(), act.subject.len()), ("main", 64));
    }
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    rig.push("rob", "notes.txt", "x").await;
    assert_eq!(rig.title(number), "HELD by ann: wait; paused by ann");
    assert_eq!(rig.store.acts(&pr).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_from_before_a_hold_or_a_concern_is_not_green() {
    for line in ["/discuss hold: wait", "/discuss concern load: no figures"] {
        let (mut rig, number) = green(&Arc::new(Scripted::ready()), "").await;
        let copy = rig.backup();
        rig.say("tim", number, line).await;
        assert!(!rig.mergeable(number));
        rig.start_over(Some(copy)).await;
        rig.say("joe", number, "/discuss status").await;
        assert!(!rig.mergeable(number), "{line}: {}", rig.title(number));
        let summary = rig.summary(number);
        assert!(
            summary.contains("the record came from a backup"),
            "{line}: {summary}"
        );
    }
}

/// `ann hold`, `rob release own`, `ann override aa@main`
fn act(text: &str) -> ActRecord {
    let words: Vec<&str> = text.split(' ').collect();
    let verb = ActVerb::parse(words[1]).unwrap();
    let behind = words.get(2).copied().unwrap_or_default();
    let (subject, base) = behind.split_once('@').unwrap_or(("aa", "main"));
    let accounts = ["ann", "rob", "tim"];
    ActRecord {
        path: "design/cache.md".to_owned(),
        verb,
        target: Some(behind)
            .filter(|behind| *behind == ActVerb::OWN)
            .unwrap_or_default()
            .to_owned(),
        item: String::new(),
        text: "x".to_owned(),
        account: accounts.iter().position(|name| *name == words[0]).unwrap() as u64,
        login: words[0].to_owned(),
        base: base.to_owned(),
        did: String::new(),
        subject: subject.to_owned(),
        source: text.to_owned(),
        link: String::new(),
        said_at: 1,
    }
}

#[test]
fn what_acts_come_to() {
    // acts in order; held; overridden
    for (acts, held, overridden) in [
        (&[][..], None, None),
        (&["ann hold"], Some("by ann: x"), None),
        (&["ann hold", "ann hold"], Some("by ann: x"), None),
        (
            &["ann hold", "tim hold"],
            Some("by ann: x; by tim: x"),
            None,
        ),
        (&["ann hold", "tim release"], None, None),
        (
            &["ann hold", "tim hold", "ann release own"],
            Some("by tim: x"),
            None,
        ),
        (&["ann release", "ann hold"], Some("by ann: x"), None),
        (&["ann pause"], Some("paused by ann"), None),
        (
            &["ann pause", "tim pause"],
            Some("paused by ann; paused by tim"),
            None,
        ),
        (
            &["rob pause", "tim pause", "rob resume own"],
            Some("paused by tim"),
            None,
        ),
        (&["ann pause", "tim resume"], None, None),
        (&["ann pause", "tim release"], Some("paused by ann"), None),
        (&["ann hold", "tim resume"], Some("by ann: x"), None),
        (
            &["ann hold", "tim pause"],
            Some("by ann: x; paused by tim"),
            None,
        ),
        (&["ann override aa@main"], None, Some("by ann: x")),
        (&["ann override bb@main"], None, None),
        (&["ann override aa@side"], None, None),
        (
            &["ann override aa@main", "tim override bb@main"],
            None,
            Some("by ann: x"),
        ),
        (
            &["ann override aa@main", "tim override aa@main"],
            None,
            Some("by tim: x"),
        ),
    ] {
        let records: Vec<ActRecord> = acts.iter().map(|text| act(text)).collect();
        let bound = Bound {
            ballot: "aa",
            base: "main",
            did: "",
            published: &[],
        };
        let got = standing(records.iter(), bound);
        assert_eq!(got.held().as_deref(), held, "{acts:?}");
        assert_eq!(got.overrides().as_deref(), overridden, "{acts:?}");
    }
}

/// GitHub tells of a release late, when somebody holds it anew.
#[test]
fn acts_count_in_the_order_in_which_they_were_said() {
    let at = |text: &str, said_at: i64| ActRecord {
        said_at,
        ..act(text)
    };
    let bound = Bound {
        ballot: "aa",
        base: "main",
        did: "",
        published: &[],
    };
    let late = [
        at("ann hold", 1_000),
        at("ann hold", 5_000),
        at("tim release", 3_000),
    ];
    assert_eq!(
        standing(late.iter(), bound).held().as_deref(),
        Some("by ann: x")
    );
    let over = [at("tim release", 3_000), at("ann hold", 1_000)];
    assert_eq!(standing(over.iter(), bound).held(), None);
}

/// Whoever puts an overridden text back has no override: it was given for that time.
#[test]
fn an_override_does_not_come_back_to_life() {
    let texts = |texts: &[(&str, i64)]| -> Vec<(String, i64)> {
        let texts = texts.iter().map(|(text, at)| ((*text).to_owned(), *at));
        texts.collect()
    };
    for (published, did, counts) in [
        (texts(&[("aa", 1)]), "", true),
        (texts(&[("bb", 1), ("aa", 500)]), "", true),
        // In the same second, by GitHub's clock before it.
        (texts(&[("bb", 5_400), ("aa", 5_800)]), "", true),
        (texts(&[("aa", 1), ("bb", 9_000)]), "", false),
        (
            texts(&[("aa", 1), ("bb", 9_000), ("aa", 12_000)]),
            "",
            false,
        ),
        (texts(&[("aa", 1)]), "d1", true),
        (texts(&[("aa", 1)]), "d2", false),
    ] {
        let given = ActRecord {
            said_at: 5_000,
            did: if did.is_empty() { "" } else { "d1" }.to_owned(),
            ..act("ann override aa@main")
        };
        let bound = Bound {
            ballot: "aa",
            base: "main",
            did,
            published: &published,
        };
        let got = standing([&given].into_iter(), bound);
        assert_eq!(got.overridden.is_some(), counts, "{published:?} {did}");
    }
}

#[test]
fn how_far_a_release_reaches() {
    // whose holds stand; who releases; the author who is bound; reach
    for (holds, who, is_bound, wanted) in [
        (&["ann"][..], "tim", false, Reach::All),
        (&["ann"], "tim", true, Reach::Nothing),
        (&["tim"], "tim", true, Reach::All),
        (&["ann", "tim"], "tim", true, Reach::Own),
        (&["ann", "tim"], "tim", false, Reach::All),
        (&["ann", "rob"], "tim", true, Reach::Nothing),
    ] {
        let records: Vec<ActRecord> = holds
            .iter()
            .map(|login| act(&format!("{login} hold")))
            .collect();
        let account = act(&format!("{who} hold")).account;
        let all: Vec<&ActRecord> = records.iter().collect();
        assert_eq!(reach(&all, account, is_bound), wanted, "{holds:?} {who}");
    }
}
