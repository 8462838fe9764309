//! The signing key on disk, in the hands of an operator.

use super::book::{Book, PROPOSAL};
use discussions::engine::receipt::Unverified;
use discussions::engine::vote::Vote;
use discussions::signing::files::{KeyFiles, NotRevoked};
use discussions::signing::{Keyring, Keys};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn files(folder: &Path) -> KeyFiles {
    KeyFiles::at(&folder.join("data/signing-key.pem"))
}

fn first_key(files: &KeyFiles) -> Keyring {
    let loaded = files.load_or_create().unwrap();
    assert!(loaded.is_new && loaded.not_kept.is_none(), "{loaded:?}");
    loaded.keyring
}

fn kid(keyring: &Keyring) -> String {
    keyring.signing.public().kid.clone()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

#[test]
fn the_first_start_makes_a_key_and_every_later_one_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let first = first_key(&files);
    let again = files.load_or_create().unwrap();
    assert!(!again.is_new);
    assert_eq!(kid(&again.keyring), kid(&first));
    assert_eq!(again.keyring.keys, first.keys);
    assert!(first.keys.get(&kid(&first)).unwrap().created_at.is_some());
    let published = Keys::from_jwks(&fs::read(&files.set).unwrap()).unwrap();
    assert_eq!(published, first.keys);
    let expected = ["signing-key.jwks.json", "signing-key.pem"].map(str::to_owned);
    assert_eq!(names(&folder.path().join("data")), expected.into());
}

#[test]
fn two_starts_at_once_make_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let loaded: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| files.load_or_create().unwrap()))
                .collect();
            starts.into_iter().map(|s| s.join().unwrap()).collect()
        });
        let kids: BTreeSet<String> = loaded.iter().map(|one| kid(&one.keyring)).collect();
        assert_eq!(kids.len(), 1, "{kids:?}");
        assert_eq!(loaded.iter().filter(|one| one.is_new).count(), 1);
        let published = Keys::from_jwks(&fs::read(&files.set).unwrap()).unwrap();
        assert_eq!(published.0.into_keys().collect::<BTreeSet<_>>(), kids);
        assert_eq!(names(&folder.path().join("data")).len(), 2);
    }
}

#[test]
fn after_a_change_of_keys_old_receipts_still_verify() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let mut book = Book::on(PROPOSAL);
    book.keys = first_key(&files);
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    book.keys = files.renew().unwrap();
    book.sign("AI-Security", "security", "No.", Some(Vote::Reject));
    let loaded = files.load_or_create().unwrap();
    assert!(!loaded.is_new);
    assert_eq!(loaded.keyring.keys.0.len(), 2);
    book.keys = loaded.keyring;
    let chain = book.check(&book.text, true);
    assert!(chain.is_whole() && chain.found.len() == 2, "{chain:?}");
}

#[test]
fn changes_of_keys_at_once_lose_none() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let first = first_key(&files);
    let made: BTreeSet<String> = std::thread::scope(|scope| {
        let changes: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| kid(&files.renew().unwrap())))
            .collect();
        changes.into_iter().map(|c| c.join().unwrap()).collect()
    });
    assert_eq!(made.len(), 8);
    let keys: BTreeSet<String> = files.load().unwrap().keys.0.into_keys().collect();
    let expected: BTreeSet<String> = made.into_iter().chain([kid(&first)]).collect();
    assert_eq!(keys, expected);
}

#[test]
fn a_revoked_key_proves_nothing_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let old = first_key(&files);
    let book = Book::on(PROPOSAL);
    let claims = book.claims("architect", Some(Vote::Ready), "block");
    let signed_at = claims.iat;
    let token = old.signing.sign(&claims).unwrap();
    let present = kid(&files.renew().unwrap());
    assert_eq!(
        files.revoke(&present, signed_at),
        Err(NotRevoked::Present(present.clone()))
    );
    assert_eq!(
        files.revoke("", signed_at),
        Err(NotRevoked::NoSuchKey(String::new()))
    );
    assert_eq!(
        files.revoke("nothing", signed_at),
        Err(NotRevoked::NoSuchKey("nothing".to_owned()))
    );
    let checked = || files.load().unwrap().keys.check(&token);
    // From a later time: what was signed before stands.
    files.revoke(&kid(&old)[..10], signed_at + 1).unwrap();
    assert_eq!(checked().unwrap(), claims);
    // An earlier time may replace a later one, never the other way round.
    files.revoke(&kid(&old), signed_at).unwrap();
    assert_eq!(checked(), Err(Unverified::RevokedKey(kid(&old))));
    let later = files.revoke(&kid(&old), signed_at + 1);
    assert!(matches!(later, Err(NotRevoked::Earlier { since, .. }) if since == signed_at));
    assert_eq!(checked(), Err(Unverified::RevokedKey(kid(&old))));
}

/// A name, what is done to the files, and what has to be said.
type Spoilt = (&'static str, fn(&KeyFiles), &'static [&'static str]);

#[test]
fn files_that_cannot_be_trusted_are_refused_with_the_way_out() {
    let spoil: &[Spoilt] = &[
        (
            "the key of GitHub",
            |files| fs::write(&files.key, &crate::github::keys::rsa().pkcs8).unwrap(),
            &["Ed25519", "PRIVATE_KEY_PATH", "backup"],
        ),
        (
            "an empty file",
            |files| fs::write(&files.key, "").unwrap(),
            &["Ed25519", "backup"],
        ),
        (
            "a folder",
            |files| {
                fs::remove_file(&files.key).unwrap();
                fs::create_dir(&files.key).unwrap();
                restrict(&files.key, 0o700);
            },
            &["no plain file", "SIGNING_KEY_PATH"],
        ),
        (
            "a broken set",
            |files| fs::write(&files.set, "{\n\"keys\": [").unwrap(),
            &["jwks.json", "line 2", "not JSON", "revocations"],
        ),
        (
            "a key that is revoked and signs",
            |files| {
                let set = fs::read_to_string(&files.set).unwrap();
                let set = set.replace("\"created_at\"", "\"revoked_at\": 5, \"created_at\"");
                fs::write(&files.set, set).unwrap();
            },
            &["is revoked", "discussions keys new"],
        ),
    ];
    for (name, spoil, words) in spoil {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        first_key(&files);
        spoil(&files);
        let before = names(&folder.path().join("data"));
        let said = files.load_or_create().unwrap_err().to_string();
        for word in *words {
            assert!(said.contains(word), "{name}: {word}: {said}");
        }
        assert!(!said.contains("BEGIN"), "{said}");
        assert_eq!(names(&folder.path().join("data")), before, "{name}");
    }
}

#[test]
fn a_revoked_key_that_signs_is_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let old = first_key(&files);
    let set = fs::read_to_string(&files.set).unwrap();
    let revoked = set.replace("\"created_at\"", "\"revoked_at\": 5, \"created_at\"");
    fs::write(&files.set, revoked).unwrap();
    assert!(files.load_or_create().is_err());
    files.renew().unwrap();
    let keys = files.load_or_create().unwrap().keyring.keys;
    assert_eq!(keys.get(&kid(&old)).unwrap().revoked_at, Some(5));
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) {}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused_and_ours_never_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    first_key(&files);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files.key), 0o600);
    files.renew().unwrap();
    assert_eq!(mode(&files.key), 0o600);
    for taken in [0o400, 0o600, 0o440, 0o640] {
        restrict(&files.key, taken);
        files.load_or_create().unwrap();
    }
    for refused in [0o644, 0o604, 0o660, 0o606, 0o777] {
        restrict(&files.key, refused);
        let said = files.load_or_create().unwrap_err().to_string();
        for words in [format!("{refused:03o}"), "chmod 600".to_owned()] {
            assert!(said.contains(&words), "{said}");
        }
    }
}

/// A folder that nobody may write, as a mounted secret has it.
#[cfg(unix)]
#[test]
fn a_key_in_a_folder_that_is_read_only_is_used_and_what_that_costs_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let first = first_key(&files);
    fs::remove_file(&files.set).unwrap();
    let data = folder.path().join("data");
    restrict(&data, 0o500);
    let is_root = fs::write(data.join("probe"), "").is_ok();
    let loaded = files.load_or_create();
    restrict(&data, 0o700);
    let loaded = loaded.unwrap();
    assert_eq!(kid(&loaded.keyring), kid(&first));
    assert_eq!(loaded.keyring.keys.0.len(), 1);
    // Rights do not hold root back.
    assert_eq!(loaded.not_kept.is_none(), is_root);
}
