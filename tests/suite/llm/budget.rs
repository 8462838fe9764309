//! The verdict on a request, for every limit, and that no order of requests passes one.

use discussions::llm::budget::{Amount, Before, Budget, DOLLAR, Limit, dollars, grouped};
use proptest::prelude::*;

fn amount(tokens: u64, cost: Option<u64>) -> Amount {
    Amount { tokens, cost }
}

#[test]
fn money_and_numbers_are_written_for_people() {
    for (nano, text) in [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (1_234, "$0.0000012"),
        (8_000_000, "$0.008"),
        (8_400_000, "$0.0084"),
        (9_999_999, "$0.01"),
        (120_000_000, "$0.12"),
        (DOLLAR, "$1.00"),
        (1_234 * DOLLAR + 567_000_000, "$1,234.57"),
    ] {
        assert_eq!(dollars(nano), text, "{nano}");
    }
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

#[test]
fn a_refusal_says_what_is_left_where_and_what_to_do() {
    let spent = amount(190_000, Some(DOLLAR * 99 / 100));
    let fresh = Before::default();
    let budget = Budget::default();
    for (before, most, words) in [
        (
            Before {
                round: spent,
                ..fresh
            },
            amount(5_000, Some(DOLLAR / 50)),
            "a request may take up to $0.02, $0.01 of $1.00 for a round are left; ask again, which is a new round, or \
             raise `budget.per_round.usd` in .github/discussions.yml on the base branch",
        ),
        (
            Before {
                round: spent,
                ..fresh
            },
            amount(12_000, None),
            "a request may take up to 12,000 tokens, 10,000 of 200,000 tokens for a round are left; ask again, which is \
             a new round, or raise `budget.per_round.tokens` in .github/discussions.yml on the base branch",
        ),
        (
            fresh,
            amount(200_001, Some(0)),
            "a request may take up to 200,001 tokens, 200,000 of 200,000 tokens for a round are left; raise \
             `budget.per_round.tokens` in .github/discussions.yml on the base branch, then ask again",
        ),
        (
            Before {
                pull: amount(0, Some(6 * DOLLAR)),
                ..fresh
            },
            amount(1, Some(1)),
            "a request may take up to $0.000000001, $0.00 of $5.00 for this pull request are left; raise \
             `budget.per_pr.usd` in .github/discussions.yml on the base branch, then ask again",
        ),
        (
            Before {
                day: amount(0, Some(20 * DOLLAR)),
                ..fresh
            },
            amount(1, Some(DOLLAR / 100)),
            "a request may take up to $0.01, $0.00 of $20.00 for this repository today are left; ask again after \
             midnight UTC, or raise `budget.per_day.usd` in .github/discussions.yml on the base branch",
        ),
    ] {
        assert_eq!(budget.allows(&before, most), Err(words.to_owned()));
    }
}

#[test]
fn what_exactly_fits_is_allowed_and_no_price_is_held_by_tokens_alone() {
    let budget = Budget::default();
    let all = amount(200_000, Some(DOLLAR));
    assert_eq!(budget.allows(&Before::default(), all), Ok(()));
    let broke = amount(0, Some(u64::MAX));
    let before = Before {
        round: broke,
        pull: broke,
        day: broke,
    };
    assert_eq!(budget.allows(&before, amount(1, None)), Ok(()));
    assert_eq!(
        budget.allows(&before, amount(1, Some(0))),
        Ok(()),
        "free is free"
    );
    let nothing = Budget {
        per_day: Limit {
            cost: Some(0),
            tokens: None,
        },
        ..budget
    };
    assert!(nothing.allows(&Before::default(), amount(1, None)).is_err());
    assert!(
        nothing
            .allows(&Before::default(), amount(1, Some(0)))
            .is_ok()
    );
}

/// A request in a made-up history.
#[derive(Debug, Clone)]
struct Step {
    round: u8,
    pull: u8,
    day: u8,
    most: (u64, u64),
    /// Share of the most that it takes, in percent.
    takes: u64,
    /// How many later requests are announced before it is settled.
    settled_after: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let places = (0..3_u8, 0..3_u8, 0..2_u8);
    let amounts = ((0..300_u64, 0..300_u64), 0..=100_u64, 0..6_usize);
    (places, amounts).prop_map(|((round, pull, day), (most, takes, settled_after))| Step {
        round,
        pull,
        day,
        most,
        takes,
        settled_after,
    })
}

fn limit() -> impl Strategy<Value = Limit> {
    let maybe = || proptest::option::of(0..1_000_u64);
    (maybe(), maybe()).prop_map(|(cost, tokens)| Limit { cost, tokens })
}

/// What a request counts: its most, then what it took.
struct Counted {
    step: Step,
    tokens: u64,
    cost: u64,
}

fn sum<'a>(rows: impl Iterator<Item = &'a Counted>) -> Amount {
    let (tokens, cost) = rows.fold((0, 0), |(tokens, cost), row| {
        (tokens + row.tokens, cost + row.cost)
    });
    amount(tokens, Some(cost))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_requests_passes_a_limit(
        steps in proptest::collection::vec(step(), 0..40),
        limits in (limit(), limit(), limit()),
    ) {
        let budget = Budget { per_round: limits.0, per_pr: limits.1, per_day: limits.2 };
        let mut rows: Vec<Counted> = Vec::new();
        let mut due: Vec<(usize, usize)> = Vec::new();
        for (now, step) in steps.into_iter().enumerate() {
            for (row, _) in due.extract_if(.., |(_, at)| *at <= now) {
                let row: &mut Counted = &mut rows[row];
                row.tokens = row.step.most.0 * row.step.takes / 100;
                row.cost = row.step.most.1 * row.step.takes / 100;
            }
            // A round is one pull request's, on one day or over midnight.
            let before = |step: &Step, rows: &[Counted]| Before {
                round: sum(rows.iter().filter(|row| (row.step.pull, row.step.round) == (step.pull, step.round))),
                pull: sum(rows.iter().filter(|row| row.step.pull == step.pull)),
                day: sum(rows.iter().filter(|row| row.step.day == step.day)),
            };
            let most = amount(step.most.0, Some(step.most.1));
            let allowed = budget.allows(&before(&step, &rows), most).is_ok();
            if allowed {
                due.push((rows.len(), now + 1 + step.settled_after));
                rows.push(Counted { step: step.clone(), tokens: step.most.0, cost: step.most.1 });
            }
            let after = before(&step, &rows);
            for (limit, sum) in [
                (budget.per_round, after.round),
                (budget.per_pr, after.pull),
                (budget.per_day, after.day),
            ] {
                prop_assert!(!allowed || limit.tokens.is_none_or(|limit| sum.tokens <= limit));
                prop_assert!(!allowed || limit.cost.is_none_or(|limit| sum.cost.unwrap() <= limit));
            }
            if !allowed {
                let full = |limit: Limit, sum: Amount| {
                    limit.tokens.is_some_and(|limit| sum.tokens + most.tokens > limit)
                        || limit.cost.is_some_and(|limit| sum.cost.unwrap() + most.cost.unwrap() > limit)
                };
                prop_assert!(
                    full(budget.per_round, after.round) || full(budget.per_pr, after.pull)
                        || full(budget.per_day, after.day),
                    "refused although it fits"
                );
            }
        }
    }
}
