//! Objects of the repository on disk, through one long-running `git cat-file --batch`.

use super::super::git::{Ident, Kind, Oid};
use super::LocalError;
use super::git::Git;
use chrono::DateTime;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// Largest object that is read, bytes: GitHub's API gives no larger blob either.
const LARGEST: u64 = 100 * 1024 * 1024;

/// The reading process; it ends with this value.
#[derive(Debug)]
pub(super) struct Reader {
    git: Git,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A commit as git stores it.
#[derive(Debug, Clone)]
pub(super) struct RawCommit {
    pub(super) tree: Oid,
    pub(super) parents: Vec<Oid>,
    pub(super) author: Ident,
    pub(super) committer: Ident,
    pub(super) at: super::super::state::Time,
    pub(super) message: String,
}

impl Reader {
    pub(super) fn new(git: Git) -> Self {
        Self { git, running: None }
    }

    /// The bytes of an object of that kind.
    pub(super) fn read(&mut self, kind: Kind, oid: &Oid) -> Result<Vec<u8>, LocalError> {
        let outcome = self.ask(kind, oid);
        if outcome.is_err() {
            // Whatever was left unread would be taken for the next answer.
            self.running = None;
        }
        outcome
    }

    fn ask(&mut self, kind: Kind, oid: &Oid) -> Result<Vec<u8>, LocalError> {
        let broken = |error: std::io::Error| LocalError::unreadable(oid, &error.to_string());
        if self.running.is_none() {
            self.running = Some(start(&self.git)?);
        }
        let Some(running) = &mut self.running else {
            return Err(LocalError::unreadable(oid, "git cat-file does not run"));
        };
        writeln!(running.to, "{oid}").map_err(broken)?;
        running.to.flush().map_err(broken)?;
        let mut head = String::new();
        running.from.read_line(&mut head).map_err(broken)?;
        let mut words = head.trim_end().split(' ');
        let (_, found, size) = (words.next(), words.next(), words.next());
        let size: Option<u64> = size.and_then(|size| size.parse().ok());
        let size = match (found, size) {
            (Some(found), Some(size)) if found == kind.as_str() && size <= LARGEST => size,
            _ => return Err(LocalError::unreadable(oid, head.trim_end())),
        };
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        running.from.read_exact(&mut content).map_err(broken)?;
        running.from.read_exact(&mut [0]).map_err(broken)?;
        Ok(content)
    }

    /// A commit, parsed.
    pub(super) fn commit(&mut self, oid: &Oid) -> Result<RawCommit, LocalError> {
        let content = self.read(Kind::Commit, oid)?;
        parse(&content).ok_or_else(|| LocalError::unreadable(oid, "not a commit as git writes it"))
    }
}

fn start(git: &Git) -> Result<Running, LocalError> {
    let mut command = git.command(&["cat-file", "--batch"]);
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(LocalError::no_git)?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(to), Some(from)) => Ok(Running {
            child,
            to,
            from: BufReader::new(from),
        }),
        _ => Err(LocalError::no_git(std::io::Error::other("no pipes"))),
    }
}

fn parse(content: &[u8]) -> Option<RawCommit> {
    let end = content.windows(2).position(|pair| pair == b"\n\n");
    let end = end.unwrap_or(content.len());
    let head = String::from_utf8_lossy(content.get(..end)?).into_owned();
    let message = String::from_utf8_lossy(content.get(end + 2..).unwrap_or_default()).into_owned();
    let (mut tree, mut parents, mut author, mut committer) = (None, Vec::new(), None, None);
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("tree", oid)) => tree = tree.or(Oid::parse(oid)),
            Some(("parent", oid)) => parents.push(Oid::parse(oid)?),
            Some(("author", who)) => author = author.or(ident(who)),
            Some(("committer", who)) => committer = committer.or(ident(who)),
            _ => {}
        }
    }
    let ((author, _), (committer, at)) = (author?, committer?);
    Some(RawCommit {
        tree: tree?,
        parents,
        author,
        committer,
        at,
        message,
    })
}

/// `Name <address> 1700000000 +0100`
fn ident(text: &str) -> Option<(Ident, super::super::state::Time)> {
    let (name, rest) = text.rsplit_once('<')?;
    let (email, time) = rest.split_once('>')?;
    let seconds = time.trim().split(' ').next()?.parse().ok()?;
    let ident = Ident {
        name: name.trim_end().to_owned(),
        email: email.to_owned(),
        account: None,
    };
    Some((ident, DateTime::from_timestamp(seconds, 0)?))
}
