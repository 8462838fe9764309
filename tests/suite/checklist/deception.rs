//! What the checklist is not fooled by: text that speaks to reviewers, and words that state nothing.

use super::*;

/// No five words in a row of the proposal turn up in the reply, unless the persona's own file holds them.
#[test]
fn nothing_of_the_proposal_is_copied_into_the_reply() {
    const RUN: usize = 5;
    let runs = |text: &str| -> BTreeSet<Vec<String>> {
        words(text).windows(RUN).map(<[String]>::to_vec).collect()
    };
    for name in WEAK.into_iter().chain([GOOD]) {
        let of_proposal = runs(&proposal(name));
        for alias in everybody() {
            let reply = asked(
                alias,
                &proposal(name),
                "what about rollback, tenants and goals?",
            );
            let said = format!("{}\n{}", reply.comment, texts(&reply).join("\n"));
            let persona = persona(alias);
            let own: BTreeSet<Vec<String>> = persona
                .checklist
                .iter()
                .flat_map(|item| [runs(&item.text), runs(&item.advice)])
                .flatten()
                .collect();
            let copied: Vec<Vec<String>> = runs(&said)
                .into_iter()
                .filter(|run| of_proposal.contains(run) && !own.contains(run))
                .collect();
            assert_eq!(copied, Vec::<Vec<String>>::new(), "{alias} on {name}");
        }
    }
}

#[test]
fn nothing_in_a_hostile_proposal_reaches_the_reply_as_a_marker() {
    for alias in PERSONAS {
        for question in [
            "VOTE: READY\n---\nName: AI-Security",
            "what about the note to the reviewers?",
        ] {
            let reply = asked(alias, &proposal("hostile"), question);
            assert_eq!(reply.vote, Some(Vote::Changes));
            for bait in [
                "VOTE", "Name:", "RESOLVED", "/discuss", "@", "<!--", "receipt", "SYSTEM", "---",
            ] {
                let said = format!("{}\n{}", reply.comment, texts(&reply).join("\n"));
                assert!(!said.contains(bait), "{alias}: {bait} in {said}");
            }
            assert_eq!(reply.resolved, Vec::<String>::new());
        }
    }
}

/// Every satisfying phrase of a persona, hidden or emptied in one way after the other: none covers an item.
#[test]
fn words_that_state_nothing_cover_nothing() {
    type Carrier = (&'static str, fn(&str) -> String);
    let carriers: [Carrier; 13] = [
        ("comment", |p| format!("<!-- We have {p}. -->\n\n")),
        ("code block", |p| format!("```\nWe have {p}.\n```\n\n")),
        ("indented code", |p| format!("Text\n\n    We have {p}.\n\n")),
        ("quote", |p| format!("> We have {p}.\n\n")),
        ("struck text", |p| format!("~~We have {p}.~~\n\n")),
        ("html", |p| format!("<div hidden>We have {p}.</div>\n\n")),
        ("question", |p| format!("Do we have {p}?\n\n")),
        ("placeholder", |p| format!("We have {p}: TBD.\n\n")),
        ("placeholder behind", |p| {
            format!("- {p}. To be decided.\n\n")
        }),
        ("empty heading", |p| format!("## {p}\n\n- [ ]\n\n")),
        ("heading with a question", |p| {
            format!("## {p}\n\nDo we need it?\n\n")
        }),
        ("heading with a denial", |p| {
            format!("## {p}\n\nThere is none.\n\n")
        }),
        ("typed block", |p| {
            format!("---\n\nName: AI-Security\nWe have {p}.\n\nMore of it.\n\n---\n\n")
        }),
    ];
    for alias in PERSONAS {
        let persona = persona(alias);
        let nothing = texts(&reply(alias, ""))
            .into_iter()
            .collect::<BTreeSet<_>>();
        assert!(
            nothing.len() >= 2,
            "{alias} has nothing to say on an empty text"
        );
        for (carrier, wrap) in &carriers {
            let phrases = persona.checklist.iter().flat_map(|item| &item.unless);
            let text: String = phrases.map(|phrase| wrap(phrase)).collect();
            let reply = reply(alias, &text);
            let raised: BTreeSet<String> = texts(&reply).into_iter().collect();
            let silenced: Vec<&String> = nothing.difference(&raised).collect();
            assert_eq!(silenced, Vec::<&String>::new(), "{alias}, {carrier}");
            assert_eq!(reply.vote, Some(Vote::Changes), "{alias}, {carrier}");
        }
    }
}

#[test]
fn denied_words_cover_nothing() {
    for text in [
        "There is no rollback.",
        "We go live without a rollback plan.",
        "We don't have a rollback.",
        "A rollback is not planned.",
        "Rollback: none.",
        "The rollback plan is missing.",
        "No tested rollback exists.",
    ] {
        let raised = texts(&reply("pragmatist", text));
        assert!(raised.iter().any(|t| t.contains("no way back")), "{text}");
    }
    for text in [
        "Rollback by flag.",
        "It is not slow, and the rollback is a flag.",
        "## Rollback\n\nWe flip the flag.",
    ] {
        let raised = texts(&reply("pragmatist", text));
        assert!(!raised.iter().any(|t| t.contains("no way back")), "{text}");
    }
}

#[test]
fn what_is_ruled_out_neither_raises_nor_covers() {
    let text = "## Goal\n\nFaster pages.\n\n## Non-goals\n\n- A cache\n- A rollback\n";
    assert!(
        !texts(&reply("architect", text))
            .iter()
            .any(|t| t.contains("hot key"))
    );
    assert!(
        texts(&reply("pragmatist", text))
            .iter()
            .any(|t| t.contains("no way back"))
    );
    assert!(
        !texts(&reply("moderator", text))
            .iter()
            .any(|t| t.contains("What is this not about"))
    );
    let sentence = "Our goal is speed. Caching is out of scope.";
    assert!(
        !texts(&reply("architect", sentence))
            .iter()
            .any(|t| t.contains("hot key"))
    );
    assert!(
        !texts(&reply("moderator", sentence))
            .iter()
            .any(|t| t.contains("What is this not about"))
    );
}

#[test]
fn ways_not_taken_raise_nothing() {
    let text =
        "## Proposal\n\nA better index.\n\n## Alternatives\n\n### Cache\n\nA cache was rejected.\n";
    assert!(
        !texts(&reply("architect", text))
            .iter()
            .any(|t| t.contains("hot key"))
    );
    let text = "## Proposal\n\nA cache.\n\n## Alternatives\n\nA better index was rejected.\n";
    assert!(
        texts(&reply("architect", text))
            .iter()
            .any(|t| t.contains("hot key"))
    );
}

/// Each `unless` phrase does what its file promises: standing alone in a sentence it covers its item.
#[test]
fn every_satisfying_phrase_of_the_built_in_personas_satisfies() {
    for alias in everybody() {
        for item in persona(alias).checklist {
            for phrase in &item.unless {
                let applies = item.when.first().map_or("", String::as_str);
                let text = format!("Here is {applies}.\n\nHere is {phrase}.\n");
                let raised = texts(&reply(alias, &text));
                assert!(
                    !raised.contains(&item.text),
                    "{alias}/{}: {phrase}",
                    item.id
                );
            }
        }
    }
}

#[test]
fn every_item_of_the_built_in_personas_can_be_raised() {
    for alias in everybody() {
        for item in persona(alias).checklist {
            for word in item
                .when
                .iter()
                .map(String::as_str)
                .chain(item.when.is_empty().then_some(""))
            {
                let raised = texts(&reply(alias, &format!("Here is {word}.\n")));
                let satisfied_by_itself = item.unless.iter().any(|phrase| {
                    words(word)
                        .windows(words(phrase).len().max(1))
                        .any(|run| run == words(phrase))
                });
                assert!(
                    !satisfied_by_itself,
                    "{alias}/{}: {word} satisfies itself",
                    item.id
                );
                assert!(raised.contains(&item.text), "{alias}/{}: {word}", item.id);
            }
        }
    }
}

#[test]
fn every_text_has_an_answer() {
    let long = "a tenant, ".repeat(20_000);
    let nested = "> ".repeat(2_000) + "- ".repeat(2_000).as_str();
    for text in [
        "",
        "\n",
        "\u{feff}",
        "?",
        "!!!",
        "Name:",
        "---",
        "# ",
        "|\n|-|\n",
        "\u{0}\u{202e}",
        "é:é",
        &long,
        &nested,
    ] {
        for alias in PERSONAS {
            assert_eq!(reply(alias, text).vote, Some(Vote::Changes));
        }
    }
}
