//! The sandbox on one's own repository: the fake GitHub shows its branches as pull requests, the real App works on
//! them, and what happens is told as it happens.

use super::kept::{About, Data};
use super::spoken::{Spoken, understand};
use super::told;
use crate::bot::repo_config::RepoConfig;
use crate::cli::demo::stage;
use crate::cli::output::{BOLD, Output, styled};
use crate::cli::{Failure, Outcome};
use crate::forge::github::Rates;
use crate::sandbox::local::{LocalError, LocalRepository, Newsreader, OnlyOne, People};
use crate::sandbox::{AppKey, Sandbox, SandboxOptions};
use crate::server::app::App;
use crate::workspace::CONFIG_PATH;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the branches are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often news are told.
const TELL: Duration = Duration::from_millis(100);
/// Name in URLs and commits: `discussions[bot]`.
const APP: &str = "discussions";
/// The second person.
const REVIEWER: &str = "reviewer";

/// What the command line asks for.
pub struct Wish<'a> {
    /// Where GitHub listens.
    pub bind: SocketAddr,
    /// The repository.
    pub path: &'a Path,
    /// Its base branch.
    pub base: Option<&'a str>,
    /// Login of the person at the terminal.
    pub name: Option<&'a str>,
    /// Folder of the App's data.
    pub data: Option<&'a Path>,
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let failure = Self::new("repository", error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Everything that runs.
struct Running {
    github: Arc<Sandbox>,
    app: App,
    repository: Arc<LocalRepository>,
    people: People,
    data: Data,
    about: Mutex<About>,
}

/// Runs until Ctrl-C.
pub async fn run(wish: &Wish<'_>, output: &Output) -> Result<Outcome, Failure> {
    let repository = Arc::new(LocalRepository::open(wish.path, wish.base)?);
    let mut only = OnlyOne::of(&repository, &std::env::temp_dir())?;
    let stop = crate::cli::serve::stop_signal();
    let (running, notes) = start(wish, repository).await?;
    let web = running.github.web_url();
    only.tell(&web);
    running.introduce(wish, output);
    for note in notes {
        output.note(format!("note: {}", told::harmless(&note)));
    }
    tokio::pin!(stop);
    let outcome = tokio::select! {
        outcome = running.work(output) => outcome,
        () = &mut stop => Ok(()),
    };
    running.end(output).await?;
    drop(only);
    outcome.map(|()| Outcome::Fine)
}

async fn start(
    wish: &Wish<'_>,
    repository: Arc<LocalRepository>,
) -> Result<(Running, Vec<String>), Failure> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: &dyn std::fmt::Display| Failure::new("start", format!("{what}: {error}"))
    };
    let people = people(wish, &repository)?;
    let mut about = About {
        repository: repository.common_folder().to_owned(),
        author: people.author.clone(),
        reviewer: people.reviewer.clone(),
        numbers: Default::default(),
    };
    let data = Data::in_folder(wish.data, &about)?;
    about.numbers = data.numbers(&about)?;
    repository.keep_numbers(about.numbers.clone());
    let key = AppKey::generate().map_err(|error| failed("making a key")(&error))?;
    let options = SandboxOptions {
        bind: wish.bind,
        app_slug: APP.to_owned(),
        app_public_key: Some(key.public_pem),
        ..SandboxOptions::default()
    };
    let app_id = options.app_id;
    let github = Sandbox::start(options)
        .await
        .map_err(|error| failed("the GitHub on loopback")(&error))?;
    let mut notes = repository.notices()?;
    let unshown = repository.move_in(&github, &people, &check_name(&repository)?)?;
    if let Some(first) = unshown.first() {
        notes.push(format!(
            "{} paths are not UTF-8 and are not shown to the App, such as {first}; commits keep them",
            unshown.len()
        ));
    }
    let app = start_app(&github, app_id, key.private_pem, &data).await?;
    let running = Running {
        github: Arc::new(github),
        app,
        repository,
        people,
        data,
        about: Mutex::new(about),
    };
    Ok((running, notes))
}

/// The real App, on that GitHub.
async fn start_app(
    github: &Sandbox,
    app_id: u64,
    private_pem: String,
    data: &Data,
) -> Result<App, Failure> {
    let secret = uuid::Uuid::new_v4().simple().to_string();
    let own = [
        ("APP_ID", app_id.to_string()),
        ("PRIVATE_KEY", private_pem),
        ("WEBHOOK_SECRET", secret.clone()),
        ("DATA_DIR", data.path().display().to_string()),
        ("DISCUSSIONS_MODEL", "checklist".to_owned()),
    ];
    let settings = stage::settings(github, own)?;
    let app = App::start(&settings, Rates::loopback())
        .await
        .map_err(|error| Failure::new("start", format!("the App: {error}")))?;
    github.set_webhook(
        &format!("http://{}{}", app.address(), settings.webhook_path),
        &secret,
    );
    Ok(app)
}

/// The person at the terminal and the second one.
fn people(wish: &Wish<'_>, repository: &LocalRepository) -> Result<People, Failure> {
    let author = match wish.name {
        Some(name) => {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            if name.is_empty() || name.len() > 39 || !name.chars().all(fits) {
                return Err(Failure::new("name", format!("`{name}` is no login"))
                    .hint("letters, digits and hyphens, at most 39"));
            }
            name.to_owned()
        }
        None => repository.person()?.unwrap_or_else(|| "you".to_owned()),
    };
    let is_taken = author.eq_ignore_ascii_case(REVIEWER);
    let reviewer = if is_taken {
        "second-reviewer"
    } else {
        REVIEWER
    };
    Ok(People {
        author,
        reviewer: reviewer.to_owned(),
    })
}

/// Name of the check by the base branch's configuration, as far as that can be read; the App says what is wrong with it.
fn check_name(repository: &LocalRepository) -> Result<String, Failure> {
    let text = repository.base_text(CONFIG_PATH)?;
    let parsed = text.and_then(|text| RepoConfig::parse(&text).ok());
    let (config, _) = parsed.unwrap_or_default();
    Ok(config.gate.check)
}

impl Running {
    fn introduce(&self, wish: &Wish<'_>, output: &Output) {
        let People { author, reviewer } = &self.people;
        let base = self.repository.base();
        output.result(format!(
            "{}  {}/",
            styled(BOLD, "Your repository on a GitHub on this machine"),
            self.github.web_url()
        ));
        output.result(format!(
            "  repository  {}, base {base}; branches ahead of it are the pull requests",
            wish.path.display()
        ));
        output.result(
            "  writes      replies, as commits by discussions[bot] on those branches; nothing else",
        );
        output.result("  answers     come from the built-in checklists: no model, no key");
        output.result(format!(
            "  record      {}, for the next start; delete it to begin anew",
            self.data.path().display()
        ));
        output.result(format!(
            "  people      {author} (you; an author's vote is not counted), {reviewer} (maintains)"
        ));
        output.result(format!(
            "  talk        type `/discuss security what about tenants?`; in another name, or on one of several \
             pull requests: `{reviewer} 2: /discuss vote ready`"
        ));
        output.note("Ctrl-C ends it; commits stay");
    }

    /// Follows the repository, tells what happens and takes in what is typed; ends only with an error.
    async fn work(&self, output: &Output) -> Result<(), Failure> {
        let mut news = Newsreader::default();
        let (say, mut troubles) = mpsc::unbounded_channel();
        let follow = tokio::spawn(follow(
            self.repository.clone(),
            self.github.clone(),
            self.people.clone(),
            say,
        ));
        let _stop = AbortOnDrop(follow);
        let mut typed = typed_lines();
        let mut is_listening = true;
        let mut tick = tokio::time::interval(TELL);
        let mut is_first = true;
        loop {
            tokio::select! {
                _ = tick.tick() => self.tell(&mut news, output)?,
                line = typed.recv(), if is_listening => match line {
                    Some(line) => self.hear(&line, output),
                    None => is_listening = false,
                },
                trouble = troubles.recv() => match trouble {
                    Some(Some(trouble)) => output.failure(&trouble),
                    Some(None) => {
                        if std::mem::take(&mut is_first) {
                            self.tell(&mut news, output)?;
                            self.suggest(output);
                        }
                    }
                    None => return Err(Failure::new("internal", "the branches are not followed any more")),
                },
            }
        }
    }

    /// What to do where there is nothing to look at.
    fn suggest(&self, output: &Output) {
        if self.open_pulls().is_empty() {
            output.note(format!(
                "no branch is ahead of {} yet: start one, put a discussion in it (README, \"A discussion file\") and \
                 commit; it is noticed within a second",
                self.repository.base()
            ));
        }
    }

    fn open_pulls(&self) -> Vec<u64> {
        let repo = self.repository.full_name();
        self.github.open_pulls(&repo)
    }

    fn tell(&self, news: &mut Newsreader, output: &Output) -> Result<(), Failure> {
        for (number, item) in news.read(&self.github, &self.repository.full_name()) {
            output.result(told::line(number, &item));
        }
        let numbers = self.repository.numbers();
        let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers != about.numbers {
            about.numbers = numbers;
            self.data.keep(&about)?;
        }
        Ok(())
    }

    fn hear(&self, line: &str, output: &Output) {
        let People { author, reviewer } = &self.people;
        match understand(line, &[author, reviewer]) {
            Ok(None) => {}
            Ok(Some(Spoken::Help)) => output.note(format!(
                "TEXT comments as {author}; `{reviewer}: TEXT` as {reviewer}; `2: TEXT` or `{reviewer} 2: TEXT` on pull \
                 request 2. `/discuss help` as the text lists the commands of the App. Ctrl-C ends the sandbox."
            )),
            Ok(Some(Spoken::Comment { who, number, text })) => {
                if let Err(why) = self.comment(&who, number, &text) {
                    output.note(why);
                }
            }
            Err(why) => output.note(why),
        }
    }

    fn comment(&self, who: &str, number: Option<u64>, text: &str) -> Result<(), String> {
        let open = self.open_pulls();
        let number = match (number, open.as_slice()) {
            (Some(number), _) => number,
            (None, [only]) => *only,
            (None, []) => return Err("there is no open pull request to comment on".to_owned()),
            (None, several) => {
                let several: Vec<String> = several.iter().map(|n| format!("`{n}: ...`")).collect();
                return Err(format!("say on which pull request: {}", several.join(", ")));
            }
        };
        let repo = self.repository.full_name();
        let done = self.github.comment(who, &repo, number, text);
        done.map(drop).map_err(|error| error.to_string())
    }

    async fn end(self, output: &Output) -> Result<(), Failure> {
        output.note("ending: what the App is at is finished first");
        let stopped = self.app.stop().await;
        stopped.map_err(|error| Failure::new("store", error.to_string()))?;
        self.github.shutdown();
        Ok(())
    }
}

/// Ends a task with its owner.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks at the branches again and again; says each new trouble once, and `None` after each look that went well.
async fn follow(
    repository: Arc<LocalRepository>,
    github: Arc<Sandbox>,
    people: People,
    say: mpsc::UnboundedSender<Option<Failure>>,
) {
    let mut last = None;
    loop {
        let (repository, github, people) = (repository.clone(), github.clone(), people.clone());
        let look = move || repository.look(&github, &people);
        let trouble = match tokio::task::spawn_blocking(look).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::from(error)),
            Err(error) => Some(Failure::new("internal", error.to_string())),
        };
        let is_new = trouble.is_none() || trouble != last;
        last.clone_from(&trouble);
        if is_new && say.send(trouble).is_err() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Lines typed at the terminal. A thread of its own: reading a terminal cannot be called off, and must not keep the
/// program from ending.
fn typed_lines() -> mpsc::UnboundedReceiver<String> {
    let (send, receive) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}
