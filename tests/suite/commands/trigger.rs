//! Which deliveries start work.

use discussions::bot::job::{CommentPlace, JobEvent, Opening};
use discussions::bot::trigger::{OwnApp, Trigger, trigger};
use discussions::forge::event::{
    CheckRunAction, CheckRunEvent, CheckSuiteEvent, CommentAction, CommentEvent, CommentKind,
    Event, MergeGroupEvent, Place, PullRequestAction, PullRequestEvent, ReviewAction, ReviewEvent,
};
use discussions::ids::{Actor, ActorKind, PullRequest, Repo, Sha};

const OWN: OwnApp = OwnApp { id: 77 };

fn person(id: u64) -> Actor {
    Actor {
        id,
        login: format!("user{id}"),
        kind: ActorKind::User,
    }
}

fn bot(id: u64) -> Actor {
    Actor {
        id,
        login: format!("app{id}[bot]"),
        kind: ActorKind::Bot,
    }
}

fn place() -> Place {
    Place {
        installation: 3,
        repo: Repo {
            id: 9,
            owner: "o".to_owned(),
            name: "r".to_owned(),
        },
    }
}

fn pr() -> PullRequest {
    place().pull_request(7)
}

fn sha(digit: &str) -> Sha {
    Sha::parse(&digit.repeat(40)).unwrap()
}

fn pull_request(action: PullRequestAction, sender: Actor) -> Event {
    Event::PullRequest(PullRequestEvent {
        pr: pr(),
        action,
        sender,
        author: person(1),
        head: sha("a"),
        base_branch: "main".to_owned(),
        draft: false,
    })
}

fn comment(
    action: CommentAction,
    body: &str,
    author: Actor,
    sender: Actor,
    via_app: Option<u64>,
) -> Event {
    Event::Comment(CommentEvent {
        pr: pr(),
        action,
        kind: CommentKind::Conversation,
        sender,
        id: 50,
        author,
        body: body.to_owned(),
        created_at: "2026-01-02T03:04:05Z".to_owned(),
        url: "https://github.test/o/r/pull/7#issuecomment-50".to_owned(),
        via_app,
    })
}

fn written(body: &str) -> Event {
    comment(CommentAction::Created, body, person(1), person(1), None)
}

fn review(action: ReviewAction, state: &str, body: &str, author: Actor) -> Event {
    Event::Review(ReviewEvent {
        pr: pr(),
        action,
        sender: author.clone(),
        id: 60,
        node_id: Some("PRR_60".to_owned()),
        author,
        state: state.to_owned(),
        commit: sha("a"),
        body: body.to_owned(),
        submitted_at: String::new(),
        url: String::new(),
    })
}

fn check_run(action: CheckRunAction, app: Option<u64>, pulls: &[u64]) -> Event {
    Event::CheckRun(CheckRunEvent {
        place: place(),
        action,
        sender: person(1),
        name: "discussions".to_owned(),
        head: sha("a"),
        app,
        pulls: pulls.to_vec(),
    })
}

fn job(event: Event) -> JobEvent {
    match trigger(&event, &OWN) {
        Trigger::Job { event, pr: at } => {
            assert_eq!(at.lane(), "9#7");
            event
        }
        Trigger::Ignored(reason) => panic!("ignored: {reason}"),
    }
}

fn ignored(event: Event) -> String {
    match trigger(&event, &OWN) {
        Trigger::Ignored(reason) => reason,
        Trigger::Job { event, .. } => panic!("a job: {event:?}"),
    }
}

#[test]
fn opening_a_pull_request_in_any_way_starts_work() {
    for (action, want) in [
        (PullRequestAction::Opened, Opening::Opened),
        (PullRequestAction::Reopened, Opening::Reopened),
        (PullRequestAction::ReadyForReview, Opening::ReadyForReview),
    ] {
        let JobEvent::Opened { opening, actor } = job(pull_request(action, person(1))) else {
            panic!("not opened")
        };
        assert_eq!((opening, actor.id, actor.person), (want, 1, true));
    }
}

#[test]
fn a_push_starts_work_whoever_pushed() {
    for sender in [person(1), bot(900), bot(5)] {
        let action = PullRequestAction::Synchronize {
            before: Some(sha("b")),
        };
        let JobEvent::Pushed {
            head,
            before,
            actor,
        } = job(pull_request(action, sender.clone()))
        else {
            panic!("not a push")
        };
        assert_eq!(head, sha("a").to_string());
        assert_eq!(before, Some(sha("b").to_string()));
        assert_eq!(actor.id, sender.id);
    }
}

#[test]
fn edits_count_when_title_or_base_changed() {
    let edited = |title: Option<&str>, base: Option<&str>| {
        let action = PullRequestAction::Edited {
            title_before: title.map(str::to_owned),
            base_before: base.map(str::to_owned),
        };
        pull_request(action, person(1))
    };
    assert_eq!(job(edited(Some("old"), None)), JobEvent::Edited);
    assert_eq!(job(edited(None, Some("release"))), JobEvent::Edited);
    ignored(edited(None, None));
    assert_eq!(
        job(pull_request(PullRequestAction::ConvertedToDraft, person(1))),
        JobEvent::Edited
    );
    assert_eq!(
        job(pull_request(
            PullRequestAction::Closed { merged: true },
            person(1)
        )),
        JobEvent::Closed
    );
}

#[test]
fn comments_start_work_only_with_a_command() {
    let JobEvent::Comment {
        id,
        place,
        body,
        before,
        ..
    } = job(written("hi\n/discuss status"))
    else {
        panic!("not a comment")
    };
    assert_eq!((id, place, before), (50, CommentPlace::Conversation, None));
    assert_eq!(body, "hi\n/discuss status");
    ignored(written("looks good to me"));
    ignored(written("> /discuss vote ready"));
    ignored(written("```\n/discuss vote ready\n```"));
}

#[test]
fn our_own_comments_never_start_work() {
    let body = "/discuss vote ready";
    let created = CommentAction::Created;
    ignored(comment(created.clone(), body, bot(900), bot(900), None));
    assert!(
        ignored(comment(
            created.clone(),
            body,
            person(1),
            person(1),
            Some(77)
        ))
        .contains("own")
    );
    assert!(
        ignored(comment(
            CommentAction::Deleted,
            body,
            bot(900),
            person(1),
            Some(77)
        ))
        .contains("own")
    );
    ignored(review(ReviewAction::Submitted, "approved", body, bot(900)));
    job(comment(created, body, person(1), person(1), Some(78)));
}

#[test]
fn bots_run_no_commands() {
    let body = "/discuss vote ready";
    assert!(ignored(comment(CommentAction::Created, body, bot(5), bot(5), None)).contains("bot"));
    assert!(ignored(review(ReviewAction::Submitted, "approved", body, bot(5))).contains("bot"));
}

#[test]
fn an_edit_matters_when_a_command_comes_or_goes() {
    let edited = |before: Option<&str>, now: &str| {
        let action = CommentAction::Edited {
            before: before.map(str::to_owned),
        };
        comment(action, now, person(1), person(2), None)
    };
    let JobEvent::Comment {
        before,
        author,
        sender,
        ..
    } = job(edited(Some("/discuss vote ready"), ""))
    else {
        panic!("not a comment")
    };
    assert_eq!(before.as_deref(), Some("/discuss vote ready"));
    assert_eq!((author.id, sender.id), (1, 2));
    job(edited(Some("text"), "/discuss status"));
    ignored(edited(Some("text"), "other text"));
    ignored(edited(None, "/discuss status"));
}

#[test]
fn a_deleted_comment_matters_whatever_it_said_last() {
    let deleted = comment(CommentAction::Deleted, "text", person(1), person(2), None);
    let JobEvent::CommentDeleted {
        id,
        place,
        author,
        sender,
    } = job(deleted)
    else {
        panic!("not a deletion")
    };
    assert_eq!(
        (id, place, author.id, sender.id),
        (50, CommentPlace::Conversation, 1, 2)
    );
}

#[test]
fn reviews_start_work_as_votes_or_with_commands() {
    let submitted = |state, body| review(ReviewAction::Submitted, state, body, person(1));
    for state in ["approved", "changes_requested"] {
        job(submitted(state, ""));
    }
    ignored(submitted("commented", "nice"));
    let JobEvent::Review {
        body,
        state,
        commit,
        ..
    } = job(submitted("commented", "/discuss security why?"))
    else {
        panic!("not a review")
    };
    assert_eq!(
        (body.as_str(), state.as_str()),
        ("/discuss security why?", "commented")
    );
    assert_eq!(commit, sha("a").to_string());
}

#[test]
fn a_dismissal_starts_work_and_runs_no_command_of_the_review_again() {
    let dismissed = review(
        ReviewAction::Dismissed,
        "dismissed",
        "/discuss security why?",
        person(1),
    );
    let JobEvent::Review { body, state, .. } = job(dismissed) else {
        panic!("not a review")
    };
    assert_eq!((body.as_str(), state.as_str()), ("", "dismissed"));
}

#[test]
fn editing_the_text_of_an_approval_is_no_new_vote() {
    let edited = |before: Option<&str>, now| {
        let action = ReviewAction::Edited {
            before: before.map(str::to_owned),
        };
        review(action, "approved", now, person(1))
    };
    ignored(edited(Some("good"), "very good"));
    ignored(edited(None, "/discuss status"));
    let JobEvent::Review { before, .. } = job(edited(Some("good"), "/discuss status")) else {
        panic!("not a review")
    };
    assert_eq!(before.as_deref(), Some("good"));
}

#[test]
fn re_running_our_own_check_starts_work() {
    let want = |event| {
        let JobEvent::Rerequested { actor, button } = job(event) else {
            panic!("not a re-run")
        };
        assert_eq!(actor.id, 1);
        button
    };
    assert_eq!(
        want(check_run(CheckRunAction::Rerequested, Some(77), &[7])),
        None
    );
    let button = CheckRunAction::Button("ask_again".to_owned());
    assert_eq!(
        want(check_run(button, Some(77), &[7])).as_deref(),
        Some("ask_again")
    );
    let suite = |app, pulls: &[u64]| {
        Event::CheckSuite(CheckSuiteEvent {
            place: place(),
            sender: person(1),
            head: sha("a"),
            app,
            pulls: pulls.to_vec(),
        })
    };
    assert_eq!(want(suite(Some(77), &[7])), None);
    ignored(suite(Some(78), &[7]));
    ignored(suite(None, &[7]));
    for event in [
        suite(Some(77), &[]),
        check_run(CheckRunAction::Rerequested, Some(77), &[]),
        check_run(CheckRunAction::Rerequested, Some(77), &[12, 7]),
    ] {
        let Trigger::Job { pr, event } = trigger(&event, &OWN) else {
            panic!("dropped")
        };
        assert_eq!(pr.lane(), "9#0", "looked up once it is stored");
        let JobEvent::RerequestedOn { head, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(head, sha("a").to_string());
    }
}

#[test]
fn other_checks_and_foreign_buttons_start_none() {
    ignored(check_run(CheckRunAction::Rerequested, Some(78), &[7]));
    ignored(check_run(CheckRunAction::Rerequested, None, &[7]));
    ignored(check_run(
        CheckRunAction::Button("merge_it".to_owned()),
        Some(77),
        &[7],
    ));
}

#[test]
fn other_events_are_ignored_with_a_reason() {
    for event in [
        Event::Ping,
        Event::Ignored {
            reason: "the payload lacks `installation`".to_owned(),
        },
    ] {
        assert!(!ignored(event).is_empty());
    }
}

#[test]
fn a_merge_group_stands_under_its_repository() {
    let group = MergeGroupEvent {
        place: place(),
        head: sha("a"),
        head_branch: "gh-readonly-queue/main/pr-7-b".to_owned(),
        base_branch: "main".to_owned(),
    };
    let Trigger::Job { pr, event } = trigger(&Event::MergeGroup(group), &OWN) else {
        panic!("no job")
    };
    assert_eq!(pr.number, 0);
    let wanted = JobEvent::MergeGroup {
        head: sha("a").to_string(),
        head_branch: Some("gh-readonly-queue/main/pr-7-b".to_owned()),
        base_branch: "main".to_owned(),
        looked: 0,
        since: None,
    };
    assert_eq!(event, wanted);
}

#[test]
fn a_job_is_stored_as_json_that_reads_back() {
    let decided = trigger(&written("/discuss status"), &OWN);
    let Trigger::Job { event, .. } = decided.clone() else {
        panic!("no job")
    };
    let stored = decided.into_job().unwrap().unwrap();
    assert_eq!(stored.pr, pr());
    assert_eq!(
        serde_json::from_str::<JobEvent>(&stored.event).unwrap(),
        event
    );
    assert!(trigger(&Event::Ping, &OWN).into_job().unwrap().is_none());
}

/// A push as GitHub tells it; `commits` are (added, removed, modified).
fn pushed(branch: &str, more: serde_json::Value, commits: &[[&[&str]; 3]]) -> Event {
    let commits: Vec<serde_json::Value> = commits
        .iter()
        .map(|[added, removed, modified]| {
            serde_json::json!({"added": added, "removed": removed, "modified": modified})
        })
        .collect();
    let mut body = serde_json::json!({
        "ref": format!("refs/heads/{branch}"),
        "before": "b".repeat(40),
        "after": "a".repeat(40),
        "created": false,
        "deleted": false,
        "forced": false,
        "commits": commits,
        "repository": {"id": 9, "name": "r", "full_name": "o/r", "default_branch": "main"},
        "installation": {"id": 3},
        "sender": {"id": 1, "login": "user1", "type": "User"},
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    discussions::forge::event::read("push", body.to_string().as_bytes())
}

#[test]
fn a_repository_that_moved_or_may_be_written_to_again_is_surveyed() {
    for (action, is_surveyed) in [
        ("renamed", true),
        ("transferred", true),
        ("unarchived", true),
        ("archived", false),
        ("deleted", false),
        ("edited", false),
    ] {
        let repo = r#"{"id": 9, "name": "new", "full_name": "o/new"}"#;
        let body = format!(
            r#"{{"action": "{action}", "installation": {{"id": 3}}, "repository": {repo}}}"#
        );
        let event = discussions::forge::event::read("repository", body.as_bytes());
        match trigger(&event, &OWN) {
            Trigger::Job { pr, event } => {
                assert!(is_surveyed, "{action}");
                assert_eq!((pr.installation, pr.repo.name.as_str()), (3, "new"));
                let survey = JobEvent::Survey {
                    base: None,
                    queues: true,
                    lacking: false,
                };
                assert_eq!((pr.number, event), (0, survey), "{action}");
            }
            Trigger::Ignored(_) => assert!(!is_surveyed, "{action}"),
        }
    }
}

#[test]
fn a_push_surveys_where_it_may_change_what_a_base_says() {
    use serde_json::json;
    let code: [&[&str]; 3] = [&["src/a.rs"], &["src/b.rs"], &["Cargo.toml"]];
    let many: Vec<[&[&str]; 3]> = vec![code; 2_048];
    let everything = Some(JobEvent::Survey {
        base: None,
        queues: false,
        lacking: true,
    });
    let release = Some(JobEvent::Survey {
        queues: false,
        base: Some("release".to_owned()),
        lacking: true,
    });
    let cases: Vec<(&str, Event, Option<JobEvent>)> = vec![
        ("code", pushed("main", json!({}), &[code]), None),
        (
            "code on another",
            pushed("release", json!({}), &[code]),
            None,
        ),
        (
            "the configuration",
            pushed(
                "main",
                json!({}),
                &[code, [&[], &[], &[".github/discussions.yml"]]],
            ),
            everything.clone(),
        ),
        (
            "a persona is gone",
            pushed(
                "main",
                json!({}),
                &[[&[], &[".github/discussions/personas/ops.md"], &[]]],
            ),
            everything.clone(),
        ),
        (
            "a template on another base",
            pushed(
                "release",
                json!({}),
                &[[&[".github/discussions/templates/a.yml"], &[], &[]]],
            ),
            release.clone(),
        ),
        (
            "a team's agent, wherever it lies",
            pushed("main", json!({}), &[[&[], &[], &[".claude/agents/ops.md"]]]),
            everything.clone(),
        ),
        (
            "forced",
            pushed("main", json!({"forced": true}), &[code]),
            everything.clone(),
        ),
        (
            "without a word on force",
            pushed("main", json!({"forced": null}), &[code]),
            everything.clone(),
        ),
        (
            "no list",
            pushed("main", json!({"commits": null}), &[]),
            everything.clone(),
        ),
        (
            "an empty list",
            pushed("release", json!({}), &[]),
            release.clone(),
        ),
        (
            "a commit that says nothing",
            pushed("release", json!({}), &[code, [&[], &[], &[]]]),
            release.clone(),
        ),
        (
            "more commits than are listed",
            pushed("main", json!({}), &many),
            everything.clone(),
        ),
        (
            "a new branch",
            pushed("release", json!({"created": true, "forced": true}), &[]),
            None,
        ),
        (
            "a branch that is gone",
            pushed("release", json!({"deleted": true}), &[]),
            None,
        ),
    ];
    for (name, event, expected) in cases {
        let found = match trigger(&event, &OWN) {
            Trigger::Job { pr, event } => {
                assert_eq!((pr.number, pr.repo.id), (0, 9), "{name}");
                Some(event)
            }
            Trigger::Ignored(_) => None,
        };
        assert_eq!(found, expected, "{name}: {event:?}");
    }
}

#[test]
fn repositories_that_come_to_us_are_swept_and_those_that_go_are_left() {
    let repo = r#"{"id": 9, "name": "r", "full_name": "o/r"}"#;
    let stored = || {
        Some(vec![discussions::bot::job::StoredRepo {
            id: 9,
            owner: "o".to_owned(),
            name: "r".to_owned(),
        }])
    };
    type Listed = Option<Vec<discussions::bot::job::StoredRepo>>;
    let came = |repos: Listed| JobEvent::Sweep {
        installation: Some(3),
        repos,
    };
    let went = |repos: Listed| JobEvent::Left {
        installation: 3,
        repos,
    };
    let cases = [
        (
            "installation",
            "created",
            format!(r#""repositories": [{repo}]"#),
            Some(came(stored())),
        ),
        (
            "installation",
            "unsuspend",
            r#""x": 1"#.to_owned(),
            Some(came(None)),
        ),
        ("installation", "suspend", r#""x": 1"#.to_owned(), None),
        (
            "installation",
            "deleted",
            format!(r#""repositories": [{repo}]"#),
            Some(went(None)),
        ),
        (
            "installation_repositories",
            "added",
            format!(r#""repositories_added": [{repo}]"#),
            Some(came(stored())),
        ),
        (
            "installation_repositories",
            "removed",
            format!(r#""repositories_removed": [{repo}]"#),
            Some(went(stored())),
        ),
    ];
    for (name, action, more, expected) in cases {
        let body = format!(r#"{{"action": "{action}", "installation": {{"id": 3}}, {more}}}"#);
        let event = discussions::forge::event::read(name, body.as_bytes());
        match (trigger(&event, &OWN), expected) {
            (Trigger::Job { pr, event }, Some(expected)) => {
                assert!(pr.is_whole_installation(), "{name} {action}");
                assert_eq!(event, expected, "{name} {action}");
            }
            (Trigger::Ignored(_), None) => {}
            (found, expected) => panic!("{name} {action}: {found:?}, not {expected:?}"),
        }
    }
}
