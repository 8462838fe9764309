//! Random interleavings of everything that happens around a pull request with its evaluation: it is never green on a
//! head for a state that was not evaluated there.
//!
//! The oracle knows nothing of the App's record. It is told what happened on GitHub, in which order, and between which
//! of the App's writes, and says what may be green: who voted READY last, on a text that they could read in a check by
//! then, under which rules of the base.

use super::{CACHE, PATH};
use crate::support::rig::{AT_ONCE as QUIET, Rig};
use crate::support::scripted::Scripted;
use discussions::sandbox::{
    Chance, DEMO_REPO, DeliveryPlan, Effect, EffectKind, FileEdit, Oid, PullEdit, ReviewState, Role,
};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// Things that happen in one run.
const STEPS: usize = 10;
/// Runs at the same time.
const PARALLEL: usize = 8;
const VOTERS: [&str; 2] = ["ann", "bea"];
const NAME: &str = "discussions";

/// What the base says, and how many people have to be READY; `None`: nothing is green under this name.
const RULES: &[(&str, Option<usize>)] = &[
    ("", Some(1)),
    ("gate: {humans: 2}\n", Some(2)),
    ("gaet: {}\n", None),
    ("gate: {mode: shadow}\n", None),
    ("gate: {mode: off}\n", None),
    ("gate: {bases: [release]}\n", None),
];

/// Somebody's vote that was not taken back.
#[derive(Debug, Clone)]
struct Vote {
    /// Texts it may be about.
    texts: BTreeSet<String>,
    comment: Option<u64>,
}

/// The state of everything that decides, between two things that happen.
#[derive(Debug, Clone)]
struct State {
    rules: usize,
    on_main: bool,
    votes: BTreeMap<&'static str, Vote>,
    /// Writes of the App before it surely began, and before it surely was in force.
    from: usize,
}

impl State {
    fn may_be_green(&self, text: &str) -> bool {
        self.may_be_green_by(&self.votes, text)
    }

    /// Under the rules of this state with votes of perhaps another one: rules are read, of votes the App is told, and
    /// the telling takes its time.
    fn may_be_green_by(&self, votes: &BTreeMap<&'static str, Vote>, text: &str) -> bool {
        let of_text = |vote: &&Vote| vote.texts.contains(text);
        let ready = votes.values().filter(of_text).count();
        self.on_main && RULES[self.rules].1.is_some_and(|needed| ready >= needed)
    }
}

/// GitHub's times have whole seconds: what is said now is later than every check so far.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

struct Run {
    rig: Rig,
    chance: Chance,
    number: u64,
    told: String,
    states: Vec<State>,
    /// First state that was in force at some time since everything was last settled.
    settled: usize,
    /// First write of the App that was not judged yet.
    judged: usize,
    /// Heads the branch had.
    heads: Vec<Oid>,
    seconds: usize,
}

fn shown(effect: &Effect) -> bool {
    matches!(
        effect.kind,
        EffectKind::CheckCreated | EffectKind::CheckUpdated
    ) && effect.data["name"] == NAME
}

impl Run {
    async fn begin(seed: u64) -> Self {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "rounds: 100\n").await;
        rig.sandbox
            .add_collaborator(DEMO_REPO, "bea", Role::Write)
            .unwrap();
        let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
        rig.sandbox
            .create_branch("ann", DEMO_REPO, "side", &tip)
            .unwrap();
        let number = rig.open("rob", PATH, CACHE).await;
        let mut chance = Chance::new(seed);
        let plan = DeliveryPlan {
            extra_copies: chance.below(2),
            shuffle: chance.happens(500).then(|| chance.draw()),
            ..DeliveryPlan::default()
        };
        let told = format!("seed {seed}, {plan:?}\n");
        rig.sandbox.set_deliveries(plan);
        let head = rig.sandbox.pull(DEMO_REPO, number).unwrap().head;
        let first = State {
            rules: 0,
            on_main: true,
            votes: BTreeMap::new(),
            from: 0,
        };
        Self {
            rig,
            chance,
            number,
            told,
            states: vec![first],
            settled: 0,
            judged: 0,
            heads: vec![head],
            seconds: 10,
        }
    }

    fn head(&self) -> Oid {
        self.rig.sandbox.pull(DEMO_REPO, self.number).unwrap().head
    }

    fn effects(&self) -> Vec<Effect> {
        self.rig.sandbox.ledger().effects
    }

    /// How the requirement reads at a commit.
    fn text(&self, at: &str) -> String {
        let bytes = self.rig.sandbox.file(DEMO_REPO, at, PATH).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let from = text.find("visible after ").unwrap();
        text[from..].lines().next().unwrap().to_owned()
    }

    /// Texts that some check was about so far.
    fn readable(&self) -> BTreeSet<String> {
        let effects = self.effects();
        let heads: BTreeSet<&String> = effects
            .iter()
            .filter(|effect| effect.data["status"] == "completed")
            .map(|effect| &effect.target)
            .collect();
        heads.into_iter().map(|head| self.text(head)).collect()
    }

    /// Something happens that changes what decides.
    fn note(&mut self, before: usize, change: impl FnOnce(&mut State)) {
        let mut state = self.states.last().unwrap().clone();
        state.from = before;
        change(&mut state);
        self.states.push(state);
    }

    /// One thing that happens.
    async fn step(&mut self) -> Result<(), String> {
        let who = VOTERS[self.chance.below(VOTERS.len())];
        match self.chance.below(14) {
            0 | 1 => self.revise(),
            2 => {
                let edit = FileEdit::write("notes.txt", format!("{}\n", self.chance.draw()));
                let sandbox = &self.rig.sandbox;
                sandbox
                    .push("rob", DEMO_REPO, "topic", "notes", &[edit])
                    .unwrap();
                self.told.push_str("push: the same text\n");
            }
            3..=5 => {
                self.settle().await?;
                next_second().await;
                for who in VOTERS {
                    self.vote(who);
                }
                self.settle().await?;
            }
            6 => self.vote(who),
            7 => self.approve(who),
            8 => {
                let before = self.effects().len();
                let sandbox = &self.rig.sandbox;
                sandbox
                    .comment(who, DEMO_REPO, self.number, "/discuss vote withdraw")
                    .unwrap();
                let _ = writeln!(self.told, "{who} withdraws");
                self.note(before, |state| {
                    state.votes.remove(who);
                });
            }
            9 => self.unsay(who),
            10 | 11 => {
                // The simple ones more often: under the others little gets green.
                let rules = self.chance.below(RULES.len() + 2);
                self.rule(if rules < RULES.len() { rules } else { 0 });
            }
            12 => {
                let on_main = !self.states.last().unwrap().on_main;
                self.retarget(on_main);
            }
            _ => {
                let back = self.chance.below(self.heads.len().min(4));
                let to = self.heads[self.heads.len() - 1 - back].clone();
                self.rig
                    .sandbox
                    .force_push("rob", DEMO_REPO, "topic", &to)
                    .unwrap();
                let _ = writeln!(self.told, "force-push to {}", &to.as_str()[..7]);
            }
        }
        self.note_head();
        self.left_is_not_green()
    }

    fn note_head(&mut self) {
        let head = self.head();
        self.heads.retain(|known| *known != head);
        self.heads.push(head);
    }

    fn revise(&mut self) {
        self.seconds += 1;
        let now = self.rig.file(self.number, PATH);
        let at = now.find("visible after ").unwrap();
        let end = at + now[at..].find(".\n").unwrap();
        let (start, rest) = (&now[..at], &now[end..]);
        let text = format!("{start}visible after {} seconds{rest}", self.seconds);
        let edit = FileEdit::write(PATH, text);
        let sandbox = &self.rig.sandbox;
        sandbox
            .push("rob", DEMO_REPO, "topic", "revise", &[edit])
            .unwrap();
        let _ = writeln!(self.told, "push: {} seconds", self.seconds);
    }

    fn vote(&mut self, who: &'static str) {
        let before = self.effects().len();
        let sandbox = &self.rig.sandbox;
        let comment = sandbox
            .comment(who, DEMO_REPO, self.number, "/discuss vote ready")
            .unwrap();
        let texts = self.readable();
        let _ = writeln!(self.told, "{who} votes after reading {texts:?}");
        self.note(before, |state| {
            let comment = Some(comment);
            state.votes.insert(who, Vote { texts, comment });
        });
    }

    fn approve(&mut self, who: &'static str) {
        let before = self.effects().len();
        let sandbox = &self.rig.sandbox;
        sandbox
            .review(who, DEMO_REPO, self.number, ReviewState::Approved, "fine")
            .unwrap();
        let text = self.text(self.head().as_str());
        let _ = writeln!(self.told, "{who} approves {text:?}");
        self.note(before, |state| {
            let texts = BTreeSet::from([text]);
            let comment = None;
            state.votes.insert(who, Vote { texts, comment });
        });
    }

    /// Somebody takes back what a comment said.
    fn unsay(&mut self, who: &'static str) {
        let before = self.effects().len();
        let vote = self.states.last().unwrap().votes.get(who);
        let Some(comment) = vote.and_then(|vote| vote.comment) else {
            return;
        };
        if self.chance.happens(500) {
            let sandbox = &self.rig.sandbox;
            sandbox
                .edit_comment(who, DEMO_REPO, comment, "Never mind.")
                .unwrap();
            let _ = writeln!(self.told, "{who} edits the vote away");
        } else {
            self.rig
                .sandbox
                .delete_comment(who, DEMO_REPO, comment)
                .unwrap();
            let _ = writeln!(self.told, "{who} deletes the vote");
        }
        self.note(before, |state| {
            state.votes.remove(who);
        });
    }

    fn rule(&mut self, rules: usize) {
        let before = self.effects().len();
        let text = format!("{QUIET}rounds: 100\n{}", RULES[rules].0);
        let edit = FileEdit::write(".github/discussions.yml", text);
        self.rig
            .sandbox
            .push("ann", DEMO_REPO, "main", "rules", &[edit])
            .unwrap();
        let _ = writeln!(self.told, "main says {:?}", RULES[rules].0);
        self.note(before, |state| state.rules = rules);
    }

    fn retarget(&mut self, on_main: bool) {
        let before = self.effects().len();
        let base = if on_main { "main" } else { "side" };
        let edit = PullEdit {
            base: Some(base.to_owned()),
            ..PullEdit::default()
        };
        self.rig
            .sandbox
            .edit_pr("rob", DEMO_REPO, self.number, &edit)
            .unwrap();
        let _ = writeln!(self.told, "into {base}");
        self.note(before, |state| state.on_main = on_main);
    }

    /// A green on the head that the App has left since is no green any more, at no moment.
    fn left_is_not_green(&self) -> Result<(), String> {
        let effects = self.effects();
        let head = self.head();
        let at = effects
            .iter()
            .rposition(|effect| shown(effect) && effect.target == head.as_str());
        let Some(at) = at.filter(|at| effects[*at].data["conclusion"] == "success") else {
            return Ok(());
        };
        let judged_elsewhere = effects[at..].iter().any(|effect| {
            let title = effect.data["title"].as_str().unwrap_or_default();
            shown(effect) && effect.target != head.as_str() && !title.starts_with("SUPERSEDED")
        });
        match judged_elsewhere {
            true => Err(format!(
                "{} is green although it was left",
                &head.as_str()[..7]
            )),
            false => Ok(()),
        }
    }

    /// Every green the App wrote since the last look was allowed by what was in force at that time.
    fn judge_writes(&mut self) -> Result<(), String> {
        let effects = self.effects();
        for (at, effect) in effects.iter().enumerate().skip(self.judged) {
            if !shown(effect) || effect.data["conclusion"] != "success" {
                continue;
            }
            let text = self.text(&effect.target);
            let in_force = self.states[self.settled..]
                .iter()
                .filter(|state| state.from <= at);
            let by_any = |state: &State| {
                let mut told = in_force.clone();
                told.any(|other| state.may_be_green_by(&other.votes, &text))
            };
            if !in_force.clone().any(by_any) {
                return Err(format!(
                    "write {at} is green on {} with {text:?}; possible were {:#?}",
                    &effect.target[..7],
                    in_force.collect::<Vec<_>>()
                ));
            }
        }
        self.judged = effects.len();
        Ok(())
    }

    /// Everything is done: what stands on the head is right for exactly this state.
    async fn settle(&mut self) -> Result<(), String> {
        self.rig.settle().await;
        self.told.push_str("settled\n");
        self.judge_writes()?;
        let head = self.head();
        self.note_head();
        self.left_is_not_green()?;
        self.settled = self.states.len() - 1;
        let text = self.text(head.as_str());
        let run = self.rig.run(self.number, NAME).unwrap_or_default();
        let is_green = run.0 == "success";
        if is_green && !self.states.last().unwrap().may_be_green(&text) {
            return Err(format!("{run:?} on {text:?} in {:#?}", self.states.last()));
        }
        if self.states.last().unwrap().on_main && self.rig.mergeable(self.number) != is_green {
            return Err(format!("{run:?}, and the merge box says otherwise"));
        }
        Ok(())
    }

    async fn play(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            self.step().await?;
            match self.chance.below(4) {
                0 | 1 => {}
                2 => {
                    let pause = u64::try_from(self.chance.below(60)).unwrap();
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    self.left_is_not_green()?;
                }
                _ => self.settle().await?,
            }
        }
        self.settle().await?;
        // And it is not stuck: with simple rules, dropped replies put back, everybody asked and everybody for it, it is
        // green.
        self.rig.sandbox.set_deliveries(DeliveryPlan::default());
        self.rule(0);
        self.retarget(true);
        self.settle().await?;
        self.rig
            .sandbox
            .comment("rob", DEMO_REPO, self.number, "/discuss restore\n/discuss")
            .unwrap();
        self.settle().await?;
        next_second().await;
        for who in VOTERS {
            self.vote(who);
        }
        self.settle().await?;
        let run = self.rig.run(self.number, NAME).unwrap_or_default();
        match run.0.as_str() {
            "success" => Ok(()),
            _ => Err(format!("it does not get green: {run:?}")),
        }
    }
}

async fn run(seed: u64) -> Result<usize, String> {
    let mut run = Run::begin(seed).await;
    match run.play().await {
        Ok(()) => Ok(run
            .effects()
            .iter()
            .filter(|effect| effect.data["conclusion"] == "success")
            .count()),
        Err(why) => Err(format!("{why}\n{}", run.told)),
    }
}

/// Plays these seeds; `SEED=7` plays one of them alone.
async fn play(seeds: std::ops::Range<u64>) {
    let seeds: Vec<u64> = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => seeds.collect(),
    };
    let count = seeds.len();
    let played: Vec<Result<usize, String>> = futures::stream::iter(seeds)
        .map(run)
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let greens: usize = played.iter().flatten().sum();
    let wrong: Vec<&String> = played
        .iter()
        .filter_map(|played| played.as_ref().err())
        .collect();
    println!(
        "{count} interleavings of {STEPS} steps each, {greens} greens among the writes, {} wrong",
        wrong.len()
    );
    let told: Vec<&str> = wrong.iter().map(|one| one.as_str()).collect();
    assert!(
        wrong.is_empty(),
        "SEED=N plays one alone\n{}",
        told.join("\n\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_interleaving_is_green_for_a_state_that_was_not_evaluated() {
    play(0..40).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs minutes: a thousand interleavings"]
async fn none_of_a_thousand_interleavings_is_green_for_a_state_that_was_not_evaluated() {
    play(1_000..2_000).await;
}
