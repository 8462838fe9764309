//! From a branch with a discussion to green, and nothing of the repository changed but the branch.

use super::{AT_ONCE, GOOD, Repo, Sandbox, git};
use std::collections::BTreeSet;

/// Everything of a repository that must stay as it is.
fn everything_but_cache(repo: &Repo) -> (String, String, String, BTreeSet<String>) {
    let refs = repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let others: Vec<&str> = refs
        .lines()
        .filter(|line| !line.starts_with("refs/heads/cache "))
        .collect();
    let names = std::fs::read_dir(repo.at.join(".git")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    (
        repo.git(&["config", "--local", "-l"]),
        others.join("\n"),
        repo.git(&["stash", "list"]),
        names.collect(),
    )
}

#[test]
fn a_discussion_on_a_branch_is_answered_there_and_voted_to_green() {
    let repo = Repo::with_discussion();
    let before = repo.tip("cache");
    // Whatever git could run by itself leaves a trace.
    for hook in [
        "post-merge",
        "post-checkout",
        "post-commit",
        "pre-commit",
        "post-index-change",
        "reference-transaction",
    ] {
        let path = format!(".git/hooks/{hook}");
        repo.write(
            &path,
            "#!/bin/sh\ntouch \"$(git rev-parse --git-common-dir)/hook-ran\"\n",
        );
        let path = repo.at.join(path);
        let chmod = std::process::Command::new("chmod")
            .arg("+x")
            .arg(path)
            .status();
        assert!(chmod.unwrap().success());
    }
    // Work in progress elsewhere in the tree: staged, changed, new.
    std::fs::write(repo.at.join("README.md"), "# Shop, changed\n").unwrap();
    std::fs::write(repo.at.join("notes.txt"), "mine\n").unwrap();
    let untouched = everything_but_cache(&repo);

    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 opened Design: cache for prices (branch cache)");
    let commit = sandbox.hears("#1 commit by the App");
    sandbox.hears("#1 check action_required DISCUSSING");
    let tip = repo.tip("cache");
    assert!(commit.contains(&tip[..7]), "{commit}");
    assert_eq!(repo.tip("cache^"), before);
    assert_eq!(
        repo.git(&["log", "-1", "--format=%an <%ae>, %cn", "cache"]),
        "discussions[bot] <discussions@sandbox.invalid>, discussions[bot]"
    );
    assert_eq!(
        repo.git(&["diff", "--name-only", "cache^", "cache"]),
        "design/cache.md"
    );
    assert!(repo.read("design/cache.md").contains("VOTE: READY"));
    assert_eq!(
        repo.git(&["status", "--porcelain"]),
        " M README.md\n?? notes.txt"
    );

    sandbox.type_line("/discuss vote ready");
    sandbox.hears("shown and not counted");
    sandbox.type_line("reviewer: /discuss vote ready");
    sandbox.hears("#1 check success READY: 4 of 4 ready, 1 by a person");
    sandbox.stop();

    assert_eq!(repo.read("README.md"), "# Shop, changed\n");
    assert_eq!(everything_but_cache(&repo), untouched);
    assert!(!repo.at.join(".git/hook-ran").exists());
    assert_eq!(repo.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_bare_repository_takes_pushes_and_gives_the_replies_back() {
    let repo = Repo::new();
    let bare = repo.root.path().join("shop.git");
    git(
        repo.root.path(),
        &["clone", "-q", "--bare", "shop", "shop.git"],
    );
    repo.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    let mut sandbox = Sandbox::at(&bare, repo.root.path(), &["--as", "ada"]);
    sandbox.hears("no branch is ahead of main yet");
    repo.git(&["switch", "-qc", "cache"]);
    repo.write("design/cache.md", GOOD);
    let pushed = repo.commit("Design: cache");
    repo.git(&["push", "-q", "origin", "cache"]);
    sandbox.hears("#1 opened Design: cache");
    sandbox.hears("#1 commit by the App");
    sandbox.hears("#1 check action_required DISCUSSING");
    repo.git(&["pull", "-q", "--ff-only", "origin", "cache"]);
    assert_eq!(repo.tip("HEAD^"), pushed);
    assert!(repo.read("design/cache.md").contains("VOTE: READY"));
    assert_eq!(git(&bare, &["fsck", "--strict", "--no-dangling"]), "");
    sandbox.stop();
}

#[test]
fn what_the_api_cannot_show_is_still_in_every_commit() {
    let repo = Repo::new();
    let blob = repo.git(&["rev-parse", "HEAD:README.md"]);
    let head = repo.tip("HEAD");
    let odd = repo.root.path().join("odd");
    // A submodule, a link, a path that is not UTF-8 and a program, put in as git stores them.
    let mut lines =
        format!("160000 {head}\tvendor/lib\0120000 {blob}\tlink\0100755 {blob}\tbin/run\0")
            .into_bytes();
    lines.extend(format!("100644 {blob}\tcaf").into_bytes());
    lines.extend(b"\xe9.txt\0");
    std::fs::write(&odd, lines).unwrap();
    let index = super::plain_git(&repo.at, &["update-index", "-z", "--index-info"])
        .stdin(std::fs::File::open(&odd).unwrap())
        .status();
    assert!(index.unwrap().success());
    repo.git(&["commit", "-q", "-m", "Odd things"]);
    repo.git(&["branch", "cache"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["switch", "-q", "cache"]);
    repo.write("sub/design/cache.md", GOOD);
    repo.git(&["add", "sub"]);
    repo.git(&["commit", "-q", "-m", "Design"]);
    // From a subfolder, too.
    let mut sandbox = Sandbox::at(&repo.at.join("sub/design"), repo.root.path(), &[]);
    sandbox.hears("not UTF-8");
    sandbox.hears("#1 commit by the App");
    sandbox.hears("#1 check action_required DISCUSSING");
    assert_eq!(
        repo.git(&["diff", "--name-only", "cache^", "cache"]),
        "sub/design/cache.md"
    );
    assert_eq!(repo.git(&["fsck", "--strict", "--no-dangling"]), "");
    assert_eq!(repo.git(&["status", "--porcelain", "sub"]), "");
    sandbox.stop();
}

#[test]
fn the_next_sandbox_goes_on_where_the_last_one_was() {
    let repo = Repo::with_discussion();
    let data = repo.root.path().join("record");
    goes_on(&repo, &["--data-dir", data.to_str().unwrap()]);
    let other = ["--data-dir", data.to_str().unwrap(), "--as", "eve"];
    let refused = Sandbox::command(&repo.at, repo.root.path(), &other)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("ada-lovelace"), "{said}");
    // Without a folder named, too.
    goes_on(&Repo::with_discussion(), &[]);
}

fn goes_on(repo: &Repo, keep: &[&str]) {
    let mut sandbox = Sandbox::at(&repo.at, repo.root.path(), keep);
    sandbox.hears("#1 check action_required DISCUSSING");
    sandbox.stop();
    // A branch that comes first by name does not take the number.
    repo.git(&["switch", "-qc", "another", "main"]);
    repo.write("a.txt", "a\n");
    repo.commit("Something else");
    let tip = repo.tip("cache");
    let mut sandbox = Sandbox::at(&repo.at, repo.root.path(), keep);
    sandbox.hears("#1 opened Design: cache for prices");
    sandbox.hears("#1 check action_required DISCUSSING");
    sandbox.type_line("reviewer 1: /discuss vote ready");
    sandbox.hears("#1 check success READY: 4 of 4 ready, 1 by a person");
    let new = repo.git(&["log", "--format=%s", &format!("{tip}..cache")]);
    assert!(
        new.starts_with("discuss: READY") && !new.contains('\n'),
        "nobody was asked again: {new}"
    );
    sandbox.stop();
}

#[test]
fn configuration_that_is_not_on_the_base_branch_is_pointed_out() {
    let repo = Repo::with_discussion();
    repo.write(".github/discussions.yml", &format!("{AT_ONCE}rounds: 2\n"));
    repo.write(
        ".github/discussions/personas/legal.md",
        "---\nname: legal\n---\n",
    );
    let mut sandbox = Sandbox::on(&repo);
    let note = sandbox.hears("differs from main");
    assert!(
        note.contains(".github/discussions.yml, .github/discussions/personas/legal.md"),
        "{note}"
    );
    sandbox.stop();
}
