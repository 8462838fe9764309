//! Which model answers for which persona: the variable, the file, the repository and the persona, each with its say.
#![cfg(unix)]

use super::operator::Machine;
use super::*;
use discussions::llm::command::Readers;
use discussions::server::models::offered;

#[tokio::test(flavor = "multi_thread")]
async fn the_variable_comes_before_the_default_of_the_file_for_every_persona() {
    let machine = Machine::with(
        "[aliases]\ndefault = \"openai/paid\"\nfast = \"ollama/b\"\n[providers.openai]\nurl = \"http://127.0.0.1:1\"\n",
    );
    let empty = discussions::bot::repo_config::RepoConfig::default();
    for (variable, expected, listed) in [
        ("ollama/a", "ollama/a", "ollama/a"),
        ("checklist", "checklist", "checklist"),
        (
            "ollama/a,fast",
            "ollama/a, ollama/b",
            "ollama/a, then ollama/b",
        ),
        ("default", "openai/paid", "openai/paid"),
    ] {
        let variables = [("DISCUSSIONS_MODEL", variable)];
        let models = offered(&machine.settings(&variables).models, Readers::Everybody).unwrap();
        for (word, expected) in [
            ("default", expected),
            ("quality", expected),
            ("fast", "ollama/b"),
        ] {
            let persona = Persona {
                model: word.to_owned(),
                ..PERSONA.clone()
            };
            let chosen = models.choose(&persona, &empty).unwrap();
            assert_eq!(chosen.model.name(), expected, "{variable}: {word}");
            assert!(chosen.counts, "{variable}: {word}");
        }
        let alias = format!("alias default  {listed}  (DISCUSSIONS_MODEL, which comes before ");
        let answers = format!("who answers  {listed}  (DISCUSSIONS_MODEL)");
        machine
            .run(&["models"], &variables)
            .await
            .exits(0, &[&answers, &alias]);
    }
    // The command line follows it as well.
    let checklist = [("DISCUSSIONS_MODEL", "checklist")];
    let turn = machine.run(&["turn", "a.md", "security"], &checklist).await;
    turn.exits(0, &["answered by checklist"]);
}

#[test]
fn who_answers_for_a_persona_and_whether_that_counts() {
    let toml = "[aliases]\ndefault = [\"ollama/a\", \"ollama/b\"]\nfast = \"ollama/b\"\nrules = \"checklist\"\n\
                sonnet = \"ollama/c\"\n";
    let machine = Machine::with(toml);
    let by_file = offered(&machine.settings(&[]).models, Readers::Everybody).unwrap();
    let nobody = Machine::with("").settings(&[("OLLAMA_HOST", "127.0.0.1:1")]);
    let by_nobody = offered(&nobody.models, Readers::Everybody).unwrap();
    let all = "ollama/a, ollama/b";
    // A persona's `model:`, the configuration's `models:`, and who answers; `!`: its votes do not count.
    for (model, models, with_file, without) in [
        ("default", "{}", all, "checklist!"),
        ("quality", "{}", all, "checklist!"),
        ("fast", "{}", "ollama/b", "checklist!"),
        ("sonnet", "{}", "ollama/c", "checklist!"),
        ("opus", "{}", all, "checklist!"),
        ("rules", "{}", "checklist", "checklist!"),
        ("checklist", "{}", "checklist!", "checklist!"),
        (
            "ollama/b",
            "{}",
            "ollama/b",
            "the model ollama/b is not offered here; on offer: checklist",
        ),
        ("default", "{security: fast}", "ollama/b", "checklist!"),
        ("default", "{security: quality}", all, "checklist!"),
        ("default", "{default: checklist}", "checklist", "checklist"),
        (
            "default",
            "{security: rules}",
            "checklist",
            "the model rules is not offered here; on offer: checklist",
        ),
        (
            "fast",
            "{fast: sonnet}",
            "ollama/c",
            "the model sonnet is not offered here; on offer: checklist",
        ),
        (
            "opus",
            "{opus: fast, default: sonnet}",
            "ollama/b",
            "checklist!",
        ),
        ("opus", "{default: fast}", "ollama/b", "checklist!"),
        ("sonnet", "{default: fast}", "ollama/c", "checklist!"),
        (
            "default",
            "{security: ollama/z}",
            "the model ollama/z is not offered here; on offer: default, fast, rules, sonnet, checklist, ollama/a, \
             ollama/b, ollama/c",
            "the model ollama/z is not offered here; on offer: checklist",
        ),
    ] {
        let config = format!("models: {models}\n");
        let (config, _) = discussions::bot::repo_config::RepoConfig::parse(&config).unwrap();
        let persona = Persona {
            model: model.to_owned(),
            ..PERSONA.clone()
        };
        for (offer, expected) in [(&by_file, with_file), (&by_nobody, without)] {
            let told = match offer.choose(&persona, &config) {
                Ok(chosen) if chosen.counts => chosen.model.name().to_owned(),
                Ok(chosen) => format!("{}!", chosen.model.name()),
                Err(why) => why,
            };
            assert_eq!(told, expected, "model: {model}, models: {models}");
        }
    }
}
