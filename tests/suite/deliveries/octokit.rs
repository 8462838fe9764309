//! All payloads that Octokit collected, as they are and damaged: none makes an error, none is lost to a panic.

use super::door::{Door, answer, guid};
use discussions::forge::event::HANDLED_EVENTS;
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
            .map(move |example| (name.clone(), sent_to_an_app(example)))
    };
    groups.into_iter().flat_map(named).collect()
}

/// Many examples were recorded from plain webhooks and plain issues; made into what an App gets for pull requests.
fn sent_to_an_app(mut example: Value) -> Value {
    if example.get("installation").is_none() {
        example["installation"] = serde_json::json!({ "id": 1 });
    }
    if let Some(issue) = example.get_mut("issue") {
        issue["pull_request"] = serde_json::json!({});
    }
    example
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
    let handled: Vec<_> = examples
        .iter()
        .filter(|(name, _)| HANDLED_EVENTS.iter().any(|(handled, _)| handled == name))
        .collect();
    let mut dice = Dice(7);
    let mutations = (0..MUTATIONS).map(|_| {
        let (name, mut payload) = handled[dice.below(handled.len())].clone();
        mutate(&mut payload, &mut dice);
        ("mutation", name, payload)
    });
    let as_they_are = examples
        .iter()
        .map(|(name, payload)| ("example", name.clone(), payload.clone()));
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for (number, (kind, name, payload)) in (0..).zip(as_they_are.chain(mutations)) {
        let body = payload.to_string().into_bytes();
        let (status, said) = answer(door.delivery(&name, &guid(number), body)).await;
        assert_eq!(status, 202, "{name} {number}: {said}");
        let result: Value = serde_json::from_str(&said).unwrap();
        let word = match result["why"].as_str() {
            Some(why) if why.contains("payload") => "not readable",
            Some("no pull request") => "read",
            Some(_) => "not for us",
            None => "read, a job",
        };
        assert!(
            (kind, word) != ("example", "not readable"),
            "{name} {number}: {said}"
        );
        *counts.entry(format!("{kind}: {word}")).or_default() += 1;
    }
    println!(
        "{} examples, {MUTATIONS} mutations: {counts:?}",
        examples.len()
    );
}
