//! Several models behind one name: the next one answers where one cannot.

use super::meter::Meter;
use super::{Answer, Model, ModelError, Prompt, clip};
use async_trait::async_trait;
use std::sync::Arc;

/// An ordered list of models. The next one is asked when one is unavailable, when its answer is not usable (a shorter
/// context, a refusal: another model may do better), and when it has nothing to work with. Put a
/// [`Breaker`](super::breaker::Breaker) around each, or a model that is down costs its time in every turn.
pub struct Fallback {
    name: String,
    models: Vec<Arc<dyn Model>>,
}

impl Fallback {
    /// `name` is what the list is called by; answers carry the name of the model that gave them.
    pub fn new(name: &str, models: Vec<Arc<dyn Model>>) -> Self {
        Self {
            name: name.to_owned(),
            models,
        }
    }
}

#[async_trait]
impl Model for Fallback {
    fn name(&self) -> &str {
        &self.name
    }

    async fn answer(&self, prompt: &Prompt, meter: &dyn Meter) -> Result<Answer, ModelError> {
        let mut failures = Vec::new();
        for model in &self.models {
            let error = match model.answer(prompt, meter).await {
                Ok(mut answer) => {
                    if answer.model.is_empty() {
                        answer.model = model.name().to_owned();
                    }
                    return Ok(answer);
                }
                Err(error) => error,
            };
            tracing::warn!(model = model.name(), %error, "a model gave no answer");
            failures.push((model.name(), error));
        }
        Err(all_failed(&failures))
    }
}

/// What it means that none answered: worth trying again if that holds for one of them.
fn all_failed(failures: &[(&str, ModelError)]) -> ModelError {
    let mut reasons = Vec::new();
    let mut waits = Vec::new();
    let (mut is_unavailable, mut is_refused) = (false, false);
    let (mut is_dear, mut is_invalid) = (false, false);
    for (name, error) in failures {
        let reason = match error {
            ModelError::NoModel(reason) => reason.clone(),
            ModelError::Refused(reason) => {
                is_refused = true;
                reason.clone()
            }
            ModelError::OverBudget(reason) => {
                is_dear = true;
                reason.clone()
            }
            ModelError::Invalid(reason) => {
                is_invalid = true;
                format!("invalid answer: {reason}")
            }
            ModelError::Unavailable {
                reason,
                retry_after,
            } => {
                is_unavailable = true;
                waits.extend(*retry_after);
                reason.clone()
            }
        };
        reasons.push(format!("{name}: {}", clip::fit(&reason, &[])));
    }
    let reason = reasons.join("; ");
    if is_unavailable {
        let retry_after = waits.into_iter().min();
        ModelError::Unavailable {
            reason,
            retry_after,
        }
    } else if is_dear {
        ModelError::OverBudget(reason)
    } else if is_refused {
        ModelError::Refused(reason)
    } else if is_invalid {
        ModelError::Invalid(reason)
    } else if failures.is_empty() {
        ModelError::NoModel("the list of models is empty".to_owned())
    } else {
        ModelError::NoModel(reason)
    }
}
