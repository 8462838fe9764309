//! Every reply through the whole App: what GitHub is given as commits, reviews, conversations and checks.

use super::page::{Findings, Kind, Place, findings, hidden, of_plain_text, verdicts};
use super::replies::{all, texts};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use async_trait::async_trait;
use discussions::bot::status::MARKER;
use discussions::engine::discussion::Discussion;
use discussions::engine::reply::Reply;
use discussions::llm::meter::Meter;
use discussions::llm::{Answer, Model, ModelError, Prompt};
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit, NewPull};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Personas on the panel: so many replies in one round.
const PANEL: usize = 20;

/// What a persona answers, by the batch and its place in it.
enum Said {
    Reply(Box<Reply>),
    Fails(ModelError),
}

/// Says to each persona of each batch what is written for it.
struct Liar(Vec<Said>);

#[async_trait]
impl Model for Liar {
    fn name(&self) -> &str {
        "test/liar"
    }

    async fn answer(&self, prompt: &Prompt, _: &dyn Meter) -> Result<Answer, ModelError> {
        let number = |text: &str| -> usize {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            digits.parse().unwrap()
        };
        let at = number(&prompt.title) * PANEL + number(prompt.persona.alias.as_str());
        match &self.0[at % self.0.len()] {
            Said::Reply(reply) => Ok(Answer::free(self.name(), Some(reply.as_ref().clone()))),
            Said::Fails(error) => Err(error.clone()),
        }
    }
}

/// A rig with the panel on its base, and that configuration.
async fn rig(said: Vec<Said>, config: &str) -> Rig {
    let names: Vec<String> = (0..PANEL).map(|n| format!("p{n}")).collect();
    let panel = names.join(", ");
    let rig = Rig::with(Setup {
        config: Some(format!("{AT_ONCE}participants: [{panel}]\n{config}")),
        model: Some(Arc::new(Liar(said))),
        operator: None,
    })
    .await;
    let personas: Vec<FileEdit> = names
        .iter()
        .map(|name| {
            let text = format!("---\nname: {name}\ndescription: Lies.\n---\n\nYou lie.\n");
            FileEdit::write(&format!(".github/discussions/personas/{name}.md"), text)
        })
        .collect();
    rig.push_base("main", &personas).await;
    rig
}

fn proposal(batch: usize) -> String {
    format!(
        "<!-- DISCUSSION -->\n<!-- Title: Batch {batch} -->\n\n# A cache\n\nSeveral tenants share it.\n\nThe keys of batch {batch} are shared.\n"
    )
}

fn path(batch: usize) -> String {
    format!("design/batch{batch}.md")
}

/// A pull request for each batch.
async fn open_all(rig: &Rig, replies: usize) -> Vec<u64> {
    let numbers = (0..replies.div_ceil(PANEL)).map(|batch| open(rig, batch));
    let numbers = numbers.collect();
    rig.settle().await;
    numbers
}

fn open(rig: &Rig, batch: usize) -> u64 {
    let branch = format!("batch-{batch}");
    let edit = FileEdit::write(&path(batch), proposal(batch));
    rig.sandbox
        .push("rob", DEMO_REPO, &branch, "propose", &[edit])
        .unwrap();
    let new = NewPull {
        title: format!("Batch {batch}"),
        head: branch,
        ..NewPull::default()
    };
    rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap()
}

/// Tables, their rows, headings and rules of a page: what words must not add to.
fn structure(markdown: &str) -> BTreeMap<&'static str, usize> {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let mut parts = BTreeMap::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        let part = match event {
            Event::Start(Tag::Table(_)) => "tables",
            Event::Start(Tag::TableRow) => "rows",
            Event::Start(Tag::Heading { .. }) => "headings",
            Event::Start(Tag::BlockQuote(_)) => "quotes",
            Event::Start(Tag::CodeBlock(_)) => "code",
            Event::Rule => "rules",
            _ => continue,
        };
        *parts.entry(part).or_default() += 1;
    }
    parts
}

/// What the check of a pull request says and does besides.
fn of_check(rig: &Rig, number: u64, rows: usize) -> Findings {
    let check = rig.check(number);
    let (title, summary) = (
        check.title.unwrap_or_default(),
        check.summary.unwrap_or_default(),
    );
    let ours = [format!("{}/", rig.sandbox.web_url())];
    let mut wrong = findings(
        &summary,
        &Place {
            html: &[],
            links: &ours,
        },
    );
    wrong.extend(hidden(&title));
    let told = check.annotations.iter().flat_map(|annotation| {
        ["title", "message"].map(|part| annotation[part].as_str().unwrap_or_default().to_owned())
    });
    for part in std::iter::once(title.clone()).chain(told) {
        if part.contains('\n') || part.chars().count() > 2_000 {
            wrong.push((Kind::Html, format!("more than a line: {part}")));
        }
        wrong.extend(hidden(&part));
    }
    let parts = structure(&summary);
    let expected = BTreeMap::from([("tables", 1), ("rows", rows)]);
    for part in ["tables", "rows", "quotes", "code", "rules"] {
        if parts.get(part) != expected.get(part) {
            wrong.push((
                Kind::Html,
                format!("{part}: {:?}\n{summary}", parts.get(part)),
            ));
        }
    }
    if check.conclusion.as_deref() == Some("success") {
        wrong.push((Kind::Command, format!("green: {title}")));
    }
    if ["TAMPERED", "INVALID", "ERROR"]
        .iter()
        .any(|word| title.starts_with(word))
    {
        wrong.push((Kind::Command, title));
    }
    wrong
}

/// What the status comment of a pull request says and does besides.
fn of_status(rig: &Rig, number: u64, rows: usize) -> Findings {
    let text = rig.status(number);
    let ours = [format!("{}/", rig.sandbox.web_url())];
    let place = Place {
        html: &html_of_status(),
        links: &ours,
    };
    let mut wrong = findings(&text, &place);
    let parts = structure(&text);
    let expected = BTreeMap::from([("tables", 1), ("rows", rows), ("code", 1)]);
    for part in ["tables", "rows", "quotes", "code", "rules"] {
        if parts.get(part) != expected.get(part) {
            let what = format!("{part}: {:?}\n{text}", parts.get(part));
            wrong.push((Kind::Html, what));
        }
    }
    wrong
}

/// The HTML that a status comment consists of.
pub(super) fn html_of_status() -> Vec<String> {
    let html = [
        MARKER,
        "<details>",
        "</details>",
        "<summary>Details: rounds, dissent, receipts, cost</summary>",
        "<summary>What you can say here</summary>",
    ];
    html.map(str::to_owned).to_vec()
}

/// Every second reply, from the first or from the second on: the one half goes into commits, the other into reviews.
fn every_second(from: usize) -> Vec<Said> {
    let half = all().iter().skip(from).step_by(2);
    half.map(|one| Said::Reply(Box::new(one.reply.clone())))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_in_commits_are_one_block_each_and_the_check_only_tells_of_them() {
    let replies = every_second(0);
    let count = replies.len();
    let rig = rig(replies, "").await;
    let (mut of_files, mut of_checks, mut of_messages) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_statuses = Vec::new();
    for (batch, number) in open_all(&rig, count).await.into_iter().enumerate() {
        let name = format!("batch {batch}");
        let text = rig.file(number, &path(batch));
        let read = Discussion::parse(text.as_bytes());
        let mut wrong: Findings = Vec::new();
        if read.blocks.len() != PANEL
            || !read.problems.is_empty()
            || !text.starts_with(&proposal(batch))
        {
            wrong.push((
                Kind::Html,
                format!("{} blocks, {:?}: {text}", read.blocks.len(), read.problems),
            ));
        }
        for block in &read.blocks {
            let is_signed = block.receipt.is_some() && block.author.persona.is_some();
            if !is_signed || !block.mentions.is_empty() {
                wrong.push((Kind::Html, format!("not as it was signed: {block:?}")));
            }
            wrong.extend(findings(&block.canonical(&text), &Place::default()));
        }
        of_files.push((name.clone(), wrong));
        of_checks.push((name.clone(), of_check(&rig, number, PANEL)));
        of_statuses.push((name.clone(), of_status(&rig, number, PANEL)));
        assert!(rig.replies(number).is_empty(), "nobody asked anything");
    }
    let ledger = rig.sandbox.ledger();
    let commits = ledger
        .effects
        .iter()
        .filter(|effect| effect.kind == EffectKind::Commit);
    for commit in commits {
        let message = commit.data["message"].as_str().unwrap();
        let first = message.lines().next().unwrap();
        of_messages.push((first.to_owned(), of_plain_text(first)));
    }
    assert_eq!(of_messages.len(), count.div_ceil(PANEL));
    verdicts(&[
        ("files", count, &of_files),
        ("checks", count, &of_checks),
        ("status comments", count, &of_statuses),
        ("messages of commits", count, &of_messages),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_in_reviews_and_conversations_are_text() {
    let replies = every_second(1);
    let count = replies.len();
    let rig = rig(replies, "replies: review\n").await;
    let (mut of_reviews, mut of_lines, mut of_checks) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_statuses = Vec::new();
    let mut lines = 0;
    let links = [format!("{}/", rig.sandbox.web_url())];
    for (batch, number) in open_all(&rig, count).await.into_iter().enumerate() {
        let name = format!("batch {batch}");
        let pull = rig.sandbox.pull(DEMO_REPO, number).unwrap();
        let mut wrong: Findings = Vec::new();
        if pull.reviews.len() != 1 {
            wrong.push((Kind::Html, format!("{} reviews", pull.reviews.len())));
        }
        for review in &pull.reviews {
            let begins = "<!-- discussions:block ";
            let mut html: Vec<String> = review
                .body
                .lines()
                .take_while(|line| line.starts_with(begins))
                .map(str::to_owned)
                .collect();
            if html.len() != PANEL || review.body.matches(begins).count() != PANEL {
                wrong.push((
                    Kind::Html,
                    format!("{} marks of blocks", review.body.matches(begins).count()),
                ));
            }
            html.extend(["<sub>".to_owned(), "</sub>".to_owned()]);
            wrong.extend(findings(
                &review.body,
                &Place {
                    html: &html,
                    links: &links,
                },
            ));
            let headings = structure(&review.body).get("headings").copied();
            let is_cut = review.body.contains("_Cut here: GitHub takes no more._");
            if headings != Some(1 + PANEL) && !is_cut {
                wrong.push((
                    Kind::Html,
                    format!("{headings:?} headings\n{}", review.body),
                ));
            }
        }
        of_reviews.push((name.clone(), wrong));
        let mut wrong: Findings = Vec::new();
        for comment in &pull.review_comments {
            lines += 1;
            let first = comment.body.lines().next().unwrap_or_default().to_owned();
            if !first.starts_with("<!-- discussions:thread:") {
                wrong.push((Kind::Html, first.clone()));
            }
            wrong.extend(findings(
                &comment.body,
                &Place {
                    html: &[first],
                    links: &links,
                },
            ));
        }
        of_lines.push((name.clone(), wrong));
        of_checks.push((name.clone(), of_check(&rig, number, PANEL)));
        of_statuses.push((name, of_status(&rig, number, PANEL)));
        let file = rig.file(number, &path(batch));
        assert_eq!(file, proposal(batch), "nothing is committed");
    }
    assert!(lines >= 50, "{lines} comments on lines");
    verdicts(&[
        ("reviews", count, &of_reviews),
        ("comments on lines", lines, &of_lines),
        ("checks beside reviews", count, &of_checks),
        ("status comments beside reviews", count, &of_statuses),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_services_say_in_their_errors_is_text() {
    let said = texts().iter().enumerate().map(|(at, (_, text))| {
        let text = text.clone();
        Said::Fails(match at % 4 {
            0 => ModelError::NoModel(text),
            1 => ModelError::OverBudget(text),
            2 => ModelError::Invalid(text),
            _ => ModelError::Unavailable {
                reason: text,
                retry_after: None,
            },
        })
    });
    let rig = rig(said.collect(), "").await;
    let (mut of_checks, mut of_replies) = (Vec::new(), Vec::new());
    let mut of_statuses = Vec::new();
    for (batch, number) in open_all(&rig, texts().len()).await.into_iter().enumerate() {
        let name = format!("batch {batch}");
        assert_eq!(
            rig.file(number, &path(batch)),
            proposal(batch),
            "nobody answered"
        );
        of_checks.push((name.clone(), of_check(&rig, number, PANEL)));
        of_statuses.push((name.clone(), of_status(&rig, number, PANEL)));
        rig.say("ann", number, "/discuss p1 p2 p3 p4 what about the keys?")
            .await;
        let replies = rig.replies(number);
        assert_eq!(replies.len(), 1, "{replies:?}");
        let first = replies[0].lines().next().unwrap_or_default().to_owned();
        of_replies.push((
            name,
            findings(
                &replies[0],
                &Place {
                    html: &[first],
                    links: &[],
                },
            ),
        ));
    }
    verdicts(&[
        ("checks that tell of errors", texts().len(), &of_checks),
        (
            "status comments that tell of errors",
            texts().len(),
            &of_statuses,
        ),
        ("replies that tell of errors", texts().len(), &of_replies),
    ]);
}
