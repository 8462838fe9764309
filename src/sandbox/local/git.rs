//! Running the `git` program: fixed arguments, no shell, an environment in which nothing of the person's own set-up
//! runs (hooks, pagers, prompts, automatic maintenance).
//!
//! The program and not a library, because what has to be right is a person's working tree: filters, line ends, sparse
//! checkouts and several worktrees behave as git itself makes them behave.

use super::LocalError;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Oldest git that is known to have what is used here.
const OLDEST: (u32, u32) = (2, 31);

/// Variables by which git, or a hook that runs us, would point git somewhere else or make it talk.
const FOREIGN: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_WORK_TREE",
];

/// Settings that hold for every call: nothing of the person's runs, nothing is tidied up behind their back.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "commit.gpgSign=false",
];

/// Name and address of the App in the commits it makes here. The address can belong to nobody: one like GitHub's own
/// would show up as some stranger once the branch is pushed.
pub(super) const BOT_NAME: &str = "discussions[bot]";
pub(super) const BOT_EMAIL: &str = "discussions@sandbox.invalid";

/// Git, in one place.
#[derive(Debug, Clone)]
pub(super) struct Git {
    place: PathBuf,
    /// The place is a repository's own folder; otherwise a folder to work in.
    is_git_dir: bool,
}

impl Git {
    /// In a folder, as if called there.
    pub(super) fn within(folder: &Path) -> Self {
        Self {
            place: folder.to_owned(),
            is_git_dir: false,
        }
    }

    /// On a repository, whatever is checked out.
    pub(super) fn on(git_dir: &Path) -> Self {
        Self {
            place: git_dir.to_owned(),
            is_git_dir: true,
        }
    }

    /// A call that is not started yet.
    pub(super) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ADVICE", "0")
            .env("GIT_PAGER", "cat")
            .env("GIT_EDITOR", "true")
            .env("LC_ALL", "C")
            .env("GIT_AUTHOR_NAME", BOT_NAME)
            .env("GIT_AUTHOR_EMAIL", BOT_EMAIL)
            .env("GIT_COMMITTER_NAME", BOT_NAME)
            .env("GIT_COMMITTER_EMAIL", BOT_EMAIL)
            .env_remove("GIT_AUTHOR_DATE")
            .env_remove("GIT_COMMITTER_DATE");
        match self.is_git_dir {
            true => command.arg("--git-dir").arg(&self.place),
            false => command.arg("-C").arg(&self.place),
        };
        command.args(["--no-pager", "--literal-pathspecs", "--no-replace-objects"]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Ctrl-C at the terminal is for us: what git is at is finished first.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// Runs to the end; the outcome is the caller's to judge.
    pub(super) fn output<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Output, LocalError> {
        finish(self.command(arguments), b"")
    }

    /// What it printed.
    pub(super) fn bytes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, LocalError> {
        self.fed(arguments, b"")
    }

    /// What it printed, having read `input`.
    pub(super) fn fed<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        input: &[u8],
    ) -> Result<Vec<u8>, LocalError> {
        let command = self.command(arguments);
        let output = finish(command, input)?;
        judged(&output, || words(arguments))?;
        Ok(output.stdout)
    }

    /// What it printed as text, without the line end.
    pub(super) fn text<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, LocalError> {
        let bytes = self.bytes(arguments)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// What it printed, or `None` if it failed: for questions whose answer may be no.
    pub(super) fn answer<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
    ) -> Result<Option<String>, LocalError> {
        let output = self.output(arguments)?;
        let text = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned();
        Ok(output.status.success().then_some(text))
    }
}

/// The arguments, for messages.
fn words<S: AsRef<OsStr>>(arguments: &[S]) -> String {
    let words = arguments.iter().take(3);
    let words = words.map(|word| word.as_ref().to_string_lossy().into_owned());
    words.collect::<Vec<_>>().join(" ")
}

/// Runs a call to the end, feeding it from a thread so that neither side waits for the other.
pub(super) fn finish(mut command: Command, input: &[u8]) -> Result<Output, LocalError> {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(LocalError::no_git)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A git that stopped reading says why on stderr.
            scope.spawn(move || drop(stdin.write_all(input)));
        }
        child.wait_with_output()
    })
    .map_err(LocalError::no_git)
}

/// A failed call as an error, in git's own words.
pub(super) fn judged(output: &Output, called: impl Fn() -> String) -> Result<(), LocalError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(LocalError::Git {
        called: called(),
        said: said.trim().to_owned(),
    })
}

/// Refuses a git that is too old.
pub(super) fn check_version(folder: &Path) -> Result<(), LocalError> {
    let said = Git::within(folder).text(&["version"])?;
    let mut numbers = said
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse().ok());
    let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST {
        return Err(LocalError::Refused {
            why: format!("`{said}` is too old"),
            instead: format!("install git {}.{} or newer", OLDEST.0, OLDEST.1),
        });
    }
    Ok(())
}
