//! Words from outside (a service's error, a program's complaint), made fit to stand in an error: one line, short,
//! nothing secret. Pure.

/// Characters that are kept.
pub(super) const LENGTH: usize = 300;

/// What stands in place of a secret.
const GONE: &str = "[redacted]";

/// How keys of model services and of GitHub begin.
const KEY_PREFIXES: [&str; 11] = [
    "sk-",
    "sk_",
    "pk-",
    "gsk_",
    "xai-",
    "AIza",
    "hf_",
    "ghp_",
    "ghs_",
    "github_pat_",
    "eyJ",
];

/// Characters behind such a beginning that make it a key; services show keys with stars in the middle.
const KEY_LENGTH: usize = 6;

/// One line of at most [`LENGTH`] characters without `secrets` and without anything that looks like a key or follows
/// the word `Bearer`. Secrets go first: cutting could leave half of one that no longer looks like it.
pub(super) fn fit(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, GONE);
    }
    shorten(&without_keys(&text), LENGTH)
}

/// The beginning of a text on one line; control characters and line ends become blanks.
pub(super) fn shorten(text: &str, length: usize) -> String {
    let mut line = String::new();
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    let mut left = length;
    while let Some(word) = words.next() {
        if !line.is_empty() {
            line.push(' ');
        }
        let kept: String = word.chars().take(left).collect();
        line.push_str(&kept);
        if kept.len() < word.len() {
            return line + "…";
        }
        left = left.saturating_sub(kept.chars().count() + 1);
        if left == 0 {
            return match words.next() {
                Some(_) => line + "…",
                None => line,
            };
        }
    }
    line
}

/// The text with its keys taken out, word by word.
fn without_keys(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut follows_bearer = false;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_key(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if !word.is_empty() {
            clean.push_str(&if follows_bearer {
                GONE.to_owned()
            } else {
                without_key(word)
            });
            follows_bearer = word.eq_ignore_ascii_case("bearer");
        }
        let gap = behind.find(is_of_key).unwrap_or(behind.len());
        clean.push_str(&behind[..gap]);
        rest = &behind[gap..];
    }
    clean
}

/// A word, cut off where a key begins in it.
fn without_key(word: &str) -> String {
    let starts = KEY_PREFIXES.iter().flat_map(|prefix| {
        word.match_indices(prefix)
            .filter(|(at, _)| {
                starts_word(word, *at) && word.len() - at >= prefix.len() + KEY_LENGTH
            })
            .map(|(at, _)| (at, prefix.len()))
    });
    match starts.min() {
        Some((at, prefix)) => format!("{}{GONE}", &word[..at + prefix]),
        None => word.to_owned(),
    }
}

/// Whether nothing that belongs to a plain word stands before: `task-force` holds no key.
fn starts_word(word: &str, at: usize) -> bool {
    let before = word[..at].chars().next_back();
    !before.is_some_and(|c| c.is_ascii_alphanumeric())
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-*+/=~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_form_are_taken_out() {
        let cases = [
            (
                "Incorrect API key: sk-proj-abc***xyz.",
                "Incorrect API key: sk-[redacted]",
            ),
            (
                "key=sk-ant-api03-AAAA_BBB, sorry",
                "key=sk-[redacted], sorry",
            ),
            (
                "sent `Authorization: Bearer a.b-c`",
                "sent `Authorization: Bearer [redacted]`",
            ),
            ("{\"k\":\"gsk_1234567\"}", "{\"k\":\"gsk_[redacted]\"}"),
            ("the house key of hunter22!", "the house key of [redacted]!"),
            (
                "a task-forcefully done, sk-x",
                "a task-forcefully done, sk-x",
            ),
            ("two\r\n\tlines\u{1b}[31m  é", "two lines [31m é"),
        ];
        for (text, wanted) in cases {
            assert_eq!(fit(text, &["hunter22", ""]), wanted);
        }
    }

    #[test]
    fn a_secret_is_gone_before_the_text_is_cut() {
        for lead in 280..305 {
            let said = fit(
                &format!("{} correct-horse", "é".repeat(lead)),
                &["correct-horse"],
            );
            assert!(!said.contains("corr"), "{said}");
            assert!(said.chars().count() <= LENGTH + 1, "{said}");
        }
        assert_eq!(shorten(&"ab ".repeat(9), 5), "ab ab…");
        assert_eq!(shorten("ab ab", 5), "ab ab");
    }
}
