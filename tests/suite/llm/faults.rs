//! Everything that can go wrong between us and a model service, for both protocols: what comes back, and how often the
//! service was asked (and paid).

use super::double::{Double, Step};
use super::*;
use discussions::engine::vote::Vote;
use discussions::llm::endpoint::MAX_OUTPUT_TOKENS;
use discussions::llm::meter::Unmetered;
use discussions::llm::{ModelError, Usage};
use tokio::net::TcpListener;

/// What a turn ends in.
enum Wanted {
    Ready,
    /// Words of the reason, seconds to wait.
    Unavailable(&'static str, Option<u64>),
    /// Words of the reason.
    Refused(&'static str),
    /// Words of the reason.
    Invalid(&'static str),
}

use Wanted::{Invalid, Ready, Refused, Unavailable};

struct Case {
    name: &'static str,
    steps: fn(Protocol) -> Vec<Step>,
    wanted: Wanted,
    /// Requests that arrive.
    calls: usize,
}

fn good(protocol: Protocol) -> Step {
    says(protocol, GOOD)
}

fn says(protocol: Protocol, text: &str) -> Step {
    Step::json(&protocol.said(text, None))
}

/// An answer to the same request, tried again at once, would be good.
fn then_good(protocol: Protocol, step: Step) -> Vec<Step> {
    vec![step, good(protocol)]
}

fn fails(protocol: Protocol, status: u16, words: &str) -> Step {
    Step::status(status, protocol.complaint(words))
}

/// An answer that ended for want of room after so many tokens.
fn cut_off(protocol: Protocol, written: u64) -> Step {
    let (reason, counted) = match protocol {
        Protocol::Anthropic => ("max_tokens", "output_tokens"),
        Protocol::OpenAi => ("length", "completion_tokens"),
    };
    let mut body = protocol.said(GOOD, Some(reason));
    body["usage"][counted] = json!(written);
    Step::json(&body)
}

const LIMITED: &str = "limits how often it is asked (429): slow down";

fn cases() -> Vec<Case> {
    let case = |name, steps, wanted, calls| Case {
        name,
        steps,
        wanted,
        calls,
    };
    vec![
        case("good", |p| vec![good(p)], Ready, 1),
        case(
            "good in a fence",
            |p| vec![says(p, &format!("```json\n{GOOD}\n```\n"))],
            Ready,
            1,
        ),
        // Limits.
        case(
            "429, a moment",
            |p| then_good(p, fails(p, 429, "slow down").with("retry-after", 0)),
            Ready,
            2,
        ),
        case(
            "429, too long to sit out",
            |p| then_good(p, fails(p, 429, "slow down").with("retry-after", 6)),
            Unavailable(LIMITED, Some(6)),
            1,
        ),
        case(
            "429 until a date",
            |p| {
                let step = fails(p, 429, "slow down")
                    .with("date", "Tue, 14 Nov 2023 22:13:20 GMT")
                    .with("retry-after", "Tue, 14 Nov 2023 22:15:20 GMT");
                then_good(p, step)
            },
            Unavailable(LIMITED, Some(120)),
            1,
        ),
        case(
            "429 for a year",
            |p| {
                then_good(
                    p,
                    fails(p, 429, "slow down").with("retry-after", 31_536_000),
                )
            },
            Unavailable(LIMITED, Some(3_600)),
            1,
        ),
        case(
            "429 without a time",
            |p| then_good(p, fails(p, 429, "slow down")),
            Unavailable(LIMITED, None),
            1,
        ),
        case(
            "429 with a senseless time",
            |p| then_good(p, fails(p, 429, "slow down").with("retry-after", -7)),
            Unavailable(LIMITED, None),
            1,
        ),
        // Failures that pass.
        case("502", |p| then_good(p, Step::status(502, "")), Ready, 2),
        case("503", |p| then_good(p, fails(p, 503, "x")), Ready, 2),
        case(
            "529 twice",
            |p| vec![fails(p, 529, "x"), fails(p, 529, "x"), good(p)],
            Ready,
            3,
        ),
        case(
            "503 for good",
            |p| vec![fails(p, 503, "overloaded"); 9],
            Unavailable("the service failed (503): overloaded", None),
            3,
        ),
        case(
            "503, too long to sit out",
            |p| then_good(p, fails(p, 503, "back soon").with("retry-after", 90)),
            Unavailable("(503): back soon", Some(90)),
            1,
        ),
        case(
            "500 is left to the queue",
            |p| then_good(p, fails(p, 500, "oh no")),
            Unavailable("the service failed (500): oh no", None),
            1,
        ),
        case(
            "408",
            |p| then_good(p, fails(p, 408, "slow")),
            Unavailable("(408): slow", None),
            1,
        ),
        case(
            "409",
            |p| then_good(p, fails(p, 409, "busy")),
            Unavailable("(409): busy", None),
            1,
        ),
        case(
            "the connection is dropped once",
            |p| then_good(p, Step::HangUp),
            Ready,
            2,
        ),
        case(
            "the connection is dropped always",
            |_| vec![Step::HangUp; 9],
            Unavailable("the connection to 127.0.0.1 failed", None),
            3,
        ),
        case(
            "a body that is cut, then good",
            |p| then_good(p, Step::Cut(p.said(GOOD, None).to_string())),
            Ready,
            2,
        ),
        // What the operator has to mend.
        case(
            "401",
            |p| then_good(p, fails(p, 401, "invalid x-api-key")),
            Refused("the key was refused (401): invalid x-api-key"),
            1,
        ),
        case(
            "403",
            |p| then_good(p, fails(p, 403, "no")),
            Refused("the key was refused (403): no"),
            1,
        ),
        case(
            "402",
            |p| then_good(p, fails(p, 402, "top up")),
            Refused("no credit left (402): top up"),
            1,
        ),
        case(
            "404",
            |p| then_good(p, fails(p, 404, "model: test-1")),
            Refused("knows no such model or address (404): model: test-1"),
            1,
        ),
        case(
            "a redirect",
            |p| {
                then_good(
                    p,
                    Step::status(307, "").with("location", "http://elsewhere.test/v1"),
                )
            },
            Refused("redirects to elsewhere.test (307)"),
            1,
        ),
        // Requests that will never do.
        case(
            "context overflow",
            |p| then_good(p, fails(p, 400, "prompt is too long: 300000 tokens")),
            Invalid("refused the request (400): prompt is too long: 300000 tokens"),
            1,
        ),
        case(
            "413",
            |p| then_good(p, Step::status(413, "")),
            Invalid("refused the request (413): no reason given"),
            1,
        ),
        // Answers that are none.
        case(
            "HTML where JSON belongs",
            |p| {
                then_good(
                    p,
                    Step::status(200, "<!doctype html><title>Sign in</title>"),
                )
            },
            Unavailable("a page of HTML where JSON belongs", None),
            1,
        ),
        case(
            "HTML of a proxy",
            |p| then_good(p, Step::status(500, "\n<html><h1>Oops</h1></html>")),
            Unavailable("(500): a page of HTML", None),
            1,
        ),
        case(
            "empty",
            |p| then_good(p, Step::status(200, " \n")),
            Unavailable("the service's answer is empty", None),
            1,
        ),
        case(
            "half a document",
            |p| {
                let body = p.said(GOOD, None).to_string();
                then_good(p, Step::status(200, &body[..body.len() - 9]))
            },
            Unavailable("the service's answer breaks off", None),
            1,
        ),
        case(
            "plain text",
            |p| then_good(p, Step::status(200, "upstream\nwent away")),
            Unavailable("is not JSON: upstream went away", None),
            1,
        ),
        case(
            "another protocol",
            |p| then_good(p, Step::status(200, r#"{"answer": "READY"}"#)),
            Unavailable("is not of its protocol", None),
            1,
        ),
        case(
            "an error in a success",
            |p| then_good(p, fails(p, 200, "no provider left")),
            Unavailable("reports an error: no provider left", None),
            1,
        ),
        case(
            "a megabyte and more",
            |p| then_good(p, says(p, &"x".repeat(1_100_000))),
            Invalid("longer than 1048576 bytes"),
            1,
        ),
        // Answers that do not read: asked once more, no oftener.
        case(
            "100 KB of text, then good",
            |p| vec![says(p, &"x".repeat(100_000)), good(p)],
            Ready,
            2,
        ),
        case(
            "chatter, then good",
            |p| vec![says(p, "Sure! I vote READY."), good(p)],
            Ready,
            2,
        ),
        case(
            "chatter twice",
            |p| vec![says(p, "Sure!"), says(p, "Sure, again!"), good(p)],
            Invalid("\"Sure, again!\" is not the JSON object asked for"),
            2,
        ),
        case(
            "no text, then good",
            |p| vec![says(p, ""), good(p)],
            Ready,
            2,
        ),
        case(
            "a vote with a blank",
            |p| vec![says(p, &GOOD.replace("READY", "READY ")); 2],
            Invalid("`vote` is \"READY \", expected exactly"),
            2,
        ),
        case(
            "no vote where one is owed, then one",
            |p| vec![says(p, &GOOD.replace("\"READY\"", "null")), good(p)],
            Ready,
            2,
        ),
        case(
            "silence where a vote is owed",
            |p| vec![says(p, r#"{"silence": true}"#); 2],
            Invalid("there is no vote and one is owed"),
            2,
        ),
        case(
            "a member too many",
            |p| vec![says(p, &GOOD.replacen('{', r#"{"mood":"sunny","#, 1)); 2],
            Invalid("unknown field `mood`"),
            2,
        ),
        case(
            "a mistake, then a limit",
            |p| {
                let limit = fails(p, 429, "slow down").with("retry-after", 30);
                vec![says(p, "Sure!"), limit, good(p)]
            },
            Unavailable(LIMITED, Some(30)),
            2,
        ),
        // Answers that were stopped: asking again would end the same way.
        case(
            "cut off at the token limit",
            |p| then_good(p, cut_off(p, MAX_OUTPUT_TOKENS.into())),
            Invalid("cut off at the most tokens it may write, 8000 with its thinking"),
            1,
        ),
        case(
            "cut off, nobody counts",
            |p| then_good(p, cut_off(p, 0)),
            Invalid("`max_output_tokens` in discussions.toml allows it more"),
            1,
        ),
        case(
            "cut off at the end of the context",
            |p| then_good(p, cut_off(p, 7)),
            Invalid("cut off after 7 of 8000 tokens"),
            1,
        ),
        case(
            "cut off at the end of the context, what helps",
            |p| then_good(p, cut_off(p, 7)),
            Invalid(
                "with the prompt's 100 they fill the model's context; give the model a larger one",
            ),
            1,
        ),
        case(
            "refused",
            |p| {
                let mut body = p.said(GOOD, None);
                match p {
                    Protocol::Anthropic => body["stop_reason"] = json!("refusal"),
                    Protocol::OpenAi => {
                        body["choices"][0]["message"] =
                            json!({"content": null, "refusal": "I will not."});
                    }
                }
                then_good(p, Step::json(&body))
            },
            Invalid("the model refused to answer"),
            1,
        ),
        case(
            "stopped for something else",
            |p| {
                let reason = match p {
                    Protocol::Anthropic => "pause_turn",
                    Protocol::OpenAi => "content_filter",
                };
                then_good(p, Step::json(&p.said(GOOD, Some(reason))))
            },
            Invalid("stopped"),
            1,
        ),
    ]
}

#[tokio::test]
async fn every_fault_of_a_service_has_its_meaning() {
    let mut wrong = Vec::new();
    for case in cases() {
        for protocol in PROTOCOLS {
            let double = Double::start((case.steps)(protocol)).await;
            let answer = protocol
                .model(&double.url())
                .answer(&prompt(), &Unmetered)
                .await;
            let is_right = match (&case.wanted, &answer) {
                (Ready, Ok(answer)) => answer
                    .reply
                    .as_ref()
                    .is_some_and(|r| r.vote == Some(Vote::Ready)),
                (
                    Unavailable(words, wait),
                    Err(ModelError::Unavailable {
                        reason,
                        retry_after,
                    }),
                ) => reason.contains(words) && retry_after == wait,
                (Refused(words), Err(ModelError::Refused(reason))) => reason.contains(words),
                (Invalid(words), Err(ModelError::Invalid(reason))) => reason.contains(words),
                _ => false,
            };
            let calls = double.asked().len();
            if !is_right || calls != case.calls {
                wrong.push(format!(
                    "{}, {protocol:?}: {calls} calls, {answer:?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_service_that_stands_still_is_given_up_and_not_asked_again() {
    for protocol in PROTOCOLS {
        let double = Double::start(vec![Step::Stall, good(protocol)]).await;
        let mut endpoint = protocol.endpoint(&double.url());
        endpoint.patience.request = Duration::from_millis(300);
        let error = protocol
            .model_at(endpoint)
            .answer(&prompt(), &Unmetered)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "unavailable: no answer within 300ms");
        assert_eq!(double.asked().len(), 1);
    }
}

#[tokio::test]
async fn nobody_listening_is_told_as_such() {
    for protocol in PROTOCOLS {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = protocol
            .model(&url)
            .answer(&prompt(), &Unmetered)
            .await
            .unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("the connection to 127.0.0.1 failed"),
            "{said}"
        );
        assert!(said.to_lowercase().contains("refused"), "{said}");
    }
}

#[tokio::test]
async fn a_mended_answer_costs_both_requests_and_the_model_is_told_what_was_wrong() {
    for protocol in PROTOCOLS {
        let bad = GOOD.replace("READY", "ready");
        let double = Double::start(vec![says(protocol, &bad), good(protocol)]).await;
        let answer = protocol
            .model(&double.url())
            .answer(&prompt(), &Unmetered)
            .await
            .unwrap();
        let usage = Usage {
            input: 200,
            cached: 80,
            cache_writes: match protocol {
                Protocol::Anthropic => 20,
                Protocol::OpenAi => 0,
            },
            output: 14,
        };
        assert_eq!(answer.usage, usage);
        let asked = double.asked();
        let [first, second] = asked.as_slice() else {
            panic!("{} requests", asked.len());
        };
        assert!(!first.body.to_string().contains("could not be used"));
        let second = second.body.to_string();
        assert!(second.contains("could not be used: `vote` is"), "{second}");
        assert!(second.contains("additionalProperties"), "{second}");
    }
}

/// Services like to repeat what they were sent.
#[tokio::test]
async fn no_key_ever_shows() {
    let leaks = format!(
        "bad key {KEY} (sk-ant-api03-abcdefgh, Authorization: Bearer abc.def) {}",
        "x".repeat(2_000)
    );
    for protocol in PROTOCOLS {
        for status in [400, 401, 403, 404, 429, 500, 503, 200] {
            let steps = vec![fails(protocol, status, &leaks); 3];
            let double = Double::start(steps).await;
            let model = protocol.model(&double.url());
            let error = model.answer(&prompt(), &Unmetered).await.unwrap_err();
            for said in [error.to_string(), format!("{error:?}")] {
                for secret in [KEY, "abcdefgh", "abc.def"] {
                    assert!(!said.contains(secret), "{status}: {said}");
                }
                assert!(said.contains("bad key [redacted]"), "{status}: {said}");
                assert!(said.chars().count() < 450, "{status}: {said}");
            }
        }
        let client = HttpClient::new().unwrap();
        let endpoint = protocol.endpoint("http://127.0.0.1:1");
        let shown = match protocol {
            Protocol::Anthropic => format!("{:?}", Anthropic::new(&client, endpoint.clone())),
            Protocol::OpenAi => {
                let limit = TokenLimit::MaxTokens;
                format!("{:?}", OpenAi::new(&client, endpoint.clone(), limit))
            }
        };
        assert!(!format!("{shown}{endpoint:?}").contains(KEY), "{shown}");
    }
}

#[tokio::test]
async fn a_redirect_takes_no_key_elsewhere() {
    for protocol in PROTOCOLS {
        let elsewhere = Double::start(vec![good(protocol)]).await;
        for status in [301, 302, 307, 308] {
            let step = Step::status(status, "").with("location", elsewhere.url());
            let double = Double::start(vec![step]).await;
            let error = protocol
                .model(&double.url())
                .answer(&prompt(), &Unmetered)
                .await;
            assert!(matches!(error, Err(ModelError::Refused(_))));
        }
        assert_eq!(elsewhere.asked().len(), 0);
    }
}

#[test]
fn settings_that_cannot_work_are_refused_without_repeating_the_key() {
    let client = HttpClient::new().unwrap();
    for (base, key, wanted) in [
        ("api.example.com", KEY, "not an address"),
        (
            "https://me:hunter2@api.example.com",
            KEY,
            "the key has a setting of its own",
        ),
        ("http://169.254.169.254", KEY, "link-local"),
        (
            "https://api.example.com",
            "two\nlines",
            "characters that no key has",
        ),
    ] {
        let endpoint = Endpoint::new("x/y", "y", base, Some(key.into()));
        let errors = [
            Anthropic::new(&client, endpoint.clone())
                .unwrap_err()
                .to_string(),
            OpenAi::new(&client, endpoint, TokenLimit::default())
                .unwrap_err()
                .to_string(),
        ];
        for error in errors {
            assert!(error.contains(wanted), "{error}");
            assert!(
                !error.contains("hunter2") && !error.contains("two"),
                "{error}"
            );
        }
    }
}
