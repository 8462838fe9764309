//! What was sent in one round is sent again in the next, byte for byte, so that providers can use it again.

use crate::support::rounds::{PANEL, PROPOSALS, kept, length, rounds};

/// Least share of rounds 2 and 3 that was sent before, in bytes.
const LEAST: f64 = 0.80;
/// The same for each of them alone. The second round is the first that holds any replies, so of it less was sent.
const LEAST_ALONE: [f64; 2] = [0.65, 0.85];

#[test]
fn a_later_prompt_begins_with_the_earlier_one() {
    let mut table = String::new();
    let mut failures = String::new();
    for name in PROPOSALS {
        let rounds = rounds(name);
        for alias in PANEL {
            let (mut sent, mut sent_before) = (0, 0);
            for later in 1..rounds.len() {
                let (before, now) = (&rounds[later - 1][alias], &rounds[later][alias]);
                let kept = kept(before, now, later);
                let whole = length(now);
                sent += whole;
                sent_before += kept;
                let share = kept as f64 / whole as f64;
                let line = format!(
                    "{name:<15} {alias:<11} round {} {whole:>6} bytes {share:.3}\n",
                    later + 1
                );
                table.push_str(&line);
                if share < LEAST_ALONE[later - 1] {
                    failures.push_str(&line);
                }
            }
            let share = sent_before as f64 / sent as f64;
            let line = format!("{name:<15} {alias:<11} both    {sent:>6} bytes {share:.3}\n");
            table.push_str(&line);
            if share < LEAST {
                failures.push_str(&line);
            }
        }
    }
    println!("{table}");
    assert_eq!(failures, "");
}

#[test]
fn what_is_the_same_for_everybody_comes_first() {
    let rounds = rounds("good");
    let systems: Vec<&str> = rounds[0]
        .values()
        .map(|rendered| rendered.system.as_str())
        .collect();
    let house = systems[0].split("# Who you are").next().unwrap();
    assert!(house.contains("at most 1200 characters"), "{house}");
    assert!(!house.contains(['{', '}']), "{house}");
    assert!(systems.iter().all(|system| system.starts_with(house)));
    for round in &rounds {
        let mut backgrounds = round.values().map(|rendered| &rendered.background);
        let first = backgrounds.next().unwrap();
        assert!(backgrounds.all(|background| background == first));
    }
}
