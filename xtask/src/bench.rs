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
    /// How fast a job moves stored data keys to a new key version, and in how much memory
    Rewrap,
    /// Searches over sealed rows in a plain PostgreSQL
    Search,
    /// What a million key contexts cost
    Growth,
    /// Keys of keysets, as CipherStash's clients ask for them and natively
    Keys,
}

/// Runs one benchmark, or all.
pub(crate) fn run(what: Option<Bench>, arguments: &[String]) -> Result<(), Failure> {
    let shell = Shell::terminal();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chosen = |bench| what.is_none_or(|what| what == bench);
    if chosen(Bench::Micro) {
        build_and_run(&shell, "micro", &arguments)?;
    }
    if chosen(Bench::Load) {
        ensure(&shell, Tool::OpenBao)?;
        let strongroom = build(&shell)?;
        let openbao = venv_path("bao").display().to_string();
        let servers = ["--strongroom", &strongroom, "--openbao", &openbao];
        build_and_run(&shell, "load", &[&servers, arguments.as_slice()].concat())?;
    }
    if chosen(Bench::Rewrap) {
        let strongroom = build(&shell)?;
        let servers = ["--strongroom", &strongroom];
        build_and_run(&shell, "rewrap", &[&servers, arguments.as_slice()].concat())?;
    }
    if chosen(Bench::Growth) {
        let strongroom = build(&shell)?;
        let servers = ["--strongroom", &strongroom];
        build_and_run(&shell, "growth", &[&servers, arguments.as_slice()].concat())?;
    }
    if chosen(Bench::Search) {
        ensure(&shell, Tool::Postgres)?;
        let strongroom = build(&shell)?;
        let servers = ["--strongroom", &strongroom];
        build_and_run(&shell, "search", &[&servers, arguments.as_slice()].concat())?;
    }
    if chosen(Bench::Keys) {
        let strongroom = build(&shell)?;
        let servers = ["--strongroom", &strongroom];
        build_and_run(&shell, "keys", &[&servers, arguments.as_slice()].concat())?;
    }
    Ok(())
}

/// Builds Strongroom for packaging; gives the binary's path.
fn build(shell: &Shell) -> Result<String, Failure> {
    shell.run(
        "cargo build --locked --profile dist --package strongroom",
        &[],
    )?;
    Ok(root().join("target/dist/strongroom").display().to_string())
}

fn build_and_run(shell: &Shell, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    shell.run(
        &format!("cargo run --locked --profile dist --package strongroom-benches --bin {name} --"),
        arguments,
    )
}
