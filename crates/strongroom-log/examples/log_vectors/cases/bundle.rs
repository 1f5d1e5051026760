//! Entry bundles.

use strongroom_log::{EntryBundle, leaf_hash};

use super::edit::{cut, with_zero};
use super::{Cases, full_entry, plain_entry};
use crate::vector::{Vector, hex};

pub(super) fn bundles() -> Cases {
    let mut bundle = EntryBundle::default();
    for entry in [plain_entry().encode(), full_entry()?.encode()] {
        bundle.push(&entry)?;
    }
    let mut hashes = String::new();
    for entry in EntryBundle::entries(bundle.as_bytes()) {
        hashes.push_str(&leaf_hash(entry?).to_string());
    }
    let bytes = bundle.into_bytes();
    Ok(vec![
        Vector::new(
            "bundle",
            "two",
            "ok",
            "two entries; their leaf hashes are the level 0 tile",
        )
        .input("bundle_hex", hex(&bytes))
        .output("tile_hex", hashes),
        Vector::new("bundle", "cut", "truncated", "the last entry lacks a byte")
            .input("bundle_hex", hex(cut(&bytes))),
        Vector::new(
            "bundle",
            "half-length",
            "truncated",
            "one byte of a length at the end",
        )
        .input("bundle_hex", hex(&with_zero(&bytes))),
    ])
}
