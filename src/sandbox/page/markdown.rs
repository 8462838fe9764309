//! Markdown as HTML in which nothing acts: no scripts, no forms, no images, no links but to the web and to our pages.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// HTML elements that the App's texts use and that may pass, without attributes.
const HARMLESS: [&str; 14] = [
    "<details>",
    "<details open>",
    "</details>",
    "<summary>",
    "</summary>",
    "<br>",
    "<br/>",
    "<br />",
    "<sub>",
    "</sub>",
    "<b>",
    "</b>",
    "<p>",
    "</p>",
];

/// HTML made from Markdown.
pub(super) struct Rendered(String);

impl Rendered {
    pub(super) fn of(text: &str) -> Self {
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let mut in_comment = false;
        let events = Parser::new_ext(text, options).flat_map(|event| match event {
            Event::Html(markup) | Event::InlineHtml(markup) => tame(&markup, &mut in_comment),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => Vec::new(),
            Event::Start(Tag::Link {
                dest_url,
                title,
                id,
                ..
            }) => vec![Event::Start(Tag::Link {
                link_type: LinkType::Inline,
                dest_url: harmless(dest_url),
                title,
                id,
            })],
            other => vec![other],
        });
        let mut rendered = String::new();
        html::push_html(&mut rendered, events);
        Self(rendered)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A link that leads to the web or to a page of ours, else nowhere.
fn harmless(address: CowStr<'_>) -> CowStr<'_> {
    let fine = ["https://", "http://", "/", "#"];
    match fine.iter().any(|start| address.starts_with(start)) {
        true => address,
        false => CowStr::Borrowed("#"),
    }
}

/// Raw HTML: comments vanish, what is on the list passes, everything else is shown as text.
fn tame<'e>(markup: &str, in_comment: &mut bool) -> Vec<Event<'e>> {
    let text = |text: &str| Event::Text(CowStr::from(text.to_owned()));
    let mut events = Vec::new();
    let mut rest = markup;
    while !rest.is_empty() {
        if *in_comment {
            let Some((_, after)) = rest.split_once("-->") else {
                return events;
            };
            *in_comment = false;
            rest = after;
            continue;
        }
        let Some(start) = rest.find('<') else {
            events.push(text(rest));
            return events;
        };
        let (before, tag) = rest.split_at(start);
        if !before.is_empty() {
            events.push(text(before));
        }
        if tag.starts_with("<!--") {
            *in_comment = true;
            rest = tag.get(4..).unwrap_or_default();
            continue;
        }
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let (tag, after) = tag.split_at(end);
        let passes = HARMLESS
            .iter()
            .find(|harmless| tag.eq_ignore_ascii_case(harmless));
        events.push(match passes {
            Some(harmless) => Event::InlineHtml(CowStr::Borrowed(harmless)),
            None => text(tag),
        });
        rest = after;
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_is_shown_as_text() {
        let cases = [
            ("<script>x</script>", "&lt;script&gt;"),
            ("a <img src=x onerror=y>", "&lt;img"),
            ("<details onclick=x>\n\nb", "&lt;details onclick"),
            ("[a](javascript:x)", "<a href=\"#\">a</a>"),
            ("![alt](https://e/x.png)", "alt"),
            (
                "<details><summary>Votes</summary>\n\nx\n\n</details>",
                "<details><summary>Votes</summary>",
            ),
            ("<form action=/x>", "&lt;form"),
        ];
        for (markdown, expected) in cases {
            let rendered = Rendered::of(markdown);
            assert!(
                rendered.as_str().contains(expected),
                "{markdown}: {}",
                rendered.as_str()
            );
            assert!(!rendered.as_str().contains("<img"), "{markdown}");
        }
        let hidden = Rendered::of("<!-- a\nb <b> -->\n\nc <!-- d --> e");
        assert_eq!(
            hidden.as_str().replace(char::is_whitespace, ""),
            "<p>ce</p>"
        );
    }
}
