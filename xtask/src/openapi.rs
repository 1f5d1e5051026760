//! The checked-in description of the HTTP API, generated from the server's routes.

use std::fs;

use crate::failure::Failure;
use crate::shell::{Shell, root};

/// Prints the document; an example of the server crate, so that xtask builds without the server.
const GENERATE: &str = "cargo run --locked --quiet --package strongroom-server --example openapi";

/// Writes `openapi/strongroom.json`, or with `check` fails when it differs.
pub(crate) fn run(check: bool) -> Result<(), Failure> {
    let path = root().join("openapi/strongroom.json");
    let generated = Shell::terminal().read(GENERATE)?;
    if !check {
        return fs::write(&path, generated).map_err(Failure::file(path));
    }
    let checked_in = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    if checked_in == generated {
        return Ok(());
    }
    Err(Failure::OutOfDate {
        path,
        task: "openapi",
    })
}
