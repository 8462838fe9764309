//! `keys`: an operator changes the signing key, and takes one out of use that somebody else got hold of.

use super::{Folder, Ran};
use serde_json::Value;

fn keys(folder: &Folder, arguments: &[&str]) -> Ran {
    folder.run(&[&["keys"], arguments].concat())
}

fn listed(folder: &Folder) -> Vec<(String, String)> {
    let told = keys(folder, &["list", "--json"]).exits(0).json();
    assert_eq!(told["schema"], "discussions/keys@1");
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let keys = told["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| (text(key, "kid"), text(key, "state")))
        .collect()
}

#[test]
fn a_key_is_made_changed_and_the_old_one_revoked() {
    let folder = Folder::with(&[]);
    let none = keys(&folder, &["list"]).exits(2);
    none.says(&[
        "data/signing-key.pem",
        "no signing key",
        "discussions keys new",
    ]);
    keys(&folder, &["new"])
        .exits(0)
        .says(&["signing", "restart it now"]);
    let first = listed(&folder)[0].0.clone();
    let present = keys(&folder, &["revoke", &first]).exits(2);
    present.says(&["the key that the App signs with", "discussions keys new"]);
    keys(&folder, &["new"]).exits(0);
    let both = listed(&folder);
    assert_eq!(both.len(), 2);
    assert_eq!(
        (both[0].1.as_str(), &both[1]),
        ("signing", &(first.clone(), "old".to_owned()))
    );
    let from = [
        "revoke",
        &first[..12],
        "--from",
        "2026-05-01T02:00:00+02:00",
    ];
    keys(&folder, &from)
        .exits(0)
        .says(&["revoked since 2026-05-01T00:00:00Z"]);
    assert_eq!(listed(&folder)[1].1, "revoked");
    // Now is later.
    let later = keys(&folder, &["revoke", &first]).exits(2);
    later.says(&["revoked since 2026-05-01T00:00:00Z", "valid again"]);
    let set = String::from_utf8(folder.read("data/signing-key.jwks.json")).unwrap();
    assert!(
        set.contains("\"revoked_at\": 1777593600") && !set.contains("PRIVATE"),
        "{set}"
    );
}

#[test]
fn what_is_no_key_or_no_time_is_refused() {
    let folder = Folder::with(&[("a/k.pem", b"no key")]);
    restrict(&folder, "a/k.pem");
    for verb in ["list", "new"] {
        let ran = keys(&folder, &[verb, "--path", "a/k.pem"]).exits(2);
        ran.says(&["a/k.pem", "Ed25519", "backup"]);
    }
    keys(&folder, &["new", "--path", "b/k.pem"]).exits(0);
    keys(&folder, &["new", "--path", "b/k.pem"]).exits(0);
    let revoke = |more: &[&str]| {
        let arguments = [&["revoke", "--path", "b/k.pem"], more].concat();
        keys(&folder, &arguments).exits(2)
    };
    revoke(&["-nothing-"]).says(&["no key has the id -nothing-", "keys list"]);
    revoke(&["x", "--from", "yesterday"]).says(&["--from", "yesterday"]);
    revoke(&["x", "--from", "1960-01-01T00:00:00Z"]).says(&["before 1970"]);
    let told = keys(
        &folder,
        &["revoke", "nothing", "--path", "b/k.pem", "--json"],
    )
    .exits(2)
    .json();
    assert_eq!(
        (&told["schema"], &told["code"]),
        (&"discussions/error@1".into(), &"not-revoked".into())
    );
}

#[cfg(unix)]
fn restrict(folder: &Folder, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_: &Folder, _: &str) {}
