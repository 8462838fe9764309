//! Forms of the pages: commenting and reviewing as one of the people.
//!
//! They act on somebody's repository, so they are taken only from our own pages: with the token that stands in them,
//! under a name of this machine, and from no other origin.

use super::super::hub::Hub;
use super::super::repository::ReviewState;
use super::super::rest::{Answer, Body, decode};
use super::super::server::{Raw, parse_query};
use super::super::state::Refused;
use super::html::Html;

/// Whether a request came under a name of this machine: a page of a stranger's site that leads its own name here is
/// not given our token.
pub(super) fn is_under_own_name(raw: &Raw) -> bool {
    let Some(host) = &raw.host else {
        return false;
    };
    let name = match host.strip_prefix("[::1]") {
        Some(port) => port.is_empty() || port.starts_with(':'),
        None => {
            let name = host.split(':').next().unwrap_or_default();
            name == "localhost" || name == "127.0.0.1"
        }
    };
    let own = format!("http://{host}");
    name && raw.origin.as_ref().is_none_or(|origin| *origin == own)
}

/// Takes a form in, if the request is one.
pub(super) fn submit(hub: &Hub, raw: &Raw) -> Option<Answer> {
    let parts: Vec<String> = raw.path.split('/').skip(1).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let [owner, name, "pull", number, "say"] = parts.as_slice() else {
        return None;
    };
    let repo = format!("{owner}/{name}");
    let number: u64 = number.parse().ok()?;
    let text = String::from_utf8_lossy(&raw.body);
    let fields = parse_query(&text);
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let page = raw.path.trim_end_matches("/say");
    if !raw.is_form() || !is_under_own_name(raw) || field("token") != hub.form_token {
        return Some(refused(
            page,
            "This form does not come from a page of this sandbox as it runs now. Load the page again.",
        ));
    }
    // Browsers send line ends as CR LF.
    let body = field("body").replace("\r\n", "\n");
    let (who, body) = (field("as"), body.trim());
    let done = match field("act") {
        "approve" => hub.review(who, &repo, number, ReviewState::Approved, body),
        "request-changes" => hub.review(who, &repo, number, ReviewState::ChangesRequested, body),
        _ if body.is_empty() => Err(Refused::new("There is nothing to post: the text is empty.")),
        _ => hub.comment(who, &repo, number, body),
    };
    Some(match done {
        Ok(_) => Answer {
            status: 303,
            body: Body::Empty,
            headers: vec![("location", format!("{page}?posted#end"))],
        },
        Err(why) => refused(page, &why.0),
    })
}

fn refused(page: &str, why: &str) -> Answer {
    let mut html = Html::page("Refused", None);
    html.raw("<h1>Refused</h1><p class=\"bad\">").text(why);
    html.raw("</p><p><a href=\"")
        .text(page)
        .raw("\">Back to the pull request</a></p>");
    html.done(422)
}
