//! Which repository a path means, which branch is its base, and what the person should know about it beforehand.

use super::super::git::Oid;
use super::git::{Git, check_version};
use super::objects::Reader;
use super::{LocalError, LocalRepository};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Where the App reads its configuration, personas and templates.
const CONFIGURATION: [&str; 2] = [".github/discussions.yml", ".github/discussions"];

impl LocalRepository {
    /// The repository that `path` lies in: a working tree, a folder in one, or a bare repository. `base` names its base
    /// branch; otherwise it is that of `origin`, `init.defaultBranch`, `main`, `master` or what is checked out.
    ///
    /// # Errors
    /// If it is none, or one that cannot be shown truthfully.
    pub fn open(path: &Path, base: Option<&str>) -> Result<Self, LocalError> {
        if !path.is_dir() {
            return Err(LocalError::refused(
                format!("{} is not a folder", path.display()),
                "name the folder of a git repository",
            ));
        }
        check_version(path)?;
        let here = Git::within(path);
        let common = common_folder(&here, path)?;
        let git = Git::on(&common);
        refuse_what_cannot_be_shown(&git, path)?;
        let branches = branches(&git)?;
        if branches.is_empty() {
            return Err(LocalError::refused(
                format!("{} has no branch with a commit yet", path.display()),
                "commit something first, then start a branch with a discussion",
            ));
        }
        let base = match base {
            Some(named) => named_base(named, &branches)?,
            None => usual_base(&here, &git, &branches)?,
        };
        let top = here.answer(&["rev-parse", "--show-toplevel"])?;
        let top = top.filter(|top| !top.is_empty()).map(PathBuf::from);
        let name = name_of(top.as_deref().unwrap_or(&common));
        Ok(Self {
            reader: Mutex::new(Reader::new(git.clone())),
            git,
            common,
            top,
            name,
            base,
            failure: Mutex::default(),
            blocked: Mutex::default(),
            seen: Mutex::default(),
            numbers: Mutex::default(),
            accounts: Mutex::default(),
        })
    }

    /// The person's name as git has it, as a login: letters, digits and single hyphens.
    ///
    /// # Errors
    /// If git fails.
    pub fn person(&self) -> Result<Option<String>, LocalError> {
        let here = Git::within(self.top.as_deref().unwrap_or(&self.common));
        let name = here.answer(&["config", "user.name"])?;
        Ok(name.as_deref().and_then(login))
    }

    /// The person's e-mail address as git has it.
    pub(super) fn person_email(&self) -> Result<Option<String>, LocalError> {
        let here = Git::within(self.top.as_deref().unwrap_or(&self.common));
        let email = here.answer(&["config", "user.email"])?;
        Ok(email.filter(|email| !email.is_empty()))
    }

    /// What the person should know: configuration in the working tree that the base branch does not have.
    ///
    /// # Errors
    /// If git fails.
    pub fn notices(&self) -> Result<Vec<String>, LocalError> {
        let Some(top) = &self.top else {
            return Ok(Vec::new());
        };
        let here = Git::within(top);
        let base = format!("refs/heads/{}", self.base);
        let mut call = vec!["diff", "--name-only", "-z", "--no-ext-diff", &base, "--"];
        call.extend(CONFIGURATION);
        let mut paths = here.text(&call)?;
        let mut call = vec!["ls-files", "-z", "--others", "--exclude-standard", "--"];
        call.extend(CONFIGURATION);
        paths.push_str(&here.text(&call)?);
        let mut paths: Vec<&str> = paths.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![format!(
            "{} in your working tree differs from {base}: the App reads configuration, personas and templates from \
             {base} only; commit it there to try it",
            paths.join(", "),
            base = self.base
        )])
    }

    /// Branches with their tips, as they are now.
    pub(super) fn branches(&self) -> Result<BTreeMap<String, Oid>, LocalError> {
        branches(&self.git)
    }
}

fn common_folder(here: &Git, path: &Path) -> Result<PathBuf, LocalError> {
    let call = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    match here.text(&call) {
        Ok(folder) => Ok(PathBuf::from(folder)),
        Err(LocalError::Git { said, .. }) if said.contains("not a git repository") => {
            Err(LocalError::refused(
                format!("{} is not in a git repository", path.display()),
                "name a repository, or make one there with `git init`",
            ))
        }
        Err(error) => Err(error),
    }
}

fn refuse_what_cannot_be_shown(git: &Git, path: &Path) -> Result<(), LocalError> {
    let path = path.display();
    if git.text(&["rev-parse", "--is-shallow-repository"])? == "true" {
        return Err(LocalError::refused(
            format!("{path} is a shallow clone: what its branches have in common is not in it"),
            "run `git fetch --unshallow` there, or clone without `--depth`",
        ));
    }
    if git.text(&["rev-parse", "--show-object-format"])? != "sha1" {
        return Err(LocalError::refused(
            format!("{path} names its objects by SHA-256, which GitHub's API does not"),
            "use a repository with SHA-1 objects",
        ));
    }
    if git
        .answer(&["config", "extensions.partialClone"])?
        .is_some()
    {
        return Err(LocalError::refused(
            format!("{path} is a partial clone: files may be missing, and nothing is fetched here"),
            "use a clone that was made without `--filter`",
        ));
    }
    Ok(())
}

/// Local branches. Symbolic ones are names for others, and a name that is not UTF-8 cannot be shown.
fn branches(git: &Git) -> Result<BTreeMap<String, Oid>, LocalError> {
    let format = "--format=%(objectname) %(symref)%00%(refname:lstrip=2)";
    let lines = git.bytes(&["for-each-ref", format, "refs/heads"])?;
    let lines = lines.split(|byte| *byte == b'\n');
    let branch = |line: &[u8]| {
        let (fields, name) = std::str::from_utf8(line).ok()?.split_once('\0')?;
        let (oid, symref) = fields.split_once(' ')?;
        let oid = Oid::parse(oid).filter(|_| symref.is_empty())?;
        Some((name.to_owned(), oid))
    };
    Ok(lines.filter_map(branch).collect())
}

fn named_base(named: &str, branches: &BTreeMap<String, Oid>) -> Result<String, LocalError> {
    let short = named.strip_prefix("refs/heads/").unwrap_or(named);
    if branches.contains_key(short) {
        return Ok(short.to_owned());
    }
    let mut known: Vec<&str> = branches.keys().map(String::as_str).collect();
    known.sort_by_key(|name| strsim::damerau_levenshtein(name, short));
    known.truncate(5);
    Err(LocalError::refused(
        format!("there is no local branch `{short}`"),
        format!("local branches: {}", known.join(", ")),
    ))
}

fn usual_base(
    here: &Git,
    git: &Git,
    branches: &BTreeMap<String, Oid>,
) -> Result<String, LocalError> {
    let remote = git.answer(&["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"])?;
    let of_remote = remote
        .as_deref()
        .and_then(|name| name.strip_prefix("refs/remotes/origin/"));
    let configured = git.answer(&["config", "init.defaultBranch"])?;
    let current = here.answer(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let candidates = [
        of_remote,
        configured.as_deref(),
        Some("main"),
        Some("master"),
        current.as_deref(),
    ];
    let mut candidates = candidates.into_iter().flatten();
    let found = candidates.find(|name| branches.contains_key(*name));
    found.map(str::to_owned).ok_or_else(|| {
        LocalError::refused(
            "which branch is the base is not clear: there is neither main nor master, and no branch is checked out",
            "name it with --base BRANCH",
        )
    })
}

/// Name of the repository: its folder's, as far as GitHub allows.
fn name_of(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy());
    let name = name.as_deref().unwrap_or("repository");
    let name = name.strip_suffix(".git").unwrap_or(name);
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let name: String = name
        .chars()
        .map(|letter| if fits(letter) { letter } else { '-' })
        .collect();
    if name.trim_matches(['.', '-']).is_empty() {
        "repository".to_owned()
    } else {
        name
    }
}

/// A name as a login of GitHub; `None` if nothing is left of it.
pub(super) fn login(name: &str) -> Option<String> {
    let mut login = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            login.push(letter.to_ascii_lowercase());
        } else if !login.is_empty() && !login.ends_with('-') {
            login.push('-');
        }
    }
    login.truncate(39);
    let login = login.trim_end_matches('-').to_owned();
    (!login.is_empty()).then_some(login)
}
