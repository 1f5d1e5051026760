//! Programs that live as long as their test.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Starts the program, and ends it when its own input does: when the test's process has ended,
/// however it ended.
const KEEPER: &str = r#"
"$@" </dev/null &
child=$!
trap 'kill "$child"' INT TERM
read -r _
kill "$child" 2>/dev/null
wait "$child"
"#;

/// A program in the background. Dropping it ends it.
#[derive(Debug)]
pub struct Kept(Child);

impl Kept {
    /// Starts a program; what it prints goes to a file.
    ///
    /// # Errors
    /// There is no shell, or the file cannot be made.
    pub fn start(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        environment: &[(&str, String)],
        log: &Path,
    ) -> io::Result<Self> {
        let log = std::fs::File::create(log)?;
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // An interrupt of the tests reaches the keeper as the closed pipe, not as a signal.
            .process_group(0)
            .spawn()?;
        Ok(Self(keeper))
    }

    /// Ends the program, and waits until it has.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn end(&mut self) -> io::Result<()> {
        drop(self.0.stdin.take());
        self.0.wait().map(drop)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _already_gone = self.end();
    }
}

/// A program of the virtual environment that `cargo xtask setup` makes.
#[must_use]
pub fn in_venv(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/venv/bin")
        .join(program)
}
