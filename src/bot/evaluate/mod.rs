//! Evaluation: from everything that was read and recorded to the state of each discussion. Pure.

mod bare;
mod done;
mod hidden;
mod ledger_of;
mod outlook;
mod panel_of;
mod posted;
mod problems;
mod text;
mod votes;

pub use hidden::in_text as hidden_in_text;
pub use posted::Discussed;
pub use text::{BlockIdentity, SeenText, block_identity};
pub use votes::{is_about, newest, objections, ready_accounts, voters_to_ask};

use super::acts::{self, Bound};
use super::check::{ActView, DiscussionView, DroppedView, People, VoteView};
use super::ground::Ground;
use super::models::Models;
use super::owing::{self, Owing};
use super::receipts::{self, Receipts};
use super::touched::{self, Candidate, Content, Standing};
use crate::engine::consensus::{self, Owed, Situation, SoleAuthor, State};
use crate::engine::discussion::Discussion;
use crate::engine::persona::{Persona, PersonaKind};
use crate::engine::statement::Statement;
use crate::engine::subject;
use crate::engine::template::{Phase, Template};
use crate::engine::vote::{Tally, Vote, VoteEntry, VoterKind};
use crate::forge::Rights;
use crate::ids::{Actor, Alias, PullRequest};
use crate::signing::Keys;
use crate::store::{
    ActRecord, BlockRecord, BlockState, DiscussionRecord, DropRecord, HumanVote, VoteElsewhere,
};
use std::collections::{BTreeMap, BTreeSet};

/// Start of the reason with which a vote is voided because its comment was edited.
pub const EDITED: &str = "edited by";

/// What all discussions of a pull request share.
pub struct Circumstances<'a> {
    /// What the base branch says.
    pub ground: &'a Ground,
    /// Models on offer.
    pub models: &'a Models,
    /// Author of the pull request; `None`: account deleted.
    pub author: Option<&'a Actor>,
    /// Rights of people who voted, asked in this job. Who is not in it has none.
    pub rights: &'a BTreeMap<u64, Rights>,
    /// The pull request.
    pub pr: &'a PullRequest,
    /// Its base branch.
    pub base_branch: &'a str,
    /// Keys that receipts are checked by.
    pub keys: &'a Keys,
    /// GitHub said in this job that nobody but the author has the right to vote.
    pub nobody_else_votes: bool,
}

impl Circumstances<'_> {
    /// The author whose vote does not count, where nobody else could vote either.
    fn sole_author(&self) -> Option<SoleAuthor<'_>> {
        let config = &self.ground.config;
        let author = self
            .author
            .filter(|_| self.nobody_else_votes && !config.gate.author_may_vote)?;
        Some(SoleAuthor {
            login: &author.login,
            vote_needs: config.permissions.of_votes().as_str(),
        })
    }

    /// Whether a persona exists and votes.
    fn is_voting(&self, alias: &Alias) -> bool {
        let persona = self.ground.personas.get(alias);
        persona.is_some_and(|persona| persona.kind == PersonaKind::Voting)
    }

    /// Whether votes that this model gave for a persona count.
    fn counts_answers_of(&self, alias: &Alias, model: &str) -> bool {
        let chosen = |persona| self.models.choose(persona, &self.ground.config);
        match self.ground.personas.get(alias).map(chosen) {
            Some(Ok(chosen)) if chosen.model.name() == model => chosen.counts,
            _ => model != super::models::CHECKLIST,
        }
    }
}

/// Everything known about one discussion.
pub struct Case<'a> {
    /// Its paths.
    pub candidate: &'a Candidate,
    /// What stands at the head.
    pub head: &'a Content,
    /// What stands at the merge base.
    pub base: &'a Content,
    /// The record, if it was evaluated before.
    pub record: Option<&'a DiscussionRecord>,
    /// Recorded blocks, by `seq`.
    pub blocks: &'a [&'a BlockRecord],
    /// People's votes, oldest first.
    pub votes: &'a [&'a HumanVote],
    /// What people did to it other than by votes, in the order recorded.
    pub acts: &'a [&'a ActRecord],
    /// People's votes elsewhere on the same proposal, oldest first: objections follow.
    pub elsewhere: &'a [VoteElsewhere],
    /// In which other pull request blocks of the base's copy were written, where that is known; by their text.
    pub written_in: &'a BTreeMap<String, u64>,
    /// Why personas gave no answer on the current subject.
    pub failures: &'a BTreeMap<Alias, String>,
    /// Which answers of the pull request are asked for again by themselves.
    pub owing: &'a [Owing],
    /// What time that is compared with, ms.
    pub now: i64,
    /// Path of the discussion of this pull request that carries the same Id and is the original.
    pub twin: Option<&'a str>,
    /// Whether replies are committed to the branch, as far as is known: only then can a pending block stand in the file.
    pub commits: bool,
    /// Votes (by source) whose comment somebody else removed or edited, and who: they stand.
    pub removals: &'a BTreeMap<String, String>,
    /// Who let go of it, if it left and somebody did.
    pub dropped: Option<&'a DropRecord>,
}

impl Case<'_> {
    /// Whether there were answers, votes or acts here in this pull request.
    fn was_worked_on(&self) -> bool {
        !self.blocks.is_empty() || !self.votes.is_empty() || !self.acts.is_empty()
    }
}

/// What a path of the pull request turned out to be.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A discussion that can be worked on.
    Open(Box<Evaluated>),
    /// Decided on the base already and not touched since: shown in a note, not asked, does not block. Holds the status.
    Settled(String),
    /// It blocks and nobody can be asked: withdrawn, or not readable.
    Blocked(Box<DiscussionView>),
    /// It left, and somebody with the right let go of it: shown, does not block.
    Dropped(DroppedView),
    /// Matches `files` and is none: worth a notice.
    Unmarked,
    /// Nothing to do with us.
    Unrelated,
}

/// A discussion that was evaluated.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// As the check shows it.
    pub view: DiscussionView,
    /// The file, with the replies that stand in reviews behind its text.
    pub discussion: Discussion,
    /// Our blocks, the proposal's end, the hashes votes bind to.
    pub seen: SeenText,
    /// The proposal as hashed.
    pub proposal: String,
    /// Template.
    pub template: Template,
    /// Phase by the record.
    pub phase: Phase,
    /// Voting participants, the optional ones too.
    pub panel: Vec<Alias>,
    /// What people said about its ledger outside of the file; the view's ledger has heard it.
    pub statements: Vec<Statement>,
    /// Counted votes of personas on the current subject.
    pub fresh: BTreeMap<Alias, Vote>,
    /// Counted votes of people.
    pub people: Vec<HumanVote>,
    /// Somebody paused it: nobody is asked.
    pub paused: bool,
    /// Automatic rounds in this phase are used up.
    pub past_bound: bool,
    /// Recorded blocks on the current subject that still have to be written, as indices into the case's blocks.
    pub to_write: Vec<usize>,
    /// Recorded blocks that stand in the file and are still marked as pending, as indices into the case's blocks.
    pub landed: Vec<usize>,
    /// What the receipts of the file say beside the record.
    pub receipts: Receipts,
}

/// Evaluates one path.
pub fn evaluate(around: &Circumstances<'_>, case: &Case<'_>) -> Outcome {
    let globs = &around.ground.globs;
    let path = &case.candidate.path;
    let standing = match touched::is_put_back(case.candidate, case.head, case.base) {
        true if case.was_worked_on() => {
            Standing::Withdrawn("it is as on the base again".to_owned())
        }
        _ => touched::standing(path, case.head, case.base, case.was_worked_on(), globs),
    };
    match standing {
        Standing::Here => match case.head.discussion() {
            Some(discussion) => open(around, case, discussion),
            None => Outcome::Unrelated,
        },
        Standing::Withdrawn(why) => match case.dropped {
            Some(drop) if drop.stood == why => Outcome::Dropped(bare::dropped(case, drop)),
            _ => Outcome::Blocked(Box::new(bare::withdrawn(around, case, &why))),
        },
        Standing::Broken(problem) => {
            Outcome::Blocked(Box::new(bare::invalid(around, case, problem)))
        }
        Standing::Unmarked => Outcome::Unmarked,
        Standing::Unrelated => Outcome::Unrelated,
    }
}

fn open(around: &Circumstances<'_>, case: &Case<'_>, file: &Discussion) -> Outcome {
    let recorded = case.record.map_or("", |record| record.proposal.as_str());
    let discussed = Discussed::of(file, case.blocks, recorded, case.commits);
    let Discussed {
        discussion: owned,
        seen,
        posted,
    } = discussed;
    let discussion = &owned;
    if let Some(status) = done::settled(case.base.discussion(), &seen) {
        return Outcome::Settled(status);
    }
    let did = case
        .record
        .and_then(|record| record.chains.get(around.base_branch));
    let receipts = receipts::compare(
        file,
        case.blocks,
        did.map(String::as_str),
        case.base.discussion(),
        around.pr,
        around.keys,
    );
    let members = panel_of::of(around.ground, discussion, case.blocks);
    let votes = votes::collect(around, case, discussion, &seen, &members.voting);
    let (template, template_problem) = panel_of::registry(around.ground).template(discussion);
    let phase = panel_of::phase(case, discussion, &template);
    let heard = ledger_of::of(case, discussion, &seen);
    let mut problems = discussion.problems.clone();
    let ends = posted.first().map_or(usize::MAX, |(line, _)| *line);
    problems.extend(
        heard
            .problems
            .into_iter()
            .filter(|problem| problem.line < ends),
    );
    problems.extend(members.problems.iter().cloned().chain(template_problem));
    problems.extend(problems::duplicate_id(case, discussion));
    problems.extend(problems::header_edited(case, discussion, &template, &phase));
    problems.sort_by_key(|problem| (problem.line, problem.column));

    let bound = phase
        .max_rounds
        .unwrap_or(u32::MAX)
        .min(around.ground.config.rounds);
    let rounds = case.record.map_or(0, |record| record.rounds);
    let past_bound = rounds >= bound;
    let proposal = subject::proposal(discussion, seen.proposal_end);
    let changed_sections = match case.record {
        Some(record) if !record.proposal.is_empty() && record.proposal != proposal => {
            subject::changed_sections(&record.proposal, &proposal)
        }
        _ => Vec::new(),
    };
    let owed: Vec<(Alias, Owed)> = members
        .owing
        .iter()
        .filter(|alias| !votes.disputed.contains(alias))
        .map(|alias| (alias.clone(), owed(around, case, &votes, alias)))
        .collect();
    let entries: Vec<VoteEntry> = votes.views.iter().map(|view| view.entry.clone()).collect();
    let veto = around.ground.veto();
    let tampered: Vec<String> = receipts.tampered.iter().map(ToString::to_string).collect();
    let bound_to = Bound {
        ballot: &seen.ballot,
        base: around.base_branch,
        did: did.map_or("", String::as_str),
        published: case.record.map_or(&[], |record| &record.published),
    };
    let done = acts::standing(case.acts.iter().copied(), bound_to);
    let held = done.held().or_else(|| done::held(case, &receipts));
    let overridden = done.overrides();
    let paused = !done.pauses.is_empty();
    let cancelled = done::cancelled(case, &seen, &owed);
    let chain = (bound_to.base, bound_to.did);
    let mut done = done::shown(case, &done, &seen, chain, cancelled);
    done.extend(heard.closings.into_iter().map(ActView::of));
    let verdict = consensus::decide(
        &Situation {
            rules: &around.ground.config.gate.rules,
            phase: &phase,
            votes: &entries,
            owed: &owed,
            ledger: &heard.ledger,
            problems: &problems,
            tampered: &tampered,
            working: None,
            changed_sections: &changed_sections,
            bound_after: past_bound.then_some(rounds),
            held: held.clone(),
            overridden: overridden.clone(),
            sole_author: around.sole_author(),
        },
        &veto,
    );
    let subject = seen.subject.to_string();
    let retry_at = owing::told(case.owing, &case.candidate.key, &subject, &owed, case.now);
    let cancelled = cancelled.filter(|_| verdict.state == State::Discussing);
    let view = DiscussionView {
        path: case.candidate.path.clone(),
        title: discussion
            .header
            .title()
            .unwrap_or(&case.candidate.path)
            .to_owned(),
        verdict,
        phase: phase.name.clone(),
        subject: seen.ballot.chars().take(8).collect(),
        tally: Tally::of(&entries),
        people: people(around, &votes.views),
        votes: votes.views,
        owed,
        veto,
        ledger: heard.ledger,
        problems,
        unsigned_lines: unsigned_lines(case, discussion, &seen),
        hidden: hidden::in_text(file, case.base.discussion()),
        uncovered_lines: seen.uncovered_lines.clone(),
        changed_sections,
        rounds: (rounds, bound),
        working: None,
        waiting: cancelled.map(|act| format!("{} cancelled the round", act.login)),
        held,
        overridden,
        acts: done,
        retry_at,
        url: None,
        posted,
        tampered: receipts.tampered.clone(),
        lost_replies: receipts.dropped.len(),
        withdrawn: None,
        permissions: around.ground.config.permissions.clone(),
    };
    let (to_write, landed) = pending(case.blocks, &seen);
    Outcome::Open(Box::new(Evaluated {
        view,
        discussion: owned,
        seen,
        proposal,
        template,
        phase,
        panel: members.voting,
        statements: heard.statements,
        fresh: votes.fresh,
        people: votes.people,
        paused,
        past_bound,
        to_write,
        landed,
        receipts,
    }))
}

/// How an owed vote stands. Something that failed on this very text weighs more than a vote on another one.
fn owed(around: &Circumstances<'_>, case: &Case<'_>, votes: &votes::Votes, alias: &Alias) -> Owed {
    if votes.fresh.contains_key(alias) {
        return Owed::Fresh;
    }
    if votes.without_model.contains(alias) {
        return Owed::Failed("no model is configured for it".to_owned());
    }
    let choice = |persona: &Persona| around.models.choose(persona, &around.ground.config);
    if let Some(Err(why)) = around.ground.personas.get(alias).map(choice) {
        return Owed::Failed(why);
    }
    if let Some(why) = case.failures.get(alias) {
        return Owed::Failed(why.clone());
    }
    if votes.stale.contains(alias) {
        return Owed::Stale;
    }
    Owed::Missing
}

fn people(around: &Circumstances<'_>, votes: &[VoteView]) -> People {
    let gate = &around.ground.config.gate;
    let is_ready = |view: &&VoteView| {
        view.entry.kind == VoterKind::Human && view.entry.counted() == Some(Vote::Ready)
    };
    let author = around.author.filter(|_| !gate.author_may_vote);
    People {
        ready: votes.iter().filter(is_ready).count(),
        needed: consensus::people_needed(&gate.rules, votes.iter().map(|view| &view.entry)),
        not_the_author: author.map(|author| author.login.clone()),
        nobody_else: around.sole_author().is_some(),
    }
}

/// Name lines of blocks that pass for a persona's, that we did not write, and that are not history.
fn unsigned_lines(case: &Case<'_>, discussion: &Discussion, seen: &SeenText) -> Vec<usize> {
    let history = block_texts(case.base.discussion());
    discussion
        .blocks
        .iter()
        .filter(|block| block.author.claims_to_be_ai() && !seen.is_ours(block.number))
        .filter(|block| !history.contains(&block.canonical(&discussion.source)))
        .map(|block| block.line)
        .collect()
}

/// Texts of all blocks, for recognising history.
fn block_texts(discussion: Option<&Discussion>) -> BTreeSet<String> {
    let blocks = discussion.into_iter().flat_map(|discussion| {
        discussion
            .blocks
            .iter()
            .map(|block| block.canonical(&discussion.source))
    });
    blocks.collect()
}

/// Pending blocks: those of the current subject that are not in the file yet, and those that stand in it.
fn pending(records: &[&BlockRecord], seen: &SeenText) -> (Vec<usize>, Vec<usize>) {
    let current = seen.subject.to_string();
    let (landed, missing): (Vec<usize>, Vec<usize>) = (0..records.len())
        .filter(|index| records[*index].state == BlockState::Pending)
        .partition(|index| seen.place_of(*index).is_some());
    // People's votes are written by the closing commit or not at all.
    let is_current =
        |index: &usize| records[*index].subject == current && !records[*index].is_persons();
    (missing.into_iter().filter(is_current).collect(), landed)
}
