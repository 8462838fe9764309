//! Models that stand in for others, and models that are left alone because they are down.

use super::double::{Double, Step};
use super::*;
use async_trait::async_trait;
use discussions::llm::asked::{self, Form};
use discussions::llm::breaker::{Breaker, Clock, FAILURES};
use discussions::llm::fallback::Fallback;
use discussions::llm::meter::{CallId, Meter, Request, Settled, Unmetered};
use discussions::llm::{Answer, ModelError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What a scripted model does.
#[derive(Clone, Debug)]
enum Does {
    Answers,
    IsAway(Option<u64>),
    /// Says no, and will again.
    Refuses,
    Babbles,
    HasNothing,
    StandsStill,
}

use Does::{Answers, Babbles, HasNothing, IsAway, Refuses, StandsStill};

struct Scripted {
    name: &'static str,
    script: Mutex<VecDeque<Does>>,
    calls: Mutex<usize>,
}

impl Scripted {
    fn new(name: &'static str, script: &[Does]) -> Arc<Self> {
        Arc::new(Self {
            name,
            script: Mutex::new(script.iter().cloned().collect()),
            calls: Mutex::default(),
        })
    }

    fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }
}

#[async_trait]
impl Model for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        let request = Request {
            model: self.name,
            persona: &prompt.persona.alias,
            words: &asked::words(prompt, Form::Beside),
            max_output: 1,
            is_question: false,
            price: None,
        };
        meter.announce(&request).await?;
        *self.calls.lock().unwrap() += 1;
        let step = self.script.lock().unwrap().pop_front();
        match step.unwrap_or_else(|| panic!("{} is asked once too often", self.name)) {
            Answers => Ok(Answer::free(self.name, None)),
            IsAway(retry_after) => Err(ModelError::Unavailable {
                reason: format!("{} is\naway", self.name),
                retry_after,
            }),
            Babbles => Err(ModelError::Invalid("babble".to_owned())),
            Refuses => Err(ModelError::Refused(format!("{} wants a key", self.name))),
            HasNothing => Err(ModelError::NoModel("nothing".to_owned())),
            StandsStill => std::future::pending().await,
        }
    }
}

async fn ask(model: &dyn Model) -> Result<String, ModelError> {
    model
        .answer(&prompt(), &Unmetered)
        .await
        .map(|answer| answer.model)
}

/// The models of the lists, each doing one thing, behind one name.
async fn ask_all(scripts: &[Does]) -> Result<String, ModelError> {
    let names = ["a/1", "b/2", "c/3"];
    let models = names.iter().zip(scripts);
    let models = models
        .map(|(name, does)| Scripted::new(name, std::slice::from_ref(does)) as Arc<dyn Model>);
    ask(&Fallback::new("default", models.collect())).await
}

#[tokio::test]
async fn the_next_model_answers_and_its_name_is_shown() {
    let cases = [
        (vec![Answers, Answers], "a/1"),
        (vec![IsAway(None), Answers], "b/2"),
        (vec![IsAway(Some(9)), Babbles, Answers], "c/3"),
        (vec![HasNothing, Answers], "b/2"),
    ];
    for (scripts, wanted) in cases {
        assert_eq!(
            ask_all(&scripts).await.as_deref(),
            Ok(wanted),
            "{scripts:?}"
        );
    }
    assert_eq!(Fallback::new("default", Vec::new()).name(), "default");
}

#[tokio::test]
async fn all_down_is_told_in_one_line_with_the_shortest_wait() {
    let unavailable = |reason: &str, retry_after| ModelError::Unavailable {
        reason: reason.to_owned(),
        retry_after,
    };
    let cases = [
        (
            vec![IsAway(Some(60)), IsAway(Some(7)), IsAway(None)],
            unavailable(
                "a/1: a/1 is away; b/2: b/2 is away; c/3: c/3 is away",
                Some(7),
            ),
        ),
        (
            vec![Refuses, Babbles, HasNothing],
            ModelError::Refused(
                "a/1: a/1 wants a key; b/2: invalid answer: babble; c/3: nothing".to_owned(),
            ),
        ),
        (
            vec![Babbles, IsAway(None)],
            unavailable("a/1: invalid answer: babble; b/2: b/2 is away", None),
        ),
        (
            vec![Babbles, HasNothing],
            ModelError::Invalid("a/1: invalid answer: babble; b/2: nothing".to_owned()),
        ),
        (
            vec![HasNothing],
            ModelError::NoModel("a/1: nothing".to_owned()),
        ),
        (
            vec![],
            ModelError::NoModel("the list of models is empty".to_owned()),
        ),
    ];
    for (scripts, wanted) in cases {
        assert_eq!(ask_all(&scripts).await, Err(wanted), "{scripts:?}");
    }
}

/// A breaker and the hand on its clock.
struct Watched {
    model: Arc<Scripted>,
    breaker: Breaker,
    now: Arc<Mutex<Instant>>,
}

impl Watched {
    fn new(script: &[Does]) -> Self {
        let model = Scripted::new("a/1", script);
        let now = Arc::new(Mutex::new(Instant::now()));
        let read = now.clone();
        let clock: Clock = Arc::new(move || *read.lock().unwrap());
        Self {
            breaker: Breaker::with_clock(model.clone(), clock),
            model,
            now,
        }
    }

    fn pass(&self, seconds: u64) {
        *self.now.lock().unwrap() += Duration::from_secs(seconds);
    }

    /// Asks so often; how many calls reached the model.
    async fn ask(&self, times: usize) -> usize {
        let before = self.model.calls();
        for _ in 0..times {
            let _ = ask(&self.breaker).await;
        }
        self.model.calls() - before
    }
}

#[tokio::test]
async fn three_failures_in_a_row_give_a_model_a_minutes_rest() {
    let script = [IsAway(None), IsAway(None), IsAway(None), Answers, Answers];
    let watched = Watched::new(&script);
    assert_eq!(watched.breaker.name(), "a/1");
    assert_eq!(watched.ask(5).await, 3);
    let error = ask(&watched.breaker).await.unwrap_err();
    let wanted = ModelError::Unavailable {
        reason: "not asked after 3 failures in a row, the last: a/1 is away".to_owned(),
        retry_after: Some(61),
    };
    assert_eq!(error, wanted);
    watched.pass(59);
    assert_eq!(watched.ask(2).await, 0);
    watched.pass(1);
    assert_eq!(watched.ask(2).await, 2);
}

#[tokio::test]
async fn a_model_that_says_when_it_is_back_rests_until_then_and_a_minute_at_most() {
    for (said, rest) in [(Some(7), 7), (Some(120), 60), (None, 60)] {
        let script = [IsAway(None), IsAway(None), IsAway(said), Answers];
        let watched = Watched::new(&script);
        assert_eq!(watched.ask(4).await, 3, "{said:?}");
        watched.pass(rest - 1);
        assert_eq!(watched.ask(1).await, 0, "{said:?}");
        watched.pass(1);
        assert_eq!(watched.ask(1).await, 1, "{said:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_by_itself_is_told_as_such_while_it_rests() {
    let watched = Watched::new(&[Refuses, Refuses, Refuses, IsAway(None)]);
    assert_eq!(watched.ask(4).await, 3, "it counts like any failure");
    let reason = "not asked after 3 failures in a row, the last: a/1 wants a key";
    let error = ask(&watched.breaker).await.unwrap_err();
    assert_eq!(error, ModelError::Refused(reason.to_owned()));
    watched.pass(60);
    assert_eq!(watched.ask(1).await, 1);
    let error = ask(&watched.breaker).await.unwrap_err();
    assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_trial_that_fails_means_another_rest() {
    let script = [
        IsAway(None),
        IsAway(None),
        IsAway(None),
        IsAway(None),
        Answers,
        IsAway(None),
        Answers,
    ];
    let watched = Watched::new(&script);
    assert_eq!(watched.ask(3).await, 3);
    watched.pass(60);
    assert_eq!(watched.ask(3).await, 1);
    watched.pass(60);
    // Back to normal: one failure is no reason to rest.
    assert_eq!(watched.ask(3).await, 3);
}

#[tokio::test]
async fn failures_that_do_not_follow_each_other_do_not_count() {
    let script = [
        IsAway(None),
        IsAway(None),
        Answers,
        IsAway(None),
        Babbles,
        IsAway(None),
        IsAway(None),
        HasNothing,
    ];
    let watched = Watched::new(&script);
    assert_eq!(watched.ask(script.len()).await, script.len());
}

#[tokio::test]
async fn one_turn_tries_while_the_others_pass_by() {
    let watched = Watched::new(&[
        IsAway(None),
        IsAway(None),
        IsAway(None),
        StandsStill,
        Answers,
    ]);
    watched.ask(3).await;
    watched.pass(60);
    let prompt = prompt();
    {
        let mut trial = watched.breaker.answer(&prompt, &Unmetered);
        assert!(futures::poll!(&mut trial).is_pending());
        assert_eq!(watched.model.calls(), 4);
        assert_eq!(watched.ask(2).await, 0);
    }
    // Given up: as good as failed.
    assert_eq!(watched.ask(1).await, 0);
    watched.pass(60);
    assert_eq!(watched.ask(1).await, 1);
}

#[tokio::test]
async fn calls_that_are_given_up_count_as_failures() {
    let watched = Watched::new(&[StandsStill, StandsStill, StandsStill]);
    for _ in 0..3 {
        let prompt = prompt();
        let mut call = watched.breaker.answer(&prompt, &Unmetered);
        assert!(futures::poll!(&mut call).is_pending());
    }
    let error = ask(&watched.breaker).await.unwrap_err().to_string();
    assert!(error.contains("given up before it answered"), "{error}");
}

#[tokio::test]
async fn a_service_that_is_down_costs_its_time_three_times_and_no_more() {
    let down = Double::start(vec![Step::status(500, ""); 9]).await;
    let steps = vec![Step::json(&Protocol::OpenAi.said(GOOD, None)); 9];
    let up = Double::start(steps).await;
    let models: Vec<Arc<dyn Model>> = vec![
        Arc::new(Breaker::new(Protocol::Anthropic.model(&down.url()).into())),
        Arc::new(Breaker::new(Protocol::OpenAi.model(&up.url()).into())),
    ];
    let fallback = Fallback::new("default", models);
    for _ in 0..5 {
        assert_eq!(ask(&fallback).await.as_deref(), Ok("openai/test"));
    }
    assert_eq!((down.asked().len(), up.asked().len()), (3, 5));
}

/// Lets no request be made.
struct Closed(ModelError);

#[async_trait]
impl Meter for Closed {
    async fn announce(&self, _: &Request<'_>) -> Result<CallId, ModelError> {
        Err(self.0.clone())
    }

    async fn settle(&self, _: CallId, _: &Settled<'_>) {}
}

/// One repository's small budget, or a full disk, is no fault of the service that others ask.
#[tokio::test]
async fn a_model_that_was_not_asked_is_not_left_alone_for_it() {
    let model = Scripted::new("one", &[Answers]);
    let breaker = Breaker::new(model.clone());
    let unwritten = ModelError::Unavailable {
        reason: "it cannot be written down".to_owned(),
        retry_after: None,
    };
    for error in [
        ModelError::OverBudget("nothing is left".to_owned()),
        unwritten,
    ] {
        for _ in 0..2 * FAILURES {
            let closed = Closed(error.clone());
            let refused = breaker.answer(&prompt(), &closed).await;
            assert_eq!(refused.unwrap_err(), error);
        }
    }
    assert_eq!(model.calls(), 0);
    assert_eq!(ask(&breaker).await.as_deref(), Ok("one"));
}
