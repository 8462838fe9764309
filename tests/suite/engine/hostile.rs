//! Files that nobody wrote in good faith: reading them never fails, and every place it gives exists.

use super::differential::{Dice, file};
use discussions::engine::discussion::{Discussion, Kind, MAX_BLOCKS, MAX_BYTES};
use discussions::engine::ledger::Ledger;
use discussions::engine::problem::Code;
use discussions::engine::vote::{Tally, Vote, from_file};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../fixtures/discussions/example.md");

/// Reads, and checks what must hold for any bytes whatever.
fn read(bytes: &[u8]) -> Discussion {
    let discussion = Discussion::parse(bytes);
    let source = &discussion.source;
    match discussion.kind {
        Kind::Unreadable => assert_eq!(source, ""),
        Kind::Discussion | Kind::Other => assert_eq!(source.as_bytes(), bytes),
    }
    let mut end = 0;
    for block in &discussion.blocks {
        let separator = block.separator.clone().unwrap_or(end..end);
        assert!(
            end <= separator.start && separator.end <= block.span.start,
            "blocks overlap"
        );
        let text = source
            .get(block.span.clone())
            .expect("a span is text of the file");
        assert!(
            text.to_ascii_lowercase()
                .trim_start_matches([' ', '\u{FEFF}'])
                .starts_with("name:"),
            "{text:?}"
        );
        assert_eq!(discussion.line_of(block.span.start), block.line);
        end = block.span.end;
    }
    let mut hidden = 0;
    for range in &discussion.opaque {
        assert!(
            hidden <= range.start && range.start < range.end,
            "opaque ranges overlap"
        );
        assert!(source.get(range.clone()).is_some());
        hidden = range.end;
    }
    assert!(source.get(..discussion.header.end).is_some());
    for field in &discussion.header.fields {
        assert_eq!(source[field.value_span.clone()], field.value);
    }
    let (_, mut problems) = Ledger::of(&discussion, &|block| block.number % 2 == 1);
    problems.extend(discussion.problems.clone());
    let lines: Vec<&str> = source.split('\n').collect();
    for problem in problems
        .iter()
        .filter(|_| discussion.kind != Kind::Unreadable)
    {
        let line = lines
            .get(problem.line - 1)
            .expect("a problem's line exists");
        assert!(
            problem.column >= 1 && problem.column <= line.chars().count() + 1,
            "{problem:?}"
        );
    }
    Tally::of(&from_file(&discussion, &|_| false));
    discussion
}

fn has(discussion: &Discussion, code: Code) -> bool {
    discussion
        .problems
        .iter()
        .any(|problem| problem.code == code)
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
    }

    #[test]
    fn any_text_below_a_header_can_be_read(text in "(<!-- DISCUSSION -->\n)(\\PC|[-`~<>!@\\[\\]()*_#:=|\n\r\t ]){0,200}") {
        read(text.as_bytes());
    }
}

#[test]
fn mutated_files_can_be_read() {
    let pieces = [
        "\n",
        "```",
        "<!--",
        "-->",
        "---\n",
        "\t",
        "> ",
        "Name: AI-Security\n",
        "\r",
        "\u{feff}",
        "\u{202e}",
        "@",
    ];
    for seed in 0..4_000 {
        let mut dice = Dice::new(seed);
        let mut bytes = if seed % 2 == 0 {
            EXAMPLE.to_owned()
        } else {
            file(&mut dice)
        }
        .into_bytes();
        for _ in 0..1 + dice.roll(6) {
            let at = dice.roll(bytes.len() + 1);
            let upto = (at + dice.roll(40)).min(bytes.len());
            match dice.roll(3) {
                0 => drop(bytes.drain(at..upto)),
                1 => drop(bytes.splice(at..at, dice.pick(&pieces).bytes())),
                _ => {
                    let copy = bytes[at..upto].to_vec();
                    let to = dice.roll(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
            }
        }
        read(&bytes);
    }
}

#[test]
fn every_truncation_of_the_example_can_be_read() {
    for len in 0..=EXAMPLE.len() {
        read(&EXAMPLE.as_bytes()[..len]);
    }
}

#[test]
fn unreadable_files_have_no_votes() {
    let utf16: Vec<u8> = EXAMPLE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xFF, 0xFE], &utf16[..]].concat();
    let latin1 = [EXAMPLE.as_bytes(), b"caf\xe9\n"].concat();
    let nul = EXAMPLE.replace("VOTE: READY", "VOTE: READY\0");
    for bytes in [&utf16[..], &marked, &latin1, nul.as_bytes()] {
        let discussion = read(bytes);
        assert_eq!(discussion.kind, Kind::Unreadable);
        assert!(has(&discussion, Code::NotUtf8) && discussion.has_errors());
        assert_eq!(from_file(&discussion, &|_| false), []);
    }
}

#[test]
fn damaged_line_ends_are_never_ready_by_accident() {
    let cr_only = read(EXAMPLE.replace('\n', "\r").as_bytes());
    assert_eq!(cr_only.kind, Kind::Other);
    assert!(cr_only.has_errors());
    let doubled = read(EXAMPLE.replace('\n', "\r\r\n").as_bytes());
    assert!(doubled.has_errors());
    assert!(
        from_file(&doubled, &|_| false)
            .iter()
            .all(|entry| entry.counted() != Some(Vote::Ready))
    );
}

#[test]
fn too_large_files_are_refused_and_read_all_the_same() {
    let fits = format!("{EXAMPLE}{}", " ".repeat(MAX_BYTES - EXAMPLE.len()));
    assert!(!has(&read(fits.as_bytes()), Code::TooLarge));
    let discussion = read(format!("{fits} ").as_bytes());
    assert!(has(&discussion, Code::TooLarge) && discussion.has_errors());
    assert_eq!(discussion.blocks.len(), 3);
}

#[test]
fn too_many_blocks_are_refused() {
    let of = |count: usize| {
        format!(
            "<!-- DISCUSSION -->\n{}",
            "---\n\nName: A\ntext\n\n".repeat(count)
        )
    };
    assert_eq!(read(of(MAX_BLOCKS).as_bytes()).problems, []);
    let discussion = read(of(MAX_BLOCKS + 1).as_bytes());
    assert!(has(&discussion, Code::TooManyBlocks) && discussion.has_errors());
}

#[test]
fn a_hundred_thousand_separators_are_read() {
    let discussion = read(
        format!(
            "<!-- DISCUSSION -->\nName: A\n{}",
            "\n---\n".repeat(100_000)
        )
        .as_bytes(),
    );
    assert_eq!(discussion.blocks.len(), 1);
}

/// Each of these makes a reader quadratic that looks ahead or back without bounds: that would take far too long here.
#[test]
fn bombs_are_read_in_linear_time() {
    const TIMES: usize = 50_000;
    let bombs = [
        ("separators", "---\n".to_owned(), ""),
        ("blocks", "---\nName: A\nx\n".to_owned(), ""),
        ("unclosed fences", "---\nName: A\n```\n".to_owned(), ""),
        (
            "unclosed fences with a language",
            "---\nName: A\n```a\n".to_owned(),
            "```\n",
        ),
        ("unclosed comments", "---\nName: A\n<!--\n".to_owned(), ""),
        (
            "unclosed raw elements",
            "---\nName: A\n<pre>\n".to_owned(),
            "    </pre>",
        ),
        ("one long line of brackets", "[".to_owned(), ""),
        ("one long line of links", "[a](".to_owned(), ""),
        ("titles", "[a](b \"".to_owned(), ""),
        ("emphasis", "*a_ ".to_owned(), ""),
        ("mentions in one line", "é @a ".to_owned(), ""),
        ("mentions in one word", "x,@a,".to_owned(), ""),
        ("backticks", "`` ` ".to_owned(), ""),
        ("open tags", "<a b=\"' ".to_owned(), ""),
        ("open tags in attributes", "<a b='<a b=\"".to_owned(), ""),
        ("half comments", "a <!-- ".to_owned(), ""),
        ("half comments, one a line", "a <!--\n".to_owned(), ""),
        ("quotes", "> ".to_owned(), "\n\n\nx"),
        ("list items", "- ".to_owned(), "x\n\n\n\n\n"),
        ("rules that are none", "- ".to_owned(), "\n"),
        ("questions with lists", "Q: x\n- a\n  b\n".to_owned(), ""),
        ("headers", "<!-- Title: x -->\n".to_owned(), ""),
        ("names", "Name: AI-Security\n".to_owned(), ""),
        ("definitions", "[a]: /u\n".to_owned(), ""),
        ("html", "<div>\n<!--\n\n".to_owned(), ""),
    ];
    for (what, piece, tail) in bombs {
        let text = format!(
            "<!-- DISCUSSION -->\nName: A\n\n{}{tail}\n",
            piece.repeat(TIMES)
        );
        let discussion = read(text.as_bytes());
        assert_eq!(discussion.kind, Kind::Discussion, "{what}");
    }
}

#[test]
fn many_different_names_and_keys_are_read_in_linear_time() {
    let mut text = String::from("<!-- DISCUSSION -->\n");
    for key in 0..50_000 {
        text.push_str(&format!("<!-- K{key}: x -->\n"));
    }
    for name in 0..50_000 {
        text.push_str(&format!("\n---\n\nName: N{name}\nQ: why?\n"));
    }
    let discussion = read(text.as_bytes());
    assert_eq!(
        (discussion.header.fields.len(), discussion.blocks.len()),
        (50_000, 50_000)
    );
}

#[test]
fn deep_lists_with_many_blank_lines_are_read_in_linear_time() {
    let deep = "- ".repeat(200_000);
    let blank = format!(
        "<!-- DISCUSSION -->\nName: A\n\n{deep}x\n{}",
        "\n".repeat(200_000)
    );
    read(blank.as_bytes());
    let indented = format!(
        "<!-- DISCUSSION -->\nName: A\n\n{deep}x\n{}y\n",
        " ".repeat(400_000)
    );
    read(indented.as_bytes());
}

#[test]
fn one_line_of_five_megabytes_is_read() {
    let text = format!(
        "<!-- DISCUSSION -->\nName: A\n{}\nVOTE: READY\n",
        "word @who ".repeat(500_000)
    );
    let discussion = read(text.as_bytes());
    assert_eq!(discussion.blocks[0].mentions.len(), 500_000);
    assert_eq!(
        discussion.blocks[0].mentions[499_999].column,
        499_999 * 10 + 6
    );
    assert!(has(&discussion, Code::TooLarge));
}
