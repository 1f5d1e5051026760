//! Writes `vectors/store/`, or the folder named as argument: one JSON file a case, the same bytes each
//! time.
//!
//! `cargo run -p strongroom-client --example store_vectors [folder]`

#![expect(dead_code, reason = "readers of the vectors need the other half")]
#![expect(
    clippy::unwrap_used,
    reason = "a program of the workshop, which may stop where something is wrong"
)]

mod secret;
mod value;
#[path = "../../../../crates/strongroom-crypto/examples/crypto_vectors/vector.rs"]
mod vector;
#[path = "../../tests/support/world.rs"]
mod world;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/store");
    let folder = std::env::args_os().nth(1).map_or(home, PathBuf::from);
    fs::create_dir_all(&folder)?;
    for vector in [value::all(), secret::all()].concat() {
        fs::write(folder.join(vector.file_name()), vector.to_json()?)?;
    }
    Ok(())
}
