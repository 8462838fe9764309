//! `discussions sandbox`: a GitHub on loopback with the App installed, to try things by hand.

use super::demo::stage::{AUTHOR, REPO, REVIEWER, Stage};
use super::output::{BOLD, Output, styled};
use super::{Failure, Outcome};
use std::net::{Ipv4Addr, SocketAddr};

/// Arguments of `sandbox`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions sandbox --port 4000")]
pub struct Arguments {
    /// Port to listen on, on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Append every request, answer and delivery to this file as a JSON line, without tokens
    #[arg(long, value_name = "FILE")]
    exchanges: Option<std::path::PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let stage = Stage::set_up(address, arguments.exchanges.as_deref()).await?;
    let stop = super::serve::stop_signal();
    let web = stage.github.web_url();
    output.result(format!("{}  {web}", styled(BOLD, "GitHub on loopback")));
    output.result(format!(
        "  repository   {REPO}: {AUTHOR} writes, {REVIEWER} maintains, eve is a stranger"
    ));
    output.result("  the App      installed; its check is required on main");
    output.result(format!("  page         {web}/"));
    output.result(format!("  REST         {}", stage.github.api_url()));
    output.result(format!("  GraphQL      {}", stage.github.graphql_url()));
    output.result(format!(
        "  act as a person with POST {web}/_sandbox/...; GET {web}/_sandbox lists how"
    ));
    output.note("Ctrl-C ends it; nothing is kept");
    stop.await;
    stage.tear_down().await?;
    Ok(Outcome::Fine)
}
