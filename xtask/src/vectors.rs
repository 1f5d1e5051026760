//! The test vectors that every language reads.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::shell::{Shell, root};

/// Folder below `vectors/`, and the program that writes it into the folder it is given.
const GENERATORS: [(&str, &str); 4] = [
    (
        "crypto",
        "cargo run --locked --quiet --package strongroom-crypto --example crypto_vectors",
    ),
    (
        "log",
        "cargo run --locked --quiet --package strongroom-log --example log_vectors",
    ),
    (
        "workos",
        "cargo run --locked --quiet --package strongroom-crypto --example workos_vectors",
    ),
    (
        "store",
        "cargo run --locked --quiet --package strongroom-client --example store_vectors",
    ),
];

/// Writes the vectors, or with `check` fails when a checked-in one differs, is missing or surplus.
pub(crate) fn run(check: bool) -> Result<(), Box<dyn Error>> {
    for (name, generator) in GENERATORS {
        let checked_in = root().join("vectors").join(name);
        let generated = root().join("target/vectors").join(name);
        if generated.exists() {
            fs::remove_dir_all(&generated)?;
        }
        fs::create_dir_all(&generated)?;
        let folder = generated.to_str().ok_or("the path is not UTF-8")?;
        Shell::terminal().run(generator, &["--", folder])?;
        if check {
            compare(&checked_in, &generated)?;
        } else {
            replace(&checked_in, &generated)?;
        }
    }
    Ok(())
}

/// The contents of a folder's files by name.
fn contents(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
    let read = |entry: fs::DirEntry| {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(&path).map_err(Failure::file(path))?;
        Ok((name, bytes))
    };
    entries
        .map(|entry| entry.map_err(Failure::file(folder)).and_then(read))
        .collect()
}

fn compare(checked_in: &Path, generated: &Path) -> Result<(), Failure> {
    let (old, new) = (contents(checked_in)?, contents(generated)?);
    let names = old.keys().chain(new.keys());
    let mut differing = names.filter(|name| old.get(*name) != new.get(*name));
    differing.next().map_or(Ok(()), |name| {
        Err(Failure::OutOfDate {
            path: checked_in.join(name),
            task: "vectors",
        })
    })
}

fn replace(checked_in: &Path, generated: &Path) -> Result<(), Failure> {
    if checked_in.exists() {
        fs::remove_dir_all(checked_in).map_err(Failure::file(checked_in))?;
    }
    fs::create_dir_all(checked_in).map_err(Failure::file(checked_in))?;
    for (name, bytes) in contents(generated)? {
        let path = checked_in.join(name);
        fs::write(&path, bytes).map_err(Failure::file(&path))?;
    }
    Ok(())
}
