//! Opening a database: created for its owner alone, refused in plain words.

use super::*;

/// Opens and expects a refusal; its text.
async fn refusal(url: &str) -> String {
    match SqlStore::open(url).await {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_cannot_be_a_database_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display();
    std::fs::write(folder.path().join("plain"), "no folder").unwrap();
    let cases = [
        ("", "has no scheme"),
        ("discussions.db", "has no scheme"),
        ("mysql://localhost/x", "no database is known for `mysql:`"),
        ("postgres://u:s3cret@db/x", "PostgreSQL comes later"),
        ("postgresql://u:s3cret@db/x", "sqlite://PATH?mode=rwc"),
        ("sqlite::memory:", "lost at a restart"),
        ("sqlite://", "names no file"),
        (&format!("sqlite://{here}/a.db?mode=ro"), "is read-only"),
        (&format!("sqlite://{here}/a.db?mode=rwx"), "`mode=rwx`"),
        (
            &format!("sqlite://{here}/a.db?cache=shared"),
            "`cache=shared`",
        ),
        (&format!("sqlite://{here}/a.db"), "add ?mode=rwc"),
        (&format!("sqlite://{here}/%FF.db?mode=rwc"), "is not UTF-8"),
        (&format!("sqlite://{here}?mode=rwc"), "is a folder"),
        (
            &format!("sqlite://{here}/plain/deep/a.db?mode=rwc"),
            "cannot be created",
        ),
    ];
    for (url, words) in cases {
        let text = refusal(url).await;
        assert!(text.contains(words), "{url}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let poem = "Roses are red, violets are blue. ".repeat(300);
    std::fs::write(&path, &poem).unwrap();
    let text = refusal(&url(&path)).await;
    assert!(
        text.contains("does not open as an SQLite database"),
        "{text}"
    );
    assert!(text.contains("backup"), "{text}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), poem);
}

#[tokio::test]
async fn the_schema_of_a_newer_version_is_refused() {
    let mut house = House::new().await;
    house.restart().await;
    house.store.close().await.unwrap();
    house
        .meddle(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (99, 'from the future', TRUE, x'00', 0)",
        )
        .await;
    let text = refusal(&url(&file(house.folder.path()))).await;
    assert!(
        text.contains("has schema 99, this version knows "),
        "{text}"
    );
}

#[tokio::test]
async fn a_schema_that_was_meddled_with_is_refused() {
    let house = House::new().await;
    house.store.close().await.unwrap();
    house
        .meddle("UPDATE _sqlx_migrations SET checksum = x'00'")
        .await;
    let text = refusal(&url(&file(house.folder.path()))).await;
    assert!(text.contains("schema step 1"), "{text}");
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_done() {
    let house = House::new().await;
    let url = url(&file(house.folder.path()));
    let text = refusal(&url).await;
    assert!(text.contains("in use by another process"), "{text}");
    house.push(&pr(1), "guid").await;
    house.store.close().await.unwrap();
    let second = SqlStore::open(&url).await.unwrap();
    assert_eq!(second.backlog().await.unwrap(), 1);
    let late = push(&house.store, &pr(1), "late").await;
    assert!(matches!(late, Err(StoreError::Database(_))), "{late:?}");
}

#[tokio::test]
async fn beside_its_owner_a_process_works_and_takes_nothing_away() {
    let house = House::new().await;
    let url = url(&file(house.folder.path()));
    house.push(&pr(1), "first").await;
    let first = house.claim(LONG).await;
    let beside = SqlStore::open_beside(&url).await.unwrap();
    assert!(beside.is_beside() && !house.store.is_beside());
    assert_eq!(beside.fate("first").await.unwrap(), Fate::Running);
    let taken = beside.claim("beside", LONG).await.unwrap();
    assert!(taken.is_none(), "the owner has the only job: {taken:?}");
    push(&beside, &pr(2), "second").await.unwrap();
    let second = beside.claim("beside", LONG).await.unwrap().unwrap();
    assert!(house.nothing_ready().await);
    beside.complete(&second.lease).await.unwrap();
    assert_eq!(house.store.fate("second").await.unwrap(), Fate::Done);
    beside.close().await.unwrap();
    house.store.complete(&first.lease).await.unwrap();
    assert!(refusal(&url).await.contains("in use by another process"));
}

#[tokio::test]
async fn without_an_owner_the_process_beside_becomes_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&file(folder.path()));
    let alone = SqlStore::open_beside(&url).await.unwrap();
    assert!(!alone.is_beside());
    assert!(refusal(&url).await.contains("in use by another process"));
}

#[tokio::test]
async fn an_owner_of_another_version_is_left_alone() {
    let house = House::new().await;
    house
        .meddle("UPDATE _sqlx_migrations SET version = 7 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)")
        .await;
    let opened = SqlStore::open_beside(&url(&file(house.folder.path()))).await;
    let text = opened.unwrap_err().to_string();
    assert!(text.contains("has schema 7, this version knows "), "{text}");
}

#[tokio::test]
async fn the_fate_of_a_delivery_is_known_at_every_step() {
    let house = House::new().await;
    let fate = async || house.store.fate("guid").await.unwrap();
    assert_eq!(fate().await, Fate::Done, "nothing is known of it");
    house.push(&pr(1), "guid").await;
    let waiting = |error| Fate::Waiting {
        ready_in: NOW,
        error,
    };
    assert_eq!(fate().await, waiting(None));
    let job = house.claim(LONG).await;
    assert_eq!(fate().await, Fate::Running);
    house
        .store
        .fail(&job.lease, NOW, 5, "no luck")
        .await
        .unwrap();
    assert_eq!(fate().await, waiting(Some("no luck".to_owned())));
    let job = house.claim(LONG).await;
    house.store.postpone(&job.lease, LONG).await.unwrap();
    let later = fate().await;
    assert!(
        matches!(later, Fate::Waiting { ready_in, .. } if ready_in > Duration::from_secs(3000)),
        "{later:?}"
    );
    house.meddle("UPDATE jobs SET run_at = 0").await;
    let job = house.claim(LONG).await;
    house
        .store
        .fail(&job.lease, NOW, 1, "enough")
        .await
        .unwrap();
    let parked = Fate::Parked {
        id: job.id,
        error: "enough".to_owned(),
    };
    assert_eq!(fate().await, parked);
}

#[tokio::test]
async fn the_same_file_by_another_name_is_the_same_file() {
    let house = House::new().await;
    let detour = house.folder.path().join("x");
    std::fs::create_dir(&detour).unwrap();
    let text = refusal(&url(&detour.join("..").join("discussions.db"))).await;
    assert!(text.contains("in use by another process"), "{text}");
}

#[tokio::test]
async fn odd_names_are_found_under_the_name_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display();
    let store = SqlStore::open(&format!("sqlite:{here}/new/a%20b%23%3Fé.db?mode=rwc"))
        .await
        .unwrap();
    store.ping().await.unwrap();
    assert!(folder.path().join("new/a b#?é.db").is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_created_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let store = SqlStore::open(&url(&file(&inner))).await.unwrap();
    push(&store, &pr(1), "guid").await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    let names: Vec<PathBuf> = std::fs::read_dir(&inner)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(names.len() >= 3, "database, log and lock: {names:?}");
    for name in names {
        assert_eq!(mode(&name), 0o600, "{}", name.display());
    }
}

#[tokio::test]
async fn the_clock_is_the_databases_and_in_milliseconds() {
    let house = House::new().await;
    let (a, b) = (
        house.store.now().await.unwrap(),
        house.store.now().await.unwrap(),
    );
    assert!(a > 1_700_000_000_000 && a < 10_000_000_000_000, "{a}");
    assert!(b >= a);
    assert_eq!(
        house
            .number("SELECT COUNT(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'")
            .await,
        1
    );
}
