//! The build with AWS-LC's FIPS module.

use crate::failure::Failure;
use crate::setup::{Tool, ensure};
use crate::shell::Shell;

/// Installs what the module's build needs, builds the binary with it, and runs every test of the
/// cryptography under it: unit tests, one of which tells whether it is the module that is there, our vectors
/// and Google's. What is not approved works there too; the mode refuses it, and not the module. Nothing of
/// this says that the module is validated here.
pub(crate) fn run() -> Result<(), Failure> {
    let shell = Shell::terminal();
    ensure(&shell, Tool::FipsModule)?;
    shell.run(
        "cargo build --locked --package strongroom --features fips",
        &[],
    )?;
    shell.run(
        "cargo test --locked --package strongroom-crypto --features fips",
        &[],
    )
}
