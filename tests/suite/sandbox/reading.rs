//! Files through the Contents and Blobs routes, pull requests by head.

use super::rig::{REPO, Rig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use discussions::sandbox::{FileEdit, NewPull};
use serde_json::Value;

fn decoded(content: &Value) -> Vec<u8> {
    STANDARD
        .decode(content.as_str().unwrap().replace('\n', ""))
        .unwrap()
}

async fn raw(rig: &Rig, path: &str) -> Vec<u8> {
    let url = format!("{}{path}", rig.sandbox.api_url());
    let request = rig
        .http
        .get(url)
        .bearer_auth(&rig.token)
        .header("accept", "application/vnd.github.raw+json");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn files_come_as_base64_up_to_a_megabyte_and_empty_above() {
    let rig = Rig::start().await;
    let edge = vec![b'x'; 1_048_576];
    let above = vec![b'x'; 1_048_577];
    let edits = [
        FileEdit::write("docs/small file#1?.md", "hello\n"),
        FileEdit::write("docs/edge.bin", &edge),
        FileEdit::write("docs/above.bin", &above),
        FileEdit::symlink("docs/link", "edge.bin"),
    ];
    let tip = rig
        .sandbox
        .push("rob", REPO, "files", "files", &edits)
        .unwrap();
    let small = rig
        .get("/repos/octo/demo/contents/docs/small%20file%231%3F.md?ref=files")
        .await
        .ok();
    assert_eq!(decoded(&small["content"]), b"hello\n");
    assert_eq!(
        (
            small["type"].as_str(),
            small["encoding"].as_str(),
            small["size"].as_u64()
        ),
        (Some("file"), Some("base64"), Some(6))
    );
    let full = rig
        .get(&format!(
            "/repos/octo/demo/contents/docs/edge.bin?ref={tip}"
        ))
        .await
        .ok();
    assert_eq!(decoded(&full["content"]), edge);
    let empty = rig
        .get("/repos/octo/demo/contents/docs/above.bin?ref=files")
        .await
        .ok();
    assert_eq!(
        (
            empty["content"].as_str(),
            empty["encoding"].as_str(),
            empty["size"].as_u64()
        ),
        (Some(""), Some("none"), Some(1_048_577))
    );
    assert_eq!(
        raw(&rig, "/repos/octo/demo/contents/docs/above.bin?ref=files").await,
        above
    );
    let blob = format!(
        "/repos/octo/demo/git/blobs/{}",
        empty["sha"].as_str().unwrap()
    );
    assert_eq!(decoded(&rig.get(&blob).await.ok()["content"]), above);
    assert_eq!(raw(&rig, &blob).await, above);
    let link = rig
        .get("/repos/octo/demo/contents/docs/link?ref=files")
        .await
        .ok();
    assert_eq!(
        (link["type"].as_str(), link["target"].as_str()),
        (Some("symlink"), Some("edge.bin"))
    );
    let folder = rig
        .get("/repos/octo/demo/contents/docs?ref=files")
        .await
        .ok();
    assert_eq!(folder.as_array().unwrap().len(), 4);
    for missing in ["docs/none.md?ref=files", "docs?ref=gone", "docs"] {
        assert_eq!(
            rig.get(&format!("/repos/octo/demo/contents/{missing}"))
                .await
                .status,
            404,
            "{missing}"
        );
    }
}

#[tokio::test]
async fn pull_requests_are_found_by_head_and_state() {
    let rig = Rig::start().await;
    let first = rig.open("one", &[("a.md", "a\n")]);
    let second = rig.open("two", &[("b.md", "b\n")]);
    rig.sandbox.close("rob", REPO, second).unwrap();
    let numbers = async |query: &str| -> Vec<u64> {
        let listed = rig
            .get(&format!("/repos/octo/demo/pulls{query}"))
            .await
            .ok();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|pull| pull["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers("").await, [first]);
    assert_eq!(numbers("?state=all").await, [second, first]);
    assert_eq!(numbers("?head=octo:one").await, [first]);
    assert_eq!(numbers("?state=closed&head=octo:two").await, [second]);
    assert_eq!(numbers("?head=eve:one").await, Vec::<u64>::new());
    assert_eq!(numbers("?base=other").await, Vec::<u64>::new());
    assert_eq!(
        rig.get("/repos/octo/demo/pulls?state=odd").await.status,
        422
    );
    let commits = rig
        .get(&format!("/repos/octo/demo/pulls/{first}/commits"))
        .await
        .ok();
    assert_eq!(commits[0]["sha"], rig.head(first).as_str());
}

#[tokio::test]
async fn what_does_not_make_sense_cannot_be_opened() {
    let rig = Rig::start().await;
    let open = |head: &str, base: &str| {
        let new = NewPull {
            title: "t".into(),
            head: head.into(),
            base: base.into(),
            ..NewPull::default()
        };
        rig.sandbox.open_pr("rob", REPO, &new).unwrap_err().0
    };
    rig.open("work", &[("a.md", "a\n")]);
    assert!(open("work", "").contains("already open"));
    assert!(open("gone", "").contains("no branch gone"));
    assert!(open("work", "gone").contains("no branch gone"));
    assert!(open("main", "main").contains("No commits between"));
    assert!(open("eve:idea", "").contains("no fork"));
    assert!(
        rig.sandbox
            .push("eve", REPO, "x", "m", &[])
            .unwrap_err()
            .0
            .contains("may not push")
    );
}

#[tokio::test]
async fn the_limits_are_told_without_costing_anything_special() {
    let rig = Rig::start().await;
    let limits = rig.get("/rate_limit").await.ok();
    assert_eq!(limits["resources"]["core"]["limit"], 5_000);
    assert!(limits["rate"]["remaining"].as_u64().unwrap() < 5_000);
    assert!(limits["rate"]["reset"].as_i64().unwrap() > chrono::Utc::now().timestamp());
    let unknown = rig.get("/nothing/here").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.json()["message"].as_str()),
        (404, Some("Not Found"))
    );
}
