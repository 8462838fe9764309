//! What tokens cost: the type, how it is written in `discussions.toml`, and the list prices of a few models.

use std::fmt;

/// What tokens cost, in nano-dollars (10⁻⁹ US dollars) each: three dollars for a million tokens are 3,000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Sent.
    pub input: u64,
    /// Sent, and read from the provider's cache.
    pub cached_input: u64,
    /// Sent, and written into the provider's cache.
    pub cache_write: u64,
    /// Written by the model.
    pub output: u64,
}

impl Price {
    /// Nothing at all.
    pub const FREE: Self = Self::per_million(0, 0, 0, 0);

    /// From thousandths of a dollar for a million tokens, which are nano-dollars a token.
    const fn per_million(input: u64, cached_input: u64, cache_write: u64, output: u64) -> Self {
        Self {
            input,
            cached_input,
            cache_write,
            output,
        }
    }

    /// Whether nothing costs anything.
    pub fn is_free(&self) -> bool {
        *self == Self::FREE
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_free() {
            return f.write_str("free");
        }
        let (input, output) = (dollars(self.input), dollars(self.output));
        write!(f, "{input} in, {output} out")?;
        if self.cached_input != self.input {
            write!(f, ", {} cached", dollars(self.cached_input))?;
        }
        if self.cache_write != self.input {
            write!(f, ", {} written to the cache", dollars(self.cache_write))?;
        }
        f.write_str(" per million tokens")
    }
}

/// Thousandths of a dollar as dollars: `$3`, `$0.30`, `$0.025`.
fn dollars(thousandths: u64) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    match rest {
        0 => format!("${whole}"),
        rest if rest % 10 == 0 => format!("${whole}.{:02}", rest / 10),
        rest => format!("${whole}.{rest:03}"),
    }
}

/// Dollars for a million tokens that no model asks; beyond, somebody meant another unit.
const ABSURD: u64 = 10_000;

/// An amount of dollars for a million tokens, as it is written, in nano-dollars for one: exactly, so at most three
/// decimal places.
///
/// # Errors
/// What is wrong with it, to be put behind the key's name.
pub(super) fn amount(written: &str) -> Result<u64, String> {
    let (whole, places) = written.split_once('.').unwrap_or((written, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(places) {
        return Err(format!("needs an amount of dollars, not `{written}`"));
    }
    let places = places.trim_end_matches('0');
    if places.len() > 3 {
        return Err(format!("has more than three decimal places: `{written}`"));
    }
    let thousandths = format!("{places:0<3}").parse::<u64>().unwrap_or(0);
    match whole.parse::<u64>() {
        Ok(whole) if whole < ABSURD => Ok(whole * 1_000 + thousandths),
        _ => Err(format!("is `{written}`, which no model costs")),
    }
}

/// List prices, by provider and the beginning of a model's id up to its end or a date. As of November 2026, by
/// <https://platform.claude.com/docs/en/about-claude/pricing> (cache writes that last five minutes) and
/// <https://developers.openai.com/api/docs/pricing> (standard tier; writing to the cache costs what input does). Models
/// whose price depends on a prompt's length have no line here. Whatever `discussions.toml` says wins.
const KNOWN: &[(&str, &[&str], Price)] = &[
    (
        "anthropic",
        &["claude-sonnet-4-5", "claude-sonnet-4-6"],
        Price::per_million(3_000, 300, 3_750, 15_000),
    ),
    (
        "anthropic",
        &["claude-haiku-4-5"],
        Price::per_million(1_000, 100, 1_250, 5_000),
    ),
    (
        "anthropic",
        &[
            "claude-opus-4-5",
            "claude-opus-4-6",
            "claude-opus-4-7",
            "claude-opus-4-8",
            "claude-opus-5",
        ],
        Price::per_million(5_000, 500, 6_250, 25_000),
    ),
    (
        "openai",
        &["gpt-5"],
        Price::per_million(1_250, 125, 1_250, 10_000),
    ),
    (
        "openai",
        &["gpt-5-mini"],
        Price::per_million(250, 25, 250, 2_000),
    ),
    (
        "openai",
        &["gpt-5-nano"],
        Price::per_million(50, 5, 50, 400),
    ),
];

/// The list price of a provider's own model, if it is known here.
pub(super) fn known(provider: &str, id: &str) -> Option<Price> {
    let is_date = |rest: &str| {
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    };
    let is_it = |name: &&str| {
        id.strip_prefix(*name)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(is_date))
    };
    let mut all = KNOWN.iter();
    all.find(|(whose, names, _)| *whose == provider && names.iter().any(is_it))
        .map(|(_, _, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (written, expected) in [
            ("3", 3_000),
            ("3.0", 3_000),
            ("0.3", 300),
            ("0.025", 25),
            ("0.0250", 25),
            ("9999.999", 9_999_999),
            ("0", 0),
        ] {
            assert_eq!(amount(written), Ok(expected), "{written}");
        }
        for written in [
            "-1",
            "nan",
            "inf",
            "1e3",
            "10000",
            "0.0005",
            "+3",
            "99999999999999999999",
            "",
        ] {
            assert!(amount(written).is_err(), "{written}");
        }
    }

    #[test]
    fn dated_ids_cost_what_their_model_does_and_others_are_not_taken_for_it() {
        let sonnet = known("anthropic", "claude-sonnet-4-5");
        assert_eq!(sonnet.map(|price| price.output), Some(15_000));
        assert_eq!(known("anthropic", "claude-sonnet-4-5-20250929"), sonnet);
        let dated = known("openai", "gpt-5-mini-2025-08-07");
        assert_eq!(dated.map(|price| price.cached_input), Some(25));
        for id in [
            "gpt-5-pro",
            "gpt-5.1",
            "gpt-5-mini-tuned",
            "claude-sonnet-4-5",
        ] {
            assert_eq!(known("openai", id), None, "{id}");
        }
    }

    #[test]
    fn prices_read_well() {
        let price = Price::per_million(250, 25, 250, 2_000);
        let said = "$0.25 in, $2 out, $0.025 cached per million tokens";
        assert_eq!(price.to_string(), said);
        assert_eq!(Price::FREE.to_string(), "free");
    }
}
