//! The `discussions` program: hands the command line to the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    discussions::cli::run(std::env::args_os()).await
}
