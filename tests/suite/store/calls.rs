//! Requests to models: written down before they are made, counted with the most they can take until their end is known,
//! and refused in the same transaction that would have written them down.

use super::*;
use discussions::store::{Announced, CallEnd, NewCall, Spent, SpentSoFar, Taken};
use std::sync::{Arc, Mutex};

/// A request that can take at most 1,000 + 500 tokens and 2,000 nano-dollars.
pub(super) fn call(job: &str, persona: &str) -> NewCall {
    NewCall {
        job: job.into(),
        path: "design/cache.md".into(),
        persona: persona.into(),
        model: "openai/test".into(),
        request: "a".repeat(64),
        is_question: false,
        at_most: Taken {
            input: 1_000,
            output: 500,
            cost: Some(2_000),
            ..Taken::default()
        },
    }
}

fn end(input: u64, output: u64, cost: Option<u64>) -> CallEnd {
    CallEnd {
        taken: Taken {
            input,
            output,
            cost,
            ..Taken::default()
        },
        lost: 0,
        said: Ok("{}".into()),
    }
}

/// Announces without a limit: its number, and what was spent before it.
async fn announce(house: &House, on: &Claimed, call: &NewCall) -> (i64, SpentSoFar) {
    let seen = Mutex::new(SpentSoFar::default());
    let note = |so_far: &SpentSoFar| {
        *seen.lock().unwrap() = *so_far;
        Ok(())
    };
    let announced = house.store.announce_call(&on.lease, &on.pr, call, &note);
    let Announced::Allowed(id) = announced.await.unwrap() else {
        panic!("nothing forbids it");
    };
    (id, seen.into_inner().unwrap())
}

async fn job_on(house: &House, number: u64) -> Claimed {
    house.push(&pr(number), &format!("push to {number}")).await;
    house.claim(LONG).await
}

fn spent(tokens: u64, cost: u64) -> Spent {
    Spent { tokens, cost }
}

#[tokio::test]
async fn a_request_counts_with_its_most_until_it_is_settled_and_then_with_what_it_took() {
    let house = House::new().await;
    let one = job_on(&house, 1).await;
    let (first, before) = announce(&house, &one, &call(&one.id, "security")).await;
    assert_eq!(before, SpentSoFar::default());
    let (_, before) = announce(&house, &one, &call(&one.id, "architect")).await;
    assert_eq!(before.round, spent(1_500, 2_000));
    house
        .store
        .settle_call(first, &end(700, 30, Some(900)))
        .await
        .unwrap();
    // A second end is a stale worker's, and changes nothing.
    house
        .store
        .settle_call(first, &end(1, 1, Some(1)))
        .await
        .unwrap();
    let two = job_on(&house, 2).await;
    let (_, before) = announce(&house, &two, &call(&two.id, "security")).await;
    assert_eq!(before.round, spent(0, 0), "another job");
    assert_eq!(before.pull, spent(0, 0), "another pull request");
    assert_eq!(
        before.day,
        spent(730 + 1_500, 900 + 2_000),
        "one repository"
    );
    let rows = house.store.calls_of(&one.id).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].settled && !rows[1].settled);
    assert_eq!(rows[0].said, Some(Ok("{}".into())));
    assert_eq!(rows[0].call.at_most.input, 1_000, "the estimate stays");
    assert_eq!(rows[0].taken.input, 700);
    let sums = house.store.spent_on(&pr(1)).await.unwrap();
    let unsettled: u64 = sums.iter().map(|row| row.unsettled).sum();
    assert_eq!((sums.len(), unsettled), (2, 1));
}

#[tokio::test]
async fn a_refused_request_leaves_no_row() {
    let house = House::new().await;
    let job = job_on(&house, 1).await;
    let refuse = |_: &SpentSoFar| Err("no money".to_owned());
    let one = call(&job.id, "security");
    let announced = house
        .store
        .announce_call(&job.lease, &job.pr, &one, &refuse);
    assert_eq!(announced.await, Ok(Announced::Refused("no money".into())));
    assert_eq!(house.number("SELECT COUNT(*) FROM calls").await, 0);
    assert_eq!(house.store.spent_since(0).await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_requests_at_once_only_as_many_pass_as_the_limit_holds() {
    let house = Arc::new(House::new().await);
    let mut jobs = Vec::new();
    for number in 1..=20 {
        jobs.push(job_on(&house, number).await);
    }
    let mut asking = tokio::task::JoinSet::new();
    for job in jobs {
        let house = Arc::clone(&house);
        asking.spawn(async move {
            let may = |so_far: &SpentSoFar| match so_far.day.cost + 2_000 <= 10_000 {
                true => Ok(()),
                false => Err("full".to_owned()),
            };
            let call = call(&job.id, "security");
            let announced = house.store.announce_call(&job.lease, &job.pr, &call, &may);
            announced.await.unwrap()
        });
    }
    let announced = asking.join_all().await;
    let passed = announced
        .iter()
        .filter(|one| matches!(one, Announced::Allowed(_)));
    assert_eq!(passed.count(), 5);
}

#[tokio::test]
async fn the_day_ends_at_midnight_utc_and_other_repositories_have_their_own() {
    let house = House::new().await;
    let job = job_on(&house, 1).await;
    announce(&house, &job, &call(&job.id, "security")).await;
    let midnight = "(CAST(unixepoch() AS INTEGER) / 86400 * 86400 * 1000)";
    house
        .meddle(&format!("UPDATE calls SET called_at = {midnight} - 1"))
        .await;
    let (_, before) = announce(&house, &job, &call("another job", "security")).await;
    assert_eq!(before.day, spent(0, 0), "that was yesterday");
    assert_eq!(
        before.pull,
        spent(1_500, 2_000),
        "and it is the same pull request"
    );
    house
        .meddle(&format!("UPDATE calls SET called_at = {midnight}"))
        .await;
    let (_, before) = announce(&house, &job, &call("a third", "security")).await;
    assert_eq!(before.day, spent(3_000, 4_000), "from midnight on");
    house.push(&pr_of(9, 1), "elsewhere").await;
    let elsewhere = house.claim(LONG).await;
    let (_, before) = announce(&house, &elsewhere, &call(&elsewhere.id, "security")).await;
    assert_eq!(before, SpentSoFar::default());
}

#[tokio::test]
async fn what_is_announced_survives_a_crash() {
    let mut house = House::new().await;
    let job = job_on(&house, 1).await;
    announce(&house, &job, &call(&job.id, "security")).await;
    house.restart().await;
    let again = house.claim(LONG).await;
    assert_eq!(again.id, job.id);
    let (_, before) = announce(&house, &again, &call(&again.id, "security")).await;
    assert_eq!(before.round, spent(1_500, 2_000), "it may have been made");
    let one = call(&job.id, "security");
    let late = house
        .store
        .announce_call(&job.lease, &job.pr, &one, &|_| Ok(()));
    assert_eq!(late.await, Err(StoreError::LeaseLost));
}

#[tokio::test]
async fn a_price_that_is_not_known_leaves_tokens_to_count() {
    let house = House::new().await;
    let job = job_on(&house, 1).await;
    let mut unpriced = call(&job.id, "security");
    unpriced.at_most.cost = None;
    let (id, _) = announce(&house, &job, &unpriced).await;
    house
        .store
        .settle_call(id, &end(700, 30, None))
        .await
        .unwrap();
    let sums = house.store.spent_since(0).await.unwrap();
    assert_eq!(sums.len(), 1);
    assert_eq!(
        (sums[0].calls, sums[0].unpriced, sums[0].taken.cost),
        (1, 1, None)
    );
    assert_eq!(sums[0].repo.owner, "acme");
}

#[tokio::test]
async fn senseless_figures_of_a_service_do_not_break_the_sums() {
    let house = House::new().await;
    let job = job_on(&house, 1).await;
    for persona in ["a", "b", "c"] {
        let (id, _) = announce(&house, &job, &call(&job.id, persona)).await;
        let senseless = end(u64::MAX, u64::MAX, Some(u64::MAX));
        house.store.settle_call(id, &senseless).await.unwrap();
    }
    let (_, before) = announce(&house, &job, &call(&job.id, "d")).await;
    assert!(before.round.tokens > 1_000_000_000, "{before:?}");
    assert!(before.round.cost > 1_000_000_000_000, "{before:?}");
}

#[tokio::test]
async fn words_of_models_are_cut_and_go_after_a_month_and_figures_stay() {
    let house = House::new().await;
    let job = job_on(&house, 1).await;
    let long = "€".repeat(30_000);
    for persona in ["old", "new"] {
        let (id, _) = announce(&house, &job, &call(&job.id, persona)).await;
        let said = Ok(long.clone());
        let end = CallEnd {
            said,
            ..end(700, 30, Some(900))
        };
        house.store.settle_call(id, &end).await.unwrap();
    }
    let words = |said: &Option<Result<String, String>>| said.clone().map(|said| said.unwrap());
    let kept = words(&house.store.calls_of(&job.id).await.unwrap()[0].said).unwrap();
    assert!(kept.len() <= 65_536 && kept.len() > 65_530 && long.starts_with(&kept));
    let month = 31_i64 * 24 * 60 * 60 * 1000;
    house
        .meddle(&format!(
            "UPDATE calls SET called_at = called_at - {month} WHERE persona = 'old'"
        ))
        .await;
    house.store.prune().await.unwrap();
    let rows = house.store.calls_of(&job.id).await.unwrap();
    assert_eq!(words(&rows[0].said), None);
    assert_eq!(rows[0].taken.cost, Some(900));
    assert!(words(&rows[1].said).is_some());
}
