//! Reads what stands behind `new`: a title in quotes, then a template, a path, both or neither.

use super::grammar::{
    first_word, is_flag, is_inside, looks_like_path, misplaced, quoted, unknown_tail,
};
use super::{Command, CommandError, NewCommand};
use crate::engine::scaffold::Title;

/// `before`: a PATH in front of the verb.
pub(super) fn read(before: Option<&str>, text: &str) -> Result<Command, CommandError> {
    let (title, mut rest) = titled(text.trim()).ok_or_else(|| CommandError::NewTitle {
        said: text.trim().to_owned(),
    })?;
    let title = Title::parse(title).map_err(|why| CommandError::NewTitleRefused {
        why: why.to_string(),
    })?;
    let (mut template, mut path) = (None, before.map(str::to_owned));
    while !rest.is_empty() {
        let (word, behind, is_path) = match quoted(rest) {
            Some((word, behind)) => (word, behind, true),
            None => {
                let (word, behind) = first_word(rest);
                (word, behind, looks_like_path(word))
            }
        };
        let place = match is_path {
            true => &mut path,
            false => &mut template,
        };
        match place {
            Some(_) => return Err(unknown_tail("new", word)),
            None if is_flag(word) => return Err(misplaced(word)),
            None => *place = Some(word.to_owned()),
        }
        rest = behind;
    }
    let path = path_of(path.as_deref(), &title)?;
    Ok(Command::New(NewCommand {
        title,
        template,
        path,
    }))
}

/// The title and what stands behind it. Keyboards that make quotation marks round are understood.
fn titled(text: &str) -> Option<(&str, &str)> {
    let is_quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}');
    let inner = text.strip_prefix(is_quote)?;
    let is_end = |(at, quote): &(usize, &str)| {
        let behind = inner[at + quote.len()..].chars().next();
        behind.is_none_or(char::is_whitespace)
    };
    let (at, quote) = inner.match_indices(is_quote).find(is_end)?;
    Some((&inner[..at], inner[at + quote.len()..].trim()))
}

/// The file: as named, in the folder named, or in the top folder.
fn path_of(named: Option<&str>, title: &Title) -> Result<String, CommandError> {
    let path = match named {
        None => title.file_name(),
        Some(named) => {
            let named = named.strip_prefix("./").unwrap_or(named);
            match named.ends_with('/') || named.is_empty() {
                true => format!("{named}{}", title.file_name()),
                false => named.to_owned(),
            }
        }
    };
    if !is_inside(&path) {
        return Err(CommandError::BadPath { path });
    }
    match path.ends_with(".md") {
        true => Ok(path),
        false => Err(CommandError::NewPath { path }),
    }
}
