//! Strongroom: the one binary.
//!
//! Each command is a file under `command/`. Commands that use keys talk to a server through
//! `strongroom-client`, as every other program does; only `init`, `serve`, `dev` and `demo` hold a
//! deployment themselves.
//!
//! What is *not* here: anything the service does. `config` is the only reader of the environment,
//! `print` the only writer to the terminal.

mod archive;
mod argument;
mod command;
mod config;
mod failure;
mod playground;
mod print;
mod progress;

use std::io::ErrorKind;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser as _;

use command::Cli;
use failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` has what it wanted.
        Err(Failure::Terminal(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(failure) => {
            print::note(format_args!("error: {}", failure.chain()));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    // One thread may be kept by a commit.
    let threads = available_parallelism().map_or(2, |cores| cores.get().max(2));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?
        .block_on(command::run(cli))
}
