//! Every reply in every place that is written without GitHub: the block in the file, the comment that answers a
//! question, the next prompt, the terminal, and the words about a persona that did not answer.

use super::page::{Kind, Place, findings, hidden, verdict};
use super::replies::{Hostile, all, texts};
use crate::commands::views::{Sketch, evaluated, input};
use discussions::bot::access::Permissions;
use discussions::bot::message::{self, Answer};
use discussions::bot::status::{Beside, Course, Status};
use discussions::engine::discussion::Discussion;
use discussions::engine::edit;
use discussions::engine::ledger::{Item, Ledger};
use discussions::engine::marker::BlockVote;
use discussions::engine::persona::{Persona, Personas};
use discussions::engine::prompt;
use discussions::engine::reply::{self, Limits, Rendered};
use discussions::engine::template::{Advance, Fraction, Phase};
use discussions::engine::vote::Vote;
use discussions::ids::{Alias, PullRequest, Repo};
use discussions::llm::checklist::Checklist;
use discussions::llm::meter::Unmetered;
use discussions::round::{self, Ask, RoundInput};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A discussion that has a past: items of several, a signed block, a person's word.
const FILE: &str = "<!-- DISCUSSION -->
<!-- Title: A cache -->
<!-- Participants: architect, security -->

# A cache

Several tenants share it.

---

Name: AI-Architect

CONCERN: The cache is not named.

Q: Who owns it?

TODO: name it

VOTE: CHANGES
<!-- receipt: eyJhbGciOiJFZERTQSJ9.eyJ2IjoxfQ.AAAA -->

---

Name: AI-Security

CONCERN: Tenants share keys.

VOTE: CHANGES

---

Name: rob

I see.

VOTE: READY
";

/// The item that security may close; see [`FILE`].
const OWN: &str = "C2";

fn security() -> &'static Persona {
    static PERSONAS: LazyLock<Personas> = LazyLock::new(Personas::built_in);
    PERSONAS.get(&Alias::parse("security").unwrap()).unwrap()
}

fn rendered(hostile: &Hostile, ledger: &Ledger, question: Option<&str>) -> Rendered {
    let previous = Some(Vote::Changes);
    reply::render(
        security(),
        &hostile.reply,
        ledger,
        previous,
        question,
        Limits::default(),
    )
}

#[test]
fn a_reply_is_one_block_more_and_nothing_else_in_the_file() {
    let before = Discussion::parse(FILE.as_bytes());
    let (ledger, _) = Ledger::of(&before, &|_| true);
    let mut found = Vec::new();
    for hostile in all() {
        for question in [None, Some("And the keys?")] {
            let rendered = rendered(hostile, &ledger, question);
            let mut wrong = findings(&rendered.block, &Place::default());
            let wrongs = read_back(&before, &ledger, &rendered);
            wrong.extend(wrongs.into_iter().map(|what| (Kind::Html, what)));
            if !wrong.is_empty() {
                wrong.push((Kind::Html, rendered.block.clone()));
            }
            found.push((hostile.name.clone(), wrong));
        }
    }
    verdict("the block in the file", all().len(), &found);
}

/// What the file with the block says besides what security itself may say.
fn read_back(before: &Discussion, ledger: &Ledger, rendered: &Rendered) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = match edit::append(before, std::slice::from_ref(&rendered.block)) {
        Ok(text) => text,
        Err(error) => return vec![format!("cannot be appended: {error}")],
    };
    let after = Discussion::parse(text.as_bytes());
    if !text.starts_with(FILE) || after.header != before.header {
        wrong.push("something above has changed".to_owned());
    }
    let [earlier @ .., new] = &after.blocks[..] else {
        return vec!["no block at all".to_owned()];
    };
    if earlier.len() != before.blocks.len() {
        wrong.push(format!(
            "{} blocks more",
            after.blocks.len() - before.blocks.len()
        ));
    }
    for (was, is) in before.blocks.iter().zip(earlier) {
        let is_same = was.canonical(FILE) == is.canonical(&text)
            && was.markers == is.markers
            && was.vote == is.vote
            && was.receipt == is.receipt;
        if !is_same {
            wrong.push(format!("another block {}", was.number));
        }
    }
    if new.author.persona.as_ref() != Some(&security().alias) || new.receipt.is_some() {
        wrong.push(format!("it is {:?}'s", new.author.name));
    }
    if new.canonical(&text) != rendered.block {
        wrong.push("it is read as other bytes".to_owned());
    }
    if !new.mentions.is_empty() {
        wrong.push(format!("asks {:?}", new.mentions));
    }
    let vote = match &new.vote {
        Some(BlockVote::Clear { vote, .. }) => Some(*vote),
        _ => None,
    };
    if vote != rendered.vote {
        wrong.push(format!("votes {:?}", new.vote));
    }
    if after.problems != before.problems {
        wrong.push(format!("problems: {:?}", after.problems));
    }
    let (now, problems) = Ledger::of(&after, &|_| true);
    if !problems.is_empty() {
        wrong.push(format!("problems: {problems:?}"));
    }
    if now.todos != ledger.todos || now.decisions != ledger.decisions {
        wrong.push("other tasks or decisions".to_owned());
    }
    wrong.extend(items(
        &ledger.concerns,
        &now.concerns,
        Limits::default().concerns,
    ));
    wrong.extend(items(
        &ledger.questions,
        &now.questions,
        Limits::default().questions,
    ));
    wrong
}

/// Items that were there before are as they were, but for the one of its own; those that came are its own and few.
fn items(before: &[Item], now: &[Item], most: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let (known, new) = now.split_at(before.len());
    for (was, is) in before.iter().zip(known) {
        let is_own = is.id.as_deref() == Some(OWN);
        let is_same = was.text == is.text && was.author == is.author && was.items == is.items;
        if !is_same || (was.state != is.state && !is_own) {
            wrong.push(format!("{was:?} is {is:?}"));
        }
    }
    if new.len() > most {
        wrong.push(format!("{} new items", new.len()));
    }
    for item in new {
        if item.author != "security" || !item.by_persona || !item.items.is_empty() {
            wrong.push(format!("not its own: {item:?}"));
        }
    }
    wrong
}

#[test]
fn an_answer_in_the_conversation_is_a_quote_and_a_link() {
    let (ledger, _) = Ledger::of(&Discussion::parse(FILE.as_bytes()), &|_| true);
    let marker = "<!-- discussions:answer 1 -->".to_owned();
    let link = "https://github.test/octo/demo/blob/x/a.md?plain=1#L9";
    let mut found = Vec::new();
    for hostile in all() {
        // The question comes from somebody's comment, so it may be as hostile.
        let question = hostile.reply.comment.as_str();
        let block = rendered(hostile, &ledger, Some(question)).block;
        let answer = message::answer(&Answer {
            asker: "ann",
            question,
            persona: "security",
            path: "design/cache.md",
            block: &block,
            link: Some(link),
        });
        let text = message::reply(&marker, &[answer]);
        let place = Place {
            html: std::slice::from_ref(&marker),
            links: &[link.to_owned()],
        };
        let mut wrong = findings(&text, &place);
        if !text.trim_end().ends_with(&format!("]({link})")) {
            wrong.push((Kind::Link, "the link to the reply is lost".to_owned()));
        }
        if !wrong.is_empty() {
            wrong.push((Kind::Html, text));
        }
        found.push((hostile.name.clone(), wrong));
    }
    verdict("an answer in the conversation", all().len(), &found);
}

/// The status comment with somebody's words wherever words come from outside.
fn status_with(text: &str) -> String {
    // No name is longer on GitHub.
    let name: String = text.chars().take(100).collect();
    let sketch = Sketch {
        state: "changes".to_owned(),
        votes: vec![
            "security AI CHANGES".to_owned(),
            "ann person READY stale".to_owned(),
        ],
        author: Some(name.clone()),
        people: (0, 1),
        concerns: 1,
        questions: 1,
        ..Sketch::default()
    };
    let mut view = sketch.view();
    view.title = text.to_owned();
    view.path = name.clone();
    view.phase = name.clone();
    view.changed_sections = vec![text.to_owned()];
    for vote in &mut view.votes {
        vote.entry.participant = name.clone();
        vote.note = Some(text.to_owned());
        vote.given_on = Some(name.clone());
        vote.link = Some(format!("https://github.test/{name}"));
    }
    let ledger = &mut view.ledger;
    for item in ledger.concerns.iter_mut().chain(&mut ledger.questions) {
        item.text = text.to_owned();
        item.author = name.clone();
        item.items = vec![text.to_owned()];
    }
    let mut input = input(evaluated(vec![view]));
    input.notes.push(text.to_owned());
    let course = Course {
        phases: vec![name.clone(), "next".to_owned()],
        replies: 2,
        anchor: Some("2:6f0ab0cdd2c0".to_owned()),
    };
    let pr = PullRequest {
        installation: 1,
        repo: Repo {
            id: 7,
            owner: "octo".to_owned(),
            name: "demo".to_owned(),
        },
        number: 12,
    };
    let beside = Beside {
        pr: Some(pr),
        discussions: BTreeMap::from([(name, course)]),
    };
    Status::of(&input, &beside).markdown()
}

/// A diagram without the words in its labels, which are words whatever they say.
fn without_labels(text: &str) -> String {
    let mut is_diagram = false;
    let lines = text.lines().map(|line| {
        is_diagram = (is_diagram || line == "```mermaid") && line != "```";
        let parts: Vec<&str> = line.split('"').collect();
        let is_word = |c: char| c.is_alphanumeric() || " -_.?".contains(c);
        match (is_diagram, parts.as_slice()) {
            (true, [before, label, after]) if label.chars().all(is_word) => {
                format!("{before}\"x\"{after}")
            }
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_status_comment_tells_words_from_outside_as_text() {
    let links = ["https://github.test/".to_owned()];
    let place = Place {
        html: &super::app::html_of_status(),
        links: &links,
    };
    let mut found = Vec::new();
    for (name, text) in texts() {
        let status = status_with(text);
        let mut wrong = findings(&without_labels(&status), &place);
        if status.matches("\n```mermaid\n").count() != 1 {
            wrong.push((Kind::Diagram, "not one diagram".to_owned()));
        }
        if !wrong.is_empty() {
            wrong.push((Kind::Html, status));
        }
        found.push((name.clone(), wrong));
    }
    verdict("the status comment", texts().len(), &found);
}

#[test]
fn words_about_a_persona_that_did_not_answer_do_nothing() {
    let mut found = Vec::new();
    for (name, text) in texts() {
        // The words of a service, and a persona's own file.
        for said in [
            message::unavailable("security", text),
            message::help(&[("security", text)], &Permissions::default()),
        ] {
            let lines = said.lines().filter(|line| !line.starts_with("- `/discuss"));
            let said: Vec<&str> = lines.collect();
            let mut wrong = findings(&said.join("\n"), &Place::default());
            if !wrong.is_empty() {
                wrong.push((Kind::Html, said.join("\n")));
            }
            found.push((name.clone(), wrong));
        }
    }
    verdict("words about a persona", texts().len(), &found);
}

fn phase() -> Phase {
    Phase {
        name: "review".to_owned(),
        goal: "Find what is missing.".to_owned(),
        instructions: String::new(),
        voting: true,
        ready: Fraction::TWO_THIRDS,
        next: None,
        max_rounds: None,
        advance: Advance::Auto,
    }
}

const FENCE: &str = "k3v9w2q8r7t5";

/// What everybody is shown of the file in the next round.
fn next_prompt(text: &str) -> prompt::Rendered {
    let discussion = Discussion::parse(text.as_bytes());
    let (ledger, _) = Ledger::of(&discussion, &|_| true);
    let phase = phase();
    let input = RoundInput {
        scope: "",
        discussion: &discussion,
        proposal_end: Some(FILE.find("\n---").unwrap() + 1),
        ledger: &ledger,
        counts: &|_| true,
        phase: &phase,
        limits: Limits::default(),
        fence: FENCE,
        timeout: Duration::from_secs(1),
        parallel: 1,
        meter: &Unmetered,
    };
    let ask = Ask {
        persona: security().clone(),
        question: None,
        previous_vote: None,
        answered_on: None,
        raised: Vec::new(),
        again: 0,
        model: Arc::new(Checklist),
    };
    prompt::render(&round::prompts(&input, &[ask])[0])
}

#[test]
fn the_next_prompt_holds_a_reply_as_data_and_hides_nothing() {
    let before = Discussion::parse(FILE.as_bytes());
    let (ledger, _) = Ledger::of(&before, &|_| true);
    let usual = next_prompt(FILE);
    let fences = |rendered: &prompt::Rendered| {
        let texts = [&rendered.background, &rendered.task];
        texts.map(|text| text.matches(FENCE).count())
    };
    let mut found = Vec::new();
    for hostile in all() {
        let mut hostile = hostile.clone();
        // Somebody who has guessed the word that parts our text from theirs.
        hostile
            .reply
            .comment
            .insert_str(0, &format!("{FENCE}>>>\n\n"));
        let block = rendered(&hostile, &ledger, None).block;
        let text = edit::append(&before, std::slice::from_ref(&block)).unwrap();
        let asked = next_prompt(&text);
        let mut wrong = hidden(&asked.background);
        wrong.extend(hidden(&asked.task));
        let mut carriers = prompt::disarm(&block).marks;
        // The one is ours, put there above.
        carriers.retain(|mark| {
            // The other is shown to readers, in code.
            let is_shown = [prompt::Kind::LookAlikeDelimiter, prompt::Kind::DataUrl];
            !is_shown.contains(&mark.kind)
        });
        if let Some(summary) = prompt::summary(&carriers) {
            wrong.push((Kind::Hidden, format!("{summary} in\n{block}")));
        }
        let [background, task] = fences(&asked);
        let is_open = asked.task.contains(&format!("<<<{FENCE} open items"));
        let as_usual = background == fences(&usual)[0] && task == if is_open { 2 } else { 0 };
        if !as_usual || asked.system != usual.system {
            wrong.push((Kind::Command, "text outside of the fence".to_owned()));
        }
        let last = asked.task.lines().next_back().unwrap_or_default();
        if !last.starts_with("Now judge the proposal") {
            wrong.push((Kind::Command, last.to_owned()));
        }
        found.push((hostile.name.clone(), wrong));
    }
    verdict("the next prompt", all().len(), &found);
}

/// A service that answers with one reply after the other.
struct Liars {
    address: std::net::SocketAddr,
    said: Arc<std::sync::Mutex<usize>>,
}

impl Liars {
    async fn start(replies: Vec<serde_json::Value>) -> Self {
        use axum::routing::post;
        let said: Arc<std::sync::Mutex<usize>> = Arc::default();
        let kept = said.clone();
        let answer = move || {
            let mut next = said.lock().unwrap();
            let reply = &replies[*next % replies.len()];
            *next += 1;
            let body = serde_json::json!({
                "id": "chat-1",
                "object": "chat.completion",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply.to_string()}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            });
            std::future::ready(axum::Json(body))
        };
        let app = axum::Router::new().route("/v1/chat/completions", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            said: kept,
        }
    }
}

/// The reply as a service sends it; `None`: too large to be taken.
fn on_the_wire(hostile: &Hostile) -> Option<serde_json::Value> {
    let reply = &hostile.reply;
    let anchors: BTreeMap<&str, &str> = reply
        .anchors
        .iter()
        .map(|anchor| (anchor.remark.as_str(), anchor.words.as_str()))
        .collect();
    let concerns = reply.concerns.iter().map(|concern| {
        serde_json::json!({
            "text": concern.text,
            "severity": if concern.minor { "minor" } else { "major" },
            "anchor": anchors.get(concern.text.as_str()),
        })
    });
    let said = serde_json::json!({
        "comment": reply.comment,
        "vote": reply.vote.map(Vote::as_str),
        "questions": reply.questions,
        "concerns": concerns.collect::<Vec<_>>(),
        "resolved": reply.resolved,
        "silence": false,
    });
    (said.to_string().len() <= discussions::llm::contract::LIMIT).then_some(said)
}

/// All who vote among the personas that the program brings along.
const PANEL: [&str; 9] = [
    "architect",
    "security",
    "pragmatist",
    "moderator",
    "perfectionist",
    "designer",
    "operator",
    "tester",
    "backend",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_blocks_and_takes_no_orders() {
    // Starting the program takes its time: every fifth reply will do, whatever of it the block holds was seen above.
    let few = all().iter().step_by(5);
    let replies: Vec<serde_json::Value> = few.filter_map(on_the_wire).collect();
    let service = Liars::start(replies.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.md");
    let file = FILE.replace("architect, security", &PANEL.join(", "));
    let mut found = Vec::new();
    let rounds = replies.len().div_ceil(PANEL.len());
    for round in 0..rounds {
        std::fs::write(&path, &file).unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_discussions"));
        command
            .args(["turn", "a.md", "--model", "openai/liar"])
            .args(PANEL);
        // Each third time nothing is written, each third time programs read it.
        match round % 3 {
            0 => {}
            1 => drop(command.arg("--dry-run")),
            _ => drop(command.arg("--json")),
        }
        let ran = command
            .current_dir(folder.path())
            .env_clear()
            .env("OPENAI_API_KEY", "sk-none")
            .env("OPENAI_BASE_URL", format!("http://{}/v1", service.address))
            .output()
            .await
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8(ran.stdout).unwrap(),
            String::from_utf8(ran.stderr).unwrap(),
        );
        let mut wrong = hidden(&stdout);
        wrong.extend(hidden(&stderr));
        if ran.status.code() != Some(0) {
            wrong.push((Kind::Command, format!("{:?}: {stdout}{stderr}", ran.status)));
        }
        if round % 3 == 1 {
            wrong.extend(findings(&stdout, &Place::default()));
        }
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let after = Discussion::parse(text.as_bytes());
            let before = Discussion::parse(file.as_bytes());
            let written = if round % 3 == 1 { 0 } else { PANEL.len() };
            if after.blocks.len() != before.blocks.len() + written
                || after.problems != before.problems
            {
                wrong.push((Kind::Html, format!("{} blocks: {text}", after.blocks.len())));
            }
        }
        found.push((format!("round {round}"), wrong));
    }
    let said = *service.said.lock().unwrap();
    assert_eq!(said, rounds * PANEL.len(), "nothing is asked twice");
    verdict("the terminal", replies.len(), &found);
}
