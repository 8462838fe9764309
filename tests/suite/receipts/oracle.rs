//! Signed files in hostile hands: nothing that was not signed for this chain and this text is ever accepted, by us or by
//! a second verifier that shares no code with us (`tests/verifier/verify.py`).

use super::book::{PR, RID};
use super::mutate::{Base, HARMLESS, KINDS, mutate};
use crate::engine::differential::Dice;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use discussions::engine::discussion::Discussion;
use discussions::engine::receipt::chain::{Repository, Scope, check};
use discussions::engine::receipt::votes::{Worth, votes};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// Different signed files that are meddled with.
const BASES: usize = 40;

/// One file that somebody meddled with.
struct Meddled {
    bytes: Vec<u8>,
    base: usize,
    /// What was done to it.
    kinds: Vec<usize>,
}

fn bases() -> Vec<Base> {
    let mut dice = Dice::new(1);
    (0..BASES).map(|_| Base::of(&mut dice)).collect()
}

fn meddled(bases: &[Base], number: usize) -> Meddled {
    let mut dice = Dice::new(1_000 + number as u64);
    let base = dice.roll(bases.len());
    let mut kinds = vec![number % KINDS];
    while dice.roll(4) == 0 {
        kinds.push(dice.roll(KINDS));
    }
    let mut bytes = bases[base].text.clone().into_bytes();
    for kind in &kinds {
        bytes = mutate(&bases[base], &bytes, *kind, &mut dice);
    }
    Meddled { bytes, base, kinds }
}

/// What we accept, given the anchor: (who, vote), sorted.
fn accepted(base: &Base, bytes: &[u8]) -> Vec<(String, String)> {
    let discussion = Discussion::parse(bytes);
    let scope = Scope {
        repository: Repository::Id(RID),
        pr: PR,
        did: None,
        paths: &[super::book::PATH.to_owned()],
        anchor: Some(&base.anchor.parse().unwrap()),
    };
    let chain = check(&discussion, &scope, &|token| base.keys.check(token));
    let given = votes(&discussion, &chain).into_iter();
    let mut accepted: Vec<(String, String)> = given
        .filter(|vote| vote.worth == Worth::Accepted)
        .map(|vote| (vote.who, vote.vote.as_str().to_owned()))
        .collect();
    accepted.sort();
    accepted
}

/// Figures of a run.
#[derive(Debug, Default)]
struct Figures {
    files: usize,
    /// Files of which all votes were accepted: what was done to them touched nothing that was signed.
    untouched: usize,
    /// Files in which a person's vote was accepted, too.
    people: usize,
    wrongly_accepted: usize,
    wrongly_refused: usize,
    disagreements: usize,
}

/// The truth is known from the text alone: all of the newest votes, or none; a person's only with them, and only while
/// the text behind the proposal is what that person could read.
fn judge(
    base: &Base,
    file: &Meddled,
    accepted: &[(String, String)],
    figures: &mut Figures,
) -> Vec<String> {
    let mut wrong = Vec::new();
    figures.files += 1;
    let said = || {
        format!(
            "kinds {:?}, base {}:\n{}",
            file.kinds,
            file.base,
            String::from_utf8_lossy(&file.bytes)
        )
    };
    let person = base.person.as_ref();
    let has_person = person.is_some_and(|person| accepted.contains(person));
    let others = accepted.iter().filter(|given| Some(*given) != person);
    let is_full = others.eq(&base.votes);
    let is_as_read = base.is_as_read(&file.bytes);
    figures.untouched += usize::from(is_full && !accepted.is_empty());
    if !accepted.is_empty() && (!is_full || !base.is_intact(&file.bytes)) {
        figures.wrongly_accepted += 1;
        wrong.push(format!("accepted {accepted:?}, {}", said()));
    } else if has_person && !is_as_read {
        figures.wrongly_accepted += 1;
        wrong.push(format!("a person has read something else, {}", said()));
    }
    figures.people += usize::from(has_person);
    let is_harmless = file.kinds.iter().all(|kind| HARMLESS.contains(kind));
    if is_harmless && (!is_full || (person.is_some() && has_person != is_as_read)) {
        figures.wrongly_refused += 1;
        wrong.push(format!("refused, {}", said()));
    }
    wrong
}

#[test]
fn three_thousand_meddled_files_give_no_vote_that_was_not_signed() {
    let bases = bases();
    let mut figures = Figures::default();
    let mut wrong = Vec::new();
    for number in 0..3_000 {
        let file = meddled(&bases, number);
        let base = &bases[file.base];
        wrong.extend(judge(
            base,
            &file,
            &accepted(base, &file.bytes),
            &mut figures,
        ));
    }
    println!("{figures:?}");
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[0]);
    assert!(
        figures.untouched > 300 && figures.people > 100,
        "the test sees votes at all: {figures:?}"
    );
}

/// Each kind of meddling that is not harmless is caught at least once: none of them does nothing.
#[test]
fn every_kind_of_meddling_is_one() {
    let bases = bases();
    let mut dice = Dice::new(5);
    for kind in 0..KINDS {
        let is_caught = (0..200).any(|_| {
            let base = &bases[dice.roll(bases.len())];
            let bytes = mutate(base, base.text.as_bytes(), kind, &mut dice);
            !base.votes.is_empty() && accepted(base, &bytes).is_empty()
        });
        assert_eq!(is_caught, !HARMLESS.contains(&kind), "kind {kind}");
    }
}

#[test]
#[ignore = "needs python3 with cryptography and markdown-it-py"]
fn a_second_verifier_agrees_on_a_hundred_thousand_meddled_files() {
    let files: usize =
        std::env::var("MEDDLED_FILES").map_or(100_000, |count| count.parse().unwrap());
    let bases = bases();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifier/verify.py");
    let mut python = Command::new("python3")
        .arg(script)
        .arg("--batch")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = python.stdin.take().unwrap();
    let answers = BufReader::new(python.stdout.take().unwrap());
    let (mut figures, mut wrong) = (Figures::default(), Vec::new());
    std::thread::scope(|scope| {
        let bases = &bases;
        scope.spawn(move || {
            let mut input = BufWriter::new(input);
            for number in 0..files {
                let file = meddled(bases, number);
                let base = &bases[file.base];
                let case = json!({
                    "file": BASE64_STANDARD.encode(&file.bytes),
                    "repo": RID,
                    "pr": PR,
                    "jwks": base.keys.to_jwks(),
                    "anchor": base.anchor,
                    "paths": [super::book::PATH],
                });
                writeln!(input, "{case}").unwrap();
            }
        });
        for (number, answer) in answers.lines().enumerate() {
            let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
            let theirs: Vec<(String, String)> =
                serde_json::from_value(answer["accepted"].clone()).unwrap();
            let file = meddled(bases, number);
            let base = &bases[file.base];
            let ours = accepted(base, &file.bytes);
            wrong.extend(judge(base, &file, &ours, &mut figures));
            if ours != theirs {
                figures.disagreements += 1;
                let text = String::from_utf8_lossy(&file.bytes);
                wrong.push(format!("number {number}, kinds {:?}: ours {ours:?}, theirs {theirs:?}, {answer}:\n{text}", file.kinds));
            }
        }
    });
    assert!(python.wait().unwrap().success());
    println!("second verifier: {figures:?}");
    for one in wrong.iter().take(5) {
        println!("{one}\n##########");
    }
    assert_eq!(figures.files, files);
    assert!(figures.untouched > files / 10, "{figures:?}");
    assert!(figures.people > files / 30, "{figures:?}");
    assert!(wrong.is_empty(), "{} wrong", wrong.len());
}

#[test]
#[ignore = "needs prettier 3 on the PATH"]
fn a_formatter_leaves_signed_files_valid() {
    for base in bases() {
        let mut prettier = Command::new("prettier")
            .args(["--stdin-filepath", "x.md"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = prettier.stdin.take().unwrap();
        input.write_all(base.text.as_bytes()).unwrap();
        drop(input);
        let formatted = prettier.wait_with_output().unwrap().stdout;
        let text = String::from_utf8(formatted.clone()).unwrap();
        for block in &base.signed {
            assert!(text.contains(block), "{block}\nchanged in\n{text}");
        }
        let mut given = accepted(&base, &formatted);
        let count = given.len();
        given.retain(|vote| Some(vote) != base.person.as_ref());
        assert_eq!(given, base.votes, "{text}");
        // A person's vote lasts as long as what the person could read stands there.
        let by_person = count > given.len();
        let lasts = base.person.is_some() && base.is_as_read(&formatted);
        assert_eq!(by_person, lasts, "{text}");
    }
}
