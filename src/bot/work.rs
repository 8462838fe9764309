//! One try at a job: what was read, what is recorded, and the evaluation made of both.

mod commits;
mod gate;
mod owed;
mod reading;

pub use owed::failure_key;

use super::channel;
use super::command::table::Row;
use super::deps::{BotDeps, JobError};
use super::dropping;
use super::elsewhere::Elsewhere;
use super::evaluate::{self, Case, Circumstances, Evaluated, Outcome};
use super::gate_files::{self, GateFiles};
use super::ground::{Ground, folders};
use super::outdated::Outdated;
use super::owing::Owing;
use super::respond::Want;
use super::seen;
use super::show_status;
use super::siblings::Kin;
use super::status::Kept;
use super::touched::{Candidate, Content};
use super::votes::removal_key;
use crate::engine::vote::Vote;
use crate::forge::{BranchRules, PrSnapshot, Rights};
use crate::ids::{Alias, PullRequest};
use crate::store::{
    ActRecord, BlockRecord, Change, Claimed, DiscussionRecord, DropRecord, EffectRecord, HumanVote,
    PrRecord, Spending,
};
use std::collections::{BTreeMap, BTreeSet};

/// One path of the pull request with what stands there.
pub struct SeenPath {
    /// Its paths.
    pub candidate: Candidate,
    /// At the head.
    pub head: Content,
    /// At the merge base.
    pub base: Content,
}

/// What the store has about the pull request, kept in step with what this try writes.
#[derive(Default)]
pub struct Memory {
    /// The pull request.
    pub pr: PrRecord,
    /// Discussions by path.
    pub discussions: BTreeMap<String, DiscussionRecord>,
    /// What was published of changes to the gate.
    pub gate: Option<DiscussionRecord>,
    /// Blocks by path and `seq`.
    pub blocks: Vec<BlockRecord>,
    /// People's votes, oldest first.
    pub votes: Vec<HumanVote>,
    /// What other pull requests of the repository have to do with this one.
    pub elsewhere: Elsewhere,
    /// Discussions that somebody let go of, oldest first.
    pub drops: Vec<DropRecord>,
    /// What people did to discussions other than by votes, in the order recorded.
    pub acts: Vec<ActRecord>,
    /// Discussions that began anew in this try.
    pub renewed: BTreeSet<String>,
    /// Why personas gave no answer on the current subject, by path.
    pub failures: BTreeMap<String, BTreeMap<Alias, String>>,
    /// Which of these answers are asked for again, and when.
    pub owing: Vec<Owing>,
    /// By the store's clock when that was read or changed, ms.
    pub now: i64,
    /// Who is asked again in this try, by itself.
    pub again: Vec<Want>,
    /// Votes that stand although somebody else removed their comment.
    pub removals: BTreeMap<String, String>,
    /// Why replies go into reviews here, if that was decided before.
    pub replies: Option<String>,
    /// What requests to models took here so far.
    pub spending: Vec<Spending>,
    /// The status comment as last written.
    pub status: Option<Kept>,
    /// That one is about to be posted is recorded.
    pub announced: bool,
    /// Comments of ours that may become outdated, once they were read.
    pub outdated: Option<Outdated>,
    /// The title that was posted in this try.
    pub shown: Option<String>,
    /// Other pull requests with its head.
    pub siblings: Kin,
    /// To be written down together with the next head that is posted to.
    pub noted: Vec<Change>,
    /// Which answers this round gives out, to be written down together with its blocks: what was cancelled before that
    /// was never said.
    pub given: Vec<Change>,
}

/// One try at a job.
pub struct Work<'a> {
    /// What the bot is built from.
    pub deps: &'a BotDeps,
    /// The job.
    pub job: &'a Claimed,
    /// The pull request at the head that is worked on.
    pub snapshot: PrSnapshot,
    /// What the base branch says.
    pub ground: Ground,
    /// Candidates with their contents.
    pub paths: Vec<SeenPath>,
    /// The files of the gate that the pull request changes, if it does.
    pub gate: Option<GateFiles>,
    /// What is recorded.
    pub memory: Memory,
    /// Rights asked so far, by account.
    pub rights: BTreeMap<u64, Rights>,
    /// Whether nobody but the author has the right to vote, once GitHub was asked; a request that failed leaves it open.
    pub nobody_else_votes: Option<bool>,
    /// Rules of the branches, once they were read.
    pub rules: Option<BranchRules>,
}

impl<'a> Work<'a> {
    /// Reads the record, and folders of personas that the snapshot lacks. No file is read yet.
    pub async fn begin(
        deps: &'a BotDeps,
        job: &'a Claimed,
        mut snapshot: PrSnapshot,
    ) -> Result<Work<'a>, JobError> {
        let unread = folders::unread(snapshot.config.as_deref(), &snapshot.personas);
        if !unread.is_empty() {
            let read = &deps.read;
            let folders = read.folders(&snapshot.pr, &snapshot.base, &unread).await?;
            snapshot.personas.extend(folders);
        }
        let ground = Ground::of(&snapshot, &deps.built_in);
        let mut work = Self {
            deps,
            job,
            ground,
            paths: Vec::new(),
            gate: None,
            memory: Memory::default(),
            rights: BTreeMap::new(),
            nobody_else_votes: None,
            rules: None,
            snapshot,
        };
        work.memory.siblings.read_at = work.snapshot.head.to_string();
        work.recall().await?;
        Ok(work)
    }

    /// The pull request, with its current names.
    pub fn pr(&self) -> &PullRequest {
        &self.snapshot.pr
    }

    /// Reads the record.
    async fn recall(&mut self) -> Result<(), JobError> {
        let store = &self.deps.store;
        let discussions = store.discussions(&self.job.pr).await?;
        self.memory.pr = store.pr(&self.job.pr).await?;
        self.memory.discussions = discussions
            .into_iter()
            .map(|record| (record.path.clone(), record))
            .collect();
        self.memory.gate = self.memory.discussions.remove(gate_files::KEY);
        if let Some(EffectRecord::Done(why)) = store.effect(&self.job.pr, channel::KEY).await? {
            self.memory.replies = Some(why);
        }
        self.memory.status = show_status::recalled(self).await?;
        self.memory.elsewhere.recorded = store.beginnings(&self.job.pr).await?;
        self.memory.drops = store.drops(&self.job.pr).await?;
        self.memory.acts = store.acts(&self.job.pr).await?;
        self.recall_owing().await?;
        self.recall_spending().await?;
        self.recall_blocks().await?;
        self.recall_votes().await
    }

    /// Reads what models took, again after they were asked.
    pub async fn recall_spending(&mut self) -> Result<(), JobError> {
        self.memory.spending = self.deps.store.spent_on(&self.job.pr).await?;
        Ok(())
    }

    /// Reads the recorded blocks again, after some were added. What personas said while the pull request went into
    /// another base, or before a reset, is left out: there their words are typed text.
    pub async fn recall_blocks(&mut self) -> Result<(), JobError> {
        let mut blocks = self.deps.store.blocks(&self.job.pr).await?;
        blocks.retain(|block| {
            let chain = self.chain_of(&block.path);
            block.base == self.snapshot.base_branch && chain.is_none_or(|did| did == block.did)
        });
        self.memory.blocks = blocks;
        Ok(())
    }

    /// The record of a discussion, a new one if there is none.
    pub fn discussion(&self, key: &str) -> DiscussionRecord {
        let known = self.memory.discussions.get(key).cloned();
        DiscussionRecord {
            path: key.to_owned(),
            ..known.unwrap_or_default()
        }
    }

    /// The chain of receipts of a discussion into the present base, by the record.
    pub fn chain_of(&self, key: &str) -> Option<&str> {
        let record = self.memory.discussions.get(key)?;
        record
            .chains
            .get(&self.snapshot.base_branch)
            .map(String::as_str)
    }

    /// Reads people's votes again, after some were added or voided.
    pub async fn recall_votes(&mut self) -> Result<(), JobError> {
        self.memory.votes = self.deps.store.human_votes(&self.job.pr).await?;
        self.memory.removals = BTreeMap::new();
        let standing = self.memory.votes.iter().filter(|vote| {
            vote.void.is_none() && !matches!(Vote::parse(&vote.vote), Some(Vote::Ready) | None)
        });
        for vote in standing {
            let key = removal_key(&vote.source);
            if let Some(EffectRecord::Done(who)) =
                self.deps.store.effect(&self.job.pr, &key).await?
            {
                self.memory.removals.insert(vote.source.clone(), who);
            }
        }
        Ok(())
    }

    /// The record with what the pull request looks like now; `None`: it has that already. `now` in ms by the store's
    /// clock.
    pub fn seen(&self, now: i64, how: seen::Evaluated) -> Option<PrRecord> {
        let base = &self.snapshot.base_branch;
        seen::noted(&self.memory.pr, &self.look(), base, now, how)
    }

    /// What the pull request looks like now.
    pub fn look(&self) -> seen::Look {
        seen::of_snapshot(&self.snapshot, self.deps.models.operator.as_deref())
    }

    /// Records what the pull request looks like, where nothing could be started.
    pub async fn note_unheard(&mut self) -> Result<(), JobError> {
        let now = self.deps.store.now().await?;
        if let Some(record) = self.seen(now, seen::Evaluated::Unheard) {
            self.record(&[Change::Pr(record.clone())]).await?;
            self.memory.pr = record;
        }
        Ok(())
    }

    /// Has the next sweep look at the pull request, however short ago this was.
    pub async fn age_look(&mut self) -> Result<(), JobError> {
        let record = PrRecord {
            seen_at: 0,
            ..self.memory.pr.clone()
        };
        self.record(&[Change::Pr(record.clone())]).await?;
        self.memory.pr = record;
        Ok(())
    }

    /// The same, as if nobody had looked before.
    pub async fn forget_look(&mut self) -> Result<(), JobError> {
        let record = PrRecord {
            seen: String::new(),
            ..self.memory.pr.clone()
        };
        self.record(&[Change::Pr(record.clone())]).await?;
        self.memory.pr = record;
        Ok(())
    }

    /// Carries changes to the record out in one transaction.
    pub async fn record(&self, changes: &[Change]) -> Result<(), JobError> {
        if changes.is_empty() {
            return Ok(());
        }
        let store = &self.deps.store;
        Ok(store.record(&self.job.lease, &self.job.pr, changes).await?)
    }

    /// Rights of an account, asked once in this try.
    pub async fn rights_of(&mut self, id: u64, login: &str) -> Result<Rights, JobError> {
        if let Some(known) = self.rights.get(&id) {
            return Ok(*known);
        }
        let rights = self.deps.read.rights(self.pr(), id, login).await?;
        self.rights.insert(id, rights);
        Ok(rights)
    }

    /// Whether an account has the right that a command needs here.
    pub async fn may(&mut self, row: &Row, id: u64, login: &str) -> Result<bool, JobError> {
        let rights = self.rights_of(id, login).await?;
        Ok(self.ground.config.permissions.need(row).is_met(&rights))
    }

    /// Recorded blocks of one discussion.
    pub fn blocks_of(&self, key: &str) -> Vec<&BlockRecord> {
        let blocks = self.memory.blocks.iter();
        blocks.filter(|block| block.path == key).collect()
    }

    /// Evaluates one path with a given content at the head and given blocks.
    pub fn evaluate_as(
        &self,
        path: &SeenPath,
        head: &Content,
        blocks: &[&BlockRecord],
        record: Option<&DiscussionRecord>,
    ) -> Outcome {
        let key = &path.candidate.key;
        let votes: Vec<&HumanVote> = self.votes_of(key);
        let acts: Vec<&ActRecord> = self.acts_of(key).collect();
        let none = BTreeMap::new();
        let around = Circumstances {
            ground: &self.ground,
            models: &self.deps.models,
            author: self.snapshot.author.as_ref(),
            rights: &self.rights,
            pr: &self.snapshot.pr,
            base_branch: &self.snapshot.base_branch,
            keys: &self.deps.keyring.keys,
            nobody_else_votes: self.nobody_else_votes == Some(true),
        };
        let case = Case {
            candidate: &path.candidate,
            head,
            base: &path.base,
            record,
            blocks,
            votes: &votes,
            acts: &acts,
            elsewhere: self.memory.elsewhere.votes_on(key),
            written_in: self.memory.elsewhere.blocks_of(key),
            failures: self.memory.failures.get(key).unwrap_or(&none),
            owing: &self.memory.owing,
            now: self.memory.now,
            twin: self.twin(path, head),
            commits: self.commits(),
            dropped: dropping::counting(&self.memory.drops, key, &self.snapshot.base_branch),
            removals: &self.memory.removals,
        };
        evaluate::evaluate(&around, &case)
    }

    /// Path of the discussion with the same Id that is the original: the one that carries it at the merge base, else
    /// the first by path.
    fn twin(&self, path: &SeenPath, head: &Content) -> Option<&str> {
        let id = id_of(head)?;
        let same_id = |other: &&SeenPath| {
            other.candidate.path == path.candidate.path || id_of(&other.head) == Some(id)
        };
        let same = || self.paths.iter().filter(same_id);
        let original = same()
            .find(|other| id_of(&other.base) == Some(id))
            .or_else(|| same().next())?;
        let original = original.candidate.path.as_str();
        (original != path.candidate.path).then_some(original)
    }

    /// People's votes under one key of the record, oldest first.
    pub fn votes_of(&self, key: &str) -> Vec<&HumanVote> {
        let votes = self.memory.votes.iter();
        votes.filter(|vote| vote.path == key).collect()
    }

    /// What people did to one discussion, by its key of the record, in the order recorded.
    pub fn acts_of(&self, key: &str) -> impl Iterator<Item = &ActRecord> {
        self.memory.acts.iter().filter(move |act| act.path == key)
    }

    /// Evaluates every path as it stands, in the order of `paths`.
    pub fn evaluate(&self) -> Vec<Outcome> {
        self.paths
            .iter()
            .map(|path| {
                let key = &path.candidate.key;
                let record = self.memory.discussions.get(key);
                self.evaluate_as(path, &path.head, &self.blocks_of(key), record)
            })
            .collect()
    }

    /// Evaluates with everything that has to be asked or looked up for it: rights of the people whose votes would
    /// count, and answers that failed earlier.
    pub async fn evaluate_fully(&mut self) -> Result<Vec<Outcome>, JobError> {
        let first = self.evaluate();
        let mut voters = BTreeMap::new();
        for (key, evaluated) in open(&self.paths, &first) {
            let elsewhere = self.memory.elsewhere.votes_on(key);
            let text = evaluated.seen.hashes();
            voters.extend(evaluate::voters_to_ask(
                &self.votes_of(key),
                elsewhere,
                &text,
            ));
        }
        voters.extend(self.answerable_for_gate());
        let failures = self.failures(&first).await?;
        if voters.is_empty() && failures == self.memory.failures {
            return Ok(first);
        }
        self.memory.failures = failures;
        for (id, login) in voters {
            self.rights_of(id, &login).await?;
        }
        Ok(self.evaluate())
    }
}

/// The Id in a discussion's header.
fn id_of(content: &Content) -> Option<&str> {
    let field = content.discussion()?.header.field("Id")?;
    Some(field.value.as_str()).filter(|id| !id.is_empty())
}

/// The discussions that can be worked on, with their paths by the record.
pub fn open<'a>(
    paths: &'a [SeenPath],
    outcomes: &'a [Outcome],
) -> impl Iterator<Item = (&'a str, &'a Evaluated)> {
    paths
        .iter()
        .zip(outcomes)
        .filter_map(|(path, outcome)| match outcome {
            Outcome::Open(evaluated) => Some((path.candidate.key.as_str(), evaluated.as_ref())),
            _ => None,
        })
}
