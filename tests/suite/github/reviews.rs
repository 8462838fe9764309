//! Reviews, their conversations and reactions: against answers that GitHub may give, and against the sandbox.

use super::double::{Double, Reply, pr, sha};
use crate::sandbox::rig::{REPO, Rig, key};
use discussions::forge::github::GitHub;
use discussions::forge::{
    BranchRules, ForgeError, ForgeRead, ForgeWrite, LineComment, Reaction, ReactionTarget,
    ReviewRequest,
};
use discussions::ids::{PullRequest, Repo, Sha};
use discussions::sandbox::{
    EffectKind, Fault, FaultKind, Matcher, Protection, ReactionTarget as Target, ReviewState,
    RuleForm,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

const MARKER: &str = "<!-- discussions:round:7 -->";

fn request(commit: Sha, line: u32) -> ReviewRequest {
    ReviewRequest {
        commit,
        body: format!("{MARKER}\nRound 1"),
        comments: vec![LineComment {
            path: "d.md".to_owned(),
            line,
            body: "<!-- discussions:item:Q1 -->\nWhich tenants?".to_owned(),
        }],
    }
}

#[tokio::test]
async fn a_review_names_its_commit_and_the_new_side() {
    let double = Double::start(|asked| {
        let made = json!({ "id": 80, "html_url": "https://github.com/o/n/pull/7#r80" });
        asked
            .target
            .ends_with("/reviews")
            .then(|| Reply::json(made))
    })
    .await;
    let made = double
        .github()
        .review(&pr(), &request(sha('a'), 3))
        .await
        .unwrap();
    assert_eq!(
        (made.id, made.url.as_str()),
        (80, "https://github.com/o/n/pull/7#r80")
    );
    assert_eq!(
        double.lines(),
        ["POST /repos/octo-team/notes/pulls/7/reviews"]
    );
    assert_eq!(
        double.calls()[0].body,
        json!({
            "commit_id": "a".repeat(40),
            "event": "COMMENT",
            "body": format!("{MARKER}\nRound 1"),
            "comments": [{
                "path": "d.md", "line": 3, "side": "RIGHT",
                "body": "<!-- discussions:item:Q1 -->\nWhich tenants?",
            }],
        })
    );
}

#[tokio::test]
async fn a_review_that_is_refused_or_lost_is_told_so() {
    let unprocessable =
        |error: &str| json!({ "message": "Unprocessable Entity", "errors": [error] }).to_string();
    let outside = "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank";
    let hurried = json!({ "message": "Validation Failed", "errors": [{
        "resource": "PullRequestReviewComment", "code": "custom", "field": "body",
        "message": "body was submitted too quickly after a previous comment",
    }] });
    for (reply, expected, words) in [
        (
            Reply::new(422, unprocessable(outside)),
            "Refused",
            "must be part of the diff",
        ),
        (
            Reply::new(422, unprocessable("Line could not be resolved")),
            "Refused",
            "Line could not be resolved",
        ),
        (
            Reply::new(422, unprocessable("Path could not be resolved")),
            "Refused",
            "Path could not be resolved",
        ),
        (
            Reply::new(422, hurried.to_string()),
            "RateLimited { retry_after: 60",
            "too quickly",
        ),
        (
            Reply::new(
                403,
                r#"{"message":"Resource not accessible by integration"}"#,
            ),
            "Forbidden",
            "not accessible",
        ),
        (Reply::new(502, ""), "Unavailable", "502"),
        (Reply::json(json!({ "id": 80 })), "Unavailable", "html_url"),
    ] {
        let script = reply.clone();
        let double =
            Double::start(move |asked| asked.target.ends_with("/reviews").then(|| script.clone()))
                .await;
        let github = double.github();
        let error = github
            .review(&pr(), &request(sha('a'), 3))
            .await
            .unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(double.calls().len(), 1, "nothing is repeated here");
    }
}

#[tokio::test]
async fn a_review_is_ours_by_its_author_not_by_its_marker() {
    let review = |id: u64, login: &str, kind: &str, state: &str| {
        json!({
            "id": id, "html_url": "u", "state": state, "body": format!("{MARKER}\nx"),
            "user": { "login": login, "type": kind },
        })
    };
    // Further down a marker may stand in what somebody else wrote: a path, say.
    let quoting = json!({
        "id": 8, "html_url": "u", "state": "COMMENTED", "body": format!("x\n{MARKER}"),
        "user": { "login": "discussions[bot]", "type": "Bot" },
    });
    let (ours, bot) = ("discussions[bot]", "Bot");
    let others = [
        review(1, "mallory", "User", "COMMENTED"),
        review(2, ours, "User", "COMMENTED"),
        review(3, "other[bot]", bot, "APPROVED"),
        review(4, ours, bot, "PENDING"),
        json!({ "id": 5, "html_url": "u", "state": "COMMENTED", "body": null, "user": null }),
        json!({ "id": 6, "html_url": "u", "state": "COMMENTED", "body": MARKER, "user": null }),
        quoting,
    ];
    for own in [None, Some(review(7, ours, bot, "COMMENTED"))] {
        let expected = own.as_ref().map(|_| 7);
        let list: Vec<Value> = others.iter().cloned().chain(own).collect();
        let double = Double::start(move |asked| match asked.target.as_str() {
            "/app" => Some(Reply::json(json!({ "slug": "discussions" }))),
            path if path.contains("/pulls/7/reviews?") => Some(Reply::json(list.clone().into())),
            _ => None,
        })
        .await;
        let github = double.github();
        let found = github.own_review(&pr(), MARKER).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected);
        let other = github.own_review(&pr(), "<!-- another -->").await.unwrap();
        assert_eq!(other, None);
    }
}

fn thread(id: &str, author: Value) -> Value {
    json!({
        "id": id, "isResolved": id == "T2",
        "comments": { "nodes": [{ "body": format!("item {id}"), "author": author }] },
    })
}

fn page(viewer: Value, threads: Vec<Value>, next: Option<&str>) -> Reply {
    let info = json!({ "hasNextPage": next.is_some(), "endCursor": next });
    let list = json!({ "pageInfo": info, "nodes": threads });
    let repository = json!({ "pullRequest": { "reviewThreads": list } });
    Reply::data(json!({ "viewer": viewer, "repository": repository }))
}

#[tokio::test]
async fn our_conversations_are_found_over_all_pages() {
    let account = |kind: &str, login: &str, id: u64| json!({ "__typename": kind, "login": login, "databaseId": id });
    for viewer in [json!({ "databaseId": 5 }), Value::Null] {
        let ours = account("Bot", "discussions", 5);
        let empty = json!({ "id": "T9", "isResolved": false, "comments": { "nodes": [] } });
        let first = vec![
            thread("T1", ours.clone()),
            thread("T3", account("User", "discussions", 5)),
            thread("T4", account("Bot", "other", 6)),
            thread("T5", Value::Null),
            Value::Null,
            empty,
        ];
        let (one, two) = (
            page(viewer.clone(), first, Some("c1")),
            page(viewer, vec![thread("T2", ours)], None),
        );
        let double = Double::start(move |asked| match asked.target.as_str() {
            "/app" => Some(Reply::json(json!({ "slug": "discussions" }))),
            "/graphql" if asked.body["variables"]["after"] == "c1" => Some(two.clone()),
            "/graphql" => Some(one.clone()),
            _ => None,
        })
        .await;
        let threads = double.github().own_threads(&pr()).await.unwrap();
        let got: Vec<_> = threads
            .iter()
            .map(|thread| (thread.id.as_str(), thread.body.as_str(), thread.is_resolved))
            .collect();
        assert_eq!(got, [("T1", "item T1", false), ("T2", "item T2", true)]);
    }
}

#[tokio::test]
async fn conversations_that_cannot_be_read_are_an_error() {
    let gone = json!({ "data": { "viewer": null, "repository": { "pullRequest": null } },
        "errors": [{ "type": "NOT_FOUND", "message": "gone", "path": ["repository", "pullRequest"] }] });
    let null = json!({ "viewer": null, "repository": { "pullRequest": null } });
    for (reply, expected) in [
        (Reply::json(gone), "NotFound"),
        (Reply::data(null), "NotFound"),
        (Reply::new(502, ""), "Unavailable"),
    ] {
        let double =
            Double::start(move |asked| (asked.target == "/graphql").then(|| reply.clone())).await;
        let error = double.github().own_threads(&pr()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
}

#[tokio::test]
async fn resolving_and_reacting_go_by_graphql_ids() {
    let double = Double::start(|asked| {
        (asked.target == "/graphql").then(|| Reply::data(json!({ "any": null })))
    })
    .await;
    let github = double.github();
    github.resolve_thread(&pr(), "PRRT_1").await.unwrap();
    let target = ReactionTarget::Review("PRR_2".to_owned());
    let reactions = [Reaction::Eyes, Reaction::Rocket, Reaction::Confused];
    for reaction in reactions {
        github.react(&pr(), target.clone(), reaction).await.unwrap();
    }
    let sent: Vec<Value> = double
        .calls()
        .iter()
        .map(|asked| asked.body["variables"].clone())
        .collect();
    let react = |content: &str| json!({ "subject": "PRR_2", "content": content });
    assert_eq!(
        sent,
        [
            json!({ "thread": "PRRT_1" }),
            react("EYES"),
            react("ROCKET"),
            react("CONFUSED"),
        ]
    );
}

/// A pull request in the sandbox that adds `d.md` with three lines, and the adapter on it.
async fn in_sandbox() -> (Rig, GitHub, PullRequest, Sha) {
    let rig = Rig::start().await;
    let number = rig.open("work", &[("d.md", "one\ntwo\nthree\n")]);
    let key = SecretString::from(key().private_pem.clone());
    let (api, graphql) = (rig.sandbox.api_url(), rig.sandbox.graphql_url());
    let github = GitHub::new(4_711, &key, &api, &graphql).unwrap();
    let id = rig.sandbox.look(|world| world.repo_id(REPO).unwrap());
    let pr = PullRequest {
        installation: rig.installation(),
        repo: Repo {
            id,
            owner: "octo".to_owned(),
            name: "demo".to_owned(),
        },
        number,
    };
    let head = Sha::parse(rig.head(number).as_str()).unwrap();
    (rig, github, pr, head)
}

#[tokio::test]
async fn the_snapshot_tells_where_comments_can_stand() {
    let (rig, github, pr, head) = in_sandbox().await;
    let snapshot = github.snapshot(&pr).await.unwrap();
    let file = &snapshot.files[0];
    assert_eq!(file.diff_lines, [(1, 3)]);
    assert!(file.shows(3) && !file.shows(4) && !file.shows(0));
    github.review(&pr, &request(head.clone(), 3)).await.unwrap();
    let refused = github.review(&pr, &request(head, 4)).await.unwrap_err();
    assert!(matches!(refused, ForgeError::Refused(_)), "{refused}");
    assert_eq!(rig.sandbox.ledger().of(EffectKind::ReviewCreated).len(), 1);
}

#[tokio::test]
async fn a_review_whose_answer_was_lost_is_found_again() {
    let (rig, github, pr, head) = in_sandbox().await;
    let route = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";
    for kind in [
        FaultKind::ApplyThenDrop,
        FaultKind::TruncatedJson,
        FaultKind::ApplyThenStatus(502),
        FaultKind::DropBefore,
    ] {
        let applied = !matches!(kind, FaultKind::DropBefore);
        let mut wanted = request(head.clone(), 2);
        let marker = format!("<!-- {kind:?} -->");
        wanted.body = marker.clone();
        let matcher = Matcher::Rest("POST".to_owned(), route.to_owned());
        rig.sandbox.fault(Fault::once(matcher, kind));
        let lost = github.review(&pr, &wanted).await.unwrap_err();
        assert!(matches!(lost, ForgeError::Unavailable(_)), "{lost}");
        let found = github.own_review(&pr, &marker).await.unwrap();
        assert_eq!(found.is_some(), applied, "{marker}");
    }
    assert_eq!(github.own_threads(&pr).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_fresh_review_may_be_out_of_sight_for_a_while() {
    let (rig, github, pr, head) = in_sandbox().await;
    // Gets the token, so that the review is the next write.
    assert_eq!(github.own_threads(&pr).await.unwrap(), []);
    let hidden = FaultKind::HideFor(Duration::from_secs(5));
    rig.sandbox.fault(Fault::once(Matcher::Writes, hidden));
    let made = github.review(&pr, &request(head, 2)).await.unwrap();
    assert_eq!(github.own_review(&pr, MARKER).await.unwrap(), None);
    assert_eq!(github.own_threads(&pr).await.unwrap(), []);
    rig.sandbox.advance(Duration::from_secs(6));
    let found = github.own_review(&pr, MARKER).await.unwrap();
    assert_eq!(found, Some(made));
    assert_eq!(github.own_threads(&pr).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_our_conversations_are_ours_and_resolving_twice_is_once() {
    let (rig, github, pr, head) = in_sandbox().await;
    github.review(&pr, &request(head, 2)).await.unwrap();
    let line = discussions::sandbox::LineComment {
        path: "d.md".to_owned(),
        line: Some(1),
        body: "<!-- discussions:item:Q1 --> me too".to_owned(),
    };
    let state = ReviewState::Commented;
    rig.sandbox
        .review_with_comments("ann", REPO, pr.number, state, "", &[line])
        .unwrap();
    let opening = rig.sandbox.pull(REPO, pr.number).unwrap().review_comments[0].id;
    rig.sandbox.reply("ann", REPO, opening, "ours?").unwrap();
    let threads = github.own_threads(&pr).await.unwrap();
    assert_eq!(threads.len(), 1);
    assert!(threads[0].body.ends_with("Which tenants?"));
    let operation = || Matcher::Graphql("ResolveThread".to_owned());
    rig.sandbox
        .fault(Fault::once(operation(), FaultKind::ApplyThenDrop));
    let lost = github.resolve_thread(&pr, &threads[0].id).await;
    assert!(matches!(lost, Err(ForgeError::Unavailable(_))), "{lost:?}");
    github.resolve_thread(&pr, &threads[0].id).await.unwrap();
    assert!(github.own_threads(&pr).await.unwrap()[0].is_resolved);
    assert_eq!(rig.sandbox.ledger().of(EffectKind::ThreadResolved).len(), 1);
    let gone = github.resolve_thread(&pr, "PRRT_none").await;
    assert!(matches!(gone, Err(ForgeError::NotFound(_))), "{gone:?}");
}

#[tokio::test]
async fn a_reaction_reaches_a_review_once() {
    let (rig, github, pr, _) = in_sandbox().await;
    let state = ReviewState::Commented;
    let review = rig
        .sandbox
        .review("ann", REPO, pr.number, state, "/discuss status")
        .unwrap();
    let path = format!("/repos/octo/demo/pulls/{}/reviews", pr.number);
    let node = rig.get(&path).await.ok()[0]["node_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let matcher = Matcher::Graphql("React".to_owned());
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::ApplyThenDrop));
    let target = ReactionTarget::Review(node);
    let lost = github.react(&pr, target.clone(), Reaction::Eyes).await;
    assert!(lost.is_err());
    github.react(&pr, target, Reaction::Eyes).await.unwrap();
    let reactions = rig.sandbox.reactions(REPO, Target::Review(review));
    assert_eq!(reactions.len(), 1, "{reactions:?}");
}

#[tokio::test]
async fn rules_are_read_as_far_as_they_are_shown() {
    let (rig, github, pr, _) = in_sandbox().await;
    let ask = async || {
        github
            .branch_rules(&pr, Some("work"), "main")
            .await
            .unwrap()
    };
    assert_eq!(
        ask().await,
        BranchRules::default(),
        "a required check on main is no matter"
    );
    let head = |form, bypass: &[u64]| Protection {
        form,
        pull_requests_only: true,
        bypass: bypass.to_vec(),
        ..Protection::default()
    };
    for (rules, refused) in [
        (head(RuleForm::Ruleset, &[]), true),
        (head(RuleForm::Ruleset, &[4_711]), false),
        (head(RuleForm::Classic, &[]), true),
        (head(RuleForm::Hidden, &[]), false),
    ] {
        rig.sandbox.protect(REPO, "work", rules.clone()).unwrap();
        assert_eq!(ask().await.push_refused.is_some(), refused, "{rules:?}");
    }
    let base = |form| Protection {
        form,
        dismiss_stale: true,
        resolved_conversations: true,
        ..Protection::default()
    };
    for (form, punished, resolved) in [
        (RuleForm::Ruleset, true, true),
        (RuleForm::Classic, false, true),
        (RuleForm::Hidden, false, false),
    ] {
        rig.sandbox.protect(REPO, "main", base(form)).unwrap();
        let got = ask().await;
        assert_eq!(got.push_punished.is_some(), punished, "{form:?}");
        assert_eq!(got.conversations_must_be_resolved, resolved, "{form:?}");
    }
    let matcher = Matcher::Graphql("BranchRules".to_owned());
    rig.sandbox
        .fault(Fault::once(matcher, FaultKind::DropBefore));
    let lost = github.branch_rules(&pr, None, "main").await;
    assert!(matches!(lost, Err(ForgeError::Unavailable(_))), "{lost:?}");
}
