//! What others may do to a signed file: seeded, so that a number names the same file for ever.

use super::book::{Book, DID, PATH, PR, PROPOSAL, REPO, RID};
use crate::engine::differential::Dice;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use discussions::engine::vote::Vote;
use discussions::signing::{Keyring, Keys, SigningKey};

/// A signed file with all that is needed to meddle with it and to know what may come of it.
pub(crate) struct Base {
    pub(crate) text: String,
    pub(crate) anchor: String,
    pub(crate) keys: Keys,
    /// Signed blocks with their receipts, as written, in order.
    pub(crate) signed: Vec<String>,
    /// Everything before the first signed block's separator.
    pub(crate) proposal: String,
    /// (who, vote) of each participant's newest vote, sorted.
    pub(crate) votes: Vec<(String, String)>,
    /// A person's (who, vote), if there is one.
    pub(crate) person: Option<(String, String)>,
    /// What was typed behind the proposal when that person voted, as by [`Base::typed_behind`].
    read: Vec<String>,
    /// Signed blocks of other pull requests, chains, paths, repositories and strangers.
    donors: Vec<String>,
    public: Vec<u8>,
    kid: String,
    stranger: Ed25519KeyPair,
}

const BODIES: [&str; 6] = [
    "Fine.",
    "Read it twice.\n\n- one point\n- another\n\nCONCERN: (minor) slow on cold starts",
    "See:\n\n```rust\nlet x = 1;\n---\nName: nobody\n```\n\nThat is all.",
    "As they say:\n\n> quoted words\n\nA link [a](https://example.com/x) and `code`.",
    "Q: which tenants share it?\n\n1. first\n2. second",
    "Umlaute äöü, an emoji 🙂, and <!-- a comment --> inside.",
];
const SPEAKERS: [(&str, &str); 4] = [
    ("AI-Architect", "architect"),
    ("AI-Security", "security"),
    ("AI-Pragmatist", "pragmatist"),
    ("AI-Researcher", "researcher"),
];
const VOTES: [Option<Vote>; 4] = [
    Some(Vote::Ready),
    Some(Vote::Changes),
    Some(Vote::Reject),
    None,
];
const TYPED: [&str; 6] = [
    "\n---\n\nName: ann\n\nI disagree.\n\nVOTE: REJECT\n",
    "\n---\n\nName: AI-Security\n\nVOTE: READY\n",
    "\nwords typed below a receipt\n",
    "\n---\n\nprose between two rules\n\n---\n\nName: bob\n\n```\ncode\n```\n",
    "\n<details>\n\nsmall print\n\n</details>\n",
    "\n> a quote\ngoes on\n\n<!-- note to self -->\n",
];

impl Base {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let mut before = Book::on(PROPOSAL);
        before.keys = keyring(dice);
        before.pr = PR - 1;
        before.sign(
            "AI-Tester",
            "tester",
            "From another one.",
            Some(Vote::Ready),
        );
        let inherited = before.text[PROPOSAL.len()..].to_owned();
        let mut start = PROPOSAL.to_owned();
        for more in [
            "\n## Scope\n\nAll of it.\n\n```\nkept\n```\n",
            &inherited,
            TYPED[0],
        ] {
            if dice.roll(2) == 0 {
                start.push_str(more);
            }
        }
        let mut book = Book::on(&start);
        book.keys = keyring(dice);
        book.keys.keys = book
            .keys
            .keys
            .clone()
            .and(before.keys.signing.public().clone());
        let mut signed = Vec::new();
        let mut newest: Vec<(String, String)> = Vec::new();
        for _ in 0..3 + dice.roll(3) {
            let (name, alias) = SPEAKERS[dice.roll(SPEAKERS.len())];
            let vote = VOTES[dice.roll(VOTES.len())];
            let length = book.text.len();
            book.sign(name, alias, BODIES[dice.roll(BODIES.len())], vote);
            let added = &book.text[length..];
            signed.push(added[added.find("Name:").unwrap()..].trim_end().to_owned());
            if let Some(vote) = vote {
                newest.retain(|(who, _)| who != alias);
                newest.push((alias.to_owned(), vote.as_str().to_owned()));
            }
            if dice.roll(3) == 0 {
                book.text.push_str(TYPED[dice.roll(TYPED.len())]);
            }
        }
        if dice.roll(2) == 0 {
            let length = book.text.len();
            book.sign_note("ann", 77, "Resolved C1 of security: the plan covers it.");
            let added = &book.text[length..];
            signed.push(added[added.find("Name:").unwrap()..].trim_end().to_owned());
        }
        let voted = (dice.roll(3) > 0).then(|| VOTES[dice.roll(3)].unwrap());
        let length = book.text.len();
        if let Some(vote) = voted {
            book.sign_person("ann", 77, vote);
            let added = &book.text[length..];
            signed.push(added[added.find("Name:").unwrap()..].trim_end().to_owned());
        }
        let read = typed_behind(&signed, &book.text).unwrap();
        if voted.is_some() && dice.roll(4) == 0 {
            book.text.push_str(TYPED[dice.roll(TYPED.len())]);
        }
        newest.sort();
        let first = book.text.find(&signed[0]).unwrap();
        let proposal = book.text[..first]
            .trim_end()
            .trim_end_matches("---")
            .to_owned();
        let donors = donors(&book, dice);
        let public = book.keys.signing.public().clone();
        Self {
            anchor: book.anchor.as_ref().unwrap().to_string(),
            keys: book.keys.keys.clone(),
            signed,
            proposal,
            votes: newest,
            person: voted.map(|vote| ("github:77".to_owned(), vote.as_str().to_owned())),
            read,
            donors,
            public: public.x.to_vec(),
            kid: public.kid,
            stranger: Ed25519KeyPair::from_seed_unchecked(&seed(dice)).unwrap(),
            text: book.text,
        }
    }

    /// Whether all that was signed stands there as it was, below the text that it was signed about. Knows nothing of
    /// receipts, blocks and subjects: it compares text.
    pub(crate) fn is_intact(&self, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return false;
        };
        let plain = plain(text);
        let mut rest = plain.as_str();
        for (number, block) in self.signed.iter().enumerate() {
            let Some(at) = rest.find(&self::plain(block)) else {
                return false;
            };
            if number == 0 && decided(&rest[..at]) != decided(&self::plain(&self.proposal)) {
                return false;
            }
            rest = &rest[at + block.len()..];
        }
        true
    }

    /// Whether the text behind the proposal is what the person who voted could read. Knows nothing of receipts either.
    pub(crate) fn is_as_read(&self, bytes: &[u8]) -> bool {
        let text = std::str::from_utf8(bytes).ok();
        text.and_then(|text| typed_behind(&self.signed, text)) == Some(self.read.clone())
    }

    fn receipt(&self, dice: &mut Dice) -> &str {
        let block = &self.signed[dice.roll(self.signed.len())];
        &block[block.find("<!-- receipt").unwrap()..]
    }

    /// One token with another one in its place.
    fn with_token(
        &self,
        dice: &mut Dice,
        change: impl FnOnce(&mut Dice, &str) -> String,
    ) -> String {
        let line = self.receipt(dice);
        let old = line
            .trim_start_matches("<!-- receipt: ")
            .trim_end_matches(" -->");
        self.text.replacen(old, &change(dice, old), 1)
    }
}

/// What stands behind the proposal besides the signed blocks, without separators and blank lines; nothing if one of
/// them is missing.
fn typed_behind(signed: &[String], text: &str) -> Option<Vec<String>> {
    let text = plain(text);
    let mut rest = text.as_str();
    let mut between = String::new();
    for (number, block) in signed.iter().enumerate() {
        let block = plain(block);
        let at = rest.find(&block)?;
        if number > 0 {
            between.push_str(&rest[..at]);
        }
        between.push('\n');
        rest = &rest[at + block.len()..];
    }
    between.push_str(rest);
    let lines = between.split('\n').map(str::trim_end);
    let kept = lines.filter(|line| !line.is_empty() && line.trim() != "---");
    Some(kept.map(str::to_owned).collect())
}

/// LF, no byte order mark, no blanks at the ends of lines, no empty lines at the ends.
fn plain(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let lines = text
        .split('\n')
        .map(|line| line.trim_end_matches([' ', '\t']));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is decided: the title and the text below the header. Other header lines and the case of keys do not matter.
fn decided(text: &str) -> (Option<String>, String) {
    let mut title = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next_if(|line| line.trim_start().starts_with("<!--")) {
        let inside = line
            .trim_start()
            .trim_start_matches("<!--")
            .trim_end_matches("-->");
        match inside.split_once(':') {
            Some((key, value)) if key.trim().eq_ignore_ascii_case("title") => {
                title.get_or_insert(value.trim().to_owned());
            }
            _ => {}
        }
    }
    let below = lines.collect::<Vec<_>>().join("\n");
    // Separators at the end belong to what follows.
    let mut below = below.trim_end();
    let mut name_follows = true;
    while let Some((less, last)) = below.rsplit_once('\n') {
        let is_separator = matches!(last, "---" | " ---" | "  ---" | "   ---");
        // Directly under text it makes a heading, unless it belongs to the name below it.
        if !is_separator || !(name_follows || less.ends_with('\n')) {
            break;
        }
        name_follows = false;
        below = less.trim_end();
    }
    (title, below.to_owned())
}

/// The same keys for the same throws.
fn keyring(dice: &mut Dice) -> Keyring {
    // PKCS#8 of an Ed25519 key up to its 32 bytes (RFC 8410).
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.extend(seed(dice));
    let body = base64::prelude::BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    Keyring::of(SigningKey::from_pem(&pem.into()).unwrap())
}

fn seed(dice: &mut Dice) -> [u8; 32] {
    std::array::from_fn(|_| dice.roll(256) as u8)
}

fn donors(book: &Book, dice: &mut Dice) -> Vec<String> {
    let mut donors = Vec::new();
    for kind in 0..5 {
        let mut other = Book::on(PROPOSAL);
        other.keys = match kind {
            4 => keyring(dice),
            _ => book.keys.clone(),
        };
        other.subject.clone_from(&book.subject);
        match kind {
            0 => other.pr = PR + 1,
            1 => other.did = "f".repeat(32),
            _ => {}
        }
        let block = "Name: AI-Security\nFine.\n\nVOTE: READY";
        let mut claims = other.claims("security", Some(Vote::Ready), block);
        match kind {
            2 => (claims.rid, claims.repo) = (RID + 1, "octo/other".to_owned()),
            3 => claims.path = format!("other/{PATH}"),
            _ => {}
        }
        assert!(claims.repo != REPO || claims.rid == RID, "{DID}");
        let token = other.keys.signing.sign(&claims).unwrap();
        donors.push(discussions::engine::receipt::signed(block, &token));
    }
    donors
}

/// How many kinds of meddling there are.
pub(crate) const KINDS: usize = 34;
/// Kinds of which both verifiers must still accept every vote: nothing that was signed is touched.
pub(crate) const HARMLESS: [usize; 5] = [0, 1, 2, 3, 4];

/// The file after one kind of meddling.
pub(crate) fn mutate(base: &Base, text: &[u8], kind: usize, dice: &mut Dice) -> Vec<u8> {
    let source = String::from_utf8_lossy(text).into_owned();
    let is_whole = text == base.text.as_bytes();
    let changed: String = match kind {
        0 => source.replace("\r\n", "\n").replace('\n', "\r\n"),
        1 => format!("\u{feff}{}", source.trim_start_matches('\u{feff}')),
        2 => source + TYPED[dice.roll(TYPED.len())],
        3 => spaced(base, &source, dice),
        4 => source.trim_end().to_owned(),
        5..=8 => return flipped(text, dice),
        9 | 10 => return cut(text, dice),
        11 => at_a_block(&source, dice, |_, above, _| above.to_owned()),
        12 => at_a_block(&source, dice, |_, above, below| {
            let end = below[1..].find("\n---\n").map_or(below.len(), |at| at + 1);
            format!("{above}{}", &below[end..])
        }),
        13 => {
            let block = &base.signed[dice.roll(base.signed.len())];
            insert(&source, &format!("\n---\n\n{block}\n"), dice)
        }
        14 => {
            let (one, two) = (dice.roll(base.signed.len()), dice.roll(base.signed.len()));
            let (one, two) = (&base.signed[one], &base.signed[two]);
            source
                .replacen(one, "\u{1}", 1)
                .replacen(two, one, 1)
                .replacen('\u{1}', two, 1)
        }
        15 | 16 => {
            let block = &base.donors[dice.roll(base.donors.len())];
            insert(&source, &format!("\n---\n\n{block}\n"), dice)
        }
        17 => {
            let (old, new) = (
                &base.signed[dice.roll(base.signed.len())],
                &base.donors[dice.roll(base.donors.len())],
            );
            source.replacen(old, new, 1)
        }
        18 => source.replacen(
            "One minute.",
            dice.pick(&["One hour.", "One minute", " One minute.", ""]),
            1,
        ),
        19 => source.replacen(
            "<!-- Title: Cache -->",
            dice.pick(&[
                "<!-- Title: cache -->",
                "<!-- Title: Cache  -->",
                "",
                "<!-- Status: CLOSED -->\n<!-- Title: Cache -->",
                "<!-- Participants: a -->",
            ]),
            1,
        ),
        20 if is_whole => base.with_token(dice, |dice, old| forged(base, old, dice)),
        21 if is_whole => base.with_token(dice, |dice, old| tampered(old, dice)),
        22 if is_whole => base.with_token(dice, |dice, old| padded(old, dice)),
        23 => {
            let receipt = base.receipt(dice).to_owned();
            let hidden = match dice.roll(5) {
                0 => format!("\n```\n{receipt}\n```\n"),
                1 => format!("\n<!--\n{receipt}\n"),
                2 => format!("\n> {receipt}\n"),
                3 => format!("\n    {receipt}\n"),
                _ => format!("\n{receipt}\n"),
            };
            insert(&source, &hidden, dice)
        }
        24 => {
            let receipt = base.receipt(dice).to_owned();
            let hidden = match dice.roll(4) {
                0 => format!("```\n{receipt}\n```"),
                1 => format!("> {receipt}"),
                2 => format!("    {receipt}"),
                _ => format!("<!--\n{receipt}"),
            };
            source.replacen(&receipt, &hidden, 1)
        }
        25 => insert(
            &source,
            dice.pick(&[
                "\n```\n",
                "\n<!--\n",
                "\n<pre>\n",
                "\n~~~~\n",
                "\n---\n",
                "\n\n---\n\n",
                "\n<div>\n",
            ]),
            dice,
        ),
        26 => source.replacen("VOTE: REJECT", "VOTE: READY", 1).replacen(
            "VOTE: CHANGES",
            "VOTE: READY",
            1,
        ),
        27 => source.replacen(
            "Name: AI-",
            dice.pick(&["Name: ", "name: AI-", " Name: AI-", "Name:  AI-"]),
            1,
        ),
        28 => source.replacen(
            "<!-- receipt: ",
            dice.pick(&[
                " <!-- receipt: ",
                "<!--receipt: ",
                "<!-- Receipt: ",
                "<!-- receipt:  ",
                "x <!-- receipt: ",
            ]),
            1,
        ),
        29 => source.replacen(
            " -->\n",
            dice.pick(&["-->\n", " --> \n", " -->\u{a0}\n", " --> x\n"]),
            dice.roll(4) + 1,
        ),
        30 => {
            let block = &base.signed[dice.roll(base.signed.len())];
            source.replacen(
                block,
                &format!("{block}\n\n{}", block.rsplit('\n').next().unwrap()),
                1,
            )
        }
        31 => insert(&source, TYPED[dice.roll(TYPED.len())], dice),
        32 => source.replacen(
            "\n---\n",
            dice.pick(&[
                "\n--- \n",
                "\n----\n",
                "\n***\n",
                "\n - - -\n",
                "\n",
                "\n  ---\n",
            ]),
            dice.roll(3) + 1,
        ),
        _ => wrapped(&source, dice),
    };
    changed.into_bytes()
}

/// Blank lines where none change anything that was signed: behind receipts.
fn spaced(base: &Base, source: &str, dice: &mut Dice) -> String {
    let more = "\n".repeat(1 + dice.roll(3));
    let is_receipt = |line: &str| {
        base.signed
            .iter()
            .any(|block| block.ends_with(line.trim_end()))
    };
    let lines = source.split_inclusive('\n').map(|line| {
        match line.starts_with("<!-- receipt: ") && is_receipt(line) {
            true => format!("{line}{more}"),
            false => line.to_owned(),
        }
    });
    lines.collect()
}

fn flipped(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..1 + dice.roll(2) {
        if !bytes.is_empty() {
            let at = dice.roll(bytes.len());
            bytes[at] ^= match dice.roll(4) {
                0 => 1 + dice.roll(255) as u8,
                _ => 1 << dice.roll(7),
            };
        }
    }
    bytes
}

fn cut(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let at = dice.roll(text.len() + 1);
    match dice.roll(3) {
        0 => text[at..].to_vec(),
        1 => text[..at].to_vec(),
        _ => {
            let end = (at + 1 + dice.roll(300)).min(text.len());
            [&text[..at], &text[end..]].concat()
        }
    }
}

fn insert(source: &str, what: &str, dice: &mut Dice) -> String {
    let ends: Vec<usize> = source.match_indices('\n').map(|(at, _)| at + 1).collect();
    let at = ends
        .get(dice.roll(ends.len().max(1)))
        .copied()
        .unwrap_or(source.len());
    format!("{}{what}{}", &source[..at], &source[at..])
}

fn at_a_block(
    source: &str,
    dice: &mut Dice,
    change: impl FnOnce(&mut Dice, &str, &str) -> String,
) -> String {
    let starts: Vec<usize> = source
        .match_indices("\n---\n")
        .map(|(at, _)| at + 1)
        .collect();
    if starts.is_empty() {
        return source.to_owned();
    }
    let at = starts[dice.roll(starts.len())];
    change(dice, &source[..at], &source[at..])
}

/// Lines joined and broken as an editor with a line width does.
fn wrapped(source: &str, dice: &mut Dice) -> String {
    match dice.roll(3) {
        0 => source.replace(". ", ".\n"),
        1 => source.replace("\n- ", "\n* "),
        _ => source.replace("\n\n", "\n\n\n"),
    }
}

fn json(part: &str) -> serde_json::Value {
    serde_json::from_slice(&B64.decode(part).unwrap()).unwrap()
}

/// A token by somebody who has no key of ours: `none`, a public key as a shared secret, his own key under our name.
fn forged(base: &Base, old: &str, dice: &mut Dice) -> String {
    let parts: Vec<&str> = old.split('.').collect();
    let mut claims = json(parts[1]);
    if dice.roll(2) == 0 {
        claims["vote"] = "READY".into();
    }
    let body = B64.encode(claims.to_string());
    let head = |value: serde_json::Value| B64.encode(value.to_string());
    let own = |head: String| {
        let signed = format!("{head}.{body}");
        let signature = base.stranger.sign(signed.as_bytes());
        format!("{signed}.{}", B64.encode(signature.as_ref()))
    };
    match dice.roll(6) {
        0 => format!(
            "{}.{body}.AA",
            head(serde_json::json!({"alg": "none", "kid": base.kid}))
        ),
        1 => {
            let signed = format!(
                "{}.{body}",
                head(serde_json::json!({"alg": "HS256", "kid": base.kid}))
            );
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &base.public);
            let signature = hmac::sign(&secret, signed.as_bytes());
            format!("{signed}.{}", B64.encode(signature.as_ref()))
        }
        2 => own(head(serde_json::json!({"alg": "EdDSA", "kid": base.kid}))),
        3 => own(head(serde_json::json!({"alg": "EdDSA", "kid": "another"}))),
        4 => own(head(serde_json::json!({"alg": "EdDSA"}))),
        _ => own(head(
            serde_json::json!({"alg": "EdDSA", "kid": base.kid, "jku": "https://evil.example/keys"}),
        )),
    }
}

/// The old signature over other claims, or over the same ones written in another way.
fn tampered(old: &str, dice: &mut Dice) -> String {
    let parts: Vec<&str> = old.split('.').collect();
    let mut claims = json(parts[1]);
    match dice.roll(6) {
        0 => claims["vote"] = dice.pick(&["READY", "CHANGES", "ready"]).into(),
        1 => claims["pr"] = (PR + dice.roll(2) as u64).into(),
        2 => claims["seq"] = (1 + dice.roll(5)).into(),
        3 => claims["who"] = "security".into(),
        4 => claims["subject"] = "0".repeat(64).into(),
        _ => {}
    }
    let body = match dice.roll(2) {
        0 => claims.to_string(),
        _ => serde_json::to_string_pretty(&claims).unwrap(),
    };
    format!("{}.{}.{}", parts[0], B64.encode(body), parts[2])
}

/// The same bytes in a looser base64.
fn padded(old: &str, dice: &mut Dice) -> String {
    let last = old.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    let other = alphabet.as_bytes()[at ^ (1 + dice.roll(15))] as char;
    match dice.roll(4) {
        0 => format!("{old}=="),
        1 => format!("{}{other}", &old[..old.len() - 1]),
        2 => old.replacen('.', "==.", 1),
        _ => old.replace('-', "_"),
    }
}
