//! What an operator is told about settings, and what is taken.

use crate::github::keys::rsa;
use discussions::config::models::Access;
use discussions::config::{GitHubUrls, Settings, SettingsError};
use discussions::telemetry::LogFormat;
use secrecy::ExposeSecret;

const SECRET: &str = "5f1d0c6f0c7b4f5e9a3c2b1a";

/// The smallest environment that is enough, with the given variables on top.
fn read(more: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut vars = vec![
        ("APP_ID", "900"),
        ("PRIVATE_KEY", rsa().pkcs8.as_str()),
        ("WEBHOOK_SECRET", SECRET),
        ("PATH", "/usr/bin"),
    ];
    vars.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    vars.extend_from_slice(more);
    let owned = vars
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::from_vars(owned)
}

fn complaint(more: &[(&str, &str)]) -> String {
    read(more).unwrap_err().to_string()
}

#[test]
fn three_variables_are_enough() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.app_id, 900);
    assert_eq!(settings.host.to_string(), "0.0.0.0");
    assert_eq!(settings.port, 3000);
    assert_eq!(settings.webhook_path, "/api/github/webhooks");
    let database = settings.database_url.expose_secret();
    assert_eq!(database, "sqlite://data/discussions.db?mode=rwc");
    let signing_key = settings.signing_key_path.display().to_string();
    assert_eq!(signing_key, "data/signing-key.pem");
    assert_eq!(settings.log_filter, "info");
    assert_eq!(settings.log_format, LogFormat::Text);
    assert!(!settings.models.is_configured());
    assert_eq!(settings.github.server, "https://github.com");
}

#[test]
fn an_empty_environment_lists_everything_that_is_missing_and_where_to_find_it() {
    let nothing = Settings::from_vars([("APP_ID".to_owned(), " ".to_owned())]);
    insta::assert_snapshot!(nothing.unwrap_err());
}

#[test]
fn all_mistakes_are_told_at_once() {
    insta::assert_snapshot!(complaint(&[
        ("APP_ID", "Iv1.8a61f9b3a7aba766"),
        (
            "PRIVATE_KEY",
            "-----BEGIN RSA PRIVATE KEY-----\nbm8=\n-----END RSA PRIVATE KEY-----"
        ),
        ("WEBHOOK_SECRET", "development"),
        ("DATABASE_URL", "postgres://u:p@db/x"),
        ("HOST", "localhost"),
        ("PORT", "70000"),
        ("WEBHOOK_PATH", "hooks/{id}"),
        ("GITHUB_API_URL", "http://ghe.example.com/api/v3"),
        ("GITHUB_SERVER_URL", "ghe.example.com"),
        ("LOG_FORMAT", "xml"),
        ("DISCUSSIONS_MODEL", "gpt-9"),
        ("DISCUSSIONS_MODLE", "checklist"),
    ]));
}

#[test]
fn webhook_secrets_that_keep_nobody_out_are_refused() {
    for weak in [
        "development",
        "secret",
        "my-webhook-secret",
        "changemechangemechangeme",
        "SecretSecretSecretSecret",
        "0123456789012345678",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "5f1d0c6f0c7b4f5e9a3c2b1a,secret",
    ] {
        let said = complaint(&[("WEBHOOK_SECRET", weak)]);
        assert!(said.contains("WEBHOOK_SECRET"), "{weak}: {said}");
        assert!(said.contains("openssl rand -hex 32"), "{weak}: {said}");
    }
}

#[test]
fn secrets_are_a_list_while_one_is_replaced() {
    let both = format!(" {SECRET}-new , {SECRET},\n");
    let settings = read(&[("WEBHOOK_SECRET", &both)]).unwrap();
    let secrets: Vec<&str> = settings
        .webhook_secrets
        .iter()
        .map(|secret| secret.expose_secret())
        .collect();
    assert_eq!(secrets, [format!("{SECRET}-new").as_str(), SECRET]);
}

#[test]
fn private_keys_are_taken_in_every_form_they_travel_in() {
    let (pkcs1, pkcs8) = (&rsa().pkcs1, &rsa().pkcs8);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.pem");
    std::fs::write(&path, pkcs1.replace('\n', "\r\n")).unwrap();
    for (form, variables) in [
        ("PKCS#8", vec![("PRIVATE_KEY", pkcs8.clone())]),
        ("PKCS#1", vec![("PRIVATE_KEY", pkcs1.clone())]),
        ("CRLF", vec![("PRIVATE_KEY", pkcs8.replace('\n', "\r\n"))]),
        (
            "one line",
            vec![("PRIVATE_KEY", pkcs1.replace('\n', "\\n"))],
        ),
        (
            "quoted",
            vec![(
                "PRIVATE_KEY",
                format!("\"{}\"", pkcs1.replace('\n', "\\r\\n")),
            )],
        ),
        (
            "no last line end",
            vec![("PRIVATE_KEY", pkcs8.trim_end().to_owned())],
        ),
        (
            "file",
            vec![
                ("PRIVATE_KEY", String::new()),
                ("PRIVATE_KEY_PATH", path.display().to_string()),
            ],
        ),
    ] {
        let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let settings = read(&variables).unwrap_or_else(|error| panic!("{form}: {error}"));
        let pem = settings.private_key.expose_secret();
        assert!(
            !pem.contains('\r') && pem.starts_with("-----BEGIN"),
            "{form}"
        );
    }
}

#[test]
fn a_key_given_twice_or_from_nowhere_is_refused() {
    let said = complaint(&[("PRIVATE_KEY_PATH", "/nowhere/app.pem")]);
    assert!(said.contains("keep one of them"), "{said}");
    let said = complaint(&[
        ("PRIVATE_KEY", ""),
        ("PRIVATE_KEY_PATH", "/nowhere/app.pem"),
    ]);
    assert!(said.contains("`/nowhere/app.pem` cannot be read"), "{said}");
}

#[test]
fn enterprise_addresses_follow_from_the_first() {
    let urls = |vars: &[(&str, &str)]| read(vars).unwrap().github;
    let enterprise = GitHubUrls {
        api: "https://ghe.example.com/api/v3".to_owned(),
        graphql: "https://ghe.example.com/api/graphql".to_owned(),
        server: "https://ghe.example.com".to_owned(),
    };
    assert_eq!(
        urls(&[("GITHUB_API_URL", "https://ghe.example.com/api/v3/\n")]),
        enterprise
    );
    let resident = urls(&[("GITHUB_API_URL", "https://api.octo.ghe.com")]);
    assert_eq!(resident.graphql, "https://api.octo.ghe.com/graphql");
    assert_eq!(resident.server, "https://octo.ghe.com");
    let here = urls(&[("GITHUB_API_URL", "http://127.0.0.1:4000")]);
    assert_eq!(here.graphql, "http://127.0.0.1:4000/graphql");
    let apart = urls(&[("GITHUB_GRAPHQL_URL", "https://graph.example.com/graphql")]);
    assert_eq!(apart.api, "https://api.github.com");
    assert_eq!(apart.graphql, "https://graph.example.com/graphql");
}

#[test]
fn the_signing_key_lies_in_the_data_folder_or_where_it_is_said() {
    let path = |vars: &[(&str, &str)]| read(vars).unwrap().signing_key_path;
    let data = ("DATA_DIR", "/var/lib/d");
    assert_eq!(path(&[data]).to_str(), Some("/var/lib/d/signing-key.pem"));
    let own = ("SIGNING_KEY_PATH", "/run/keys/s.pem");
    assert_eq!(path(&[data, own]).to_str(), Some("/run/keys/s.pem"));
    let said = complaint(&[("WEBHOOK_PATH", "/.well-known/jwks.json")]);
    assert!(said.contains("the server's own page"), "{said}");
}

#[test]
fn settings_do_not_print_their_secrets() {
    let printed = format!("{:?}", read(&[]).unwrap());
    assert!(
        !printed.contains(SECRET) && !printed.contains("BEGIN"),
        "{printed}"
    );
    let said = complaint(&[
        ("WEBHOOK_SECRET", "hunter2-hunter2"),
        ("PRIVATE_KEY", "BEGIN hunter2"),
    ]);
    assert!(!said.contains("hunter2"), "{said}");
}

/// Variables, and what is told of them.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// The models in order, as `name at address, with a key`.
fn chain(more: &[(&str, &str)]) -> Vec<String> {
    let models = read(more).unwrap().models;
    let told = models.chain.iter().map(|model| {
        let Access::Service(service) = &model.access else {
            panic!("{} is a program", model.name);
        };
        let key = if service.key.is_some() {
            ", with a key"
        } else {
            ""
        };
        format!("{} at {}{key}", model.name, service.base_url)
    });
    told.collect()
}

#[test]
fn models_are_named_in_the_order_in_which_they_stand_in_for_each_other() {
    let key = ("ANTHROPIC_API_KEY", "sk-ant-1");
    let cases: &[Case] = &[
        (&[], &[]),
        (
            &[key],
            &["anthropic/claude-sonnet-4-5 at https://api.anthropic.com, with a key"],
        ),
        (
            &[key, ("OPENAI_API_KEY", "sk-2")],
            &["anthropic/claude-sonnet-4-5 at https://api.anthropic.com, with a key"],
        ),
        (
            &[("OPENAI_API_KEY", "sk-2")],
            &["openai/gpt-5-mini at https://api.openai.com/v1, with a key"],
        ),
        (
            &[
                key,
                ("OPENAI_BASE_URL", "http://vllm:8000/v1/"),
                (
                    "DISCUSSIONS_MODEL",
                    " openai/qwen/qwen3 , anthropic/claude-opus-4-1,",
                ),
            ],
            &[
                "openai/qwen/qwen3 at http://vllm:8000/v1",
                "anthropic/claude-opus-4-1 at https://api.anthropic.com, with a key",
            ],
        ),
        (
            &[("DISCUSSIONS_MODEL", "ollama/llama3.2")],
            &["ollama/llama3.2 at http://127.0.0.1:11434/v1"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "ollama/llama3.2"),
                ("OLLAMA_HOST", "0.0.0.0:9000"),
            ],
            &["ollama/llama3.2 at http://127.0.0.1:9000/v1"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "ollama/llama3.2"),
                ("OLLAMA_HOST", "gpu.internal"),
            ],
            &["ollama/llama3.2 at http://gpu.internal:11434/v1"],
        ),
        (&[key, ("DISCUSSIONS_MODEL", "checklist")], &[]),
    ];
    for (more, expected) in cases {
        assert_eq!(chain(more), *expected, "{more:?}");
    }
    assert!(
        read(&[("DISCUSSIONS_MODEL", "checklist")])
            .unwrap()
            .models
            .checklist
    );
    let debug = format!("{:?}", read(&[key]).unwrap().models);
    assert!(!debug.contains("sk-ant-1"), "{debug}");
}

#[test]
fn models_that_cannot_be_asked_are_refused_with_what_to_write() {
    let cases: &[Case] = &[
        (
            &[("DISCUSSIONS_MODEL", "gpt-9")],
            &["`gpt-9`", "openai/MODEL"],
        ),
        (&[("DISCUSSIONS_MODEL", "openai/")], &["`openai/`"]),
        (
            &[("DISCUSSIONS_MODEL", "checklist,openai/x")],
            &["`checklist`", "alone"],
        ),
        (
            &[("DISCUSSIONS_MODEL", "anthropic/x")],
            &["ANTHROPIC_API_KEY", "is not set"],
        ),
        (
            &[("DISCUSSIONS_MODEL", "openai/x")],
            &["OPENAI_API_KEY", "is not set"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "openai/x"),
                ("OPENAI_API_KEY", "sk-1"),
                ("OPENAI_BASE_URL", "http://vllm:8000/v1"),
            ],
            &["OPENAI_BASE_URL", "unencrypted"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "openai/x"),
                ("OPENAI_BASE_URL", "http://169.254.169.254/v1"),
            ],
            &["OPENAI_BASE_URL", "link-local"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "openai/x"),
                ("OPENAI_BASE_URL", "http://[::ffff:a9fe:a9fe]/v1"),
            ],
            &["link-local"],
        ),
        (
            &[
                ("DISCUSSIONS_MODEL", "ollama/x"),
                ("OLLAMA_HOST", "169.254.169.254"),
            ],
            &["OLLAMA_HOST", "link-local"],
        ),
    ];
    for (more, words) in cases {
        let said = complaint(more);
        for word in *words {
            assert!(said.contains(word), "{more:?}: {said}");
        }
        assert!(!said.contains("sk-1"), "{said}");
    }
}
