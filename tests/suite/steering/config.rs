//! `config`: what applies here, and where it stands.

use crate::scenarios::{CACHE, PATH};
use crate::support::rig::{Rig, Setup};
use crate::support::scripted::Scripted;
use discussions::sandbox::DEMO_REPO;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_each_value_that_is_not_the_default_with_its_line_and_the_default() {
    let config = "rounds: 5\ngate:\n  humans: 2\n  ready: 2/3\npermissions: {vote: maintain}\n";
    let rig = Rig::scripted(&Arc::new(Scripted::ready()), config).await;
    let number = rig.open("rob", PATH, CACHE).await;
    let told = rig.told("eve", number, "/discuss config").await;
    for part in [
        "**Configuration on `main`**: the check here is `discussions`.",
        "- `on.quiet: 0s` (`.github/discussions.yml:1`; the default is `20s`)",
        "- `rounds: 5` (`.github/discussions.yml:2`; the default is `3`)",
        "- `gate.humans: 2` (`.github/discussions.yml:4`; the default is `1`)",
        "- `permissions: {vote: maintain}` (`.github/discussions.yml:6`; the default is `{}`)",
    ] {
        assert!(told.contains(part), "{part:?} is missing in: {told}");
    }
    assert!(!told.contains("gate.ready"), "it is the default: {told}");
    let again = rig.told("ann", number, "/discuss config").await;
    assert_eq!(again, "", "once a minute");
    rig.sandbox.close("rob", DEMO_REPO, number).unwrap();
    rig.settle().await;
    rig.sandbox.advance(std::time::Duration::from_secs(61));
    let calls = rig.replies(number).len();
    rig.say("rob", number, "/discuss retry").await;
    let closed = rig.replies(number).pop().unwrap();
    assert_eq!(rig.replies(number).len(), calls + 1);
    assert!(closed.contains("this pull request is closed"), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_and_with_a_broken_one_it_says_so() {
    let rig = Rig::with(Setup {
        config: None,
        ..Setup::default()
    })
    .await;
    let number = rig.open("rob", "notes.txt", "x").await;
    let told = rig.told("ann", number, "/discuss config").await;
    assert!(
        told.contains(
            "There is no `.github/discussions.yml` there, so every value is the default."
        ),
        "{told}"
    );
    let rig = Rig::start().await;
    let number = rig.open("rob", "notes.txt", "x").await;
    rig.configure("ronds: 5\n").await;
    let told = rig.told("ann", number, "/discuss config").await;
    assert!(
        told.contains("`.github/discussions.yml` has errors, so the defaults stand in")
            && told.contains("`.github/discussions.yml:2` ")
            && told.contains("rounds"),
        "{told}"
    );
}
