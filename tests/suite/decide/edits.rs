//! The two edits: every byte that is not asked for stays.

use super::values::discussion;
use discussions::engine::edit::{EditError, append, set_header};
use discussions::engine::subject::Subject;
use proptest::prelude::*;

const HEAD: &str = "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n<!-- Phase: review -->\n";
const BLOCK: &str = "Name: AI-Security\n\nFine.\n\nVOTE: READY";

fn appended(source: &str) -> String {
    append(&discussion(source), &[BLOCK.to_owned()]).unwrap()
}

#[test]
fn what_stands_between_the_file_and_the_block_depends_on_its_end() {
    // (end of the file, what comes between it and the block)
    for (end, between) in [
        ("text\n", "\n---\n\n"),
        ("text", "\n\n---\n\n"),
        ("text\n\n", "---\n\n"),
        ("text\n\n\n\n", "---\n\n"),
        ("text\n   \n", "---\n\n"),
        ("text  ", "\n\n---\n\n"),
        // A separator is there already.
        ("text\n\n---\n", "\n"),
        ("text\n\n---", "\n\n"),
        ("text\n\n---\n\n", ""),
        ("text\n\n---\n\n\n", ""),
        ("text\n\n  --- \t\n", "\n"),
        // Under paragraph text three hyphens make a heading, no separator.
        ("text\n---\n", "\n---\n\n"),
        ("text\n\n----\n", "\n---\n\n"),
        ("text\n\n    ---\n", "\n---\n\n"),
        ("text\n\n- - -\n", "\n---\n\n"),
        ("", "\n---\n\n"),
        ("---\n", "\n"),
    ] {
        let source = format!("{HEAD}{end}");
        assert_eq!(
            appended(&source),
            format!("{source}{between}{BLOCK}\n"),
            "{end:?}"
        );
    }
}

#[test]
fn the_files_own_line_ends_and_byte_order_mark_are_kept() {
    let source = format!("\u{feff}{HEAD}text\n").replace('\n', "\r\n");
    let block = BLOCK.replace('\n', "\r\n");
    assert_eq!(
        appended(&source),
        format!("{source}\r\n---\r\n\r\n{block}\r\n")
    );
    let unended = source.trim_end();
    assert_eq!(
        appended(unended),
        format!("{unended}\r\n\r\n---\r\n\r\n{block}\r\n")
    );
}

#[test]
fn mixed_line_ends_take_that_of_line_one() {
    let source = "<!-- DISCUSSION -->\r\n<!-- Title: x -->\ntext\n";
    let block = BLOCK.replace('\n', "\r\n");
    assert_eq!(
        appended(source),
        format!("{source}\r\n---\r\n\r\n{block}\r\n")
    );
}

#[test]
fn several_blocks_stand_apart() {
    let source = format!("{HEAD}text\n\n---\n");
    let blocks = ["Name: A\n\nx".to_owned(), "Name: B\n\ny".to_owned()];
    assert_eq!(
        append(&discussion(&source), &blocks).unwrap(),
        format!("{source}\nName: A\n\nx\n\n---\n\nName: B\n\ny\n")
    );
}

#[test]
fn the_users_example_keeps_every_byte() {
    let source = format!(
        "{HEAD}{}",
        include_str!("../../fixtures/decide/proposal.md")
    );
    assert_eq!(append(&discussion(&source), &[]).unwrap(), source);
    assert!(appended(&source).starts_with(&source));
}

#[test]
fn a_file_that_would_swallow_the_block_is_refused() {
    for (open, line, what) in [
        ("```\nopen\n", 4, "a code fence"),
        ("<!-- open\n", 4, "an HTML comment"),
        ("<pre>\nopen\n", 4, "a raw HTML block"),
    ] {
        let file = discussion(&format!("{HEAD}{open}"));
        let error = append(&file, &[BLOCK.to_owned()]).unwrap_err();
        assert_eq!(error, EditError::Unclosed { line, what });
        assert!(
            error
                .to_string()
                .starts_with(&format!("line {line}: {what} is never closed"))
        );
    }
}

#[test]
fn only_discussions_are_edited() {
    let file = discussion("# Notes\n");
    assert_eq!(append(&file, &[]), Err(EditError::NotADiscussion));
    assert_eq!(
        set_header(&file, "Phase", "x"),
        Err(EditError::NotADiscussion)
    );
}

#[test]
fn a_header_value_changes_in_place() {
    for (line, changed) in [
        ("<!-- Phase: review -->", "<!-- Phase: decide -->"),
        ("<!--phase:review-->", "<!--phase:decide-->"),
        (
            "   <!--  PHASE :  review   -->  ",
            "   <!--  PHASE :  decide   -->  ",
        ),
    ] {
        let source =
            |line: &str| format!("<!-- DISCUSSION -->\r\n{line}\r\n<!-- Odd: 1 -->\r\n\r\ntext");
        let edited = set_header(&discussion(&source(line)), "phase", " decide ").unwrap();
        assert_eq!(edited, source(changed));
    }
}

#[test]
fn the_first_of_a_doubled_key_is_the_one_that_changes() {
    let source = "<!-- DISCUSSION -->\n<!-- Status: OPEN -->\n<!-- Status: CLOSED -->\n";
    assert_eq!(
        set_header(&discussion(source), "Status", "READY_FOR_DESIGN").unwrap(),
        "<!-- DISCUSSION -->\n<!-- Status: READY_FOR_DESIGN -->\n<!-- Status: CLOSED -->\n"
    );
}

#[test]
fn a_missing_key_comes_after_the_last_header_line() {
    let edited = set_header(&discussion(&format!("{HEAD}\ntext")), "status", "OPEN").unwrap();
    assert_eq!(edited, format!("{HEAD}<!-- Status: OPEN -->\n\ntext"));
    let edited = set_header(&discussion("<!-- DISCUSSION -->"), "Id", "0af1").unwrap();
    assert_eq!(edited, "<!-- DISCUSSION -->\n<!-- Id: 0af1 -->\n");
    let crlf = set_header(&discussion("<!-- DISCUSSION -->\r\ntext\r\n"), "Id", "0af1").unwrap();
    assert_eq!(crlf, "<!-- DISCUSSION -->\r\n<!-- Id: 0af1 -->\r\ntext\r\n");
}

#[test]
fn other_keys_and_values_that_break_out_are_refused() {
    let file = discussion(HEAD);
    for key in ["Title", "Participants", "", "Phase\n"] {
        assert!(matches!(
            set_header(&file, key, "x"),
            Err(EditError::KeyNotSettable { .. })
        ));
    }
    let long = "x".repeat(201);
    for value in [
        "", "  ", "a --> b", "a\nb", "<b>", "a--b", "a-", "a\u{0}", &long,
    ] {
        assert!(
            matches!(
                set_header(&file, "Phase", value),
                Err(EditError::BadValue { .. })
            ),
            "{value:?}"
        );
    }
}

proptest! {
    #[test]
    fn append_adds_one_block_and_changes_nothing_above(
        body in "(([a-z #>*`~|<!-]{0,8}|Name: rob|VOTE: READY|---|```|~~~|<pre>|- a|> b)(\n|\r\n|\n\n)){0,9}",
    ) {
        let source = format!("{HEAD}{body}");
        let before = discussion(&source);
        match append(&before, &[BLOCK.to_owned()]) {
            Ok(text) => {
                prop_assert!(text.starts_with(&source));
                let after = discussion(&text);
                prop_assert_eq!(after.blocks.len(), before.blocks.len() + 1, "{}", text);
                for (old, new) in before.blocks.iter().zip(&after.blocks) {
                    prop_assert_eq!(old.canonical(&source), new.canonical(&text));
                }
                let last = after.blocks.last().unwrap();
                prop_assert_eq!(last.canonical(&text), BLOCK);
                let ends = [last.span.start, last.separator.clone().unwrap().start];
                for end in ends {
                    prop_assert_eq!(Subject::of(&after, Some(end)), Subject::of(&before, None), "{}", text);
                }
            }
            Err(error) => prop_assert!(before.has_errors(), "{}", error),
        }
    }

    #[test]
    fn a_header_edit_changes_one_line(body in "\\PC{0,60}", value in "[A-Za-z_]{1,20}") {
        let source = format!("{HEAD}\n{body}");
        let after = set_header(&discussion(&source), "Phase", &value).unwrap();
        let phase = format!("<!-- Phase: {value} -->");
        prop_assert_eq!(after, source.replacen("<!-- Phase: review -->", &phase, 1));
    }
}
