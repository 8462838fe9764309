//! One file under one configuration has one panel and one state, on a pull request and on the command line.

use super::{CACHE, PATH};
use crate::cli::Folder;
use crate::support::rig::{AT_ONCE, Rig};
use discussions::sandbox::DEMO_REPO;
use serde_json::Value;

/// The proposal with these names in its header; with none, without that line.
fn proposed(names: &str) -> String {
    let line = "<!-- Participants: architect, security, pragmatist -->\n";
    assert!(CACHE.contains(line));
    match names {
        "" => CACHE.replace(line, ""),
        _ => CACHE.replace(line, &format!("<!-- Participants: {names} -->\n")),
    }
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    let text = |item: &Value| {
        if key.is_empty() { item } else { &item[key] }
            .as_str()
            .map(str::to_owned)
    };
    items.map(|item| text(item).unwrap()).collect()
}

/// Names in the table of votes that the check shows for personas.
fn shown(rig: &Rig, number: u64) -> Vec<String> {
    let summary = rig.summary(number);
    let rows = summary.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let ai = cells.filter(|cells| cells.get(1) == Some(&"AI"));
    ai.map(|cells| cells[0].to_owned()).collect()
}

/// A working tree with the file and that configuration.
fn tree(rig: &Rig, config: &str, text: &str) -> Folder {
    Folder::with(&[
        (PATH, text.as_bytes()),
        ("keys.json", rig.deps.keyring.keys.to_jwks().as_bytes()),
        (
            ".github/discussions.yml",
            format!("{AT_ONCE}{config}").as_bytes(),
        ),
    ])
}

/// What `gate` says of the App's own file.
fn gate(folder: &Folder, number: u64) -> Value {
    let number = number.to_string();
    let whose = ["--jwks", "keys.json", "--repo", DEMO_REPO, "--pr", &number];
    let ran = folder.run(&[&["gate", PATH, "--json"], &whose[..]].concat());
    ran.json()["discussions"][0]["verdict"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_a_pull_request_answers_at_home() {
    for (config, header, panel) in [
        ("", "security", &["security", "architect", "pragmatist"][..]),
        ("", "", &["architect", "security", "pragmatist"]),
        ("participants: [tester]\n", "", &["tester"]),
        (
            "participants: [architect, tester]\n",
            "security",
            &["security", "architect", "tester"],
        ),
        (
            "gate: {require: [operator]}\n",
            "security, researcher",
            &["security", "operator"],
        ),
        (
            "gate: {require: [operator], optional: [operator]}\n",
            "",
            &["architect", "security", "pragmatist", "operator"],
        ),
    ] {
        let rig = Rig::start().await;
        rig.configure(config).await;
        let text = proposed(header);
        let number = rig.open("rob", PATH, &text).await;
        let title = rig.title(number);
        let mut of_app = shown(&rig, number);

        let folder = tree(&rig, config, &text);
        let turn = folder.run(&["turn", PATH, "--dry-run", "--json"]);
        assert_eq!(
            texts(&turn.exits(0).json()["turns"], "persona"),
            panel,
            "{config:?} {header:?}"
        );
        let status = folder.run(&["status", PATH, "--json"]).exits(0).json();
        let mut sits = texts(&status["participants"], "");
        sits.retain(|name| name != "researcher");
        assert_eq!(sits, panel, "{config:?} {header:?}");
        of_app.sort();
        sits.sort();
        assert_eq!(of_app, sits, "{config:?} {header:?}: {title}");

        let answered = tree(&rig, config, &rig.file(number, PATH));
        let verdict = gate(&answered, number);
        let state = verdict["state"].as_str().unwrap().to_uppercase();
        assert!(
            title.starts_with(&format!("{state}: ")),
            "{title}: {verdict}"
        );
        // Who has not answered yet is missed by both, unless nobody has to wait for it.
        let verdict = gate(&folder, number);
        let owed = panel
            .iter()
            .filter(|name| !(config.contains("optional") && **name == "operator"));
        let owed: Vec<&str> = owed.copied().collect();
        let reasons = texts(&verdict["reasons"], "text");
        let missed = reasons
            .iter()
            .find_map(|reason| reason.strip_prefix("no vote yet from "));
        let missed = missed.unwrap().replace(" and ", ", ");
        assert_eq!(
            missed.split(", ").collect::<Vec<_>>(),
            owed,
            "{config:?} {header:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_cannot_be_seated_is_invalid_everywhere() {
    let code = "veto-not-on-panel";
    for config in [
        "gate: {veto: [operator]}\n",
        "gate: {veto: [operator], require: [tester]}\n",
    ] {
        let rig = Rig::start().await;
        rig.configure(config).await;
        let text = proposed("security, researcher");
        let number = rig.open("rob", PATH, &text).await;
        let title = rig.title(number);
        assert!(
            title.starts_with("INVALID: ") && title.ends_with(code),
            "{title}"
        );
        let folder = tree(&rig, config, &text);
        assert_eq!(gate(&folder, number)["state"], "invalid");
        for trust in ["file", "receipts"] {
            let status = folder.run(&["status", PATH, "--json", "--trust", trust]);
            let status = status.exits(0).json();
            assert_eq!(status["verdict"]["state"], "invalid", "{config}");
            assert_eq!(texts(&status["problems"], "code"), [code]);
        }
        folder.run(&["lint", PATH]).exits(1).says(&[code]);
    }
}
