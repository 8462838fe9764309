//! The verdict rule by rule, for `/discuss why` and the button "Explain".

use crate::bot::check::{CheckInput, DiscussionView, Evaluation, Findings, title};
use crate::bot::markdown::{code, inline, shorten};
use std::fmt::Write;

/// Characters of one rule with what was found.
const MAX_RULE: usize = 600;

/// Every rule of the verdict, whether it holds, and the numbers and names behind it. `path`: of one discussion only.
pub fn why(input: &CheckInput, path: Option<&str>) -> String {
    let mut text = format!("**{}**\n", inline(&title(&input.findings)));
    let Findings::Evaluated(evaluation) = &input.findings else {
        return text;
    };
    let of_all = rules_of_all(evaluation);
    if !of_all.is_empty() {
        text.push_str("\nFor the pull request as a whole:\n\n");
        lines(&mut text, &of_all);
    }
    let asked = |view: &&DiscussionView| path.is_none_or(|path| view.path == path);
    for view in evaluation.discussions.iter().filter(asked) {
        let state = view.verdict.state.as_str().to_uppercase();
        let _ = writeln!(text, "\n{} is {state}:\n", code(&view.path));
        let mut rules = view.verdict.why();
        if let Some(waiting) = &view.waiting {
            rules.insert(
                0,
                format!("does not hold: the panel has started ({waiting})"),
            );
        }
        lines(&mut text, &rules);
    }
    if evaluation.discussions.is_empty() && of_all.is_empty() {
        text.push_str(
            "\nThis pull request touches no discussion file, so there is no rule to hold.\n",
        );
    }
    text
}

/// What is asked of the pull request besides its discussions, where that does not hold.
fn rules_of_all(evaluation: &Evaluation) -> Vec<String> {
    let errors = evaluation.config_errors.iter().map(|problem| {
        let place = problem.place();
        let message = problem.message.trim_end_matches('.');
        format!("does not hold: configuration, personas and templates have no errors ({place} {message})")
    });
    let demands = evaluation.demands.iter().map(|demand| {
        format!(
            "does not hold: the pull request owes nothing else (it {})",
            demand.text
        )
    });
    errors.chain(demands).collect()
}

fn lines(text: &mut String, rules: &[String]) {
    for rule in rules {
        let _ = writeln!(text, "- {}", inline(&shorten(rule, MAX_RULE)));
    }
}
