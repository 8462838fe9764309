//! `discussions.toml`: providers, models, prices and aliases of the operator.
//!
//! The file can name a program to run. So it is looked for in the operator's own folders only, never in the working
//! directory or a repository, and one that any user of the machine may write is refused. Secrets do not stand in it; it
//! names the variable or the file that holds one. `deploy/discussions.toml.example` shows every key; a test compares it
//! with [`KEYS`].

mod provider;
mod tree;

pub use provider::{KEYS, KeySource, ProviderEntry, Quirks};
pub use tree::{Located, Place};

use super::SettingProblem;
use super::models::{CHECKLIST, Protocol};
use provider::{EntryReader, Refused};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use toml::de::DeTable;
use tree::{Findings, Section};

pub(super) use tree::{choose, near};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// The tables at the top.
const TABLES: [&str; 3] = ["providers", "models", "aliases"];
/// Longest name of a provider or an alias.
const LONGEST_NAME: usize = 31;

/// What the file says, each with its place. Names of models are not looked up yet.
#[derive(Debug, Clone, Default)]
pub struct ModelsFile {
    /// Where it is; `None`: there is none.
    pub path: Option<PathBuf>,
    /// `[providers.NAME]`.
    pub providers: BTreeMap<String, ProviderEntry>,
    /// `[models."PROVIDER/MODEL"]`.
    pub models: BTreeMap<String, Located<Quirks>>,
    /// `[aliases]`: names of models and of other aliases in the order in which they stand in for each other.
    pub aliases: BTreeMap<String, Located<Vec<Located<String>>>>,
}

/// Variables that say where the file is.
#[derive(Debug, Clone, Default)]
pub(super) struct Whereabouts {
    /// `DISCUSSIONS_CONFIG`.
    pub(super) named: Option<String>,
    /// `XDG_CONFIG_HOME`.
    pub(super) config_home: Option<String>,
    /// `HOME`.
    pub(super) home: Option<String>,
}

impl Whereabouts {
    /// The file, if there is one. A name that was given has to lead somewhere, and what cannot be looked at, or is a link
    /// to nothing, is there: nobody's settings are left out in silence.
    fn path(&self) -> Option<PathBuf> {
        if let Some(named) = &self.named {
            return Some(PathBuf::from(named));
        }
        // Relative paths have no meaning there (XDG Base Directory Specification).
        let absolute = |path: &String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
        let config_home = self.config_home.as_ref().and_then(absolute);
        let in_home = || Some(self.home.as_ref().and_then(absolute)?.join(".config"));
        let folder = config_home.or_else(in_home)?;
        let path = folder.join("discussions/discussions.toml");
        // A home that is no folder, as that of many servers' users is, holds no file.
        let is_away = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
        match std::fs::symlink_metadata(&path) {
            Err(error) if is_away(error.kind()) => None,
            _ => Some(path),
        }
    }
}

/// Reads the file. Without one, nothing is said.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(whereabouts: &Whereabouts) -> Result<ModelsFile, Vec<SettingProblem>> {
    let Some(path) = whereabouts.path() else {
        return Ok(ModelsFile::default());
    };
    let shown = path.display().to_string();
    let text = text_of(&path).map_err(|why| {
        let (name, message) = match whereabouts.named {
            Some(_) => ("DISCUSSIONS_CONFIG".to_owned(), format!("`{shown}` {why}")),
            None => (shown.clone(), why),
        };
        vec![SettingProblem { name, message }]
    })?;
    let home = whereabouts.home.as_deref().map(Path::new);
    let mut file = parse(&shown, &text, home)?;
    file.path = Some(path);
    Ok(file)
}

fn text_of(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let about = std::fs::metadata(path).map_err(cannot)?;
    if about.is_dir() {
        return Err("is a folder; name the file in it".to_owned());
    }
    if about.len() > LARGEST {
        return Err(format!("is longer than {LARGEST} bytes"));
    }
    #[cfg(unix)]
    if about.is_file() {
        use std::os::unix::fs::PermissionsExt as _;
        if about.permissions().mode() & 0o002 != 0 {
            return Err(
                "may be changed by every user of this machine, and it can name programs to run; \
                 run `chmod o-w` on it"
                    .to_owned(),
            );
        }
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// Reads the text. `home`: what `~` stands for.
fn parse(path: &str, text: &str, home: Option<&Path>) -> Result<ModelsFile, Vec<SettingProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut findings = Findings::new(path, text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let message = error.message().replace('\n', ", ");
            findings.add(at, format!("this does not read as TOML: {message}"));
            return Err(findings.finish());
        }
    };
    let top = Section::top(table.get_ref());
    top.refuse_unknown(&TABLES, |_| None, &mut findings);
    let reader = EntryReader { home };
    let providers = providers(&top, &reader, &mut findings);
    let file = ModelsFile {
        path: None,
        models: models(&top, &reader, &providers, &mut findings),
        providers,
        aliases: aliases(&top, &mut findings),
    };
    match findings.finish() {
        problems if problems.is_empty() => Ok(file),
        problems => Err(problems),
    }
}

fn providers(
    top: &Section<'_>,
    reader: &EntryReader<'_>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, ProviderEntry> {
    let mut read = BTreeMap::new();
    let Some(section) = top.section("providers", findings) else {
        return read;
    };
    for (key, value) in section.entries() {
        let name: &str = key.get_ref();
        let at = key.span().start;
        if let Some(why) = no_name(name) {
            findings.add(
                at,
                format!("`{}` is no name of a provider: {why}", value.name),
            );
        } else if let Some(table) = value.section(findings)
            && let Ok(entry) = reader.provider(name, &table, at, findings)
        {
            read.insert(name.to_owned(), entry);
        }
    }
    read
}

fn models(
    top: &Section<'_>,
    reader: &EntryReader<'_>,
    providers: &BTreeMap<String, ProviderEntry>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Located<Quirks>> {
    let mut read = BTreeMap::new();
    let Some(section) = top.section("models", findings) else {
        return read;
    };
    for (key, value) in section.entries() {
        let name: &str = key.get_ref();
        let at = key.span().start;
        let Some((provider, _)) = name.split_once('/') else {
            let message = format!(
                "`{}` names no model; write the provider, too, in quotes: [models.\"PROVIDER/{name}\"]",
                value.name
            );
            findings.add(at, message);
            continue;
        };
        let entry = providers.get(provider);
        let written = entry.and_then(|entry| entry.protocol.as_ref());
        let protocol = written.map(|written| written.value);
        if let Some(table) = value.section(findings) {
            let place = findings.place(at);
            let protocol = protocol.or_else(|| Protocol::built_in(provider));
            let value = reader.model(&table, protocol, findings);
            read.insert(name.to_owned(), Located { value, place });
        }
    }
    read
}

fn aliases(
    top: &Section<'_>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Located<Vec<Located<String>>>> {
    let mut read = BTreeMap::new();
    let Some(section) = top.section("aliases", findings) else {
        return read;
    };
    const INSTEAD: &str = "write \"PROVIDER/MODEL\", or a list of them in the order in which they stand in for each other";
    for (key, _) in section.entries() {
        let name: &str = key.get_ref();
        let at = key.span().start;
        if let Some(why) = no_name(name) {
            findings.add(
                at,
                format!("`aliases.{name}` is no name of an alias: {why}"),
            );
            continue;
        }
        let place = findings.place(at);
        let found = section.read(name, findings, |value| {
            let items = value.items(true, INSTEAD)?;
            if items.is_empty() {
                return Err(Refused::new("names no model", INSTEAD));
            }
            let texts = items
                .iter()
                .map(|item| Ok((item.at(), item.text(INSTEAD)?.to_owned())));
            texts.collect::<Result<Vec<_>, _>>()
        });
        if let Some(names) = found {
            let located = |(at, value)| Located {
                value,
                place: findings.place(at),
            };
            let value = names.value.into_iter().map(located).collect();
            read.insert(name.to_owned(), Located { value, place });
        }
    }
    read
}

/// Why a word cannot be the name of a provider or an alias.
fn no_name(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name == CHECKLIST {
        return Some("that is what the built-in rules are called");
    }
    let is_well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(fits)
        && name.len() <= LONGEST_NAME;
    (!is_well_formed).then_some(
        "write small letters, digits, `-`, `_` and `.`, a letter first, at most 31 characters",
    )
}

impl Place {
    /// File and line, as people jump to it.
    pub fn line(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}
