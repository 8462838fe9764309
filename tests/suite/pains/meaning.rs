//! What a verdict means for the pull request, and what our own commits do to it.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{APP, Rig};
use crate::support::scripted::{Line, Scripted};
use discussions::engine::vote::Vote;
use discussions::sandbox::{
    DEMO_REPO, EffectKind, FileEdit, Protection, RequiredCheck, ReviewState, RuleForm,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const VOTES: [Vote; 3] = [Vote::Ready, Vote::Changes, Vote::Reject];

/// Every panel of three, whoever says what.
fn panels() -> Vec<[Vote; 3]> {
    let mut panels = Vec::new();
    for (at, first) in VOTES.iter().enumerate() {
        for (next, second) in VOTES.iter().enumerate().skip(at) {
            let thirds = VOTES.iter().skip(next);
            panels.extend(thirds.map(|third| [*first, *second, *third]));
        }
    }
    panels
}

/// The rule in the words of the README, for votes that are all fresh: two thirds READY, no REJECT, a person for it.
fn is_consensus(personas: &[Vote], person: Option<Vote>) -> bool {
    let all: Vec<Vote> = personas.iter().copied().chain(person).collect();
    let ready = all.iter().filter(|vote| **vote == Vote::Ready).count();
    person == Some(Vote::Ready) && !all.contains(&Vote::Reject) && 3 * ready >= 2 * all.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_every_verdict_has_one_meaning_and_says_it() {
    assert_eq!(panels().len(), 10);
    let mut by_title = BTreeSet::new();
    let mut greens = 0;
    for personas in panels() {
        let model = Arc::new(Scripted::ready());
        for (alias, vote) in ["architect", "security", "pragmatist"].iter().zip(personas) {
            model.set(alias, Line::Votes(vote));
        }
        let rig = Rig::scripted(&model, "").await;
        let number = rig.open("rob", PATH, CACHE).await;
        for person in [
            None,
            Some(Vote::Reject),
            Some(Vote::Changes),
            Some(Vote::Ready),
        ] {
            if let Some(vote) = person {
                rig.say("ann", number, &format!("/discuss vote {}", vote.as_str()))
                    .await;
            }
            let case = format!("{personas:?} and {person:?}");
            let check = rig.check(number);
            let title = check.title.clone().unwrap_or_default();
            match is_consensus(&personas, person) {
                true => {
                    assert_eq!(
                        check.conclusion.as_deref(),
                        Some("success"),
                        "{case}: {title}"
                    );
                    assert!(title.starts_with("READY: "), "{case}: {title}");
                    assert!(rig.mergeable(number), "{case}");
                    greens += 1;
                }
                false => rig.held_up(number, &case),
            }
            assert!(check.external_id.starts_with("discussions:"), "{case}");
            let word = title.split([':', ' ']).next().unwrap_or_default();
            by_title.insert((word.to_owned(), check.conclusion.unwrap_or_default()));
        }
    }
    assert_eq!(greens, 2, "all three for it, or two of them, and a person");
    let words: BTreeSet<&String> = by_title.iter().map(|(word, _)| word).collect();
    assert_eq!(
        words.len(),
        by_title.len(),
        "one word, one end: {by_title:?}"
    );
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Branch {
    Main,
    Topic,
    Fork,
}

#[derive(Debug, Deserialize)]
struct Punished {
    name: String,
    branch: Branch,
    #[serde(default)]
    classic: bool,
    #[serde(default)]
    approvals: usize,
    #[serde(default)]
    dismiss_stale: bool,
    #[serde(default)]
    last_push_approval: bool,
    #[serde(default)]
    pull_requests_only: bool,
    #[serde(default)]
    resolved_conversations: bool,
    commits: usize,
    why: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_commits_of_the_app_never_block_the_pull_request() {
    let text = include_str!("../../fixtures/pains/branch-rules.yaml");
    let cases: Vec<Punished> = serde_saphyr::from_str(text).unwrap();
    assert!(cases.len() >= 8);
    for case in &cases {
        let name = &case.name;
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        let rules = |with_check: bool| Protection {
            form: match case.classic {
                true => RuleForm::Classic,
                false => RuleForm::Ruleset,
            },
            required_checks: with_check
                .then(|| RequiredCheck {
                    name: "discussions".to_owned(),
                    app: Some(APP),
                })
                .into_iter()
                .collect(),
            approvals: case.approvals,
            dismiss_stale: case.dismiss_stale,
            last_push_approval: case.last_push_approval,
            pull_requests_only: case.pull_requests_only,
            resolved_conversations: case.resolved_conversations,
            ..Protection::default()
        };
        let (author, head) = match case.branch {
            Branch::Fork => {
                let fork = rig.sandbox.fork("eve", DEMO_REPO).unwrap();
                let edit = FileEdit::write(PATH, CACHE);
                rig.sandbox
                    .push("eve", &fork, "topic", "propose", &[edit])
                    .unwrap();
                ("eve", "eve:topic")
            }
            _ => {
                rig.propose("rob", PATH, CACHE);
                ("rob", "topic")
            }
        };
        match case.branch {
            Branch::Topic => rig
                .sandbox
                .protect(DEMO_REPO, "topic", rules(false))
                .unwrap(),
            _ => rig.sandbox.protect(DEMO_REPO, "main", rules(true)).unwrap(),
        }
        let number = rig.pull(author, head);
        rig.settle().await;
        if author == "eve" {
            rig.say("rob", number, "/discuss").await;
        }
        assert_eq!(rig.count(EffectKind::Commit), case.commits, "{name}");
        let summary = rig.check(number).summary.unwrap_or_default();
        assert!(
            summary.contains(&case.why),
            "{name}: {} is not in {summary}",
            case.why
        );
        rig.sandbox.advance(Duration::from_secs(2));
        rig.sandbox
            .review("ann", DEMO_REPO, number, ReviewState::Approved, "fine")
            .unwrap();
        rig.settle().await;
        // A question after the approval makes the App speak once more.
        rig.say("ann", number, "/discuss security what about tenants?")
            .await;
        assert_eq!(
            rig.conclusion(number),
            "success",
            "{name}: {}",
            rig.title(number)
        );
        let merge = rig.sandbox.mergeability(DEMO_REPO, number).unwrap();
        assert!(merge.allowed(), "{name}: {merge:?}");
        rig.no_empty_end(name);
        let unverified = rig.sandbox.look(|world| {
            let repo = world.repo(world.repo_id(DEMO_REPO).unwrap()).unwrap();
            let pull = &repo.pulls[&number];
            let commits = repo.git.commits_ahead(&pull.base, &pull.head);
            let ours = |message: &str| message.contains("Discussions-Job:");
            commits
                .iter()
                .filter(|c| ours(&c.message) && !c.verified)
                .count()
        });
        assert_eq!(unverified, 0, "{name}: GitHub signs what names no author");
    }
}
