//! Asking a language model, and asking it once more if its answer does not read.

use super::asked::Form;
use super::endpoint::{Endpoint, Structure};
use super::meter::{Meter, Request, Settled};
use super::wire::Tried;
use super::{Answer, ModelError, Prompt, Rendered, Usage, asked, contract};
use crate::engine::reply::Reply;
use async_trait::async_trait;

/// What came back from one request.
pub(super) struct Said {
    /// The text of the answer.
    pub(super) text: String,
    /// What it took.
    pub(super) usage: Usage,
    /// Why it is of no use whatever it says: cut off, refused. Asking again would end the same way.
    pub(super) unusable: Option<String>,
}

/// A service that answers in text.
#[async_trait]
pub(super) trait Speaker: Send + Sync {
    /// One request for the answer to a prompt, in these words, after so many tries of it.
    async fn say(&self, prompt: &Prompt, words: &Rendered, tries: u32) -> Tried<Said>;
}

/// One answer to a prompt. Where the text does not read, the model is told why and asked once more: no oftener, since
/// every try is paid. The usage is that of both.
///
/// # Errors
/// Those of the service and of the meter; [`ModelError::Invalid`] if the second answer does not read either.
pub(super) async fn answer(
    speaker: &dyn Speaker,
    endpoint: &Endpoint,
    prompt: &Prompt,
    meter: &dyn Meter,
) -> Result<Answer, ModelError> {
    let form = match endpoint.structure {
        Structure::Schema | Structure::Tool => Form::Beside,
        Structure::Object | Structure::Words => Form::InRules,
    };
    let mut words = asked::words(prompt, form);
    let asking = Asking {
        speaker,
        endpoint,
        prompt,
        meter,
    };
    let first = asking.once(&words).await?;
    let mistake = match first.reply {
        Ok(reply) => return Ok(asking.answer(reply, first.usage)),
        Err(mistake) => mistake,
    };
    words.task = format!(
        "{}\n\n{}",
        words.task,
        contract::repair_request(&mistake, prompt)
    );
    let second = asking.once(&words).await?;
    match second.reply {
        Ok(reply) => Ok(asking.answer(reply, first.usage.and(second.usage))),
        Err(mistake) => Err(ModelError::Invalid(format!("{mistake} (asked twice)"))),
    }
}

/// What the two requests have in common.
struct Asking<'a> {
    speaker: &'a dyn Speaker,
    endpoint: &'a Endpoint,
    prompt: &'a Prompt,
    meter: &'a dyn Meter,
}

/// What an answer reads as; `Err` is a mistake that the model may mend.
struct Read {
    reply: Result<Option<Reply>, String>,
    usage: Usage,
}

impl Asking<'_> {
    async fn once(&self, words: &Rendered) -> Result<Read, ModelError> {
        let request = Request {
            model: &self.endpoint.name,
            persona: &self.prompt.persona.alias,
            is_question: self.prompt.question.is_some(),
            words,
            max_output: self.endpoint.max_output_tokens,
            price: self.endpoint.price,
        };
        let said = self.said(&request).await?;
        let unread = || self.endpoint.unread(words, said.usage);
        if let Some(why) = said.unusable.or_else(unread) {
            self.log_waste(said.usage, &why);
            return Err(ModelError::Invalid(why));
        }
        let reply = contract::read(&said.text, self.prompt);
        if let Err(mistake) = &reply {
            self.log_waste(said.usage, mistake);
        }
        Ok(Read {
            reply,
            usage: said.usage,
        })
    }

    /// What came of a request. One that is sent again because it was lost is another one, which has to be paid, too.
    async fn said(&self, request: &Request<'_>) -> Result<Said, ModelError> {
        let mut tries = 0;
        loop {
            let call = self.meter.announce(request).await?;
            let Tried { came, lost, again } =
                self.speaker.say(self.prompt, request.words, tries).await;
            let error = came.as_ref().err().map(ToString::to_string);
            let said = match (&came, &error) {
                (Ok(said), _) => Ok(said.text.as_str()),
                (Err(_), why) => Err(why.as_deref().unwrap_or_default()),
            };
            let usage = came.as_ref().map_or(Usage::default(), |said| said.usage);
            let settled = Settled { said, usage, lost };
            self.meter.settle(call, &settled).await;
            let Some(again) = again else {
                return came;
            };
            tokio::time::sleep(again.pause).await;
            tries = again.tries;
        }
    }

    fn log_waste(&self, usage: Usage, why: &str) {
        tracing::warn!(
            model = self.endpoint.name,
            input = usage.input,
            cached = usage.cached,
            output = usage.output,
            why,
            "an answer was taken that cannot be used"
        );
    }

    fn answer(&self, reply: Option<Reply>, usage: Usage) -> Answer {
        Answer {
            reply,
            model: self.endpoint.name.clone(),
            usage,
        }
    }
}
