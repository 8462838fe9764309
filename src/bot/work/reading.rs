//! The files of a pull request that matter: what may be a discussion, and what belongs to the gate.

use super::{SeenPath, Work};
use crate::bot::deps::JobError;
use crate::bot::elsewhere;
use crate::bot::gate_files::{self, GateFiles};
use crate::bot::ground::{CONFIG_PATH, folders};
use crate::bot::moved;
use crate::bot::touched::{self, Content};
use crate::forge::{FileContent, ForgeError};
use crate::ids::Sha;
use std::collections::BTreeSet;

impl Work<'_> {
    /// Reads the files that may be discussions, at the head and at the merge base. A pull request without any costs
    /// no request.
    pub async fn read_files(&mut self) -> Result<(), JobError> {
        self.gate = self.read_gate().await?;
        let recorded: BTreeSet<String> = self.memory.discussions.keys().cloned().collect();
        let candidates = touched::candidates(&self.snapshot.files, &self.ground.globs, &recorded);
        if candidates.is_empty() {
            self.paths = Vec::new();
            return Ok(());
        }
        let at_head: Vec<String> = candidates.iter().map(|c| c.path.clone()).collect();
        let heads = self.read_at(&self.snapshot.head, &at_head).await?;
        let at_base: Vec<String> = candidates
            .iter()
            .filter_map(|c| c.base_path.clone())
            .collect();
        let bases = self.read_base(&at_base).await?;
        let mut bases = bases.into_iter();
        let mut paths = Vec::new();
        for (candidate, head) in candidates.into_iter().zip(heads) {
            let base = match &candidate.base_path {
                Some(path) => {
                    let read = bases.next().flatten();
                    Content::of(path, read.as_ref(), &self.ground.globs)
                }
                None => Content::Missing,
            };
            paths.push(SeenPath {
                head: Content::of(&candidate.path, head.as_ref(), &self.ground.globs),
                base,
                candidate,
            });
        }
        self.paths = paths;
        moved::follow(self).await?;
        elsewhere::recall(self).await
    }

    /// Reads the files of the gate that the pull request changes. Folders that its own configuration adds belong to it
    /// too: they take effect in one with it.
    async fn read_gate(&self) -> Result<Option<GateFiles>, JobError> {
        let (files, head) = (&self.snapshot.files, &self.snapshot.head);
        let mut persona_folders = self.ground.config.personas.clone();
        let mut paths = gate_files::changed(files, &persona_folders);
        if paths.is_empty() {
            return Ok(None);
        }
        let mut contents = self.read_at(head, &paths).await?;
        let mut merged = self.snapshot.clone();
        if let Some(at) = paths.iter().position(|path| path == CONFIG_PATH) {
            let config = gate_files::config_text(contents[at].as_ref(), &mut Vec::new());
            let added = folders::unread(config.as_deref(), &merged.personas);
            if !added.is_empty() {
                let read = self.deps.read.folders(self.pr(), head, &added).await?;
                merged.personas.extend(read);
                persona_folders.extend(added);
                let all = gate_files::changed(files, &persona_folders);
                if all != paths {
                    contents = self.read_at(head, &all).await?;
                    paths = all;
                }
            }
        }
        let built_in = &self.deps.built_in;
        Ok(Some(GateFiles::of(paths, &contents, &merged, built_in)))
    }

    async fn read_base(&self, paths: &[String]) -> Result<Vec<Option<FileContent>>, JobError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let (base, head) = (&self.snapshot.base, &self.snapshot.head);
        let merge_base = self.deps.read.merge_base(self.pr(), base, head).await?;
        self.read_at(&merge_base, paths).await
    }

    /// Reads files at a commit; as many answers as paths, or an error.
    pub async fn read_at(
        &self,
        at: &Sha,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, JobError> {
        let read = self.deps.read.files(self.pr(), at, paths).await?;
        if read.len() != paths.len() {
            let message = format!(
                "{} files asked at {at}, {} answered",
                paths.len(),
                read.len()
            );
            return Err(ForgeError::Unavailable(message).into());
        }
        Ok(read)
    }
}
