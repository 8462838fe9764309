//! Payloads as GitHub sends them, cut down to what is read, and the events they become.

use discussions::forge::event::{self, Event, HANDLED_EVENTS};
use std::fmt::Write;
use std::path::Path;

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deliveries");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    samples.sort();
    samples
}

#[test]
fn every_sample_is_read_as_recorded() {
    let mut all = String::new();
    for (name, body) in samples() {
        let (event, _) = name.split_once('.').unwrap();
        writeln!(all, "{name}: {:#?}\n", event::read(event, &body)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_handled_event_has_a_sample_that_is_used() {
    let used: Vec<String> = samples()
        .into_iter()
        .filter_map(|(name, body)| {
            let (event, _) = name.split_once('.')?;
            let read = event::read(event, &body);
            (!matches!(read, Event::Ignored { .. })).then(|| event.to_owned())
        })
        .collect();
    for (event, _) in HANDLED_EVENTS {
        assert!(used.iter().any(|used| used == event), "{event}");
    }
}

#[test]
fn any_prefix_and_any_flipped_byte_is_read_without_a_panic() {
    for (name, body) in samples() {
        let (event, _) = name.split_once('.').unwrap();
        for end in 0..body.len() - 2 {
            let read = event::read(event, &body[..end]);
            assert!(
                matches!(read, Event::Ignored { .. } | Event::Ping),
                "{name} cut at {end}"
            );
        }
        for at in 0..body.len() {
            let mut flipped = body.clone();
            flipped[at] ^= 0x81;
            let _ = event::read(event, &flipped);
        }
    }
}

#[test]
fn the_name_of_an_unknown_event_is_cut_before_it_is_repeated() {
    let Event::Ignored { reason } = event::read(&"x\n".repeat(500), b"{}") else {
        panic!("an unknown event was used");
    };
    assert!(reason.len() < 120 && !reason.contains('\n'), "{reason}");
}
