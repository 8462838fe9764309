//! Files at a commit, byte for byte.
//!
//! GraphQL gives many files in one request, but only as text that it may have cut or transcoded. So each text is hashed
//! the way git does and believed only if that gives the blob's id; otherwise the blob is read raw.

use super::super::{FileContent, ForgeError};
use super::snapshot::sha;
use super::transport::Request;
use super::{GitHub, repo_route};
use crate::ids::{PullRequest, Sha};
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt::Write;

/// Largest file that is read.
const MAX_BLOB: u64 = 1024 * 1024;
/// Bytes that are kept of a larger one.
const BEGINNING: usize = 4_096;
/// Files per query: keeps answers below a size that GitHub still gives within its 10 s.
const FILES_PER_QUERY: usize = 25;

/// What is asked about a file.
const CONTENT: &str = "fragment Entry on TreeEntry {
  name
  mode
  object { __typename oid ... on Blob { byteSize isBinary isTruncated text } }
}";

const SYMLINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// An entry of a git tree.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub(super) name: String,
    mode: u32,
    object: Option<Object>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    #[serde(rename = "__typename")]
    kind: String,
    oid: String,
    byte_size: Option<u64>,
    is_binary: Option<bool>,
    text: Option<String>,
    entries: Option<Vec<Entry>>,
}

/// A blob with the text GraphQL gave for it, not yet checked.
pub(super) struct Blob {
    oid: String,
    text: Option<String>,
}

impl Entry {
    /// Bytes of the blob; 0 if not told.
    fn size(&self) -> u64 {
        let size = self.object.as_ref().and_then(|object| object.byte_size);
        size.unwrap_or(0)
    }

    pub(super) fn into_blob(self) -> Option<Blob> {
        let object = self.object.filter(|object| object.kind == "Blob")?;
        Some(Blob {
            oid: object.oid,
            text: object.text,
        })
    }

    /// What lies in the folder; `Err` says what stands here instead.
    pub(super) fn into_entries(self) -> Result<Vec<Self>, &'static str> {
        match self.not_a_file() {
            None => Err("file"),
            Some("folder") => Ok(self
                .object
                .and_then(|object| object.entries)
                .unwrap_or_default()),
            Some(other) => Err(other),
        }
    }

    fn not_a_file(&self) -> Option<&'static str> {
        match self.mode {
            SYMLINK => Some("symlink"),
            SUBMODULE => Some("submodule"),
            _ => match self.object.as_ref().map(|object| object.kind.as_str()) {
                Some("Blob") => None,
                Some("Tree") => Some("folder"),
                _ => Some("neither file nor folder"),
            },
        }
    }
}

#[derive(Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    object: Option<HashMap<String, Option<Entry>>>,
}

#[derive(Deserialize)]
struct Comparison {
    merge_base_commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

impl GitHub {
    pub(super) async fn read_files(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ForgeError> {
        let mut contents = Vec::with_capacity(paths.len());
        for some in paths.chunks(FILES_PER_QUERY) {
            let mut entries = self.entries(pr, at, some, CONTENT).await?;
            for index in 0..some.len() {
                let entry = entries.remove(&alias(index)).flatten();
                contents.push(match entry {
                    Some(entry) => Some(self.content(pr, entry).await?),
                    None => None,
                });
            }
        }
        Ok(contents)
    }

    /// Tree entries by alias, with the fields that the fragment `Entry` selects.
    pub(super) async fn entries(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
        fragment: &str,
    ) -> Result<HashMap<String, Option<Entry>>, ForgeError> {
        let mut variables = serde_json::json!({
            "owner": pr.repo.owner, "name": pr.repo.name, "at": at.as_str(),
        });
        for (index, path) in paths.iter().enumerate() {
            variables[parameter(index)] = path.as_str().into();
        }
        let optional = |field: &str| field.strip_prefix('f').is_some_and(is_number);
        let data: Data = self
            .graphql(pr, &query(paths.len(), fragment), variables, optional)
            .await?;
        data.repository
            .and_then(|repository| repository.object)
            .ok_or_else(|| ForgeError::NotFound(format!("commit {at} of {} is not there", pr.repo)))
    }

    pub(super) async fn content(
        &self,
        pr: &PullRequest,
        entry: Entry,
    ) -> Result<FileContent, ForgeError> {
        if let Some(what) = entry.not_a_file() {
            return Ok(FileContent::NotAFile(what));
        }
        if entry.size() > MAX_BLOB {
            let size = entry.size();
            let object = entry.object.unwrap_or_default();
            let nothing = object.is_binary.unwrap_or(false).then(String::new);
            return Ok(FileContent::TooLarge(
                size,
                object.text.map(beginning).or(nothing),
            ));
        }
        match entry.into_blob() {
            Some(blob) => Ok(FileContent::Blob(self.blob_bytes(pr, blob).await?)),
            None => Ok(FileContent::NotAFile("neither file nor folder")),
        }
    }

    /// The blob's bytes: GraphQL's text if it is exactly that, else a raw read.
    pub(super) async fn blob_bytes(
        &self,
        pr: &PullRequest,
        blob: Blob,
    ) -> Result<Vec<u8>, ForgeError> {
        if let Some(text) = blob.text.filter(|text| is_blob(text.as_bytes(), &blob.oid)) {
            return Ok(text.into_bytes());
        }
        let oid = sha(&blob.oid)?;
        let request = Request::raw(repo_route(&pr.repo, &["git", "blobs", oid.as_str()]));
        let bytes = self.call(pr, &request).await?.body.to_vec();
        match is_blob(&bytes, &blob.oid) {
            true => Ok(bytes),
            false => Err(ForgeError::Unavailable(format!(
                "{request}: the bytes are not those of the blob"
            ))),
        }
    }

    pub(super) async fn read_merge_base(
        &self,
        pr: &PullRequest,
        base: &Sha,
        head: &Sha,
    ) -> Result<Sha, ForgeError> {
        let range = format!("{base}...{head}");
        let route = repo_route(&pr.repo, &["compare", &range]);
        let request = Request::get(format!("{route}?per_page=1"));
        let comparison: Comparison = self.json(pr, &request).await?;
        sha(&comparison.merge_base_commit.sha)
    }
}

/// The first lines of a text: enough to tell what kind of file it is.
fn beginning(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(BEGINNING));
    text
}

/// Paths are variables, not text of the query: nothing in a path can change what is asked.
fn query(paths: usize, fragment: &str) -> String {
    let mut parameters = String::new();
    let mut fields = String::new();
    for index in 0..paths {
        let (alias, parameter) = (alias(index), parameter(index));
        // Writing to a String cannot fail.
        let _ = write!(parameters, ", ${parameter}: String!");
        let _ = writeln!(
            fields,
            "      {alias}: file(path: ${parameter}) {{ ...Entry }}"
        );
    }
    format!(
        "query FilesAtCommit($owner: String!, $name: String!, $at: GitObjectID!{parameters}) {{
  repository(owner: $owner, name: $name) {{
    object(oid: $at) {{ ... on Commit {{
{fields}    }} }}
  }}
}}
{fragment}"
    )
}

pub(super) fn alias(index: usize) -> String {
    format!("f{index}")
}

fn parameter(index: usize) -> String {
    format!("p{index}")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether git would give these bytes that blob id.
fn is_blob(bytes: &[u8], oid: &str) -> bool {
    let algorithm = match oid.len() {
        64 => &SHA256,
        _ => &SHA1_FOR_LEGACY_USE_ONLY,
    };
    let mut context = Context::new(algorithm);
    context.update(format!("blob {}\0", bytes.len()).as_bytes());
    context.update(bytes);
    hex::encode(context.finish()).eq_ignore_ascii_case(oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blob_ids_are_gits() {
        // `git hash-object --stdin`, for the empty file and `hello\n`; the last with `--object-format=sha256`.
        assert!(is_blob(b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"));
        assert!(is_blob(
            b"hello\n",
            "ce013625030ba8dba906f756967f9e9ca394464a"
        ));
        assert!(!is_blob(
            b"hello",
            "ce013625030ba8dba906f756967f9e9ca394464a"
        ));
        let empty = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
        assert!(is_blob(b"", empty));
        assert!(!is_blob(b"", "e69de29"));
    }
}
