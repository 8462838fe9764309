//! The verdict, as a truth table, and its words.

use super::values::{alias, item};
use discussions::engine::consensus::{
    ConcernRule, DISPUTED_AFTER, Owed, ReasonCode, RejectRule, Rules, Situation, SoleAuthor, State,
    Verdict, decide, is_disputed,
};
use discussions::engine::ledger::{ItemKind, ItemState, Ledger};
use discussions::engine::problem::{Code, Problem, Severity};
use discussions::engine::template::{Advance, Fraction, Phase};
use discussions::engine::vote::{NotCounted, Vote, VoteEntry, VoterKind};
use discussions::ids::Alias;

const TABLE: &str = include_str!("../../fixtures/decide/verdicts.txt");

/// Everything a situation borrows.
struct Case {
    rules: Rules,
    phase: Phase,
    votes: Vec<VoteEntry>,
    owed: Vec<(Alias, Owed)>,
    ledger: Ledger,
    problems: Vec<Problem>,
    changed_sections: Vec<String>,
    working: Option<(usize, usize)>,
    bound_after: Option<u32>,
    held: Option<String>,
    overridden: Option<String>,
    sole_author: Option<String>,
    veto_personas: Vec<Alias>,
}

impl Case {
    fn new(phase: &str) -> Self {
        Self {
            rules: Rules::default(),
            phase: self::phase(phase),
            votes: Vec::new(),
            owed: Vec::new(),
            ledger: Ledger::default(),
            problems: Vec::new(),
            changed_sections: Vec::new(),
            working: None,
            bound_after: None,
            held: None,
            overridden: None,
            sole_author: None,
            veto_personas: Vec::new(),
        }
    }

    fn decide(&self) -> Verdict {
        let situation = Situation {
            rules: &self.rules,
            phase: &self.phase,
            votes: &self.votes,
            owed: &self.owed,
            ledger: &self.ledger,
            tampered: &[],
            problems: &self.problems,
            working: self.working,
            changed_sections: &self.changed_sections,
            bound_after: self.bound_after,
            held: self.held.clone(),
            overridden: self.overridden.clone(),
            sole_author: self.sole_author.as_deref().map(|login| SoleAuthor {
                login,
                vote_needs: "write",
            }),
        };
        decide(&situation, &self.veto_personas)
    }

    fn set_rule(&mut self, rule: &str) {
        let (key, value) = rule.split_once('=').unwrap();
        match key {
            "ready" => self.rules.ready = Fraction::parse(value).unwrap(),
            "humans" => self.rules.humans = value.parse().unwrap(),
            "minimum" => self.rules.minimum_votes = value.parse().unwrap(),
            "veto" => self.rules.veto.push(alias(value)),
            "reject" => {
                self.rules.reject = match value.parse() {
                    Ok(votes) => RejectRule::Votes(votes),
                    Err(_) => RejectRule::Share(Fraction::parse(value).unwrap()),
                };
            }
            "concerns" => {
                self.rules.concerns = match value {
                    "all" => ConcernRule::All,
                    "none" => ConcernRule::None,
                    other => panic!("unknown concern rule {other}"),
                };
            }
            other => panic!("unknown rule {other}"),
        }
    }

    fn add_vote(&mut self, vote: &str) {
        let (who, what) = vote.split_once('=').unwrap();
        let (what, why) = what.split_once('~').unwrap_or((what, ""));
        let (participant, kind) = match who.strip_prefix('@') {
            Some(login) => (login, VoterKind::Human),
            None => (who, VoterKind::Ai),
        };
        self.votes.push(VoteEntry {
            participant: participant.to_owned(),
            kind,
            vote: match what {
                "R" => Some(Vote::Ready),
                "C" => Some(Vote::Changes),
                "X" => Some(Vote::Reject),
                "?" => None,
                other => panic!("unknown vote {other}"),
            },
            not_counted: match (what, why) {
                ("?", _) => Some(NotCounted::Unclear),
                (_, "") => None,
                (_, "stale") => Some(NotCounted::Stale),
                (_, "advisory") => Some(NotCounted::Advisory),
                (_, "unsigned") => Some(NotCounted::Unsigned),
                (_, "author") => Some(NotCounted::Author),
                (_, "disputed") => Some(NotCounted::Disputed),
                (_, other) => panic!("unknown cause {other}"),
            },
            line: None,
            block: None,
        });
    }

    fn add_fact(&mut self, fact: &str) {
        let (key, value) = fact.split_once('=').unwrap_or((fact, ""));
        match key {
            "owes" => {
                let (who, how) = value.split_once(':').unwrap();
                let owed = match how {
                    "fresh" => Owed::Fresh,
                    "stale" => Owed::Stale,
                    "missing" => Owed::Missing,
                    "failed" => Owed::Failed("unavailable, retry 14:20 UTC".to_owned()),
                    other => panic!("unknown state {other}"),
                };
                self.owed.push((alias(who), owed));
            }
            "concern" => self.add_concern(value),
            "bound" => self.bound_after = Some(value.parse().unwrap()),
            "held" => self.held = Some("HELD by ann: wait for the audit".to_owned()),
            "working" => {
                let (answered, asked) = value.split_once('/').unwrap();
                self.working = Some((answered.parse().unwrap(), asked.parse().unwrap()));
            }
            "vetoer" => self.veto_personas.push(alias(value)),
            "error" => self.add_problem(Severity::Error),
            "warning" => self.add_problem(Severity::Warning),
            other => panic!("unknown fact {other}"),
        }
    }

    fn add_concern(&mut self, value: &str) {
        let (author, more) = value.split_once(':').unwrap_or((value, ""));
        let id = format!("C{}", self.ledger.concerns.len() + 1);
        let by_persona = !author.starts_with('@');
        let author = author.trim_start_matches('@');
        let mut concern = item(ItemKind::Concern, &id, author, by_persona, "too slow");
        match more {
            "" => {}
            "minor" => concern.minor = true,
            "resolved" => concern.state = ItemState::Resolved,
            "unconfirmed" => concern.state = ItemState::Unconfirmed,
            other => panic!("unknown concern {other}"),
        }
        self.ledger.concerns.push(concern);
    }

    /// Any code of that severity; where the table has none of it yet, nothing is added and the row still holds.
    fn add_problem(&mut self, severity: Severity) {
        let code = Code::ALL
            .iter()
            .find(|code| code.row().severity == severity);
        if let Some(code) = code {
            self.problems
                .push(Problem::new(*code, 12, 1, "this is wrong."));
        }
    }
}

fn phase(name: &str) -> Phase {
    let (voting, ready, next) = match name {
        "final" => (true, "2/3", None),
        "strict" => (true, "all", None),
        "middle" => (true, "1/2", Some("later")),
        "open" => (false, "2/3", Some("later")),
        other => panic!("unknown phase {other}"),
    };
    Phase {
        name: if name == "open" {
            "initial_feedback".to_owned()
        } else {
            name.to_owned()
        },
        goal: String::new(),
        instructions: String::new(),
        voting,
        ready: Fraction::parse(ready).unwrap(),
        next: next.map(str::to_owned),
        max_rounds: None,
        advance: Advance::Auto,
    }
}

fn words(column: &str) -> impl Iterator<Item = &str> {
    column.split_whitespace().filter(|word| *word != "-")
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(|r| r.code.as_str()).collect()
}

#[test]
fn every_row_of_the_truth_table_holds() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for row in TABLE.lines() {
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let [what, phase, rules, votes, facts, state, reasons] = columns[..] else {
            panic!("a row has seven columns: {row}");
        };
        let mut case = Case::new(phase);
        words(rules).for_each(|rule| case.set_rule(rule));
        words(votes).for_each(|vote| case.add_vote(vote));
        words(facts).for_each(|fact| case.add_fact(fact));
        let verdict = case.decide();
        let expected: Vec<&str> = words(reasons).collect();
        if verdict.state.as_str() != state || codes(&verdict) != expected {
            wrong.push(format!(
                "{what}: {state} {expected:?} expected, {} {:?} decided",
                verdict.state.as_str(),
                verdict.reasons
            ));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows >= 60, "only {rows} rows were read");
}

/// What people read, word for word.
fn texts(case: &Case) -> Vec<String> {
    let verdict = case.decide();
    verdict.reasons.into_iter().map(|r| r.text).collect()
}

#[test]
fn the_example_says_what_is_missing() {
    let mut case = Case::new("open");
    for vote in ["architect=C", "security=C", "pragmatist=R"] {
        case.add_vote(vote);
    }
    assert_eq!(case.decide().state, State::Discussing);
    assert_eq!(
        texts(&case),
        [
            "the phase initial_feedback does not vote",
            "1 of 3 ready, 2/3 needed",
            "0 of 1 person ready",
        ]
    );
}

#[test]
fn reasons_name_who_and_how_many() {
    let mut case = Case::new("final");
    case.rules.humans = 2;
    case.rules.minimum_votes = 4;
    case.rules.veto.push(alias("security"));
    for vote in ["architect=R", "security=C", "@ann=R~stale"] {
        case.add_vote(vote);
    }
    for fact in [
        "owes=pragmatist:missing",
        "owes=tester:missing",
        "owes=operator:missing",
        "owes=designer:stale",
        "owes=backend:failed",
        "concern=@bob",
        "concern=security",
        "working=1/3",
        "held",
        "error",
    ] {
        case.add_fact(fact);
    }
    case.changed_sections = vec!["Requirements".to_owned(), "Constraints".to_owned()];
    assert_eq!(
        texts(&case),
        [
            "line 12: this is wrong",
            "HELD by ann: wait for the audit",
            "a round is running, 1 of 3 answered",
            "security has a veto and votes CHANGES",
            "no vote from backend: unavailable, retry 14:20 UTC",
            "Requirements and Constraints changed, 1 vote to renew: designer",
            "C1 by bob is open",
            "C2 by security is open",
            "1 of 2 ready, 2/3 needed",
            "no vote yet from pragmatist, tester and operator",
            "2 votes, 4 needed",
            "0 of 2 people ready",
            "READY by ann is about an earlier text",
        ]
    );
}

#[test]
fn the_bound_hands_over_to_a_person() {
    let mut case = Case::new("final");
    case.bound_after = Some(1);
    case.add_vote("architect=R");
    assert_eq!(
        texts(&case),
        [
            "a person decides after 1 round",
            "0 of 0 ready, 2/3 needed",
            "0 of 1 person ready",
        ]
    );
}

#[test]
fn a_vote_is_disputed_from_its_third_change_on_one_text() {
    let votes = |letters: &str| -> Vec<Vote> {
        let vote = |letter| match letter {
            'R' => Vote::Ready,
            'C' => Vote::Changes,
            'X' => Vote::Reject,
            other => panic!("unknown vote {other}"),
        };
        letters.chars().map(vote).collect()
    };
    for (given, disputed) in [
        ("", false),
        ("R", false),
        ("RRRRRRRR", false),
        ("RC", false),
        ("RCR", false),
        ("RRCCRR", false),
        ("RCRC", true),
        ("RCXR", true),
        ("RRCCRRCC", true),
        ("CXCXCX", true),
        ("RCRCCCCC", true),
    ] {
        assert_eq!(is_disputed(&votes(given)), disputed, "{given}");
    }
    assert_eq!(DISPUTED_AFTER, 3);
}

#[test]
fn a_dispute_says_who_and_how_many_people_decide_instead() {
    let mut case = Case::new("final");
    for vote in ["architect=R", "security=C~disputed", "@ann=R"] {
        case.add_vote(vote);
    }
    assert_eq!(
        texts(&case),
        [
            "security changed its vote 3 times on this text, so it is not counted; 1 more person must be READY instead",
            "1 of 2 people ready",
        ]
    );
}

#[test]
fn every_rule_is_told_with_its_numbers_whether_it_holds_or_not() {
    let mut case = Case::new("final");
    case.rules.humans = 2;
    case.rules.veto.push(alias("security"));
    for vote in ["architect=R", "security=C", "tester=X~disputed", "@ann=R"] {
        case.add_vote(vote);
    }
    for fact in [
        "owes=architect:fresh",
        "owes=backend:missing",
        "owes=designer:stale",
        "concern=@bob",
    ] {
        case.add_fact(fact);
    }
    let told = case.decide().why().join("\n");
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("decide__why", told);
    });
}

#[test]
fn a_ready_verdict_is_one_in_which_every_rule_holds() {
    for row in TABLE
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
    {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let mut case = Case::new(columns[1]);
        words(columns[2]).for_each(|rule| case.set_rule(rule));
        words(columns[3]).for_each(|vote| case.add_vote(vote));
        words(columns[4]).for_each(|fact| case.add_fact(fact));
        let verdict = case.decide();
        let failing = verdict
            .clauses
            .iter()
            .filter(|clause| !clause.holds)
            .count();
        assert_eq!(failing == 0, verdict.state == State::Ready, "{row}");
        assert_eq!(failing == 0, verdict.reasons.is_empty(), "{row}");
        assert!(
            verdict
                .clauses
                .iter()
                .all(|c| !c.rule.is_empty() && !c.found.is_empty()),
            "{row}"
        );
        let keys: std::collections::BTreeSet<_> = verdict.clauses.iter().map(|c| c.key).collect();
        assert_eq!(keys.len(), verdict.clauses.len(), "every rule once: {row}");
    }
}

#[test]
fn a_sole_author_learns_both_ways_out() {
    let mut case = Case::new("final");
    case.add_vote("architect=R");
    case.sole_author = Some("rob".to_owned());
    let [text] = &texts(&case)[..] else {
        panic!("one reason expected");
    };
    assert!(text.starts_with("0 of 1 person ready; only rob could vote"));
    assert!(text.contains("somebody else") && text.contains("gate.author_may_vote: true"));
}

#[test]
fn a_voting_phase_with_a_next_holds_but_for_being_the_last() {
    let mut case = Case::new("middle");
    case.add_vote("a=R");
    case.add_vote("b=C");
    assert!(
        !case.decide().holds_but_for_the_phase(),
        "a person is missing"
    );
    case.add_vote("@ann=R");
    let verdict = case.decide();
    assert!(verdict.holds_but_for_the_phase());
    assert_eq!(verdict.reasons[0].code, ReasonCode::PhaseDoesNotVote);
    assert_eq!(
        verdict.reasons[0].text,
        "the phase middle votes, but later comes after it"
    );
}
