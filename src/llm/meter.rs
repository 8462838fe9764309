//! What requests to models take: who is told, and asked first. A request is announced with the most it can take before
//! it is made, and settled when its answer is there; one that is never settled took what was announced.

use super::{ModelError, Usage};
use crate::engine::prompt::Rendered;
use crate::ids::Alias;
use async_trait::async_trait;
use sha2::{Digest, Sha256};

/// Bytes of a token in estimates. Texts have three to five; an estimate has to be the larger one.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens that a service adds to a request by itself: roles, the schema of the answer.
const OVERHEAD: u64 = 1_000;

/// What tokens cost, in nano-dollars (10⁻⁹ US dollars) each: three dollars for a million tokens are 3,000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Sent.
    pub input: u64,
    /// Sent, and read from the provider's cache.
    pub cached: u64,
    /// Sent, and written into the provider's cache.
    pub cache_write: u64,
    /// Written by the model.
    pub output: u64,
}

impl Price {
    /// What `usage` costs, in nano-dollars.
    pub fn of(&self, usage: Usage) -> u64 {
        let fresh = usage
            .input
            .saturating_sub(usage.cached)
            .saturating_sub(usage.cache_writes);
        [
            (self.input, fresh),
            (self.cached, usage.cached),
            (self.cache_write, usage.cache_writes),
            (self.output, usage.output),
        ]
        .iter()
        .fold(0, |sum: u64, (price, tokens)| {
            sum.saturating_add(price.saturating_mul(*tokens))
        })
    }

    /// The most that `usage` can cost: whatever the cache does.
    pub fn at_most(&self, usage: Usage) -> u64 {
        let input = self.input.max(self.cached).max(self.cache_write);
        let output = self.output.saturating_mul(usage.output);
        input.saturating_mul(usage.input).saturating_add(output)
    }
}

/// A request that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Full name of the model.
    pub model: &'a str,
    /// Who is to speak.
    pub persona: &'a Alias,
    /// Whether somebody asked it a question.
    pub is_question: bool,
    /// What is sent.
    pub words: &'a Rendered,
    /// Most tokens the model may write.
    pub max_output: u32,
    /// `None`: not known.
    pub price: Option<Price>,
}

impl Request<'_> {
    /// The most tokens it can take, by the length of what is sent.
    pub fn at_most(&self) -> Usage {
        let words = self.words;
        let texts = [&words.system, &words.background, &words.task];
        let tokens: u64 = texts.into_iter().map(|text| most_tokens(text)).sum();
        Usage {
            input: tokens + OVERHEAD,
            output: self.max_output.into(),
            ..Usage::default()
        }
    }

    /// What it takes where nobody counts, by the length of what is sent and of `written` bytes of answer.
    pub fn about(&self, written: usize) -> Usage {
        Usage {
            output: Self::tokens_of(written),
            ..self.at_most()
        }
    }

    /// Tokens of so many bytes of text, the larger number where texts differ.
    pub fn tokens_of(bytes: usize) -> u64 {
        (bytes as u64).div_ceil(BYTES_PER_TOKEN)
    }

    /// SHA-256, in hex, of the model's name and all that is sent, each part with its length before it.
    pub fn hash(&self) -> String {
        let words = self.words;
        let mut hash = Sha256::new_with_prefix(b"discussions/request@1");
        for part in [self.model, &words.system, &words.background, &words.task] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled<'a> {
    /// The model's words, or why there are none.
    pub said: Result<&'a str, &'a str>,
    /// What they took, by the provider's count.
    pub usage: Usage,
    /// How often it was sent without learning what that took: the connection broke, or its time was up.
    pub lost: u64,
}

/// The most tokens of a text: outside ASCII every byte may be one. So may every mark and every digit, and a token takes
/// no more than one word; what is drawn with one mark (`-----`) goes together.
fn most_tokens(text: &str) -> u64 {
    let (mut by_parts, mut ascii, mut rest) = (0, 0, 0);
    for run in text.as_bytes().chunk_by(|a, b| part(*a) == part(*b)) {
        let length = run.len() as u64;
        match run.first().map(|byte| part(*byte)) {
            Some(Part::Blank) => ascii += length,
            Some(Part::Word | Part::Line(_)) => {
                ascii += length;
                by_parts += length.div_ceil(BYTES_PER_TOKEN);
            }
            Some(Part::Mark) => {
                ascii += length;
                by_parts += length;
            }
            Some(Part::Outside) | None => rest += length,
        }
    }
    ascii.div_ceil(BYTES_PER_TOKEN).max(by_parts) + rest
}

/// What a byte of a text is to those who cut it into tokens.
#[derive(PartialEq, Eq)]
enum Part {
    /// Goes with the word behind it.
    Blank,
    Word,
    Line(u8),
    /// Digits, marks, ends of lines.
    Mark,
    Outside,
}

fn part(byte: u8) -> Part {
    match byte {
        b' ' => Part::Blank,
        byte if byte.is_ascii_alphabetic() => Part::Word,
        b'-' | b'=' | b'*' | b'_' | b'#' | b'.' | b'~' | b'`' => Part::Line(byte),
        byte if byte.is_ascii() => Part::Mark,
        _ => Part::Outside,
    }
}

/// Number of an announced request.
pub type CallId = i64;

/// Is told of every request.
#[async_trait]
pub trait Meter: Send + Sync {
    /// Announces a request.
    ///
    /// # Errors
    /// The request must not be made; usually [`ModelError::OverBudget`].
    async fn announce(&self, request: &Request<'_>) -> Result<CallId, ModelError>;

    /// Settles it.
    async fn settle(&self, call: CallId, settled: &Settled<'_>);
}

/// Lets everything pass and keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unmetered;

#[async_trait]
impl Meter for Unmetered {
    async fn announce(&self, _: &Request<'_>) -> Result<CallId, ModelError> {
        Ok(0)
    }

    async fn settle(&self, _: CallId, _: &Settled<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_no_more_than_it_is_said_to() {
        // Tokens by cl100k, of which every text here has at least two hundred.
        for (text, tokens) in [
            ("a b c d ".repeat(100), 400),
            ("1234567890".repeat(100), 334),
            ("{}[]();,<>/?".repeat(50), 200),
            ("a\n".repeat(200), 400),
            ("-_".repeat(200), 200),
            ("naïve café ".repeat(50), 300),
            ("漢字".repeat(100), 300),
            (
                "the proposal does not say who may read the cache. ".repeat(30),
                330,
            ),
        ] {
            let most = most_tokens(&text);
            assert!(most >= tokens, "{most} of {tokens}: {text}");
            assert!(most <= text.len() as u64, "{most}: {text}");
        }
        // What is drawn is not what is written.
        assert_eq!(most_tokens(&"-".repeat(300)), 100);
    }

    #[test]
    fn what_is_cached_costs_its_own_price() {
        let price = Price {
            input: 3_000,
            cached: 300,
            cache_write: 3_750,
            output: 15_000,
        };
        let usage = Usage {
            input: 1_000,
            cached: 600,
            cache_writes: 100,
            output: 10,
        };
        assert_eq!(
            price.of(usage),
            300 * 3_000 + 600 * 300 + 100 * 3_750 + 10 * 15_000
        );
        assert_eq!(price.at_most(usage), 1_000 * 3_750 + 10 * 15_000);
        let senseless = Usage {
            cached: u64::MAX,
            output: u64::MAX,
            ..usage
        };
        assert_eq!(price.of(senseless), u64::MAX);
    }
}
