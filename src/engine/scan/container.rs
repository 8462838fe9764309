//! Containers: block quotes, list items and footnotes, and the marks that start them.

use super::line::Cursor;

/// A block that holds other blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// A block quote.
    Quote,
    /// A list item or footnote whose content starts that many columns in. An empty one ends at a blank line.
    Item { columns: usize, is_empty: bool },
}

/// Columns that the content of a footnote starts in.
const FOOTNOTE_COLUMNS: usize = 4;

impl Container {
    /// Reads the mark of a container ahead and goes behind it. `interrupts` tells that text of a paragraph would be
    /// interrupted, which an empty item and a number other than 1 cannot do. Rules (`- - -`) are ruled out before.
    pub(super) fn open(cursor: &mut Cursor<'_>, interrupts: bool) -> Option<Self> {
        match cursor.rest().first()? {
            b'>' => {
                cursor.take_mark(1);
                cursor.take_blanks(1);
                Some(Self::Quote)
            }
            b'[' => open_footnote(cursor),
            b'-' | b'+' | b'*' => open_item(cursor, 1, interrupts, false),
            b'0'..=b'9' => {
                let (len, number) = item_number(cursor.rest())?;
                open_item(cursor, len, interrupts, number != 1)
            }
            _ => None,
        }
    }
}

fn open_footnote(cursor: &mut Cursor<'_>) -> Option<Container> {
    let label = cursor.rest().strip_prefix(b"[^")?;
    let is_label = |b: &u8| !b.is_ascii_whitespace() && *b != b']' && *b != b'[';
    let len = label.iter().take_while(|b| is_label(b)).count();
    if len == 0 || !label[len..].starts_with(b"]:") {
        return None;
    }
    cursor.take_mark(len + 4);
    cursor.take_blanks(usize::MAX / 2);
    Some(Container::Item {
        columns: FOOTNOTE_COLUMNS,
        is_empty: false,
    })
}

/// Length of an item's number with its delimiter, and the number. At most nine digits make one.
fn item_number(rest: &[u8]) -> Option<(usize, u32)> {
    let digits = rest
        .iter()
        .take(10)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let is_delimited = matches!(rest.get(digits), Some(b'.' | b')'));
    if digits > 9 || !is_delimited {
        return None;
    }
    let number = rest[..digits]
        .iter()
        .fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    Some((digits + 1, number))
}

fn open_item(
    cursor: &mut Cursor<'_>,
    mark: usize,
    interrupts: bool,
    is_late: bool,
) -> Option<Container> {
    let indent = cursor.indent();
    if !matches!(cursor.rest().get(mark), None | Some(b' ' | b'\t')) {
        return None;
    }
    let mut inside = cursor.clone();
    inside.take_mark(mark);
    let mut is_empty = inside.is_blank();
    if interrupts && (is_empty || is_late) {
        return None;
    }
    // Five blanks or more: one belongs to the mark, the others make indented code.
    let blanks = match inside.indent() {
        _ if is_empty => 1,
        blanks @ 1..=4 => blanks,
        _ => 1,
    };
    inside.take_blanks(blanks);
    // A box with nothing behind it leaves the item as empty as a bare bullet.
    if inside.indent() <= 3 && is_lone_box(inside.rest()) {
        is_empty = true;
        inside.take_mark(3);
    }
    *cursor = inside;
    Some(Container::Item {
        columns: indent + mark + blanks,
        is_empty,
    })
}

fn is_lone_box(rest: &[u8]) -> bool {
    let behind = [&b"[ ]"[..], b"[x]", b"[X]"]
        .iter()
        .find_map(|boxed| rest.strip_prefix(*boxed));
    behind.is_some_and(|behind| {
        !behind.is_empty() && behind.iter().all(|b| matches!(b, b' ' | b'\t'))
    })
}
