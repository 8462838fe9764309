//! Folders of personas and templates: which ones apply, and what cannot be read in them. A file that cannot be read must
//! not vanish: a reviewer would be gone without anybody noticing.

use super::{CONFIG_PATH, PERSONA_FOLDER, TEMPLATE_FOLDER};
use crate::bot::check::ConfigProblem;
use crate::bot::repo_config::RepoConfig;
use crate::engine::persona::{ENDINGS as PERSONA_ENDINGS, is_readme};
use crate::engine::template::ENDINGS as TEMPLATE_ENDINGS;
use crate::forge::{FileContent, Folder, FolderContent};

/// The text files of some folders, and what stands in the way of others.
#[derive(Debug, Default)]
pub struct Sources {
    /// (path, text), folders in their order, files by name.
    pub files: Vec<(String, String)>,
    /// Folders and files that cannot be read.
    pub errors: Vec<ConfigProblem>,
}

/// Persona folders that a configuration text names; the default where there is none or a broken one.
pub fn named_by(config: Option<&str>) -> Vec<String> {
    let read = config.and_then(|text| RepoConfig::parse(text).ok());
    read.map_or_else(RepoConfig::default, |(config, _)| config)
        .personas
}

/// Persona folders that a configuration names and that were not read yet.
pub fn unread(config: Option<&str>, read: &[Folder]) -> Vec<String> {
    let mut named = named_by(config);
    named.retain(|path| read.iter().all(|folder| folder.path != *path));
    named
}

/// The persona files of the configured folders, in that order.
pub fn personas(configured: &[String], read: &[Folder]) -> Sources {
    let mut sources = Sources::default();
    for path in configured {
        let content = read.iter().find(|folder| folder.path == *path);
        match content.map(|folder| &folder.content) {
            Some(FolderContent::Files(files)) => sources.take(path, files, &PERSONA_ENDINGS),
            // Nobody has to keep an empty folder for the default's sake.
            Some(FolderContent::Missing) if path == PERSONA_FOLDER => {}
            Some(FolderContent::Missing) | None => sources.errors.push(missing(path)),
            Some(FolderContent::NotAFolder(what)) => sources.errors.push(refused(
                path,
                &format!("a {what} stands there"),
                "Name a folder of this repository itself; links are not followed.",
            )),
        }
    }
    sources
}

/// The template files.
pub fn templates(folder: &Folder) -> Sources {
    let mut sources = Sources::default();
    match &folder.content {
        FolderContent::Files(files) => sources.take(TEMPLATE_FOLDER, files, &TEMPLATE_ENDINGS),
        FolderContent::Missing => {}
        FolderContent::NotAFolder(what) => sources.errors.push(unreadable(
            TEMPLATE_FOLDER,
            &format!("a {what} stands here"),
        )),
    }
    sources
}

impl Sources {
    fn take(&mut self, folder: &str, files: &[(String, FileContent)], endings: &[&str]) {
        let fits = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
        for (name, content) in files.iter().filter(|(name, _)| fits(name)) {
            let path = format!("{folder}/{name}");
            match text_of(content) {
                Ok(text) => self.files.push((path, text)),
                Err(_) if is_readme(name) => {}
                Err(what) => self.errors.push(unreadable(&path, &what)),
            }
        }
    }
}

/// A configured persona folder that is not there: reviewers would be dropped without a word.
pub fn missing(folder: &str) -> ConfigProblem {
    refused(
        folder,
        "there is no such folder on this branch",
        "Create it with a persona file in it, correct the path, or take it out of `personas`.",
    )
}

fn refused(folder: &str, why: &str, hint: &str) -> ConfigProblem {
    ConfigProblem {
        path: CONFIG_PATH.to_owned(),
        line: None,
        message: format!("`personas` names `{folder}`, and {why}"),
        hint: hint.to_owned(),
    }
}

fn text_of(content: &FileContent) -> Result<String, String> {
    match content {
        FileContent::Blob(bytes) => {
            String::from_utf8(bytes.clone()).map_err(|_| "the file is not UTF-8 text".to_owned())
        }
        FileContent::NotAFile(what) => Err(format!("a {what} stands here")),
        FileContent::TooLarge(size, _) => Err(format!("the file has {size} bytes")),
    }
}

/// A file of the gate that cannot be read.
pub fn unreadable(path: &str, what: &str) -> ConfigProblem {
    ConfigProblem {
        path: path.to_owned(),
        line: None,
        message: format!("{what}, and only a UTF-8 text file of at most 1 MB is read"),
        hint: "Put such a file there or take the path out.".to_owned(),
    }
}
