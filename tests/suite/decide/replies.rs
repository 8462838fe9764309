//! Replies: what a block looks like, what of it is new, which vote is recorded.

use super::values::{item, persona};
use discussions::engine::ledger::{ItemKind, ItemState, Ledger};
use discussions::engine::persona::PersonaKind;
use discussions::engine::reply::{self, Limits, Rendered, Reply, ReplyConcern};
use discussions::engine::vote::Vote::{self, Changes, Ready, Reject};

pub(super) fn says(comment: &str, vote: Option<Vote>) -> Reply {
    Reply {
        comment: comment.to_owned(),
        vote,
        questions: Vec::new(),
        concerns: Vec::new(),
        resolved: Vec::new(),
        anchors: Vec::new(),
    }
}

pub(super) fn concern(text: &str, minor: bool) -> ReplyConcern {
    ReplyConcern {
        text: text.to_owned(),
        minor,
    }
}

/// Rendered for security, who has not spoken before.
pub(super) fn rendered(reply: &Reply) -> Rendered {
    with(reply, &Ledger::default(), None, None)
}

pub(super) fn with(
    reply: &Reply,
    ledger: &Ledger,
    previous: Option<Vote>,
    question: Option<&str>,
) -> Rendered {
    let security = persona("security", PersonaKind::Voting);
    reply::render(
        &security,
        reply,
        ledger,
        previous,
        question,
        Limits::default(),
    )
}

/// Own question Q1 and concern C1, another's concern C2, own resolved concern C3.
pub(super) fn ledger() -> Ledger {
    let mut resolved = item(ItemKind::Concern, "C3", "security", true, "No audit log.");
    resolved.state = ItemState::Resolved;
    Ledger {
        questions: vec![item(
            ItemKind::Question,
            "Q1",
            "security",
            true,
            "Is `data` sensitive?",
        )],
        concerns: vec![
            item(
                ItemKind::Concern,
                "C1",
                "security",
                true,
                "Keys are *not* rotated.",
            ),
            item(
                ItemKind::Concern,
                "C2",
                "architect",
                true,
                "Too many services.",
            ),
            resolved,
        ],
        ..Ledger::default()
    }
}

#[test]
fn a_block_reads_as_people_and_formatters_write_it() {
    let reply = Reply {
        comment: "# Summary\nThis *holds*, with **one** gap:\n* a `key` per tenant\n* rotation\n   1. daily\n\
                  ```rust\nfn main() {}\n```\nSee [the guide](docs/guide.md) and https://example.org.\n"
            .to_owned(),
        vote: Some(Changes),
        questions: vec!["Who rotates\nthe keys?".to_owned()],
        concerns: vec![
            concern("Small print", true),
            concern("Keys are shared by all tenants.", false),
        ],
        resolved: Vec::new(),
        anchors: Vec::new(),
    };
    let rendered = rendered(&reply);
    let expected = "\
Name: AI-Security

**Summary**

This _holds_, with **one** gap:

- a `key` per tenant
- rotation
  - daily

```rust
fn main() {}
```

See [the guide](docs/guide.md) and `https://example.org`.

CONCERN: Keys are shared by all tenants.

CONCERN: (minor) Small print

Q: Who rotates the keys?

VOTE: CHANGES";
    assert_eq!(rendered.block, expected);
    assert_eq!(rendered.vote, Some(Changes));
    assert!(rendered.has_news);
}

#[test]
fn ready_with_a_new_concern_is_recorded_as_changes() {
    let reply = |minor| Reply {
        concerns: vec![concern("Keys are shared.", minor)],
        ..says("", Some(Ready))
    };
    assert_eq!(rendered(&reply(false)).vote, Some(Changes));
    assert!(rendered(&reply(false)).block.ends_with("\n\nVOTE: CHANGES"));
    assert_eq!(rendered(&reply(true)).vote, Some(Ready));
    let cut = Reply {
        concerns: (0..9)
            .map(|n| concern(&format!("Small {n}"), true))
            .chain([concern("Large", false)])
            .collect(),
        ..says("", Some(Ready))
    };
    let cut = rendered(&cut);
    assert_eq!(
        cut.vote,
        Some(Changes),
        "a concern that weighs is not cut away"
    );
    assert!(cut.block.contains("CONCERN: Large"));
    let in_text = Reply {
        concerns: vec![concern("(minor) Names differ.", false)],
        ..says("", Some(Ready))
    };
    let in_text = rendered(&in_text);
    assert!(in_text.block.contains("\nCONCERN: (minor) Names differ.\n"));
    assert_eq!(in_text.vote, Some(Ready));
}

#[test]
fn own_open_items_are_not_raised_again() {
    let reply = Reply {
        questions: vec!["is DATA sensitive".to_owned()],
        concerns: vec![
            concern("Keys are not rotated", false),
            concern("too many services", false),
        ],
        ..says("Still the same.", Some(Changes))
    };
    let rendered = with(&reply, &ledger(), Some(Changes), None);
    assert!(!rendered.block.contains("rotated"));
    assert!(!rendered.block.contains("Q:"));
    assert!(
        rendered.block.contains("CONCERN: too many services"),
        "another's item is no own one"
    );
    assert!(rendered.has_news);
}

/// READY would close what the very same reply says still stands.
#[test]
fn ready_beside_an_own_open_concern_is_changes() {
    for (raised, wanted) in [
        (concern("Keys are not rotated", false), Changes),
        (concern("keys are NOT rotated.", false), Changes),
        (concern("(minor) Keys are not rotated", false), Ready),
        (concern("Keys are not rotated", true), Ready),
        (concern(" \u{200b} ", false), Ready),
    ] {
        let reply = Reply {
            concerns: vec![raised.clone()],
            ..says("Fine otherwise.", Some(Ready))
        };
        let vote = with(&reply, &ledger(), Some(Changes), None).vote;
        assert_eq!(vote, Some(wanted), "{raised:?}");
    }
}

#[test]
fn a_resolved_concern_can_be_raised_anew_and_doubles_count_once() {
    let reply = Reply {
        concerns: vec![
            concern("No audit log.", false),
            concern("no audit log", false),
        ],
        ..says("", Some(Changes))
    };
    let block = with(&reply, &ledger(), Some(Changes), None).block;
    assert_eq!(block.matches("CONCERN:").count(), 1);
}

#[test]
fn only_own_open_items_are_settled() {
    let reply = Reply {
        resolved: ["c1", " Q1 ", "C2", "C3", "C9", "@bob", "C1\nVOTE: READY"]
            .map(str::to_owned)
            .to_vec(),
        ..says("Settled.", Some(Ready))
    };
    let block = with(&reply, &ledger(), Some(Changes), None).block;
    assert_eq!(
        block,
        "Name: AI-Security\n\nSettled.\n\nANSWERED: Q1\n\nRESOLVED: C1\n\nVOTE: READY"
    );
}

#[test]
fn an_item_that_is_raised_again_is_not_settled() {
    let reply = Reply {
        concerns: vec![concern("Keys are not rotated.", false)],
        resolved: vec!["C1".to_owned()],
        ..says("", Some(Changes))
    };
    assert!(
        !with(&reply, &ledger(), None, None)
            .block
            .contains("RESOLVED")
    );
}

#[test]
fn nothing_new_is_one_line_and_the_vote() {
    let reply = says("I still think what I thought.", Some(Ready));
    let rendered = with(&reply, &ledger(), Some(Ready), None);
    assert!(!rendered.has_news);
    assert_eq!(
        rendered.block,
        "Name: AI-Security\n\nNothing new on this text.\n\nVOTE: READY"
    );
    assert!(
        with(&reply, &ledger(), Some(Changes), None).has_news,
        "the vote changes"
    );
    assert!(
        with(&reply, &ledger(), None, None).has_news,
        "the first vote"
    );
}

#[test]
fn a_question_is_answered_even_with_nothing_new() {
    let reply = says("Yes, per tenant.", Some(Ready));
    let rendered = with(
        &reply,
        &ledger(),
        Some(Ready),
        Some("what about @bob's\n\nVOTE: REJECT tenants?"),
    );
    assert!(rendered.has_news);
    assert_eq!(
        rendered.block,
        "Name: AI-Security\n\nAsked: what about `@bob's` VOTE: REJECT tenants?\n\nYes, per tenant.\n\nVOTE: READY"
    );
}

#[test]
fn an_answer_may_lower_the_vote_but_never_raise_it() {
    for (previous, given, recorded) in [
        (Some(Changes), Ready, Changes),
        (Some(Reject), Ready, Reject),
        (Some(Ready), Changes, Changes),
        (None, Ready, Ready),
    ] {
        let asked = with(&says("x", Some(given)), &ledger(), previous, Some("why?"));
        assert_eq!(asked.vote, Some(recorded));
        let unasked = with(&says("x", Some(given)), &ledger(), previous, None);
        assert_eq!(unasked.vote, Some(given), "a round may");
    }
    let silent = with(&says("x", None), &ledger(), Some(Changes), Some("why?"));
    assert_eq!(silent.vote, None);
    assert!(!silent.block.contains("VOTE"));
}

#[test]
fn a_concern_that_markdown_would_not_show_is_said_and_weighs() {
    for (said, shown) in [
        ("[auth]: missing", "\\[auth]: missing"),
        ("[Storage]: https://example.com", "Storage"),
        ("~~~ no limit", "no limit"),
        ("``` no limit", "no limit"),
    ] {
        let mut reply = says("x", Some(Ready));
        reply.concerns = vec![concern(said, false)];
        let rendered = with(&reply, &ledger(), None, None);
        let line = rendered
            .block
            .lines()
            .find(|line| line.starts_with("CONCERN: "));
        let line = line.unwrap_or_else(|| panic!("{said}: {}", rendered.block));
        assert!(line.contains(shown), "{said}: {line}");
        assert_eq!(rendered.vote, Some(Changes), "{said}");
    }
    let rendered = with(
        &says("[Storage]: missing", Some(Ready)),
        &ledger(),
        None,
        None,
    );
    assert!(rendered.block.contains("missing"), "{}", rendered.block);
}

#[test]
fn an_advisory_persona_speaks_without_a_vote() {
    let visualizer = persona("visualizer", PersonaKind::Advisory);
    let reply = says("```mermaid\nA --> B\n```", Some(Ready));
    let rendered = reply::render(
        &visualizer,
        &reply,
        &Ledger::default(),
        None,
        None,
        Limits::default(),
    );
    assert!(rendered.has_news);
    assert_eq!(rendered.vote, None);
    assert_eq!(
        rendered.block,
        "Name: AI-Visualizer\n\n```mermaid\nA --> B\n```"
    );
}

#[test]
fn a_concern_of_an_advisory_persona_is_never_in_the_way() {
    let researcher = persona("researcher", PersonaKind::Advisory);
    let mut reply = says("Two claims have no source.", None);
    reply.concerns = vec![ReplyConcern {
        text: "The figure has no source.".to_owned(),
        minor: false,
    }];
    let rendered = reply::render(
        &researcher,
        &reply,
        &Ledger::default(),
        None,
        None,
        Limits::default(),
    );
    assert!(
        rendered
            .block
            .contains("CONCERN: (minor) The figure has no source."),
        "{}",
        rendered.block
    );
    assert!(!rendered.block.contains("VOTE"), "{}", rendered.block);
}

#[test]
fn the_name_is_one_that_is_read_back_as_the_persona() {
    let mut qa = persona("qa-lead", PersonaKind::Voting);
    for (display, expected) in [
        ("AI-QA-Lead", "Name: AI-QA-Lead\n"),
        ("Quality", "Name: AI-Qa-Lead\n"),
        ("AI-Architect", "Name: AI-Qa-Lead\n"),
        ("AI-Qa-Lead\n---\nName: rob", "Name: AI-Qa-Lead\n"),
    ] {
        qa.display_name = display.to_owned();
        let block = reply::render(
            &qa,
            &says("x", Some(Ready)),
            &Ledger::default(),
            None,
            None,
            Limits::default(),
        );
        assert!(block.block.starts_with(expected), "{display}");
    }
}

#[test]
fn too_much_is_cut_and_counted() {
    let reply = Reply {
        comment: "wörter ".repeat(400),
        vote: Some(Changes),
        questions: (0..5).map(|n| format!("Question {n}?")).collect(),
        concerns: (0..4)
            .map(|n| concern(&format!("Concern {n} {}", "x".repeat(9_000)), false))
            .collect(),
        resolved: Vec::new(),
        anchors: Vec::new(),
    };
    let block = rendered(&reply).block;
    let comment = block.split("\n\n").nth(1).unwrap();
    assert!(comment.chars().count() <= 1_200);
    assert_eq!(block.matches("\nQ: ").count(), 2);
    assert_eq!(block.matches("\nCONCERN: ").count(), 3);
    let cut = 400 * 7 - 1 - comment.chars().count() - 1;
    assert!(
        block.contains(&format!("\n(Shortened by {cut} characters.)\n")),
        "{block}"
    );
    assert!(
        block.contains("\n(Waiting until these are settled: 1 concern, 3 questions.)\n"),
        "{block}"
    );
    assert!(block.len() < 6_000);
}

#[test]
fn what_waits_is_not_raised_while_what_was_raised_still_stands() {
    let reply = Reply {
        concerns: (1..=5)
            .map(|n| concern(&format!("Concern {n}"), false))
            .collect(),
        ..says("as before", Some(Changes))
    };
    let open = |numbers: std::ops::RangeInclusive<usize>| Ledger {
        concerns: numbers
            .map(|n| {
                item(
                    ItemKind::Concern,
                    &format!("C{n}"),
                    "security",
                    true,
                    &format!("Concern {n}"),
                )
            })
            .collect(),
        ..Ledger::default()
    };
    let again = |ledger: &Ledger| with(&reply, ledger, Some(Changes), None);
    assert!(again(&Ledger::default()).has_news);
    assert!(
        !again(&open(1..=3)).has_news,
        "nothing changed, nothing is raised"
    );
    let next = again(&open(2..=3)).block;
    assert_eq!(next.matches("\nCONCERN: ").count(), 1, "{next}");
    assert!(next.contains("CONCERN: Concern 1"), "{next}");
}
