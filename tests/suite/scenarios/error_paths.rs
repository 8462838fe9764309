//! Every way in which something goes wrong, as data: each is driven through the whole bot, somebody with the right
//! votes READY all the same, and the check never gets green. `check/error-paths.yaml` has them.

use super::{CACHE, PATH, revised};
use crate::support::rig::{AT_ONCE, Rig, Setup};
use crate::support::scripted::{Line, Scripted};
use discussions::sandbox::{DEMO_REPO, Fault, FaultKind, FileEdit, Matcher, Role, Times};
use futures::{FutureExt, StreamExt, stream};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

const PATHS: &str = include_str!("../../fixtures/check/error-paths.yaml");
/// Pull requests that are played at the same time.
const AT_A_TIME: usize = 20;
/// Long enough for five tries with the pauses between them.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Configuration on the base, instead of one under which pushes are answered at once.
    #[serde(default)]
    config: Option<String>,
    /// More of it, behind that.
    #[serde(default)]
    also: String,
    /// Files on the base, below `.github/`.
    #[serde(default)]
    base: BTreeMap<String, String>,
    /// Where the discussion stands.
    #[serde(default)]
    path: Option<String>,
    /// What is replaced in the proposal: this by that.
    #[serde(default)]
    replace: Option<(String, String)>,
    /// What is pushed instead of text: see `odd`.
    #[serde(default)]
    odd: Option<String>,
    /// Text behind the proposal.
    #[serde(default)]
    append: String,
    /// The pull request changes these files as well.
    #[serde(default)]
    with: BTreeMap<String, String>,
    /// What personas do instead of voting READY: fails, panics, nonsense, silent, hangs.
    #[serde(default)]
    answers: BTreeMap<String, String>,
    /// The operator offers no model of its own.
    #[serde(default)]
    no_model: bool,
    /// Faults of GitHub from the start: `ROUTE OR OPERATION: what`.
    #[serde(default)]
    faults: BTreeMap<String, String>,
    /// Faults once the panel has answered.
    #[serde(default)]
    later: BTreeMap<String, String>,
    /// What happens to the database once the panel has answered.
    #[serde(default)]
    sql: Option<String>,
    /// What happens then; without it ann votes READY.
    #[serde(default)]
    steps: Option<Vec<String>>,
    /// How the title starts; `null`: there is no check at all.
    title: Option<String>,
}

fn fault(place: &str, what: &str) -> Fault {
    let matcher = match place.split_once(' ') {
        Some((method, route)) => Matcher::Rest(method.to_owned(), route.to_owned()),
        None if place == "writes" => Matcher::Writes,
        None => Matcher::Graphql(place.to_owned()),
    };
    let (what, number) = what.split_once(' ').unwrap_or((what, "0"));
    let number: u16 = number.parse().unwrap();
    let kind = match what {
        "status" => FaultKind::Status(number),
        "html" => FaultKind::Html(number),
        "garbage" => FaultKind::Garbage,
        "truncated" => FaultKind::TruncatedJson,
        "drop" => FaultKind::DropBefore,
        "errors" => FaultKind::GraphqlErrors(serde_json::json!([
            {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}
        ])),
        other => panic!("unknown fault {other}"),
    };
    Fault {
        matcher,
        times: Times::Next(u32::MAX),
        after: 0,
        kind,
    }
}

/// What is pushed in place of a text.
fn odd(kind: &str, path: &str) -> FileEdit {
    let bytes = match kind {
        "utf-16" => {
            let units = CACHE.encode_utf16().flat_map(u16::to_le_bytes);
            [0xFF, 0xFE].into_iter().chain(units).collect()
        }
        "nul" => CACHE.replacen("Context", "Con\0text", 1).into_bytes(),
        "latin-1" => [CACHE.as_bytes(), &[b'\n', 0xE9, b'\n']].concat(),
        "cr" => CACHE.replace('\n', "\r").into_bytes(),
        "empty" => Vec::new(),
        "no marker" => b"# A cache\n".to_vec(),
        "over 1 MB" => format!("{CACHE}\n{}", "x\n".repeat(1 << 19)).into_bytes(),
        "501 blocks" => {
            format!("{CACHE}\n{}", "---\n\nName: ann\n\nYes.\n\n".repeat(501)).into_bytes()
        }
        "symlink" => return FileEdit::symlink(path, "../README.md"),
        other => panic!("unknown content {other}"),
    };
    FileEdit::write(path, bytes)
}

fn line(answer: &str) -> Line {
    match answer {
        "fails" => Line::Fails,
        "panics" => Line::Panics,
        "nonsense" => Line::Nonsense,
        "silent" => Line::Silent,
        other => panic!("unknown answer {other}"),
    }
}

async fn rig_for(case: &Case, model: &Arc<Scripted>) -> Rig {
    let config = case.config.clone().unwrap_or_else(|| AT_ONCE.to_owned());
    let rig = Rig::with(Setup {
        config: Some(format!("{config}{}", case.also)),
        model: (!case.no_model).then(|| model.clone() as _),
        operator: None,
    })
    .await;
    let writer = rig.sandbox.add_collaborator(DEMO_REPO, "bob", Role::Write);
    writer.unwrap();
    if !case.base.is_empty() {
        let edits: Vec<FileEdit> = case
            .base
            .iter()
            .map(|(path, text)| FileEdit::write(&format!(".github/{path}"), text))
            .collect();
        rig.sandbox
            .push("ann", DEMO_REPO, "main", "define", &edits)
            .unwrap();
    }
    rig
}

fn proposal(case: &Case) -> Vec<FileEdit> {
    let path = case.path.as_deref().unwrap_or(PATH);
    let mut text = format!("{CACHE}{}", case.append);
    if let Some((this, that)) = &case.replace {
        assert!(text.contains(this), "{}: {this}", case.name);
        text = text.replacen(this, that, 1);
    }
    let discussion = match &case.odd {
        Some(kind) => odd(kind, path),
        None => FileEdit::write(path, text),
    };
    let others = case.with.iter();
    std::iter::once(discussion)
        .chain(others.map(|(path, text)| FileEdit::write(path, text)))
        .collect()
}

/// Waits until nothing is left to do: done or parked.
async fn come_to_rest(rig: &Rig) {
    let rest = async {
        let mut quiet = 0;
        while quiet < 3 {
            rig.sandbox.wait_until_idle().await;
            quiet = if rig.is_idle().await { quiet + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, rest)
        .await
        .expect("it comes to rest");
}

/// One step: `LOGIN: words`, or something that happens to the branch.
async fn take(rig: &Rig, number: u64, step: &str) {
    rig.sandbox.advance(Duration::from_secs(2));
    let push = |edits: &[FileEdit]| {
        rig.sandbox
            .push("rob", DEMO_REPO, "topic", "change", edits)
            .unwrap();
    };
    match step {
        "the file is deleted" => push(&[FileEdit::delete(PATH)]),
        "the marker is taken out" => {
            let text = rig.file(number, PATH);
            push(&[FileEdit::write(
                PATH,
                text.replacen("<!-- DISCUSSION -->\n", "", 1),
            )]);
        }
        "the file is moved out of the way" => {
            let text = rig
                .file(number, PATH)
                .replacen("<!-- DISCUSSION -->\n", "", 1);
            push(&[FileEdit::delete(PATH), FileEdit::write("notes.txt", text)]);
        }
        "the text changes and nobody is asked" => {
            let text = rig.file(number, PATH);
            push(&[FileEdit::write(PATH, revised(&text))]);
        }
        "ann loses her right" => {
            rig.sandbox.remove_collaborator(DEMO_REPO, "ann").unwrap();
        }
        "the last comment is deleted by rob" => {
            let comments = rig.sandbox.pull(DEMO_REPO, number).unwrap().comments;
            let last = comments
                .iter()
                .rfind(|comment| comment.app.is_none())
                .unwrap();
            rig.sandbox
                .delete_comment("rob", DEMO_REPO, last.id)
                .unwrap();
        }
        happens if happens.starts_with("fault ") => {
            let (place, what) = happens["fault ".len()..].rsplit_once(": ").unwrap();
            rig.sandbox.fault(fault(place, what));
        }
        happens if happens.starts_with("sql ") => rig.meddle(&happens["sql ".len()..]).await,
        said => {
            let (login, words) = said.split_once(": ").expect("LOGIN: words");
            rig.sandbox
                .comment(login, DEMO_REPO, number, words)
                .unwrap();
        }
    }
}

/// Plays a case; gives what is wrong with it.
async fn play(case: Case) -> Option<String> {
    let hangs = case.answers.values().any(|answer| answer == "hangs");
    let model = Arc::new(match hangs {
        true => Scripted::gated(),
        false => Scripted::ready(),
    });
    for (alias, answer) in case.answers.iter().filter(|(_, answer)| *answer != "hangs") {
        model.set(alias, line(answer));
    }
    let rig = rig_for(&case, &model).await;
    for (place, what) in &case.faults {
        rig.sandbox.fault(fault(place, what));
    }
    rig.sandbox
        .push("rob", DEMO_REPO, "topic", "propose", &proposal(&case))
        .unwrap();
    let number = rig.pull("rob", "topic");
    let expected = case.title.clone().unwrap_or_default();
    if hangs {
        rig.until(|| rig.title(number).starts_with(&expected)).await;
    } else {
        come_to_rest(&rig).await;
    }
    for (place, what) in &case.later {
        rig.sandbox.fault(fault(place, what));
    }
    if let Some(sql) = &case.sql {
        rig.meddle(sql).await;
    }
    let by_default = vec!["ann: /discuss vote ready".to_owned()];
    for step in case.steps.clone().unwrap_or(by_default) {
        take(&rig, number, &step).await;
        if !hangs {
            come_to_rest(&rig).await;
        }
    }
    let check = rig.sandbox.check_on_head(DEMO_REPO, number, "discussions");
    let title = check.as_ref().and_then(|check| check.title.clone());
    let conclusion = check.and_then(|check| check.conclusion);
    let is_named = match (&case.title, &title) {
        (Some(start), Some(title)) => title.starts_with(start.as_str()),
        (None, None) => true,
        _ => false,
    };
    let is_blocking = matches!(
        conclusion.as_deref(),
        None | Some("failure" | "action_required")
    );
    let merges = rig.mergeable(number);
    let wrong = format!(
        "{}: {conclusion:?} {title:?}, mergeable {merges}, expected {:?}",
        case.name, case.title
    );
    (!is_named || !is_blocking || merges).then_some(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_path_ends_in_a_state_that_is_not_green() {
    let cases: Vec<Case> = serde_saphyr::from_str(PATHS).unwrap();
    let all = cases.len();
    let names: std::collections::BTreeSet<&String> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), all, "every path once");
    let played = stream::iter(cases).map(|case| {
        let name = case.name.clone();
        async move {
            match AssertUnwindSafe(play(case)).catch_unwind().await {
                Ok(wrong) => wrong,
                Err(_) => Some(format!("{name}: panicked, see above")),
            }
        }
    });
    let played: Vec<Option<String>> = played.buffer_unordered(AT_A_TIME).collect().await;
    let mut wrong: Vec<String> = played.into_iter().flatten().collect();
    println!("{all} error paths, none of them green");
    assert!(all >= 30, "only {all} error paths");
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {all}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Without an error the same steps end green, so that the cases above are red for what is wrong in them and for
/// nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_pull_request_without_an_error_is_green() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    take(&rig, number, "ann: /discuss vote ready").await;
    come_to_rest(&rig).await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert!(rig.mergeable(number));
}
