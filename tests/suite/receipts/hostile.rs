//! Files made to cost: nothing panics, and the work grows with the file and no faster.

use super::book::{Book, PROPOSAL, three};
use discussions::engine::discussion::Discussion;
use discussions::engine::receipt::chain::{FaultKind, Repository, Scope, check};
use discussions::engine::receipt::votes::votes;
use discussions::engine::receipt::{Unverified, lines};
use discussions::engine::vote::Vote;

fn hostile() -> Vec<(&'static str, String)> {
    let book = three();
    let receipt = book
        .text
        .lines()
        .find(|line| line.starts_with("<!-- receipt"))
        .unwrap();
    let block = format!("\n---\n\nName: AI-Security\nNo.\n\n{receipt}\n");
    vec![
        (
            "separators",
            format!("{}{}", book.text, "\n---\n".repeat(100_000)),
        ),
        (
            "separators in front",
            format!(
                "{PROPOSAL}{}{}",
                "---\n\n".repeat(100_000),
                &book.text[PROPOSAL.len()..]
            ),
        ),
        (
            "comments and separators",
            format!(
                "{PROPOSAL}{}{}",
                "<!-- x -->\n\n".repeat(50_000),
                "---\n\n".repeat(50_000)
            ),
        ),
        (
            "a long line",
            format!("{}{}\n", book.text, "x".repeat(1 << 20)),
        ),
        (
            "a long token",
            format!(
                "{PROPOSAL}\n<!-- receipt: {}.a.b -->\n",
                "A".repeat(1 << 20)
            ),
        ),
        (
            "the same receipt",
            format!("{PROPOSAL}{}", block.repeat(10_000)),
        ),
        (
            "receipts of nobody",
            format!(
                "{}{}",
                book.text,
                "\n<!-- receipt: a.b.c -->\n".repeat(10_000)
            ),
        ),
        (
            "receipts in a fence",
            format!(
                "{}\n```\n{}",
                book.text,
                format!("{receipt}\n").repeat(10_000)
            ),
        ),
        (
            "openers",
            format!("{}{}", book.text, "<!--\n```\n<pre>\n".repeat(30_000)),
        ),
        (
            "dots",
            format!("{PROPOSAL}\n<!-- receipt: {} -->\n", ".".repeat(100_000)),
        ),
    ]
}

#[test]
fn hostile_files_are_checked_without_a_panic_and_accept_nothing_new() {
    let book = three();
    for (name, text) in hostile() {
        let discussion = Discussion::parse(text.as_bytes());
        let chain = book.check(&text, true);
        let given = votes(&discussion, &chain);
        assert!(given.len() <= 2, "{name}: {given:?}");
        assert_eq!(chain.found.len(), lines(&text).len(), "{name}");
    }
}

/// Counted, not timed: each receipt is verified once, however many there are.
#[test]
fn each_receipt_is_checked_once() {
    let count = std::cell::Cell::new(0);
    let text = format!(
        "{PROPOSAL}{}",
        "\n---\n\nName: x\n\n<!-- receipt: a.b.c -->\n".repeat(10_000)
    );
    let discussion = Discussion::parse(text.as_bytes());
    let scope = Scope {
        repository: Repository::Id(1),
        pr: 1,
        did: None,
        paths: &[],
        anchor: None,
    };
    let chain = check(&discussion, &scope, &|_| {
        count.set(count.get() + 1);
        Err(Unverified::Malformed("no token".to_owned()))
    });
    assert_eq!((count.get(), chain.found.len()), (10_000, 10_000));
    assert!(chain.found.iter().all(|found| found.block.is_some()));
}

#[test]
fn a_line_of_odd_blanks_in_a_signed_block_is_a_change() {
    let mut book = Book::on(PROPOSAL);
    book.sign("AI-Security", "security", "No.", Some(Vote::Reject));
    for blank in ["\u{a0}", "\u{3000}", "\u{2028}", "\u{b}"] {
        let text = book
            .text
            .replace("VOTE: REJECT\n", &format!("VOTE: REJECT\n{blank}\n"));
        let chain = book.check(&text, true);
        let kinds: Vec<&FaultKind> = chain.faults.iter().map(|fault| &fault.kind).collect();
        assert_eq!(kinds, [&FaultKind::Changed], "{blank:?}");
    }
}
