//! The truth table of the verdict over a stated finite domain: every combination of votes, trust, rules, phase and
//! trouble is decided and compared with a second, plain statement of the rules.
//!
//! The domain: two personas `a` and `b` (each silent, READY, CHANGES, REJECT, stale, typed only, disputed or failed),
//! one person (silent, READY, CHANGES, REJECT, stale, typed only), trust `file` and `receipts`, a final phase, one with
//! a next, one that does not vote, with and without the bound; then either all rules (`ready`, `reject`, `humans`,
//! `minimum_votes`, a veto of `b`) or all concerns and troubles.

use super::values::{alias, item};
use discussions::bot::check::{Overall, conclusion};
use discussions::engine::consensus::{
    ConcernRule, Owed, RejectRule, Rules, Situation, Verdict, decide,
};
use discussions::engine::ledger::{ItemKind, Ledger};
use discussions::engine::problem::{Code, Problem, Severity};
use discussions::engine::template::{Advance, Fraction, Phase};
use discussions::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    Silent,
    Ready,
    Changes,
    Reject,
    StaleReady,
    TypedReady,
    Disputed,
    Failed,
}
use Slot::{Changes, Disputed, Failed, Ready, Reject, Silent, StaleReady, TypedReady};

const PERSONA: [Slot; 8] = [
    Silent, Ready, Changes, Reject, StaleReady, TypedReady, Disputed, Failed,
];
const PERSON: [Slot; 6] = [Silent, Ready, Changes, Reject, StaleReady, TypedReady];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Final,
    BeforeTheLast,
    NotVoting,
}
const STAGES: [Stage; 3] = [Stage::Final, Stage::BeforeTheLast, Stage::NotVoting];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Concern {
    Nobodys,
    APersons,
    OfB,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    Nothing,
    Error,
    Tampered,
    Held,
    Running,
}

/// One point of the domain.
#[derive(Debug, Clone, Copy)]
struct World {
    a: Slot,
    b: Slot,
    person: Slot,
    by_receipts: bool,
    stage: Stage,
    at_the_bound: bool,
    all_must_be_ready: bool,
    /// 0: any; else so many votes; 50: half of them.
    reject: usize,
    humans: usize,
    minimum: usize,
    b_has_veto: bool,
    concern: Concern,
    concerns: ConcernRule,
    trouble: Trouble,
}

const PLAIN: World = World {
    a: Silent,
    b: Silent,
    person: Silent,
    by_receipts: true,
    stage: Stage::Final,
    at_the_bound: false,
    all_must_be_ready: false,
    reject: 0,
    humans: 1,
    minimum: 1,
    b_has_veto: false,
    concern: Concern::Nobodys,
    concerns: ConcernRule::People,
    trouble: Trouble::Nothing,
};

/// Which vote counts, by the trust: with `file` all that stands there does.
fn counted(slot: Slot, by_receipts: bool) -> Option<char> {
    match (slot, by_receipts) {
        (Ready, _) | (StaleReady | TypedReady, false) => Some('R'),
        (Changes, _) | (Disputed, false) => Some('C'),
        (Reject, _) => Some('X'),
        (StaleReady | TypedReady | Disputed, true) | (Silent | Failed, _) => None,
    }
}

/// The rules once more, in plain words and without the code's parts.
fn expected(world: &World) -> &'static str {
    match world.trouble {
        Trouble::Error => return "invalid",
        Trouble::Tampered => return "tampered",
        Trouble::Held => return "held",
        Trouble::Running => return "working",
        Trouble::Nothing => {}
    }
    let a = counted(world.a, world.by_receipts);
    let b = counted(world.b, world.by_receipts);
    let person = counted(world.person, world.by_receipts);
    let b_vetoes = world.b_has_veto && matches!(b, Some('C' | 'X'));
    let mut fraction: Vec<char> = person.into_iter().collect();
    if !world.at_the_bound {
        fraction.extend(a);
    }
    if !world.at_the_bound || b_vetoes {
        fraction.extend(b);
    }
    let number = |letter| fraction.iter().filter(|vote| **vote == letter).count();
    let (ready, reject, all) = (number('R'), number('X'), fraction.len());
    let is_rejected = match world.reject {
        0 => reject >= 1,
        50 => reject >= 1 && reject * 2 >= all,
        votes => reject >= votes,
    };
    if is_rejected || b_vetoes {
        return "rejected";
    }
    let owes = world.by_receipts && !world.at_the_bound;
    let someone = |slot| owes && (world.a == slot || world.b == slot);
    if someone(Failed) {
        return "degraded";
    }
    if someone(StaleReady) {
        return "stale";
    }
    if world.stage != Stage::Final {
        return "discussing";
    }
    let blocks = match (world.concern, world.concerns) {
        (Concern::Nobodys, _) | (_, ConcernRule::None) => false,
        (Concern::APersons, _) => true,
        (Concern::OfB, ConcernRule::All) => b != Some('R'),
        (Concern::OfB, ConcernRule::People) => world.b_has_veto && b != Some('R'),
    };
    let enough = match world.all_must_be_ready {
        true => all > 0 && ready == all,
        false => all > 0 && ready * 3 >= all * 2,
    };
    if blocks || (!enough && ready < all) {
        return "changes";
    }
    let given = [a, b, person].into_iter().flatten().count();
    let disputes = [world.a, world.b]
        .into_iter()
        .filter(|slot| world.by_receipts && *slot == Disputed)
        .count();
    let people = usize::from(person == Some('R'));
    let is_missing = someone(Silent) || someone(TypedReady);
    if !enough || is_missing || given < world.minimum || people < world.humans + disputes {
        return "discussing";
    }
    "ready"
}

fn expected_conclusion(state: &str) -> Option<&'static str> {
    match state {
        "ready" => Some("success"),
        "working" => None,
        "invalid" | "tampered" | "rejected" | "changes" => Some("failure"),
        "held" | "degraded" | "stale" | "discussing" => Some("action_required"),
        other => panic!("{other} is outside the domain"),
    }
}

fn entry(who: &str, kind: VoterKind, slot: Slot, by_receipts: bool) -> Option<VoteEntry> {
    let vote = match slot {
        Silent | Failed => return None,
        Ready | StaleReady | TypedReady => Vote::Ready,
        Changes | Disputed => Vote::Changes,
        Reject => Vote::Reject,
    };
    let not_counted = match (slot, kind) {
        _ if !by_receipts => None,
        (StaleReady, _) => Some(NotCounted::Stale),
        (TypedReady, VoterKind::Ai) => Some(NotCounted::Unsigned),
        (TypedReady, VoterKind::Human) => Some(NotCounted::Unconfirmed),
        (Disputed, _) => Some(NotCounted::Disputed),
        _ => None,
    };
    Some(VoteEntry {
        participant: who.to_owned(),
        kind,
        vote: Some(vote),
        not_counted,
        line: None,
        block: None,
    })
}

fn owed(slot: Slot) -> Option<Owed> {
    match slot {
        Silent | TypedReady => Some(Owed::Missing),
        Ready | Changes | Reject => Some(Owed::Fresh),
        StaleReady => Some(Owed::Stale),
        Failed => Some(Owed::Failed("away".to_owned())),
        Disputed => None,
    }
}

fn decided(world: &World) -> Verdict {
    let two_thirds = Fraction::TWO_THIRDS;
    let half = Fraction::parse("1/2").unwrap();
    let rules = Rules {
        ready: match world.all_must_be_ready {
            true => Fraction::parse("all").unwrap(),
            false => two_thirds,
        },
        reject: match world.reject {
            0 => RejectRule::Any,
            50 => RejectRule::Share(half),
            votes => RejectRule::Votes(votes),
        },
        humans: world.humans,
        minimum_votes: world.minimum,
        veto: world.b_has_veto.then(|| alias("b")).into_iter().collect(),
        concerns: world.concerns,
    };
    let (voting, next) = match world.stage {
        Stage::Final => (true, None),
        Stage::BeforeTheLast => (true, Some("later".to_owned())),
        Stage::NotVoting => (false, Some("later".to_owned())),
    };
    let phase = Phase {
        name: "now".to_owned(),
        goal: String::new(),
        instructions: String::new(),
        voting,
        ready: if next.is_some() { half } else { two_thirds },
        next,
        max_rounds: None,
        advance: Advance::Auto,
    };
    let by_receipts = world.by_receipts;
    let votes: Vec<VoteEntry> = [
        entry("a", VoterKind::Ai, world.a, by_receipts),
        entry("b", VoterKind::Ai, world.b, by_receipts),
        entry("ann", VoterKind::Human, world.person, by_receipts),
    ]
    .into_iter()
    .flatten()
    .collect();
    let panel = [("a", world.a), ("b", world.b)];
    let owed: Vec<_> = panel
        .into_iter()
        .filter(|_| by_receipts)
        .filter_map(|(who, slot)| Some((alias(who), owed(slot)?)))
        .collect();
    let mut ledger = Ledger::default();
    match world.concern {
        Concern::Nobodys => {}
        Concern::APersons => {
            let concern = item(ItemKind::Concern, "C1", "eve", false, "slow");
            ledger.concerns.push(concern);
        }
        Concern::OfB => {
            let concern = item(ItemKind::Concern, "C1", "b", true, "slow");
            ledger.concerns.push(concern);
        }
    }
    let error = Code::ALL
        .iter()
        .find(|code| code.row().severity == Severity::Error)
        .unwrap();
    let problems: Vec<Problem> = (world.trouble == Trouble::Error)
        .then(|| Problem::new(*error, 1, 1, "wrong"))
        .into_iter()
        .collect();
    let tampered: Vec<String> = (world.trouble == Trouble::Tampered)
        .then(|| "block 2, line 9: changed".to_owned())
        .into_iter()
        .collect();
    let situation = Situation {
        rules: &rules,
        phase: &phase,
        votes: &votes,
        owed: &owed,
        ledger: &ledger,
        problems: &problems,
        tampered: &tampered,
        working: (world.trouble == Trouble::Running).then_some((1, 3)),
        changed_sections: &[],
        bound_after: world.at_the_bound.then_some(3),
        held: (world.trouble == Trouble::Held).then(|| "by ann: wait".to_owned()),
        overridden: None,
        sole_author: None,
    };
    decide(&situation, &[])
}

/// All votes, trusts, phases and bounds, put into each of some worlds.
fn with_all_votes(others: &[World]) -> impl Iterator<Item = World> {
    let mut all = Vec::new();
    for other in others {
        for a in PERSONA {
            for b in PERSONA {
                for person in PERSON {
                    for stage in STAGES {
                        for flags in 0..4 {
                            all.push(World {
                                a,
                                b,
                                person,
                                stage,
                                by_receipts: flags & 1 == 0,
                                at_the_bound: flags & 2 != 0,
                                ..*other
                            });
                        }
                    }
                }
            }
        }
    }
    all.into_iter()
}

/// Compares each world; says how many led to which state.
fn compare(worlds: impl Iterator<Item = World>) -> BTreeMap<&'static str, usize> {
    let mut reached: BTreeMap<&'static str, usize> = BTreeMap::new();
    for world in worlds {
        let verdict = decided(&world);
        let state = verdict.state.as_str();
        assert_eq!(state, expected(&world), "{world:?}: {:?}", verdict.reasons);
        let shown = conclusion(Overall::Of(verdict.state)).map(|c| c.as_str());
        assert_eq!(shown, expected_conclusion(state), "{world:?}");
        let holds = verdict.clauses.iter().all(|clause| clause.holds);
        assert_eq!(holds, state == "ready", "{world:?}: {:?}", verdict.clauses);
        *reached.entry(state).or_default() += 1;
    }
    reached
}

#[test]
fn every_combination_of_votes_and_rules_is_decided_as_the_rules_say() {
    let mut rules = Vec::new();
    for all_must_be_ready in [false, true] {
        for reject in [0, 2, 50] {
            for (humans, minimum) in [(0, 1), (0, 3), (1, 1), (1, 3)] {
                for b_has_veto in [false, true] {
                    rules.push(World {
                        all_must_be_ready,
                        reject,
                        humans,
                        minimum,
                        b_has_veto,
                        ..PLAIN
                    });
                }
            }
        }
    }
    let reached = compare(with_all_votes(&rules));
    let all: usize = reached.values().sum();
    println!("votes x rules x phase x trust: {all} combinations, {reached:?}");
    assert_eq!(all, 48 * 8 * 8 * 6 * 3 * 4);
    let states = [
        "changes",
        "degraded",
        "discussing",
        "ready",
        "rejected",
        "stale",
    ];
    assert_eq!(reached.keys().copied().collect::<Vec<_>>(), states);
}

#[test]
fn every_combination_of_votes_concerns_and_troubles_is_decided_as_the_rules_say() {
    let mut others = Vec::new();
    let concerns = [Concern::Nobodys, Concern::APersons, Concern::OfB];
    let concern_rules = [ConcernRule::People, ConcernRule::All, ConcernRule::None];
    for b_has_veto in [false, true] {
        for concern in concerns {
            for concerns in concern_rules {
                others.push(World {
                    b_has_veto,
                    concern,
                    concerns,
                    ..PLAIN
                });
            }
        }
        for trouble in [
            Trouble::Error,
            Trouble::Tampered,
            Trouble::Held,
            Trouble::Running,
        ] {
            others.push(World {
                b_has_veto,
                trouble,
                ..PLAIN
            });
        }
    }
    let reached = compare(with_all_votes(&others));
    let all: usize = reached.values().sum();
    println!("votes x concerns x trouble: {all} combinations, {reached:?}");
    assert_eq!(all, 26 * 8 * 8 * 6 * 3 * 4);
    assert_eq!(reached.len(), 10, "{reached:?}");
}

#[test]
fn no_combination_without_a_person_is_green_by_default() {
    for world in with_all_votes(&[PLAIN]).filter(|world| world.by_receipts && world.person != Ready)
    {
        let state = decided(&world).state;
        assert_ne!(state.as_str(), "ready", "{world:?}");
    }
}
