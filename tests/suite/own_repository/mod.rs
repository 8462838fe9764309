//! `discussions sandbox --repo`: real git repositories in throw-away folders, the real program, and what a person sees
//! of both.

mod following;
mod page;
mod refusing;
mod story;
mod working_tree;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A discussion that the checklists have nothing against.
const GOOD: &str = include_str!("../../../src/cli/demo/revised.md");
/// Configuration under which pushes are answered at once.
const AT_ONCE: &str = "on: {quiet: 0s}\n";
/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A repository of Ada's, with `main` and nothing else.
struct Repo {
    root: tempfile::TempDir,
    at: PathBuf,
}

impl Repo {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().join("shop");
        std::fs::create_dir(&at).unwrap();
        let repo = Self { root, at };
        repo.git(&["init", "-q", "-b", "main"]);
        repo.git(&["config", "user.name", "Ada Lovelace"]);
        repo.git(&["config", "user.email", "ada@example.org"]);
        repo.write("README.md", "# Shop\n");
        repo.write(".github/discussions.yml", AT_ONCE);
        repo.commit("Begin");
        repo
    }

    /// With a branch `cache` that has a good discussion, checked out.
    fn with_discussion() -> Self {
        let repo = Self::new();
        repo.git(&["switch", "-qc", "cache"]);
        repo.write("design/cache.md", GOOD);
        repo.commit("Design: cache for prices");
        repo
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.at, arguments)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.at.join(path)).unwrap()
    }

    /// Commits everything; gives the id.
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.tip("HEAD")
    }

    fn tip(&self, reference: &str) -> String {
        self.git(&["rev-parse", reference])
    }
}

/// Git as somebody would call it who has configured nothing. It runs no hooks: whatever ran one was the sandbox.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = plain_git(folder, arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed.trim_end().to_owned()
}

fn plain_git(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// A sandbox that runs, and the lines it prints.
struct Sandbox {
    child: Child,
    stdin: ChildStdin,
    /// With the stream it came on: the two are not in step.
    lines: Receiver<(usize, String)>,
    heard: [Vec<String>; 2],
    /// Where the search for the next line goes on, in each.
    from: [usize; 2],
    web: String,
}

impl Sandbox {
    fn on(repo: &Repo) -> Self {
        Self::at(&repo.at, repo.root.path(), &[])
    }

    fn command(folder: &Path, temporary: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_discussions"));
        command
            .args(["sandbox", "--repo"])
            .arg(folder)
            .args(more)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TMPDIR", temporary);
        command
    }

    fn at(folder: &Path, temporary: &Path, more: &[&str]) -> Self {
        let mut child = Self::command(folder, temporary, more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let pass_on = |from: Box<dyn std::io::Read + Send>, stream: usize| {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(from).lines().map_while(Result::ok) {
                    if send.send((stream, line)).is_err() {
                        return;
                    }
                }
            })
        };
        pass_on(Box::new(out), 0);
        pass_on(Box::new(err), 1);
        let mut sandbox = Self {
            stdin: child.stdin.take().unwrap(),
            child,
            lines,
            heard: Default::default(),
            from: [0, 0],
            web: String::new(),
        };
        let first = sandbox.hears("http://127.0.0.1:");
        let address = first.split("http://").nth(1).unwrap();
        sandbox.web = format!("http://{}", address.trim_end_matches('/'));
        sandbox
    }

    /// The next line of either stream that has this in it.
    fn hears(&mut self, part: &str) -> String {
        loop {
            for (heard, from) in self.heard.iter().zip(&mut self.from) {
                let found = heard
                    .iter()
                    .skip(*from)
                    .position(|line| line.contains(part));
                if let Some(found) = found {
                    *from += found + 1;
                    return heard[*from - 1].clone();
                }
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok((stream, line)) => self.heard[stream].push(line),
                Err(_) => panic!("never said {part:?}; said:\n{}", self.said()),
            }
        }
    }

    fn said(&self) -> String {
        self.heard.concat().join("\n")
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Presses Ctrl-C and waits for the end.
    fn stop(mut self) {
        let id = self.child.id().to_string();
        let pressed = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(pressed.success());
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
