//! The subject: what changes it and what does not, and how changes are called.

use super::values::{block, discussion};
use discussions::engine::discussion::Discussion;
use discussions::engine::edit::{append, set_header};
use discussions::engine::subject::{Subject, changed_sections, proposal};
use proptest::prelude::*;

const HEAD: &str = "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n<!-- Phase: review -->\n\
                    <!-- Template: feature -->\n<!-- Participants: architect, security -->\n";
const BODY: &str = include_str!("../../fixtures/decide/proposal.md");
const BLOCK: &str = "Name: AI-Security\n\nFine.\n\nVOTE: READY";

fn subject(source: &str) -> Subject {
    Subject::of(&discussion(source), None)
}

/// The file after our append, and the two ends that a caller may have recorded: separator and name line.
fn appended(source: &str) -> (Discussion, Vec<usize>) {
    let text = append(&discussion(source), &[BLOCK.to_owned()]).unwrap();
    let name = text.rfind("Name: AI-Security").unwrap();
    let separator = text[..name].rfind("---").unwrap();
    let mut file = discussion(&text);
    file.blocks.push(block(1, "security", name..text.len() - 1));
    (file, vec![separator, name])
}

#[test]
fn our_first_append_changes_nothing_whatever_the_end_of_the_file() {
    for end in [
        "",
        "\n",
        "text",
        "text\n",
        "text\n\n\n",
        "text  \n",
        "text\n\n---",
        "text\n\n---\n",
        "text\n\n---\n\n",
        "text\n\n---\n\n---\n",
        "text\n---\n",
        "text\n---",
        "- item\n\n---\n",
        "> quote\n",
        "    code\n",
        "---\n",
        "***\n",
        "text\n\n----\n",
    ] {
        for newline in ["\n", "\r\n"] {
            let source = format!("{HEAD}\n{end}").replace('\n', newline);
            let before = subject(&source);
            let (file, ends) = appended(&source);
            for at in ends {
                assert_eq!(Subject::of(&file, Some(at)), before, "{source:?} at {at}");
            }
        }
    }
}

#[test]
fn later_blocks_and_phase_status_or_id_change_nothing() {
    let source = format!("{HEAD}\n{BODY}");
    let before = subject(&source);
    for (key, value) in [("Phase", "decide"), ("Status", "CLOSED"), ("Id", "0af1")] {
        let edited = set_header(&discussion(&source), key, value).unwrap();
        assert_eq!(subject(&edited), before, "{key}");
    }
    let (file, ends) = appended(&source);
    let more = append(&file, &["Name: rob\n\nLater.".to_owned()]).unwrap();
    assert_eq!(Subject::of(&discussion(&more), Some(ends[1])), before);
}

#[test]
fn line_ends_byte_order_mark_and_trailing_blanks_change_nothing() {
    let source = format!("{HEAD}\n{BODY}");
    let before = subject(&source);
    let crlf = source.replace('\n', "\r\n");
    assert_eq!(subject(&crlf), before);
    assert_eq!(subject(&format!("\u{feff}{source}")), before);
    assert_eq!(subject(&format!("\u{feff}{crlf}\r\n\r\n")), before);
    assert_eq!(
        subject(&source.replace("## Context\n", "## Context  \t\n")),
        before
    );
    assert_eq!(subject(source.trim_end()), before);
}

#[test]
fn what_is_decided_changes_it() {
    let source = format!("{HEAD}\n{BODY}");
    let mut seen = std::collections::BTreeSet::from([subject(&source)]);
    for (from, to) in [
        ("Title: Cache", "Title: Cash"),
        ("Template: feature", "Template: review"),
        ("architect, security", "architect"),
        ("Support configurable TTL", "Support fixed TTL"),
        ("## Context", "# Context"),
        ("- [ ] Invalidate", "- [x] Invalidate"),
        ("\n\n## Requirements", "\n## Requirements"),
    ] {
        let edited = source.replacen(from, to, 1);
        assert_ne!(edited, source);
        assert!(seen.insert(subject(&edited)), "{to} changes nothing");
    }
}

#[test]
fn fields_cannot_run_into_each_other() {
    let file = |title: &str, template: &str| {
        subject(&format!(
            "<!-- DISCUSSION -->\n<!-- Title: {title} -->\n<!-- Template: {template} -->\ntext\n"
        ))
    };
    assert_ne!(file("ab", "c"), file("a", "bc"));
    let untitled = subject("<!-- DISCUSSION -->\n<!-- Template: x -->\ntext\n");
    let untyped = subject("<!-- DISCUSSION -->\n<!-- Title: x -->\ntext\n");
    assert_ne!(untitled, untyped);
}

/// Old votes are bound to this number: whoever changes it makes every recorded vote stale.
#[test]
fn the_hash_is_the_one_that_votes_were_bound_to() {
    let subject = subject("<!-- DISCUSSION -->\n<!-- Title: Cache -->\n\n# Cache\n");
    // SHA-256 over `discussions/subject@1`, `Cache`, ``, `` and `\n# Cache`, each behind its length in eight bytes.
    let expected = "2c0a0a7285ba2db8458218f80d045d99a98ea6d909819d1f0daaead6802969b4";
    assert_eq!(subject.to_string(), expected);
    assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
    assert_eq!(
        Subject::parse(&subject.to_string().to_uppercase()),
        Some(subject)
    );
    assert_eq!(subject.short(), subject.to_string()[..8]);
    for text in [
        "",
        "12",
        "zz",
        &subject.to_string()[1..],
        &format!("{subject}00"),
    ] {
        assert_eq!(Subject::parse(text), None);
    }
}

#[test]
fn the_proposal_is_shown_with_its_header_fields() {
    let source = "\u{feff}<!-- DISCUSSION -->\r\n<!-- Title: Cache -->\r\n\r\n# Cache  \r\n\r\ntext\r\n\r\n---\r\n";
    assert_eq!(
        proposal(&discussion(source), None),
        "Title: Cache\nTemplate:\nParticipants:\n\n\n# Cache\n\ntext"
    );
}

#[test]
fn an_end_outside_of_the_file_is_its_end() {
    let file = discussion(HEAD);
    assert_eq!(
        Subject::of(&file, Some(usize::MAX)),
        Subject::of(&file, None)
    );
    assert_eq!(
        Subject::of(&file, Some(3)),
        Subject::of(&discussion(HEAD), Some(3))
    );
}

fn changes(from: &str, to: &str) -> Vec<String> {
    let source = format!("{HEAD}\n{BODY}");
    let edited = source.replacen(from, to, 1);
    assert_ne!(source, edited, "{from}");
    let text = |source: &str| proposal(&discussion(source), None);
    changed_sections(&text(&source), &text(&edited))
}

#[test]
fn changes_are_called_by_their_heading() {
    assert_eq!(
        changes("Support configurable", "Support fixed"),
        ["Requirements"]
    );
    assert_eq!(changes("Title: Cache", "Title: Cash"), ["Title"]);
    assert_eq!(
        changes("architect, security", "architect"),
        ["Participants"]
    );
    assert_eq!(
        changes("## Constraints\n", "## Limits\n"),
        ["Limits", "Constraints"]
    );
    assert_eq!(
        changes("\n# Example", "Hello.\n\n# Example"),
        ["the introduction"]
    );
    assert_eq!(
        changes("## Constraints\n", "## Budget\n\nNone.\n\n## Constraints\n"),
        ["Budget"]
    );
    let fenced = "## Constraints\n\n```\n## Not a heading\n```\n";
    assert_eq!(changes("## Constraints\n", fenced), ["Constraints"]);
}

#[test]
fn equal_texts_have_no_changes_and_moved_sections_are_said() {
    let text = |body: &str| proposal(&discussion(&format!("{HEAD}\n{body}")), None);
    let (a, b) = ("## A\n\nx\n\n## B\n\ny\n", "## B\n\ny\n\n## A\n\nx\n");
    assert!(changed_sections(&text(a), &text(a)).is_empty());
    assert_eq!(
        changed_sections(&text(a), &text(b)),
        ["the order of the sections"]
    );
}

#[test]
fn long_and_empty_headings_are_named_briefly() {
    let text = |body: &str| proposal(&discussion(&format!("{HEAD}\n{body}")), None);
    let long = format!("## {}\n\nx\n", "word ".repeat(40));
    let [name] = &changed_sections(&text(""), &text(&long))[..] else {
        panic!("one change expected");
    };
    assert!(name.chars().count() <= 61 && name.ends_with('…'));
    assert_eq!(
        changed_sections(&text(""), &text("##\n\nx\n")),
        ["a section without a name"]
    );
}

proptest! {
    #[test]
    fn appends_never_change_the_subject(body in "([a-z #>*-]{0,8}(\n|\r\n|\n\n|\n---\n|\n\n---\n)){0,8}") {
        let source = format!("{HEAD}{body}");
        let before = subject(&source);
        let (file, ends) = appended(&source);
        for at in ends {
            prop_assert_eq!(Subject::of(&file, Some(at)), before);
        }
    }

    #[test]
    fn conversion_of_line_ends_never_changes_it(body in "([a-zäß #-]{0,8}\n){0,8}") {
        let source = format!("{HEAD}{body}");
        prop_assert_eq!(subject(&source.replace('\n', "\r\n")), subject(&source));
    }

    #[test]
    fn one_letter_more_changes_it(words in "[a-z]{1,20}", at in 0_usize..20) {
        let source = format!("{HEAD}\n{words}\n");
        let at = source.len() - 1 - at.min(words.len());
        let mut edited = source.clone();
        edited.insert(at, 'x');
        prop_assert_ne!(subject(&edited), subject(&source));
    }

    #[test]
    fn naming_changes_never_breaks(older in "\\PC{0,80}", newer in "\\PC{0,80}") {
        let _ = changed_sections(&older, &newer);
    }
}
