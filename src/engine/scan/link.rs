//! Links: what follows `](`, and definitions (`[label]: target "title"`), which renderers do not show.

/// Deeper brackets than this in a target make it no target, as in other readers.
const TARGET_DEPTH: usize = 32;

/// Where a link ends whose text was closed just before `at`: `(target "title")`.
pub(super) fn inline_tail_end(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'(') {
        return None;
    }
    let mut pos = skip_white(text, at + 1);
    if text.get(pos) != Some(&b')') {
        let target_end = target_end(text, pos)?;
        pos = skip_white(text, target_end);
        if pos > target_end
            && let Some(end) = title_end(text, pos)
        {
            pos = skip_white(text, end);
        }
    }
    (text.get(pos) == Some(&b')')).then_some(pos + 1)
}

/// Where the link definitions at the start of a paragraph end, with the blanks behind them.
pub(super) fn definitions_end(text: &[u8], at: usize) -> usize {
    let mut pos = at;
    while let Some(end) = definition_end(text, pos) {
        pos = end
            + text[end..]
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
    }
    pos
}

/// Where one link definition ends, its line end included.
fn definition_end(text: &[u8], at: usize) -> Option<usize> {
    let label_end = label_end(text, at)?;
    if text.get(label_end) != Some(&b':') {
        return None;
    }
    let target = skip_white(text, label_end + 1);
    let target_end = target_end(text, target).filter(|end| *end > target)?;
    let title = skip_white(text, target_end);
    if title > target_end
        && let Some(end) = title_end(text, title).and_then(|end| rest_of_line_is_blank(text, end))
    {
        return Some(end);
    }
    rest_of_line_is_blank(text, target_end)
}

fn label_end(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'[') {
        return None;
    }
    let mut pos = at + 1;
    let mut is_blank = true;
    // A label is at most 999 characters long, so 4 bytes for each bound the search.
    while pos - at < 4_000 {
        match text.get(pos)? {
            b'\\' => pos += 1,
            b'[' => return None,
            b']' => return (!is_blank).then_some(pos + 1),
            b if b.is_ascii_whitespace() => {}
            _ => is_blank = false,
        }
        pos += 1;
    }
    None
}

fn target_end(text: &[u8], at: usize) -> Option<usize> {
    let mut pos = at;
    if text.get(at) == Some(&b'<') {
        loop {
            pos += 1;
            match text.get(pos)? {
                b'>' => return Some(pos + 1),
                b'<' | b'\n' | b'\r' => return None,
                b'\\' if is_escape(text, pos) => pos += 1,
                _ => {}
            }
        }
    }
    let mut depth = 0;
    while let Some(&byte) = text.get(pos) {
        match byte {
            b'\\' if is_escape(text, pos) => pos += 1,
            b'(' if depth == TARGET_DEPTH => return None,
            b'(' => depth += 1,
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            b if b <= b' ' || b == 0x7F => break,
            _ => {}
        }
        pos += 1;
    }
    (depth == 0).then_some(pos)
}

fn title_end(text: &[u8], at: usize) -> Option<usize> {
    let close = match text.get(at)? {
        b'(' => b')',
        quote @ (b'"' | b'\'') => *quote,
        _ => return None,
    };
    let mut pos = at + 1;
    loop {
        match *text.get(pos)? {
            b'\\' if is_escape(text, pos) => pos += 1,
            byte if byte == close => return Some(pos + 1),
            b'(' if close == b')' => return None,
            _ => {}
        }
        pos += 1;
    }
}

/// Whether the backslash at `at` takes away the meaning of the byte behind it.
pub(super) fn is_escape(text: &[u8], at: usize) -> bool {
    text.get(at + 1).is_some_and(u8::is_ascii_punctuation)
}

fn rest_of_line_is_blank(text: &[u8], from: usize) -> Option<usize> {
    let pos = from
        + text[from..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
            .count();
    match text.get(pos) {
        None => Some(pos),
        Some(b'\n') => Some(pos + 1),
        Some(_) => None,
    }
}

fn skip_white(text: &[u8], from: usize) -> usize {
    from + text[from..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
        .count()
}
