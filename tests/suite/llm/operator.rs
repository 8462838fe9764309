//! Models as an operator sets them up, from `discussions.toml` and variables to the answer: the real program, and the
//! whole App, with services that are doubles and programs that are small scripts.
#![cfg(unix)]

use super::double::{Double, Step};
use super::*;
use crate::github::keys::rsa;
use crate::scenarios::{CACHE, PATH};
use crate::support::fixture;
use crate::support::rig::Rig;
use discussions::config::Settings;
use discussions::llm::command::Readers;
use discussions::server::models::{found, offered};
use std::path::PathBuf;
use std::process::{Command, Output};

/// An operator's machine: a home with `discussions.toml`, a script, and a discussion.
pub(super) struct Machine(tempfile::TempDir);

impl Machine {
    pub(super) fn with(toml: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write(".config/discussions/discussions.toml", toml);
        // Says who it is asked as, and reads all it is told before it answers.
        let script =
            format!("cat > \"$HOME/asked\"; echo \"$1\" >> \"$HOME/models\"; echo '{GOOD}'\n");
        machine.write("answer.sh", &script);
        machine.write("a.md", &fixture("discussions/example.md"));
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program on this machine. Nothing of ours is in its environment.
    pub(super) async fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_discussions"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.0.path())
            // Nothing listens there, whatever runs on this machine.
            .env("OLLAMA_HOST", "127.0.0.1:1")
            .envs(more.iter().copied());
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
        Said(ran.await.unwrap())
    }

    /// The server's settings on this machine.
    pub(super) fn settings(&self, more: &[(&str, &str)]) -> Settings {
        let path = std::env::var("PATH").unwrap();
        let home = self.0.path().display().to_string();
        let vars = [
            ("APP_ID", "900"),
            ("PRIVATE_KEY", rsa().pkcs8.as_str()),
            ("WEBHOOK_SECRET", "5f1d0c6f0c7b4f5e9a3c2b1a"),
            ("PATH", &path),
            ("HOME", &home),
        ];
        let vars = vars.iter().chain(more);
        Settings::from_vars(vars.map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }
}

pub(super) struct Said(Output);

impl Said {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(super) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(super) fn all(&self) -> String {
        format!("{}{}", self.out(), String::from_utf8_lossy(&self.0.stderr))
    }

    #[track_caller]
    pub(super) fn exits(self, code: i32, words: &[&str]) -> Self {
        let all = self.all();
        assert_eq!(self.code(), code, "{all}");
        for word in words {
            assert!(all.contains(word), "{word:?} is not said in:\n{all}");
        }
        self
    }
}

/// A script, and a service of OpenAI's protocol.
fn both(url: &str) -> String {
    format!(
        "[providers.script]\nprotocol = \"command\"\nprogram = \"sh\"\narguments = [\"answer.sh\", \"{{model}}\"]\n\
         [providers.near]\nprotocol = \"openai\"\nurl = \"{url}/v1\"\nkey_variable = \"NEAR_KEY\"\nstructure = \"object\"\n\
         max_output_tokens = 777\n\
         [models.\"near/big\"]\nprice = {{ input = 3.0, output = 15.0 }}\n\
         [aliases]\ndefault = [\"near/big\", \"script/small\"]\nfast = \"script/quick\"\n"
    )
}

/// The service is down for as long as anybody asks.
fn down() -> Vec<Step> {
    vec![Step::status(500, "out of order"); 30]
}

fn up(times: usize) -> Vec<Step> {
    vec![Step::json(&Protocol::OpenAi.said(GOOD, None)); times]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_answered_by_the_service_of_the_file_and_by_the_script_where_it_is_down() {
    let key = ("NEAR_KEY", KEY);
    let service = Double::start(up(1)).await;
    let machine = Machine::with(&both(&service.url()));
    let turn = ["turn", "a.md", "security"];
    let answered = machine.run(&turn, &[key]).await;
    answered.exits(0, &["answered by near/big"]);
    let asked = &service.asked()[0];
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(asked.body["model"], "big");
    assert_eq!(asked.body["max_tokens"], 777);
    assert_eq!(asked.body["response_format"]["type"], "json_object");

    let service = Double::start(down()).await;
    let machine = Machine::with(&both(&service.url()));
    let answered = machine.run(&turn, &[key]).await;
    answered.exits(0, &["answered by script/small"]);
    assert!(!service.asked().is_empty(), "it was tried first");
    assert_eq!(machine.read("models"), "small\n");
    assert!(machine.read("asked").contains("additionalProperties"));

    // An alias by name, one in a repository, and one in a persona's file.
    let machine = Machine::with(&both(&service.url()));
    let tried = service.asked().len();
    let named = ["turn", "a.md", "security", "--model", "fast"];
    machine
        .run(&named, &[key])
        .await
        .exits(0, &["script/quick"]);
    machine.write(
        ".github/discussions.yml",
        "models: {architect: fast, perfectionist: near/other}\n",
    );
    machine.write(
        ".github/discussions/personas/scribe.md",
        "---\nname: scribe\ndescription: Writes.\nmodel: fast\n---\nYou write.\n",
    );
    let turn = ["turn", "a.md", "architect", "scribe"];
    let answered = machine.run(&turn, &[key]).await.exits(0, &["script/quick"]);
    assert!(
        !answered.all().contains("script/small"),
        "{}",
        answered.all()
    );
    assert_eq!(
        service.asked().len(),
        tried,
        "the service is not in that alias"
    );
    // What a repository names and nobody offers here is said, and the usual model answers.
    let words = [
        "perfectionist: the model near/other is not offered here; on offer: default, fast, checklist, near/big",
        "answered by script/small",
    ];
    machine
        .run(&["turn", "a.md", "perfectionist"], &[key])
        .await
        .exits(0, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_answered_by_what_stands_in_and_by_the_alias_that_the_repository_names() {
    let service = Double::start(down()).await;
    let machine = Machine::with(&both(&service.url()).replace("answer.sh", "~/answer.sh"));
    let script = machine.path("answer.sh").display().to_string();
    let toml = both(&service.url()).replace("answer.sh", &script);
    machine.write(".config/discussions/discussions.toml", &toml);
    let settings = machine.settings(&[("NEAR_KEY", KEY)]);
    let mut rig = Rig::start().await;
    rig.deps.models = offered(&settings.models, Readers::Everybody).unwrap();
    rig.start_over(None).await;
    rig.configure("models: {security: fast, pragmatist: openai/gpt-5}\n")
        .await;
    let number = rig.open("rob", PATH, CACHE).await;
    let text = rig.file(number, PATH);
    let tokens = text.lines().filter_map(discussions::engine::receipt::token);
    let mut models: Vec<String> = tokens
        .map(|token| rig.deps.keyring.keys.check(token).unwrap().model)
        .collect();
    models.sort();
    assert_eq!(models, ["script/quick", "script/small"], "{text}");
    assert!(
        rig.title(number).starts_with("DEGRADED: pragmatist"),
        "{}",
        rig.title(number)
    );
    let summary = rig.summary(number);
    assert!(
        summary.contains("the model openai/gpt-5 is not offered here; on offer: default, fast"),
        "a repository may choose among what the operator offers only: {summary}"
    );
    assert!(!machine.read("asked").contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_with_their_prices_and_where_each_setting_is_from_and_checked() {
    let service = Double::start([up(1), down()].concat()).await;
    let machine = Machine::with(&both(&service.url()));
    let key = ("NEAR_KEY", KEY);
    let listed = machine.run(&["models"], &[key]).await.exits(
        0,
        &[
            "near/big  $3 in, $15 out, $3.75 written to the cache per million tokens",
            "set  (NEAR_KEY)",
            "777  (",
            "discussions.toml:10)",
            "script/small  price not known",
            "sh answer.sh small",
            "who answers  near/big, then script/small",
            "alias fast  script/quick",
        ],
    );
    assert!(!listed.all().contains(KEY), "{}", listed.all());
    assert!(service.asked().is_empty(), "listing asks nobody");

    let checked = machine.run(&["models", "--check", "--json"], &[key]).await;
    let json: Value = serde_json::from_str(&checked.exits(0, &[]).out()).unwrap();
    assert_eq!(json["schema"], "discussions/models@1");
    assert_eq!(json["default"], json!(["near/big", "script/small"]));
    assert_eq!(json["models"][0]["price"]["output"], 15_000);
    assert_eq!(json["models"][0]["check"]["ok"], true);
    assert_eq!(json["models"][0]["check"]["input_tokens"], 100);
    assert_eq!(json["models"][1]["check"]["ok"], true);
    assert_eq!(json["aliases"][1]["models"], json!(["script/quick"]));

    let words = ["failed after", "out of order", "ok in"];
    machine
        .run(&["models", "--check"], &[key])
        .await
        .exits(1, &words);
    machine.run(&["models"], &[]).await.exits(
        2,
        &["the variable NEAR_KEY is not set", "discussions.toml:8:16"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_configured_it_is_said_what_to_set() {
    let machine = Machine::with("");
    let words = [
        "no model is configured",
        "ANTHROPIC_API_KEY",
        "OLLAMA_HOST: the Ollama at http://127.0.0.1:1",
    ];
    machine.run(&["models"], &[]).await.exits(1, &words);
    let checklist = ("DISCUSSIONS_MODEL", "checklist");
    machine
        .run(&["models"], &[checklist])
        .await
        .exits(0, &["who answers  checklist"]);
    machine
        .run(&["models", "--check"], &[checklist])
        .await
        .exits(0, &["checklist"]);
    let json = machine.run(&["models", "--json"], &[checklist]).await.out();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["default"], json!(["checklist"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ollama_that_runs_is_found_with_its_newest_model_that_answers() {
    let tags = json!({"models": [
        {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
        {"name": "all-minilm:latest", "details": {"family": "bert"}},
        {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443"},
        {"name": "qwen3:8b", "details": {"family": "qwen3"}},
        {"name": "llama3.2:latest", "details": {"family": "llama"}},
    ]});
    let mut answer = Protocol::OpenAi.said(GOOD, None);
    // All of it, as it says.
    answer["usage"]["prompt_tokens"] = json!(9_000);
    let service = Double::start(vec![Step::json(&tags), Step::json(&answer)]).await;
    let host = service.url().replace("http://", "");
    let machine = Machine::with("[models.\"ollama/qwen3:8b\"]\nmax_output_tokens = 900\n");
    let turn = machine
        .run(&["turn", "a.md", "security"], &[("OLLAMA_HOST", &host)])
        .await;
    turn.exits(
        0,
        &[
            "no model is named: asking ollama/qwen3:8b",
            "answered by ollama/qwen3:8b",
        ],
    );
    let asked = service.asked();
    assert!(
        asked[0].line.starts_with("GET /api/tags "),
        "{}",
        asked[0].line
    );
    assert!(
        asked[1].line.starts_with("POST /v1/chat/completions "),
        "{}",
        asked[1].line
    );
    assert_eq!(
        asked[1].body["max_tokens"], 900,
        "what the file says of it holds"
    );

    // One that is named and not there, or has no model, answers nothing in silence.
    let empty = Double::start(vec![Step::json(&json!({"models": []})); 3]).await;
    let host = empty.url().replace("http://", "");
    let turn = machine
        .run(&["turn", "a.md", "security"], &[("OLLAMA_HOST", &host)])
        .await;
    turn.exits(2, &["it has no model that can answer", "ollama pull"]);
    let turn = machine.run(&["turn", "a.md", "security"], &[]).await;
    turn.exits(
        2,
        &[
            "OLLAMA_HOST: the Ollama at http://127.0.0.1:1 gives no model",
            "ollama serve",
        ],
    );
    // A server stays up: its personas advise, and nothing gets green.
    let settings = machine.settings(&[("OLLAMA_HOST", &host)]);
    let found = found(settings.models).await.unwrap();
    assert!(found.is_amiss && !found.settings.is_configured());
    assert_eq!(
        offered(&found.settings, Readers::Everybody)
            .unwrap()
            .operator,
        None
    );
}

/// A company's proxy is in the environment, the model is in the same box: it is not asked through the proxy, which could
/// not reach it and would read the key and the proposal.
#[tokio::test(flavor = "multi_thread")]
async fn what_listens_on_this_machine_is_not_asked_through_the_proxy() {
    let service = Double::start(up(1)).await;
    let proxy = Double::start(vec![Step::status(502, "I am the proxy"); 30]).await;
    let machine = Machine::with(&both(&service.url()));
    let by_proxy = [
        ("HTTP_PROXY", proxy.url()),
        ("http_proxy", proxy.url()),
        ("HTTPS_PROXY", proxy.url()),
        ("NEAR_KEY", "sk-near".to_owned()),
    ];
    let more = by_proxy
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let turn = machine.run(&["turn", "a.md", "security"], &more).await;
    turn.exits(0, &["answered by near/big"]);
    assert_eq!(service.asked().len(), 1);
    assert!(proxy.asked().is_empty(), "the proxy saw a request");

    // What is elsewhere does go through it.
    let far = both("https://models.example.com");
    let machine = Machine::with(&far.replace(", \"script/small\"", ""));
    let turn = machine.run(&["turn", "a.md", "security"], &more).await;
    assert_ne!(turn.code(), 0, "{}", turn.all());
    let asked = proxy.asked();
    assert!(
        asked[0].line.starts_with("CONNECT models.example.com:443 "),
        "{}",
        asked[0].line
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_one_model_needs_no_name_and_one_with_several_does() {
    let list = |ids: &[&str]| {
        let models: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "object": "model"}))
            .collect();
        Step::json(&json!({"object": "list", "data": models}))
    };
    let service = Double::start([vec![list(&["qwen/qwen3"])], up(1)].concat()).await;
    let url = format!("{}/v1", service.url());
    let variables = [("OPENAI_BASE_URL", url.as_str()), ("OPENAI_API_KEY", KEY)];
    let machine = Machine::with("");
    let turn = ["turn", "a.md", "security"];
    let words = ["answered by openai/qwen/qwen3", "the only model at"];
    machine.run(&turn, &variables).await.exits(0, &words);
    let asked = service.asked();
    assert!(
        asked[0].line.starts_with("GET /v1/models "),
        "{}",
        asked[0].line
    );
    assert_eq!(asked[0].headers["authorization"], format!("Bearer {KEY}"));

    let several: Vec<String> = (1..=10).map(|number| format!("m{number}")).collect();
    let several: Vec<&str> = several.iter().map(String::as_str).collect();
    for (answer, why) in [
        (
            list(&several),
            "it lists m1, m2, m3, m4, m5, m6, m7, m8 and 2 more",
        ),
        (list(&[]), "it lists none"),
        (Step::status(404, "no such page"), "no such page"),
        (Step::status(200, "<html>"), "no list of models"),
        (Step::HangUp, "failed"),
    ] {
        let service = Double::start(vec![answer]).await;
        let url = format!("{}/v1", service.url());
        let variables = [("OPENAI_BASE_URL", url.as_str()), ("OPENAI_API_KEY", KEY)];
        let words = [
            "OPENAI_BASE_URL: is set",
            why,
            "DISCUSSIONS_MODEL=openai/MODEL",
        ];
        let said = machine.run(&turn, &variables).await.exits(2, &words);
        assert!(!said.all().contains(KEY), "{}", said.all());
    }
}
