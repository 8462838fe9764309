//! Real processes, really killed: a child of this test binary takes deliveries in and says which it acknowledged.

use super::*;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Tells a child which folder its database is in and how its deliveries are to be called.
const FOLDER: &str = "DISCUSSIONS_TEST_FOLDER";
const ROUND: &str = "DISCUSSIONS_TEST_ROUND";

/// What children said before they died.
#[derive(Default)]
struct Said {
    /// Guids acknowledged.
    acked: HashSet<String>,
    /// Guids whose job was finished, or was about to be.
    finished: HashSet<String>,
    /// Refusals.
    refused: Vec<String>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        // The test harness may have begun a line of its own.
        let Some((_, line)) = line.split_once("child: ") else {
            return;
        };
        match line.split_once(' ') {
            Some(("acked", guid)) => drop(self.acked.insert(guid.to_owned())),
            Some(("finishing", guid)) => drop(self.finished.insert(guid.to_owned())),
            Some(("refused", why)) => self.refused.push(why.to_owned()),
            _ => panic!("the child said {line}"),
        }
    }
}

/// One whole line in one write.
fn say(line: &str) {
    let line = format!("child: {line}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// Not a test: what the killed process runs. Four senders and a worker, until killed or refused.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a parent: run by the tests of this file as a process to kill"]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let round = std::env::var(ROUND).unwrap();
    let store = SqlStore::open(&url(&file(Path::new(&folder))))
        .await
        .unwrap();
    let store = Arc::new(store);
    let senders = (0..4).map(|sender| {
        let (store, round) = (Arc::clone(&store), round.clone());
        tokio::spawn(async move {
            for n in 0.. {
                let guid = format!("{round}-{sender}-{n}");
                match push(&store, &pr(sender % 2), &guid).await {
                    Ok(_) => say(&format!("acked {guid}")),
                    Err(error) => return say(&format!("refused {error}")),
                }
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    let worker = tokio::spawn(work(Arc::clone(&store)));
    for sender in senders {
        sender.await.unwrap();
    }
    worker.abort();
    store.ping().await.unwrap();
}

/// Finishes every second job and gives the others back.
async fn work(store: Arc<SqlStore>) {
    for turn in 0.. {
        match store.claim("child", LONG).await {
            Ok(Some(job)) if turn % 2 == 0 => {
                for guid in guids(&job) {
                    say(&format!("finishing {guid}"));
                }
                store.complete(&job.lease).await.ok();
            }
            Ok(Some(job)) => store
                .fail(&job.lease, NOW, 1_000, "again")
                .await
                .map(drop)
                .unwrap_or(()),
            _ => tokio::time::sleep(SHORT).await,
        }
    }
}

/// This test binary again, running only the child.
fn this_binary() -> Vec<String> {
    let binary = std::env::current_exe().unwrap();
    let arguments = ["store::kill::child", "--exact", "--ignored", "--nocapture"];
    std::iter::once(binary.to_str().unwrap())
        .chain(arguments)
        .map(str::to_owned)
        .collect()
}

fn start(command: &[String], folder: &Path, round: usize) -> Child {
    Command::new(&command[0])
        .args(&command[1..])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Everything that was acknowledged is known, and its work is finished or still to be done.
async fn nothing_is_lost(folder: &Path, said: &Said) {
    let mut outside = outside(&file(folder)).await;
    let row = outside.fetch_one("PRAGMA integrity_check").await.unwrap();
    assert_eq!(row.get::<String, _>(0), "ok");
    outside.close().await.unwrap();

    let store = SqlStore::open(&url(&file(folder))).await.unwrap();
    let mut work: HashSet<String> = said.finished.clone();
    while let Some(job) = store.claim("parent", LONG).await.unwrap() {
        work.extend(guids(&job).into_iter().map(str::to_owned));
        store.complete(&job.lease).await.unwrap();
    }
    let mut lost = Vec::new();
    for guid in &said.acked {
        let again = store.enqueue(delivery(guid), None).await.unwrap();
        if again != Enqueued::Duplicate || !work.contains(guid) {
            lost.push(guid);
        }
    }
    assert!(lost.is_empty(), "{} lost: {lost:?}", lost.len());
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_fifty_times() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for round in 0..50 {
        let mut child = start(&this_binary(), folder.path(), round);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // Killed after a number of lines that differs from round to round, in the middle of whatever it does then.
        let patience = (round * 37) % 91;
        let mut line = String::new();
        let mut heard = 0;
        while lines.read_line(&mut line).unwrap() > 0 {
            if line.ends_with('\n') {
                said.hear(line.trim_end());
            }
            line.clear();
            heard += 1;
            if heard == patience + 5 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    assert!(said.acked.len() > 200, "only {} acked", said.acked.len());
    assert_eq!(said.refused, Vec::<String>::new());
    println!("50 kills, {} acknowledged, 0 lost", said.acked.len());
    nothing_is_lost(folder.path(), &said).await;
}

/// A limit on the size of files is the full disk that needs no rights to make.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_acknowledges_no_more_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command: Vec<String> = [
        "/bin/sh",
        "-c",
        "trap '' XFSZ; ulimit -f 2000; exec \"$@\"",
        "sh",
    ]
    .map(str::to_owned)
    .into();
    command.extend(this_binary());
    let output = start(&command, folder.path(), 0)
        .wait_with_output()
        .unwrap();
    let mut said = Said::default();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .for_each(|line| said.hear(line));
    assert!(output.status.success(), "it stays up: {:?}", output.status);
    assert_eq!(said.refused.len(), 4, "{:?}", said.refused);
    assert!(!said.acked.is_empty());
    nothing_is_lost(folder.path(), &said).await;
}
