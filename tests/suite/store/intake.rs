//! Deliveries: kept once acknowledged, never twice, many to one commit.

use super::*;
use futures::future::join_all;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_a_hundred_times_at_once_makes_one_job() {
    let house = House::new().await;
    let pr = pr(1);

    let outcomes = join_all((0..100).map(|_| house.push(&pr, "guid"))).await;

    let new = outcomes.iter().filter(|o| **o == Enqueued::New).count();
    let known = outcomes
        .iter()
        .filter(|o| **o == Enqueued::Duplicate)
        .count();
    assert_eq!((new, known), (1, 99));
    assert_eq!(house.store.backlog().await.unwrap(), 1);
    assert_eq!(guids(&house.claim(LONG).await), ["guid"]);
    assert!(house.nothing_ready().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_pushes_while_a_job_runs_wait_as_one_job_in_order() {
    let house = House::new().await;
    let pr = pr(1);
    house.push(&pr, "first").await;
    let running = house.claim(LONG).await;

    let names: Vec<String> = (0..200).map(|n| format!("push-{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let expected = match n {
            0 => Enqueued::New,
            _ => Enqueued::Absorbed,
        };
        assert_eq!(house.push(&pr, name).await, expected);
    }

    assert_eq!(house.store.backlog().await.unwrap(), 2);
    assert!(house.nothing_ready().await, "one job at a time");
    house.store.complete(&running.lease).await.unwrap();
    let waiting = house.claim(LONG).await;
    assert_eq!(guids(&waiting), names);
    assert_eq!(waiting.events[7].event, "event of push-7");
    let times: Vec<i64> = waiting.events.iter().map(|e| e.received_at).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_arrive_together_share_commits() {
    let house = House::new().await;
    let pr = pr(1);
    let before = house.store.commits();
    let names: Vec<String> = (0..200).map(|n| format!("push-{n}")).collect();

    let outcomes = join_all(names.iter().map(|name| house.push(&pr, name))).await;

    let commits = house.store.commits() - before;
    assert!(commits <= 50, "200 deliveries took {commits} commits");
    let new = outcomes.iter().filter(|o| **o == Enqueued::New).count();
    assert_eq!(new, 1, "the others were absorbed: {outcomes:?}");
    assert_eq!(house.claim(LONG).await.events.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_work_is_kept_and_known_again() {
    let house = House::new().await;
    let outcome = house.store.enqueue(delivery("ping"), None).await;
    assert_eq!(outcome, Ok(Enqueued::NoJob));
    assert!(house.nothing_ready().await);
    assert_eq!(house.push(&pr(1), "ping").await, Enqueued::Duplicate);
    assert!(house.nothing_ready().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_with_another_body_changes_nothing() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    let forged = Delivery {
        body: b"something else".to_vec(),
        ..delivery("guid")
    };
    let outcome = house.store.enqueue(forged, None).await;
    assert_eq!(outcome, Ok(Enqueued::Duplicate));
    let same = "SELECT body = CAST('body of guid' AS BLOB) FROM deliveries";
    assert_eq!(house.number(same).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_bytes_is_kept_as_it_came() {
    let house = House::new().await;
    let body: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let sent = Delivery {
        body: body.clone(),
        ..delivery("guid")
    };
    house.store.enqueue(sent, None).await.unwrap();
    let row = house
        .outside()
        .await
        .fetch_one("SELECT body FROM deliveries")
        .await
        .unwrap();
    assert!(row.get::<Vec<u8>, _>(0) == body);
}

/// What a full disk looks like to the store: an error in the middle, the transaction already rolled back.
const DISK_FULL: &str = "CREATE TRIGGER disk_full BEFORE INSERT ON job_events \
     BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_acknowledges_nothing_and_heals() {
    let house = House::new().await;
    let pr = pr(1);
    house.push(&pr, "before").await;
    house.meddle(DISK_FULL).await;

    let names: Vec<String> = (0..20).map(|n| format!("push-{n}")).collect();
    let outcomes = join_all(names.iter().map(|name| push(&house.store, &pr, name))).await;
    for outcome in outcomes {
        let Err(StoreError::Database(text)) = outcome else {
            panic!("acknowledged on a full disk: {outcome:?}");
        };
        assert!(text.contains("disk is full"), "{text}");
    }
    house.store.ping().await.unwrap();

    house.meddle("DROP TRIGGER disk_full").await;
    for name in &names {
        assert_eq!(house.push(&pr, name).await, Enqueued::Absorbed);
    }
    assert_eq!(house.claim(LONG).await.events.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_the_database_cannot_take_does_not_refuse_the_others() {
    let house = House::new().await;
    house
        .meddle(
            "CREATE TRIGGER poison BEFORE INSERT ON deliveries WHEN NEW.guid = 'push-7' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END",
        )
        .await;
    let pr = pr(1);
    let names: Vec<String> = (0..20).map(|n| format!("push-{n}")).collect();
    let outcomes = join_all(names.iter().map(|name| push(&house.store, &pr, name))).await;
    for (name, outcome) in names.iter().zip(&outcomes) {
        assert_eq!(outcome.is_err(), name == "push-7", "{name}: {outcome:?}");
    }
    assert_eq!(house.claim(LONG).await.events.len(), 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_too_large_for_the_database_is_refused_by_name() {
    let house = House::new().await;
    let mut odd = pr(1);
    odd.installation = u64::MAX;
    let refused = push(&house.store, &odd, "guid").await.unwrap_err();
    assert!(refused.to_string().contains("installation"), "{refused}");
    assert_eq!(house.push(&pr(1), "guid").await, Enqueued::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hung_up_harms_nobody() {
    let house = House::new().await;
    let pr = pr(1);
    for n in 0..50 {
        let name = format!("gone-{n}");
        let waiting = push(&house.store, &pr, &name);
        tokio::time::timeout(Duration::from_micros(50 * n), waiting)
            .await
            .ok();
    }
    house.push(&pr, "last").await;
    let claimed = house.claim(LONG).await;
    assert_eq!(guids(&claimed).last(), Some(&"last"));
}
