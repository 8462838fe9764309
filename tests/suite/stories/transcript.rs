//! What people see of a pull request, step by step, as text.

use crate::support::github::is_status;
use crate::support::rig::{APP, Rig};
use discussions::sandbox::{DEMO_REPO, Pull, ReactionTarget};
use std::fmt::Write;

/// One pull request, watched.
pub(super) struct Transcript<'r> {
    rig: &'r Rig,
    number: u64,
    text: String,
    /// The comment just written, whose reactions are shown.
    comment: Option<u64>,
    seen: Seen,
}

/// What was shown already.
#[derive(Default)]
struct Seen {
    title: String,
    status: String,
    replies: usize,
    reviews: usize,
    conversations: usize,
    file: String,
    mergeable: Option<bool>,
}

impl<'r> Transcript<'r> {
    pub(super) fn of(rig: &'r Rig, number: u64, begun: &str) -> Self {
        let mut transcript = Self {
            rig,
            number,
            text: String::new(),
            comment: None,
            seen: Seen::default(),
        };
        transcript.step(begun);
        transcript.look();
        transcript
    }

    /// Somebody writes in the conversation, and everybody sees what comes of it.
    pub(super) async fn say(&mut self, login: &str, body: &str) {
        self.step(&format!("{login} comments: {body}"));
        self.comment = Some(self.rig.say(login, self.number, body).await);
        self.look();
    }

    /// Somebody did something else.
    pub(super) fn then(&mut self, what: &str) {
        self.step(what);
        self.look();
    }

    /// Somebody opens the check and reads it whole.
    pub(super) fn reads_the_check(&mut self, login: &str) {
        self.step(&format!("{login} opens the check"));
        let check = self.rig.check(self.number);
        self.quoted(
            "details",
            check.summary.as_deref().unwrap_or("(no summary)"),
        );
        for annotation in &check.annotations {
            let field = |name: &str| annotation[name].to_string().trim_matches('"').to_owned();
            let line = format!(
                "{} {}:{} {}: {}",
                field("annotation_level"),
                field("path"),
                field("start_line"),
                field("title"),
                field("message")
            );
            self.line("annotation", &line);
        }
        for action in &check.actions {
            let button = format!("[{}] {}", action["label"], action["description"]);
            self.line("button", &button.replace('"', ""));
        }
    }

    /// Somebody unfolds the whole status comment.
    pub(super) fn reads_the_status(&mut self, login: &str) {
        self.step(&format!("{login} unfolds the status comment"));
        let status = self.rig.status(self.number);
        self.quoted("comment", &status);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn step(&mut self, what: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        writeln!(self.text, "{gap}== {what}").unwrap();
    }

    fn line(&mut self, what: &str, text: &str) {
        writeln!(self.text, "{what}: {text}").unwrap();
    }

    fn quoted(&mut self, what: &str, text: &str) {
        self.line(what, "");
        for line in text.trim_end().lines() {
            let line = format!("  | {line}");
            writeln!(self.text, "{}", line.trim_end()).unwrap();
        }
    }

    /// Everything that is new since the last look.
    fn look(&mut self) {
        let pull = self.rig.sandbox.pull(DEMO_REPO, self.number).unwrap();
        self.look_at_reactions();
        self.look_at_file(&pull);
        self.look_at_reviews(&pull);
        let ours = pull.comments.iter();
        let ours = ours.filter(|comment| comment.app == Some(APP) && !is_status(&comment.body));
        let replies: Vec<String> = ours.map(|comment| comment.body.clone()).collect();
        for reply in &replies[self.seen.replies.min(replies.len())..] {
            self.quoted("reply", reply);
        }
        self.seen.replies = replies.len();
        self.look_at_status();
        let check = self.rig.check(self.number);
        let state = check.conclusion.unwrap_or(check.status);
        let title = format!("{state}: {}", check.title.unwrap_or_default());
        if title != self.seen.title {
            self.line("check", &title);
            self.seen.title = title;
        }
        let mergeable = self.rig.mergeable(self.number);
        if self.seen.mergeable != Some(mergeable) {
            let word = if mergeable { "open" } else { "blocked" };
            self.line("merge", word);
            self.seen.mergeable = Some(mergeable);
        }
    }

    fn look_at_reactions(&mut self) {
        let Some(comment) = self.comment.take() else {
            return;
        };
        let target = ReactionTarget::IssueComment(comment);
        let reactions = self.rig.sandbox.reactions(DEMO_REPO, target).into_iter();
        let reactions: Vec<String> = reactions.map(|(_, content)| content).collect();
        self.line("reactions", &reactions.join(", "));
    }

    /// What our commits added to the discussion.
    fn look_at_file(&mut self, pull: &Pull) {
        let fork = pull.head_repo.and_then(|id| {
            self.rig
                .sandbox
                .look(|world| world.repo(id).ok().map(|repo| world.full_name(repo)))
        });
        let name = fork.unwrap_or_else(|| DEMO_REPO.to_owned());
        let bytes = self
            .rig
            .sandbox
            .file(&name, &pull.head.to_string(), super::PATH);
        let file = String::from_utf8(bytes.unwrap_or_default()).unwrap();
        let blocks = |text: &str| -> Vec<String> {
            let parts = text.split("\n---\n").skip(1);
            parts.map(|block| block.trim().to_owned()).collect()
        };
        let known = blocks(&self.seen.file);
        for block in blocks(&file) {
            if !known.contains(&block) && block.contains("<!-- receipt:") {
                self.quoted("in the file", &block);
            }
        }
        let header = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.starts_with("<!-- "));
            let shown = lines.filter(|line| line.contains("Status:") || line.contains("Phase:"));
            shown.map(str::to_owned).collect()
        };
        if header(&file) != header(&self.seen.file) && !self.seen.file.is_empty() {
            self.line("header", &header(&file).join(" "));
        }
        self.seen.file = file;
    }

    fn look_at_reviews(&mut self, pull: &Pull) {
        let ours = pull
            .reviews
            .iter()
            .filter(|review| review.body.contains("<!-- discussions:"));
        let bodies: Vec<String> = ours.map(|review| review.body.clone()).collect();
        for body in &bodies[self.seen.reviews.min(bodies.len())..] {
            self.quoted("review", body);
        }
        self.seen.reviews = bodies.len();
        let comments = pull.review_comments.iter();
        let ours: Vec<String> = comments
            .filter(|comment| comment.body.contains("<!-- discussions:"))
            .map(|comment| format!("{}:{:?}\n{}", comment.path, comment.line, comment.body))
            .collect();
        for body in &ours[self.seen.conversations.min(ours.len())..] {
            self.quoted("on a line", body);
        }
        self.seen.conversations = ours.len();
    }

    /// The part of the status comment that is not folded, its chart apart.
    fn look_at_status(&mut self) {
        let statuses = self.rig.statuses(self.number);
        assert!(
            statuses.len() <= 1,
            "one status comment at most: {statuses:#?}"
        );
        let whole = statuses.first().map_or("", |(_, body)| body.as_str());
        let open = whole.split("<details>").next().unwrap_or_default();
        let mut shown = String::new();
        let mut chart = false;
        for line in open.lines() {
            chart = chart || line.starts_with("```mermaid");
            if !chart {
                writeln!(shown, "{line}").unwrap();
            }
            chart = chart && line != "```";
        }
        let shown = shown.trim().to_owned();
        if shown != self.seen.status {
            self.quoted("status comment", &shown);
            self.seen.status = shown;
        }
    }
}

/// Compares with the transcript that was kept, whatever differs from run to run apart.
#[macro_export]
macro_rules! assert_transcript {
    ($transcript:expr) => {{
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.add_filter(r"http://127\.0\.0\.1:\d+", "https://github.example");
        settings.add_filter(r"<!-- receipt: \S+ -->", "<!-- receipt: ... -->");
        settings.add_filter(
            r"<!-- discussions:(\w+)[^>]*-->",
            "<!-- discussions:$1 ... -->",
        );
        settings.add_filter(r"\b[0-9a-f]{64}\b", "HASH");
        settings.add_filter(r"\b[0-9a-f]{40}\b", "COMMIT");
        settings.add_filter(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "JOB");
        settings.add_filter(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?", "TIME");
        settings.add_filter(r"\b\d\d:\d\d UTC", "TIME");
        settings.add_filter(r"issuecomment-\d+", "issuecomment-N");
        settings.add_filter(r"pullrequestreview-\d+", "pullrequestreview-N");
        settings.bind(|| insta::assert_snapshot!($transcript.text()));
    }};
}
