//! Writes `vectors/crypto/`, or the folder named as argument: one JSON file a case, the same bytes
//! each time.
//!
//! `cargo run -p strongroom-crypto --example crypto_vectors [folder]`

#![expect(
    dead_code,
    reason = "the vectors and the tests share their world, and each uses a part of it"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program of the workshop, which may stop where something is wrong"
)]

mod envelopes;
mod faults;
mod hybrid;
mod index;
mod keys;
mod one_shot;
mod seal_to;
mod split;
#[path = "../../tests/support/mod.rs"]
mod support;
mod vector;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/crypto");
    let folder = std::env::args_os().nth(1).map_or(home, PathBuf::from);
    fs::create_dir_all(&folder)?;
    let vectors = [
        keys::all(),
        envelopes::all(),
        faults::all(),
        index::all(),
        split::all(),
        one_shot::all(),
        hybrid::all(),
        seal_to::all(),
    ]
    .concat();
    for vector in vectors {
        fs::write(folder.join(vector.file_name()), vector.to_json()?)?;
    }
    Ok(())
}
