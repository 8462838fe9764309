//! A real language model on this machine, small and without sense: whatever it says, the App holds its promises.
//!
//! `tests/local_model/prepare` makes it ready and prints the two variables that these tests read. Over OpenAI's protocol
//! llama.cpp holds a model to a schema, over Anthropic's to the form of its tools and to nothing else: there the answer is
//! asked for as the input of one (`structure = "tool"`), and the server gets a template that knows how tools are called.

use super::*;
use crate::cli::{Folder, Ran};
use crate::support::stand::{PATH, Stand};
use discussions::engine::discussion::Discussion;
use discussions::engine::marker::BlockVote;
use discussions::llm::endpoint::Structure;
use discussions::llm::meter::{CallId, Meter, Request, Settled};
use discussions::llm::{ModelError, Usage};
use discussions::sandbox::{DEMO_REPO, EffectKind, FileEdit};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// How the model is told of tools.
const TEMPLATE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/local_model/chat_template.jinja"
);
/// Tokens that prompt and answer have together. A prompt has about 3,500 of this model's, the answer the rest.
const CONTEXT: u32 = 6_144;
/// Who is asked: few, as the model takes one after the other and each request has a minute.
const PANEL: [&str; 2] = ["security", "pragmatist"];
/// How often a round is begun anew before it is held against the App that the model gives no usable answer: a quarter
/// of them are cut off or say nothing.
const TRIES: usize = 6;

/// Most tokens it may write.
const MOST: u32 = 600;
/// The model goes on and on. Its tokens that end a text (`"`, `",`, `."`, `.",`, `?"`) are made likelier, so that it comes
/// to an end.
const ENDINGS: &str = "18+5,1002+5,1270+5,14069+5,4817+5";
/// Turns of which the tokens are looked at.
const TURNS: usize = 3;

/// A short proposal: the model is small.
const PROPOSAL: &str = "<!-- DISCUSSION -->
<!-- Title: Sign in with a link -->
<!-- Participants: security, pragmatist -->

# Sign in with a link

We send people an e-mail with a link that signs them in. The link works once and for ten minutes.
";

/// `llama-server` with the model; ends when dropped.
struct Server {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name}: see tests/local_model/prepare"))
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let (context, port_text) = (CONTEXT.to_string(), port.to_string());
        let child = Command::new(variable("LOCAL_MODEL_SERVER"))
            .args(["--model", &variable("LOCAL_MODEL_WEIGHTS")])
            .args(["--chat-template-file", TEMPLATE])
            .args(["--logit-bias", ENDINGS])
            .args(["--host", "127.0.0.1", "--port", &port_text])
            .args(["--ctx-size", &context, "--parallel", "1", "--api-key", KEY])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            folder: tempfile::tempdir().unwrap(),
        };
        let health = format!("{}/health", server.url);
        // It answers 503 while it loads.
        while !reqwest::get(&health)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert_eq!(server.child.try_wait().unwrap(), None, "llama-server ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// What an operator writes to have it on the panel.
    fn settings(&self, protocol: Protocol) -> Vec<(&'static str, String)> {
        let file = self.folder.path().join("discussions.toml");
        // The model never comes to an end by itself, and a busy machine takes its time to read.
        let (name, structure) = match structure(protocol) {
            Structure::Tool => (name(protocol), "tool"),
            _ => (name(protocol), "schema"),
        };
        let quirks = format!(
            "[models.\"{name}/smollm2\"]\nmax_output_tokens = {MOST}\ntimeout = \"110s\"\nstructure = \"{structure}\"\n",
        );
        std::fs::write(&file, quirks).unwrap();
        let mut settings = vec![("DISCUSSIONS_CONFIG", file.display().to_string())];
        settings.extend(match protocol {
            Protocol::Anthropic => [
                ("ANTHROPIC_BASE_URL", self.url.clone()),
                ("ANTHROPIC_API_KEY", KEY.to_owned()),
                ("DISCUSSIONS_MODEL", "anthropic/smollm2".to_owned()),
            ],
            Protocol::OpenAi => [
                ("OPENAI_BASE_URL", format!("{}/v1", self.url)),
                ("OPENAI_API_KEY", KEY.to_owned()),
                ("DISCUSSIONS_MODEL", "openai/smollm2".to_owned()),
            ],
        });
        settings
    }
}

/// The real server with the model on its panel.
async fn stand(server: &Server, protocol: Protocol) -> Stand {
    let mut stand = Stand::build().await;
    for (name, value) in server.settings(protocol) {
        stand.set(name, value);
    }
    // Every persona waits for the one before it, and is asked twice where its answer does not read.
    stand.be_patient(Duration::from_secs(400));
    stand
        .configure(&format!("participants: [{}]\n", PANEL.join(", ")))
        .await;
    stand.start_server().await;
    stand
}

/// Opens a pull request and waits for its verdict.
async fn round(stand: &Stand, branch: &str, text: &str) -> u64 {
    let number = stand.propose_on(branch, &[FileEdit::write(PATH, text)]);
    stand.answered(number).await;
    number
}

/// What holds after a round whatever was said; how many personas have answered.
async fn judge(stand: &Stand, number: u64, before: &str) -> usize {
    let check = stand.check(number).unwrap();
    let title = check.title.clone().unwrap_or_default();
    let summary = check.summary.clone().unwrap_or_default();
    let conclusion = check.conclusion.clone().unwrap_or_default();
    assert_ne!(conclusion, "success", "no person has voted: {title}");
    let text = stand.file(number, PATH);
    assert!(text.starts_with(before), "what was there stays: {text}");
    let discussion = Discussion::parse(text.as_bytes());
    assert_eq!(discussion.problems, [], "{text}");
    let mut spoken = Vec::new();
    for block in &discussion.blocks {
        let alias = block.author.persona.as_ref().map(ToString::to_string);
        let alias = alias.unwrap_or_else(|| panic!("{:?} is no persona", block.author));
        assert!(PANEL.contains(&alias.as_str()), "{alias} was not asked");
        assert!(!spoken.contains(&alias), "{alias} speaks twice: {text}");
        let unclear = matches!(block.vote, Some(BlockVote::Unclear { .. }));
        assert!(!unclear, "{alias}'s vote is unclear: {text}");
        assert!(block.receipt.is_some(), "{alias} is not signed: {text}");
        spoken.push(alias);
    }
    for alias in PANEL
        .into_iter()
        .filter(|alias| !spoken.contains(&(*alias).to_owned()))
    {
        let line = summary
            .lines()
            .find(|line| line.contains(alias) && line.contains("answer"));
        assert!(
            line.is_some(),
            "{alias} is missing, and nobody is told why:\n{summary}"
        );
    }
    assert!(!summary.contains(KEY) && !text.contains(KEY));
    verified(stand, number, &text, spoken.len()).await;
    println!("#{number} {conclusion}: {title}; answered: {spoken:?}");
    spoken.len()
}

/// The program itself, offline, with the server's public keys: every block is signed as it stands.
async fn verified(stand: &Stand, number: u64, text: &str, blocks: usize) {
    let keys = format!("{}/.well-known/jwks.json", stand.server().url);
    let keys = reqwest::get(keys).await.unwrap().text().await.unwrap();
    let folder = Folder::with(&[("a.md", text.as_bytes()), ("keys.json", keys.as_bytes())]);
    let number = number.to_string();
    let told: Ran = folder.run(&[
        "verify",
        "a.md",
        "--repo",
        DEMO_REPO,
        "--pr",
        &number,
        "--jwks",
        "keys.json",
        "--json",
    ]);
    let told = told.exits(0).json();
    let results: Vec<&str> = told["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| block["result"].as_str())
        .collect();
    assert_eq!(results, vec!["valid"; blocks]);
}

async fn a_panel_of_it_keeps_every_promise(protocol: Protocol) {
    let server = Server::start().await;
    let stand = stand(&server, protocol).await;
    let (mut answered, mut commits) = (0, 0);
    for attempt in 0..TRIES {
        let branch = format!("topic-{attempt}");
        let number = round(&stand, &branch, PROPOSAL).await;
        let blocks = judge(&stand, number, PROPOSAL).await;
        answered += blocks;
        commits += usize::from(blocks > 0);
        assert_eq!(
            stand.count(EffectKind::Commit),
            commits,
            "one for each round"
        );
        if answered > 0 {
            break;
        }
    }
    assert!(
        answered > 0,
        "no usable answer in {TRIES} rounds:\n{}",
        stand.log()
    );
    // More than it can read at once: refused by the server itself, told as such, and no vote.
    let filler = "The link is sent to the address that the account has on file at that time.\n\n";
    let long = format!("{PROPOSAL}\n## Details\n\n{}", filler.repeat(700));
    let number = round(&stand, "long", &long).await;
    assert_eq!(judge(&stand, number, &long).await, 0);
    let summary = stand.check(number).unwrap().summary.unwrap_or_default();
    assert!(summary.contains("refused the request (400)"), "{summary}");
    assert!(summary.contains("context"), "the reason is told: {summary}");
    assert!(!stand.log().contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a local model"]
async fn a_local_model_over_openais_protocol_keeps_every_promise() {
    a_panel_of_it_keeps_every_promise(Protocol::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a local model"]
async fn a_local_model_over_anthropics_protocol_keeps_every_promise() {
    a_panel_of_it_keeps_every_promise(Protocol::Anthropic).await;
}

/// Keeps what requests took.
#[derive(Default)]
struct Taken(Mutex<Vec<Usage>>);

#[async_trait::async_trait]
impl Meter for Taken {
    async fn announce(&self, _: &Request<'_>) -> Result<CallId, ModelError> {
        Ok(0)
    }

    async fn settle(&self, _: CallId, settled: &Settled<'_>) {
        self.0.lock().unwrap().push(settled.usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a local model"]
async fn a_local_model_counts_its_tokens_and_is_held_to_the_form() {
    let server = Server::start().await;
    for protocol in PROTOCOLS {
        let model = protocol.model_at(Endpoint {
            max_output_tokens: MOST,
            structure: structure(protocol),
            patience: Patience {
                request: Duration::from_secs(300),
                ..patient()
            },
            ..protocol.endpoint(&server.url)
        });
        let taken = Taken::default();
        let mut usable = 0;
        let mut turn = 0;
        while turn < TURNS || (usable == 0 && turn < TRIES * TURNS) {
            turn += 1;
            let asked = Prompt {
                question: Some(format!("Question {turn}: what if the e-mail is late?")),
                ..prompt()
            };
            match model.answer(&asked, &taken).await {
                Ok(answer) => {
                    usable += 1;
                    assert_eq!(answer.model, format!("{}/test", name(protocol)));
                    assert!(answer.usage.output > 0, "{answer:?}");
                }
                // As its form is held, what fails is what was cut off, or says nothing.
                Err(ModelError::Invalid(why)) => {
                    let known = [
                        "cut off",
                        "nothing is said",
                        "`silence` is true",
                        "no answer within",
                    ];
                    let is_known = known.iter().any(|known| why.contains(known));
                    assert!(is_known, "{protocol:?}: {why}");
                }
                Err(error) => panic!("{protocol:?}: {error}"),
            }
        }
        let taken = taken.0.into_inner().unwrap();
        println!("{protocol:?}: {usable} of {turn} turns usable, {taken:?}");
        assert!(usable > 0, "{protocol:?}: {taken:?}");
        for usage in &taken {
            assert!(usage.input > 1_000, "{protocol:?}: {usage:?}");
            assert!(
                (1..=u64::from(MOST)).contains(&usage.output),
                "{protocol:?}: {usage:?}"
            );
        }
        // All but the question is the same, so that the server reads it once.
        let again = &taken[1..];
        assert!(
            again
                .iter()
                .all(|usage| usage.cached * 10 >= usage.input * 8),
            "{protocol:?}: {taken:?}"
        );
    }
}

/// How llama.cpp holds a model to a form.
fn structure(protocol: Protocol) -> Structure {
    match protocol {
        Protocol::Anthropic => Structure::Tool,
        Protocol::OpenAi => Structure::Schema,
    }
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Anthropic => "anthropic",
        Protocol::OpenAi => "openai",
    }
}
