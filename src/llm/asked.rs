//! What is sent for a prompt: its words, and the form of the answer where no schema goes beside them.

use super::{Prompt, Rendered, contract, render};

/// Where a model is told the form of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By a schema beside the words.
    Beside,
    /// At the end of the rules, which stay the same and are cached.
    InRules,
    /// At the end of the task.
    InTask,
}

impl Form {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Beside, Self::InRules, Self::InTask];
}

/// The words of a first request.
pub fn words(prompt: &Prompt, form: Form) -> Rendered {
    let mut words = render(prompt);
    let told = match form {
        Form::Beside => return words,
        Form::InRules => &mut words.system,
        Form::InTask => &mut words.task,
    };
    *told = format!("{told}\n\n{}", contract::instructions(prompt));
    words
}
