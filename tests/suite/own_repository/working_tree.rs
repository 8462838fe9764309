//! What a person has not committed is never touched: the App's commit waits.

use super::{GOOD, Repo, Sandbox};

/// How a working tree gets in the way, what is said, and how it gets out of the way again.
struct Case {
    name: &'static str,
    begin: fn(&Repo),
    said: &'static str,
    end: fn(&Repo),
}

const CASES: [Case; 4] = [
    Case {
        name: "changed",
        begin: |repo| repo.write("design/cache.md", &format!("{GOOD}\nA thought of mine.\n")),
        said: "design/cache.md has changes in",
        end: |repo| drop(repo.git(&["restore", "design/cache.md"])),
    },
    Case {
        name: "staged",
        begin: |repo| {
            repo.write("design/cache.md", &format!("{GOOD}\nA thought of mine.\n"));
            repo.git(&["add", "-A"]);
        },
        said: "design/cache.md has changes in",
        end: |repo| drop(repo.git(&["reset", "-q", "--hard"])),
    },
    Case {
        name: "hidden from git",
        begin: |repo| {
            repo.git(&["update-index", "--assume-unchanged", "design/cache.md"]);
            repo.write("design/cache.md", "mine\n");
        },
        said: "is marked as unchanged",
        end: |repo| {
            repo.git(&["update-index", "--no-assume-unchanged", "design/cache.md"]);
            repo.git(&["restore", "design/cache.md"]);
        },
    },
    Case {
        name: "in the middle of a rebase",
        begin: |repo| {
            let mut rebase = super::plain_git(&repo.at, &["rebase", "-q", "-i", "HEAD~1"]);
            rebase.env("GIT_SEQUENCE_EDITOR", "sed -i -e s/^pick/edit/");
            assert!(rebase.output().unwrap().status.success());
        },
        said: "cache is being rebased in",
        end: |repo| drop(repo.git(&["rebase", "--abort"])),
    },
];

#[test]
fn a_commit_waits_until_nothing_of_the_person_is_in_the_way() {
    for case in &CASES {
        let repo = Repo::with_discussion();
        let before = repo.tip("cache");
        (case.begin)(&repo);
        let mine = repo.read("design/cache.md");
        let mut sandbox = Sandbox::on(&repo);
        let refused = sandbox.hears("#1 commit refused");
        assert!(refused.contains(case.said), "{}: {refused}", case.name);
        assert_eq!(repo.read("design/cache.md"), mine, "{}", case.name);
        assert_eq!(repo.tip("cache"), before, "{}", case.name);
        (case.end)(&repo);
        sandbox.hears("#1 the commit is tried again");
        sandbox.hears("#1 commit by the App");
        sandbox.hears("#1 check action_required DISCUSSING");
        assert_eq!(repo.tip("cache^"), before, "{}", case.name);
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{}", case.name);
        assert_eq!(
            repo.git(&["fsck", "--strict", "--no-dangling"]),
            "",
            "{}",
            case.name
        );
        sandbox.stop();
    }
}

#[test]
fn a_change_that_is_committed_instead_is_answered_as_it_is() {
    let repo = Repo::with_discussion();
    let mine = GOOD.replace(
        "We tried a better index in January.",
        "We tried a better index in March.",
    );
    repo.write("design/cache.md", &mine);
    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 commit refused");
    repo.commit("Say when");
    sandbox.hears("#1 pushed");
    sandbox.hears("#1 commit by the App");
    sandbox.hears("#1 check action_required DISCUSSING");
    let text = repo.read("design/cache.md");
    assert!(
        text.contains("in March") && text.contains("VOTE: READY"),
        "{text}"
    );
    sandbox.stop();
}

#[test]
fn a_second_working_tree_is_brought_along() {
    let repo = Repo::with_discussion();
    repo.git(&["switch", "-q", "main"]);
    let second = repo.root.path().join("second");
    repo.git(&["worktree", "add", "-q", second.to_str().unwrap(), "cache"]);
    let mut sandbox = Sandbox::at(&second, repo.root.path(), &[]);
    sandbox.hears("#1 commit by the App");
    sandbox.hears("#1 check action_required DISCUSSING");
    assert_eq!(super::git(&second, &["status", "--porcelain"]), "");
    let text = std::fs::read_to_string(second.join("design/cache.md")).unwrap();
    assert!(text.contains("VOTE: READY"));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    sandbox.stop();
}
