//! Every byte of a signed file, turned into another one.

use super::book::{Book, PR, RID};
use crate::cli::Folder;
use discussions::engine::discussion::Discussion;
use discussions::engine::receipt::chain::{Repository, Scope, check};
use discussions::engine::receipt::votes::{Worth, votes};
use discussions::engine::vote::Vote;
use std::collections::BTreeMap;
use std::ops::Range;

const PROPOSAL: &str = "<!-- DISCUSSION -->\n<!-- Title: Cache -->\n<!-- Template: review -->\n\
                        <!-- Participants: architect, security, pragmatist -->\n\n# Cache\n\nOne minute.\n";

/// Five signed blocks with something typed between them.
fn five() -> Book {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Architect", "architect", "Fine.", Some(Vote::Ready));
    book.sign(
        "AI-Security",
        "security",
        "CONCERN: who may read it?",
        Some(Vote::Changes),
    );
    book.text
        .push_str("\n---\n\nName: ann\n\nI agree, @security.\n\nVOTE: READY\n");
    book.sign(
        "AI-Pragmatist",
        "pragmatist",
        "- small\n- cheap",
        Some(Vote::Ready),
    );
    book.sign("AI-Researcher", "researcher", "Three papers.", None);
    book.text.push_str("\nwords below\n");
    book.sign("AI-Security", "security", "Still no.", Some(Vote::Reject));
    book
}

fn accepted(book: &Book, bytes: &[u8]) -> BTreeMap<String, Vote> {
    let discussion = Discussion::parse(bytes);
    let scope = Scope {
        repository: Repository::Id(RID),
        pr: PR,
        did: None,
        paths: &[],
        anchor: book.anchor.as_ref(),
    };
    let chain = check(&discussion, &scope, &|token| book.keys.keys.check(token));
    let given = votes(&discussion, &chain).into_iter();
    given
        .filter(|vote| vote.worth == Worth::Accepted)
        .map(|vote| (vote.who, vote.vote))
        .collect()
}

/// Who signed what: bytes of each signed block and its receipt.
fn signed(book: &Book) -> Vec<(Range<usize>, String)> {
    let discussion = Discussion::parse(book.text.as_bytes());
    let chain = book.check(&book.text, true);
    let blocks = discussion.blocks.iter();
    let mut ranges = Vec::new();
    for block in blocks {
        if let Some(claims) = chain.claims_of(block.number) {
            let receipt = block.receipt.clone().unwrap();
            ranges.push((block.span.clone(), claims.who.clone()));
            ranges.push((receipt, claims.who.clone()));
        }
    }
    assert_eq!(ranges.len(), 10);
    ranges
}

#[test]
fn no_byte_can_be_turned_without_losing_what_it_was_part_of() {
    let book = five();
    let bytes = book.text.as_bytes();
    let before = accepted(&book, bytes);
    let expected = [
        ("architect", Vote::Ready),
        ("pragmatist", Vote::Ready),
        ("security", Vote::Reject),
    ];
    assert_eq!(
        before,
        expected.map(|(who, vote)| (who.to_owned(), vote)).into()
    );
    let signed = signed(&book);
    let body = book.text.find("# Cache").unwrap();
    let proposal = body..book.text.find("One minute.").unwrap() + "One minute.".len();
    let (mut in_signed, mut in_proposal, mut elsewhere) = (0, 0, 0);
    for at in 0..bytes.len() {
        let is_signed = signed.iter().any(|(range, _)| range.contains(&at));
        let bits = [1 << (at % 8), 0x20];
        for bit in &bits[..if is_signed { 1 } else { 2 }] {
            let mut turned = bytes.to_vec();
            turned[at] ^= bit;
            let after = accepted(&book, &turned);
            let place = format!(
                "byte {at} ({:?}), bit {bit:#x}: {after:?}",
                char::from(bytes[at])
            );
            if let Some((_, who)) = signed.iter().find(|(range, _)| range.contains(&at)) {
                in_signed += 1;
                assert!(!after.contains_key(who), "{place}");
            } else if proposal.contains(&at) {
                in_proposal += 1;
                assert!(after.is_empty(), "{place}");
            } else {
                elsewhere += 1;
                let is_same = after
                    .iter()
                    .all(|(who, vote)| before.get(who) == Some(vote));
                assert!(is_same, "{place}");
            }
        }
    }
    println!(
        "bytes turned: {in_signed} in signed blocks, {in_proposal} in the proposal, {elsewhere} elsewhere"
    );
    assert!(in_signed > 4_000 && in_proposal > 30 && elsewhere > 400);
}

/// The states by the real program, one byte of each line turned.
#[test]
fn no_turned_byte_makes_the_state_better() {
    let book = five();
    let order = [
        "invalid",
        "tampered",
        "held",
        "overridden",
        "working",
        "rejected",
    ];
    let rank = |state: &str| order.iter().position(|one| *one == state);
    let keys = book.keys.keys.to_jwks();
    let anchor = book.anchor.as_ref().unwrap().to_string();
    let state = |bytes: &[u8]| {
        let folder = Folder::with(&[("a.md", bytes), ("k.json", keys.as_bytes())]);
        let (rid, pr) = (RID.to_string(), PR.to_string());
        let arguments = [
            "status", "a.md", "--json", "--trust", "receipts", "--jwks", "k.json",
        ];
        let scope = ["--repo", &rid, "--pr", &pr, "--anchor", &anchor];
        let ran = folder.run(&[&arguments[..], &scope].concat());
        match ran.code() {
            0 => ran.json()["verdict"]["state"].as_str().unwrap().to_owned(),
            _ => "invalid".to_owned(),
        }
    };
    assert_eq!(state(book.text.as_bytes()), "rejected");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut start = 0;
    for line in book.text.split_inclusive('\n') {
        let at = start + line.len() / 3;
        let mut turned = book.text.clone().into_bytes();
        turned[at] ^= 0x01;
        let after = state(&turned);
        // Where nothing is rejected any more, because nothing is proven any more, it is not ready either.
        let is_no_better =
            rank(&after).is_some() || ["stale", "degraded"].contains(&after.as_str());
        assert!(is_no_better, "byte {at}: {after}");
        *seen.entry(after).or_default() += 1;
        start += line.len();
    }
    println!("{seen:?}");
    assert!(seen["tampered"] > 10 && seen["rejected"] > 2, "{seen:?}");
}
