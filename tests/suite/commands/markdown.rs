//! Text from outside is harmless in ours.

use discussions::bot::markdown::{
    cap, code, code_cell, inline, link, quote_markdown, quote_text, shorten,
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What GitHub would act on in a Markdown text: mentions, references, links (but to the test's own host), images, tags.
pub fn acted_on(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    let mut text = String::new();
    for event in Parser::new_ext(
        markdown,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    ) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { dest_url, .. })
                if !dest_url.starts_with("https://github.test/") =>
            {
                found.push(format!("link {dest_url}"));
            }
            Event::Start(Tag::Image { dest_url, .. }) => found.push(format!("image {dest_url}")),
            Event::Html(tag) | Event::InlineHtml(tag) => found.push(format!("tag {tag}")),
            Event::Text(part) if !in_code => text.push_str(&part),
            Event::Code(_) | Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    let chars: Vec<char> = text.chars().collect();
    for (at, pair) in chars.windows(2).enumerate() {
        let free = at == 0 || !(chars[at - 1].is_alphanumeric() || chars[at - 1] == '`');
        if pair[0] == '@' && pair[1].is_ascii_alphanumeric() && free {
            found.push(format!(
                "mention {}",
                chars[at..].iter().take(12).collect::<String>()
            ));
        }
        if pair[0] == '#' && pair[1].is_ascii_digit() {
            found.push("reference".to_owned());
        }
    }
    for bare in ["https://", "http://", "www."] {
        if text.to_ascii_lowercase().contains(bare) {
            found.push(format!("bare link {bare}"));
        }
    }
    found
}

/// No line starts a command, nothing is acted on.
pub fn assert_harmless(markdown: &str) {
    assert_eq!(acted_on(markdown), Vec::<String>::new(), "in:\n{markdown}");
    for line in markdown.lines() {
        assert!(
            !line.trim_start().starts_with('/'),
            "a command line: {line}"
        );
    }
}

/// The text a reader sees.
fn shown(markdown: &str) -> String {
    let mut text = String::new();
    for event in Parser::new_ext(
        markdown,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    ) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            _ => {}
        }
    }
    text.replace('\u{200b}', "")
}

#[test]
fn ordinary_text_reads_as_it_was_written() {
    for text in [
        "Cache for API responses",
        "a*b_c[d]`e`|f~g$h\\i",
        "<script>alert(1)</script> & co",
        "@ann and user@example.org see #12, GH-7",
        "https://example.org/a//b www.example.org",
        "- not a list",
        "+ nor this",
        "=== nor a heading",
    ] {
        assert_eq!(shown(&format!("x {}", inline(text))), format!("x {text}"));
        assert_eq!(shown(&inline(text)), text);
        assert_harmless(&inline(text));
    }
}

#[test]
fn lines_controls_and_direction_marks_do_not_get_through() {
    assert_eq!(
        inline("a\r\n\nb\tc\u{7}\u{202e}d\u{2066}\u{e0041}e\u{200b}f\u{feff}"),
        "a b c def"
    );
    assert_eq!(inline("one\u{2028}two\u{85}three"), "one two three");
    assert_eq!(inline("👩‍👩‍👧"), "👩‍👩‍👧");
}

#[test]
fn code_marks_hold_whatever_is_inside() {
    for text in [
        "/discuss vote ready",
        "a`b",
        "``",
        "`",
        "`x`",
        "a|b",
        "@ann",
        "<b>",
        "\\",
    ] {
        let marked = format!("see {} there", code(text));
        assert_eq!(shown(&marked), format!("see {text} there"));
        assert_harmless(&marked);
    }
    assert_eq!(code(""), "` `");
}

#[test]
fn a_bar_does_not_end_a_table_cell() {
    for text in ["a|b", "a\\|b", "`|`", "|", "\\"] {
        for cell in [code_cell(text), inline(text)] {
            let table = format!("| h | i |\n|---|---|\n| {cell} | end |\n");
            let cells = Parser::new_ext(&table, Options::ENABLE_TABLES)
                .filter(|e| matches!(e, Event::End(TagEnd::TableCell)))
                .count();
            assert_eq!(cells, 4, "{table}");
            assert!(shown(&table).contains("end"), "{table}");
        }
    }
}

#[test]
fn links_go_only_where_they_can_end_well() {
    assert_eq!(
        link("a", Some("https://github.test/x#L1")),
        "[a](https://github.test/x#L1)"
    );
    for address in [
        "javascript:alert(1)",
        "https://x.test/)[b](c",
        "https://x.test/a b",
        "",
        "https://x.test/<",
        "//x",
    ] {
        assert_eq!(link("a", Some(address)), "a", "{address}");
    }
    assert_eq!(link("a]", None), "a\\]");
}

#[test]
fn quotes_keep_everything_inside() {
    let hostile = "@ann\n```\nunclosed <details>\n/discuss vote ready\n---\n# x ![i](https://evil.test/a.png) #12";
    let markdown = format!("{}\n\nafter", quote_markdown(hostile, 1_000));
    assert!(
        markdown.lines().take(6).all(|line| line.starts_with('>')),
        "{markdown}"
    );
    let mut depth = 0;
    let mut after_depth = None;
    for event in Parser::new(&markdown) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_)) => depth -= 1,
            Event::Text(text) if &*text == "after" => after_depth = Some(depth),
            _ => {}
        }
    }
    assert_eq!(after_depth, Some(0));
    assert!(discussions::bot::command::command_lines(&markdown).is_empty());
    assert_harmless(&quote_text(hostile, 1_000));
}

#[test]
fn cuts_end_between_characters_and_say_so() {
    assert_eq!(shorten("abc", 3), "abc");
    assert_eq!(shorten("abcd", 3), "ab…");
    let crabs = "🦀".repeat(100);
    for limit in 0..=401 {
        let cut = cap(crabs.clone(), limit);
        assert!(
            cut.len() <= limit || (limit >= 400 && cut == crabs),
            "{limit}: {}",
            cut.len()
        );
    }
    assert_eq!(cap(crabs.clone(), 400), crabs);
    assert!(cap(crabs, 399).contains("Cut here"));
    let lines = "line\n".repeat(100);
    assert!(cap(lines, 200).contains("line\n\n_Cut here"));
}

proptest! {
    #[test]
    fn no_text_gets_out_of_a_line(text in "([@#<>|`*_\\[\\]()!$~\\\\:/.\n-]|www|GH-|ann|1|\\p{Any}){0,60}") {
        let line = inline(&text);
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(acted_on(&format!("x {line}")), Vec::<String>::new());
        let table = format!("| h | i |\n|---|---|\n| {line} | {} |\n", code_cell(&text));
        let rows = Parser::new_ext(&table, Options::ENABLE_TABLES)
            .filter(|e| matches!(e, Event::End(TagEnd::TableRow | TagEnd::TableHead)))
            .count();
        prop_assert_eq!(rows, 2, "{}", table);
    }

    #[test]
    fn no_cut_is_too_long(text in "\\p{Any}{0,300}", limit in 0_usize..400) {
        let cut = cap(text.clone(), limit);
        prop_assert!(cut.len() <= limit);
        prop_assert!(text.len() > limit || cut == text);
    }
}

#[test]
fn a_cut_through_code_leaves_nothing_of_it_that_acts() {
    for marks in ["`", "\\\\`", "\\\\\\\\``", "\\``", "`x` \\\\`"] {
        let open = format!("Read {marks}[x](https://evil.example) @ann and");
        let text = format!("{open} more words`` than` fit");
        let quoted = quote_markdown(&text, open.chars().count());
        assert!(quoted.starts_with("> Read"), "{quoted}");
        assert_harmless(&quoted);
    }
    // A mark that is escaped opens nothing.
    for marks in ["\\`", "\\\\\\`"] {
        let quoted = quote_markdown(&format!("Read {marks}a b c d e f g"), 16);
        assert!(quoted.contains("a b"), "{quoted}");
    }
}
