//! Receipts on the command line: whose they have to be, and by which keys they are checked.

use super::Failure;
use super::report::Trust;
use crate::config;
use crate::engine::discussion::Discussion;
use crate::engine::receipt::chain::{self, Anchor, Chain, Found, Repository, Scope, Standing};
use crate::engine::receipt::votes::{self, SignedVote};
use crate::signing::Keys;
use crate::workspace;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

const HINT: &str = "Save what the App serves at /.well-known/jwks.json.";
/// Largest key set that is read from stdin, bytes.
const MAX_KEYS: u64 = 1 << 20;

/// What is said wherever no tail can be missed.
pub const NO_ANCHOR: &str = "Without --anchor nobody can tell whether replies were cut off at the end; the check run \
                             on GitHub names the anchor in its external id.";

/// A repository by number or by `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryName {
    /// Numeric id: it survives renames.
    Id(u64),
    /// `owner/name`.
    Name(String),
}

impl FromStr for RepositoryName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let plain = |part: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(is_plain)
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => Ok(Self::Name(text.to_owned())),
            _ => Err("write the repository's numeric id, or `owner/name`".to_owned()),
        }
    }
}

impl std::fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What `status` and `gate` take to check receipts. All are optional there: without keys no receipt can be checked.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReceiptArguments {
    /// The App's public keys, a JSON Web Key Set, to check receipts with; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The repository whose receipts count, by number or as owner/name [in a workflow: this one]
    #[arg(long, value_name = "REPO")]
    repo: Option<RepositoryName>,
    /// The pull request whose receipts count [in a workflow for a pull request: this one]
    #[arg(long, value_name = "N")]
    pr: Option<u64>,
    /// Where the chain of receipts ended: only then is a tail seen that was cut off
    #[arg(long, value_name = "SEQ:HASH")]
    anchor: Option<Anchor>,
}

impl ReceiptArguments {
    /// Whether an anchor is given, which belongs to one file.
    pub fn has_anchor(&self) -> bool {
        self.anchor.is_some()
    }

    /// Whether any of them is given.
    fn first_given(&self) -> Option<&'static str> {
        let given = [
            (self.jwks.is_some(), "--jwks"),
            (self.repo.is_some(), "--repo"),
            (self.pr.is_some(), "--pr"),
            (self.anchor.is_some(), "--anchor"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, name)| is_given.then_some(name))
    }

    /// How to check receipts; `None` where every block counts, or without keys.
    ///
    /// # Errors
    /// When one is given that has no meaning, the keys do not read, or it is not known whose receipts count.
    pub fn under(&self, trust: Trust) -> Result<Option<Checker>, Failure> {
        match (trust, self.first_given()) {
            (Trust::Receipts, _) => self.checker(),
            (Trust::File, None) => Ok(None),
            (Trust::File, Some(name)) => {
                let message =
                    format!("{name} has no meaning with --trust file, which counts every block");
                let hint = "Leave it out, or ask for --trust receipts.";
                Err(Failure::new("usage", message).hint(hint))
            }
        }
    }

    fn checker(&self) -> Result<Option<Checker>, Failure> {
        let Some(jwks) = &self.jwks else {
            if let Some(name) = self.first_given() {
                let message =
                    format!("{name} has no meaning without --jwks: receipts are checked by keys");
                return Err(
                    Failure::new("usage", message).hint(format!("Give --jwks FILE. {HINT}"))
                );
            }
            return Ok(None);
        };
        let keys = read_keys(jwks)?;
        let workflow = config::workflow();
        let repo = self
            .repo
            .clone()
            .or(workflow.repository.map(RepositoryName::Id));
        let (Some(repository), Some(pr)) = (repo, self.pr.or(workflow.pr)) else {
            let missing = match self.repo.is_some() || workflow.repository.is_some() {
                true => "of which pull request",
                false => "of which repository",
            };
            let message =
                format!("--jwks is given, and it is not said {missing} the receipts have to be");
            return Err(Failure::new("usage", message).hint(
                "Add --repo REPO and --pr N. In a GitHub workflow that runs for a pull request they are known from \
                 GITHUB_REPOSITORY_ID and GITHUB_REF.",
            ));
        };
        Ok(Some(Checker {
            keys,
            repository,
            pr,
            paths: Vec::new(),
            anchor: self.anchor.clone(),
        }))
    }
}

/// Everything that receipts are checked against.
#[derive(Debug, Clone)]
pub struct Checker {
    /// Keys that are known.
    pub keys: Keys,
    /// The repository.
    pub repository: RepositoryName,
    /// The pull request.
    pub pr: u64,
    /// Paths the discussion has and had; empty: not looked at.
    pub paths: Vec<String>,
    /// Where the chain ended, if that is known.
    pub anchor: Option<Anchor>,
}

impl Checker {
    /// Checks every receipt of a file.
    pub fn check(&self, discussion: &Discussion) -> Chain {
        let scope = Scope {
            repository: match &self.repository {
                RepositoryName::Id(id) => Repository::Id(*id),
                RepositoryName::Name(name) => Repository::Name(name),
            },
            pr: self.pr,
            did: None,
            paths: &self.paths,
            anchor: self.anchor.as_ref(),
        };
        chain::check(discussion, &scope, &|token| self.keys.check(token))
    }
}

/// What the receipts of a file say.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The receipts, checked.
    pub chain: Chain,
    /// The votes they prove, one for each participant.
    pub votes: Vec<SignedVote>,
    /// Numbers of the blocks that are as they were signed.
    pub valid: BTreeSet<usize>,
    /// Whether a tail that was cut off would have been seen.
    pub is_anchored: bool,
}

impl Signed {
    /// Checks a file.
    pub fn of(discussion: &Discussion, checker: &Checker) -> Self {
        let chain = checker.check(discussion);
        let is_valid = |found: &&Found| matches!(found.standing, Standing::Valid(_));
        Self {
            votes: votes::votes(discussion, &chain),
            valid: chain
                .found
                .iter()
                .filter(is_valid)
                .filter_map(|found| found.block)
                .collect(),
            is_anchored: checker.anchor.is_some(),
            chain,
        }
    }

    /// How many replies the anchor knows and the file lacks, in words; `None`: none.
    pub fn missing(&self) -> Option<String> {
        let replies = match self.chain.missing {
            0 => return None,
            1 => "1 reply is missing".to_owned(),
            count => format!("{count} replies are missing"),
        };
        Some(format!(
            "{replies} at the end: the anchor knows more than the file holds"
        ))
    }
}

/// Reads a key set; `-` is stdin.
///
/// # Errors
/// When it is no key set, holds no key, a key that is no Ed25519 public key, or a private one.
pub fn read_keys(path: &Path) -> Result<Keys, Failure> {
    let bytes = match path.as_os_str() == "-" {
        true => stdin()?,
        false => workspace::read(path)?,
    };
    Keys::from_jwks(&bytes).map_err(|bad| {
        Failure::new("bad-jwks", bad.message)
            .hint(HINT)
            .at(path, bad.line)
    })
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_KEYS)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new("file", format!("stdin cannot be read: {error}")))?;
    Ok(bytes)
}
