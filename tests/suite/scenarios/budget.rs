//! What models may take: limits of a round, a pull request and a day; what is published when one is reached, what is
//! said, and how it goes on.

use super::{CACHE, PATH, revised};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Bill, Scripted};
use discussions::sandbox::{DEMO_REPO, FileEdit};
use discussions::store::{Spending, Store};
use std::sync::Arc;
use std::time::Duration;

/// A request that can take a cent and takes a fifth of it.
const CHEAP: Bill = Bill {
    price: Some(20_000),
    most: 500,
    written: 100,
};
/// A request that can take a cent and takes most of it.
const DEAR: Bill = Bill {
    written: 400,
    ..CHEAP
};
/// Nano-dollars.
const CENT: u64 = 10_000_000;

async fn spending(rig: &Rig, number: u64) -> Vec<Spending> {
    rig.store.spent_on(&rig.pr(number)).await.unwrap()
}

/// Requests that were announced about a pull request, and what they count.
async fn spent(rig: &Rig, number: u64) -> (u64, u64) {
    let rows = spending(rig, number).await;
    let calls = rows.iter().map(|row| row.calls).sum();
    let cost = rows.iter().filter_map(|row| row.taken.cost).sum();
    (calls, cost)
}

fn answers(rig: &Rig, number: u64) -> usize {
    rig.file(number, PATH).matches("\nName: AI-").count()
}

#[track_caller]
fn says(rig: &Rig, number: u64, words: &[&str]) {
    let summary = rig.summary(number).replace('\\', "");
    for word in words {
        assert!(summary.contains(word), "{word:?} is not in {summary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_that_fit_are_published_and_a_raised_limit_buys_the_rest() {
    let model = Arc::new(Scripted::paid(CHEAP));
    let rig = Rig::scripted(&model, "budget: {per_round: {usd: 0.01}}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 1, "one fits, the others might not");
    assert_eq!(answers(&rig, number), 1, "what was answered is published");
    assert_eq!(spent(&rig, number).await, (1, CENT / 5));
    let title = rig.title(number);
    assert!(title.starts_with("DEGRADED: "), "{title}");
    says(
        &rig,
        number,
        &[
            "the budget: a request may take up to $0.01, $0.008 of $0.01 for a round are left",
            "`budget.per_round.usd` in .github/discussions.yml on the base branch",
            "ask again, which is a new round",
            "once the budget allows it",
            "Models took on this pull request so far: $0.002, ",
        ],
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(!rig.mergeable(number), "{}", rig.title(number));
    rig.configure("budget: {per_round: {usd: 1}}\n").await;
    assert_eq!(model.calls().len(), 1, "a raised limit alone asks nobody");
    rig.say("ann", number, "/discuss").await;
    assert_eq!(model.calls().len(), 3, "only those that were not asked");
    assert_eq!(answers(&rig, number), 3);
    assert_eq!(spent(&rig, number).await, (3, 3 * CENT / 5));
    assert!(rig.mergeable(number), "{}", rig.title(number));
    // What is stored costs nothing, however often it is asked for.
    rig.say("ann", number, "/discuss all").await;
    assert_eq!(spent(&rig, number).await.0, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_has_one_limit_over_all_its_rounds() {
    let model = Arc::new(Scripted::paid(DEAR));
    let rig = Rig::scripted(&model, "budget: {per_pr: {usd: 0.03}}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    assert_eq!(spent(&rig, number).await, (3, 3 * CENT * 4 / 5));
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    assert_eq!(model.calls().len(), 3, "no request after that");
    assert!(rig.title(number).starts_with("DEGRADED: "));
    says(
        &rig,
        number,
        &["$0.006 of $0.03 for this pull request are left; raise `budget.per_pr.usd`"],
    );
    // A question gets an answer of some kind, and takes no vote away.
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    let replies = rig.replies(number);
    let last = replies.last().unwrap().replace('\\', "");
    assert!(last.contains("could not answer: the budget: "), "{last}");
    assert!(last.contains("`budget.per_pr.usd`"), "{last}");
    assert_eq!(model.calls().len(), 3);
    assert!(!rig.mergeable(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_shared_by_pull_requests_and_ends_at_midnight() {
    let model = Arc::new(Scripted::paid(DEAR));
    let rig = Rig::scripted(&model, "budget: {per_day: {usd: 0.03}}\n").await;
    let first = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    let other = CACHE.replace("one minute", "one hour");
    let edit = FileEdit::write("design/other.md", &other);
    rig.sandbox
        .push("rob", DEMO_REPO, "other", "propose", &[edit])
        .unwrap();
    let second = rig.pull("rob", "other");
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "nothing is left today");
    assert!(rig.title(second).starts_with("DEGRADED: "));
    says(
        &rig,
        second,
        &["$0.006 of $0.03 for this repository today are left; ask again after midnight UTC"],
    );
    rig.meddle("UPDATE calls SET called_at = called_at - 86400000")
        .await;
    rig.say("ann", second, "/discuss").await;
    assert_eq!(model.calls().len(), 6, "another day");
    assert_eq!(spent(&rig, first).await.0, 3);
    rig.say("ann", second, "/discuss vote ready").await;
    assert!(rig.mergeable(second), "{}", rig.title(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn personas_that_are_asked_together_cannot_pass_a_limit_together() {
    let model = Arc::new(Scripted::paid(CHEAP));
    model.hold_back();
    let rig = Rig::scripted(&model, "budget: {per_round: {usd: 0.02}}\n").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(model.calls().len(), 2, "the third might be too much");
    assert_eq!(spent(&rig, number).await, (2, 2 * CENT));
    // The two take less than they could, which leaves room for the third.
    model.let_go();
    rig.settle().await;
    assert_eq!(model.calls().len(), 3);
    assert_eq!(spent(&rig, number).await, (3, 3 * CENT / 5));
    assert!(
        rig.title(number).starts_with("DISCUSSING: "),
        "{}",
        rig.title(number)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_cut_off_counts_with_its_most() {
    let model = Arc::new(Scripted::paid(CHEAP));
    model.hold_back();
    let mut rig = Rig::scripted(&model, "budget: {per_round: {usd: 0.03}}\n").await;
    rig.propose("rob", PATH, CACHE);
    let number = rig.pull("rob", "topic");
    rig.until(|| model.calls().len() == 3).await;
    let copy = rig.backup();
    rig.start_over(Some(copy)).await;
    rig.settle().await;
    assert_eq!(model.calls().len(), 3, "they may have been paid for");
    assert_eq!(spent(&rig, number).await, (3, 3 * CENT));
    let open: u64 = spending(&rig, number)
        .await
        .iter()
        .map(|row| row.unsettled)
        .sum();
    assert_eq!(open, 3);
    assert!(
        rig.title(number).starts_with("DEGRADED: "),
        "{}",
        rig.title(number)
    );
    says(
        &rig,
        number,
        &[
            "so far: $0.03, ",
            "(3 requests, whose end is not known, with the most they can have taken)",
        ],
    );
    model.let_go();
    rig.say("ann", number, "/discuss").await;
    assert_eq!(model.calls().len(), 6, "asked again, which is a new round");
    assert_eq!(answers(&rig, number), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_in_tokens_hold_whatever_the_price() {
    for (bill, limit) in [
        (CHEAP, "per_round"),
        (
            Bill {
                price: None,
                ..CHEAP
            },
            "per_pr",
        ),
        (
            Bill {
                price: Some(0),
                ..CHEAP
            },
            "per_day",
        ),
    ] {
        let model = Arc::new(Scripted::paid(bill));
        let config = format!("budget: {{{limit}: {{tokens: 900}}}}\n");
        let rig = Rig::scripted(&model, &config).await;
        let number = rig.open("rob", PATH, CACHE).await;
        assert_eq!(model.calls().len(), 0, "{limit}");
        assert!(rig.title(number).starts_with("DEGRADED: "), "{limit}");
        let key = format!("`budget.{limit}.tokens`");
        says(
            &rig,
            number,
            &[" tokens, 900 of 900 tokens for ", &key, "then ask again"],
        );
        assert!(!rig.summary(number).contains("Models took"), "nothing was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_known_price_is_told_and_zero_allows_nothing() {
    let unpriced = Bill {
        price: None,
        ..CHEAP
    };
    let model = Arc::new(Scripted::paid(unpriced));
    let rig = Rig::scripted(&model, "budget: {per_round: {usd: 0.01}}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    says(
        &rig,
        number,
        &[
            "No price is known for test/scripted: limits in dollars do not count it, the limits in tokens hold",
            "Models took on this pull request so far: 300 tokens: architect 100 tokens",
        ],
    );
    for bill in [unpriced, CHEAP] {
        let model = Arc::new(Scripted::paid(bill));
        let rig = Rig::scripted(&model, "budget: {per_day: {usd: 0}}\n").await;
        let number = rig.open("rob", PATH, CACHE).await;
        assert_eq!(model.calls().len(), 0, "{bill:?}");
        let said = match bill.price {
            None => "a request has no known price, $0.00 of $0.00",
            Some(_) => "a request may take up to $0.01, $0.00 of $0.00",
        };
        says(&rig, number, &[said]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_spent_nothing_is_said_of_it() {
    let rig = Rig::with(Setup {
        config: Some(format!(
            "{AT_ONCE}budget: {{per_round: {{usd: 0, tokens: 0}}}}\n"
        )),
        ..Setup::default()
    })
    .await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(answers(&rig, number), 3, "the checklist costs nothing");
    let summary = rig.summary(number);
    assert!(!summary.contains("Models took"), "{summary}");
    assert_eq!(spending(&rig, number).await, Vec::new());
}
