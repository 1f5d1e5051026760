//! Writes `vectors/log/`, or the folder named as argument: one JSON file a case, the same bytes each
//! time.
//!
//! `cargo run -p strongroom-log --example log_vectors [folder]`

mod cases;
mod vector;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/log");
    let folder = std::env::args_os().nth(1).map_or(home, PathBuf::from);
    for vector in cases::all()? {
        fs::write(folder.join(vector.file_name()), vector.to_json()?)?;
    }
    Ok(())
}
