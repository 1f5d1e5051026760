//! Inclusion and consistency proofs.

use std::error::Error;

use strongroom_log::{Frontier, Hash, LeafHashes, leaf_hash, prove_consistency, prove_inclusion};

use super::Cases;
use crate::vector::{Vector, hex};

/// The leaf hashes of entries of one byte each: 0, 1, 2 and so on.
fn leaves(size: u8) -> Vec<Hash> {
    (0..size).map(|byte| leaf_hash(&[byte])).collect()
}

fn root(leaves: &[Hash]) -> Result<Hash, Box<dyn Error>> {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.push(*leaf)?;
    }
    Ok(tree.root())
}

fn flat(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| hex(hash.as_bytes())).collect()
}

pub(super) fn inclusion() -> Cases {
    let case =
        |name: &str, expect: &str, about: &str, size: u8, index: u8| -> Result<_, Box<dyn Error>> {
            let leaves = leaves(size);
            let path = prove_inclusion(&LeafHashes(&leaves), index.into(), size.into())?;
            Ok(Vector::new("inclusion", name, expect, about)
                .input("leaf_hash_hex", leaf_hash(&[index]))
                .input("index", index)
                .input("size", size)
                .input("path_hex", flat(&path))
                .input("root_hex", root(&leaves)?))
        };
    let other = leaf_hash(b"other");
    Ok(vec![
        case("1-of-1", "ok", "a tree of one has an empty path", 1, 0)?,
        case(
            "7-of-7",
            "ok",
            "the right edge of a tree that is not a power of two",
            7,
            6,
        )?,
        case("3-of-8", "ok", "a full tree", 8, 2)?,
        case("leaf", "other-root", "another leaf", 7, 6)?.input("leaf_hash_hex", other),
        case("root", "other-root", "another root", 7, 6)?.input("root_hex", other),
        case("index", "other-root", "the sibling's index", 8, 2)?.input("index", 3),
        case("beyond", "index-beyond-tree", "the size as the index", 8, 2)?.input("index", 8),
        case("longer", "wrong-length", "the path of a larger tree", 8, 2)?.input("size", 4),
        case(
            "shorter",
            "wrong-length",
            "the path of a smaller tree",
            8,
            2,
        )?
        .input("size", 9),
    ])
}

pub(super) fn consistency() -> Cases {
    let case =
        |name: &str, expect: &str, about: &str, from: u8, to: u8| -> Result<_, Box<dyn Error>> {
            let leaves = leaves(to);
            let proof = prove_consistency(&LeafHashes(&leaves), from.into(), to.into())?;
            let earlier = leaves.get(..from.into()).ok_or("from is at most to")?;
            Ok(Vector::new("consistency", name, expect, about)
                .input("from_size", from)
                .input("from_root_hex", root(earlier)?)
                .input("to_size", to)
                .input("to_root_hex", root(&leaves)?)
                .input("proof_hex", flat(&proof)))
        };
    let other = leaf_hash(b"other");
    Ok(vec![
        case("0-to-7", "ok", "everything extends the empty tree", 0, 7)?,
        case(
            "3-to-7",
            "ok",
            "an earlier tree that is not a power of two",
            3,
            7,
        )?,
        case(
            "4-to-7",
            "ok",
            "an earlier tree that is a power of two",
            4,
            7,
        )?,
        case("7-to-7", "ok", "a tree extends itself", 7, 7)?,
        case("from-root", "other-root", "another earlier root", 3, 7)?
            .input("from_root_hex", other),
        case("to-root", "other-root", "another later root", 3, 7)?.input("to_root_hex", other),
        case("empty", "wrong-length", "no proof", 3, 7)?.input("proof_hex", ""),
        case("shrinks", "shrinks", "a later tree that is smaller", 3, 7)?.input("to_size", 2),
        case(
            "unneeded",
            "wrong-length",
            "a hash where none is needed",
            7,
            7,
        )?
        .input("proof_hex", other),
        case("fork", "other-root", "two roots of one size", 7, 7)?.input("to_root_hex", other),
    ])
}
