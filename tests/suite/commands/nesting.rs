//! A command that stands inside something else is none, however the wrappings are nested.

use discussions::bot::command::command_lines;
use proptest::prelude::*;

/// What a text is put into.
#[derive(Debug, Clone, Copy)]
enum Wrap {
    // Nothing in these is a command.
    Fence(usize, char),
    Indented(bool),
    Quote,
    Comment,
    Raw(&'static str),
    Code(usize),
    Link,
    Tag(&'static str),
    // These change nothing: they only make it harder to see.
    Item(char),
    Text,
    Heading,
    Details,
}

impl Wrap {
    fn is_opaque(self) -> bool {
        !matches!(
            self,
            Self::Item(_) | Self::Text | Self::Heading | Self::Details
        )
    }

    /// Whether it holds text of one paragraph only.
    fn is_inline(self) -> bool {
        matches!(self, Self::Code(_) | Self::Link | Self::Tag(_))
    }

    fn around(self, text: &str) -> String {
        let each = |first: &str, rest: &str| -> String {
            let lines = text.lines().enumerate();
            let lines = lines.map(|(n, line)| {
                let prefix = if n == 0 { first } else { rest };
                format!("{prefix}{line}\n")
            });
            lines.collect()
        };
        match self {
            // Longer than any fence inside.
            Self::Fence(length, mark) => {
                let longest = text.split(|c| c != mark).map(str::len).max().unwrap_or(0);
                let fence = mark.to_string().repeat(length.max(longest + 1));
                format!("{fence}\n{text}\n{fence}\n")
            }
            Self::Indented(tab) => {
                let by = if tab { "\t" } else { "    " };
                format!("above\n\n{}\n", each(by, by))
            }
            Self::Quote => each("> ", "> "),
            Self::Comment => format!("<!--\n{}\n-->\n", text.replace("-->", "--")),
            Self::Raw(tag) => {
                let end = format!("</{tag}>");
                format!("<{tag}>\n{}\n{end}\n", text.replace(&end, ""))
            }
            Self::Code(ticks) => {
                let ticks = "`".repeat(ticks);
                format!("see {ticks}\n{text}\n{ticks} there\n")
            }
            Self::Link => format!("[see\n{text}\nthere](https://example.org)\n"),
            Self::Tag(tag) => format!("see <{tag}>\n{text}\n</{tag}> there\n"),
            Self::Item(mark) => each(&format!("{mark} "), "  "),
            Self::Text => format!("Some words.\n\n{text}\n\nMore words.\n"),
            Self::Heading => format!("# Title\n\n{text}\n"),
            Self::Details => {
                format!("<details>\n<summary>More</summary>\n\n{text}\n\n</details>\n")
            }
        }
    }
}

fn wrap() -> impl Strategy<Value = Wrap> {
    prop_oneof![
        (3_usize..6, prop_oneof![Just('`'), Just('~')]).prop_map(|(n, mark)| Wrap::Fence(n, mark)),
        any::<bool>().prop_map(Wrap::Indented),
        Just(Wrap::Quote),
        Just(Wrap::Comment),
        prop_oneof![Just("pre"), Just("script"), Just("style"), Just("textarea")]
            .prop_map(Wrap::Raw),
        prop_oneof![Just('-'), Just('*'), Just('+')].prop_map(Wrap::Item),
        Just(Wrap::Text),
        Just(Wrap::Heading),
        Just(Wrap::Details),
    ]
}

/// What may stand around the line itself.
fn innermost() -> impl Strategy<Value = Option<Wrap>> {
    prop_oneof![
        Just(None),
        (1_usize..3).prop_map(|ticks| Some(Wrap::Code(ticks))),
        Just(Some(Wrap::Link)),
        prop_oneof![Just("span"), Just("kbd"), Just("a href=\"x\"")]
            .prop_map(|tag| Some(Wrap::Tag(tag))),
    ]
}

/// Lines that are commands where they stand in plain text.
const LINES: &[&str] = &[
    "/discuss",
    "/discuss vote ready",
    "/discuss security what about tenants?",
    "  /DISCUSS drop design/cache.md: gone",
];

#[test]
fn each_wrapping_alone_hides_a_command_or_does_not() {
    for (wrap, expected) in [
        (Wrap::Fence(3, '`'), 0),
        (Wrap::Fence(4, '~'), 0),
        (Wrap::Indented(false), 0),
        (Wrap::Indented(true), 0),
        (Wrap::Quote, 0),
        (Wrap::Comment, 0),
        (Wrap::Raw("pre"), 0),
        (Wrap::Code(1), 0),
        (Wrap::Link, 0),
        (Wrap::Tag("kbd"), 0),
        (Wrap::Text, 1),
        (Wrap::Heading, 1),
        (Wrap::Details, 1),
    ] {
        let body = wrap.around("/discuss vote ready");
        assert_eq!(command_lines(&body).len(), expected, "{wrap:?}: {body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_command_inside_any_nesting_of_code_quote_comment_and_link_never_fires(
        line in prop::sample::select(LINES),
        inner in innermost(),
        wraps in prop::collection::vec(wrap(), 1..5),
    ) {
        let opaque = inner.is_some_and(Wrap::is_opaque) || wraps.iter().any(|wrap| wrap.is_opaque());
        prop_assume!(opaque);
        let inner = inner.filter(|wrap| wrap.is_inline());
        let mut body = inner.map_or(line.to_owned(), |wrap| wrap.around(line));
        for wrap in &wraps {
            body = wrap.around(body.trim_end_matches('\n'));
        }
        let found = command_lines(&body);
        prop_assert!(found.is_empty(), "{:?}\n{}", found, body);
    }

    #[test]
    fn a_command_in_plain_text_between_them_fires_once(
        before in prop::collection::vec(wrap(), 1..3),
        hidden in prop::sample::select(LINES),
    ) {
        let mut body = hidden.to_owned();
        for wrap in &before {
            body = wrap.around(body.trim_end_matches('\n'));
        }
        let hidden = command_lines(&body).len();
        let body = format!("{body}\n\nWords.\n\n/discuss vote ready\n");
        prop_assert_eq!(command_lines(&body).len(), hidden + 1, "{}", body);
    }
}
