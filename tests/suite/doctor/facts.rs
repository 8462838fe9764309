//! Settings, the App on GitHub and its installations, each with one thing wrong.

use super::{amiss, doctor, installation};
use crate::cli::Folder;
use crate::support::stand::{SECRET, Stand};
use discussions::sandbox::{
    Access, AppKey, DEMO_REPO, FileEdit, Permissions, default_events, default_permissions,
};
use std::time::Duration;

/// The permissions without one.
fn without(name: &str) -> Permissions {
    let mut permissions = default_permissions();
    permissions.remove(name).unwrap();
    permissions
}

/// A stand whose newest event has arrived.
async fn at_work() -> Stand {
    let stand = Stand::start().await;
    let edit = FileEdit::write("notes.txt", "x");
    stand
        .sandbox
        .push("ann", DEMO_REPO, "main", "note", &[edit])
        .unwrap();
    stand.sandbox.wait_until_idle().await;
    stand
}

#[tokio::test(flavor = "multi_thread")]
async fn with_everything_in_place_nothing_fails_beside_the_running_server() {
    let stand = at_work().await;
    let none: [&str; 0] = [];
    assert_eq!(amiss(&stand, &["--repo", DEMO_REPO]), none);
    assert_eq!(amiss(&stand, &[]), none);
    doctor(&stand, &["--repo", DEMO_REPO]).exits(0).says(&[
        "settings\n",
        "  ok       APP_ID: 4711",
        "WEBHOOK_SECRET: one secret, long enough",
        "discussions.db has the present schema, a server uses it",
        "\ngithub\n",
        "  ok       the App: orchestrated discussions, ",
        "  ok       permissions: the App asks for all that it needs",
        "  ok       events: the App subscribes to all that it handles",
        "  ok       deliveries: the newest one (",
        "\ninstallation\n",
        "  ok       octo: installed for all repositories, all permissions granted",
        "\ngate\n",
        "  ok       main: .github/discussions.yml reads",
        "  ok       main: `discussions` is required and pinned to orchestrated discussions",
        "\nmodels\n",
        "  ok       who answers: the built-in checklists",
        "\n0 failed, ",
    ]);
    // `--models` asks those that there are: none.
    doctor(&stand, &["--models"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_start_it_says_what_is_to_be_done_and_makes_nothing() {
    let stand = Stand::build().await;
    let ran = doctor(&stand, &["--repo", DEMO_REPO]).exits(1);
    ran.says(&[
        "discussions.db is made at the first start",
        "signing-key.pem is made at the first start",
        "failed   webhook: it has no address",
        "do   Enter https://YOUR.HOST/api/github/webhooks",
    ]);
    assert!(!stand.path("data").exists());
}

#[test]
fn without_settings_all_of_them_are_told_and_what_could_not_be_looked_at() {
    let folder = Folder::with(&[]);
    let ran = folder.run(&["doctor", "--repo", "octo/demo"]).exits(1);
    let ran = ran.says(&[
        "failed   APP_ID: is not set",
        "do   take it from App settings → General → About → App ID on GitHub",
        "failed   PRIVATE_KEY: is not set, nor PRIVATE_KEY_PATH",
        "failed   WEBHOOK_SECRET: is not set",
        "openssl rand -hex 32",
        "github\n  not checked  APP_ID and the private key are needed for that",
        "gate\n  not checked",
        "3 failed",
    ]);
    assert!(
        ran.stdout()
            .contains("who answers: the built-in checklists")
    );
    for wrong in [&["--repo", "demo"][..], &["--branch", "main"]] {
        folder.run(&[&["doctor"], wrong].concat()).exits(2);
    }
    let broken = Folder::with(&[(
        "data/discussions.db",
        b"this is no database at all, it is some text",
    )]);
    broken.run(&["doctor"]).exits(1).says(&[
        "failed   database: ",
        "does not open as an SQLite database",
        "do   restore it from a backup",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_and_a_newer_database_are_told_apart_and_left_alone() {
    let mut stand = Stand::start().await;
    stand.terminate().await;
    let url = format!("sqlite://{}", stand.path("data/discussions.db").display());
    sqlx::any::install_default_drivers();
    let change = async |statement: &str| {
        use sqlx::Connection as _;
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    };
    doctor(&stand, &[]).says(&["discussions.db has the present schema\n"]);
    change("UPDATE _sqlx_migrations SET version = 900 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
    doctor(&stand, &[])
        .exits(1)
        .says(&["has schema 900", "do   run the newer version that wrote it"]);
    change("DELETE FROM _sqlx_migrations WHERE version > 8").await;
    for _ in 0..2 {
        let ran = doctor(&stand, &[]);
        ran.says(&["is brought up to date at the next start", "copy it before"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_an_id_that_github_does_not_take_is_told_as_such() {
    let mut stand = Stand::build().await;
    stand.set(
        "PRIVATE_KEY",
        AppKey::generate().unwrap().private_pem.clone(),
    );
    doctor(&stand, &["--repo", DEMO_REPO]).exits(1).says(&[
        "failed   the App: GitHub does not take the signature of App 4711",
        "APP_ID and PRIVATE_KEY do not belong together",
        "ok       clock",
        "gate\n  not checked  GitHub does not let the App in",
    ]);
    let mut stand = Stand::build().await;
    stand.set("APP_ID", "12");
    doctor(&stand, &[]).exits(1).says(&[
        "failed   the App: there is no App with the id 12 at http://127.0.0.1",
        "do   Take APP_ID from App settings",
    ]);
    let mut stand = Stand::build().await;
    stand.set("GITHUB_API_URL", "http://127.0.0.1:9");
    doctor(&stand, &[])
        .exits(1)
        .says(&["failed   the App: http://127.0.0.1:9 gives no usable answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_in_seconds_and_does_not_keep_the_app_out() {
    let stand = at_work().await;
    stand.sandbox.advance(Duration::from_secs(1_200));
    assert_eq!(amiss(&stand, &["--repo", DEMO_REPO]), ["warning clock"]);
    let told = doctor(&stand, &[]).exits(0).stdout();
    let (_, rest) = told.split_once("this machine's clock is ").unwrap();
    let (seconds, rest) = rest.split_once(" s behind GitHub's").unwrap();
    let seconds: i64 = seconds.parse().unwrap();
    assert!((1_198..=1_202).contains(&seconds), "{seconds}");
    assert!(rest.contains("Set the clock by NTP."), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_or_a_permission_that_the_app_does_not_have_is_named_with_what_is_lost() {
    let stand = at_work().await;
    let mut events = default_events();
    assert!(events.remove("merge_group") && events.remove("issue_comment"));
    stand.sandbox.set_app(without("issues"), events);
    let found = [
        "failed app-permission",
        "failed app-event",
        "failed app-event",
    ];
    assert_eq!(amiss(&stand, &[]), found);
    doctor(&stand, &[]).exits(1).says(&[
        "failed   issues: the App does not ask for issues: read",
        "failed   merge_group: the App does not subscribe to it",
        "why  a merge queue waits for ever for the check",
        "failed   issue_comment: ",
        "why  commands in the conversation are not heard",
    ]);
    let mut more = default_permissions();
    more.insert("secrets".to_owned(), Access::Write);
    more.insert("administration".to_owned(), Access::Read);
    stand.sandbox.set_app(more, default_events());
    assert_eq!(amiss(&stand, &[]), ["warning app-permission-excess"]);
    let ran = doctor(&stand, &[]).exits(0).stdout();
    assert!(ran.contains("more than it uses: secrets: write\n"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_waits_to_be_accepted_and_a_suspension_are_told_with_where_to_go() {
    let stand = at_work().await;
    let id = installation(&stand.sandbox);
    stand
        .sandbox
        .set_permissions(id, without("merge_queues"))
        .unwrap();
    let repo = ["--repo", DEMO_REPO];
    for wish in [&[][..], &repo] {
        assert_eq!(amiss(&stand, wish), ["failed installation-permission"]);
    }
    let settings = format!("/settings/installations/{id}");
    doctor(&stand, &repo).exits(1).says(&[
        "octo: merge_queues: read is asked for and not granted",
        "An owner of octo accepts the new permissions at",
        &settings,
    ]);
    stand
        .sandbox
        .set_permissions(id, default_permissions())
        .unwrap();
    stand.sandbox.suspend(id, true).unwrap();
    stand.sandbox.wait_until_idle().await;
    for wish in [&[][..], &repo] {
        assert_eq!(amiss(&stand, wish), ["failed installation-suspended"]);
    }
    doctor(&stand, &repo)
        .exits(1)
        .says(&["unsuspends it at", &settings, "gate\n  not checked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_the_app_does_not_reach_is_told_with_what_to_select() {
    let stand = at_work().await;
    let id = installation(&stand.sandbox);
    stand
        .sandbox
        .create_repo("octo/other", &[("a", "b")])
        .unwrap();
    stand
        .sandbox
        .select_repositories(id, Some(&["octo/other"]))
        .unwrap();
    stand.sandbox.wait_until_idle().await;
    assert_eq!(amiss(&stand, &["--repo", DEMO_REPO]), ["failed repository"]);
    let ran = doctor(&stand, &["--repo", DEMO_REPO]);
    ran.says(&[
        "installed on octo, but not for this repository",
        "Select the repository at",
    ]);
    let ran = doctor(&stand, &["--repo", "nobody/there"]).exits(1);
    ran.says(&[
        "nobody/there: the App is not installed there",
        "/apps/orchestrated-discussions",
    ]);
    doctor(&stand, &[])
        .exits(0)
        .says(&["octo: installed for selected repositories"]);
    stand.sandbox.uninstall(id).unwrap();
    stand.sandbox.wait_until_idle().await;
    assert_eq!(amiss(&stand, &[]), ["failed installation"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_very_many_installations_it_says_how_many_it_looked_at() {
    let stand = at_work().await;
    for number in 0..100 {
        let login = format!("team-{number}");
        stand.sandbox.create_user(&login);
        stand.sandbox.install(&login).unwrap();
    }
    stand.sandbox.wait_until_idle().await;
    assert_eq!(amiss(&stand, &[]), ["warning installations"]);
    doctor(&stand, &[]).says(&["installations: 100 of 101 were looked at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_differs_on_both_sides_shows_in_the_newest_delivery() {
    let stand = at_work().await;
    let url = format!("{}/api/github/webhooks", stand.server().url);
    let event = async || {
        let edit = FileEdit::write("notes.txt", "y");
        stand
            .sandbox
            .push("ann", DEMO_REPO, "main", "note", &[edit])
            .unwrap();
        stand.sandbox.wait_until_idle().await;
    };
    stand
        .sandbox
        .set_webhook(&url, "the secret of another house entirely");
    event().await;
    assert_eq!(amiss(&stand, &[]), ["failed deliveries"]);
    doctor(&stand, &[]).exits(1).says(&[
        "failed   deliveries: the server refused the newest one (",
        "why  the secret on GitHub is none of WEBHOOK_SECRET",
    ]);
    stand
        .sandbox
        .set_webhook(&format!("{}/hooks", stand.server().url), SECRET);
    event().await;
    assert_eq!(
        amiss(&stand, &[]),
        ["warning webhook-path", "warning deliveries"]
    );
    let ran = doctor(&stand, &[]).exits(0);
    ran.says(&[
        "the server listens at /api/github/webhooks",
        ") was answered with 404, ",
    ]);
}
