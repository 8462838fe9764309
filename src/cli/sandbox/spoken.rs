//! What a person types at the terminal of a sandbox: a comment, perhaps in somebody's name and on a certain pull
//! request.

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Spoken {
    /// How to talk.
    Help,
    /// A comment.
    Comment {
        /// Login.
        who: String,
        /// Pull request; `None`: the only open one.
        number: Option<u64>,
        /// Text.
        text: String,
    },
}

/// Reads a line: `[NAME] [NUMBER]: TEXT`, or just the text. The first of `people` speaks where no name is given.
///
/// # Errors
/// What was not understood, and what to type instead.
pub fn understand(line: &str, people: &[&str]) -> Result<Option<Spoken>, String> {
    let line = line.trim();
    let you = people.first().copied().unwrap_or_default();
    if line.is_empty() {
        return Ok(None);
    }
    if line == "help" || line == "?" {
        return Ok(Some(Spoken::Help));
    }
    let said = |who: &str, number: Option<u64>, text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return Err("there is no text behind the colon".to_owned());
        }
        Ok(Some(Spoken::Comment {
            who: who.to_owned(),
            number,
            text: text.to_owned(),
        }))
    };
    let Some((head, text)) = line.split_once(':').filter(|_| !line.starts_with('/')) else {
        return said(you, None, line);
    };
    let number = |word: &str| word.trim_start_matches('#').parse::<u64>().ok();
    let words: Vec<&str> = head.split_whitespace().collect();
    let named = |word: &str| {
        let person = people
            .iter()
            .find(|person| person.eq_ignore_ascii_case(word));
        person.copied().ok_or_else(|| {
            format!(
                "nobody here is called `{word}`; a line may begin with {}, and a text with a colon needs `{you}:` in front",
                people
                    .iter()
                    .map(|person| format!("`{person}:`"))
                    .collect::<Vec<_>>()
                    .join(" or ")
            )
        })
    };
    match words.as_slice() {
        [one] => match number(one) {
            Some(number) => said(you, Some(number), text),
            None => said(named(one)?, None, text),
        },
        [name, last] if number(last).is_some() => said(named(name)?, number(last), text),
        _ => said(you, None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let people = ["ada", "reviewer"];
        let cases = [
            (
                "/discuss vote ready",
                Some(("ada", None, "/discuss vote ready")),
            ),
            (
                "/discuss vote ready: it is fine",
                Some(("ada", None, "/discuss vote ready: it is fine")),
            ),
            ("2: /discuss", Some(("ada", Some(2), "/discuss"))),
            ("#2: /discuss", Some(("ada", Some(2), "/discuss"))),
            (
                "reviewer: /discuss vote ready",
                Some(("reviewer", None, "/discuss vote ready")),
            ),
            (
                "Reviewer 3: looks good: yes",
                Some(("reviewer", Some(3), "looks good: yes")),
            ),
            ("I think so: yes", Some(("ada", None, "I think so: yes"))),
            ("eve: hello", None),
            ("Note: this", None),
            ("2:", None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|(who, number, text)| Spoken::Comment {
                who: who.to_owned(),
                number,
                text: text.to_owned(),
            });
            assert_eq!(understand(line, &people).ok().flatten(), expected, "{line}");
        }
        assert_eq!(understand("  ", &people), Ok(None));
        assert_eq!(understand("?", &people), Ok(Some(Spoken::Help)));
    }
}
