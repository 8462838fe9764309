//! Who may do what, what counts as having said something, and rules that people can live with.

use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{Chance, DEMO_REPO, EffectKind, ReactionTarget, Role};
use serde::Deserialize;
use std::sync::Arc;

impl Rig {
    /// What stands below a comment in the conversation, by whomever.
    fn reactions_to(&self, comment: u64) -> Vec<String> {
        let target = ReactionTarget::IssueComment(comment);
        let reactions = self.sandbox.reactions(DEMO_REPO, target);
        reactions.into_iter().map(|(_, content)| content).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_whoever_may_not_spend_spends_nothing() {
    let words = [
        "/discuss",
        "/discuss all",
        "/discuss security what about tenants?",
        "/discuss @security @architect @pragmatist",
        "/discuss design/cache.md security",
        "/discuss vote ready",
        "Let us discuss security here, all of you.",
        "I /discuss this with security",
        "see example.org/discuss security",
        "/discussion security",
        "/DISCUSS-security",
    ];
    for (login, role) in [("eve", None), ("tia", Some(Role::Triage))] {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        let number = rig.open("rob", PATH, CACHE).await;
        rig.sandbox.create_user(login);
        if let Some(role) = role {
            rig.sandbox
                .add_collaborator(DEMO_REPO, login, role)
                .unwrap();
        }
        let (calls, title) = (model.calls().len(), rig.title(number));
        rig.sandbox.reset_ledger();
        let mut first = None;
        for said in words {
            let id = rig.say(login, number, said).await;
            first = first.or(Some(id));
        }
        assert_eq!(model.calls().len(), calls, "{login}: zero tokens");
        assert_eq!(rig.title(number), title, "{login}");
        assert_eq!(rig.count(EffectKind::Commit), 0, "{login}");
        let reactions = rig.reactions_to(first.unwrap());
        assert_eq!(reactions, ["eyes", "confused"], "{login}");
        let replies = rig.replies(number);
        assert_eq!(replies.len(), 1, "{login}: {replies:#?}");
        assert!(replies[0].contains("write"), "{login}: {}", replies[0]);
        assert!(replies[0].len() < 400, "{login}: {}", replies[0]);
        rig.held_up(number, login);
    }
}

/// A case of people who vote by rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Poll {
    name: String,
    /// Configuration besides the quiet time.
    #[serde(default)]
    config: String,
    /// What personas vote that do not vote READY.
    #[serde(default)]
    personas: Vec<(String, Vote3)>,
    /// What people say or do, in order.
    said: Vec<(String, String)>,
    /// How it ends.
    green: bool,
    /// It was green on the way already.
    #[serde(default)]
    early: bool,
    /// Words of the summary: why it is not decided, and who is missing.
    #[serde(default)]
    says: Vec<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Vote3 {
    Changes,
    Reject,
}

#[tokio::test(flavor = "multi_thread")]
async fn p19_rules_of_a_vote_are_said_and_it_ends_the_moment_they_hold() {
    let polls: Vec<Poll> =
        serde_saphyr::from_str(include_str!("../../fixtures/pains/polls.yaml")).unwrap();
    assert!(polls.len() >= 8);
    for poll in polls {
        let name = &poll.name;
        let model = Arc::new(Scripted::ready());
        for (alias, vote) in &poll.personas {
            let vote = match vote {
                Vote3::Changes => Vote::Changes,
                Vote3::Reject => Vote::Reject,
            };
            model.set(alias, Line::Votes(vote));
        }
        let rig = Rig::scripted(&model, &poll.config).await;
        for login in ["joe", "kim"] {
            rig.sandbox
                .add_collaborator(DEMO_REPO, login, Role::Write)
                .unwrap();
        }
        let number = rig.open("rob", PATH, CACHE).await;
        let all = poll.said.len();
        for (at, (login, words)) in poll.said.iter().enumerate() {
            match words.as_str() {
                "changes a requirement" => {
                    let text = revised(&rig.file(number, PATH));
                    rig.push(login, PATH, &text).await;
                }
                "pushes something else" => rig.push(login, "src/lib.rs", "// code\n").await,
                words => {
                    rig.say(login, number, words).await;
                }
            }
            if poll.green && !poll.early && at + 1 < all {
                assert_ne!(rig.conclusion(number), "success", "{name}: too early");
            }
        }
        let title = rig.title(number);
        assert_eq!(
            rig.conclusion(number) == "success",
            poll.green,
            "{name}: {title}"
        );
        assert_eq!(rig.mergeable(number), poll.green, "{name}: {title}");
        let summary = rig.summary(number);
        for words in &poll.says {
            assert!(
                summary.contains(words.as_str()),
                "{name}: {words}: {summary}"
            );
        }
        if !poll.green {
            rig.held_up(number, name);
        }
    }
}

/// A command inside so many quotes, code blocks, lists and comments, drawn from a seed.
fn wrapped(line: &str, chance: &mut Chance) -> String {
    let mut text = line.to_owned();
    let depth = 1 + chance.below(4);
    for level in 0..depth {
        let each = |text: &str, before: &str| -> String {
            let lines = text.lines().map(|line| format!("{before}{line}\n"));
            lines.collect()
        };
        text = match chance.below(6) {
            0 => each(&text, "> "),
            1 => format!(
                "~~~~{}\n{text}\n~~~~{}\n",
                "~".repeat(level),
                "~".repeat(level)
            ),
            2 => each(&text, "    "),
            3 => format!("<!--\n{}\n-->\n", text.replace("--", "")),
            4 => format!(
                "````{}\n{text}\n````{}\n",
                "`".repeat(level),
                "`".repeat(level)
            ),
            _ => each(&text, ">"),
        };
        if !text.starts_with("    ") && chance.below(2) == 0 {
            text = format!("I read this:\n\n{text}\n\nand think about it.\n");
        } else {
            text = format!("\n{text}");
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn p21_what_is_quoted_or_code_is_no_command() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let (calls, title) = (model.calls().len(), rig.title(number));
    rig.sandbox.reset_ledger();
    let mut chance = Chance::new(21);
    let mut said = vec![
        "`/discuss vote ready`".to_owned(),
        "> /discuss vote ready".to_owned(),
        "> > /discuss vote ready\n> and so on".to_owned(),
        "    /discuss vote ready".to_owned(),
        "```\n/discuss vote ready\n```".to_owned(),
        "<!-- \n/discuss vote ready\n-->".to_owned(),
        "[x](y\n/discuss vote ready)\n".to_owned(),
        "text `code\n/discuss vote ready` text".to_owned(),
    ];
    said.extend((0..32).map(|_| wrapped("/discuss vote ready", &mut chance)));
    for text in &said {
        let id = rig.say("ann", number, text).await;
        assert_eq!(rig.title(number), title, "{text}");
        assert!(
            rig.reactions_to(id).iter().all(|one| one != "rocket"),
            "{text}"
        );
    }
    assert_eq!(model.calls().len(), calls);
    // The same words as words of her own.
    rig.say("ann", number, "> what rob wrote\n\n/discuss vote ready\n")
        .await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn p23_an_override_is_one_persons_word_about_one_text() {
    let model = Arc::new(Scripted::ready());
    model.set("security", Line::Objects(Vote::Reject, "This leaks."));
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let line = format!("/discuss override {}: incident 114", rig.text_of(number));
    // Neither the author, nor somebody with less, nor without a text or a reason.
    rig.sandbox
        .add_collaborator(DEMO_REPO, "joe", Role::Write)
        .unwrap();
    let without_reason = line.split(':').next().unwrap().to_owned();
    for (login, said) in [
        ("rob", line.as_str()),
        ("joe", line.as_str()),
        ("eve", line.as_str()),
        ("ann", "/discuss override: incident 114"),
        ("ann", "/discuss override 00000000: incident 114"),
        ("ann", without_reason.as_str()),
    ] {
        rig.say(login, number, said).await;
        rig.held_up(number, said);
    }
    rig.say("ann", number, &line).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert_eq!(rig.title(number), "OVERRIDDEN by ann: incident 114");
    assert!(rig.mergeable(number));
    let summary = rig.summary(number);
    assert!(
        summary.contains("rejected by security"),
        "what it passes over: {summary}"
    );
    // The text changes, and with it ends what was said about the one before.
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.held_up(number, "another text");
    assert_eq!(rig.title(number), "REJECTED by security", "red, and why");
    rig.no_empty_end("an override is a success or nothing");
}
