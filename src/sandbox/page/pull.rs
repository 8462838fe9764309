//! The page of one pull request: check, merge box, conversation with its form, files with the votes in them.

use super::super::git::FileChange;
use super::super::pulls::pull_changes;
use super::super::repository::{CheckRun, Pull, ReactionTarget, Repository};
use super::super::rest::Answer;
use super::super::state::World;
use super::html::Html;
use super::{check_line, newest_runs, pull_word};

/// Files shown with their text.
const SHOWN_FILES: usize = 50;
/// How long after a push its first check is waited for.
const SOON: chrono::TimeDelta = chrono::TimeDelta::seconds(15);
/// Longest text shown of a file, bytes.
const SHOWN_BYTES: usize = 200_000;

/// What the page was asked for with.
pub(super) struct Asked<'a> {
    /// The address without query.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    /// The token for forms, where it may be given.
    pub(super) token: Option<&'a str>,
}

/// The page.
pub(super) fn page(world: &World, repo: &Repository, pull: &Pull, asked: &Asked<'_>) -> Answer {
    let runs = newest_runs(repo, pull);
    let working = |run: &&CheckRun| run.conclusion.is_none();
    // While something is on its way the page renews itself; otherwise a half-written comment is left in peace.
    let is_young = world.now() - pull.updated_at < SOON;
    let is_moving = pull.open && (runs.iter().any(working) || runs.is_empty() && is_young);
    let reload = is_moving || asked.query.contains("posted");
    let again = format!("{}#end", asked.path);
    let mut html = Html::page(&pull.title, reload.then_some(("2", again.as_str())));
    html.raw("<p><a href=\"/\">All pull requests</a></p><h1>")
        .text(&pull.title);
    html.raw(" <small>#").text(&pull.number.to_string());
    html.raw("</small></h1><p><span class=\"word\">")
        .text(pull_word(pull));
    html.raw("</span> ")
        .text(world.login(pull.author).unwrap_or("ghost"));
    html.raw(" wants to merge <code>").text(&pull.head_branch);
    html.raw("</code> into <code>").text(&pull.base_branch);
    html.raw("</code>, head <code>")
        .text(pull.head.as_str().get(..12).unwrap_or_default());
    html.raw("</code></p>");
    if let Some(backing) = &repo.git.backing
        && let Some(why) = backing.blocked(&pull.head_branch)
    {
        html.raw("<p class=\"banner\">A commit of the App waits: ")
            .text(&why);
        html.raw(". It is tried again as soon as nothing is in the way.</p>");
    }
    html.raw("<section><h2>Checks</h2>");
    if runs.is_empty() {
        html.raw("<p class=\"quiet\">None yet.</p>");
    }
    for run in runs {
        html.raw("<article><header>");
        check_line(&mut html, run);
        html.raw("</header>")
            .markdown(run.summary.as_deref().unwrap_or_default());
        html.raw("</article>");
    }
    html.raw("</section>");
    merge_box(&mut html, world, repo, pull, asked);
    html.raw("<section><h2>Conversation</h2>");
    conversation(&mut html, world, repo, pull);
    if let (Some(token), true) = (asked.token, pull.open) {
        form(&mut html, world, repo, pull, asked.path, token);
    }
    html.raw("</section>");
    files(&mut html, repo, pull);
    html.done(200)
}

fn merge_box(html: &mut Html, world: &World, repo: &Repository, pull: &Pull, asked: &Asked<'_>) {
    html.raw("<section id=\"merging\"><h2>Merging</h2>");
    let reasons = world.mergeability(repo.id, pull.number);
    let reasons = reasons.map(|decision| decision.reasons).unwrap_or_default();
    if reasons.is_empty() {
        html.raw("<p class=\"good\">Nothing is in the way.</p>");
    }
    for reason in &reasons {
        html.raw("<p class=\"bad\">").text(reason).raw("</p>");
    }
    if pull.open && repo.git.backing.is_some() {
        if asked.query.contains("merge") {
            let word = match reasons.is_empty() {
                true => "GitHub would merge now. The sandbox leaves that to you:",
                false => {
                    "GitHub would refuse to merge. Your own git obeys nobody; once the check is green:"
                }
            };
            html.raw("<p>")
                .text(word)
                .raw("</p><pre class=\"command\">");
            let (base, head) = (shell_word(&pull.base_branch), shell_word(&pull.head_branch));
            html.text(&format!("git switch {base} && git merge --no-ff {head}"));
            html.raw("</pre>");
        } else {
            html.raw("<p><a class=\"button\" href=\"?merge#merging\">Merge</a></p>");
        }
    }
    html.raw("</section>");
}

/// A name as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    match text.bytes().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn conversation(html: &mut Html, world: &World, repo: &Repository, pull: &Pull) {
    let comments = pull.comments.iter().map(|comment| {
        let target = ReactionTarget::IssueComment(comment.id);
        let said = repo
            .reactions
            .iter()
            .filter(|reaction| reaction.target == target);
        let reactions: Vec<&str> = said.map(|reaction| reaction.content.as_str()).collect();
        (
            ("issuecomment-", comment.id),
            comment.author,
            reactions.join(", "),
            comment.body.as_str(),
        )
    });
    let reviews = pull.reviews.iter().map(|review| {
        let word = review.state.as_str().replace('_', " ").to_lowercase();
        (
            ("pullrequestreview-", review.id),
            review.author,
            word,
            review.body.as_str(),
        )
    });
    let lines = pull.review_comments.iter().map(|comment| {
        let line = comment
            .line
            .map_or(String::new(), |line| format!(":{line}"));
        let state = if comment.resolved { ", resolved" } else { "" };
        (
            ("discussion_r", comment.id),
            comment.author,
            format!("on {}{line}{state}", comment.path),
            comment.body.as_str(),
        )
    });
    let mut entries: Vec<_> = comments.chain(reviews).chain(lines).collect();
    entries.sort_by_key(|((_, id), ..)| *id);
    if entries.is_empty() {
        html.raw("<p class=\"quiet\">Nobody has said anything yet.</p>");
    }
    for ((kind, id), author, note, body) in entries {
        html.raw("<article id=\"").raw(kind).text(&id.to_string());
        html.raw("\"><header><b>")
            .text(world.login(author).unwrap_or("ghost"));
        html.raw("</b> <span class=\"quiet\">")
            .text(&note)
            .raw("</span></header>");
        html.markdown(body).raw("</article>");
    }
}

fn form(html: &mut Html, world: &World, repo: &Repository, pull: &Pull, path: &str, token: &str) {
    html.raw("<form id=\"end\" method=\"post\" action=\"")
        .text(path);
    html.raw("/say\"><input type=\"hidden\" name=\"token\" value=\"")
        .text(token);
    html.raw("\"><textarea name=\"body\" rows=\"3\" aria-label=\"Comment\" placeholder=\"");
    html.text("/discuss vote ready");
    html.raw("\"></textarea><p><label>as <select name=\"as\">");
    let people: Vec<u64> = repo.collaborators.keys().copied().collect();
    let first = people.iter().find(|id| **id != pull.author);
    for person in &people {
        let login = world.login(*person).unwrap_or("ghost");
        html.raw("<option value=\"").text(login);
        html.raw(if Some(person) == first {
            "\" selected>"
        } else {
            "\">"
        });
        html.text(login);
        if *person == pull.author {
            html.raw(" (author: shown, not counted)");
        }
        html.raw("</option>");
    }
    html.raw("</select></label> <button name=\"act\" value=\"comment\">Comment</button> ");
    html.raw("<button name=\"act\" value=\"approve\">Approve</button> ");
    html.raw("<button name=\"act\" value=\"request-changes\">Request changes</button></p>");
    html.raw("<p class=\"quiet\">For example <code>/discuss vote ready</code>, ");
    html.raw("<code>/discuss security what about tenant isolation?</code>, <code>/discuss help</code></p></form>");
}

fn files(html: &mut Html, repo: &Repository, pull: &Pull) {
    let changes = pull_changes(repo, pull);
    html.raw("<section><h2>Files</h2>");
    for change in changes.iter().take(SHOWN_FILES) {
        file(html, repo, change);
    }
    let more = changes.len().saturating_sub(SHOWN_FILES);
    if more > 0 {
        html.raw("<p class=\"quiet\">and ")
            .text(&more.to_string())
            .raw(" more</p>");
    }
    html.raw("</section>");
}

fn file(html: &mut Html, repo: &Repository, change: &FileChange) {
    let is_text = change.path.to_ascii_lowercase().ends_with(".md");
    let bytes = repo.git.blob(&change.file.oid).filter(|_| is_text);
    let text = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let text = text.filter(|text| text.len() <= SHOWN_BYTES);
    html.raw("<article><header>")
        .text(&change.path)
        .raw(" <span class=\"quiet\">");
    html.text(&format!(
        "{}, +{} -{}",
        change.status.as_str(),
        change.additions,
        change.deletions
    ));
    html.raw("</span></header>");
    if let Some(text) = text {
        let votes = votes(&text);
        if !votes.is_empty() {
            html.raw("<p class=\"votes\">In the text, whoever wrote it: ");
            html.text(&votes.join(", "));
            html.raw(". What counts is in the check.</p>");
        }
        html.raw("<pre>");
        for line in text.split_inclusive('\n') {
            match line.starts_with("VOTE:") || line.starts_with("Name:") {
                true => html.raw("<b>").text(line).raw("</b>"),
                false => html.text(line),
            };
        }
        html.raw("</pre>");
    }
    html.raw("</article>");
}

/// The last vote under each name, as the text has it.
fn votes(text: &str) -> Vec<String> {
    let mut votes: Vec<(&str, &str)> = Vec::new();
    let mut name = "";
    for line in text.lines() {
        if let Some(found) = line.strip_prefix("Name:") {
            name = found.trim();
        } else if let Some(vote) = line.strip_prefix("VOTE:")
            && !name.is_empty()
        {
            votes.retain(|(other, _)| *other != name);
            votes.push((name, vote.trim()));
        }
    }
    votes
        .iter()
        .map(|(name, vote)| format!("{name} {vote}"))
        .collect()
}
