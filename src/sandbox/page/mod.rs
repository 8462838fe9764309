//! Pages for the eye: the pull requests, and each with its check, merge box, conversation and files.
//!
//! Plain HTML without scripts; `forms` lets people comment and review from them.

mod forms;
mod html;
mod markdown;
mod pull;

use super::hub::Hub;
use super::repository::{CheckRun, Pull, Repository};
use super::rest::{Answer, decode};
use super::server::Raw;
use super::state::World;
use html::Html;
use pull::Asked;

/// Headers of every page: nothing but our own style sheet may load.
pub(super) const HEADERS: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

/// The page a request is for, if there is one: `/`, a repository, a pull request, a file; or a form from one of them.
pub(super) fn find(hub: &Hub, raw: &Raw) -> Option<Answer> {
    match raw.method.as_str() {
        "GET" => {}
        "POST" => return forms::submit(hub, raw),
        _ => return None,
    }
    let token = forms::is_under_own_name(raw).then_some(hub.form_token.as_str());
    let parts: Vec<String> = raw.path.split('/').skip(1).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    hub.look(|world| match parts.as_slice() {
        [""] => Some(index(world)),
        [owner, name] => world.repo_named(owner, name).map(|_| index(world)),
        [owner, name, "pull", number, ..] => {
            let repo = world.repo_named(owner, name)?;
            let pull = repo.pulls.get(&number.parse().ok()?)?;
            let asked = Asked {
                path: &format!("/{}/pull/{number}", world.full_name(repo)),
                query: &raw.query,
                token,
            };
            Some(pull::page(world, repo, pull, &asked))
        }
        [owner, name, "blob", reference, path @ ..] if !path.is_empty() => {
            let repo = world.repo_named(owner, name)?;
            let path = path.join("/");
            let file = repo.git.resolve(reference)?.files.get(&path)?.clone();
            let bytes = repo.git.blob(&file.oid)?;
            let mut html = Html::page(&path, None);
            html.raw("<h1>").text(&path).raw("</h1><pre>");
            let text = String::from_utf8_lossy(bytes);
            for (at, line) in text.split_inclusive('\n').enumerate() {
                html.raw("<span id=\"L").text(&(at + 1).to_string());
                html.raw("\">").text(line).raw("</span>");
            }
            html.raw("</pre>");
            Some(html.done(200))
        }
        _ => None,
    })
}

fn index(world: &World) -> Answer {
    let mut html = Html::page("Sandbox", None);
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
    html.done(200)
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
