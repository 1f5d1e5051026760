//! Writes `vectors/log/`: one JSON file a case, the same bytes each time.
//!
//! `cargo run -p strongroom-log --example log_vectors`

mod cases;
mod vector;

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/log");
    for vector in cases::all()? {
        fs::write(folder.join(vector.file_name()), vector.to_json()?)?;
    }
    Ok(())
}
