//! Jobs that nobody waits for stand back, and deliveries that never came are known.

use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Puts a job of a sweep in line.
async fn pace(store: &SqlStore, pr: &PullRequest, guid: &str, delay: Duration) -> Enqueued {
    let job = NewJob {
        pr: pr.clone(),
        event: format!("event of {guid}"),
    };
    store
        .enqueue_paced(delivery(guid), job, delay)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_paced_job_waits_until_anything_else_happens() {
    let house = House::new().await;
    let store = &house.store;
    assert_eq!(pace(store, &pr(1), "look", HOUR).await, Enqueued::New);
    assert_eq!(pace(store, &pr(1), "look", HOUR).await, Enqueued::Duplicate);
    assert!(store.claim("w", LONG).await.unwrap().is_none());
    let ready = store.next_ready_in().await.unwrap().unwrap();
    assert!(ready > HOUR / 2 && ready <= HOUR, "{ready:?}");
    assert_eq!(push(store, &pr(1), "said").await, Ok(Enqueued::Absorbed));
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    assert_eq!(guids(&claimed), ["look", "said"]);
}

#[tokio::test]
async fn an_earlier_turn_counts_and_a_later_one_delays_nothing() {
    let house = House::new().await;
    let store = &house.store;
    pace(store, &pr(1), "late", HOUR).await;
    assert_eq!(pace(store, &pr(1), "now", NOW).await, Enqueued::Absorbed);
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    assert_eq!(guids(&claimed), ["late", "now"]);
    store.complete(&claimed.lease).await.unwrap();
    push(store, &pr(2), "said").await.unwrap();
    assert_eq!(pace(store, &pr(2), "look", HOUR).await, Enqueued::Absorbed);
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    assert_eq!(guids(&claimed), ["said", "look"]);
}

#[tokio::test]
async fn a_job_that_has_to_wait_is_not_hurried_because_it_was_paced_once() {
    let house = House::new().await;
    let store = &house.store;
    pace(store, &pr(1), "look", NOW).await;
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    store.postpone(&claimed.lease, HOUR).await.unwrap();
    push(store, &pr(1), "said").await.unwrap();
    assert!(
        store.claim("w", LONG).await.unwrap().is_none(),
        "a rate limit is not cut short"
    );
}

#[tokio::test]
async fn a_job_that_waits_for_a_turn_of_its_own_is_hurried_by_what_comes_in() {
    let house = House::new().await;
    let store = &house.store;
    push(store, &pr(1), "first").await.unwrap();
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    store.step_aside(&claimed.lease, HOUR).await.unwrap();
    assert!(store.claim("w", LONG).await.unwrap().is_none());
    push(store, &pr(1), "said").await.unwrap();
    let claimed = store.claim("w", LONG).await.unwrap().unwrap();
    assert_eq!(claimed.events.len(), 2);
    assert_eq!(claimed.attempt, 1, "its turn was no try");
}

/// What a running job puts in line for later.
fn later(delay: Duration) -> Change {
    Change::Later {
        guid: "later".to_owned(),
        event: "event of later".to_owned(),
        delay,
    }
}

async fn put(house: &House, job: &Claimed, pull: &PullRequest, delay: Duration) {
    let recorded = house.store.record(&job.lease, pull, &[later(delay)]).await;
    recorded.unwrap();
}

#[tokio::test]
async fn what_is_put_in_line_for_later_stands_there_once_and_with_its_newest_time() {
    let mut house = House::new().await;
    let (pull, two) = (pr(1), 2 * HOUR);
    house.push(&pull, "said").await;
    let job = house.claim(LONG).await;
    for delay in [HOUR, NOW, two] {
        put(&house, &job, &pull, delay).await;
    }
    house.store.complete(&job.lease).await.unwrap();
    assert!(house.nothing_ready().await, "the earlier times are gone");
    let ready = house.store.next_ready_in().await.unwrap().unwrap();
    assert!(ready > HOUR && ready <= two, "{ready:?}");
    house.restart().await;
    // Whatever happens makes it ready, and it goes back into line from there.
    house.push(&pull, "more").await;
    let job = house.claim(LONG).await;
    assert_eq!(guids(&job), ["later", "more"]);
    put(&house, &job, &pull, two).await;
    house.store.release(&job.lease).await.unwrap();
    let job = house.claim(LONG).await;
    assert_eq!(guids(&job).len(), 2, "once, whoever had it");
    put(&house, &job, &pull, two).await;
    house.store.complete(&job.lease).await.unwrap();
    assert!(house.nothing_ready().await);
    assert_eq!(house.store.backlog().await.unwrap(), 1);
}

#[tokio::test]
async fn nothing_is_put_in_line_without_the_lease() {
    let house = House::new().await;
    house.push(&pr(1), "said").await;
    let job = house.claim(SHORT).await;
    let taken_over = house.claim_when_ready(LONG).await;
    let changes = [later(HOUR)];
    let late = house.store.record(&job.lease, &pr(1), &changes).await;
    assert_eq!(late, Err(StoreError::LeaseLost));
    let other = house
        .store
        .record(&taken_over.lease, &pr(2), &changes)
        .await;
    assert_eq!(other, Err(StoreError::LeaseLost));
    house.store.complete(&taken_over.lease).await.unwrap();
    assert_eq!(house.store.backlog().await.unwrap(), 0);
}

#[tokio::test]
async fn a_lost_delivery_is_asked_for_less_and_less_often_and_then_no_more() {
    let mut house = House::new().await;
    house.push(&pr(1), "came").await;
    let lease = house.claim(LONG).await.lease;
    let all = ["came", "lost"].map(str::to_owned);
    let lost = vec!["lost".to_owned()];
    let never_came =
        async |store: &SqlStore, wait, most| store.never_came(&all, wait, most).await.unwrap();
    assert_eq!(never_came(&house.store, HOUR, 5).await, lost);
    house.store.asked_again(&lease, "lost").await.unwrap();
    assert!(never_came(&house.store, HOUR, 5).await.is_empty());
    assert_eq!(never_came(&house.store, NOW, 5).await, lost);
    assert!(never_came(&house.store, NOW, 1).await.is_empty());
    house
        .meddle("UPDATE redeliveries SET asked = 2, asked_at = asked_at - 3 * 3600000")
        .await;
    assert!(
        never_came(&house.store, HOUR, 5).await.is_empty(),
        "the second wait is four times the first"
    );
    house
        .meddle("UPDATE redeliveries SET asked_at = asked_at - 3600000")
        .await;
    assert_eq!(never_came(&house.store, HOUR, 5).await, lost);
    house
        .meddle("UPDATE redeliveries SET asked_at = asked_at - 8 * 86400000")
        .await;
    house.store.prune().await.unwrap();
    assert_eq!(
        never_came(&house.store, HOUR, 1).await,
        lost,
        "forgotten with what it was about"
    );
    house.restart().await;
}

#[tokio::test]
async fn what_is_known_of_a_repository_comes_by_number() {
    let house = House::new().await;
    let store = &house.store;
    let mut expected = Vec::new();
    for number in [2, 1] {
        house.push(&pr(number), &format!("guid {number}")).await;
        let lease = house.claim(LONG).await.lease;
        let record = PrRecord {
            base: "main".into(),
            seen: format!("ready {number}"),
            seen_at: 5,
            ..PrRecord::default()
        };
        store.put_pr(&lease, &pr(number), &record).await.unwrap();
        expected.insert(0, (number, record));
    }
    assert_eq!(store.pulls(pr(1).repo.id).await, Ok(expected));
    assert_eq!(store.pulls(1).await, Ok(Vec::new()));
}
