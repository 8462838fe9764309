//! Folders at a commit, with the definition files in them.

use super::super::{DEFINITION_ENDINGS, FileContent, Folder, FolderContent, ForgeError};
use super::GitHub;
use super::contents::{Entry, alias};
use crate::ids::{PullRequest, Sha};

/// Folders per query: each brings the text of all its files.
const FOLDERS_PER_QUERY: usize = 10;

/// What is asked about a folder.
const CONTENT: &str = "fragment Entry on TreeEntry {
  name
  mode
  object {
    __typename
    oid
    ... on Tree { entries { name mode object { __typename oid ... on Blob { byteSize isBinary isTruncated text } } } }
  }
}";

impl GitHub {
    pub(super) async fn read_folders(
        &self,
        pr: &PullRequest,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Folder>, ForgeError> {
        let mut folders = Vec::with_capacity(paths.len());
        for some in paths.chunks(FOLDERS_PER_QUERY) {
            let mut entries = self.entries(pr, at, some, CONTENT).await?;
            for (index, path) in some.iter().enumerate() {
                let entry = entries.remove(&alias(index)).flatten();
                folders.push(self.folder(pr, path, entry).await?);
            }
        }
        Ok(folders)
    }

    /// What a tree entry holds as a folder. Files that cannot be read are in it as what they are, so that nobody takes
    /// them for absent.
    pub(super) async fn folder(
        &self,
        pr: &PullRequest,
        path: &str,
        entry: Option<Entry>,
    ) -> Result<Folder, ForgeError> {
        let content = match entry.map(Entry::into_entries) {
            None => FolderContent::Missing,
            Some(Err(what)) => FolderContent::NotAFolder(what),
            Some(Ok(entries)) => FolderContent::Files(self.definitions(pr, entries).await?),
        };
        Ok(Folder {
            path: path.to_owned(),
            content,
        })
    }

    async fn definitions(
        &self,
        pr: &PullRequest,
        entries: Vec<Entry>,
    ) -> Result<Vec<(String, FileContent)>, ForgeError> {
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.name.clone();
            if DEFINITION_ENDINGS
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                files.push((name, self.content(pr, entry).await?));
            }
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(files)
    }
}
