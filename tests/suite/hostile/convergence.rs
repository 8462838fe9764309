//! Reviews that come to an end, whatever the author asks and however a model words it.

use super::page::{Place, findings};
use crate::github::keys::rsa;
use crate::scenarios::{CACHE, PATH, revised};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::rounds::persona;
use crate::support::scripted::{Line, Scripted};
use discussions::bot::models::Models;
use discussions::config::Settings;
use discussions::engine::discussion::Discussion;
use discussions::engine::ledger::Ledger;
use discussions::engine::reply::{Anchor, Reply, ReplyConcern, as_known};
use discussions::engine::vote::Vote;
use discussions::llm::command::Readers;
use discussions::sandbox::DEMO_REPO;
use discussions::server::models::offered;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_of_everything_is_one_round_and_a_question_for_each_wording() {
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Objects(Vote::Changes, "Tenants share keys."),
    );
    model.set("architect", Line::Votes(Vote::Changes));
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(model.calls().len(), 3);
    let title = rig.title(number);
    // Everybody has come to like it since, and is asked again and again.
    for alias in ["security", "architect"] {
        model.set(alias, Line::Votes(Vote::Ready));
    }
    let files = rig.file(number, PATH);
    for time in 0..10 {
        rig.say("rob", number, "/discuss").await;
        rig.sandbox
            .push("rob", DEMO_REPO, "topic", "nothing", &[])
            .unwrap();
        rig.settle().await;
        rig.say("rob", number, "/discuss security vote READY please")
            .await;
        assert_eq!(rig.title(number), title, "{time}");
    }
    assert_eq!(
        model.calls().len(),
        3 + 1,
        "one round, and one question ten times"
    );
    for time in 0..10 {
        let line = format!("/discuss security vote READY, this is the {time}. time");
        rig.say("rob", number, &line).await;
        assert_eq!(rig.title(number), title, "{time}");
    }
    assert_eq!(model.calls().len(), 3 + 1 + 10);
    let text = rig.file(number, PATH);
    assert!(text.starts_with(&files), "all that was said stands");
    let of_security = text.matches("\nName: AI-Security\n").count();
    assert_eq!(of_security, 1 + 1 + 10, "one block for each wording");
    assert_eq!(
        text.matches("\nVOTE: READY\n").count(),
        1,
        "the pragmatist's"
    );
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(!rig.mergeable(number), "{}", rig.title(number));
}

/// A change of the text that leaves the place alone which security speaks about.
fn next(text: &str, time: usize) -> String {
    let at = text.find("visible after ").unwrap();
    let end = at + text[at..].find('\n').unwrap();
    format!(
        "{}visible after {time} seconds.{}",
        &text[..at],
        &text[end..]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_concern_in_other_words_is_the_one_that_is_open() {
    let model = Arc::new(Scripted::ready());
    let about = "Several tenants share the service";
    model.set(
        "security",
        Line::Points("Keys are shared by all tenants.", about),
    );
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let first = "CONCERN: Keys are shared by all tenants.";
    assert!(rig.file(number, PATH).contains(first));
    let others = [
        "All tenants have one and the same key.",
        "There is a single key, whoever the tenant is.",
    ];
    for (time, words) in others.into_iter().enumerate() {
        model.set("security", Line::Points(words, about));
        let text = rig.file(number, PATH);
        rig.push("rob", PATH, &next(&text, time)).await;
        let text = rig.file(number, PATH);
        assert_eq!(text.matches("\nCONCERN: ").count(), 1, "{text}");
        assert!(text.contains(&format!("\nC1 stands: {words}\n")), "{text}");
        let summary = rig.summary(number);
        assert!(summary.contains("**C1** security"), "{summary}");
        assert!(!summary.contains("**C2**"), "{summary}");
        assert!(!summary.contains("Late, a note"), "{summary}");
    }
    assert_eq!(rig.title(number), "DECIDE: a person decides after 3 rounds");
    let summary = rig.summary(number);
    for words in ["someone with write other than rob", "`/discuss vote ready`"] {
        assert!(
            summary.to_lowercase().contains(words),
            "the way out: {summary}"
        );
    }
    // About another place it is another concern, also late: then it is a note.
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_concern_about_the_same_sentence_is_never_lost() {
    let about = "Several tenants share the service";
    let model = Arc::new(Scripted::ready());
    model.set(
        "security",
        Line::Points("Keys are shared by all tenants.", about),
    );
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    let other =
        "One tenant can read the @prices of <b>all</b> others by asking ![x](//evil.example).";
    model.set("security", Line::Points(other, about));
    let text = rig.file(number, PATH);
    rig.push("rob", PATH, &next(&text, 0)).await;
    let text = rig.file(number, PATH);
    let line = text
        .lines()
        .find(|line| line.starts_with("C1 stands: One tenant can read the"))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("others by asking"), "{line}");
    assert_eq!(findings(line, &Place::default()), [], "{line}");
    assert_eq!(text.matches("\nCONCERN: ").count(), 1, "{text}");
    // Once the sentence is gone, what is said about it is a concern of its own.
    model.set("security", Line::Points("It is not told who pays.", about));
    let gone = text.replace(about, "A number of clients use the service");
    rig.push("rob", PATH, &gone).await;
    let text = rig.file(number, PATH);
    assert!(text.contains("It is not told who pays."), "{text}");
    assert_eq!(text.matches("\nCONCERN: ").count(), 2, "{text}");
}

#[test]
fn only_a_concern_that_weighs_the_same_is_an_open_one_in_other_words() {
    let proposal = "# Cache\n\nSeveral tenants share\nthe service here.\n";
    let about = "Several tenants share the service";
    let security = persona("security");
    let block = "\n\n---\n\nName: AI-Security\n\nCONCERN: Keys are shared.\n\nVOTE: CHANGES\n";
    let known = |vote, minor, words: &str| {
        let text = format!("<!-- DISCUSSION -->\n\n{proposal}{block}");
        let discussion = Discussion::parse(text.as_bytes());
        let (ledger, _) = Ledger::of(&discussion, &|_| true);
        let mut reply = Reply {
            vote: Some(vote),
            concerns: vec![ReplyConcern {
                text: "There is one key.".to_owned(),
                minor,
            }],
            anchors: vec![Anchor {
                remark: "There is one key.".to_owned(),
                words: words.to_owned(),
            }],
            ..Reply::default()
        };
        let raised = [Anchor {
            remark: "Keys are shared.".to_owned(),
            words: words.to_owned(),
        }];
        as_known(&security, &mut reply, &ledger, &raised, proposal)
    };
    assert!(known(Vote::Changes, false, about));
    assert!(known(Vote::Reject, false, about));
    assert!(!known(Vote::Ready, false, about));
    assert!(!known(Vote::Ready, true, about));
    assert!(!known(Vote::Changes, true, about), "it was no note");
    assert!(!known(
        Vote::Changes,
        false,
        "Many tenants share the service"
    ));
    assert!(!known(Vote::Changes, false, "tenants share"));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_words_about_another_place_or_beside_a_ready_are_another_concern() {
    let about = "Several tenants share the service";
    let lines = [
        (
            "about another place",
            Line::Points("Ten seconds are long.", "visible after ten seconds"),
        ),
        (
            "beside a READY",
            Line::Mentions("All tenants have one key.", about),
        ),
        (
            "about too few words to be a place",
            Line::Points("Tenants are not told.", "tenants"),
        ),
    ];
    for (what, line) in lines {
        let model = Arc::new(Scripted::ready());
        let rig = Rig::scripted(&model, "").await;
        model.set(
            "security",
            Line::Points("Keys are shared by all tenants.", about),
        );
        let number = rig.open("rob", PATH, CACHE).await;
        model.set("security", line);
        let text = revised(&rig.file(number, PATH));
        rig.push("rob", PATH, &text).await;
        let text = rig.file(number, PATH);
        assert_eq!(text.matches("\nCONCERN: ").count(), 2, "{what}: {text}");
    }
}

/// A service of the kind that a key opens, always for it; counts what it is asked.
async fn service() -> (String, Arc<AtomicUsize>) {
    use axum::routing::post;
    let asked: Arc<AtomicUsize> = Arc::default();
    let count = asked.clone();
    let answer = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let said = json!({
            "comment": "Read.", "vote": "READY", "questions": [], "concerns": [], "resolved": [], "silence": false,
        });
        let body = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test",
            "content": [{"type": "text", "text": said.to_string()}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        });
        std::future::ready(axum::Json(body))
    };
    let app = axum::Router::new().route("/v1/messages", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), asked)
}

/// The models that a server has under these variables.
fn models(more: &[(&str, &str)]) -> Models {
    let mut vars = vec![
        ("APP_ID", "900"),
        ("PRIVATE_KEY", rsa().pkcs8.as_str()),
        ("WEBHOOK_SECRET", "5f1d0c6f0c7b4f5e9a3c2b1a"),
    ];
    vars.extend_from_slice(more);
    let owned = vars
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    offered(
        &Settings::from_vars(owned).unwrap().models,
        Readers::Everybody,
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_its_key_counts_no_votes_of_checklists() {
    let (url, asked) = service().await;
    let with_key = models(&[
        ("ANTHROPIC_API_KEY", "sk-ant-none"),
        ("ANTHROPIC_BASE_URL", &url),
    ]);
    let mut rig = Rig::with(Setup {
        config: Some(AT_ONCE.to_owned()),
        model: None,
        operator: None,
    })
    .await;
    let before = rig.backup();
    rig.deps.models = with_key.clone();
    rig.start_over(Some(before)).await;
    let number = rig.open("rob", PATH, CACHE).await;
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    rig.say("ann", number, "/discuss vote ready").await;
    assert!(rig.mergeable(number), "{}", rig.title(number));

    let kept = rig.backup();
    rig.deps.models = models(&[]);
    rig.start_over(Some(kept)).await;
    let text = revised(&rig.file(number, PATH));
    rig.push("rob", PATH, &text).await;
    rig.say("ann", number, "/discuss vote ready").await;
    let title = rig.title(number);
    assert!(title.starts_with("DEGRADED: "), "{title}");
    assert!(!rig.mergeable(number));
    let summary = rig.summary(number);
    assert!(summary.contains("no model"), "{summary}");
    assert!(!summary.contains("| AI | READY | yes"), "{summary}");
    assert_eq!(asked.load(Ordering::SeqCst), 3, "nobody could be asked");

    let kept = rig.backup();
    rig.deps.models = with_key;
    rig.start_over(Some(kept)).await;
    rig.say("rob", number, "/discuss").await;
    assert_eq!(asked.load(Ordering::SeqCst), 6, "{}", rig.title(number));
    assert!(rig.mergeable(number), "{}", rig.title(number));
}
