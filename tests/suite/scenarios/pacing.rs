//! Limits of GitHub's, and the pace that keeps us below them: nothing is sent inside a window, nothing is lost, and
//! whoever is not concerned does not notice.

use super::CACHE;
use crate::support::rig::{APP, AT_ONCE, Rig, Setup, key};
use crate::support::scripted::Scripted;
use discussions::forge::github::{GitHub, LaneRates, Rates};
use discussions::forge::{CheckRun, ForgeWrite};
use discussions::ids::Sha;
use discussions::sandbox::{
    DEMO_REPO, EffectKind, Fault, FaultKind, FileEdit, Matcher, NewPull, Role,
};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

const DISCUSSING: &str = "DISCUSSING: needs 1 vote by a person";

fn setup(model: &Arc<Scripted>) -> Setup {
    Setup {
        config: Some(AT_ONCE.to_owned()),
        model: Some(model.clone()),
        operator: None,
    }
}

/// One worker: whatever it sends, it sends knowing all that was answered before.
async fn alone(rates: Rates) -> (Arc<Scripted>, Rig) {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::paced(setup(&model), 1, rates).await;
    (model, rig)
}

/// Rob opens a pull request with a discussion of its own; nobody waits for what comes of it.
fn open(rig: &Rig, repo: &str, name: &str) -> u64 {
    let text = CACHE.replace("product list", name);
    let edit = FileEdit::write(&format!("design/{name}.md"), text);
    rig.sandbox
        .push("rob", repo, name, "propose", &[edit])
        .unwrap();
    let new = NewPull {
        title: format!("A cache for {name}"),
        head: name.to_owned(),
        ..NewPull::default()
    };
    rig.sandbox.open_pr("rob", repo, &new).unwrap()
}

/// A repository of somebody else's, with an installation of its own.
async fn elsewhere(rig: &Rig) -> &'static str {
    let repo = "team/other";
    let config = (".github/discussions.yml", AT_ONCE);
    rig.sandbox.create_repo(repo, &[config]).unwrap();
    let added = rig.sandbox.add_collaborator(repo, "rob", Role::Write);
    added.unwrap();
    rig.settle().await;
    repo
}

/// Somebody else's pull request gets its round: whoever works goes on working.
async fn others_go_on(rig: &Rig, repo: &str) -> u64 {
    let number = open(rig, repo, "elsewhere");
    rig.until(|| {
        let check = rig.sandbox.check_on_head(repo, number, "discussions");
        let title = check.and_then(|check| check.title).unwrap_or_default();
        title.starts_with(DISCUSSING)
    })
    .await;
    number
}

fn client(rig: &Rig, rates: Rates) -> GitHub {
    let private = SecretString::from(key().private_pem.clone());
    let (api, graphql) = (rig.sandbox.api_url(), rig.sandbox.graphql_url());
    GitHub::new(APP, &private, &api, &graphql)
        .unwrap()
        .at(rates)
}

/// The next commit of replies is refused for that long.
fn limit(rig: &Rig, seconds: &str) {
    let kind = FaultKind::SecondaryLimit {
        status: 429,
        retry_after: Some(seconds.to_owned()),
    };
    let commit = Matcher::Graphql("CommitReplies".to_owned());
    rig.sandbox.fault(Fault::once(commit, kind));
}

fn refused(rig: &Rig) -> usize {
    let ledger = rig.sandbox.ledger();
    let of_limit = ledger.requests.iter().filter(|one| one.status == 429);
    of_limit.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pull_requests_wait_for_one_limit_and_none_is_asked_about_meanwhile() {
    let (model, rig) = alone(Rates::loopback()).await;
    limit(&rig, "2");
    let names = (0..10).map(|number| format!("cache-{number}"));
    let numbers: Vec<u64> = names.map(|name| open(&rig, DEMO_REPO, &name)).collect();
    rig.settle().await;
    assert_eq!(refused(&rig), 1);
    assert_eq!(rig.sandbox.ledger().inside_limits(), 0);
    for number in numbers {
        assert!(
            rig.title(number).starts_with(DISCUSSING),
            "{}",
            rig.title(number)
        );
    }
    assert_eq!(rig.count(EffectKind::Commit), 10);
    assert_eq!(model.calls().len(), 30, "nothing is bought twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_goes_on_while_one_has_to_wait() {
    let (_, rig) = alone(Rates::loopback()).await;
    let other = elsewhere(&rig).await;
    limit(&rig, "60");
    open(&rig, DEMO_REPO, "first");
    rig.until(|| refused(&rig) == 1).await;
    let waiting = [
        open(&rig, DEMO_REPO, "second"),
        open(&rig, DEMO_REPO, "third"),
    ];
    others_go_on(&rig, other).await;
    for number in waiting {
        assert_eq!(rig.title(number), "");
    }
    let ledger = rig.sandbox.ledger();
    assert_eq!(ledger.inside_limits(), 0, "{:#?}", ledger.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_kept_to_by_the_next_server() {
    let (_, mut rig) = alone(Rates::loopback()).await;
    let other = elsewhere(&rig).await;
    limit(&rig, "60");
    open(&rig, DEMO_REPO, "first");
    rig.until(|| refused(&rig) == 1).await;
    // The only worker is back from it, so what it knows is in the store.
    let going_on = others_go_on(&rig, other).await;
    rig.sandbox.reset_ledger();
    let copy = rig.backup();
    let fresh = Arc::new(client(&rig, Rates::loopback()));
    rig.deps.read = fresh.clone();
    rig.deps.write = fresh.into();
    rig.start_over(Some(copy)).await;
    let second = open(&rig, DEMO_REPO, "second");
    // Its job is in line by then, and before the other one.
    rig.sandbox.wait_until_idle().await;
    let more = FileEdit::write("README.md", "# More\n");
    let pushed = rig.sandbox.push("rob", other, "elsewhere", "more", &[more]);
    pushed.unwrap();
    rig.until(|| {
        let check = rig.sandbox.check_on_head(other, going_on, "discussions");
        check.is_some()
    })
    .await;
    assert_eq!(rig.title(second), "");
    let ledger = rig.sandbox.ledger();
    assert_eq!(ledger.inside_limits(), 0, "{:#?}", ledger.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_whose_writes_come_out_of_turn_is_finished_once() {
    let rates = Rates {
        content: LaneRates {
            burst: 2,
            per_second: 2,
            per_minute: 60,
            per_hour: None,
        },
        patience: Duration::ZERO,
        ..Rates::default()
    };
    let (model, rig) = alone(rates).await;
    let number = open(&rig, DEMO_REPO, "orders");
    rig.settle().await;
    rig.say("ann", number, "/discuss security what about tenants?")
        .await;
    assert_eq!(rig.count(EffectKind::Commit), 2);
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    assert_eq!(model.calls().len(), 4, "nothing is bought twice");
    assert_eq!(
        rig.count(EffectKind::Commit),
        3,
        "the verdict is written into the file"
    );
    assert_eq!(rig.replies(number).len(), 1);
    assert_eq!(rig.statuses(number).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_goes_before_comments_that_wait_for_their_turn() {
    let (_, rig) = alone(Rates::loopback()).await;
    let number = open(&rig, DEMO_REPO, "stock");
    rig.settle().await;
    let mut rates = Rates::default();
    rates.content.burst = 1;
    let github = client(&rig, rates);
    let mut pr = rig.pr(number);
    pr.installation = rig
        .sandbox
        .look(|world| *world.installations.keys().next().unwrap());
    rig.sandbox.reset_ledger();
    let comments = (0..4).map(|_| github.comment(&pr, "one of many"));
    let check = CheckRun {
        head: Sha::parse(
            &rig.sandbox
                .pull(DEMO_REPO, number)
                .unwrap()
                .head
                .to_string(),
        )
        .unwrap(),
        name: "another".to_owned(),
        external_id: "1".to_owned(),
        conclusion: None,
        title: "WORKING".to_owned(),
        summary: "Working.".to_owned(),
        details_url: None,
        annotations: Vec::new(),
        buttons: Vec::new(),
    };
    let all_comments = futures::future::join_all(comments);
    let (commented, checked) = tokio::join!(all_comments, github.create_check(&pr, &check));
    checked.unwrap();
    assert!(commented.iter().all(Result::is_ok), "{commented:?}");
    let ledger = rig.sandbox.ledger();
    let kinds: Vec<EffectKind> = ledger.effects.iter().map(|effect| effect.kind).collect();
    let at = kinds
        .iter()
        .position(|kind| *kind == EffectKind::CheckCreated);
    assert!(at.is_some_and(|at| at < 3), "{kinds:?}");
}
