//! stub
#[derive(Debug, clap::Args)]
pub struct Arguments {}
pub(super) async fn run(_: &Arguments, _: &super::output::Output) -> Result<super::Outcome, super::Failure> { Ok(super::Outcome::Fine) }
