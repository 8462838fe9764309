//! Exact fractions: shares of votes are compared in integers, so 2 of 3 reaches 2/3.

use std::fmt;

/// Largest denominator that can be written. No panel is that large, and products stay far inside 128 bits.
const MOST_PARTS: u64 = 1_000_000_000;

/// What to write instead of something that is no fraction.
const SPELLINGS: &str =
    "write a fraction like 2/3, a percentage like 67%, a decimal like 0.67, or all";

/// An exact fraction, `2/3`, `67%`, `0.67` or `all` (1/1). Always in 0..=1, denominator above 0.
/// [`Fraction::parse`] gives lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// Numerator.
    pub numerator: u64,
    /// Denominator, never 0.
    pub denominator: u64,
}

impl Fraction {
    /// Two thirds, where nothing else is said.
    pub const TWO_THIRDS: Self = Self {
        numerator: 2,
        denominator: 3,
    };

    /// Reads one of the four spellings. The error says what was read and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self {
                numerator: 1,
                denominator: 1,
            });
        }
        let parts = if let Some((part, whole)) = text.split_once('/') {
            whole_number(part.trim_end()).zip(whole_number(whole.trim_start()))
        } else if let Some(percent) = text.strip_suffix('%') {
            decimal(percent.trim_end()).and_then(|(n, d)| Some((n, d.checked_mul(100)?)))
        } else if text.contains('.') {
            decimal(text)
        } else {
            None
        };
        let Some((numerator, denominator)) = parts else {
            let shown: String = text.chars().take(40).collect();
            return Err(format!("`{shown}` is not a fraction: {SPELLINGS}"));
        };
        if denominator == 0 {
            return Err(format!("`{text}` divides by zero: {SPELLINGS}"));
        }
        if numerator > denominator {
            return Err(format!("`{text}` is more than all: {SPELLINGS}"));
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Ok(Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        })
    }

    /// Whether `part` of `whole` reaches it, compared exactly: 2 of 3 reaches 2/3. False if `whole` is 0.
    pub fn is_reached(self, part: usize, whole: usize) -> bool {
        whole > 0 && product(part as u64, self.denominator) >= product(self.numerator, whole as u64)
    }

    /// The larger of two.
    pub fn stricter(self, other: Self) -> Self {
        let ours = product(self.numerator, other.denominator);
        let theirs = product(other.numerator, self.denominator);
        if theirs > ours { other } else { self }
    }

    /// Whether it asks for nothing.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }
}

impl fmt::Display for Fraction {
    /// `all`, `2/3`, or a percentage where that is exact and the denominator is long (`67%`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.numerator == self.denominator {
            f.write_str("all")
        } else if self.denominator > 10 && 100 % self.denominator == 0 {
            write!(f, "{}%", self.numerator * (100 / self.denominator))
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// Digits only: no sign, no blank, no separator.
fn whole_number(digits: &str) -> Option<u64> {
    let only_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    only_digits
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|number| *number <= MOST_PARTS)
}

/// `0.67` as 67/100; digits without a point as a whole number over 1.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if places.len() > 9 || (text.contains('.') && places.is_empty()) {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(places.len()).ok()?);
    let whole = whole_number(whole)?;
    let places = if places.is_empty() {
        0
    } else {
        whole_number(places)?
    };
    Some((whole.checked_mul(scale)?.checked_add(places)?, scale))
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}
