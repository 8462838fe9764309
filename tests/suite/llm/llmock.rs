//! A stranger's judge: LLMock (PyPI `llmock` 0.2.2) plays both services, breaks them on demand and grades the client.
//! `LLMOCK` names its program.

use super::*;
use discussions::engine::vote::Vote;
use discussions::llm::ModelError;
use discussions::llm::meter::Unmetered;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(program: &str, options: &[&str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let child = Command::new(program)
            .args(["serve", "--log-level", "error", "--port", &port.to_string()])
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        while reqwest::get(format!("{}/health", server.url))
            .await
            .is_err()
        {
            assert_eq!(server.child.try_wait().unwrap(), None, "llmock ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn script(&self, behaviors: Value) {
        let url = format!("{}/_llmock/scenario", self.url);
        let body = json!({ "behaviors": behaviors });
        let answer = reqwest::Client::new()
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    async fn verdict(&self) -> Value {
        let url = format!("{}/_llmock/verdict", self.url);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    fn endpoint(&self, protocol: Protocol) -> Endpoint {
        let base = match protocol {
            Protocol::Anthropic => format!("{}/anthropic", self.url),
            Protocol::OpenAi => self.url.clone(),
        };
        Endpoint {
            patience: Patience::default(),
            ..protocol.endpoint(&base)
        }
    }
}

#[tokio::test]
#[ignore = "needs llmock"]
async fn llmock_finds_nothing_wrong_with_the_client() {
    let program = std::env::var("LLMOCK").expect("LLMOCK names the program `llmock`");
    let server = Server::start(&program, &[]).await;
    for protocol in PROTOCOLS {
        let good = json!({"type": "reply", "text": GOOD});
        let model = protocol.model_at(server.endpoint(protocol));
        // Each turn has words of its own: a request sent twice would count as one tried again.
        let mut turn = 0;
        let mut next = || {
            turn += 1;
            Prompt {
                question: Some(format!("Turn {turn}?")),
                ..prompt()
            }
        };
        let recovers = [
            json!([good]),
            json!([{"type": "fail", "status": 429, "retry_after": 1}, good]),
            json!([{"type": "fail", "status": 503, "times": 2}, good]),
            json!([{"type": "fail", "status": 502}, good]),
            json!([{"type": "fail", "status": 529}, good]),
            json!([{"type": "reply", "text": "Sure, READY!"}, good]),
            json!([{"type": "reply", "text": &GOOD[..GOOD.len() / 2]}, good]),
            json!([{"type": "reply", "text": GOOD.replace("READY", "MAYBE")}, good]),
        ];
        for behaviors in recovers {
            server.script(behaviors.clone()).await;
            let answer = model.answer(&next(), &Unmetered).await;
            let reply = answer
                .as_ref()
                .ok()
                .and_then(|answer| answer.reply.as_ref());
            let vote = reply.and_then(|reply| reply.vote);
            assert_eq!(
                vote,
                Some(Vote::Ready),
                "{protocol:?}, {behaviors}: {answer:?}"
            );
        }
        for (status, wanted) in [
            (401, "key was refused"),
            (404, "no such model"),
            (400, "refused the request"),
        ] {
            server
                .script(json!([{"type": "fail", "status": status}]))
                .await;
            let error = model
                .answer(&next(), &Unmetered)
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(wanted), "{protocol:?}: {error}");
        }
        server
            .script(json!([{"type": "fail", "status": 503, "times": 3}]))
            .await;
        let error = model.answer(&next(), &Unmetered).await.unwrap_err();
        assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
        server
            .script(json!([{"type": "reply", "text": GOOD, "finish_reason": "length"}]))
            .await;
        let error = model.answer(&next(), &Unmetered).await.unwrap_err();
        assert!(matches!(error, ModelError::Invalid(_)), "{error}");
        let mut hasty = server.endpoint(protocol);
        hasty.patience.request = Duration::from_millis(500);
        server
            .script(json!([{"type": "delay", "seconds": 20}]))
            .await;
        let error = protocol
            .model_at(hasty)
            .answer(&next(), &Unmetered)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no answer within"), "{error}");
    }
    // A model with a small context: the prompt does not fit, by the service's own count.
    let small = Server::start(&program, &["--context-window", "300"]).await;
    for protocol in PROTOCOLS {
        let model = protocol.model_at(small.endpoint(protocol));
        let error = model.answer(&prompt(), &Unmetered).await.unwrap_err();
        let ModelError::Invalid(why) = &error else {
            panic!("{protocol:?}: {error:?}");
        };
        assert!(why.contains("refused the request (400)"), "{why}");
        assert!(
            why.contains("300"),
            "the size of the context is told: {why}"
        );
    }
    for server in [server, small] {
        let verdict = server.verdict().await;
        assert_eq!(verdict["findings"], json!([]), "{verdict:#}");
        assert_eq!(verdict["passed"], true);
    }
}

#[tokio::test]
#[ignore = "needs llmock"]
async fn llmock_finds_that_a_wait_longer_than_a_turn_is_left_to_a_later_job() {
    let program = std::env::var("LLMOCK").expect("LLMOCK names the program `llmock`");
    let server = Server::start(&program, &[]).await;
    let limited = json!([{"type": "fail", "status": 429, "retry_after": 90}]);
    for protocol in PROTOCOLS {
        server.script(limited.clone()).await;
        let model = protocol.model_at(server.endpoint(protocol));
        let error = model.answer(&prompt(), &Unmetered).await.unwrap_err();
        let ModelError::Unavailable { retry_after, .. } = error else {
            panic!("{protocol:?}: {error:?}");
        };
        assert_eq!(retry_after, Some(90), "{protocol:?}: the wait is passed on");
    }
    let verdict = server.verdict().await;
    let findings = verdict["findings"].as_array().unwrap();
    let codes: Vec<_> = findings.iter().map(|finding| &finding["code"]).collect();
    assert_eq!(codes, ["gave_up", "gave_up"], "{verdict:#}");
    assert_eq!(verdict["passed"], true);
}
