//! Merge queues. Every entry has a group of its own: a commit that merges its pull request into the group before it,
//! on a branch `gh-readonly-queue/BASE/pr-N-SHA`, for which checks are asked for by `merge_group.checks_requested`.
//!
//! Facts: <https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue>
//! (a group holds the changes ahead of it; ALLGREEN: each group must pass), GitHub's descriptions of `merge_group` and
//! `pull_request.dequeued`, and GraphQL's `MergeQueueEntry`. What they leave open: an entry that fails is taken out
//! once everything ahead of it has passed, since until then the failure may be another's; who is behind it gets a new
//! group.

use super::accounts::{AccountKind, Role};
use super::git::Oid;
use super::merge::{Progress, progress};
use super::repository::{Protection, Pull, Repository};
use super::shape;
use super::state::{AccountId, Refused, Time, World};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// GitHub's own account that moves branches for queues.
const BOT: &str = "github-merge-queue[bot]";

/// How a branch's queue works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeQueueRules {
    /// Groups that wait for checks at the same time, at most.
    pub build: usize,
    /// Entries that are merged in one go, at least.
    pub together: usize,
    /// Minutes after which fewer are merged.
    pub wait_minutes: u32,
}

impl Default for MergeQueueRules {
    /// GitHub's: five groups at a time, each merged as it passes.
    fn default() -> Self {
        Self {
            build: 5,
            together: 1,
            wait_minutes: 5,
        }
    }
}

/// A pull request in a queue.
#[derive(Debug, Clone)]
pub struct QueueEntry {
    /// Global id.
    pub id: u64,
    /// The pull request.
    pub number: u64,
    /// Its head when it came; with another one it leaves.
    pub head: Oid,
    /// Who put it there.
    pub by: AccountId,
    /// When.
    pub at: Time,
    /// Its group, once it is built.
    pub group: Option<Group>,
}

/// A commit that checks are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Branch that points to it.
    pub branch: String,
    /// The group before it, or the tip of the base branch.
    pub base: Oid,
    /// The commit.
    pub head: Oid,
}

impl Repository {
    /// Entries of a branch's queue, next first.
    pub fn queue(&self, base: &str) -> &[QueueEntry] {
        self.queues.get(base).map_or(&[], Vec::as_slice)
    }
}

impl World {
    /// Rules of a branch's queue, if it has one.
    pub(super) fn queue_rules(&self, repo: u64, base: &str) -> Option<MergeQueueRules> {
        self.repos.get(&repo)?.protections.get(base)?.merge_queue
    }

    /// Puts a pull request that could be merged at the end of its base's queue.
    pub(super) fn enqueue_pull(
        &mut self,
        repo: u64,
        number: u64,
        by: AccountId,
    ) -> Result<(), Refused> {
        let repository = self.repo(repo)?;
        let pull = repository.pull(number)?;
        let (base, head) = (pull.base_branch.clone(), pull.head.clone());
        if self.role(repository, by) < Some(Role::Write) {
            return Err(Refused::new("queueing needs write access"));
        }
        if self.queue_rules(repo, &base).is_none() {
            return Err(Refused(format!("{base} has no merge queue")));
        }
        let mut queued = repository.queue(&base).iter();
        if queued.any(|entry| entry.number == number) {
            return Err(Refused(format!("#{number} is in the queue already")));
        }
        let decision = self.mergeability(repo, number)?;
        if !decision.allowed() {
            return Err(Refused(decision.reasons.join("; ")));
        }
        let (id, at) = (self.large_id(), self.now());
        let entry = QueueEntry {
            id,
            number,
            head,
            by,
            at,
            group: None,
        };
        let queues = &mut self.repo_mut(repo)?.queues;
        queues.entry(base).or_default().push(entry);
        self.announce_pull(repo, number, by, "enqueued", json!({}));
        Ok(())
    }

    /// A person takes a pull request out of its queue.
    pub(super) fn dequeue_pull(&mut self, repo: u64, number: u64) -> Result<(), Refused> {
        let repository = self.repo(repo)?;
        let base = repository.pull(number)?.base_branch.clone();
        let mut queued = repository.queue(&base).iter();
        match queued.position(|entry| entry.number == number) {
            Some(index) => {
                self.take_out(repo, &base, index, "MANUAL");
                Ok(())
            }
            None => Err(Refused(format!("#{number} is in no queue"))),
        }
    }

    /// Does what every queue can do by itself now.
    pub(super) fn run_queues(&mut self) {
        let queues = self.repos.values().flat_map(|repo| {
            let filled = repo
                .queues
                .iter()
                .filter(|(_, entries)| !entries.is_empty());
            filled.map(|(base, _)| (repo.id, base.clone()))
        });
        for (repo, base) in queues.collect::<Vec<_>>() {
            while self.step(repo, &base) {}
        }
    }

    /// One step of a queue; `false`: nothing is left to do.
    fn step(&mut self, repo: u64, base: &str) -> bool {
        let Some(rules) = self.queue_rules(repo, base) else {
            return false;
        };
        if let Some(index) = self.changed(repo, base) {
            self.take_out(repo, base, index, "BRANCH_PROTECTIONS");
            return true;
        }
        let Some(repository) = self.repos.get(&repo) else {
            return false;
        };
        let queue = repository.queue(base);
        let first = queue.first().and_then(|entry| entry.group.as_ref());
        if first.is_some_and(|group| repository.git.branches.get(base) != Some(&group.base)) {
            // Somebody pushed past the queue.
            self.scrap(repo, base, 0);
            return true;
        }
        let ready = self.passing(repo, base, rules);
        if ready > 0 {
            return self.merge_first(repo, base, ready).is_ok();
        }
        if let Some(index) = self.failed(repo, base) {
            self.take_out(repo, base, index, "CI_FAILURE");
            return true;
        }
        self.build_next(repo, base, rules)
    }

    /// The first entry whose pull request is not what was queued any more.
    fn changed(&self, repo: u64, base: &str) -> Option<usize> {
        let repository = self.repos.get(&repo)?;
        let mut queue = repository.queue(base).iter();
        queue.position(|entry| {
            let stays = |pull: &Pull| {
                pull.open && !pull.draft && pull.head == entry.head && pull.base_branch == base
            };
            !repository.pulls.get(&entry.number).is_some_and(stays)
        })
    }

    /// The first entry that has not passed, if that is because it failed.
    fn failed(&self, repo: u64, base: &str) -> Option<usize> {
        let repository = self.repos.get(&repo)?;
        let protection = repository.protections.get(base)?;
        let of = |entry| state(repository, entry, protection);
        let mut queue = repository.queue(base).iter();
        let index = queue.position(|entry| of(entry) != Progress::Passed)?;
        (of(repository.queue(base).get(index)?) == Progress::Failed).then_some(index)
    }

    /// How many entries may be merged now.
    fn passing(&self, repo: u64, base: &str, rules: MergeQueueRules) -> usize {
        let Some(repository) = self.repos.get(&repo) else {
            return 0;
        };
        let (queue, protection) = (repository.queue(base), repository.protections.get(base));
        let passes = |entry: &&QueueEntry| {
            protection.is_some_and(|rules| state(repository, entry, rules) == Progress::Passed)
        };
        let count = queue.iter().take_while(passes).count();
        let wait = TimeDelta::minutes(i64::from(rules.wait_minutes));
        let waited = queue
            .first()
            .is_some_and(|first| self.now() - first.at >= wait);
        match count >= rules.together || waited {
            true => count,
            false => 0,
        }
    }

    fn merge_first(&mut self, repo: u64, base: &str, count: usize) -> Result<(), Refused> {
        let bot = self.ensure_account(BOT, AccountKind::Bot);
        let queues = &mut self.repo_mut(repo)?.queues;
        let queue = queues.get_mut(base).map(std::mem::take).unwrap_or_default();
        let (merged, left) = queue.split_at(count.min(queue.len()));
        queues.insert(base.to_owned(), left.to_vec());
        let last = merged.last().and_then(|entry| entry.group.as_ref());
        let tip = last.ok_or_else(|| Refused::new("a group is not built"))?;
        self.move_branch(repo, base, &tip.head.clone(), bot)?;
        for entry in merged {
            let Some(group) = &entry.group else {
                continue;
            };
            self.announce_pull(
                repo,
                entry.number,
                bot,
                "dequeued",
                json!({"reason": "MERGE"}),
            );
            self.end_merged(repo, entry.number, &group.head, entry.by)?;
            self.destroy(repo, base, group, "merged");
        }
        Ok(())
    }

    /// Builds the group of the first entry that has none. `false`: there is none, or enough are built.
    fn build_next(&mut self, repo: u64, base: &str, rules: MergeQueueRules) -> bool {
        let Ok(repository) = self.repo(repo) else {
            return false;
        };
        let queue = repository.queue(base);
        let Some(index) = queue.iter().position(|entry| entry.group.is_none()) else {
            return false;
        };
        if index >= rules.build {
            return false;
        }
        let before = index
            .checked_sub(1)
            .and_then(|last| queue[last].group.as_ref());
        let onto = match before {
            Some(group) => group.head.clone(),
            None => match repository.tip(base) {
                Ok(tip) => tip,
                Err(_) => return false,
            },
        };
        let number = queue[index].number;
        let bot = self.ensure_account(BOT, AccountKind::Bot);
        let Ok(head) = self.merge_commit(repo, number, &onto, bot) else {
            self.take_out(repo, base, index, "MERGE_CONFLICT");
            return true;
        };
        let group = Group {
            branch: format!("gh-readonly-queue/{base}/pr-{number}-{onto}"),
            base: onto,
            head,
        };
        if self
            .move_branch(repo, &group.branch, &group.head, bot)
            .is_err()
        {
            return false;
        }
        self.announce_group(repo, base, &group, "checks_requested", json!({}));
        let queue = self
            .repos
            .get_mut(&repo)
            .and_then(|repo| repo.queues.get_mut(base));
        if let Some(entry) = queue.and_then(|queue| queue.get_mut(index)) {
            entry.group = Some(group);
        }
        true
    }

    /// Takes an entry out; the groups behind it are built anew.
    fn take_out(&mut self, repo: u64, base: &str, index: usize, reason: &str) {
        let bot = self.ensure_account(BOT, AccountKind::Bot);
        let queue = self
            .repos
            .get_mut(&repo)
            .and_then(|repo| repo.queues.get_mut(base));
        let Some(queue) = queue.filter(|queue| index < queue.len()) else {
            return;
        };
        let entry = queue.remove(index);
        if let Some(group) = &entry.group {
            self.destroy(repo, base, group, "dequeued");
        }
        self.announce_pull(
            repo,
            entry.number,
            bot,
            "dequeued",
            json!({"reason": reason}),
        );
        self.scrap(repo, base, index);
    }

    /// Undoes the groups of all entries from that place on.
    fn scrap(&mut self, repo: u64, base: &str, from: usize) {
        let queue = self
            .repos
            .get_mut(&repo)
            .and_then(|repo| repo.queues.get_mut(base));
        let behind = queue
            .into_iter()
            .flat_map(|queue| queue.iter_mut().skip(from));
        let groups: Vec<Group> = behind.filter_map(|entry| entry.group.take()).collect();
        for group in groups {
            self.destroy(repo, base, &group, "invalidated");
        }
    }

    fn destroy(&mut self, repo: u64, base: &str, group: &Group, reason: &str) {
        let bot = self.ensure_account(BOT, AccountKind::Bot);
        // It is gone already if somebody deleted it.
        let _gone = self.remove_branch(repo, &group.branch, bot);
        self.announce_group(repo, base, group, "destroyed", json!({"reason": reason}));
    }

    fn announce_group(&mut self, repo: u64, base: &str, group: &Group, action: &str, more: Value) {
        let bot = self.ensure_account(BOT, AccountKind::Bot);
        let Some(repository) = self.repos.get(&repo) else {
            return;
        };
        let commit = repository.git.commit(&group.head);
        let mut commit = commit.map(|commit| shape::simple_commit(self, commit));
        // Unlike pushes, these name no account.
        for role in ["author", "committer"] {
            let who = commit
                .as_mut()
                .and_then(|commit| commit[role].as_object_mut());
            if let Some(who) = who {
                who.remove("username");
            }
        }
        let mut body = json!({
            "action": action,
            "merge_group": {
                "head_sha": group.head.as_str(),
                "head_ref": format!("refs/heads/{}", group.branch),
                "base_sha": group.base.as_str(),
                "base_ref": format!("refs/heads/{base}"),
                "head_commit": commit,
            },
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        self.announce(repo, bot, "merge_group", body);
    }
}

/// How far an entry's group is.
fn state(repo: &Repository, entry: &QueueEntry, rules: &Protection) -> Progress {
    match &entry.group {
        Some(group) => progress(repo, &group.head, rules),
        None => Progress::Open,
    }
}
