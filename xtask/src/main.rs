//! The workshop: everything a contributor or CI runs, under one command, `cargo xtask`.
//!
//! Nothing here is part of the product, and no crate depends on it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the command line"
)]

mod bench;
mod failure;
mod fips;
mod openapi;
mod run;
mod setup;
mod shell;
mod suite;
mod tidy;
mod vectors;

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::bench::Bench;
use crate::failure::Failure;
use crate::suite::{SOAK, Suite, TEST};

/// Strongroom's workshop.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Runs every suite of tests, after installing what they need
    Test {
        #[command(flatten)]
        choice: TestChoice,
    },
    /// Checks the rules of the house that no compiler checks
    Tidy,
    /// Checks licences, banned crates and sources of all dependencies
    Deny,
    /// Writes openapi/strongroom.json from the server's routes
    Openapi {
        /// Fails when the file differs, and writes nothing
        #[arg(long)]
        check: bool,
    },
    /// Writes the test vectors that every language reads
    Vectors {
        /// Fails when a file differs, and writes nothing
        #[arg(long)]
        check: bool,
    },
    /// Measures: load beside other servers, single operations, rewraps, searches, keys, or all
    Bench {
        /// Which one; all when not said
        what: Option<Bench>,
        /// Passed on to the benchmark, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Runs what takes too long for every run: fuzzing and the long tests
    Soak {
        #[command(flatten)]
        choice: SoakChoice,
    },
    /// Installs everything that the suites need
    Setup,
    /// Builds the binary with AWS-LC's FIPS module and tests the cryptography with it, after installing cmake and Go
    Fips,
}

#[derive(Debug, Args)]
struct TestChoice {
    /// Leaves these suites out
    #[arg(long, num_args = 1.., value_parser = names(TEST), value_name = "SUITE")]
    without: Vec<String>,
    /// Runs these suites and no other
    #[arg(long, num_args = 1.., value_parser = names(TEST), value_name = "SUITE")]
    only: Vec<String>,
}

#[derive(Debug, Args)]
struct SoakChoice {
    /// Leaves these suites out
    #[arg(long, num_args = 1.., value_parser = names(SOAK), value_name = "SUITE")]
    without: Vec<String>,
}

fn names(suites: &'static [Suite]) -> PossibleValuesParser {
    PossibleValuesParser::new(suites.iter().map(|suite| suite.name))
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<(), Failure> {
    match task {
        Task::Test { choice } => run::suites(TEST, &choice.only, &choice.without),
        Task::Tidy => tidy::run(),
        Task::Deny => run::alone(TEST, "deny"),
        Task::Openapi { check } => openapi::run(check),
        Task::Vectors { check } => vectors::run(check).map_err(Failure::Vectors),
        Task::Bench { what, arguments } => bench::run(what, &arguments),
        Task::Soak { choice } => run::suites(SOAK, &[], &choice.without),
        Task::Setup => setup::everything(),
        Task::Fips => fips::run(),
    }
}
