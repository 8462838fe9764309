//! The server's door: who may stand behind it, what comes through it, and with which secret.

use crate::support::stand::{Left, SECRET, Stand};
use discussions::sandbox::{Delivery, EffectKind};
use discussions::signing::Keys;

/// A later secret, for the change of secrets.
const NEXT: &str = "the second secret of this house which follows it";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let stand = Stand::start().await;
    let mut second = stand.command();
    let second = second
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{said}");
    for words in [
        "discussions.db",
        "in use by another process",
        "stop that one first",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let health = get(&format!("{}/healthz", stand.server().url)).await;
    assert_eq!(health, (200, "ok".to_owned()), "the first one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_failed_while_it_was_away_are_redelivered_by_hand() {
    let mut stand = Stand::start().await;
    stand.kill();
    let number = stand.propose();
    stand.sandbox.wait_until_idle().await;
    let missed = opened(&stand);
    assert_eq!(missed.status_code, 502);
    stand.start_server().await;
    for _ in 0..3 {
        assert!(stand.sandbox.redeliver(&missed.guid));
    }
    stand.settle(number).await;
    assert_eq!(stand.left(number), Left::after_one_round());
    assert_eq!(
        stand.count(EffectKind::CheckCreated),
        2,
        "one in progress, one on the new head"
    );
    let again = opened(&stand);
    assert_eq!((again.guid, again.status_code), (missed.guid, 202));
}

/// The newest attempt to deliver the opening of the pull request.
fn opened(stand: &Stand) -> Delivery {
    let log = stand.sandbox.deliveries();
    let newest = log.into_iter().rfind(|delivery| {
        delivery.event == "pull_request" && delivery.action.as_deref() == Some("opened")
    });
    newest.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_are_answered() {
    let stand = Stand::start().await;
    for page in ["healthz", "readyz"] {
        let answer = get(&format!("{}/{page}", stand.server().url)).await;
        assert_eq!(answer, (200, "ok".to_owned()), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_keys_are_there_for_everybody_and_stay_over_a_restart() {
    let mut stand = Stand::start().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let url = format!("{}/.well-known/jwks.json", stand.server().url);
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("cache-control"), "public, max-age=300");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("\"d\""), "no private key: {text}");
        seen.push(Keys::from_jwks(text.as_bytes()).unwrap());
        stand.kill();
        stand.start_server().await;
    }
    assert_eq!(seen[0].0.len(), 1);
    assert_eq!(seen[0], seen[1]);
}

/// Status and the `status` of a page.
async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    let code = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap();
    (code, body["status"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_change_without_a_lost_delivery_and_the_retired_one_is_refused() {
    let mut stand = Stand::build().await;
    stand.accept(&format!("{NEXT}, {SECRET}"));
    stand.start_server().await;
    let number = stand.propose();
    stand.acknowledged("pull_request", "opened").await;
    let hook = format!("{}/api/github/webhooks", stand.server().url);
    stand.sandbox.set_webhook(&hook, NEXT);
    stand.say("ann", number, "/discuss status");
    stand.acknowledged("issue_comment", "created").await;
    stand.settle(number).await;
    let handled = stand.count(EffectKind::CommentCreated);
    assert_eq!(handled, 1, "both secrets were good: {}", stand.log());

    stand.accept(NEXT);
    stand.start_server().await;
    stand.say("ann", number, "/discuss help");
    stand.sandbox.wait_until_idle().await;
    let refused = stand.sandbox.deliveries().pop().unwrap();
    assert_eq!(refused.event, "issue_comment");
    assert_eq!(refused.status_code, 401, "{}", refused.response);
    let hook = format!("{}/api/github/webhooks", stand.server().url);
    stand.sandbox.set_webhook(&hook, NEXT);
    assert!(stand.sandbox.redeliver(&refused.guid));
    stand.settle(number).await;
    assert_eq!(
        stand.count(EffectKind::CommentCreated),
        2,
        "{}",
        stand.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_about_a_job_names_the_delivery_that_caused_it() {
    let mut stand = Stand::build().await;
    stand.set("LOG_FORMAT", "json");
    stand.start_server().await;
    let number = stand.propose();
    stand.answered(number).await;
    let opened = opened(&stand).guid;
    stand.terminate().await;
    let log = stand.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let job = lines
        .iter()
        .filter(|line| line["message"] == "job claimed")
        .find(|line| line["deliveries"].as_str().unwrap().contains(&opened));
    let job = job.unwrap()["job"].clone();
    let of_job = |line: &&serde_json::Value| {
        let mut spans = line["spans"].as_array().into_iter().flatten();
        line["job"] == job || spans.any(|span| span["id"] == job)
    };
    let mut seen = Vec::new();
    for line in lines.iter().filter(of_job) {
        let mut spans = line["spans"].as_array().into_iter().flatten();
        let is_named = spans.any(|span| {
            let deliveries = span["deliveries"].as_str();
            deliveries.is_some_and(|all| all.contains(&opened))
        });
        assert!(is_named, "{line}");
        seen.push(line["message"].as_str().unwrap_or_default().to_owned());
    }
    for message in ["job claimed", "turn", "committing", "job left"] {
        assert!(seen.iter().any(|one| one == message), "{message}: {seen:?}");
    }
}
