//! `app.yml` and `deploy/.env.example` say what the code does.

use discussions::config;
use discussions::forge::event::{HANDLED_EVENTS, Subscription};
use discussions::forge::github::PERMISSIONS;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Manifest {
    default_permissions: BTreeMap<String, String>,
    default_events: Vec<String>,
}

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_manifest_asks_for_what_the_code_handles() {
    let manifest: Manifest = serde_saphyr::from_str(&file("app.yml")).unwrap();
    let subscribed: Vec<&str> = HANDLED_EVENTS
        .iter()
        .filter(|(_, subscription)| *subscription == Subscription::Manifest)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(manifest.default_events, subscribed);
    let asked: Vec<(&str, &str)> = manifest
        .default_permissions
        .iter()
        .map(|(name, access)| (name.as_str(), access.as_str()))
        .collect();
    assert_eq!(asked, PERMISSIONS);
}

#[test]
fn the_example_environment_names_every_setting_and_no_other() {
    let example = file("deploy/.env.example");
    let documented: BTreeSet<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .map(|(name, _)| name)
        .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .collect();
    assert_eq!(documented, config::NAMES.iter().copied().collect());
}
