//! Merge queues that hang, or wave everything through.

use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn p7_a_merge_queue_neither_hangs_nor_waves_through() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let (good, bad) = (rig.decided("prices").await, rig.decided("stock").await);
    rig.queue_on_main();
    // The events about both groups never come.
    rig.hears_nothing();
    rig.enqueue(&[good, bad]);
    rig.sandbox.wait_until_idle().await;
    rig.sandbox.advance(Duration::from_secs(8 * 24 * 60 * 60));
    rig.hears_again();
    rig.say("ann", bad, "/discuss vote reject: the rollback is missing")
        .await;
    assert_eq!(rig.conclusion(bad), "failure", "{}", rig.title(bad));
    let calls = model.calls().len();
    let begun = Instant::now();
    rig.sweep().await;
    let took = begun.elapsed();
    let said = rig.on_groups();
    println!("two groups answered in {took:?}: {said:#?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(
        model.calls().len(),
        calls,
        "no persona is asked about a group"
    );
    let end_of = |number: u64| {
        let mut all = said.iter();
        let own = all.find(|(_, _, title)| title.contains(&format!("#{number}")));
        own.map(|(_, conclusion, _)| conclusion.as_str())
    };
    assert_eq!(end_of(good), Some("success"), "{said:#?}");
    assert_eq!(end_of(bad), Some("failure"), "{said:#?}");
    let pull = |number| rig.sandbox.pull("octo/demo", number).unwrap();
    assert!(pull(good).merged.is_some() && pull(bad).merged.is_none());
    assert!(
        rig.sandbox.merge_queue("octo/demo", "main").is_empty(),
        "nothing hangs"
    );
    rig.held_up(bad, "after it was taken out");
}
