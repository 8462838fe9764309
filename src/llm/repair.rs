//! Asking a language model, and asking it once more if its answer does not read.

use super::{Answer, ModelError, Prompt, Rendered, Usage, contract, render};
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
    /// One request.
    async fn say(&self, words: &Rendered) -> Result<Said, ModelError>;
}

/// One answer to a prompt. Where the text does not read, the model is told why and asked once more: no oftener, since
/// every try is paid. The usage is that of both. `is_told` says that the service is given the schema with every request;
/// if not, the words carry it.
///
/// # Errors
/// Those of the service; [`ModelError::Invalid`] if the second answer does not read either.
pub(super) async fn answer(
    speaker: &dyn Speaker,
    name: &str,
    prompt: &Prompt,
    is_told: bool,
) -> Result<Answer, ModelError> {
    let mut words = render(prompt);
    if !is_told {
        // In the part that stays the same, so that it is cached.
        words.system = format!("{}\n\n{}", words.system, contract::instructions());
    }
    let mut usage = Usage::default();
    let first = match read(speaker, name, prompt, &words, &mut usage).await? {
        Ok(answer) => return Ok(answer),
        Err(mistake) => mistake,
    };
    words.task = format!("{}\n\n{}", words.task, contract::repair_request(&first));
    match read(speaker, name, prompt, &words, &mut usage).await? {
        Ok(answer) => Ok(answer),
        Err(mistake) => Err(ModelError::Invalid(format!("{mistake} (asked twice)"))),
    }
}

/// One request and what its answer reads as; `Ok(Err)` is a mistake that the model may mend.
async fn read(
    speaker: &dyn Speaker,
    name: &str,
    prompt: &Prompt,
    words: &Rendered,
    usage: &mut Usage,
) -> Result<Result<Answer, String>, ModelError> {
    let said = speaker.say(words).await?;
    // Saturating: the numbers are a service's word.
    usage.input = usage.input.saturating_add(said.usage.input);
    usage.cached = usage.cached.saturating_add(said.usage.cached);
    usage.output = usage.output.saturating_add(said.usage.output);
    // An error carries no usage: what it took is told here.
    let wasted = |why: &str| {
        tracing::warn!(
            model = name,
            input = said.usage.input,
            cached = said.usage.cached,
            output = said.usage.output,
            why,
            "an answer was taken that cannot be used"
        );
    };
    if let Some(why) = said.unusable {
        wasted(&why);
        return Err(ModelError::Invalid(why));
    }
    match contract::parse(&said.text, prompt.persona.kind) {
        Ok(reply) => Ok(Ok(Answer {
            reply,
            model: name.to_owned(),
            usage: *usage,
        })),
        Err(mistake) => {
            wasted(&mistake);
            Ok(Err(mistake))
        }
    }
}
