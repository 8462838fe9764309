//! What services take by their own count, written down by the whole App.

use super::double::{Double, Step};
use super::*;
use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use discussions::llm::meter::Price;
use discussions::store::{CallRecord, Store};
use std::sync::Arc;

const PRICE: Price = Price {
    input: 1_000,
    cached: 100,
    cache_write: 1_250,
    output: 10_000,
};

async fn rig(protocol: Protocol, url: &str, config: &str) -> Rig {
    let endpoint = Endpoint {
        price: Some(PRICE),
        // At most two cents for each answer.
        max_output_tokens: 2_000,
        ..protocol.endpoint(url)
    };
    Rig::with(Setup {
        config: Some(format!("{AT_ONCE}{config}")),
        model: Some(Arc::from(protocol.model_at(endpoint))),
        operator: None,
    })
    .await
}

/// The requests of all rounds of a pull request.
async fn calls(rig: &Rig, number: u64) -> Vec<CallRecord> {
    let blocks = rig.store.blocks(&rig.pr(number)).await.unwrap();
    let mut jobs: Vec<String> = blocks.into_iter().map(|block| block.job).collect();
    jobs.dedup();
    let mut calls = Vec::new();
    for job in jobs {
        calls.extend(rig.store.calls_of(&job).await.unwrap());
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_written_down_with_its_words_and_what_it_took() {
    for protocol in PROTOCOLS {
        // The first answer does not read, and is asked for once more.
        let mut steps = vec![Step::json(&protocol.said("Hm.", None))];
        steps.extend(vec![Step::json(&protocol.said(GOOD, None)); 3]);
        let service = Double::start(steps).await;
        let rig = rig(protocol, &service.url(), "").await;
        let number = rig.open("rob", PATH, CACHE).await;
        let calls = calls(&rig, number).await;
        assert_eq!(calls.len(), service.asked().len());
        assert_eq!(calls.len(), 4, "{protocol:?}");
        let cost = match protocol {
            Protocol::Anthropic => 50 * 1_000 + 40 * 100 + 10 * 1_250 + 7 * 10_000,
            Protocol::OpenAi => 60 * 1_000 + 40 * 100 + 7 * 10_000,
        };
        for call in &calls {
            assert!(call.settled && call.lost == 0, "{call:?}");
            assert_eq!(
                (call.taken.input, call.taken.cached, call.taken.output),
                (100, 40, 7)
            );
            assert_eq!(call.taken.cost, Some(cost), "{protocol:?}");
            assert!(call.call.at_most.cost.unwrap() > 2_000 * 10_000, "{call:?}");
            assert_eq!(call.call.path, PATH);
            assert!(!call.call.is_question);
        }
        let said = calls.iter().map(|call| call.said.clone().unwrap().unwrap());
        let mut said: Vec<String> = said.collect();
        said.sort();
        assert_eq!(said, ["Hm.", GOOD, GOOD, GOOD]);
        let hashes: std::collections::BTreeSet<&str> = calls
            .iter()
            .map(|call| call.call.request.as_str())
            .collect();
        assert_eq!(hashes.len(), 4, "four different requests");
        rig.say("ann", number, "/discuss vote ready").await;
        assert!(rig.mergeable(number), "{}", rig.title(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_three_cents_lets_one_request_at_a_time_through_and_one_cent_none() {
    let protocol = Protocol::OpenAi;
    let service = Double::start(vec![Step::json(&protocol.said(GOOD, None)); 3]).await;
    let three = rig(
        protocol,
        &service.url(),
        "budget: {per_round: {usd: 0.03}}\n",
    )
    .await;
    let number = three.open("rob", PATH, CACHE).await;
    assert_eq!(
        service.asked().len(),
        3,
        "each takes far less than it could"
    );
    assert!(
        three.title(number).starts_with("DISCUSSING: "),
        "{}",
        three.title(number)
    );
    let service = Double::start(Vec::new()).await;
    let one = rig(
        protocol,
        &service.url(),
        "budget: {per_round: {usd: 0.01}}\n",
    )
    .await;
    let number = one.open("rob", PATH, CACHE).await;
    assert_eq!(service.asked().len(), 0);
    assert!(
        one.title(number).starts_with("DEGRADED: "),
        "{}",
        one.title(number)
    );
    assert!(!one.mergeable(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_came_counts_with_its_most_and_one_that_was_refused_with_nothing() {
    let protocol = Protocol::OpenAi;
    let cut = protocol.said(GOOD, None).to_string();
    let refused = Step::status(401, protocol.complaint("no such key"));
    for (step, is_lost) in [(Step::Cut(cut), true), (refused, false)] {
        let service = Double::start(vec![step; 9]).await;
        let rig = rig(protocol, &service.url(), "").await;
        let number = rig.open("rob", PATH, CACHE).await;
        assert!(
            rig.title(number).starts_with("DEGRADED: "),
            "{}",
            rig.title(number)
        );
        let rows = rig.store.spent_on(&rig.pr(number)).await.unwrap();
        let cost: u64 = rows.iter().filter_map(|row| row.taken.cost).sum();
        let lost: u64 = rows.iter().map(|row| row.lost).sum();
        assert_eq!(rows.iter().map(|row| row.unsettled).sum::<u64>(), 0);
        assert_eq!(
            (cost > 3 * 2_000 * 10_000, lost),
            (is_lost, 9 * u64::from(is_lost)),
            "each try of three is one that may be paid"
        );
        assert_eq!(rig.summary(number).contains("Models took"), is_lost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_counts_nothing_is_counted_by_length() {
    let protocol = Protocol::OpenAi;
    let mut body = protocol.said(GOOD, None);
    body.as_object_mut().unwrap().remove("usage");
    let service = Double::start(vec![Step::json(&body); 3]).await;
    let rig = rig(protocol, &service.url(), "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    for call in calls(&rig, number).await {
        assert_eq!(call.taken.input, call.call.at_most.input);
        assert_eq!(call.taken.output, (GOOD.len() as u64).div_ceil(3));
        assert!(call.taken.cost.unwrap() > 0);
    }
}
