//! The six ways out that an author thinks of first, and `drop` behind each.

use super::{Act, By, From, Rejected, table};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Way {
    name: String,
    from: From,
    acts: Vec<Act>,
    title: String,
    drop: bool,
}

async fn way_out(way: &Way, by: By) {
    let case = &format!("{}, rejected by a {by:?}", way.name);
    let pull = Rejected::open_by(by, way.from, false, "").await;
    let title = match by {
        By::Persona => way.title.clone(),
        By::Person => way.title.replace("by security", "by ann"),
    };
    for act in &way.acts {
        pull.act(act).await;
    }
    pull.stands(&title, case);
    let (rig, number) = (&pull.rig, pull.number);
    let summary = rig.check(number).summary.unwrap_or_default();
    let line = summary
        .split('`')
        .find(|text| text.starts_with("/discuss drop "));
    assert_eq!(line.is_some(), way.drop, "{case}: {summary}");
    let line = line.unwrap_or("/discuss drop design/cache.md: REASON");
    let line = &line.replace("REASON", "we keep what we have");
    assert!(!way.drop || summary.contains("other than rob"), "{case}");

    rig.say("rob", number, line).await;
    pull.stands(&title, case);
    let told = rig.replies(number).pop().unwrap_or_default();
    assert!(
        told.contains("you wrote this pull request"),
        "{case}: {told}"
    );
    rig.say("eve", number, line).await;
    pull.stands(&title, case);

    rig.say("ann", number, line).await;
    if !way.drop {
        pull.stands(&title, case);
        let told = rig.replies(number).pop().unwrap_or_default();
        assert!(
            told.contains("is still in this pull request"),
            "{case}: {told}"
        );
        return;
    }
    assert_eq!(
        rig.title(number),
        "DROPPED by ann: we keep what we have",
        "{case}"
    );
    assert_eq!(rig.conclusion(number), "success", "{case}");
    let summary = rig.check(number).summary.unwrap_or_default();
    assert!(summary.contains("dropped by ann") && summary.contains("we keep what we have"));
    assert!(rig.mergeable(number), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_out_of_a_rejection_is_green_and_somebody_else_may_let_it_go() {
    let ways: Vec<Way> = table("ways.yaml");
    assert_eq!(
        ways.iter().filter(|way| way.from == From::OnBase).count(),
        6
    );
    for way in &ways {
        way_out(way, By::Persona).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_rejection_is_no_easier_to_leave() {
    for way in table::<Way>("ways.yaml") {
        way_out(&way, By::Person).await;
    }
}
