//! `discussions sandbox`: a GitHub on loopback with the App installed, to try things by hand; with `--repo`, on a git
//! repository of one's own.

mod kept;
mod own;
mod spoken;
mod told;

use super::demo::stage::{AUTHOR, REPO, REVIEWER, Stage};
use super::output::{BOLD, Output, styled};
use super::{Failure, Outcome};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Arguments of `sandbox`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES\n  \
    discussions sandbox --port 4000")]
pub struct Arguments {
    /// Port to listen on, on loopback; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Append every request, answer and delivery to this file as a JSON line, without tokens
    #[arg(long, value_name = "FILE", conflicts_with = "repo")]
    exchanges: Option<PathBuf>,
    /// Work on this git repository: its branches are the pull requests
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// Branch that everything merges into [default: that of origin, else main or master]
    #[arg(long, value_name = "BRANCH", requires = "repo")]
    base: Option<String>,
    /// Your login there [default: made from git's user.name]
    #[arg(long = "as", value_name = "NAME", requires = "repo")]
    name: Option<String>,
    /// Folder of the App's record [default: among the temporary files, one for each repository]
    #[arg(long, value_name = "DIR", requires = "repo")]
    data_dir: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> Result<Outcome, Failure> {
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    if let Some(path) = &arguments.repo {
        let wish = own::Wish {
            bind,
            path,
            base: arguments.base.as_deref(),
            name: arguments.name.as_deref(),
            data: arguments.data_dir.as_deref(),
        };
        return own::run(&wish, output).await;
    }
    let stage = Stage::set_up(bind, arguments.exchanges.as_deref()).await?;
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
