//! `discussions costs`: what requests to models took, read from the server's database.

use super::output::{BOLD, DIM, Output, styled};
use super::{Failure, Outcome, kept};
use crate::ids::Repo;
use crate::llm::budget::{DOLLAR, dollars, grouped};
use crate::store::{DAY, Spending, Store};
use chrono::{DateTime, NaiveDate, NaiveTime};
use clap::ValueEnum;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Arguments of `costs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions costs\n  \
    discussions costs --by month\n  \
    discussions costs --repo octo/design --pr 7 --by model --json\n\n\
    Reads the database of `serve`, by DATABASE_URL or DATA_DIR, also while the server runs. Days and months are those of \
    UTC. What the command line itself asks (`discussions turn`) is not recorded.")]
pub struct Arguments {
    /// Only this repository
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository)]
    repo: Option<(String, String)>,
    /// Only this pull request of the repository
    #[arg(long, value_name = "NUMBER", requires = "repo")]
    pr: Option<u64>,
    /// Only this persona
    #[arg(long, value_name = "ALIAS")]
    persona: Option<String>,
    /// One line for each of these
    #[arg(long, value_enum, default_value_t = By::Persona)]
    by: By,
    /// Only from this day on, as in 2026-05-01
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<NaiveDate>,
    /// Print JSON, schema discussions/costs@1
    #[arg(long)]
    json: bool,
}

/// What lines are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Repo,
    Pr,
    Persona,
    Model,
    Month,
    Day,
}

/// Reads OWNER/NAME.
pub(super) fn repository(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((owner.to_owned(), name.to_owned()))
        }
        _ => Err("write OWNER/NAME, as in octo/design".to_owned()),
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .map_err(|_| "write a day as in 2026-05-01".to_owned())
}

/// Requests added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sum {
    requests: u64,
    input: u64,
    cached: u64,
    cache_writes: u64,
    output: u64,
    /// Nano-dollars; `None`: of none of them the price is known.
    cost: Option<u64>,
    unpriced: u64,
    unsettled: u64,
    lost: u64,
}

#[derive(Serialize)]
struct SumJson {
    requests: u64,
    input_tokens: u64,
    cached_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    /// Of the requests whose price is known; null: of none it is.
    usd: Option<f64>,
    unpriced_requests: u64,
    unsettled_requests: u64,
    lost_requests: u64,
}

#[derive(Serialize)]
struct RowJson<'a> {
    name: &'a str,
    #[serde(flatten)]
    sum: SumJson,
}

#[derive(Serialize)]
struct CostsJson<'a> {
    schema: &'static str,
    by: By,
    repo: Option<String>,
    pr: Option<u64>,
    persona: Option<&'a str>,
    since: Option<String>,
    rows: Vec<RowJson<'a>>,
    total: SumJson,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let since = arguments.since.map_or(0, |day| {
        day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
    });
    let spending = read(since).await?;
    let names = newest_names(&spending);
    let chosen: Vec<&Spending> = spending
        .iter()
        .filter(|row| arguments.takes(row, &spending))
        .collect();
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut total = Sum::default();
    for row in &chosen {
        sums.entry(arguments.by.name(row, &names))
            .or_default()
            .add(row);
        total.add(row);
    }
    let mut rows: Vec<(String, Sum)> = sums.into_iter().collect();
    if !matches!(arguments.by, By::Month | By::Day) {
        // Dearest first; names are in order already.
        rows.sort_by_key(|(_, sum)| Reverse((sum.cost.unwrap_or(0), sum.tokens())));
    }
    if arguments.json {
        output.json(&arguments.json(&rows, &total));
        return Ok(Outcome::Fine);
    }
    if rows.is_empty() {
        let nothing = "no request to a model is recorded";
        output.result(format!("{nothing}{}", arguments.narrowed()));
        if !spending.is_empty() {
            let known: BTreeSet<&String> = names.values().collect();
            let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
            output.note(format!("there are some of {}", known.join(", ")));
        }
        return Ok(Outcome::Fine);
    }
    print(arguments.by, &rows, &total, output);
    notes(&chosen, &total, output);
    Ok(Outcome::Fine)
}

/// Everything since a time, ms, beside a server that runs.
async fn read(since: i64) -> Result<Vec<Spending>, Failure> {
    let store = kept::open().await?;
    let spending = store.spent_since(since).await;
    store.close().await.map_err(kept::unreadable)?;
    spending.map_err(kept::unreadable)
}

/// Repositories by their numbers, with the name that was heard last.
fn newest_names(spending: &[Spending]) -> BTreeMap<u64, String> {
    let in_order = spending.iter();
    in_order.map(|row| (row.repo.id, full(&row.repo))).collect()
}

fn full(repo: &Repo) -> String {
    format!("{}/{}", repo.owner, repo.name)
}

impl Arguments {
    /// Whether a row is asked for. A repository is meant by any name that it had.
    fn takes(&self, row: &Spending, all: &[Spending]) -> bool {
        let is_named = |(owner, name): &(String, String)| {
            let had = |other: &&Spending| {
                other.repo.owner.eq_ignore_ascii_case(owner)
                    && other.repo.name.eq_ignore_ascii_case(name)
            };
            let mut named = all.iter().filter(had);
            named.any(|other| other.repo.id == row.repo.id)
        };
        let persona = self.persona.as_ref();
        self.repo.as_ref().is_none_or(is_named)
            && self.pr.is_none_or(|number| number == row.number)
            && persona.is_none_or(|alias| {
                alias
                    .trim_start_matches('@')
                    .eq_ignore_ascii_case(&row.persona)
            })
    }

    /// What was asked for, as it goes on from "recorded".
    fn narrowed(&self) -> String {
        let mut text = String::new();
        if let Some((owner, name)) = &self.repo {
            text.push_str(&format!(" of {owner}/{name}"));
        }
        if let Some(number) = self.pr {
            text.push_str(&format!("#{number}"));
        }
        if let Some(alias) = &self.persona {
            text.push_str(&format!(" for {alias}"));
        }
        if let Some(day) = self.since {
            text.push_str(&format!(" since {day}"));
        }
        text
    }

    fn json<'a>(&'a self, rows: &'a [(String, Sum)], total: &Sum) -> CostsJson<'a> {
        let repo = self.repo.as_ref();
        CostsJson {
            schema: "discussions/costs@1",
            by: self.by,
            repo: repo.map(|(owner, name)| format!("{owner}/{name}")),
            pr: self.pr,
            persona: self.persona.as_deref(),
            since: self.since.map(|day| day.to_string()),
            rows: rows
                .iter()
                .map(|(name, sum)| RowJson {
                    name,
                    sum: sum.json(),
                })
                .collect(),
            total: total.json(),
        }
    }
}

impl By {
    fn name(self, row: &Spending, names: &BTreeMap<u64, String>) -> String {
        let repo = || names.get(&row.repo.id).cloned().unwrap_or_default();
        let date = |format: &str| {
            DateTime::from_timestamp_millis(row.day.saturating_mul(DAY))
                .map_or(String::new(), |time| time.format(format).to_string())
        };
        match self {
            Self::Repo => repo(),
            Self::Pr => format!("{}#{}", repo(), row.number),
            Self::Persona => row.persona.clone(),
            Self::Model => row.model.clone(),
            Self::Month => date("%Y-%m"),
            Self::Day => date("%Y-%m-%d"),
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Repo => "repository",
            Self::Pr => "pull request",
            Self::Persona => "persona",
            Self::Model => "model",
            Self::Month => "month",
            Self::Day => "day",
        }
    }
}

impl Sum {
    fn add(&mut self, row: &Spending) {
        let taken = &row.taken;
        let both = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        both(&mut self.requests, row.calls);
        both(&mut self.input, taken.input);
        both(&mut self.cached, taken.cached);
        both(&mut self.cache_writes, taken.cache_writes);
        both(&mut self.output, taken.output);
        both(&mut self.unpriced, row.unpriced);
        both(&mut self.unsettled, row.unsettled);
        both(&mut self.lost, row.lost);
        if let Some(cost) = taken.cost {
            self.cost = Some(self.cost.unwrap_or(0).saturating_add(cost));
        }
    }

    fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    fn cells(&self, name: &str) -> [String; 4] {
        [
            name.to_owned(),
            grouped(self.requests),
            grouped(self.tokens()),
            self.cost.map_or("not known".to_owned(), dollars),
        ]
    }

    fn json(&self) -> SumJson {
        SumJson {
            requests: self.requests,
            input_tokens: self.input,
            cached_tokens: self.cached,
            cache_write_tokens: self.cache_writes,
            output_tokens: self.output,
            usd: self.cost.map(|nano| nano as f64 / DOLLAR as f64),
            unpriced_requests: self.unpriced,
            unsettled_requests: self.unsettled,
            lost_requests: self.lost,
        }
    }
}

fn print(by: By, rows: &[(String, Sum)], total: &Sum, output: &Output) {
    let heading = [by.heading(), "requests", "tokens", "cost"].map(str::to_owned);
    let body = rows.iter().map(|(name, sum)| sum.cells(name));
    let lines: Vec<[String; 4]> = std::iter::once(heading)
        .chain(body)
        .chain([total.cells("total")])
        .collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|cells| cells[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    for (number, [name, requests, tokens, cost]) in lines.iter().enumerate() {
        let line = format!(
            "{name:<0$}  {requests:>1$}  {tokens:>2$}  {cost:>3$}",
            widths[0], widths[1], widths[2], widths[3]
        );
        match number {
            0 => output.result(styled(DIM, line)),
            last if last + 1 == lines.len() => output.result(styled(BOLD, line)),
            _ => output.result(line),
        }
    }
}

/// What the figures do not say by themselves.
fn notes(chosen: &[&Spending], total: &Sum, output: &Output) {
    let requests = |count: u64| match count {
        1 => "1 request".to_owned(),
        many => format!("{} requests", grouped(many)),
    };
    if total.unpriced > 0 {
        let models = chosen.iter().filter(|row| row.unpriced > 0);
        let models: BTreeSet<&str> = models.map(|row| row.model.as_str()).collect();
        output.note(format!(
            "the price of {} is not known ({}): only their tokens are counted",
            models.into_iter().collect::<Vec<_>>().join(", "),
            requests(total.unpriced)
        ));
    }
    if total.unsettled > 0 {
        output.note(format!(
            "{} without a known end, under way or cut off, counted with the most they can have taken",
            requests(total.unsettled)
        ));
    }
    if total.lost > 0 {
        output.note(format!(
            "{} sent at least once without an answer, counted with the most that can have taken",
            requests(total.lost)
        ));
    }
}
