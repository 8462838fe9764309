//! What a meter is told: every request before it is made with the most it can take, then what it took.

use super::double::{Double, Step};
use super::*;
use async_trait::async_trait;
use discussions::llm::meter::{CallId, Meter, Price, Request, Settled};
use discussions::llm::{ModelError, Usage};
use std::sync::Mutex;

/// Keeps what it is told, and lets so many requests pass.
struct Book {
    left: Mutex<u32>,
    lines: Mutex<Vec<String>>,
    most: Mutex<Usage>,
}

impl Book {
    fn with(left: u32) -> Self {
        Self {
            left: Mutex::new(left),
            lines: Mutex::default(),
            most: Mutex::default(),
        }
    }
}

#[async_trait]
impl Meter for Book {
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError> {
        let mut left = self.left.lock().unwrap();
        *left = left
            .checked_sub(1)
            .ok_or(ModelError::OverBudget("nothing is left".to_owned()))?;
        *self.most.lock().unwrap() = request.at_most();
        let line = format!("{} for {}", request.model, request.persona);
        self.lines.lock().unwrap().push(line);
        Ok(7)
    }

    async fn settle(&self, call: CallId, settled: &Settled<'_>) {
        assert_eq!(call, 7);
        let Usage { input, output, .. } = settled.usage;
        let said = match settled.said {
            Ok(text) => format!("said {text:.12}"),
            Err(why) => format!("nothing ({why:.20})"),
        };
        let line = format!("{input}+{output}, lost {}, {said}", settled.lost);
        self.lines.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn every_request_is_announced_and_settled_whatever_comes_of_it() {
    let fails = |protocol: Protocol, status| Step::status(status, protocol.complaint("no"));
    for protocol in PROTOCOLS {
        let good = || Step::json(&protocol.said(GOOD, None));
        let bad = || Step::json(&protocol.said("prose", None));
        let end = match protocol {
            Protocol::Anthropic => "max_tokens",
            Protocol::OpenAi => "length",
        };
        let cut = || Step::json(&protocol.said(GOOD, Some(end)));
        let name = protocol.endpoint("").name;
        let asked = format!("{name} for security");
        let heard = "100+7, lost 0, said {\"comment\":\"".to_owned();
        let cases: Vec<(&str, Vec<Step>, u32, Vec<String>)> = vec![
            ("good", vec![good()], 9, vec![asked.clone(), heard.clone()]),
            (
                "mended",
                vec![bad(), good()],
                9,
                vec![
                    asked.clone(),
                    "100+7, lost 0, said prose".to_owned(),
                    asked.clone(),
                    heard.clone(),
                ],
            ),
            (
                "not to be mended: the budget",
                vec![bad()],
                1,
                vec![asked.clone(), "100+7, lost 0, said prose".to_owned()],
            ),
            (
                "cut off",
                vec![cut()],
                9,
                vec![asked.clone(), heard.clone()],
            ),
            (
                "refused",
                vec![fails(protocol, 401)],
                9,
                vec![
                    asked.clone(),
                    "0+0, lost 0, nothing (refused: the key was)".to_owned(),
                ],
            ),
            (
                "broken off and tried again",
                vec![Step::HangUp, good()],
                9,
                vec![
                    asked.clone(),
                    "0+0, lost 1, nothing (unavailable: the con)".to_owned(),
                    asked.clone(),
                    heard.clone(),
                ],
            ),
            (
                "broken off, and no money to try again",
                vec![Step::HangUp],
                1,
                vec![
                    asked.clone(),
                    "0+0, lost 1, nothing (unavailable: the con)".to_owned(),
                ],
            ),
            (
                "a gateway that does not tell what was done behind it",
                vec![fails(protocol, 504)],
                9,
                vec![
                    asked.clone(),
                    "0+0, lost 1, nothing (unavailable: the ser)".to_owned(),
                ],
            ),
            (
                "no time left",
                vec![Step::Stall],
                9,
                vec![
                    asked.clone(),
                    "0+0, lost 1, nothing (unavailable: no answ)".to_owned(),
                ],
            ),
            ("nothing to spend", vec![], 0, vec![]),
        ];
        for (case, steps, left, wanted) in cases {
            let expected = steps.len();
            let double = Double::start(steps).await;
            let mut endpoint = protocol.endpoint(&double.url());
            endpoint.price = Some(Price::default());
            if case == "no time left" {
                endpoint.patience.request = Duration::from_millis(300);
            }
            let book = Book::with(left);
            let _ = protocol.model_at(endpoint).answer(&prompt(), &book).await;
            assert_eq!(*book.lines.lock().unwrap(), wanted, "{case}");
            assert_eq!(double.asked().len(), expected, "{case}");
        }
    }
}

/// The estimate has to be the larger one: a token for each short word and each mark, and what the service adds.
#[tokio::test]
async fn the_most_a_request_can_take_grows_with_what_is_sent() {
    let double = Double::start(vec![Step::json(&Protocol::OpenAi.said(GOOD, None)); 2]).await;
    let model = Protocol::OpenAi.model(&double.url());
    let book = Book::with(2);
    model.answer(&prompt(), &book).await.unwrap();
    let short = *book.most.lock().unwrap();
    let long = Prompt {
        proposal: "All of it. ".repeat(3_000),
        ..prompt()
    };
    model.answer(&long, &book).await.unwrap();
    let long = *book.most.lock().unwrap();
    assert_eq!(short.output, long.output);
    let more = long.input - short.input;
    assert!((11_900..=12_100).contains(&more), "{more} tokens more");
}
