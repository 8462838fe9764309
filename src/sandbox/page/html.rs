//! HTML under construction. Markup can only be written as literals; everything else passes through escaping, or comes
//! from `markdown`, which lets nothing through that acts.

use super::super::rest::{Answer, Body};
use super::markdown::Rendered;

/// A page, or a part of one.
pub(super) struct Html(String);

impl Html {
    /// A page. `reload`: seconds after which the browser loads it again, and the address without its query.
    pub(super) fn page(title: &str, reload: Option<(&str, &str)>) -> Self {
        let mut html = Self(String::new());
        html.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.raw("<meta name=\"viewport\" content=\"width=device-width\">");
        if let Some((seconds, address)) = reload {
            html.raw("<meta http-equiv=\"refresh\" content=\"")
                .text(seconds);
            html.raw(";url=").text(address).raw("\">");
        }
        html.raw("<title>").text(title);
        html.raw("</title><link rel=\"stylesheet\" href=\"/_sandbox/style.css\"></head><body>");
        html
    }

    /// Literal markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin, escaped for content and attributes alike.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Markdown of any origin, shown as text with its structure.
    pub(super) fn markdown(&mut self, text: &str) -> &mut Self {
        self.raw("<div class=\"prose\">");
        self.0.push_str(Rendered::of(text).as_str());
        self.raw("</div>")
    }

    pub(super) fn done(mut self, status: u16) -> Answer {
        self.raw("</body></html>");
        Answer {
            status,
            body: Body::Raw("text/html; charset=utf-8", self.0.into_bytes()),
            headers: Vec::new(),
        }
    }
}
