//! The built-in checklist provider on whole proposals: what each persona makes of them, and what it is not fooled by.

use discussions::engine::ledger::Ledger;
use discussions::engine::persona::{ItemSeverity, Persona, PersonaKind, Personas};
use discussions::engine::reply::{Limits, Reply, render};
use discussions::engine::vote::Vote;
use discussions::ids::Alias;
use discussions::llm::checklist::{self, Checklist};
use discussions::llm::meter::Unmetered;
use discussions::llm::{Model, ModelError, Prompt};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

mod deception;
mod questions;
mod triggers;

/// Built-in personas that vote.
const PERSONAS: [&str; 9] = [
    "architect",
    "security",
    "pragmatist",
    "moderator",
    "perfectionist",
    "designer",
    "operator",
    "tester",
    "backend",
];
/// Built-in personas that give notes and never vote.
const ADVISORY: [&str; 3] = ["researcher", "visualizer", "diagram-editor"];

/// All of them.
fn everybody() -> impl Iterator<Item = &'static str> {
    PERSONAS.into_iter().chain(ADVISORY)
}

/// Proposals that a serious reviewer sends back.
const WEAK: [&str; 5] = [
    "seed-like",
    "empty",
    "hostile",
    "billing-events",
    "tenant-sso",
];
const GOOD: &str = "good";

/// The proposal of a fixture: everything below the header.
fn proposal(name: &str) -> String {
    below_header(&format!("tests/fixtures/proposals/{name}.md"))
}

fn demo(name: &str) -> String {
    below_header(&format!("src/cli/demo/{name}.md"))
}

fn below_header(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.lines().skip_while(|line| line.starts_with("<!--"));
    body.collect::<Vec<_>>().join("\n")
}

fn persona(alias: &str) -> Persona {
    static BUILT_IN: LazyLock<Personas> = LazyLock::new(Personas::built_in);
    let alias = Alias::parse(alias).unwrap();
    BUILT_IN.get(&alias).unwrap().clone()
}

fn prompt(persona: Persona, proposal: &str) -> Prompt {
    Prompt {
        persona,
        title: "A title".to_owned(),
        proposal: proposal.to_owned(),
        transcript: String::new(),
        phase: String::new(),
        own_open: Vec::new(),
        by_people: Vec::new(),
        previous_vote: None,
        question: None,
        limits: Limits::default(),
        fence: String::new(),
    }
}

fn reply(alias: &str, proposal: &str) -> Reply {
    checklist::answer(&prompt(persona(alias), proposal)).unwrap()
}

fn asked(alias: &str, proposal: &str, question: &str) -> Reply {
    let prompt = Prompt {
        question: Some(question.to_owned()),
        ..prompt(persona(alias), proposal)
    };
    checklist::answer(&prompt).unwrap()
}

/// Concerns that are not minor, and questions.
fn remarks(reply: &Reply) -> usize {
    reply.concerns.iter().filter(|c| !c.minor).count() + reply.questions.len()
}

fn texts(reply: &Reply) -> Vec<String> {
    let concerns = reply.concerns.iter().map(|concern| concern.text.clone());
    concerns.chain(reply.questions.iter().cloned()).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn each_persona_sends_weak_proposals_back_and_lets_a_good_one_pass() {
    let mut table = String::from("proposal        persona       vote     remarks  minor\n");
    let mut failures = String::new();
    for name in WEAK.iter().chain([&GOOD]) {
        for alias in PERSONAS {
            let reply = reply(alias, &proposal(name));
            let vote = reply.vote.map_or("none", Vote::as_str);
            let (weighty, minor) = (
                remarks(&reply),
                reply.concerns.iter().filter(|c| c.minor).count(),
            );
            let line = format!("{name:<15} {alias:<13} {vote:<8} {weighty:>7} {minor:>6}\n");
            table.push_str(&line);
            let is_right = match *name {
                GOOD => reply.vote == Some(Vote::Ready) && weighty == 0,
                _ => reply.vote == Some(Vote::Changes) && weighty >= 2,
            };
            if !is_right {
                write!(failures, "{line}{:#?}", texts(&reply)).unwrap();
            }
        }
    }
    println!("{table}");
    assert_eq!(failures, "");
}

/// What advises says something on every weak proposal, in notes and questions, and never votes.
#[test]
fn each_advisory_persona_gives_notes_on_weak_proposals_and_no_vote() {
    for alias in ADVISORY {
        let persona = persona(alias);
        assert_eq!(persona.kind, PersonaKind::Advisory, "{alias}");
        for name in WEAK.iter().chain([&GOOD]) {
            let reply = reply(alias, &proposal(name));
            assert_eq!(reply.vote, None, "{alias} on {name}");
            assert!(reply.concerns.iter().all(|concern| concern.minor));
            let notes = texts(&reply).len();
            println!("{name:<15} {alias:<14} {notes} notes: {}", reply.comment);
            assert!(*name == GOOD || notes >= 2, "{alias} on {name}: {notes}");
            for word in ["concern", "READY", "CHANGES", "REJECT"] {
                assert!(!reply.comment.contains(word), "{alias}: {}", reply.comment);
            }
            let rendered = render(
                &persona,
                &reply,
                &Ledger::default(),
                None,
                None,
                Limits::default(),
            );
            assert!(rendered.has_news, "{alias} on {name}");
            assert!(!rendered.block.contains("VOTE:"), "{}", rendered.block);
            for line in rendered.block.lines().filter(|l| l.starts_with("CONCERN:")) {
                assert!(line.starts_with("CONCERN: (minor) "), "{line}");
            }
        }
    }
}

#[test]
fn the_demo_goes_from_one_of_three_ready_to_three() {
    let votes = |text: &str| ["architect", "security", "pragmatist"].map(|a| reply(a, text).vote);
    assert_eq!(
        votes(&demo("proposal")),
        [Some(Vote::Changes), Some(Vote::Changes), Some(Vote::Ready)]
    );
    assert_eq!(votes(&demo("revised")), [Some(Vote::Ready); 3]);
    let lines = |name: &str| {
        let path = format!("src/cli/demo/{name}.md");
        std::fs::read_to_string(path).unwrap().lines().count()
    };
    for name in ["proposal", "revised"] {
        assert!((40..=70).contains(&lines(name)), "{name}: {}", lines(name));
    }
}

#[test]
fn the_demos_tenants_are_among_the_first_three_concerns() {
    let reply = reply("security", &demo("proposal"));
    let shown = &reply.concerns[..Limits::default().concerns];
    assert!(
        shown.iter().any(|concern| concern.text.contains("tenant")),
        "{shown:#?}"
    );
}

#[test]
fn no_item_is_raised_on_everything() {
    let mut raised: BTreeMap<String, usize> = BTreeMap::new();
    let names: Vec<&str> = WEAK.into_iter().chain([GOOD]).collect();
    for name in &names {
        for alias in everybody() {
            for text in texts(&reply(alias, &proposal(name))) {
                *raised.entry(text).or_default() += 1;
            }
        }
    }
    let everywhere: Vec<&String> = raised
        .iter()
        .filter(|(_, count)| **count == names.len())
        .map(|(text, _)| text)
        .collect();
    assert_eq!(everywhere, Vec::<&String>::new());
}

#[tokio::test]
async fn the_same_proposal_gives_the_same_reply() {
    assert_eq!(Checklist.name(), "checklist");
    for name in WEAK {
        let prompt = prompt(persona("security"), &proposal(name));
        let first = Checklist.answer(&prompt, &Unmetered).await.unwrap();
        let second = Checklist.answer(&prompt, &Unmetered).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(first.reply, Some(checklist::answer(&prompt).unwrap()));
    }
}

#[test]
fn remarks_come_by_weight_and_then_in_the_order_of_the_file() {
    let persona = persona("moderator");
    let reply = reply("moderator", &proposal("billing-events"));
    let position = |text: &String| {
        let at = persona.checklist.iter().position(|item| item.text == *text);
        let at = at.unwrap();
        (persona.checklist[at].severity == ItemSeverity::Minor, at)
    };
    let order: Vec<(bool, usize)> = reply.concerns.iter().map(|c| position(&c.text)).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert!(order.iter().any(|(is_minor, _)| *is_minor));
    for concern in &reply.concerns {
        assert_eq!(concern.minor, position(&concern.text).0);
    }
}

#[test]
fn the_comment_says_what_it_is_and_leaves_the_remarks_to_the_markers() {
    for name in WEAK.into_iter().chain([GOOD]) {
        for alias in everybody() {
            let reply = reply(alias, &proposal(name));
            let first = reply.comment.lines().next().unwrap();
            assert!(first.starts_with("From the built-in checklist, not a model."));
            assert!(first.contains(&persona(alias).description), "{alias}");
            for text in texts(&reply) {
                assert!(!reply.comment.contains(&text), "{alias} repeats {text}");
            }
            assert!(!reply.comment.contains('!'));
            assert!(reply.comment.chars().count() <= Limits::default().comment_chars);
        }
    }
}

// --- earlier remarks

#[test]
fn own_remarks_that_are_settled_are_closed_and_others_stand() {
    let first = reply("security", &demo("proposal"));
    let open: Vec<(String, String)> = first
        .concerns
        .iter()
        .enumerate()
        .map(|(index, concern)| (format!("C{}", index + 1), concern.text.clone()))
        .collect();
    let again = |proposal: &str, own_open: &[(String, String)]| {
        let prompt = Prompt {
            own_open: own_open.to_vec(),
            ..prompt(persona("security"), proposal)
        };
        checklist::answer(&prompt).unwrap()
    };
    let same = again(&demo("proposal"), &open);
    assert_eq!(same.resolved, Vec::<String>::new());
    assert_eq!(same.concerns, first.concerns, "what stands is said again");
    assert!(
        same.comment
            .contains(&format!("{} earlier remarks still stand.", open.len())),
        "{}",
        same.comment
    );
    assert!(!same.comment.contains("more remark"), "{}", same.comment);
    let revised = again(&demo("revised"), &open);
    let ids: Vec<String> = open.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(revised.resolved, ids);
    assert!(
        revised.comment.contains("Settled since: abuse case"),
        "{}",
        revised.comment
    );
}

#[test]
fn a_minor_remark_is_known_again_by_its_words() {
    let first = reply("pragmatist", "## Proposal\n\nA legacy job.\n");
    let minor = first.concerns.iter().find(|concern| concern.minor).unwrap();
    let own_open = vec![
        ("C1".to_owned(), format!("(minor) {}", minor.text)),
        ("C2".to_owned(), "Something a model said.".to_owned()),
    ];
    let prompt = Prompt {
        own_open,
        ..prompt(persona("pragmatist"), "Nothing of the kind.\n")
    };
    let reply = checklist::answer(&prompt).unwrap();
    assert_eq!(reply.resolved, ["C1"]);
    assert!(
        reply
            .comment
            .contains("1 earlier remark is not from this checklist"),
        "{}",
        reply.comment
    );
}

// --- personas of a repository

#[test]
fn a_persona_without_a_checklist_gives_no_vote_here() {
    let text = std::fs::read_to_string("tests/fixtures/personas/agent-file.md").unwrap();
    let (persona, _) = Persona::parse(&text).unwrap();
    match checklist::answer(&prompt(persona, &proposal(GOOD))) {
        Err(ModelError::NoModel(why)) => {
            assert!(why.contains("`api-reviewer` has no `checklist`"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_advisory_persona_remarks_without_a_vote() {
    let text = std::fs::read_to_string("tests/fixtures/personas/own-persona.md").unwrap();
    let (persona, _) = Persona::parse(&text).unwrap();
    assert_eq!(persona.kind, PersonaKind::Advisory);
    let reply = checklist::answer(&prompt(persona, "We send an invoice.")).unwrap();
    assert_eq!(reply.vote, None);
    assert_eq!(
        texts(&reply),
        ["An amount without an origin cannot be audited."]
    );
}

#[test]
fn minor_remarks_alone_leave_the_vote_ready() {
    let reply = reply("pragmatist", &demo("proposal"));
    assert_eq!(reply.vote, Some(Vote::Ready));
    assert!(reply.concerns.iter().all(|concern| concern.minor));
    assert_eq!(reply.concerns.len(), 1, "{:?}", reply.concerns);
}
