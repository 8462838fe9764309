//! Things that happen close together: pushes during rounds, bursts, pull requests that close meanwhile, and re-runs of
//! commits that several pull requests share.

use super::{CACHE, PATH, revised};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::sandbox::{
    DEMO_REPO, DeliveryPlan, EffectKind, Fault, FaultKind, FileEdit, Matcher, NewPull, Oid,
};
use std::sync::Arc;

async fn patient(model: &Arc<Scripted>, quiet: &str) -> Rig {
    Rig::with(Setup {
        config: Some(format!("on: {{quiet: {quiet}}}\n")),
        model: Some(model.clone()),
        operator: None,
    })
    .await
}

/// Pushes without waiting for anything.
fn push(rig: &Rig, path: &str, text: &str) -> Oid {
    let edit = FileEdit::write(path, text);
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "change", &[edit])
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_during_a_round_get_one_round_once_they_are_quiet() {
    let model = Arc::new(Scripted::gated());
    let rig = patient(&model, "1s").await;
    push(&rig, PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 3).await;
    for seconds in ["nine", "eight", "seven"] {
        let text = CACHE.replace("one minute", &format!("{seconds} seconds"));
        push(&rig, PATH, &text);
    }
    model.let_go();
    rig.until(|| rig.title(number).starts_with("WORKING: 0 of 3"))
        .await;
    rig.settle().await;
    assert_eq!(model.calls().len(), 6, "one round for three pushes");
    assert_eq!(rig.count(EffectKind::Commit), 1, "nothing on the old text");
    let text = rig.file(number, PATH);
    assert!(text.contains("after seven seconds"), "{text}");
    assert_eq!(text.matches("\nName: AI-").count(), 3, "{text}");

    push(&rig, PATH, &text.replace("seven seconds", "one minute"));
    rig.settle().await;
    assert_eq!(
        model.calls().len(),
        6,
        "answers of the stale round are kept"
    );
    assert_eq!(rig.count(EffectKind::Commit), 2);
    assert_eq!(rig.file(number, PATH).matches("\nName: AI-").count(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_and_pushing_at_once_is_one_round() {
    let model = Arc::new(Scripted::ready());
    let rig = patient(&model, "1s").await;
    rig.sandbox.set_deliveries(DeliveryPlan {
        hold: true,
        ..DeliveryPlan::default()
    });
    push(&rig, PATH, CACHE);
    let number = rig.pull("rob", "topic");
    push(&rig, PATH, &revised(CACHE));
    rig.sandbox.set_deliveries(DeliveryPlan::default());
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
    assert_eq!(rig.count(EffectKind::Commit), 1);
    assert!(rig.file(number, PATH).contains("after ten seconds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_pushes_are_judged_three_times_at_most() {
    let model = Arc::new(Scripted::ready());
    let rig = patient(&model, "10s").await;
    push(&rig, PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.settle().await;
    let mut heads = Vec::new();
    let begun = std::time::Instant::now();
    for n in 1..=200 {
        heads.push(push(&rig, "README.md", &format!("# Demo\n\n{n}\n")));
        if n % 10 == 0 {
            rig.sandbox.wait_until_idle().await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    // On a machine that is busy they take longer than a burst may.
    let bursts = 1 + usize::try_from(begun.elapsed().as_secs() / 10).unwrap();
    rig.settle().await;
    let judged = |head: &&Oid| !rig.sandbox.check_runs(DEMO_REPO, head).is_empty();
    let judged = heads.iter().filter(judged).count();
    println!("200 pushes: {judged} judged");
    assert!((1..=2 + bursts).contains(&judged), "{judged}");
    assert!(
        rig.title(number).starts_with("DISCUSSING"),
        "the last one is"
    );
    assert_eq!(model.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_closes_during_a_round_gets_nothing_published() {
    for deletes in [false, true] {
        let model = Arc::new(Scripted::gated());
        let rig = Rig::scripted(&model, "").await;
        push(&rig, PATH, CACHE);
        let number = rig.pull("rob", "topic");
        rig.until(|| model.calls().len() == 3).await;
        let written = rig.sandbox.ledger().effects.len();
        match deletes {
            false => rig.sandbox.close("rob", DEMO_REPO, number).unwrap(),
            true => rig
                .sandbox
                .delete_branch("rob", DEMO_REPO, "topic")
                .unwrap(),
        }
        model.let_go();
        rig.settle().await;
        let after = rig.sandbox.ledger().effects.split_off(written);
        let kinds: Vec<EffectKind> = after.iter().map(|effect| effect.kind).collect();
        assert_eq!(kinds, [EffectKind::CheckUpdated], "only the run is ended");
        assert_eq!(after[0].data["conclusion"], "action_required");
        if deletes {
            continue;
        }
        rig.sandbox.reopen("rob", DEMO_REPO, number).unwrap();
        rig.settle().await;
        assert_eq!(model.calls().len(), 3, "the answers were kept");
        assert_eq!(rig.count(EffectKind::Commit), 1);
        assert!(
            rig.title(number).starts_with("DISCUSSING: needs 1 vote"),
            "{}",
            rig.title(number)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn re_run_works_for_forks_and_for_heads_that_two_pull_requests_share() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let fork = rig.sandbox.fork("eve", DEMO_REPO).unwrap();
    let edit = FileEdit::write("notes.txt", "x");
    rig.sandbox
        .push("eve", &fork, "idea", "idea", &[edit])
        .unwrap();
    let forked = rig.pull("rob", "eve:idea");
    let main = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("ann", DEMO_REPO, "next", &main)
        .unwrap();
    let tip = push(&rig, "notes.txt", "y");
    let first = rig.pull("rob", "topic");
    let later = NewPull {
        title: "The same for the next version".to_owned(),
        head: "topic".to_owned(),
        base: "next".to_owned(),
        ..NewPull::default()
    };
    rig.sandbox.open_pr("rob", DEMO_REPO, &later).unwrap();
    rig.settle().await;
    let runs = |head: &Oid| rig.sandbox.check_runs(DEMO_REPO, head);
    let fork_head = rig.sandbox.pull(DEMO_REPO, forked).unwrap().head;
    assert_eq!((runs(&fork_head).len(), runs(&tip).len()), (1, 2));

    rig.sandbox.set_deliveries(DeliveryPlan {
        extra_copies: 2,
        ..DeliveryPlan::default()
    });
    let listed = "/repos/{owner}/{repo}/commits/{ref}/pulls";
    let away = Matcher::Rest("GET".to_owned(), listed.to_owned());
    rig.sandbox.fault(Fault::once(away, FaultKind::Status(502)));
    let run = rig.check(forked).id;
    rig.sandbox.rerequest_check("eve", DEMO_REPO, run).unwrap();
    rig.settle().await;
    assert_eq!(runs(&fork_head).len(), 2, "a run of its own, once");
    assert_eq!(rig.conclusion(forked), "success");

    let run = rig.check(first).id;
    rig.sandbox.rerequest_check("eve", DEMO_REPO, run).unwrap();
    rig.settle().await;
    let names = |head: &Oid| -> Vec<String> {
        let mut names: Vec<String> = runs(head).into_iter().map(|run| run.name).collect();
        names.sort();
        names
    };
    let preview = "discussions (preview)";
    assert_eq!(
        names(&tip),
        ["discussions", "discussions", preview, preview],
        "both pull requests are judged anew"
    );
    rig.sandbox
        .rerequest_suite("eve", DEMO_REPO, &fork_head)
        .unwrap();
    rig.settle().await;
    assert_eq!(runs(&fork_head).len(), 3);
    assert_eq!(rig.conclusion(forked), "success");
    assert_eq!(rig.conclusion(first), "success");
}
