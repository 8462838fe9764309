//! What is sent to a service, and what is read from a good answer.

use super::double::{Double, Step};
use super::*;
use discussions::engine::vote::Vote;
use discussions::llm::contract;
use discussions::llm::endpoint::{MAX_OUTPUT_TOKENS, Structure};
use discussions::llm::meter::Unmetered;
use discussions::llm::{Answer, ModelError, Usage};

/// One answered request: what was sent, what came back.
async fn exchange(protocol: Protocol, prompt: &Prompt) -> (super::double::Asked, Answer) {
    let double = Double::start(vec![Step::json(&protocol.said(GOOD, None))]).await;
    let answer = protocol
        .model(&double.url())
        .answer(prompt, &Unmetered)
        .await
        .unwrap();
    (double.asked().remove(0), answer)
}

#[tokio::test]
async fn anthropic_gets_its_protocol_with_the_stable_parts_marked() {
    let (asked, answer) = exchange(Protocol::Anthropic, &prompt()).await;
    assert_eq!(asked.line, "POST /v1/messages HTTP/1.1");
    assert_eq!(asked.headers["x-api-key"], KEY);
    assert_eq!(asked.headers["anthropic-version"], "2023-06-01");
    assert_eq!(asked.headers["content-type"], "application/json");
    let body = &asked.body;
    assert_eq!(body["model"], "test-1");
    assert_eq!(body["max_tokens"], MAX_OUTPUT_TOKENS);
    let marked = json!({"type": "ephemeral"});
    assert_eq!(body["system"][0]["cache_control"], marked);
    let parts = body["messages"][0]["content"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0]["cache_control"], marked);
    assert_eq!(parts[1].get("cache_control"), None);
    let format = json!({"type": "json_schema", "schema": contract::schema(true)});
    assert_eq!(body["output_config"]["format"], format);
    assert_eq!(answer.model, "anthropic/test");
    assert_eq!(answer.usage, usage(Protocol::Anthropic));
}

#[tokio::test]
async fn openai_gets_its_protocol_with_a_strict_schema() {
    let (asked, answer) = exchange(Protocol::OpenAi, &prompt()).await;
    assert_eq!(asked.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    let body = &asked.body;
    assert_eq!(body["model"], "test-1");
    assert_eq!(body["max_completion_tokens"], MAX_OUTPUT_TOKENS);
    assert_eq!(body.get("max_tokens"), None);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["messages"][1]["role"], "user");
    let format = &body["response_format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["json_schema"]["strict"], true);
    assert_eq!(format["json_schema"]["schema"], contract::schema(true));
    assert_eq!(answer.model, "openai/test");
    assert_eq!(answer.usage, usage(Protocol::OpenAi));
}

fn usage(protocol: Protocol) -> Usage {
    Usage {
        input: 100,
        cached: 40,
        // Only Anthropic tells.
        cache_writes: match protocol {
            Protocol::Anthropic => 10,
            Protocol::OpenAi => 0,
        },
        output: 7,
    }
}

#[tokio::test]
async fn a_question_changes_nothing_of_what_a_service_keeps() {
    let asked = Prompt {
        question: Some("What about replay?".to_owned()),
        ..prompt()
    };
    let (plain, _) = exchange(Protocol::Anthropic, &prompt()).await;
    let (question, _) = exchange(Protocol::Anthropic, &asked).await;
    assert_eq!(plain.body["system"], question.body["system"]);
    let part = |asked: &super::double::Asked, at: usize| {
        asked.body["messages"][0]["content"][at]["text"].clone()
    };
    assert_eq!(part(&plain, 0), part(&question, 0));
    assert_ne!(part(&plain, 1), part(&question, 1));
}

#[tokio::test]
async fn a_server_that_knows_no_schema_reads_it_in_words() {
    let schema = contract::schema(true).to_string();
    for protocol in PROTOCOLS {
        for structure in [Structure::Object, Structure::Words] {
            let double = Double::start(vec![Step::json(&protocol.said(GOOD, None))]).await;
            let endpoint = Endpoint {
                structure,
                ..protocol.endpoint(&double.url())
            };
            protocol
                .model_at(endpoint)
                .answer(&prompt(), &Unmetered)
                .await
                .unwrap();
            let body = double.asked().remove(0).body;
            assert_eq!(body.get("output_config"), None);
            let wanted = (protocol, structure) == (Protocol::OpenAi, Structure::Object);
            let format = wanted.then(|| json!({"type": "json_object"}));
            assert_eq!(body.get("response_format"), format.as_ref());
            let system = match protocol {
                Protocol::Anthropic => &body["system"][0]["text"],
                Protocol::OpenAi => &body["messages"][0]["content"],
            };
            assert!(system.as_str().unwrap().contains(&schema));
        }
    }
}

#[tokio::test]
async fn an_answer_to_half_a_prompt_is_none() {
    for (cuts_prompts, counted, is_taken) in [
        (true, 500, false),
        (true, 5_000, true),
        // Nothing is known.
        (true, 0, true),
        (false, 500, true),
    ] {
        let mut body = Protocol::OpenAi.said(GOOD, None);
        body["usage"]["prompt_tokens"] = json!(counted);
        let double = Double::start(vec![Step::json(&body)]).await;
        let endpoint = Endpoint {
            cuts_prompts,
            ..Protocol::OpenAi.endpoint(&double.url())
        };
        let model = Protocol::OpenAi.model_at(endpoint);
        let came = model.answer(&prompt(), &Unmetered).await;
        assert_eq!(came.is_ok(), is_taken, "{cuts_prompts} {counted}: {came:?}");
        if let Err(error) = came {
            let said = error.to_string();
            assert!(
                said.contains("was shown 500 tokens of a prompt of"),
                "{said}"
            );
            assert!(said.contains("OLLAMA_CONTEXT_LENGTH"), "{said}");
        }
    }
}

/// A model that answers by calling tools: `[(name, input)]`.
fn called(protocol: Protocol, calls: &[(&str, &str)]) -> String {
    let mut body = protocol.said("Here it is.", None);
    match protocol {
        Protocol::Anthropic => {
            let parts = calls.iter().enumerate().map(|(at, (name, _))| {
                json!({"type": "tool_use", "id": format!("toolu_{at}"), "name": name, "input": format!("INPUT{at}")})
            });
            body["content"].as_array_mut().unwrap().extend(parts);
            body["stop_reason"] = json!("tool_use");
        }
        Protocol::OpenAi => {
            let calls = calls.iter().enumerate().map(|(at, (name, input))| {
                let function = json!({"name": name, "arguments": input});
                json!({"id": format!("call_{at}"), "type": "function", "function": function})
            });
            body["choices"][0]["message"]["tool_calls"] = calls.collect();
            body["choices"][0]["finish_reason"] = json!("tool_calls");
        }
    }
    // As it is written: what stands twice in it stands twice in the answer.
    let inputs = calls.iter().enumerate();
    inputs.fold(body.to_string(), |body, (at, (_, input))| {
        body.replace(&format!("\"INPUT{at}\""), input)
    })
}

#[tokio::test]
async fn a_server_that_knows_the_form_of_tools_only_gets_one_to_hand_the_answer_in() {
    const TWICE: &str = r#"{"comment":"Fine.","vote":"CHANGES","vote":"READY"}"#;
    let schema = contract::tool_schema(&prompt());
    for protocol in PROTOCOLS {
        for (what, first, wanted) in [
            (
                "called once",
                called(protocol, &[(contract::NAME, GOOD)]),
                "",
            ),
            ("written down", protocol.said(GOOD, None).to_string(), ""),
            (
                "another tool",
                called(protocol, &[("shell", GOOD)]),
                "does not have",
            ),
            (
                "called twice",
                called(protocol, &[(contract::NAME, GOOD), (contract::NAME, GOOD)]),
                "trailing",
            ),
            (
                "no answer",
                called(protocol, &[(contract::NAME, "{}")]),
                "`vote` is missing",
            ),
            (
                "a vote given twice",
                called(protocol, &[(contract::NAME, TWICE)]),
                "duplicate field",
            ),
        ] {
            let steps = vec![Step::status(200, &first), Step::status(200, &first)];
            let double = Double::start(steps).await;
            let endpoint = Endpoint {
                structure: Structure::Tool,
                ..protocol.endpoint(&double.url())
            };
            let came = protocol
                .model_at(endpoint)
                .answer(&prompt(), &Unmetered)
                .await;
            match (&came, wanted) {
                (Ok(answer), "") => {
                    let reply = answer.reply.as_ref().unwrap();
                    assert_eq!(reply.vote, Some(Vote::Ready), "{protocol:?}, {what}");
                }
                (Err(ModelError::Invalid(why)), wanted) if !wanted.is_empty() => {
                    assert!(why.contains(wanted), "{protocol:?}, {what}: {why}");
                }
                _ => panic!("{protocol:?}, {what}: {came:?}"),
            }
            let body = double.asked().remove(0).body;
            assert_eq!(body.get("output_config"), None);
            assert_eq!(body.get("response_format"), None);
            let [tool] = body["tools"].as_array().unwrap().as_slice() else {
                panic!("{body}");
            };
            match protocol {
                Protocol::Anthropic => {
                    assert_eq!(tool["name"], contract::NAME);
                    assert_eq!(tool["input_schema"], schema);
                    assert_eq!(body["tool_choice"]["name"], contract::NAME);
                }
                Protocol::OpenAi => {
                    assert_eq!(tool["function"]["name"], contract::NAME);
                    assert_eq!(tool["function"]["parameters"], schema);
                    assert_eq!(body["tool_choice"], "required");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_server_without_key_that_knows_only_max_tokens() {
    let double = Double::start(vec![Step::json(&Protocol::OpenAi.said(GOOD, None))]).await;
    let endpoint = Endpoint {
        key: None,
        max_output_tokens: 99,
        ..Protocol::OpenAi.endpoint(&double.url())
    };
    let client = HttpClient::new().unwrap();
    let model = OpenAi::new(&client, endpoint, TokenLimit::MaxTokens).unwrap();
    model.answer(&prompt(), &Unmetered).await.unwrap();
    let asked = double.asked().remove(0);
    assert_eq!(asked.body["max_tokens"], 99);
    assert_eq!(asked.body.get("max_completion_tokens"), None);
    assert_eq!(asked.headers.get("authorization"), None);
}

#[tokio::test]
async fn services_that_leave_things_out_are_understood() {
    let bodies = [
        json!({"choices": [{"message": {"content": GOOD}}]}),
        json!({"choices": [{"message": {"content": [{"type": "text", "text": GOOD}]}, "finish_reason": null}], "usage": null, "error": null}),
        json!({"choices": [{"message": {"content": GOOD}, "finish_reason": "eos"}], "usage": {"prompt_tokens": null}}),
    ];
    for body in bodies {
        let double = Double::start(vec![Step::json(&body)]).await;
        let model = Protocol::OpenAi.model(&double.url());
        let answer = model.answer(&prompt(), &Unmetered).await.unwrap();
        assert_eq!(answer.usage, Usage::default());
        assert!(answer.reply.is_some());
    }
}

#[tokio::test]
async fn a_base_url_of_anthropic_may_name_its_version() {
    let step = Step::json(&Protocol::Anthropic.said(GOOD, None));
    for base in ["", "/", "/v1", "/v1/"] {
        let double = Double::start(vec![step.clone()]).await;
        let model = Protocol::Anthropic.model(&format!("{}{base}", double.url()));
        model.answer(&prompt(), &Unmetered).await.unwrap();
        assert_eq!(double.asked()[0].line, "POST /v1/messages HTTP/1.1");
    }
}
