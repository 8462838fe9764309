//! Cases in text files: what is written, and what it comes to.

use discussions::engine::discussion::{Discussion, Kind};
use discussions::engine::ledger::Ledger;
use discussions::engine::marker::BlockVote;
use discussions::engine::problem::{Code, Problem};
use discussions::engine::vote::from_file;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Codes that no file alone can raise; who raises each stands in the comment.
const RAISED_ELSEWHERE: [Code; 12] = [
    Code::NotAFile,           // what is read from the forge or the disk
    Code::TooLarge,           // the parser: a case would be a megabyte (see hostile.rs)
    Code::TooManyBlocks,      // the parser: a case would be 501 blocks (see hostile.rs)
    Code::HeaderEdited,       // the gate, which has the record
    Code::UnknownParticipant, // whoever has the personas
    Code::NoParticipants,     // whoever has the configuration
    Code::UnknownTemplate,    // whoever has the templates
    Code::UnknownPhase,       // whoever has the templates
    Code::DuplicateId,        // whoever reads several files
    Code::MissingMarker,      // the gate, which knows the names that promise a discussion
    Code::ParticipantRemoved, // the gate, which has the record
    Code::VetoNotOnPanel,     // the gate, which has the configuration
];

struct Case {
    title: String,
    file: Vec<u8>,
    expected: String,
}

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/discussions")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn cases(name: &str) -> Vec<Case> {
    let text = format!("\n{}", fixture(name));
    let mut cases = Vec::new();
    for part in text.split("\n## ").skip(1) {
        let (title, rest) = part.split_once('\n').unwrap();
        let (file, expected) = rest
            .split_once("=>\n")
            .unwrap_or_else(|| panic!("no => in {title}"));
        cases.push(Case {
            title: title.to_owned(),
            file: unescape(file),
            expected: expected.trim_end().to_owned(),
        });
    }
    cases
}

/// Replaces the escapes that the head of a case file explains.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let taken = match escape.as_bytes()[0] {
            b't' => push(&mut bytes, b"\t", 1),
            b'r' => push(&mut bytes, b"\r", 1),
            b's' => push(&mut bytes, b" ", 1),
            b'\\' => push(&mut bytes, b"\\", 1),
            b'z' => 2,
            b'x' => push(
                &mut bytes,
                &[u8::from_str_radix(&escape[1..3], 16).unwrap()],
                3,
            ),
            b'u' => {
                let (hex, _) = escape[2..].split_once('}').unwrap();
                let c = char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
                push(&mut bytes, c.to_string().as_bytes(), hex.len() + 3)
            }
            other => panic!("no such escape: \\{}", char::from(other)),
        };
        rest = &escape[taken..];
    }
    bytes.extend(rest.bytes());
    bytes
}

fn push(bytes: &mut Vec<u8>, what: &[u8], taken: usize) -> usize {
    bytes.extend(what);
    taken
}

/// All problems of a file, the ledger's included.
fn all_problems(discussion: &Discussion) -> Vec<Problem> {
    let mut problems = discussion.problems.clone();
    problems.extend(Ledger::of(discussion, &|_| true).1);
    problems
}

/// What a file comes to, one fact a line.
fn outcome(discussion: &Discussion) -> String {
    let mut text = String::new();
    match discussion.kind {
        Kind::Discussion => {}
        Kind::Other => text.push_str("no discussion\n"),
        Kind::Unreadable => text.push_str("unreadable\n"),
    }
    for field in &discussion.header.fields {
        writeln!(text, "header {}: {}", field.key, field.value).unwrap();
    }
    if discussion.header.field("Participants").is_some() {
        writeln!(text, "participants {:?}", discussion.header.participants()).unwrap();
    }
    for block in &discussion.blocks {
        let last = discussion.line_of(block.span.end - 1);
        writeln!(
            text,
            "block {}, lines {}-{last}",
            plain(block.author.label()),
            block.line
        )
        .unwrap();
        for marker in &block.markers {
            let items = if marker.items.is_empty() {
                String::new()
            } else {
                format!(" {:?}", marker.items)
            };
            writeln!(
                text,
                "  {:?} {}:{} {}{items}",
                marker.word, marker.line, marker.column, marker.text
            )
            .unwrap();
        }
        for mention in &block.mentions {
            writeln!(
                text,
                "  @{} {}:{}",
                mention.token, mention.line, mention.column
            )
            .unwrap();
        }
        match &block.vote {
            Some(BlockVote::Clear { vote, line }) => {
                writeln!(text, "  vote {} line {line}", vote.as_str()).unwrap()
            }
            Some(BlockVote::Unclear { line, .. }) => {
                writeln!(text, "  vote unclear line {line}").unwrap()
            }
            None => {}
        }
    }
    for entry in from_file(discussion, &|_| false) {
        let vote = entry.counted().map_or("none", |vote| vote.as_str());
        writeln!(
            text,
            "{} ({:?}) votes {vote}",
            plain(&entry.participant),
            entry.kind
        )
        .unwrap();
    }
    for item in Ledger::of(discussion, &|_| true).0.all() {
        let assignee = item
            .assignee
            .as_deref()
            .map(|who| format!(" @{who}"))
            .unwrap_or_default();
        writeln!(
            text,
            "{} {}{assignee}: {}",
            item.id.as_deref().unwrap_or("-"),
            item.state.as_str(),
            item.text
        )
        .unwrap();
    }
    for range in &discussion.opaque {
        writeln!(
            text,
            "opaque {}-{}",
            discussion.line_of(range.start),
            discussion.line_of(range.end - 1)
        )
        .unwrap();
    }
    for problem in all_problems(discussion) {
        let row = problem.code.row();
        writeln!(
            text,
            "{} {} {}:{}",
            row.severity.as_str(),
            row.name,
            problem.line,
            problem.column
        )
        .unwrap();
    }
    text.trim_end().to_owned()
}

/// The text with characters that could mislead a reader of the cases escaped.
fn plain(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii() || (c.is_lowercase() && c.is_alphanumeric() && c < '\u{100}');
    text.chars()
        .map(|c| {
            if is_plain(c) {
                c.to_string()
            } else {
                c.escape_unicode().to_string()
            }
        })
        .collect()
}

fn check(name: &str) {
    let mut wrong = String::new();
    for case in cases(name) {
        let got = outcome(&Discussion::parse(&case.file));
        if got != case.expected {
            writeln!(
                wrong,
                "## {}\nexpected:\n{}\ngot:\n{got}\n",
                case.title, case.expected
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn tricky_inputs_come_to_what_the_format_says() {
    check("probes.txt");
    let numbers: BTreeSet<u32> = cases("probes.txt")
        .iter()
        .map(|case| case.title.split_once(' ').unwrap().0.parse().unwrap())
        .collect();
    assert_eq!(numbers, (1..=44).collect());
}

#[test]
fn problems_are_reported_at_their_place() {
    check("problems.txt");
}

#[test]
fn every_code_has_a_case_or_is_raised_elsewhere() {
    let mut raised = BTreeSet::new();
    for case in cases("probes.txt").into_iter().chain(cases("problems.txt")) {
        raised.extend(
            all_problems(&Discussion::parse(&case.file))
                .iter()
                .map(|problem| problem.code),
        );
    }
    let elsewhere = BTreeSet::from(RAISED_ELSEWHERE);
    let both: Vec<_> = raised.intersection(&elsewhere).collect();
    assert!(
        both.is_empty(),
        "on the list of others, but a case raises them: {both:?}"
    );
    let missing: Vec<_> = Code::ALL
        .iter()
        .filter(|code| !raised.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case raises: {missing:?}");
}

#[test]
fn codes_are_kebab_case_with_meaning_and_hint_and_found_by_name() {
    for &code in Code::ALL {
        let row = code.row();
        assert!(
            row.name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            row.name
        );
        assert!(
            row.meaning.ends_with('.') && row.hint.ends_with('.'),
            "{}",
            row.name
        );
        assert_eq!(Code::from_name(row.name), Some(code));
    }
    assert_eq!(Code::from_name("no-such-code"), None);
}
