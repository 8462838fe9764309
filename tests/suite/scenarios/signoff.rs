//! `commit.signoff`: every commit of the App ends with the trailer that sign-off checks look for, in the name of its author.

use super::{CACHE, PATH, revised};
use crate::support::rig::Rig;
use crate::support::scripted::Scripted;
use discussions::sandbox::DEMO_REPO;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A commit of the App: its whole message, and its author as git writes one.
struct Made {
    message: String,
    author: String,
}

/// The App's commits on the branch, newest first.
fn made(rig: &Rig) -> Vec<Made> {
    let mut next = rig.sandbox.tip(DEMO_REPO, "topic").ok();
    rig.sandbox.look(|world| {
        let repo = world.repo(world.repo_id(DEMO_REPO).unwrap()).unwrap();
        let mut made = Vec::new();
        while let Some(commit) = next.as_ref().and_then(|oid| repo.git.commit(oid)) {
            if commit.author.account == Some(world.own_bot()) {
                let (name, email) = (&commit.author.name, &commit.author.email);
                made.push(Made {
                    message: commit.message.clone(),
                    author: format!("{name} <{email}>"),
                });
            }
            next = commit.parents.first().cloned();
        }
        made
    })
}

/// The trailers of a commit message, as git finds them.
fn trailers(message: &str) -> Vec<(String, String)> {
    let mut git = Command::new("git")
        .args(["interpret-trailers", "--parse"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = git.stdin.take().unwrap();
    stdin.write_all(message.as_bytes()).unwrap();
    drop(stdin);
    let said = git.wait_with_output().unwrap();
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    let trailer = |line: &str| {
        let (key, value) = line.split_once(": ").unwrap();
        (key.to_owned(), value.to_owned())
    };
    said.lines().map(trailer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_the_verdict_and_a_new_discussion_are_signed_off_by_their_author() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "commit: {signoff: true}\n").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    assert_eq!(rig.conclusion(number), "success", "{}", rig.title(number));
    rig.say("rob", number, "/discuss new \"What comes next\"")
        .await;
    // What a push drops is put back by a commit too.
    let dropped = revised(CACHE).replace("after ten seconds", "after one minute");
    rig.push("rob", PATH, &dropped).await;

    let all = made(&rig);
    let headlines: Vec<&str> = all
        .iter()
        .filter_map(|made| made.message.lines().next())
        .collect();
    for (what, begins) in [
        ("replies", "discuss: architect, security, pragmatist on"),
        ("the verdict", "discuss: READY_FOR_IMPLEMENTATION for"),
        ("a new discussion", "discuss: begin What comes next"),
        ("what was put back", "discuss: put back"),
    ] {
        let is_there = headlines.iter().any(|line| line.starts_with(begins));
        assert!(is_there, "{what}: {headlines:#?}");
    }
    for made in &all {
        let trailers = trailers(&made.message);
        let keys: Vec<&str> = trailers.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            ["Discussions-Job", "Signed-off-by"],
            "{}",
            made.message
        );
        assert_eq!(trailers[1].1, made.author, "{}", made.message);
        assert!(made.author.starts_with("orchestrated-discussions[bot] <"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_off_where_nobody_asked_for_it() {
    let model = Arc::new(Scripted::ready());
    let rig = Rig::scripted(&model, "").await;
    let number = rig.open("rob", PATH, CACHE).await;
    rig.say("ann", number, "/discuss vote ready").await;
    let all = made(&rig);
    assert_eq!(all.len(), 2, "replies and verdict");
    for made in all {
        let trailers = trailers(&made.message);
        let keys: Vec<&str> = trailers.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["Discussions-Job"], "{}", made.message);
    }
}
