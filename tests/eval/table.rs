//! The figures as people and as programs read them.

use super::figures::{Figures, VOTES, votes};
use super::turn::Turn;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tables for people.
pub(crate) fn text(model: &str, turns: &[Turn], figures: &[Figures]) -> String {
    let mut text = format!(
        "Answered by {model}. shared: of the remarks, those that others make about the same proposal; repeated: those \
         made about other proposals, too.\n\n"
    );
    let head = [
        "persona",
        "asked",
        "answers",
        "silent",
        "valid",
        "remarks",
        "words",
        "shared",
        "repeated",
        "READY",
        "CHANGES",
        "REJECT",
        "tokens in",
        "out",
        "seconds",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in figures {
        let tokens = |at: usize| {
            one.tokens
                .map_or("-".to_owned(), |t| format!("{:.0}", t[at]))
        };
        let mut row = vec![
            one.persona.clone(),
            one.asked.to_string(),
            one.answered.to_string(),
            one.silent.to_string(),
            one.valid.to_string(),
            format!("{:.1}", one.remarks),
            format!("{:.0}", one.words),
            format!("{:.0}%", one.shared * 100.0),
            format!("{:.0}%", one.repeated * 100.0),
        ];
        row.extend(one.votes.iter().map(ToString::to_string));
        row.extend([tokens(0), tokens(1), format!("{:.2}", one.seconds)]);
        rows.push(row);
    }
    text += &aligned(&rows);
    let mut rows = vec![
        ["proposal", "READY", "CHANGES", "REJECT", "no vote"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (proposal, about) in by_proposal(turns) {
        let given = votes(about.iter().copied());
        let mut row = vec![proposal.to_owned()];
        row.extend(given.iter().map(ToString::to_string));
        row.push((about.len() - given.iter().sum::<usize>()).to_string());
        rows.push(row);
    }
    let _ = write!(text, "\n{}", aligned(&rows));
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for error in turns.iter().filter_map(|turn| turn.error.as_deref()) {
        *reasons.entry(error).or_default() += 1;
    }
    if !reasons.is_empty() {
        text += "\nNo answer:\n";
    }
    for (reason, count) in reasons {
        let _ = writeln!(text, "{count:>4} x {reason}");
    }
    text
}

/// Everything, for programs.
pub(crate) fn json(model: &str, turns: &[Turn], figures: &[Figures]) -> Value {
    let turns: Vec<Value> = turns
        .iter()
        .map(|turn| {
            json!({
                "proposal": turn.proposal,
                "persona": turn.persona,
                "outcome": turn.outcome,
                "vote": turn.vote,
                "remarks": turn.remarks,
                "block": turn.block,
                "error": turn.error,
                "tokens": turn.tokens.map(|[input, cached, output]| json!({"input": input, "cached": cached, "output": output})),
                "seconds": turn.time.as_secs_f64(),
                "faults": turn.faults,
            })
        })
        .collect();
    let personas: Vec<Value> = figures
        .iter()
        .map(|one| {
            json!({
                "persona": one.persona,
                "asked": one.asked,
                "answered": one.answered,
                "silent": one.silent,
                "valid": one.valid,
                "remarks": one.remarks,
                "words": one.words,
                "shared": one.shared,
                "repeated": one.repeated,
                "votes": VOTES.iter().zip(one.votes).map(|(vote, count)| ((*vote).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
                "tokens": one.tokens.map(|[input, output]| json!({"input": input, "output": output})),
                "seconds": one.seconds,
            })
        })
        .collect();
    json!({"model": model, "turns": turns, "personas": personas})
}

fn by_proposal(turns: &[Turn]) -> BTreeMap<&str, Vec<&Turn>> {
    let mut found: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    for turn in turns {
        found.entry(&turn.proposal).or_default().push(turn);
    }
    found
}

/// Columns as wide as their widest cell; all but the first are figures and stand to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let _ = match at {
                0 => write!(text, "{cell:<width$}", width = widths[at]),
                _ => write!(text, "  {cell:>width$}", width = widths[at]),
            };
        }
        text.push('\n');
    }
    text
}
