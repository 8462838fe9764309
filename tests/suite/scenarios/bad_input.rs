//! Broken discussion files in pull requests: what the check says about each, and that it is never green.

use super::CACHE;
use crate::support::rig::Rig;
use discussions::engine::discussion::Discussion;
use discussions::sandbox::{CheckRun, DEMO_REPO, FileEdit, NewPull};

/// One pull request with a file nobody can work with.
struct Broken {
    /// What is wrong, in words that do as a branch name.
    name: &'static str,
    /// What is pushed.
    edits: Vec<FileEdit>,
    /// How the title starts: state, place and code.
    title: &'static str,
    /// What the check says somewhere: what was read, why it is refused, what to write instead.
    says: &'static [&'static str],
}

/// The file of most cases.
const FILE: &str = "design/cache.discussion.md";

fn file(
    name: &'static str,
    content: impl AsRef<[u8]>,
    title: &'static str,
    says: &'static [&'static str],
) -> Broken {
    Broken {
        name,
        edits: vec![FileEdit::write(FILE, content)],
        title,
        says,
    }
}

/// The proposal with more below it.
fn with(more: &str) -> String {
    format!("{CACHE}\n{more}")
}

fn with_header(line: &str) -> String {
    CACHE.replace("<!-- Participants", &format!("{line}\n<!-- Participants"))
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xFF, 0xFE].into_iter().chain(units).collect()
}

/// The proposal with one more byte in front of its heading's words.
fn damaged(byte: u8) -> Vec<u8> {
    let at = CACHE.find("A cache for the product list\n\n").unwrap();
    let mut bytes = CACHE.as_bytes().to_vec();
    bytes.insert(at, byte);
    bytes
}

fn bytes() -> Vec<Broken> {
    vec![
        file(
            "lines end in CR alone",
            CACHE.replace('\n', "\r"),
            "INVALID: design/cache.discussion.md:1 header-malformed",
            &["carriage return alone", "Save the file with LF or CRLF"],
        ),
        file(
            "one CR alone in the text",
            CACHE.replace("Product pages", "Product\rpages"),
            "INVALID: design/cache.discussion.md:9 bare-carriage-return",
            &["without a line feed", "Use LF or CRLF"],
        ),
        file(
            "UTF-16",
            utf16(CACHE),
            "INVALID: design/cache.discussion.md:1 not-utf8",
            &[
                "the mark of UTF-16 stands at byte 1",
                "Save the file as UTF-8",
            ],
        ),
        file(
            "invalid UTF-8",
            damaged(0xE9),
            "INVALID: design/cache.discussion.md:5 not-utf8",
            &[
                "bytes that are not UTF-8 stand at byte",
                "Save the file as UTF-8",
            ],
        ),
        file(
            "a NUL",
            damaged(0),
            "INVALID: design/cache.discussion.md:5 not-utf8",
            &["a NUL character stands at byte", "Save the file as UTF-8"],
        ),
        Broken {
            name: "UTF-16 under any Markdown name",
            edits: vec![FileEdit::write("docs/cache.md", utf16(CACHE))],
            title: "INVALID: docs/cache.md:1 not-utf8",
            says: &["the mark of UTF-16", "Save the file as UTF-8"],
        },
        Broken {
            name: "CR alone under any Markdown name",
            edits: vec![FileEdit::write("docs/cache.md", CACHE.replace('\n', "\r"))],
            title: "INVALID: docs/cache.md:1 header-malformed",
            says: &["carriage return alone", "Save the file with LF or CRLF"],
        },
        file(
            "a line of 5 MB",
            with(&"x".repeat(5 << 20)),
            "INVALID: design/cache.discussion.md:1 too-large",
            &["bytes, and 1 MB is the most", "Start a new discussion"],
        ),
        file(
            "a byte over 1 MB",
            with(&"x\n".repeat(1 << 19)),
            "INVALID: design/cache.discussion.md:1 too-large",
            &["bytes, and 1 MB is the most", "Start a new discussion"],
        ),
    ]
}

fn structure() -> Vec<Broken> {
    vec![
        file(
            "a fence is not closed",
            with("```sql\nSELECT 1;\n"),
            "INVALID: design/cache.discussion.md:16 unclosed-fence",
            &["never closed", "Close the fence"],
        ),
        file(
            "a comment is not closed",
            with("<!-- to be continued\n"),
            "INVALID: design/cache.discussion.md:16 unclosed-comment",
            &["is never closed. Write --&gt; where the comment ends"],
        ),
        file(
            "a header line spans two lines",
            CACHE.replace("Title: A cache", "Title:\nA cache"),
            "INVALID: design/cache.discussion.md:2 header-malformed",
            &["one line for each key"],
        ),
        file(
            "a merge conflict is left",
            with("<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> topic\n"),
            "INVALID: design/cache.discussion.md:16 conflict-marker",
            &["merge conflict", "keep the blocks of both sides"],
        ),
        file(
            "501 blocks",
            with(&"---\n\nName: ann\n\nYes.\n\n".repeat(501)),
            "INVALID: design/cache.discussion.md:3018 too-many-blocks",
            &["501 blocks, 500 are accepted", "Start a new discussion"],
        ),
        file(
            "no marker",
            "# A cache\n\nWords.\n",
            "INVALID: design/cache.discussion.md:1 missing-marker",
            &[
                "ends in .discussion.md",
                "# A cache",
                "Put <!-- DISCUSSION --> on a line of its own",
            ],
        ),
        file(
            "the marker is not at the top",
            format!("# A cache\n\n{CACHE}"),
            "INVALID: design/cache.discussion.md:1 missing-marker",
            &["ends in .discussion.md", "Move line 3"],
        ),
        file(
            "an empty file",
            "",
            "INVALID: design/cache.discussion.md:1 missing-marker",
            &["the file is empty", "Put <!-- DISCUSSION -->"],
        ),
        file(
            "a pointer of Git LFS",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "INVALID: design/cache.discussion.md:1 missing-marker",
            &["large-file pointer", "keep discussions out of Git LFS"],
        ),
    ]
}

fn names() -> Vec<Broken> {
    let twin = with_header("<!-- Id: 0198c0de -->");
    vec![
        file(
            "a misspelt template",
            with_header("<!-- Template: reveiw -->"),
            "INVALID: design/cache.discussion.md:3 unknown-template",
            &["no template is called `reveiw`", "Did you mean `review`?"],
        ),
        file(
            "a misspelt participant",
            CACHE.replace("security,", "securty,"),
            "INVALID: design/cache.discussion.md:3 unknown-participant",
            &["`securty`", "Did you mean `security`?"],
        ),
        file(
            "a participant nobody knows",
            CACHE.replace("security,", "zoologist,"),
            "INVALID: design/cache.discussion.md:3 unknown-participant",
            &[
                "`zoologist`",
                ".github/discussions/personas/zoologist.md on the base branch",
            ],
        ),
        Broken {
            name: "two files with one Id",
            edits: vec![
                FileEdit::write("design/a.discussion.md", &twin),
                FileEdit::write("design/b.discussion.md", &twin),
            ],
            title: "INVALID: design/b.discussion.md:3 duplicate-id",
            says: &[
                "the Id is that of design/a.discussion.md",
                "Delete the Id line of the copy; a discussion needs none.",
            ],
        },
        Broken {
            name: "a symlink",
            edits: vec![FileEdit::symlink(FILE, "../README.md")],
            title: "INVALID: design/cache.discussion.md:1 not-a-file",
            says: &["what stands there is a symlink", "ordinary text file"],
        },
        Broken {
            name: "a submodule",
            edits: vec![FileEdit::Submodule {
                path: FILE.to_owned(),
                commit: discussions::sandbox::Oid::parse(&"5".repeat(40)).unwrap(),
            }],
            title: "INVALID: design/cache.discussion.md:1 not-a-file",
            says: &["what stands there is a submodule", "ordinary text file"],
        },
    ]
}

/// Opens a pull request from a branch of its own.
async fn open(rig: &Rig, name: &str, edits: &[FileEdit]) -> u64 {
    let branch = name.replace(' ', "-").to_lowercase();
    let tip = rig.sandbox.tip(DEMO_REPO, "main").unwrap();
    rig.sandbox
        .create_branch("rob", DEMO_REPO, &branch, &tip)
        .unwrap();
    rig.sandbox
        .push("rob", DEMO_REPO, &branch, "propose", edits)
        .unwrap();
    let new = NewPull {
        title: name.to_owned(),
        head: branch,
        ..NewPull::default()
    };
    let number = rig.sandbox.open_pr("rob", DEMO_REPO, &new).unwrap();
    rig.settle().await;
    number
}

/// Everything a person can read in a check, with Markdown's backslashes taken out.
fn words_of(check: &CheckRun) -> String {
    let parts = [&check.title, &check.summary, &check.text];
    let mut words: Vec<String> = parts.into_iter().flatten().cloned().collect();
    words.extend(check.annotations.iter().map(ToString::to_string));
    words.join("\n").replace('\\', "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_never_green_and_the_check_says_what_to_write_instead() {
    let rig = Rig::start().await;
    let mut wrong = Vec::new();
    for broken in bytes().into_iter().chain(structure()).chain(names()) {
        let number = open(&rig, broken.name, &broken.edits).await;
        let check = rig.check(number);
        let title = check.title.clone().unwrap();
        let words = words_of(&check);
        let missing: Vec<&&str> = broken
            .says
            .iter()
            .filter(|say| !words.contains(**say))
            .collect();
        let is_red = check.conclusion.as_deref() == Some("failure");
        if !is_red || !title.starts_with(broken.title) || !missing.is_empty() {
            let conclusion = check.conclusion;
            wrong.push(format!(
                "## {}: {conclusion:?} {title}\nnot said: {missing:?}\n{words}",
                broken.name
            ));
        }
        let blocks = rig.replies(number);
        assert!(blocks.is_empty(), "{}: {blocks:?}", broken.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    answered(&rig, "and then a good one", CACHE).await;
}

/// Opens a pull request with this text and sees it answered, with every byte of it kept.
async fn answered(rig: &Rig, name: &str, text: &str) {
    let number = open(rig, name, &[FileEdit::write(FILE, text)]).await;
    let check = rig.check(number);
    let title = check.title.unwrap_or_default();
    assert_eq!(
        check.conclusion.as_deref(),
        Some("failure"),
        "{name}: {title}"
    );
    assert!(title.starts_with("CHANGES"), "{name}: {title}");
    let after = rig.file(number, FILE);
    assert!(
        after.starts_with(text),
        "{name}: every byte of the proposal stays"
    );
    let blocks = Discussion::parse(after.as_bytes()).blocks;
    let by_personas = blocks.iter().filter(|block| block.author.persona.is_some());
    assert_eq!(by_personas.count(), 3, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_files_that_are_no_mistake_are_answered() {
    let rig = Rig::start().await;
    let fine = [
        ("CRLF", CACHE.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{CACHE}")),
        ("no line end at the end", CACHE.trim_end().to_owned()),
        ("mixed line ends", CACHE.replacen('\n', "\r\n", 4)),
        (
            "a doubled header",
            with_header("<!-- Title: Another title -->"),
        ),
        ("100,000 separators", with(&"---\n\n".repeat(100_000))),
        ("a line of 900 KB", with(&"x".repeat(900_000))),
    ];
    for (name, text) in fine {
        answered(&rig, name, &text).await;
    }
    let crlf = rig.file(1, FILE);
    assert_eq!(
        crlf.matches('\n').count(),
        crlf.matches("\r\n").count(),
        "replies take the file's line ends"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_made_to_be_slow_are_answered_too() {
    let rig = Rig::start().await;
    let bombs = [
        ("open brackets", "[".repeat(60_000)),
        ("open links", "[a](<b".repeat(20_000)),
        ("emphasis", "*a _b ".repeat(30_000)),
        ("stars", "*".repeat(100_000)),
        (
            "growing code ticks",
            (1..400).map(|n| "`".repeat(n) + " ").collect(),
        ),
        ("nested quotes", "> ".repeat(30_000) + "deep"),
        (
            "nested lists",
            (0..500)
                .map(|n| format!("{}- a\n", "  ".repeat(n)))
                .collect(),
        ),
        ("open comments in a line", "a <!-- ".repeat(30_000) + "-->"),
        ("open tags", "<a ".repeat(40_000)),
        ("entities", "&".repeat(60_000)),
        ("reference definitions", "[a]: b\n".repeat(20_000)),
        ("mentions", "@security ".repeat(20_000)),
        (
            "table cells",
            format!("|{}\n|{}\n", "a|".repeat(5_000), "-|".repeat(5_000)),
        ),
    ];
    for (name, text) in bombs {
        answered(&rig, name, &with(&text)).await;
    }
}
