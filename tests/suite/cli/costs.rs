//! `costs`: an operator asks what the panel takes, while the server runs.

use super::Folder;
use discussions::ids::{PullRequest, Repo};
use discussions::store::{Announced, CallEnd, Delivery, NewCall, NewJob, SqlStore, Store, Taken};
use serde_json::json;
use std::time::Duration;

fn pull(id: u64, name: &str, number: u64) -> PullRequest {
    PullRequest {
        installation: 1,
        repo: Repo {
            id,
            owner: "octo".to_owned(),
            name: name.to_owned(),
        },
        number,
    }
}

/// A request of a job of its own; `cost` in nano-dollars.
async fn ask(store: &SqlStore, pr: &PullRequest, persona: &str, cost: Option<u64>, ends: bool) {
    let guid = uuid::Uuid::new_v4().to_string();
    let delivery = Delivery {
        guid: guid.clone(),
        event: "pull_request".to_owned(),
        body: Vec::new(),
    };
    let job = NewJob {
        pr: pr.clone(),
        event: "{}".to_owned(),
    };
    store.enqueue(delivery, Some(job)).await.unwrap();
    let claimed = store.claim("test", Duration::from_secs(60)).await.unwrap();
    let claimed = claimed.unwrap();
    let model = match cost {
        Some(_) => "openai/priced",
        None => "ollama/unpriced",
    };
    let taken = |input, output, cost| Taken {
        input,
        output,
        cost,
        ..Taken::default()
    };
    let call = NewCall {
        job: claimed.id.clone(),
        path: "design/cache.md".to_owned(),
        persona: persona.to_owned(),
        model: model.to_owned(),
        request: "0".repeat(64),
        is_question: false,
        at_most: taken(9_000, 1_000, cost.map(|cost| cost * 10)),
    };
    let announced = store.announce_call(&claimed.lease, pr, &call, &|_| Ok(()));
    let Announced::Allowed(id) = announced.await.unwrap() else {
        panic!("nothing forbids it");
    };
    if ends {
        let end = CallEnd {
            taken: taken(1_100, 134, cost),
            lost: 0,
            said: Ok("{}".to_owned()),
        };
        store.settle_call(id, &end).await.unwrap();
    }
    store.complete(&claimed.lease).await.unwrap();
}

async fn store(folder: &Folder) -> SqlStore {
    let file = folder.path("data/discussions.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    SqlStore::open(&url).await.unwrap()
}

#[tokio::test]
async fn an_operator_sees_what_was_taken_beside_a_running_server() {
    let folder = Folder::with(&[]);
    let store = store(&folder).await;
    for (number, persona, cost) in [
        (1, "security", Some(50_000_000)),
        (1, "architect", Some(20_000_000)),
        (2, "security", Some(50_000_000)),
    ] {
        ask(&store, &pull(7, "design", number), persona, cost, true).await;
    }
    ask(&store, &pull(8, "other", 1), "security", None, true).await;
    ask(
        &store,
        &pull(7, "design", 2),
        "pragmatist",
        Some(3_000_000),
        false,
    )
    .await;
    // The repository got another name.
    ask(
        &store,
        &pull(7, "drafts", 3),
        "security",
        Some(1_000_000_000),
        true,
    )
    .await;

    let by_persona = folder.run(&["costs"]).exits(0);
    assert_eq!(
        by_persona.stdout(),
        "persona     requests  tokens   cost\n\
         security           4   4,936  $1.10\n\
         pragmatist         1  10,000  $0.03\n\
         architect          1   1,234  $0.02\n\
         total              6  16,170  $1.15\n"
    );
    by_persona.says(&[
        "the price of ollama/unpriced is not known (1 request): only their tokens are counted",
        "1 request without a known end, under way or cut off, counted with the most they can have taken",
    ]);
    let by_repo = folder.run(&["costs", "--by", "repo"]).exits(0);
    by_repo.says(&[
        "octo/drafts         5  14,936      $1.15",
        "octo/other          1   1,234  not known",
    ]);
    let json = folder
        .run(&[
            "costs",
            "--repo",
            "OCTO/design",
            "--pr",
            "2",
            "--by",
            "pr",
            "--json",
        ])
        .exits(0)
        .json();
    let expected = json!({
        "schema": "discussions/costs@1", "by": "pr", "repo": "OCTO/design", "pr": 2, "persona": null, "since": null,
        "rows": [{
            "name": "octo/drafts#2", "requests": 2, "input_tokens": 10_100, "cached_tokens": 0, "cache_write_tokens": 0,
            "output_tokens": 1_134, "usd": 0.08, "unpriced_requests": 0, "unsettled_requests": 1, "lost_requests": 0,
        }],
        "total": {
            "requests": 2, "input_tokens": 10_100, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 1_134,
            "usd": 0.08, "unpriced_requests": 0, "unsettled_requests": 1, "lost_requests": 0,
        },
    });
    assert_eq!(json, expected);
    let today = folder
        .run(&["costs", "--by", "day", "--json"])
        .exits(0)
        .json();
    let day = today["rows"][0]["name"].as_str().unwrap().to_owned();
    let month = folder.run(&["costs", "--by", "month"]).exits(0);
    month.says(&[&day[..7]]);
    folder
        .run(&["costs", "--since", &day, "--by", "model"])
        .exits(0)
        .says(&["openai/priced"]);
    folder
        .run(&["costs", "--persona", "@Architect"])
        .exits(0)
        .says(&["total             1"]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn where_there_is_nothing_it_says_so() {
    let folder = Folder::with(&[]);
    let none = folder.run(&["costs"]).exits(2);
    none.says(&["no database at", "DATA_DIR", "DATABASE_URL"]);
    assert!(!folder.path("data").exists(), "looking creates nothing");
    let store = store(&folder).await;
    let empty = folder.run(&["costs", "--since", "2026-05-01"]).exits(0);
    empty.says(&["no request to a model is recorded since 2026-05-01"]);
    ask(&store, &pull(7, "design", 1), "security", Some(1), true).await;
    let other = folder
        .run(&["costs", "--repo", "octo/desing", "--persona", "ops"])
        .exits(0);
    other.says(&[
        "recorded of octo/desing for ops",
        "there are some of octo/design",
    ]);
    for (arguments, words) in [
        (vec!["--since", "yesterday"], "write a day as in 2026-05-01"),
        (vec!["--repo", "design"], "write OWNER/NAME"),
        (vec!["--pr", "1"], "--repo"),
        (vec!["--by", "week"], "month"),
    ] {
        let refused = folder.run(&[&["costs"][..], &arguments].concat()).exits(2);
        refused.says(&[words]);
    }
    store.close().await.unwrap();
}
