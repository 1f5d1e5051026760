//! Writes `vectors/workos/`, or the folder named as argument: one JSON file a case, the same bytes
//! each time.
//!
//! `cargo run -p strongroom-crypto --example workos_vectors [folder]`

#![expect(
    dead_code,
    reason = "the vectors and the tests share their world, and each uses a part of it"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program of the workshop, which may stop where something is wrong"
)]

mod faults;
mod seal;
#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../crypto_vectors/vector.rs"]
mod vector;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/workos");
    let folder = std::env::args_os().nth(1).map_or(home, PathBuf::from);
    fs::create_dir_all(&folder)?;
    for vector in [seal::all(), faults::all()].concat() {
        fs::write(folder.join(vector.file_name()), vector.to_json()?)?;
    }
    Ok(())
}
