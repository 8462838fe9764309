//! `discussions health`: asks a running server whether it is well. For container health checks, where there is no curl.

use super::output::Output;
use super::{Failure, Outcome};
use crate::config;
use reqwest::Url;
use std::time::Duration;

/// How long the server may take: a little more than it gives its database.
const PATIENCE: Duration = Duration::from_secs(4);

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions health\n  \
    discussions health http://127.0.0.1:3000/healthz\n\n\
    /readyz answers with success while the server can store deliveries, /healthz while the process lives.")]
pub struct Arguments {
    /// Page to ask; by default /readyz on this machine, at the HOST and PORT of the environment
    #[arg(value_name = "URL")]
    url: Option<Url>,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let url = match &arguments.url {
        Some(url) => url.to_string(),
        None => {
            let address = config::local_address().map_err(|error| {
                Failure::new("settings", error.to_string())
                    .hint("Correct it, or name the page: discussions health URL.")
            })?;
            format!("http://{address}{}", config::READY_PATH)
        }
    };
    // A proxy of the environment would answer for itself, not for the server on this machine.
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let client = client
        .build()
        .map_err(|error| Failure::new("internal", error.to_string()))?;
    match client.get(&url).send().await {
        Ok(answer) if answer.status().is_success() => {
            output.result(format!("{url}: {}", answer.status()));
            Ok(Outcome::Fine)
        }
        Ok(answer) => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
            output.result(format!("{url}: {status} {text}"));
            Ok(Outcome::No)
        }
        Err(error) => {
            let why = match (error.is_timeout(), error.is_connect()) {
                (true, _) => format!("no answer within {} s", PATIENCE.as_secs()),
                (_, true) => "nothing listens there".to_owned(),
                _ => error.without_url().to_string(),
            };
            output.result(format!("{url}: {why}"));
            Ok(Outcome::No)
        }
    }
}
