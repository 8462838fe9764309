//! `jobs`: an operator looks at the queue, while the server runs.

use super::Folder;
use discussions::ids::{PullRequest, Repo};
use discussions::store::{
    AfterFailure, BlockedJobs as _, Claimed, Delivery, NewJob, SqlStore, Store,
};
use serde_json::Value;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn store(folder: &Folder) -> SqlStore {
    let file = folder.path("data/discussions.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    SqlStore::open(&url).await.unwrap()
}

/// Something happens in a pull request of octo/design.
async fn happens(store: &SqlStore, number: u64, guid: &str) {
    let pr = PullRequest {
        installation: 1,
        repo: Repo {
            id: 7,
            owner: "octo".to_owned(),
            name: "design".to_owned(),
        },
        number,
    };
    let delivery = Delivery {
        guid: guid.to_owned(),
        event: "pull_request".to_owned(),
        body: Vec::new(),
    };
    let event = "{}".to_owned();
    store
        .enqueue(delivery, Some(NewJob { pr, event }))
        .await
        .unwrap();
}

async fn claim(store: &SqlStore) -> Claimed {
    store.claim("test", MINUTE).await.unwrap().unwrap()
}

fn jobs(json: &Value) -> Vec<(&str, &Value, &Value)> {
    let list = json["jobs"].as_array().unwrap().iter();
    list.map(|job| (job["state"].as_str().unwrap(), &job["pr"], &job["cause"]))
        .collect()
}

#[tokio::test]
async fn an_operator_sees_what_waits_runs_and_was_given_up_beside_a_running_server() {
    let folder = Folder::with(&[]);
    let store = store(&folder).await;
    folder
        .run(&["jobs"])
        .exits(0)
        .says(&["no job waits, runs or is parked"]);
    let empty = folder.run(&["jobs", "--json"]).exits(0).json();
    assert_eq!(
        empty,
        serde_json::json!({"schema": "discussions/jobs@1", "jobs": []})
    );

    happens(&store, 1, "given-up").await;
    let given_up = claim(&store).await;
    let failed = store.fail(
        &given_up.lease,
        Duration::ZERO,
        1,
        "GitHub said:\n500 \u{1b}[31moops",
    );
    assert_eq!(failed.await.unwrap(), AfterFailure::Parked);
    happens(&store, 2, "kept-out").await;
    let kept_out = claim(&store).await;
    let why = "the App is not granted issues: read";
    store.block(&kept_out.lease, why).await.unwrap();
    happens(&store, 3, "at-work").await;
    let at_work = claim(&store).await;
    for number in 0..5 {
        happens(&store, 4, &format!("waits-{number}")).await;
    }
    happens(&store, 5, "failed-once").await;
    // The first in line is that of #4; both go back, one of them after a failure.
    let first = claim(&store).await;
    store.release(&first.lease).await.unwrap();
    let second = claim(&store).await;
    let (again, other) = match second.pr.number {
        5 => (second, None),
        _ => (claim(&store).await, Some(second)),
    };
    assert_eq!(again.pr.number, 5);
    store
        .fail(&again.lease, MINUTE, 5, "a timeout")
        .await
        .unwrap();
    if let Some(other) = other {
        store.release(&other.lease).await.unwrap();
    }

    let ran = folder.run(&["jobs"]).exits(0);
    let text = ran.stdout();
    assert!(!text.contains('\u{1b}'), "{text:?}");
    ran.says(&[
        "parked   octo/design#1",
        "1 try",
        "GitHub said: 500",
        "delivery given-up",
        &given_up.id,
        "blocked  octo/design#2",
        why,
        "running  octo/design#3",
        &at_work.id,
        "waiting  octo/design#4",
        "deliveries waits-0, waits-1, waits-2 and 2 more",
        "waiting  octo/design#5",
        "a timeout",
        "tried again at ",
    ]);
    let json = folder.run(&["jobs", "--json"]).exits(0).json();
    let mut found = jobs(&json);
    found.sort_by_key(|(_, number, _)| number.as_u64());
    let said = "GitHub said:\n500 \u{1b}[31moops";
    let expected = [
        ("parked", 1, Some(said)),
        ("blocked", 2, Some(why)),
        ("running", 3, None),
        ("waiting", 4, None),
        ("waiting", 5, Some("a timeout")),
    ]
    .map(|(state, number, cause)| (state, Value::from(number), Value::from(cause)));
    for ((state, number, cause), expected) in found.into_iter().zip(&expected) {
        assert_eq!(
            (state, number, cause),
            (expected.0, &expected.1, &expected.2)
        );
    }
    assert_eq!(json["jobs"].as_array().unwrap().len(), expected.len());
    assert_eq!(
        json["jobs"][0]["state"], "parked",
        "what asks for somebody first"
    );
    for job in json["jobs"].as_array().unwrap() {
        assert_eq!(job["repo"], "octo/design");
        let since = job["since"].as_str().unwrap();
        assert!(
            chrono::DateTime::parse_from_rfc3339(since).is_ok(),
            "{since}"
        );
        let is_later = job["pr"] == 5;
        assert_eq!(job["ready_at"].is_string(), job["state"] == "waiting");
        assert!(!is_later || job["ready_at"].as_str() > Some(since), "{job}");
    }
    let fourth = json["jobs"].as_array().unwrap().iter();
    let fourth = fourth.clone().find(|job| job["pr"] == 4).unwrap();
    assert_eq!(fourth["deliveries"].as_array().unwrap().len(), 5);
}

#[test]
fn without_a_database_it_says_where_it_looked() {
    Folder::with(&[])
        .run(&["jobs"])
        .exits(2)
        .says(&["DATA_DIR or DATABASE_URL"]);
}
