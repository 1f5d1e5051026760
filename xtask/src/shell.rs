//! Starting other programs, from the root of the workspace, and waiting for every one of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use crate::failure::Failure;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Runs programs one after the other, with their output in one place.
#[derive(Debug)]
pub(crate) struct Shell {
    /// Where the output goes; `None` is the terminal.
    log: Option<PathBuf>,
    /// A program that runs longer than this is hung, and stopped.
    limit: Duration,
    environment: Vec<(&'static str, String)>,
}

impl Shell {
    /// Shows the output on the terminal.
    pub(crate) fn terminal() -> Self {
        Self {
            log: None,
            limit: Duration::from_hours(24),
            environment: Vec::new(),
        }
    }

    /// Keeps the output in the file `log`, which is emptied first.
    pub(crate) fn logged(log: PathBuf, limit: Duration) -> Result<Self, Failure> {
        File::create(&log).map_err(Failure::file(&log))?;
        Ok(Self {
            log: Some(log),
            limit,
            environment: Vec::new(),
        })
    }

    /// Sets a variable for the programs started from here on.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.push((name, value.into()));
    }

    /// Runs a program; its words are separated by spaces, except for those in `rest`.
    pub(crate) fn run(&self, words: &str, rest: &[&str]) -> Result<(), Failure> {
        let mut command = self.command(words, rest);
        if let Some(log) = &self.log {
            let file = File::options()
                .append(true)
                .open(log)
                .map_err(Failure::file(log))?;
            command.stderr(file.try_clone().map_err(Failure::file(log))?);
            command.stdout(file);
        }
        let status = command.status().map_err(|error| failed(words, &error))?;
        expect_success(words, status)
    }

    /// Tells whether a program can be started and ends well; shows nothing of it.
    pub(crate) fn succeeds(&self, words: &str) -> bool {
        self.read(words).is_ok()
    }

    /// Runs a program and returns what it printed on its standard output.
    pub(crate) fn read(&self, words: &str) -> Result<String, Failure> {
        let Output { status, stdout, .. } = self
            .command(words, &[])
            .output()
            .map_err(|error| failed(words, &error))?;
        expect_success(words, status)?;
        String::from_utf8(stdout).map_err(|error| failed(words, &error))
    }

    /// Everything that was printed since the shell was made.
    pub(crate) fn output(&self) -> Result<String, Failure> {
        self.log.as_ref().map_or_else(
            || Ok(String::new()),
            |log| {
                let bytes = std::fs::read(log).map_err(Failure::file(log))?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            },
        )
    }

    fn command(&self, words: &str, rest: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=10", &self.limit.as_secs().to_string()])
            .args(words.split_whitespace())
            .args(rest)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(root())
            .stdin(Stdio::null());
        command
    }
}

fn expect_success(words: &str, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(match status.code() {
        Some(124 | 137) => failed(words, &"stopped, it hung"),
        _ => failed(words, &status),
    })
}

fn failed(words: &str, reason: &impl ToString) -> Failure {
    Failure::Command {
        program: words.to_owned(),
        reason: reason.to_string(),
    }
}
