//! What happened on a repository's pull requests since the last look, for the terminal.

use super::super::hub::Hub;
use super::super::repository::{CheckRun, Pull, Repository};
use super::super::state::World;
use std::collections::BTreeMap;

/// Something that happened on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was opened, or noticed.
    Opened {
        /// Title.
        title: String,
        /// Branch.
        branch: String,
    },
    /// Its branch moved.
    Moved {
        /// Short id of the new head.
        head: String,
        /// First line of its message.
        subject: String,
        /// The App made it.
        by_app: bool,
    },
    /// It ended.
    Ended {
        /// Merged, not just closed.
        merged: bool,
    },
    /// The check says something else.
    Check {
        /// `in_progress`, `success`, ...
        state: String,
        /// Title line.
        title: String,
    },
    /// Somebody wrote.
    Said {
        /// Login.
        who: String,
        /// Whole text.
        text: String,
    },
    /// Somebody reviewed.
    Reviewed {
        /// Login.
        who: String,
        /// GitHub's word for the outcome.
        state: &'static str,
    },
    /// A commit of the App was refused: why, and what to do.
    Refused(String),
    /// It will be tried again now.
    TriedAgain,
}

/// Remembers what was told already.
#[derive(Debug, Default)]
pub struct Newsreader {
    pulls: BTreeMap<u64, Told>,
}

#[derive(Debug, Default)]
struct Told {
    head: String,
    open: bool,
    check: Option<(String, String)>,
    /// Ids of comments and reviews grow.
    newest: u64,
    refused: Option<String>,
}

impl Newsreader {
    /// What is new, by pull request number.
    pub fn read(&mut self, hub: &Hub, full_name: &str) -> Vec<(u64, News)> {
        hub.look(|world| {
            let found = world.repo_id(full_name).and_then(|id| world.repo(id));
            let Ok(repo) = found else {
                return Vec::new();
            };
            let mut all = Vec::new();
            for pull in repo.pulls.values() {
                let mut news = Vec::new();
                let told = self.pulls.entry(pull.number);
                told.or_default().of(world, repo, pull, &mut news);
                all.extend(news.into_iter().map(|news| (pull.number, news)));
            }
            all
        })
    }
}

impl Told {
    fn of(&mut self, world: &World, repo: &Repository, pull: &Pull, news: &mut Vec<News>) {
        self.branch(world, repo, pull, news);
        self.conversation(world, pull, news);
        let own = |run: &&CheckRun| run.app == world.own_app && run.head == pull.head;
        let check = repo.check_runs.iter().rfind(own).map(|run| {
            let state = run.conclusion.as_ref().unwrap_or(&run.status).clone();
            (state, run.title.clone().unwrap_or_default())
        });
        if check != self.check
            && let Some((state, title)) = check.clone()
        {
            news.push(News::Check { state, title });
        }
        self.check = check;
        let backing = repo.git.backing.as_ref().filter(|_| pull.open);
        let refused = backing.and_then(|backing| backing.blocked(&pull.head_branch));
        match &refused {
            Some(why) if refused != self.refused => news.push(News::Refused(why.clone())),
            None if self.refused.is_some() => news.push(News::TriedAgain),
            _ => {}
        }
        self.refused = refused;
    }

    fn branch(&mut self, world: &World, repo: &Repository, pull: &Pull, news: &mut Vec<News>) {
        let is_new = self.head.is_empty();
        if is_new {
            self.open = true;
            news.push(News::Opened {
                title: pull.title.clone(),
                branch: pull.head_branch.clone(),
            });
        }
        let commit = repo.git.commit(&pull.head);
        let by = commit.and_then(|commit| commit.author.account);
        let by_app = by == Some(world.own_bot());
        // The App may have answered before anybody looked.
        if self.head != pull.head.as_str() && (by_app || !is_new) {
            let subject = commit.and_then(|commit| commit.message.lines().next());
            news.push(News::Moved {
                head: pull.head.as_str().chars().take(7).collect(),
                subject: subject.unwrap_or_default().to_owned(),
                by_app,
            });
        }
        self.head = pull.head.to_string();
        if self.open && !pull.open {
            news.push(News::Ended {
                merged: pull.merged.is_some(),
            });
        }
        self.open = pull.open;
    }

    fn conversation(&mut self, world: &World, pull: &Pull, news: &mut Vec<News>) {
        let login = |account| world.login(account).unwrap_or("ghost").to_owned();
        let mut said: Vec<(u64, News)> = Vec::new();
        for comment in &pull.comments {
            let (who, text) = (login(comment.author), comment.body.clone());
            said.push((comment.id, News::Said { who, text }));
        }
        for review in &pull.reviews {
            let (who, state) = (login(review.author), review.state.as_str());
            said.push((review.id, News::Reviewed { who, state }));
        }
        said.retain(|(id, _)| *id > self.newest);
        said.sort_by_key(|(id, _)| *id);
        for (id, item) in said {
            self.newest = id;
            news.push(item);
        }
    }
}
