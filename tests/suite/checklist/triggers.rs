//! Which words make an item of the later voting and advisory personas apply, and which do not.

use super::*;

/// The five voting personas that look at a proposal from one trade each.
const TRADES: [&str; 5] = ["perfectionist", "designer", "operator", "tester", "backend"];

/// A good text on an internal cache has no screen, no new call and no new data.
#[test]
fn a_good_text_without_any_screen_is_ready_for_each_trade() {
    let mut failures = String::new();
    for alias in TRADES {
        let reply = reply(alias, &demo("revised"));
        if reply.vote != Some(Vote::Ready) || remarks(&reply) > 0 {
            writeln!(failures, "{alias}: {:?} {:#?}", reply.vote, texts(&reply)).unwrap();
        }
    }
    assert_eq!(failures, "");
}

/// Persona, item, sentence, and whether the item is raised on it.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("designer", "user-journey", "We add a wizard.", true),
    (
        "designer",
        "user-journey",
        "The interface is unchanged for all callers.",
        false,
    ),
    (
        "designer",
        "user-journey",
        "So that nothing changes for them, we add a page.",
        true,
    ),
    (
        "designer",
        "feedback-states",
        "Nothing changes for the tenants.",
        false,
    ),
    (
        "designer",
        "confirm-and-undo",
        "An admin can delete a workspace.",
        true,
    ),
    (
        "designer",
        "confirm-and-undo",
        "The library deletes the key.",
        false,
    ),
    (
        "designer",
        "error-recovery",
        "The user gets an error.",
        true,
    ),
    (
        "designer",
        "error-recovery",
        "We go back if the error rate doubles.",
        false,
    ),
    (
        "perfectionist",
        "rounding-rule",
        "A service calculates the price of an order.",
        true,
    ),
    (
        "perfectionist",
        "rounding-rule",
        "The cache holds a price for a minute.",
        false,
    ),
    (
        "perfectionist",
        "precedence",
        "The rules for discounts come from sales.",
        true,
    ),
    (
        "perfectionist",
        "precedence",
        "A network policy admits the API alone.",
        false,
    ),
    (
        "perfectionist",
        "edge-values",
        "On a miss it reads the database.",
        false,
    ),
    (
        "perfectionist",
        "term-definitions",
        "The key is built from tenant and SKU.",
        false,
    ),
    (
        "operator",
        "restore-drill",
        "The orders live in the database of the shop.",
        true,
    ),
    (
        "operator",
        "restore-drill",
        "A miss reads the database.",
        false,
    ),
    (
        "operator",
        "restore-drill",
        "Two new tables; every row can be rebuilt from the log.",
        false,
    ),
    ("operator", "diagnosis", "A miss costs one lookup.", true),
    (
        "operator",
        "version-overlap",
        "Only the service writes to it.",
        false,
    ),
    (
        "tester",
        "worked-example",
        "The p95 of the lookup is at most 150 ms.",
        false,
    ),
    (
        "tester",
        "refusal-tests",
        "Each tenant has its own keys.",
        true,
    ),
    (
        "tester",
        "refusal-tests",
        "Each tenant has its own keys; a cross-tenant test runs.",
        false,
    ),
    (
        "tester",
        "test-data",
        "It signs in with an account of its own.",
        false,
    ),
    (
        "backend",
        "call-contract",
        "The interface is unchanged.",
        false,
    ),
    (
        "backend",
        "save-conflict",
        "Staff edit the price list.",
        true,
    ),
    (
        "backend",
        "save-conflict",
        "Each tenant has its own price list.",
        false,
    ),
    (
        "backend",
        "stored-constraints",
        "We add two new tables.",
        true,
    ),
    (
        "backend",
        "stored-constraints",
        "Connections use TLS, parked in a dead letter table.",
        false,
    ),
    (
        "researcher",
        "product-standing",
        "We take a third-party library.",
        true,
    ),
    (
        "researcher",
        "product-standing",
        "The component is a library inside the API.",
        false,
    ),
    (
        "researcher",
        "claim-sources",
        "Acme Inc. runs the shop.",
        true,
    ),
    (
        "researcher",
        "own-history",
        "The incident hit Acme Inc. hard.",
        true,
    ),
    (
        "diagram-editor",
        "state-diagram",
        "The order status decides what follows.",
        true,
    ),
    (
        "diagram-editor",
        "state-diagram",
        "The caller sees status 429.",
        false,
    ),
];

#[test]
fn an_item_is_raised_on_what_it_is_about_and_on_nothing_that_sounds_alike() {
    let mut failures = String::new();
    for (alias, id, sentence, is_expected) in CASES {
        let persona = persona(alias);
        let item = persona.checklist.iter().find(|item| item.id == *id);
        let text = &item.unwrap_or_else(|| panic!("{alias} has no {id}")).text;
        let is_raised =
            texts(&reply(alias, &format!("## Proposal\n\n{sentence}\n"))).contains(text);
        if is_raised != *is_expected {
            writeln!(failures, "{alias} {id}: raised {is_raised} on {sentence}").unwrap();
        }
    }
    assert_eq!(failures, "");
}
