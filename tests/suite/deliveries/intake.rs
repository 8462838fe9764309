//! Good deliveries: stored before they are acknowledged, once, and the worker is told.

use super::door::{Door, answer, guid, opened};
use discussions::server::Limits;
use discussions::store::Store;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_pull_request_event_is_queued_and_wakes_the_worker() {
    let door = Door::open().await;
    let first = answer(door.delivery("pull_request", &guid(1), opened())).await;
    assert_eq!(first, (202, r#"{"result":"queued"}"#.to_owned()));
    let second = answer(door.delivery("pull_request", &guid(2), opened())).await;
    assert_eq!(second, (202, r#"{"result":"absorbed"}"#.to_owned()));
    door.wake.notified().await;
    let job = door
        .store
        .claim("worker", Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(job.pr.to_string(), "octo-team/notes#7");
    assert_eq!(job.pr.installation, 42);
    let guids: Vec<&str> = job.events.iter().map(|event| event.guid.as_str()).collect();
    assert_eq!(guids, [guid(1), guid(2)]);
}

#[tokio::test]
async fn a_delivery_sent_a_hundred_times_at_once_is_one_job() {
    let door = Door::open().await;
    let sent = (0..100).map(|_| answer(door.delivery("pull_request", &guid(1), opened())));
    let mut results = futures::future::join_all(sent).await;
    results.sort();
    results.dedup();
    let result = |word: &str| (202, format!(r#"{{"result":"{word}"}}"#));
    assert_eq!(results, [result("duplicate"), result("queued")]);
    assert_eq!(door.backlog().await, 1);
    let job = door
        .store
        .claim("worker", Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(job.events.len(), 1);
}

#[tokio::test]
async fn what_needs_no_work_is_acknowledged_with_the_reason() {
    let door = Door::open().await;
    let labeled = include_bytes!("../../fixtures/deliveries/pull_request.labeled.json").to_vec();
    for (event, body, expected) in [
        (
            "pull_request",
            labeled,
            r#"{"result":"ignored","why":"`pull_request` with action `labeled` changes nothing here"}"#,
        ),
        (
            "workflow_dispatch",
            b"{}".to_vec(),
            r#"{"result":"ignored","why":"the event `workflow_dispatch` is not one this App handles"}"#,
        ),
        (
            "ping",
            b"{\"zen\":\"x\"}".to_vec(),
            r#"{"result":"ignored","why":"no pull request"}"#,
        ),
    ] {
        let got = answer(door.delivery(event, &guid(1), body)).await;
        assert_eq!(got, (202, expected.to_owned()), "{event}");
    }
    assert_eq!(door.backlog().await, 0);
}

#[tokio::test]
async fn the_secret_before_is_taken_while_it_is_listed() {
    let door = Door::open().await;
    let got = answer(door.delivery_signed_with_the_old_secret(&guid(1))).await;
    assert_eq!(got.0, 202);
}

#[tokio::test]
async fn without_a_database_nothing_is_acknowledged() {
    let door = Door::open().await;
    assert_eq!(door.get("/readyz").await.0, 200);
    door.store.close().await.unwrap();
    let (status, said) = answer(door.delivery("pull_request", &guid(1), opened())).await;
    assert_eq!(status, 503, "{said}");
    let (status, said) = door.get("/readyz").await;
    assert_eq!(status, 503, "{said}");
    assert_eq!(
        door.get("/healthz").await,
        (200, r#"{"status":"ok"}"#.to_owned())
    );
}

#[tokio::test]
async fn large_bodies_wait_for_a_place_and_small_ones_do_not() {
    let door = Door::with(Limits {
        large_from: 16 * 1024,
        large_bodies: 1,
        ..Limits::default()
    })
    .await;
    let unfinished = super::door::opened_of_size(40 * 1024);
    let head = super::door::head(&unfinished, "content-length: 40960");
    let mut stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    stream.write_all(&head).await.unwrap();
    stream.write_all(&unfinished[..20 * 1024]).await.unwrap();
    let (status, said) = answer(door.delivery("pull_request", &guid(2), opened())).await;
    assert_eq!(status, 202, "{said}");
    let large = (3..13).map(|number| {
        let body = super::door::opened_of_size(40 * 1024);
        answer(door.delivery("pull_request", &guid(number), body))
    });
    let finish = async {
        stream.write_all(&unfinished[20 * 1024..]).await.unwrap();
        super::door::rest(&mut stream).await
    };
    let (large, first) = tokio::join!(futures::future::join_all(large), finish);
    assert!(first.starts_with("HTTP/1.1 202"), "{first}");
    for (status, said) in large {
        assert_eq!(status, 202, "{said}");
    }
}

#[tokio::test]
async fn a_request_that_has_begun_ends_well_after_the_stop_and_no_new_one_begins() {
    let door = Door::open().await;
    let body = opened();
    let (first, second) = body.split_at(100);
    let mut stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let head = super::door::head(&body, &format!("content-length: {}", body.len()));
    stream.write_all(&head).await.unwrap();
    stream.write_all(first).await.unwrap();
    // Once another connection is answered, the first one has been accepted.
    assert_eq!(door.get("/healthz").await.0, 200);
    door.stop.cancel();
    stream.write_all(second).await.unwrap();
    let got = super::door::rest(&mut stream).await;
    assert!(got.starts_with("HTTP/1.1 202"), "{got}");
    door.server.await.unwrap();
    assert!(tokio::net::TcpStream::connect(door.address).await.is_err());
}
