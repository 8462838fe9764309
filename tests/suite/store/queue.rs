//! Jobs: one at a time for each pull request, handed on when a worker dies, and never written to by two.

use super::*;
use discussions::store::AfterFailure;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_never_work_on_one_pull_request_at_the_same_time() {
    const LANES: u64 = 20;
    const EACH: u64 = 20;
    let house = Arc::new(House::new().await);
    let busy: Arc<Mutex<HashSet<u64>>> = Arc::default();
    let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();

    let sender = tokio::spawn({
        let house = Arc::clone(&house);
        async move {
            for n in 0..EACH {
                let pushes = (0..LANES).map(|lane| {
                    let house = Arc::clone(&house);
                    async move { house.push(&pr(lane), &format!("{lane}-{n}")).await }
                });
                futures::future::join_all(pushes).await;
            }
        }
    });
    let workers = (0..8).map(|worker| {
        let (house, busy, seen) = (Arc::clone(&house), Arc::clone(&busy), Arc::clone(&seen));
        tokio::spawn(async move {
            while (seen.lock().unwrap().len() as u64) < LANES * EACH {
                let name = format!("worker-{worker}");
                let Some(job) = house.store.claim(&name, LONG).await.unwrap() else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let alone = busy.lock().unwrap().insert(job.pr.number);
                assert!(alone, "two workers on {}", job.pr);
                tokio::task::yield_now().await;
                busy.lock().unwrap().remove(&job.pr.number);
                if job.lease.token % 7 == 3 {
                    house.store.release(&job.lease).await.unwrap();
                    continue;
                }
                house.store.complete(&job.lease).await.unwrap();
                for guid in guids(&job) {
                    *seen.lock().unwrap().entry(guid.to_owned()).or_default() += 1;
                }
            }
        })
    });
    let workers: Vec<_> = workers.collect();
    sender.await.unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len() as u64, LANES * EACH);
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    assert_eq!(house.store.backlog().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_vanished_is_taken_over_with_a_higher_token() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    let first = house.claim(SHORT).await;
    let second = house.claim_when_ready(LONG).await;
    assert_eq!(second.id, first.id);
    assert_eq!(second.lease.job, first.lease.job);
    assert!(second.lease.token > first.lease.token);
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!(guids(&second), ["guid"]);
    assert!(house.nothing_ready().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_job_is_refused_whatever_it_writes() {
    for lost_by in ["take-over", "complete", "postpone", "fail", "release"] {
        for how in WRITES {
            let house = House::new().await;
            let pr = pr(1);
            house.push(&pr, "guid").await;
            let old = house.claim(SHORT).await.lease;
            if lost_by != "take-over" {
                write(&house.store, lost_by, &old, &pr).await.unwrap();
                let refused = write(&house.store, how, &old, &pr).await;
                assert_eq!(
                    refused,
                    Err(StoreError::LeaseLost),
                    "{how} right after {lost_by}"
                );
            }
            if lost_by == "complete" {
                house.push(&pr, "again").await;
            }
            let new = house.claim_when_ready(LONG).await.lease;

            let refused = write(&house.store, how, &old, &pr).await;
            assert_eq!(refused, Err(StoreError::LeaseLost), "{how} after {lost_by}");
            nothing_recorded(&house.store, &pr).await;
            write(&house.store, how, &new, &pr)
                .await
                .unwrap_or_else(|error| panic!("{how} by the new worker: {error}"));
        }
    }
}

async fn nothing_recorded(store: &SqlStore, pr: &PullRequest) {
    assert_eq!(store.pr(pr).await, Ok(PrRecord::default()));
    assert_eq!(store.discussions(pr).await, Ok(vec![]));
    assert_eq!(store.blocks(pr).await, Ok(vec![]));
    assert_eq!(store.human_votes(pr).await, Ok(vec![]));
    assert_eq!(store.answer("key").await, Ok(None));
    assert_eq!(store.effect(pr, "check").await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_gives_no_right_on_another_pull_request() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    let lease = house.claim(LONG).await.lease;
    let refused = house.store.intend(&lease, &pr(2), "check").await;
    assert_eq!(refused, Err(StoreError::LeaseLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_lease_is_not_taken_over() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    let job = house.claim(SHORT).await;
    house.store.renew(&job.lease, LONG).await.unwrap();
    tokio::time::sleep(3 * SHORT).await;
    assert!(house.nothing_ready().await);
    house.store.complete(&job.lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_unnoticed_still_finishes_its_work() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    let job = house.claim(SHORT).await;
    tokio::time::sleep(3 * SHORT).await;
    house
        .store
        .intend(&job.lease, &pr(1), "check")
        .await
        .unwrap();
    house.store.complete(&job.lease).await.unwrap();
    assert_eq!(house.store.backlog().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_process_that_died_are_taken_over_at_once() {
    let mut house = House::new().await;
    house.push(&pr(1), "guid").await;
    let before = house.claim(LONG).await;
    house.restart().await;
    let after = house.claim(LONG).await;
    assert_eq!(after.id, before.id);
    assert_eq!(after.attempt, 2);
    let refused = house.store.complete(&before.lease).await;
    assert_eq!(refused, Err(StoreError::LeaseLost));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_comes_back_later_and_is_parked_after_five_tries() {
    let house = House::new().await;
    let (bad, good) = (pr(1), pr(2));
    house.push(&bad, "bad").await;
    for attempt in 1..=5 {
        let job = house.claim(LONG).await;
        assert_eq!((job.pr.number, job.attempt), (1, attempt));
        let error = format!("boom {attempt}");
        let after = house.store.fail(&job.lease, LONG, 5, &error).await;
        let expected = match attempt {
            5 => AfterFailure::Parked,
            _ => AfterFailure::Again,
        };
        assert_eq!(after, Ok(expected));
        house.push(&good, &format!("good-{attempt}")).await;
        let other = house.claim(LONG).await;
        assert_eq!(other.pr, good, "others go on meanwhile");
        house.store.complete(&other.lease).await.unwrap();
        assert!(house.nothing_ready().await);
        house.meddle("UPDATE jobs SET run_at = 0").await;
    }
    let parked = crate::support::parked(&house.store).await;
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (
            parked[0].pr.clone(),
            parked[0].attempts,
            parked[0].error.as_deref()
        ),
        (bad.clone(), 5, Some("boom 5"))
    );

    assert_eq!(house.push(&bad, "bad-again").await, Enqueued::New);
    let fresh = house.claim(LONG).await;
    assert_eq!((fresh.attempt, guids(&fresh)), (1, vec!["bad-again"]));
    assert_ne!(fresh.id, parked[0].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_job_is_not_ready_before_its_time() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    for how in ["fail", "postpone"] {
        let job = house.claim(LONG).await;
        match how {
            "fail" => house
                .store
                .fail(&job.lease, LONG, 5, "boom")
                .await
                .map(drop),
            _ => house.store.postpone(&job.lease, LONG).await,
        }
        .unwrap();
        assert!(house.nothing_ready().await, "{how}");
        let left = house.store.next_ready_in().await.unwrap().unwrap();
        assert!(left > LONG / 2 && left <= LONG, "{how}: {left:?}");
        house.push(&pr(1), &format!("meanwhile-{how}")).await;
        assert!(house.nothing_ready().await, "{how}: quiet time is kept");
        house.meddle("UPDATE jobs SET run_at = 0").await;
    }
    let job = house.claim(LONG).await;
    assert_eq!(
        job.attempt, 2,
        "the failure counts, the postponement does not"
    );
    assert_eq!(
        guids(&job),
        ["guid", "meanwhile-fail", "meanwhile-postpone"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_goes_back_takes_in_what_arrived_meanwhile() {
    for how in ["fail", "postpone", "release"] {
        let house = House::new().await;
        let old = pr(1);
        let mut renamed = old.clone();
        renamed.repo.name = "renamed".into();
        house.push(&old, "a").await;
        house.push(&old, "b").await;
        let job = house.claim(LONG).await;
        house.push(&old, "c").await;
        house.push(&renamed, "d").await;

        write(&house.store, how, &job.lease, &old).await.unwrap();

        assert_eq!(house.store.backlog().await, Ok(1), "{how}");
        let merged = house.claim_when_ready(LONG).await;
        assert_eq!(merged.id, job.id, "{how}");
        assert_eq!(guids(&merged), ["a", "b", "c", "d"], "{how}");
        assert_eq!(merged.pr, renamed, "{how}");
        let attempt = if how == "fail" { 2 } else { 1 };
        assert_eq!(merged.attempt, attempt, "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_beside_a_parked_job_gets_tries_of_its_own() {
    let house = House::new().await;
    let pr = pr(1);
    house.push(&pr, "poison").await;
    let job = house.claim(LONG).await;
    house.push(&pr, "fine").await;
    let after = house.store.fail(&job.lease, NOW, 1, "boom").await;
    assert_eq!(after, Ok(AfterFailure::Parked));
    let next = house.claim(LONG).await;
    assert_eq!((next.attempt, guids(&next)), (1, vec!["fine"]));
    house.store.complete(&next.lease).await.unwrap();
    assert_eq!(crate::support::parked(&house.store).await.len(), 1);
    assert_eq!(house.store.backlog().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_job_is_ready_at_once_and_nothing_was_counted() {
    let house = House::new().await;
    house.push(&pr(1), "guid").await;
    for _ in 0..10 {
        let job = house.claim(LONG).await;
        assert_eq!(job.attempt, 1);
        house.store.release(&job.lease).await.unwrap();
    }
    assert_eq!(house.store.next_ready_in().await, Ok(Some(NOW)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_installation_does_not_keep_the_others_waiting() {
    let house = House::new().await;
    for n in 0..6 {
        house.push(&pr_of(1, n), &format!("busy-{n}")).await;
    }
    house.push(&pr_of(2, 0), "quiet-0").await;
    house.push(&pr_of(3, 0), "still-0").await;
    house.push(&pr_of(2, 1), "quiet-1").await;

    let mut order = Vec::new();
    while let Some(job) = house.store.claim("worker", LONG).await.unwrap() {
        order.push(guids(&job)[0].to_owned());
        house.store.complete(&job.lease).await.unwrap();
    }
    assert_eq!(
        order,
        [
            "busy-0", "quiet-0", "still-0", "busy-1", "quiet-1", "busy-2", "busy-3", "busy-4",
            "busy-5"
        ],
        "one worker serves them in turn"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installation_with_fewer_running_jobs_is_next() {
    let house = House::new().await;
    for n in 0..4 {
        house.push(&pr_of(1, n), &format!("one-{n}")).await;
    }
    let first = house.claim(LONG).await;
    house.push(&pr_of(2, 0), "two-0").await;
    house.push(&pr_of(2, 1), "two-1").await;
    let second = house.claim(LONG).await;
    house.store.complete(&first.lease).await.unwrap();
    let third = house.claim(LONG).await;
    assert_eq!(guids(&first), ["one-0"]);
    assert_eq!(guids(&second), ["two-0"]);
    assert_eq!(guids(&third), ["one-1"], "none of its jobs runs any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_lease_of_a_finished_job_is_worth_nothing_for_the_next_one() {
    let house = House::new().await;
    house.push(&pr(1), "a").await;
    let first = house.claim(LONG).await;
    house.store.complete(&first.lease).await.unwrap();
    house.push(&pr(1), "b").await;
    let second = house.claim(LONG).await;
    assert_ne!(first.lease, second.lease);
    assert_ne!(first.id, second.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_learns_when_to_look_again() {
    let house = House::new().await;
    assert_eq!(house.store.next_ready_in().await, Ok(None), "empty");
    house.push(&pr(1), "a").await;
    assert_eq!(house.store.next_ready_in().await, Ok(Some(NOW)), "ready");
    let job = house.claim(LONG).await;
    house.push(&pr(1), "b").await;
    let left = house.store.next_ready_in().await.unwrap().unwrap();
    assert!(
        left > LONG / 2,
        "only a dead worker would free it: {left:?}"
    );
    house.store.complete(&job.lease).await.unwrap();
    assert_eq!(house.store.next_ready_in().await, Ok(Some(NOW)), "freed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_lease_is_only_a_long_one() {
    let house = House::new().await;
    house.push(&pr(1), "a").await;
    let job = house.claim(Duration::MAX).await;
    house.store.renew(&job.lease, Duration::MAX).await.unwrap();
    assert!(house.nothing_ready().await);
    house
        .store
        .postpone(&job.lease, Duration::MAX)
        .await
        .unwrap();
    assert!(house.nothing_ready().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_a_second_running_or_waiting_job() {
    let house = House::new().await;
    house.push(&pr(1), "a").await;
    house.claim(LONG).await;
    house.push(&pr(1), "b").await;
    let mut outside = house.outside().await;
    for sql in [
        "UPDATE jobs SET state = 'running', lease_until = 1 WHERE state = 'waiting'",
        "UPDATE jobs SET state = 'waiting', lease_until = NULL WHERE state = 'running'",
        "UPDATE jobs SET state = 'asleep' WHERE state = 'waiting'",
        "UPDATE jobs SET lease_until = 1 WHERE state = 'waiting'",
        "DELETE FROM deliveries",
    ] {
        assert!(outside.execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_deliveries_go_once_no_job_needs_them() {
    let house = House::new().await;
    house
        .meddle(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
             INSERT INTO deliveries SELECT 'old-' || i, 'push', x'00', i FROM n",
        )
        .await;
    house.push(&pr(1), "parked").await;
    let job = house.claim(LONG).await;
    house.store.fail(&job.lease, NOW, 1, "boom").await.unwrap();
    house.push(&pr(2), "waiting").await;
    house.meddle("UPDATE deliveries SET received_at = 1").await;
    house.store.enqueue(delivery("young"), None).await.unwrap();

    assert_eq!(house.store.prune().await, Ok(1200));

    assert_eq!(house.store.prune().await, Ok(0));
    for kept in ["parked", "waiting", "young"] {
        assert_eq!(house.push(&pr(3), kept).await, Enqueued::Duplicate);
    }
    assert_eq!(guids(&house.claim(LONG).await), ["waiting"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_installation_waits_whatever_comes_in_and_the_others_do_not() {
    let mut house = House::new().await;
    let elsewhere = pr_of(8, 9);
    house.push(&pr(1), "limited").await;
    let job = house.claim(LONG).await;
    house.store.hold(&job.lease, LONG).await.unwrap();
    house.push(&pr(2), "of the same").await;
    house.push(&pr(1), "of the same pull request").await;
    assert!(house.nothing_ready().await);
    let wait = house.store.next_ready_in().await.unwrap().unwrap();
    assert!(
        wait > LONG / 2 && wait <= LONG,
        "nobody looks again and again: {wait:?}"
    );
    let told = house.store.fate("of the same").await.unwrap();
    let Fate::Waiting { ready_in, .. } = told else {
        panic!("{told:?}");
    };
    assert!(ready_in > LONG / 2, "{ready_in:?}");
    house.push(&elsewhere, "of another").await;
    let other = house.claim(LONG).await;
    assert_eq!(guids(&other), ["of another"]);
    house.store.complete(&other.lease).await.unwrap();
    // The next process keeps to it.
    house.restart().await;
    assert!(house.nothing_ready().await);
    house.meddle("UPDATE jobs SET run_at = 0").await;
    assert!(house.nothing_ready().await);
    house
        .meddle("UPDATE installations SET held_until = 1")
        .await;
    let first = house.claim(LONG).await;
    assert_eq!(first.attempt, 1, "having to wait is no try");
    // A shorter limit does not cut a longer one short.
    let second = house.claim(LONG).await;
    house.store.hold(&first.lease, LONG).await.unwrap();
    house.store.hold(&second.lease, NOW).await.unwrap();
    house.meddle("UPDATE jobs SET run_at = 0").await;
    assert!(house.nothing_ready().await);
}
