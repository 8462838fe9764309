//! What happens to branches becomes the webhooks GitHub would send, and what is shown is what git has.

use super::{GOOD, Repo, git};
use discussions::sandbox::Sandbox;
use discussions::sandbox::local::{LocalRepository, People};
use std::sync::Arc;

/// A repository on a GitHub without an App that would answer.
struct Shown {
    repo: Repo,
    github: Sandbox,
    local: Arc<LocalRepository>,
    people: People,
    told: usize,
}

impl Shown {
    async fn of(repo: Repo) -> Self {
        let github = Sandbox::start(crate::support::github::options())
            .await
            .unwrap();
        let local = Arc::new(LocalRepository::open(&repo.at, None).unwrap());
        let people = People {
            author: "ada".to_owned(),
            reviewer: "rob".to_owned(),
        };
        local.move_in(&github, &people, "discussions").unwrap();
        let mut shown = Self {
            repo,
            github,
            local,
            people,
            told: 0,
        };
        shown.told = shown.github.deliveries().len();
        shown
    }

    /// Looks at the branches; gives the events that followed.
    fn look(&mut self) -> Vec<String> {
        self.local.look(&self.github, &self.people).unwrap();
        let deliveries = self.github.deliveries();
        let new = deliveries.iter().skip(self.told);
        let events = new.map(|delivery| match &delivery.action {
            Some(action) => format!("{} {action}", delivery.event),
            None => delivery.event.clone(),
        });
        let events = events
            .filter(|event| !event.starts_with("check_suite"))
            .collect();
        self.told = deliveries.len();
        events
    }
}

#[tokio::test]
async fn branches_become_pull_requests_and_their_events() {
    let mut shown = Shown::of(Repo::with_discussion()).await;
    assert_eq!(shown.look(), ["push", "pull_request opened"]);
    assert_eq!(shown.look(), [""; 0], "nothing happened");

    shown
        .repo
        .write("design/cache.md", &format!("{GOOD}\nMore.\n"));
    let next = shown.repo.commit("More");
    assert_eq!(shown.look(), ["push", "pull_request synchronize"]);
    shown
        .repo
        .git(&["commit", "-q", "--amend", "-m", "Other words"]);
    assert_eq!(shown.look(), ["push", "pull_request synchronize"]);
    let head = shown.github.pull("local/shop", 1).unwrap().head;
    assert_ne!(head.as_str(), next);
    assert_eq!(head.as_str(), shown.repo.tip("cache"));

    // A branch without commits of its own is no pull request, until it has some.
    shown.repo.git(&["switch", "-qc", "idle", "main"]);
    assert_eq!(shown.look(), ["push"]);
    shown.repo.write("idle.txt", "idle\n");
    shown.repo.commit("Idle");
    assert_eq!(shown.look(), ["push", "pull_request opened"]);
    shown.repo.git(&["reset", "-q", "--hard", "main"]);
    assert_eq!(
        shown.look(),
        ["push", "pull_request synchronize", "pull_request closed"]
    );
    assert!(shown.github.pull("local/shop", 2).unwrap().merged.is_none());

    shown.repo.git(&["switch", "-q", "main"]);
    shown
        .repo
        .git(&["merge", "-q", "--no-ff", "-m", "Merge", "cache"]);
    assert_eq!(shown.look(), ["push", "pull_request closed"]);
    assert!(shown.github.pull("local/shop", 1).unwrap().merged.is_some());
    shown.repo.git(&["branch", "-qd", "cache"]);
    assert_eq!(shown.look(), ["push"]);

    shown.repo.git(&["switch", "-qc", "late"]);
    shown.repo.write("late.txt", "late\n");
    shown.repo.commit("Late");
    assert_eq!(shown.look(), ["push", "pull_request opened"]);
    shown.repo.git(&["switch", "-q", "main"]);
    shown.repo.git(&["branch", "-qD", "late"]);
    assert_eq!(shown.look(), ["push", "pull_request closed"]);
}

#[tokio::test]
async fn a_branch_with_a_history_of_its_own_is_no_pull_request() {
    let repo = Repo::new();
    repo.git(&["switch", "-q", "--orphan", "pages"]);
    repo.write("index.html", "<p>\n");
    repo.commit("Pages");
    repo.git(&["switch", "-q", "main"]);
    let mut shown = Shown::of(repo).await;
    assert_eq!(shown.look(), ["push"]);
}

#[tokio::test]
async fn every_file_of_every_commit_is_as_git_has_it() {
    let repo = Repo::new();
    let write = |paths: &[&str], number: usize| {
        for path in paths {
            repo.write(path, &format!("{path} in step {number}\n"));
        }
        repo.commit(&format!("Step {number}"));
    };
    repo.git(&["switch", "-qc", "work"]);
    write(&["a", "dir/b", "dir/deep/c"], 0);
    write(&["dir/b", "e.md"], 1);
    // Histories fork and join.
    repo.git(&["switch", "-qc", "side", "HEAD~1"]);
    write(&["side", "dir/deep/more"], 2);
    repo.git(&["switch", "-q", "work"]);
    repo.git(&["merge", "-q", "-m", "Join", "side"]);
    // A folder becomes a file and a folder again, a file moves.
    repo.git(&["rm", "-rq", "dir/deep"]);
    write(&["dir/deep"], 3);
    repo.git(&["mv", "a", "moved"]);
    write(&["e.md"], 4);
    repo.git(&["rm", "-q", "dir/deep"]);
    write(&["dir/deep/c"], 5);
    let folder = repo.at.clone();
    let mut shown = Shown::of(repo).await;
    shown.look();
    let mut seen = 0;
    for commit in git(&folder, &["rev-list", "--all"]).lines() {
        for line in git(&folder, &["ls-tree", "-r", commit]).lines() {
            let (fields, path) = line.split_once('\t').unwrap();
            let blob = fields.split(' ').nth(2).unwrap();
            let bytes = shown.github.file("local/shop", commit, path);
            let bytes = bytes.unwrap_or_else(|| panic!("{path} of {commit}"));
            let id = discussions::sandbox::git::object_id("blob", &bytes);
            assert_eq!(id.as_str(), blob, "{path} of {commit}");
            seen += 1;
        }
        // And nothing that git does not have.
        for path in ["dir/deep", "dir/deep/c", "a", "moved"] {
            let there =
                super::plain_git(&folder, &["cat-file", "blob", &format!("{commit}:{path}")]);
            let there = { there }.output().unwrap().status.success();
            let shown = shown.github.file("local/shop", commit, path).is_some();
            assert_eq!(shown, there, "{path} of {commit}");
        }
    }
    assert!(seen > 30, "{seen}");
}
