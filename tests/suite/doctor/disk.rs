//! Facts in, findings out: what is made of a database, of where it lies, and of a model's answer.

use super::judging::{assert_plain, codes, words};
use discussions::server::doctor::database;
use discussions::server::doctor::models::{Asked, answered};
use discussions::store::{Looked, LookedAt, StoreError};

#[test]
fn a_database_is_judged_by_what_it_is_and_by_where_it_lies() {
    const MOUNTS: &str = "overlay / overlay rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/sda1 /var/lib ext4 rw 0 0\n\
                          none /var/lib/a\\040b ramfs rw 0 0\n/dev/sdb /run/kept xfs rw 0 0\nbroken\n";
    let at = |path: &str, found: Option<LookedAt>| {
        Ok(Looked {
            path: path.into(),
            found,
        })
    };
    let there = |steps_behind, is_in_use| {
        Some(LookedAt {
            steps_behind,
            is_in_use,
        })
    };
    let newer = StoreError::Corrupt("x has schema 9; run the newer version".to_owned());
    let cases: [(Result<Looked, StoreError>, &[&str], &str); 9] = [
        (
            at("/var/lib/d/x.db", None),
            &["ok database"],
            "made at the first start",
        ),
        (
            at("/var/lib/x.db", there(0, true)),
            &["ok database"],
            "a server uses it",
        ),
        (
            at("/var/lib/x.db", there(3, false)),
            &["ok database"],
            "3 steps",
        ),
        (
            at("/var/lib/x.db", there(1, true)),
            &["warning database"],
            "older version",
        ),
        (Err(newer), &["failed database"], "run the newer version"),
        (
            at("/run/od/x.db", there(0, false)),
            &["ok database", "warning database-place"],
            "in memory",
        ),
        (at("/run/kept/x.db", there(0, false)), &["ok database"], ""),
        (
            at("/var/lib/a b/x.db", None),
            &["ok database", "warning database-place"],
            "ramfs",
        ),
        (
            at("/home/x.db", None),
            &["ok database", "warning database-place"],
            "in the container",
        ),
    ];
    for (looked, expected, said) in cases {
        let findings = database::judge(&looked, MOUNTS);
        assert_eq!(codes(&findings), expected, "{looked:?}");
        assert!(
            words(&findings).contains(said),
            "{looked:?}: {}",
            words(&findings)
        );
        assert_plain(&findings, "database");
        assert_eq!(
            database::judge(&looked, "").len(),
            1,
            "where nothing is told of it"
        );
    }
}

#[test]
fn a_model_without_an_answer_fails() {
    let asked = |failure: Option<&str>| {
        answered(&Asked {
            name: "openai/m".to_owned(),
            failure: failure.map(str::to_owned),
            milliseconds: 7,
        })
    };
    assert_eq!(
        codes(&[asked(None), asked(Some("429"))]),
        ["ok model-answer", "failed model-answer"]
    );
    assert_plain(&[asked(Some("no\u{1b}[2J"))], "model");
}
