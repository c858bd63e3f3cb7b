//! The `manifest-lint` program.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use manifest_lint::cli::{Cli, run};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Nobody is left to tell when standard error is closed as well.
            let _ = writeln!(std::io::stderr(), "manifest-lint: {error}");
            ExitCode::from(2)
        }
    }
}
