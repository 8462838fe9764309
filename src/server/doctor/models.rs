//! Judges who answers for the personas.

use super::{Area, Finding};
use crate::config::models::Models;

/// What became of asking a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Why there was no answer.
    pub failure: Option<String>,
    /// How long it took, milliseconds.
    pub milliseconds: u128,
}

fn ok(code: &'static str, subject: &str, found: &str) -> Finding {
    Finding::ok(Area::Models, code, subject, found)
}

/// Finding about the choice. `said`: what was told of a service that was asked for a model; `is_amiss`: it has none, and
/// the operator named it.
pub fn judge(models: &Models, said: Option<&str>, is_amiss: bool) -> Finding {
    let (code, subject) = ("models", "who answers");
    let said = said.unwrap_or_default();
    if is_amiss {
        return Finding::failed(Area::Models, code, subject, said).because(
            "the personas do not vote, and nothing gets green",
            "`discussions models` tells more.",
        );
    }
    if models.checklist {
        return ok(code, subject, "the built-in checklists, whose votes count");
    }
    let names: Vec<&str> = models.chain.iter().map(|one| one.name.as_str()).collect();
    if !names.is_empty() {
        return ok(code, subject, &names.join(", then "));
    }
    Finding::warning(Area::Models, code, subject, "no model is chosen").because(
        "the personas answer from their checklists and do not vote: nothing gets green, unless a repository names a model",
        "Set DISCUSSIONS_MODEL; `discussions models` lists the ways.",
    )
}

/// A setting that cannot be worked with.
pub fn unusable(error: &str) -> Finding {
    Finding::failed(Area::Models, "models", "who answers", error).because(
        "the server does not start with it",
        "`discussions models` tells more.",
    )
}

/// Finding about a model that was asked for one answer.
pub fn answered(asked: &Asked) -> Finding {
    let Asked {
        name,
        failure,
        milliseconds,
    } = asked;
    match failure {
        None => ok(
            "model-answer",
            name,
            &format!("answered in {milliseconds} ms"),
        ),
        Some(why) => {
            let found = format!("gave no answer after {milliseconds} ms: {why}");
            Finding::failed(Area::Models, "model-answer", name, &found).because(
                "a persona without an answer does not vote, and its vote stays owed",
                "Check key, address and quota; `discussions models --check` asks again.",
            )
        }
    }
}
