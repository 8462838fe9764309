//! Who may give which command.

use discussions::bot::access::{
    Access, Caller, Need, Permissions, Refusal, decide, refusal_key, reply_key, speaks_for_itself,
};
use discussions::bot::command::{
    ActCommand, Command, DropCommand, LedgerCommand, NewCommand, VoteCommand, Whom,
};
use discussions::bot::job::StoredActor;
use discussions::engine::scaffold::Title;
use discussions::engine::vote::Vote;
use discussions::forge::Rights;
use discussions::ids::{Alias, PullRequest, Repo};

fn rights(up_to: &str) -> Rights {
    let ladder = ["none", "read", "triage", "write", "maintain", "admin"];
    let level = ladder.iter().position(|name| *name == up_to).unwrap();
    Rights {
        read: level >= 1,
        triage: level >= 2,
        write: level >= 3,
        maintain: level >= 4,
        admin: level >= 5,
    }
}

fn command(name: &str) -> Command {
    let ask = |whom| Command::Ask {
        whom,
        question: None,
    };
    match name {
        "personas" => ask(Whom::Named(vec![Alias::parse("security").unwrap()])),
        "all" => ask(Whom::All),
        "missing" => ask(Whom::Missing),
        "vote" => Command::Vote(VoteCommand {
            vote: Some(Vote::Ready),
            hash: None,
            reason: None,
        }),
        "drop" => Command::Drop(DropCommand {
            path: "design/cache.md".to_owned(),
            reason: "decided elsewhere".to_owned(),
        }),
        "hold" => Command::Act(ActCommand::Hold {
            reason: "wait".to_owned(),
        }),
        "release" => Command::Act(ActCommand::Release { reason: None }),
        "pause" => Command::Act(ActCommand::Pause),
        "resume" => Command::Act(ActCommand::Resume),
        "override" => Command::Act(ActCommand::Override {
            hash: "3fa9c1d2".to_owned(),
            reason: "incident".to_owned(),
        }),
        "concern" => Command::Ledger(LedgerCommand::Concern {
            name: "rollback".to_owned(),
            text: "how?".to_owned(),
        }),
        "resolve" => Command::Ledger(LedgerCommand::Resolve {
            id: "C1".to_owned(),
            reason: "it is settled".to_owned(),
        }),
        "answer" => Command::Ledger(LedgerCommand::Answer {
            id: "Q1".to_owned(),
            text: "yes".to_owned(),
        }),
        "restore" => Command::Restore,
        "reset" => Command::Reset {
            reason: "anew".to_owned(),
        },
        "again" => Command::Again { whom: Whom::All },
        "advance" => Command::Advance { phase: None },
        "new" => Command::New(NewCommand {
            title: Title::parse("A cache").unwrap(),
            template: None,
            path: "a.md".to_owned(),
        }),
        "cancel" => Command::Cancel,
        "retry" => Command::Retry,
        "config" => Command::Config,
        "status" => Command::Status,
        "why" => Command::Why,
        _ => Command::Help,
    }
}

fn outcome(access: &Access) -> &'static str {
    match access {
        Access::Granted => "granted",
        Access::ShownNotCounted => "shown",
        Access::Refused(Refusal::Right { .. }) => "no right",
        Access::Refused(Refusal::Author { .. }) => "author",
    }
}

#[test]
fn the_access_table() {
    // command, right, author, author may vote, past the bound, outcome
    for (name, right, is_author, author_may_vote, past_bound, want) in [
        ("personas", "write", false, false, false, "granted"),
        ("personas", "triage", false, false, false, "no right"),
        ("personas", "write", true, false, true, "granted"),
        ("missing", "write", true, false, false, "granted"),
        ("missing", "read", false, false, false, "no right"),
        ("all", "write", true, false, false, "granted"),
        ("all", "write", true, false, true, "author"),
        ("all", "admin", true, false, true, "author"),
        ("all", "write", true, true, true, "granted"),
        ("all", "write", false, false, true, "granted"),
        ("vote", "write", false, false, false, "granted"),
        ("vote", "triage", false, false, false, "no right"),
        ("vote", "none", false, false, false, "no right"),
        ("vote", "admin", true, false, false, "shown"),
        ("vote", "write", true, true, false, "granted"),
        ("vote", "read", true, true, false, "no right"),
        ("drop", "write", false, false, false, "granted"),
        ("drop", "triage", false, false, false, "no right"),
        ("drop", "admin", true, false, false, "author"),
        ("drop", "write", true, true, false, "granted"),
        ("drop", "triage", true, true, false, "no right"),
        ("status", "read", false, false, false, "granted"),
        ("status", "none", false, false, false, "no right"),
        ("help", "read", true, false, true, "granted"),
    ] {
        let caller = Caller {
            rights: rights(right),
            is_author,
            author_may_vote,
            past_bound,
        };
        let got = decide(&command(name), &Permissions::default(), &caller);
        assert_eq!(outcome(&got), want, "{name} with {right}, {caller:?}");
    }
}

#[derive(serde::Deserialize)]
struct Row {
    command: String,
    /// Outcome for somebody else, by right: none, read, triage, write, maintain.
    others: Vec<String>,
    /// The same for the pull request's author.
    author: Vec<String>,
    /// The same for the author where the base branch lets authors vote.
    trusted: Vec<String>,
}

#[test]
fn who_may_do_what_to_a_discussion() {
    const RIGHTS: [&str; 5] = ["none", "read", "triage", "write", "maintain"];
    let rows: Vec<Row> = super::cases("commands/access.yaml");
    let mut told: Vec<&str> = rows.iter().map(|row| row.command.as_str()).collect();
    told.sort_unstable();
    let mut built: Vec<&str> = discussions::bot::command::table::TABLE
        .iter()
        .map(|row| row.key)
        .collect();
    built.sort_unstable();
    assert_eq!(told, built, "every command has its row");
    for row in &rows {
        for (who, is_author, author_may_vote, wanted) in [
            ("others", false, false, &row.others),
            ("author", true, false, &row.author),
            ("trusted", true, true, &row.trusted),
        ] {
            let got: Vec<&str> = RIGHTS
                .iter()
                .map(|right| {
                    let caller = Caller {
                        rights: rights(right),
                        is_author,
                        author_may_vote,
                        past_bound: true,
                    };
                    outcome(&decide(
                        &command(&row.command),
                        &Permissions::default(),
                        &caller,
                    ))
                })
                .collect();
            assert_eq!(&got, wanted, "{} by {who}", row.command);
        }
    }
}

#[test]
fn a_configured_right_takes_the_place_of_the_tables_and_leaves_the_author_rules() {
    let row = |name: &str| {
        let table = discussions::bot::command::table::TABLE.iter();
        table.clone().find(|row| row.key == name).unwrap()
    };
    // command, configured right, caller's right, author, outcome
    for (name, need, right, is_author, want) in [
        ("vote", Need::Maintain, "write", false, "no right"),
        ("vote", Need::Maintain, "maintain", false, "granted"),
        ("vote", Need::Maintain, "admin", true, "shown"),
        ("vote", Need::Admin, "maintain", false, "no right"),
        ("vote", Need::Admin, "admin", false, "granted"),
        ("help", Need::Triage, "read", false, "no right"),
        ("missing", Need::Read, "read", false, "granted"),
        ("missing", Need::Read, "none", false, "no right"),
        ("drop", Need::Admin, "admin", true, "author"),
        ("answer", Need::Admin, "none", true, "granted"),
        ("answer", Need::Admin, "maintain", false, "no right"),
    ] {
        let mut permissions = Permissions::default();
        permissions.set(row(name), need);
        let caller = Caller {
            rights: rights(right),
            is_author,
            author_may_vote: false,
            past_bound: false,
        };
        let got = decide(&command(name), &permissions, &caller);
        assert_eq!(outcome(&got), want, "{name} with {right}, {need:?}");
        if let Access::Refused(
            Refusal::Right { need: told, .. } | Refusal::Author { need: told, .. },
        ) = got
        {
            assert_eq!(told, need, "{name}");
        }
        assert_eq!(permissions.need(row("config")), Need::Read, "no other one");
    }
    let mut permissions = Permissions::default();
    assert_eq!(permissions.further(row("advance")), Need::Maintain);
    assert_eq!(permissions.further(row("resolve")), Need::Write);
    permissions.set(row("resolve"), Need::Admin);
    assert_eq!(permissions.further(row("resolve")), Need::Admin);
}

#[test]
fn without_any_right_nothing_runs() {
    for name in [
        "personas", "all", "missing", "vote", "drop", "status", "help",
    ] {
        let caller = Caller {
            rights: Rights::default(),
            is_author: false,
            author_may_vote: true,
            past_bound: false,
        };
        assert_eq!(
            outcome(&decide(&command(name), &Permissions::default(), &caller)),
            "no right",
            "{name}"
        );
    }
}

#[test]
fn a_missing_write_is_not_made_up_from_admin() {
    let odd = Rights {
        admin: true,
        read: true,
        ..Rights::default()
    };
    let caller = Caller {
        rights: odd,
        is_author: false,
        author_may_vote: false,
        past_bound: false,
    };
    let want = Access::Refused(Refusal::Right {
        usage: "/discuss [PATH] vote ready|changes|reject|withdraw [HASH] [: reason]",
        need: Need::Write,
        has: Some(Need::Read),
    });
    assert_eq!(
        decide(&command("vote"), &Permissions::default(), &caller),
        want
    );
}

#[test]
fn nobody_speaks_by_editing_somebody_elses_comment() {
    let actor = |id, person| StoredActor {
        id,
        login: "x".to_owned(),
        person,
    };
    assert!(speaks_for_itself(&actor(1, true), &actor(1, true)));
    assert!(!speaks_for_itself(&actor(1, true), &actor(2, true)));
    assert!(!speaks_for_itself(&actor(1, false), &actor(1, false)));
}

#[test]
fn one_refusal_per_account_pull_request_and_hour() {
    let pr = |number| PullRequest {
        installation: 1,
        repo: Repo {
            id: 9,
            owner: "o".to_owned(),
            name: "r".to_owned(),
        },
        number,
    };
    let hour = 3_600_000;
    let key = refusal_key(&pr(7), 5, 10 * hour);
    assert_eq!(key, refusal_key(&pr(7), 5, 11 * hour - 1));
    assert_ne!(key, refusal_key(&pr(7), 5, 11 * hour));
    assert_ne!(key, refusal_key(&pr(7), 6, 10 * hour));
    assert_ne!(key, refusal_key(&pr(8), 5, 10 * hour));
    let status = reply_key(&pr(7), &Command::Status, 0);
    assert_eq!(status, reply_key(&pr(7), &Command::Status, 59_999));
    assert_ne!(status, reply_key(&pr(7), &Command::Status, 60_000));
    assert_ne!(status, reply_key(&pr(7), &Command::Help, 0));
}
