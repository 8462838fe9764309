//! Bytes that are not believed, too many, too slow or not what they claim: refused in one line, nothing stored.

use super::door::{Door, PATH, answer, guid, head, opened, opened_of_size, rest};
use discussions::forge::signature::sign;
use discussions::server::Limits;
use secrecy::SecretString;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const MB_25: usize = 25 * 1024 * 1024;

#[tokio::test]
async fn unverified_bytes_are_never_acknowledged() {
    let door = Door::open().await;
    let body = opened();
    let compact: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let right = sign(&SecretString::from("the secret that is valid now"), &body);
    let retired = sign(&SecretString::from("a secret of last year"), &body);
    let signature = "x-hub-signature-256";
    let unsigned = |bytes: &[u8]| door.unsigned("pull_request", &guid(1), bytes.to_vec());
    for (what, request) in [
        ("no signature", unsigned(&body)),
        (
            "SHA-1 only",
            unsigned(&body).header("x-hub-signature", "sha1=00"),
        ),
        ("empty", unsigned(&body).header(signature, "")),
        ("63 digits", unsigned(&body).header(signature, &right[..70])),
        (
            "65 digits",
            unsigned(&body).header(signature, format!("{right}0")),
        ),
        (
            "upper case",
            unsigned(&body).header(signature, right.to_uppercase()),
        ),
        ("not ASCII", unsigned(&body).header(signature, "sha256=é")),
        (
            "two headers",
            unsigned(&body)
                .header(signature, &right)
                .header(signature, &right),
        ),
        ("retired secret", unsigned(&body).header(signature, retired)),
        (
            "re-serialised",
            unsigned(compact.to_string().as_bytes()).header(signature, &right),
        ),
        (
            "one byte more",
            unsigned(&[&body[..], b" "].concat()).header(signature, &right),
        ),
    ] {
        let (status, said) = answer(request).await;
        assert_eq!(status, 401, "{what}: {said}");
        assert_eq!(said.lines().count(), 1, "{what}: {said}");
    }
    assert_eq!(door.backlog().await, 0);
}

#[tokio::test]
async fn requests_that_are_no_deliveries_are_refused_with_a_hint() {
    let door = Door::open().await;
    let good = || door.delivery("pull_request", &guid(1), opened());
    let replaced = |name: &'static str, value: &'static str| {
        let mut request = good().build().unwrap();
        match value {
            "" => {
                request.headers_mut().remove(name);
            }
            value => {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)
    };
    let form = "application/x-www-form-urlencoded";
    for (status, hint, request) in [
        (415, "content type", replaced("content-type", form)),
        (415, "content type", replaced("content-type", "")),
        (415, "compressed", replaced("content-encoding", "gzip")),
        (400, "X-GitHub-Event", replaced("x-github-event", "")),
        (
            400,
            "X-GitHub-Event",
            replaced("x-github-event", "Pull Request"),
        ),
        (
            400,
            "X-GitHub-Event",
            good().header("x-github-event", "push"),
        ),
        (400, "X-GitHub-Delivery", replaced("x-github-delivery", "")),
        (
            400,
            "X-GitHub-Delivery",
            replaced("x-github-delivery", "12"),
        ),
        (
            400,
            "X-GitHub-Delivery",
            good().header("x-github-delivery", guid(2)),
        ),
    ] {
        let (got, said) = answer(request).await;
        assert_eq!(got, status, "{said}");
        assert!(said.contains(hint), "{said}");
    }
    assert_eq!(door.get(PATH).await.0, 405);
    assert_eq!(door.get("/").await.0, 404);
    assert_eq!(door.backlog().await, 0);
}

#[tokio::test]
async fn strange_json_is_ignored_with_a_reason() {
    let door = Door::open().await;
    let depth = 10_000;
    let nest = |open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
    let text = String::from_utf8(opened()).unwrap();
    for (what, body) in [
        ("nothing", String::new()),
        ("deep lists", nest("[", "]")),
        (
            "deep in a field we read",
            format!("{{\"pull_request\":{}}}", nest("[", "]")),
        ),
        (
            "deep objects",
            format!("{}1{}", "{\"issue\":".repeat(depth), "}".repeat(depth)),
        ),
        ("no end", "{\"action\":".repeat(depth)),
        ("lone surrogate", text.replace("main", "\\ud800")),
        (
            "action twice",
            text.replacen('{', "{\"action\":\"closed\",", 1),
        ),
        ("number beyond all", text.replace("7001", "1e400")),
        (
            "id above 2^63",
            text.replace("7001", "18446744073709551615"),
        ),
        ("byte order mark", format!("\u{feff}{text}")),
        ("a list", "[]".to_owned()),
        ("null", "null".to_owned()),
    ] {
        let (status, said) = answer(door.delivery("pull_request", &guid(1), body.into())).await;
        assert_eq!(status, 202, "{what}: {said}");
        assert!(
            said.starts_with(r#"{"result":"ignored","why":""#),
            "{what}: {said}"
        );
    }
    let (status, said) = answer(door.delivery("pull_request", &guid(1), vec![0xff, 0xfe])).await;
    assert!(status == 202 && said.contains("ignored"), "{said}");
    assert_eq!(door.backlog().await, 0);
}

#[tokio::test]
async fn strange_values_in_fields_nobody_reads_do_no_harm() {
    let door = Door::open().await;
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    let more = format!("{{\"future\":{nested},\"odd\":\"\\ud800\\u0000\",\"big\":1e400,");
    let body = String::from_utf8(opened()).unwrap().replacen('{', &more, 1);
    let (status, said) = answer(door.delivery("pull_request", &guid(1), body.into())).await;
    assert_eq!((status, said.as_str()), (202, r#"{"result":"queued"}"#));
}

#[tokio::test]
async fn twenty_five_megabytes_are_taken_and_not_one_byte_more() {
    let door = Door::open().await;
    let exact = opened_of_size(MB_25);
    let (status, said) = answer(door.delivery("pull_request", &guid(1), exact)).await;
    assert_eq!(status, 202, "{said}");
    let announced = head(b"", &format!("content-length: {}", MB_25 + 1));
    let got = door.raw(&announced).await;
    assert!(got.starts_with("HTTP/1.1 413"), "{got}");
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_as_it_comes() {
    let door = Door::with(Limits {
        body_bytes: 1024,
        ..Limits::default()
    })
    .await;
    let endless = b"400\r\n"
        .iter()
        .chain([b'x'; 1024].iter())
        .chain(b"\r\n1\r\nx\r\n");
    let mut request = head(b"", "transfer-encoding: chunked");
    request.extend(endless);
    let got = door.raw(&request).await;
    assert!(got.starts_with("HTTP/1.1 413"), "{got}");
}

#[tokio::test]
async fn lying_lengths_do_not_pass() {
    let door = Door::open().await;
    let body = opened();
    let short = [head(&body, "content-length: 100"), body.clone()].concat();
    let got = door.raw(&short).await;
    assert!(got.starts_with("HTTP/1.1 401"), "{got}");
    let both = head(
        &body,
        &format!("content-length: {}\r\ncontent-length: 3", body.len()),
    );
    let got = door.raw(&[both, body.clone()].concat()).await;
    assert!(got.starts_with("HTTP/1.1 400"), "{got}");

    let mut broken = TcpStream::connect(door.address).await.unwrap();
    let long = head(&body, &format!("content-length: {}", body.len() + 1));
    broken.write_all(&[long, body].concat()).await.unwrap();
    broken.shutdown().await.unwrap();
    let got = rest(&mut broken).await;
    assert!(!got.contains("HTTP/1.1 2"), "{got}");
    assert_eq!(door.backlog().await, 0);
}

#[tokio::test]
async fn five_hundred_slow_clients_are_shut_out_and_keep_nobody_else_waiting() {
    let door = Door::impatient().await;
    let mut slow = Vec::new();
    for number in 0..500 {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        let begun = match number % 2 {
            0 => b"POST /api/github/webhooks HTTP/1.1\r\nhost: h\r\nx-slow".to_vec(),
            _ => [head(b"", "content-length: 100"), b"{".to_vec()].concat(),
        };
        stream.write_all(&begun).await.unwrap();
        slow.push(stream);
    }
    let (status, said) = answer(door.delivery("pull_request", &guid(9), opened())).await;
    assert_eq!(status, 202, "{said}");
    for (number, stream) in slow.iter_mut().enumerate() {
        let got = rest(stream).await;
        match number % 2 {
            0 => assert!(!got.contains(" 2"), "{got}"),
            _ => assert!(got.starts_with("HTTP/1.1 408"), "{got}"),
        }
    }
    assert_eq!(door.backlog().await, 1);
}

#[tokio::test]
async fn more_clients_than_places_wait_for_one() {
    let door = Door::with(Limits {
        connections: 2,
        head: std::time::Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(TcpStream::connect(door.address).await.unwrap());
    }
    let (status, said) = answer(door.delivery("pull_request", &guid(1), opened())).await;
    assert_eq!(status, 202, "{said}");
}
