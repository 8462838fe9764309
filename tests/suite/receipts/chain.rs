//! What becomes of a signed file in other hands.

use super::book::{Book, PROPOSAL, three};
use discussions::engine::discussion::Discussion;
use discussions::engine::receipt;
use discussions::engine::receipt::chain::{Chain, FaultKind, Foreign, Standing};
use discussions::engine::receipt::restore::{SignedBlock, put_back};
use discussions::engine::vote::Vote;

fn faults(chain: &Chain) -> Vec<&FaultKind> {
    chain.faults.iter().map(|fault| &fault.kind).collect()
}

#[test]
fn a_signed_file_is_whole() {
    let book = three();
    let chain = book.check(&book.text, true);
    assert!(chain.is_whole(), "{chain:?}");
    assert_eq!(chain.tip, book.anchor);
    let who: Vec<_> = (1..=3)
        .map(|number| chain.claims_of(number).unwrap())
        .map(|claims| (claims.who.as_str(), claims.vote))
        .collect();
    assert_eq!(
        who,
        [
            ("architect", Some(Vote::Ready)),
            ("security", Some(Vote::Reject)),
            ("researcher", None)
        ]
    );
}

#[test]
fn every_way_of_meddling_is_named() {
    let book = three();
    let text = &book.text;
    let second = text.find("---\n\nName: AI-Security").unwrap();
    let third = text.find("---\n\nName: AI-Researcher").unwrap();
    let receipt = |from: usize| {
        let start = from + text[from..].find("<!-- receipt").unwrap();
        start..start + text[start..].find('\n').unwrap() + 1
    };
    let without =
        |range: std::ops::Range<usize>| format!("{}{}", &text[..range.start], &text[range.end..]);
    let cases: Vec<(&str, String, Vec<FaultKind>, u64)> = vec![
        (
            "a word in a block",
            text.replace("No.", "Yes."),
            vec![FaultKind::Changed],
            0,
        ),
        (
            "a vote",
            text.replace("VOTE: REJECT", "VOTE: READY"),
            vec![FaultKind::Changed],
            0,
        ),
        (
            "a name",
            text.replace("AI-Security", "AI-Tester"),
            vec![FaultKind::Changed],
            0,
        ),
        (
            "the middle cut out",
            without(second..third),
            vec![FaultKind::Skipped {
                seq: 3,
                expected: 2,
            }],
            0,
        ),
        ("the tail cut off", text[..third].to_owned(), vec![], 1),
        ("all cut off", PROPOSAL.to_owned(), vec![], 3),
        (
            "a receipt taken away",
            without(receipt(second)),
            vec![FaultKind::Skipped {
                seq: 3,
                expected: 2,
            }],
            0,
        ),
        (
            "a reply twice",
            format!("{text}\n{}", &text[second..third]),
            vec![FaultKind::Repeated { seq: 2 }],
            0,
        ),
        (
            "two replies swapped",
            format!(
                "{}{}\n{}",
                &text[..second],
                &text[third..],
                &text[second..third]
            ),
            vec![
                FaultKind::Skipped {
                    seq: 3,
                    expected: 2,
                },
                FaultKind::Repeated { seq: 2 },
            ],
            0,
        ),
        (
            "a receipt in code",
            format!(
                "{}```\n{}```\n{}",
                &text[..second],
                &text[receipt(second)],
                &text[second..]
            ),
            vec![FaultKind::Stray, FaultKind::Repeated { seq: 2 }],
            0,
        ),
    ];
    for (name, changed, expected, missing) in cases {
        let chain = book.check(&changed, true);
        assert_eq!(
            faults(&chain),
            expected.iter().collect::<Vec<_>>(),
            "{name}"
        );
        assert_eq!(chain.missing, missing, "{name}");
    }
}

#[test]
fn what_was_said_elsewhere_does_no_harm_and_does_not_count() {
    let mut other = Book::on(PROPOSAL);
    other.pr = 8;
    other.sign("AI-Tester", "tester", "Fine.", Some(Vote::Ready));
    let mut book = three();
    book.keys.keys = book
        .keys
        .keys
        .clone()
        .and(other.keys.signing.public().clone());
    let foreign = &other.text[PROPOSAL.len()..];
    let chain = book.check(&format!("{}{foreign}", book.text), true);
    assert!(chain.is_whole(), "{chain:?}");
    assert_eq!(
        chain.of_block(4).unwrap().standing,
        Standing::Foreign(Foreign::PullRequest(8))
    );
    let stranger = Book::on(PROPOSAL);
    let chain = stranger.check(&book.text, false);
    assert!(
        chain
            .found
            .iter()
            .all(|found| matches!(found.standing, Standing::Foreign(Foreign::UnknownKey(_))))
    );
}

/// The blocks of a signed file as the record has them.
fn recorded(text: &str) -> Vec<SignedBlock> {
    let discussion = Discussion::parse(text.as_bytes());
    let blocks = discussion.blocks.iter();
    blocks
        .map(|block| {
            let token = receipt::token(&text[block.receipt.clone().unwrap()]).unwrap();
            let body = block.canonical(text);
            SignedBlock {
                token: token.to_owned(),
                text: receipt::signed(&body, token),
                body,
            }
        })
        .collect()
}

#[test]
fn putting_back_leaves_what_other_people_wrote() {
    let book = three();
    let text = &book.text;
    let chain = recorded(text);
    let first = format!("<!-- receipt: {} -->", chain[0].token);
    let said = "---\n\nName: rob\nI do not agree, since tenants share it.\n\n";
    let cases = [
        (
            "typed above a receipt",
            text.replace(&first, &format!("{said}{first}")),
        ),
        (
            "quoted with its receipt",
            format!(
                "{text}\n{said}{}\n",
                chain[0].text.replace("Name:", "> Name:")
            ),
        ),
        (
            "between two replies",
            text.replacen(
                "---\n\nName: AI-Security",
                &format!("{said}---\n\nName: AI-Security"),
                1,
            ),
        ),
        ("behind the last", format!("{text}\n{said}")),
    ];
    for (name, meddled) in cases {
        for meddled in [
            meddled.clone(),
            meddled.replace("No.", "Yes."),
            meddled.replace('\n', "\r\n"),
        ] {
            let discussion = Discussion::parse(meddled.as_bytes());
            let mended = put_back(&discussion, &chain, &Default::default());
            let chain = book.check(&mended, true);
            assert!(chain.is_whole(), "{name}: {chain:?}\n{mended}");
            assert_eq!(chain.found.len(), 3, "{name}: {mended}");
            assert_eq!(
                mended
                    .matches("I do not agree, since tenants share it.")
                    .count(),
                1,
                "{name}: {mended}"
            );
            let again = Discussion::parse(mended.as_bytes());
            let twice = put_back(&again, &recorded(text), &Default::default());
            assert_eq!(
                twice, mended,
                "{name}: mending what is whole changes nothing"
            );
        }
    }
}
