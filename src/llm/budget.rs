//! What may be spent on models, and whether a request still fits. Pure: sums come in, a verdict goes out.
//!
//! A request counts with the most that it can take until its end is known, so that several at a time cannot pass a
//! limit together.

use super::Usage;
use super::meter::Request;

/// Nano-dollars in a dollar.
pub const DOLLAR: u64 = 1_000_000_000;

/// How the reason begins why somebody was not asked for want of money.
pub const OVER_BUDGET: &str = "the budget: ";

/// What a refusal says that passes with the day.
const AFTER_MIDNIGHT: &str = "ask again after midnight UTC";

/// Whether a refusal (its words, see [`Budget::allows`]) passes by itself: at the next midnight of UTC there is room.
pub fn passes_at_midnight(why: &str) -> bool {
    why.contains(AFTER_MIDNIGHT)
}

/// Where a team sets its limits.
const FILE: &str = ".github/discussions.yml";

/// Limits of one kind; zero: nothing may be spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    /// Nano-dollars; `None`: no limit.
    pub cost: Option<u64>,
    /// Tokens, sent and written; `None`: no limit.
    pub tokens: Option<u64>,
}

/// All limits of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Of one round: everything that one job asks, all its tries.
    pub per_round: Limit,
    /// Of one pull request, for good.
    pub per_pr: Limit,
    /// Of the repository in one day of UTC.
    pub per_day: Limit,
}

impl Default for Budget {
    /// A dollar and 200,000 tokens for a round, five dollars for a pull request, twenty for a day.
    fn default() -> Self {
        let dollars = |dollars: u64| Limit {
            cost: Some(dollars * DOLLAR),
            tokens: None,
        };
        Self {
            per_round: Limit {
                tokens: Some(200_000),
                ..dollars(1)
            },
            per_pr: dollars(5),
            per_day: dollars(20),
        }
    }
}

impl Limit {
    fn smaller(self, other: Self) -> Self {
        let of = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Self {
            cost: of(self.cost, other.cost),
            tokens: of(self.tokens, other.tokens),
        }
    }
}

impl Budget {
    /// The smaller one of each limit.
    pub fn smaller(self, other: Self) -> Self {
        Self {
            per_round: self.per_round.smaller(other.per_round),
            per_pr: self.per_pr.smaller(other.per_pr),
            per_day: self.per_day.smaller(other.per_day),
        }
    }
}

/// What was taken, or may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Sent and written.
    pub tokens: u64,
    /// Nano-dollars; `None`: no price is known.
    pub cost: Option<u64>,
}

/// What was spent before a request, those under way included with their most. A cost of `None` is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    /// In this round.
    pub round: Amount,
    /// On this pull request.
    pub pull: Amount,
    /// In this repository today.
    pub day: Amount,
}

/// The most that a request can take.
pub fn most(request: &Request<'_>) -> Amount {
    let usage = request.at_most();
    Amount {
        tokens: tokens(usage),
        cost: request.price.map(|price| price.at_most(usage)),
    }
}

/// Sent and written.
pub fn tokens(usage: Usage) -> u64 {
    usage.input.saturating_add(usage.output)
}

/// One limit in the way of a request.
struct Scope {
    key: &'static str,
    /// As in "is left ...".
    of: &'static str,
    limit: Limit,
    before: Amount,
}

impl Budget {
    /// Whether a request still fits that can take `most`. A model whose price is not known is held by the limits in
    /// tokens, and by a limit of no dollars at all: refusing it under every limit would make most self-hosted and new
    /// models unusable, and the default has a limit in tokens.
    ///
    /// # Errors
    /// Why it does not fit, with the key of the limit and what to do, as it goes on from [`OVER_BUDGET`].
    pub fn allows(&self, before: &Before, most: Amount) -> Result<(), String> {
        self.check(before, most, " on the base branch")
    }

    /// The same on the command line, where the configuration is that of the working tree.
    ///
    /// # Errors
    /// As [`Self::allows`].
    pub fn allows_on_disk(&self, before: &Before, most: Amount) -> Result<(), String> {
        self.check(before, most, "")
    }

    /// `place`: where the configuration is changed, behind its name.
    fn check(&self, before: &Before, most: Amount, place: &str) -> Result<(), String> {
        for scope in self.scopes(before) {
            scope.has_room_for(most, place)?;
        }
        Ok(())
    }

    fn scopes(&self, before: &Before) -> [Scope; 3] {
        [
            Scope {
                key: "per_round",
                of: "for a round",
                limit: self.per_round,
                before: before.round,
            },
            Scope {
                key: "per_pr",
                of: "for this pull request",
                limit: self.per_pr,
                before: before.pull,
            },
            Scope {
                key: "per_day",
                of: "for this repository today",
                limit: self.per_day,
                before: before.day,
            },
        ]
    }
}

impl Scope {
    fn has_room_for(&self, most: Amount, place: &str) -> Result<(), String> {
        if let Some(limit) = self.limit.tokens {
            let left = limit.saturating_sub(self.before.tokens);
            if most.tokens > left {
                let tokens = |tokens: u64| format!("{} tokens", grouped(tokens));
                return Err(self.refusal(
                    "tokens",
                    &format!("may take up to {}", tokens(most.tokens)),
                    &format!("{} of {}", grouped(left), tokens(limit)),
                    most.tokens <= limit,
                    place,
                ));
            }
        }
        let Some(limit) = self.limit.cost else {
            return Ok(());
        };
        let left = limit.saturating_sub(self.before.cost.unwrap_or(0));
        let (takes, fits_alone) = match most.cost {
            Some(cost) if cost <= left => return Ok(()),
            Some(cost) => (
                format!("may take up to {}", money(cost, Round::Up)),
                cost <= limit,
            ),
            None if limit > 0 => return Ok(()),
            None => ("has no known price".to_owned(), false),
        };
        let left = format!("{} of {}", money(left, Round::Down), dollars(limit));
        Err(self.refusal("usd", &takes, &left, fits_alone, place))
    }

    /// `fits_alone`: had nothing been spent yet, there would be room.
    fn refusal(
        &self,
        kind: &str,
        takes: &str,
        left: &str,
        fits_alone: bool,
        place: &str,
    ) -> String {
        let key = format!("budget.{}.{kind}", self.key);
        let raise = format!("raise `{key}` in {FILE}{place}");
        let way_out = match (self.key, fits_alone) {
            ("per_round", true) => format!("ask again, which is a new round, or {raise}"),
            ("per_day", true) => format!("{AFTER_MIDNIGHT}, or {raise}"),
            _ => format!("{raise}, then ask again"),
        };
        format!("a request {takes}, {left} {} are left; {way_out}", self.of)
    }
}

#[derive(Clone, Copy)]
enum Round {
    Nearest,
    Up,
    Down,
}

/// An amount of nano-dollars for people: cents, and for less than ten of them two digits that say something.
pub fn dollars(nano: u64) -> String {
    money(nano, Round::Nearest)
}

fn money(nano: u64, round: Round) -> String {
    const CENT: u64 = DOLLAR / 100;
    let mut unit = CENT;
    while unit > 1 && nano < unit.saturating_mul(10) {
        unit /= 10;
    }
    let add = match round {
        Round::Nearest => unit / 2,
        Round::Up => unit - 1,
        Round::Down => 0,
    };
    let shown = nano.saturating_add(add) / unit * unit;
    let fraction = format!("{:09}", shown % DOLLAR);
    let digits = fraction.trim_end_matches('0').len().max(2);
    format!("${}.{}", grouped(shown / DOLLAR), &fraction[..digits])
}

/// A number with a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
