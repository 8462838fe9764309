//! Repositories that cannot be shown truthfully are refused, with what to do instead.

use super::{GOOD, Repo, Sandbox, git};
use std::path::PathBuf;

#[test]
fn what_cannot_be_worked_with_is_refused_in_plain_words() {
    type Made = fn(&Repo) -> PathBuf;
    let cases: [(Made, &[&str], &str, &str); 6] = [
        (
            |repo| repo.at.join("README.md"),
            &[],
            "is not a folder",
            "name the folder",
        ),
        (
            |repo| repo.root.path().to_owned(),
            &[],
            "is not in a git repository",
            "git init",
        ),
        (
            |repo| {
                let empty = repo.root.path().join("empty");
                git(repo.root.path(), &["init", "-q", "empty"]);
                empty
            },
            &[],
            "no branch with a commit yet",
            "commit something first",
        ),
        (
            |repo| {
                let url = format!("file://{}", repo.at.display());
                git(
                    repo.root.path(),
                    &["clone", "-q", "--depth", "1", &url, "shallow"],
                );
                repo.root.path().join("shallow")
            },
            &[],
            "is a shallow clone",
            "git fetch --unshallow",
        ),
        (
            |repo| {
                let other = repo.root.path().join("sha256");
                git(
                    repo.root.path(),
                    &["init", "-q", "--object-format=sha256", "sha256"],
                );
                other
            },
            &[],
            "SHA-256",
            "SHA-1",
        ),
        (
            |repo| repo.at.clone(),
            &["--base", "mian"],
            "no local branch `mian`",
            "main",
        ),
    ];
    for (made, more, why, instead) in cases {
        let repo = Repo::new();
        repo.write("more.txt", "more\n");
        repo.commit("More");
        let folder = made(&repo);
        let output = Sandbox::command(&folder, repo.root.path(), more)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{why}: {said}");
        assert!(
            said.contains(why) && said.contains(instead),
            "{why}: {said}"
        );
    }
}

#[test]
fn a_second_sandbox_on_the_same_repository_is_refused() {
    let repo = Repo::with_discussion();
    let first = Sandbox::on(&repo);
    let second = Sandbox::command(&repo.at.join("design"), repo.root.path(), &[])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(
        said.contains("another sandbox works on this repository already"),
        "{said}"
    );
    assert!(said.contains(&first.web), "{said}");
    first.stop();
    Sandbox::on(&repo).stop();
}

#[test]
fn a_broken_configuration_on_the_base_branch_is_never_green() {
    let repo = Repo::new();
    repo.write(".github/discussions.yml", "gate: {redy: 2/3}\n");
    repo.commit("Configure");
    repo.git(&["switch", "-qc", "cache"]);
    repo.write("design/cache.md", GOOD);
    repo.commit("Design");
    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 check failure INVALID");
    sandbox.stop();
}

#[test]
fn lines_that_are_not_understood_are_answered() {
    let repo = Repo::with_discussion();
    let mut sandbox = Sandbox::on(&repo);
    sandbox.hears("#1 check action_required");
    for (line, answer) in [
        ("eve: hello", "nobody here is called `eve`"),
        ("7: /discuss", "there is no pull request #7"),
        ("?", "comments as ada-lovelace"),
    ] {
        sandbox.type_line(line);
        sandbox.hears(answer);
    }
    sandbox.stop();
}
