//! All payloads that Octokit collected, as they are and damaged: none makes an error, none is lost to a panic.

use super::door::{Door, answer, guid};
use serde::Deserialize;
use serde_json::Value;

const MUTATIONS: u32 = 3_000;

#[derive(Deserialize)]
struct Group {
    name: String,
    examples: Vec<Value>,
}

/// Deterministic, so that a failing mutation can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // Numerical Recipes' constants; the upper half is random enough.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn examples() -> Vec<(String, Value)> {
    let folder = std::env::var("WEBHOOKS_EXAMPLES").expect("WEBHOOKS_EXAMPLES names the folder");
    let text = std::fs::read(format!("{folder}/index.json")).unwrap();
    let groups: Vec<Group> = serde_json::from_slice(&text).unwrap();
    let named = |group: Group| {
        let name = group.name;
        group
            .examples
            .into_iter()
            .map(move |example| (name.clone(), example))
    };
    groups.into_iter().flat_map(named).collect()
}

/// Damages one field, somewhere: nulled, removed, or a new one next to it.
fn mutate(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let at = dice.below(fields.len());
            let key = fields.keys().nth(at).unwrap().clone();
            let child = &mut fields[&key];
            let deeper = matches!(child, Value::Object(_) | Value::Array(_)) && dice.below(3) > 0;
            match (deeper, dice.below(3)) {
                (true, _) => mutate(child, dice),
                (false, 0) => *child = Value::Null,
                (false, 1) => drop(fields.remove(&key)),
                (false, _) => drop(fields.insert("of_tomorrow".to_owned(), Value::Bool(true))),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = dice.below(items.len());
            mutate(&mut items[at], dice);
        }
        other => *other = Value::Null,
    }
}

#[tokio::test]
#[ignore = "needs npm @octokit/webhooks-examples (WEBHOOKS_EXAMPLES)"]
async fn all_examples_and_their_mutations_are_acknowledged() {
    let door = Door::open().await;
    let examples = examples();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let mut dice = Dice(7);
    for number in 0..examples.len() as u32 + MUTATIONS {
        let (name, payload) = match examples.get(number as usize) {
            Some(example) => example.clone(),
            None => {
                let (name, mut payload) = examples[dice.below(examples.len())].clone();
                mutate(&mut payload, &mut dice);
                (name, payload)
            }
        };
        let body = payload.to_string().into_bytes();
        let (status, said) = answer(door.delivery(&name, &guid(number), body)).await;
        assert_eq!(status, 202, "{name} {number}: {said}");
        let result: Value = serde_json::from_str(&said).unwrap();
        let kind = if (number as usize) < examples.len() {
            "example"
        } else {
            "mutation"
        };
        let word = result["result"].as_str().unwrap();
        *counts.entry(format!("{kind} {word}")).or_default() += 1;
    }
    println!(
        "{} examples, {MUTATIONS} mutations: {counts:?}",
        examples.len()
    );
}
