//! The real server with a model behind HTTP, round after round.

use crate::support::stand::{PATH, Stand};
use crate::wal::Wal;
use axum::routing::post;
use axum::{Json, Router};
use discussions::sandbox::FileEdit;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Pull requests that are measured together.
pub(crate) const ROUNDS: usize = 20;
/// Who answers.
pub(crate) const PANEL: [&str; 3] = ["architect", "security", "pragmatist"];
/// What about.
pub(crate) const PROPOSAL: &str = include_str!("../../src/cli/demo/proposal.md");
/// What everybody says.
pub(crate) const REPLY: &str = r#"{
    "comment": "The reads are the smaller part of the load, so the gain is bounded by what the other half of the page does. Two numbers would settle it: the share of requests that the cache can answer, and what a miss costs on a cold start after a release.",
    "vote": "CHANGES",
    "questions": ["How long may a price on the page be older than the price in the basket?"],
    "concerns": [
        {"text": "Nothing says what happens to readers while the cache is empty.", "severity": "major", "anchor": null},
        {"text": "The size of an entry is not bounded.", "severity": "minor", "anchor": null}
    ],
    "resolved": [],
    "silence": false
}"#;
/// Clock ticks of `/proc/PID/stat` in a second: 100 for every program, whatever the kernel's own (Linux, `USER_HZ`).
const TICKS: f64 = 100.0;

/// What the rounds took.
pub(crate) struct Taken {
    /// CPU time of the server for a round, in milliseconds.
    pub(crate) round: f64,
    /// The same for a pull request without a discussion.
    pub(crate) push: f64,
    /// Commits to the database, round by round, where they could be counted.
    pub(crate) commits: Vec<usize>,
    /// Requests to GitHub, tokens apart, round by round.
    pub(crate) requests: Vec<usize>,
    /// Requests to the model, round by round.
    pub(crate) asked: Vec<usize>,
}

pub(crate) async fn measure() -> Taken {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut stand = Stand::build().await;
    stand.set("DISCUSSIONS_MODEL", "openai/bench");
    stand.set("OPENAI_BASE_URL", model(asked.clone()).await);
    stand
        .configure(&format!("participants: [{}]\n", PANEL.join(", ")))
        .await;
    stand.start_server().await;
    // The first ones open connections, get tokens and fill caches.
    for name in ["warm-1", "warm-2"] {
        one(&stand, name, PATH, &proposal(name)).await;
        one(&stand, &format!("{name}-plain"), "README.md", name).await;
    }
    let mut taken = Taken {
        round: 0.0,
        push: 0.0,
        commits: Vec::new(),
        requests: Vec::new(),
        asked: Vec::new(),
    };
    let begun = cpu(&stand);
    for at in 0..ROUNDS {
        stand.sandbox.reset_ledger();
        let before = asked.load(Ordering::SeqCst);
        let wal = Wal::read(&stand.path("data/discussions.db-wal"));
        let name = format!("round-{at}");
        one(&stand, &name, PATH, &proposal(&name)).await;
        let after = Wal::read(&stand.path("data/discussions.db-wal"));
        taken.commits.extend(after.commits_since(&wal));
        taken.requests.push(requests(&stand));
        taken.asked.push(asked.load(Ordering::SeqCst) - before);
    }
    taken.round = (cpu(&stand) - begun) / ROUNDS as f64;
    let begun = cpu(&stand);
    for at in 0..ROUNDS {
        let name = format!("plain-{at}");
        one(&stand, &name, "README.md", &name).await;
    }
    taken.push = (cpu(&stand) - begun) / ROUNDS as f64;
    assert!(
        !taken.commits.is_empty(),
        "the log of the database was begun anew in every round"
    );
    taken
}

/// A text that nobody has answered on yet: what was answered once is not asked again, in any pull request.
fn proposal(name: &str) -> String {
    format!("{PROPOSAL}\n\nThis is the proposal {name}.\n")
}

/// A pull request, and all that comes of it.
async fn one(stand: &Stand, branch: &str, path: &str, text: &str) {
    let number = stand.propose_on(branch, &[FileEdit::write(path, text)]);
    stand.answered(number).await;
    // The commit's own event comes back, and the job that looks at it writes its end after the last request.
    let mut last = Wal::read(&stand.path("data/discussions.db-wal"));
    loop {
        tokio::time::sleep(Duration::from_millis(400)).await;
        stand.answered(number).await;
        let now = Wal::read(&stand.path("data/discussions.db-wal"));
        if now == last {
            break;
        }
        last = now;
    }
    if path == PATH {
        let check = stand.check(number).unwrap();
        let title = check.title.unwrap_or_default();
        assert!(title.starts_with("CHANGES"), "{title}\n{}", stand.log());
    }
}

fn requests(stand: &Stand) -> usize {
    let ledger = stand.sandbox.ledger();
    let requests = ledger.requests.iter();
    requests
        .filter(|request| !request.path.contains("access_tokens"))
        .count()
}

/// A model that says the same to everybody; gives its base URL.
async fn model(asked: Arc<AtomicUsize>) -> String {
    let answer = move || {
        asked.fetch_add(1, Ordering::SeqCst);
        let body = json!({
            "choices": [{"message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 4_000, "completion_tokens": 200},
        });
        async move { Json::<Value>(body) }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}/v1")
}

/// CPU time of the server so far, user and system, in milliseconds; fields 14 and 15 of `/proc/PID/stat` (Linux,
/// proc(5)).
fn cpu(stand: &Stand) -> f64 {
    let path = format!("/proc/{}/stat", stand.server().id());
    let text = std::fs::read_to_string(path).expect("needs Linux: /proc");
    // The name in brackets may hold blanks; behind it comes field 3.
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: f64 = [11, 12]
        .map(|at: usize| fields[at].parse::<f64>().unwrap())
        .iter()
        .sum();
    ticks * 1_000.0 / TICKS
}
