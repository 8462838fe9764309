//! Pages for the eye: the pull requests, and each with its check, merge box, conversation and files.
//!
//! Plain HTML without scripts. Markup can only be written as literals; everything else passes through escaping.

use super::hub::Hub;
use super::pulls::pull_changes;
use super::repository::{CheckRun, Pull, Repository};
use super::rest::{Answer, Body, decode};
use super::state::World;

/// Headers of every page: nothing but our own style sheet may load.
pub(super) const HEADERS: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

/// HTML under construction.
struct Html(String);

impl Html {
    fn page(title: &str) -> Self {
        let mut html = Self(String::new());
        html.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.raw("<meta name=\"viewport\" content=\"width=device-width\"><title>")
            .text(title);
        html.raw("</title><link rel=\"stylesheet\" href=\"/_sandbox/style.css\"></head><body>");
        html
    }

    /// Literal markup.
    fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin, escaped for content and attributes alike.
    fn text(&mut self, text: &str) -> &mut Self {
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

    fn done(mut self) -> Answer {
        self.raw("</body></html>");
        let body = Body::Raw("text/html; charset=utf-8", self.0.into_bytes());
        Answer {
            status: 200,
            body,
            headers: Vec::new(),
        }
    }
}

/// The page at a path, if there is one: `/`, a repository, a pull request, a file, a raw file.
pub(super) fn find(hub: &Hub, path: &str) -> Option<Answer> {
    let parts: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    hub.look(|world| match parts.as_slice() {
        [""] => Some(index(world)),
        [owner, name] => world.repo_named(owner, name).map(|_| index(world)),
        [owner, name, "pull", number, ..] => {
            let repo = world.repo_named(owner, name)?;
            Some(pull_page(
                world,
                repo,
                repo.pulls.get(&number.parse().ok()?)?,
            ))
        }
        [owner, name, "blob", reference, path @ ..] if !path.is_empty() => {
            let repo = world.repo_named(owner, name)?;
            let path = path.join("/");
            let file = repo.git.resolve(reference)?.files.get(&path)?.clone();
            let bytes = repo.git.blob(&file.oid)?;
            let mut html = Html::page(&path);
            html.raw("<h1>").text(&path).raw("</h1><pre>");
            html.text(&String::from_utf8_lossy(bytes)).raw("</pre>");
            Some(html.done())
        }
        _ => None,
    })
}

fn index(world: &World) -> Answer {
    let mut html = Html::page("Sandbox");
    html.raw("<h1>Sandbox <small>a GitHub on this machine</small></h1>");
    for repo in world.repos.values() {
        let full_name = world.full_name(repo);
        html.raw("<section><h2>").text(&full_name).raw("</h2>");
        if repo.pulls.is_empty() {
            html.raw("<p class=\"quiet\">No pull request yet.</p>");
        } else {
            html.raw("<table><tr><th>#<th>Title<th>Author<th>State<th>Check</tr>");
            for pull in repo.pulls.values().rev() {
                html.raw("<tr><td>")
                    .text(&pull.number.to_string())
                    .raw("<td><a href=\"/");
                html.text(&format!("{full_name}/pull/{}", pull.number))
                    .raw("\">");
                html.text(&pull.title).raw("</a><td>");
                html.text(world.login(pull.author).unwrap_or("ghost"))
                    .raw("<td>");
                html.text(pull_word(pull)).raw("<td>");
                for run in newest_runs(repo, pull) {
                    check_line(&mut html, run);
                }
                html.raw("</tr>");
            }
            html.raw("</table>");
        }
        html.raw("</section>");
    }
    html.raw("<p class=\"quiet\">Everything as JSON: /_sandbox/state, /_sandbox/ledger, /_sandbox/deliveries</p>");
    html.done()
}

fn pull_word(pull: &Pull) -> &'static str {
    match (pull.open, pull.merged.is_some(), pull.draft) {
        (true, _, true) => "draft",
        (true, _, false) => "open",
        (false, true, _) => "merged",
        (false, false, _) => "closed",
    }
}

/// The newest run of each App and name on the head.
fn newest_runs<'r>(repo: &'r Repository, pull: &Pull) -> Vec<&'r CheckRun> {
    let mut runs: Vec<&CheckRun> = Vec::new();
    for run in repo
        .check_runs
        .iter()
        .rev()
        .filter(|run| run.head == pull.head)
    {
        if !runs
            .iter()
            .any(|newer| newer.app == run.app && newer.name == run.name)
        {
            runs.push(run);
        }
    }
    runs
}

fn check_line(html: &mut Html, run: &CheckRun) {
    let word = run.conclusion.as_deref().unwrap_or(&run.status);
    html.raw(match word {
        "success" | "neutral" | "skipped" => "<span class=\"good\">",
        "queued" | "in_progress" | "action_required" => "<span class=\"wait\">",
        _ => "<span class=\"bad\">",
    });
    html.text(&run.name).raw(": ").text(word).raw("</span> ");
    html.text(run.title.as_deref().unwrap_or_default());
}

fn pull_page(world: &World, repo: &Repository, pull: &Pull) -> Answer {
    let mut html = Html::page(&pull.title);
    html.raw("<p><a href=\"/\">All pull requests</a></p><h1>")
        .text(&pull.title);
    html.raw(" <small>#")
        .text(&pull.number.to_string())
        .raw(" ")
        .text(pull_word(pull))
        .raw("</small></h1><p>");
    html.text(&format!(
        "{} into {}, head ",
        pull.head_branch, pull.base_branch
    ));
    html.raw("<code>")
        .text(pull.head.as_str())
        .raw("</code></p><section><h2>Merging</h2>");
    let reasons = world
        .mergeability(repo.id, pull.number)
        .map(|decision| decision.reasons);
    let reasons = reasons.unwrap_or_default();
    if reasons.is_empty() {
        html.raw("<p class=\"good\">Nothing is in the way.</p>");
    }
    for reason in reasons {
        html.raw("<p class=\"bad\">").text(&reason).raw("</p>");
    }
    html.raw("</section><section><h2>Checks</h2>");
    for run in newest_runs(repo, pull) {
        html.raw("<article><header>");
        check_line(&mut html, run);
        html.raw("</header><pre>")
            .text(run.summary.as_deref().unwrap_or_default())
            .raw("</pre></article>");
    }
    html.raw("</section><section><h2>Conversation</h2>");
    conversation(&mut html, world, repo, pull);
    html.raw("</section><section><h2>Files</h2>");
    for change in pull_changes(repo, pull) {
        html.raw("<article><header>")
            .text(&change.path)
            .raw(" <span class=\"quiet\">");
        html.text(change.status.as_str())
            .raw("</span></header><pre>");
        let bytes = repo.git.blob(&change.file.oid);
        html.text(
            &bytes
                .map(|bytes| String::from_utf8_lossy(bytes))
                .unwrap_or_default(),
        );
        html.raw("</pre></article>");
    }
    html.raw("</section>");
    html.done()
}

fn conversation(html: &mut Html, world: &World, repo: &Repository, pull: &Pull) {
    let comments = pull.comments.iter().map(|comment| {
        let said = repo.reactions.iter().filter(|reaction| {
            reaction.target == super::repository::ReactionTarget::IssueComment(comment.id)
        });
        let reactions: Vec<&str> = said.map(|reaction| reaction.content.as_str()).collect();
        (
            comment.id,
            comment.author,
            reactions.join(" "),
            comment.body.as_str(),
        )
    });
    let reviews = pull.reviews.iter().map(|review| {
        (
            review.id,
            review.author,
            review.state.as_str().to_owned(),
            review.body.as_str(),
        )
    });
    let lines = pull.review_comments.iter().map(|comment| {
        let line = comment
            .line
            .map_or(String::new(), |line| format!(":{line}"));
        let state = if comment.resolved { " resolved" } else { "" };
        let note = format!("on {}{line}{state}", comment.path);
        (comment.id, comment.author, note, comment.body.as_str())
    });
    let mut entries: Vec<_> = comments.chain(reviews).chain(lines).collect();
    entries.sort_by_key(|(id, ..)| *id);
    for (_, author, note, body) in entries {
        html.raw("<article><header>")
            .text(world.login(author).unwrap_or("ghost"));
        html.raw(" <span class=\"quiet\">")
            .text(&note)
            .raw("</span></header><pre>");
        html.text(body).raw("</pre></article>");
    }
}
