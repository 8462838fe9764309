//! What is read for an answer about a merge group: the queue, the base branch, the record of each pull request, and the
//! files in question, each once for all groups of the queue.

use super::group::{self, Asked, Gap};
use super::verdict::{Member, Standing, is_altered};
use super::{is_green, may_pass};
use crate::bot::check::check_name;
use crate::bot::deps::{BotDeps, JobError};
use crate::bot::gate_files;
use crate::bot::ground::{self, FileGlobs, folders};
use crate::bot::plan::{CLEAR, IN_PROGRESS};
use crate::bot::repo_config::RepoConfig;
use crate::bot::seen;
use crate::bot::touched;
use crate::forge::queue::{QueueEntry, QueuedPull};
use crate::forge::{Conclusion, FileContent, ForgeError};
use crate::ids::{PullRequest, Sha};
use crate::store::{PrRecord, Unheard};
use std::collections::{BTreeMap, BTreeSet};

/// A queue, and what its base branch says about the gate.
pub(super) struct Queue {
    /// The repository with its current names.
    pub place: PullRequest,
    /// The base branch.
    pub base: String,
    /// Its tip.
    pub tip: Sha,
    /// Name of the check; `None`: nothing is posted.
    pub check: Option<String>,
    globs: FileGlobs,
    /// Why it has no entries, if they could not be read.
    entries: Result<Vec<QueueEntry>, String>,
}

impl Queue {
    /// Reads it; `None`: the base branch is gone, or the repository.
    pub async fn read(
        deps: &BotDeps,
        place: &PullRequest,
        base: &str,
    ) -> Result<Option<Self>, JobError> {
        // The tip is read before the entries: a group that was merged between the two is looked at once more, and one
        // that is built on what nobody has seen yet too.
        let Some(files) = gone(deps.read.base_files(place, base).await)?.flatten() else {
            return Ok(None);
        };
        let read = deps.read.merge_queue(place, base).await;
        let (repo, default_branch, entries) = match read {
            Ok(queue) => (queue.repo, queue.default_branch, Ok(queue.entries)),
            Err(error) if may_pass(&error) => {
                let listed = deps.read.open_pulls(place, Some(base)).await?;
                let why = format!("the queue cannot be read: {error}");
                (listed.repo, listed.default_branch, Err(why))
            }
            Err(error) => return Err(error.into()),
        };
        let place = PullRequest {
            repo,
            ..place.clone()
        };
        let default_config = match default_branch == base {
            true => None,
            false => {
                let default = deps.read.base_files(&place, &default_branch).await?;
                default.and_then(|files| files.config)
            }
        };
        let config = files.config.as_deref().unwrap_or_default();
        let config =
            RepoConfig::parse(config).map_or_else(|_| RepoConfig::default(), |read| read.0);
        let gated = ground::is_gated(base, &default_branch, &config, default_config.as_deref());
        Ok(Some(Self {
            check: check_name(config.gate.mode, &config.gate.check, gated),
            globs: FileGlobs::of(&config.files).unwrap_or_default(),
            tip: files.tip,
            base: base.to_owned(),
            place,
            entries,
        }))
    }

    /// How many groups are ahead of a commit's; those that the queue does not have come last.
    pub fn place_of(&self, head: &Sha) -> usize {
        let entries = self.entries.as_deref().unwrap_or_default();
        let place = entries
            .iter()
            .position(|entry| entry.head.as_ref() == Some(head));
        place.unwrap_or(entries.len())
    }

    /// Commits of the groups that hold any of these pull requests.
    pub fn with_any_of(&self, numbers: &[u64]) -> Vec<Sha> {
        let entries = self.entries.as_deref().unwrap_or_default();
        let is_one = |entry: &QueueEntry| {
            let pull = entry.pull.as_ref();
            pull.is_some_and(|pull| numbers.contains(&pull.number))
        };
        let first = entries.iter().position(is_one).unwrap_or(entries.len());
        let behind = entries.iter().skip(first);
        behind.filter_map(|entry| entry.head.clone()).collect()
    }
}

/// A 404 as nothing.
fn gone<T>(read: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(ForgeError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Paths of a pull request that may be discussions, with what stands there at its head.
type Files = Vec<(String, Option<FileContent>)>;

/// Reads groups of one queue.
pub(super) struct Reader<'a> {
    deps: &'a BotDeps,
    queue: &'a Queue,
    check: &'a str,
    /// Of pull requests that are green with a discussion.
    files: BTreeMap<u64, Files>,
}

impl<'a> Reader<'a> {
    pub fn of(deps: &'a BotDeps, queue: &'a Queue, check: &'a str) -> Self {
        Self {
            deps,
            queue,
            check,
            files: BTreeMap::new(),
        }
    }

    /// Whether a commit is on the base branch by now.
    pub async fn is_merged(&self, head: &Sha) -> Result<bool, JobError> {
        let (place, tip) = (&self.queue.place, &self.queue.tip);
        let common = gone(self.deps.read.merge_base(place, tip, head).await)?;
        Ok(common.as_ref() == Some(head))
    }

    /// The pull requests of a group with their standing.
    pub async fn members(
        &mut self,
        asked: Asked<'_>,
    ) -> Result<Result<Vec<Member>, Gap>, JobError> {
        let queue = self.queue;
        let entries = match &queue.entries {
            Ok(entries) => entries,
            Err(why) => return Ok(Err(Gap::Unclear(why.clone()))),
        };
        let pulls = match group::pulls(entries, asked, &queue.tip) {
            Ok(pulls) => pulls,
            Err(gap) => return Ok(Err(gap)),
        };
        let mut members = Vec::new();
        for pull in pulls {
            let standing = match self.standing(pull, asked.head).await {
                Err(JobError::Forge(error)) if may_pass(&error) => {
                    Standing::Open(format!("cannot be read: {error}"))
                }
                standing => standing?,
            };
            members.push(Member {
                number: pull.number,
                title: pull.title.clone(),
                standing,
            });
        }
        Ok(Ok(members))
    }

    /// Just before a success: the queue still has the group as it was read, and what the record says of its pull requests
    /// still holds.
    pub async fn is_still_so(&self, asked: Asked<'_>) -> Result<bool, JobError> {
        let queue = self.queue;
        let now = match self.deps.read.merge_queue(&queue.place, &queue.base).await {
            Ok(now) => now,
            Err(error) if may_pass(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let entries = queue.entries.as_deref().unwrap_or_default();
        let Ok(before) = group::pulls(entries, asked, &queue.tip) else {
            return Ok(false);
        };
        // What is ahead may be merged by now: then the rest is built on the commit that was made of it.
        let built = entries.iter().filter_map(|entry| entry.head.as_ref());
        let mut tips = std::iter::once(&queue.tip).chain(built);
        let now = tips.find_map(|tip| group::pulls(&now.entries, asked, tip).ok());
        let Some(now) = now else {
            return Ok(false);
        };
        let is_same = |one: &QueuedPull, other: &QueuedPull| {
            (one.number, &one.head) == (other.number, &other.head)
        };
        let ahead = before.len().saturating_sub(now.len());
        let mut pairs = before.iter().skip(ahead).zip(&now);
        if now.len() > before.len() || !pairs.all(|(one, other)| is_same(one, other)) {
            return Ok(false);
        }
        for pull in now {
            if self.by_record(&self.pr(pull), pull).await?.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pr(&self, pull: &QueuedPull) -> PullRequest {
        PullRequest {
            number: pull.number,
            ..self.queue.place.clone()
        }
    }

    async fn standing(&mut self, pull: &QueuedPull, group: &Sha) -> Result<Standing, JobError> {
        let pr = self.pr(pull);
        let record = match self.by_record(&pr, pull).await? {
            Ok(record) => record,
            Err(standing) => return Ok(standing),
        };
        let compared = self.compare(&pr, pull, &record, group).await?;
        Ok(match compared {
            Standing::Green { .. } => Standing::Green {
                clear: record.conclusion == CLEAR,
            },
            compared => compared,
        })
    }

    /// The record of a pull request that is green by it and about which nothing is left to hear; else where it stands.
    async fn by_record(
        &self,
        pr: &PullRequest,
        pull: &QueuedPull,
    ) -> Result<Result<PrRecord, Standing>, JobError> {
        let record = self.deps.store.pr(pr).await?;
        let is_current = record.checked_head == pull.head.as_str()
            && record.check == self.check
            && record.base == self.queue.base;
        if !is_current || record.conclusion == IN_PROGRESS {
            let why = format!("has no verdict for {} yet", pull.head.short());
            return Ok(Err(Standing::Open(why)));
        }
        if record.conclusion == Conclusion::Failure.as_str() {
            return Ok(Err(Standing::Failed));
        }
        let open = |why: &str| Ok(Err(Standing::Open(why.to_owned())));
        if !is_green(&record) {
            return open("is not ready: somebody has to act");
        }
        match self.deps.store.unheard(pr).await? {
            Some(Unheard::Waiting) => return open("is being looked at again"),
            Some(Unheard::Parked { id }) => {
                return open(&format!(
                    "was told something that the App failed on (job {id})"
                ));
            }
            None => {}
        }
        // An objection may be in hand that the record does not have yet.
        if self.deps.store.is_worked_on(pr).await? {
            return open("is being looked at again");
        }
        // Nor one in a pull request with the same head, which this one is told of next.
        let head = pull.head.as_str();
        let others = self.deps.store.own_verdicts(pr, &[head]).await?;
        let mut others = others.iter().filter(|(number, _)| **number != pr.number);
        if others.any(|(_, other)| other.owed.contains(head)) {
            return open("is being looked at again");
        }
        Ok(Ok(record))
    }

    /// Compares the discussions of a green pull request with what would be merged; also where it has none, since a merge
    /// may make one.
    async fn compare(
        &mut self,
        pr: &PullRequest,
        pull: &QueuedPull,
        record: &PrRecord,
        group: &Sha,
    ) -> Result<Standing, JobError> {
        if !self.files.contains_key(&pull.number) {
            match self.files_of(pr, pull, record).await? {
                Ok(files) => self.files.insert(pull.number, files),
                Err(why) => return Ok(Standing::Open(why)),
            };
        }
        let files = self.files.get(&pull.number).map_or(&[][..], Vec::as_slice);
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let merged = self.read_at(pr, group, &paths).await?;
        let globs = &self.queue.globs;
        let altered: Vec<String> = files
            .iter()
            .zip(&merged)
            .filter(|((path, head), merged)| {
                is_altered(path, head.as_ref(), merged.as_ref(), globs)
            })
            .map(|((path, _), _)| path.clone())
            .collect();
        Ok(match altered.is_empty() {
            true => Standing::Green { clear: false },
            false => Standing::Altered(altered),
        })
    }

    /// The error is why the verdict of the record is none of what is there now.
    async fn files_of(
        &self,
        pr: &PullRequest,
        pull: &QueuedPull,
        record: &PrRecord,
    ) -> Result<Result<Files, String>, JobError> {
        let read = &self.deps.read;
        let mut snapshot = match read.snapshot(pr).await {
            Ok(snapshot) if snapshot.head == pull.head => snapshot,
            Ok(_) | Err(ForgeError::StaleHead(_) | ForgeError::NotFound(_)) => {
                return Ok(Err(format!("has left {}", pull.head.short())));
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(blocked) = &snapshot.blocked {
            return Ok(Err(format!("cannot be judged: {blocked}")));
        }
        let unread = folders::unread(snapshot.config.as_deref(), &snapshot.personas);
        if !unread.is_empty() {
            let more = read.folders(pr, &snapshot.base, &unread).await?;
            snapshot.personas.extend(more);
        }
        let look = seen::of_snapshot(&snapshot, self.deps.models.operator.as_deref());
        if !seen::is_of(record, &look) {
            let why = "was judged under another configuration or title, and is looked at again";
            return Ok(Err(why.to_owned()));
        }
        let recorded = self.deps.store.discussions(pr).await?;
        let recorded: BTreeSet<String> = recorded
            .into_iter()
            .map(|record| record.path)
            .filter(|path| path != gate_files::KEY)
            .collect();
        let candidates = touched::candidates(&snapshot.files, &self.queue.globs, &recorded);
        let listed = candidates.into_iter().filter(|one| one.listed);
        let paths: Vec<String> = listed.map(|one| one.path).collect();
        let contents = self.read_at(pr, &pull.head, &paths).await?;
        Ok(Ok(paths.into_iter().zip(contents).collect()))
    }

    /// Reads files at a commit; as many answers as paths, or an error.
    async fn read_at(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, JobError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.deps.read.files(pr, at, paths).await?;
        match read.len() == paths.len() {
            true => Ok(read),
            false => {
                let (asked, told) = (paths.len(), read.len());
                let message = format!("{asked} files asked at {at}, {told} answered");
                Err(ForgeError::Unavailable(message).into())
            }
        }
    }
}
