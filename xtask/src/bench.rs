//! Starts the benchmarks on programs built for packaging.

use crate::failure::Failure;
use crate::setup::{Tool, ensure, venv_path};
use crate::shell::{Shell, root};

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Bench {
    /// Strongroom beside a bare server and OpenBao, under the same load
    Load,
    /// Single operations of the library
    Micro,
}

/// Runs one benchmark, or both.
pub(crate) fn run(what: Option<Bench>, arguments: &[String]) -> Result<(), Failure> {
    let shell = Shell::terminal();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if what != Some(Bench::Load) {
        build_and_run(&shell, "micro", &arguments)?;
    }
    if what != Some(Bench::Micro) {
        ensure(&shell, Tool::OpenBao)?;
        shell.run(
            "cargo build --locked --profile dist --package strongroom",
            &[],
        )?;
        let strongroom = root().join("target/dist/strongroom").display().to_string();
        let openbao = venv_path("bao").display().to_string();
        let servers = ["--strongroom", &strongroom, "--openbao", &openbao];
        build_and_run(&shell, "load", &[&servers, arguments.as_slice()].concat())?;
    }
    Ok(())
}

fn build_and_run(shell: &Shell, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    shell.run(
        &format!("cargo run --locked --profile dist --package strongroom-benches --bin {name} --"),
        arguments,
    )
}
