//! The hash tiles above the leaves, computed again from what is below them.

use std::path::Path;

use strongroom_log::{Frontier, Hash, Tile, TileError, TileKind, VerifyError};

use super::ArchiveError;
use super::verify::read;

/// The root of a full tile of leaf hashes; one that is not full yet has none above.
pub(super) fn root_of_full(tile: Tile, bytes: &[u8]) -> Result<Option<Hash>, ArchiveError> {
    if tile.width() < Tile::FULL {
        return Ok(None);
    }
    let (hashes, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        let (width, bytes) = (tile.width(), bytes.len());
        return Err(TileError::Length { width, bytes }.into());
    }
    let hashes: Vec<_> = hashes.iter().copied().map(Hash::from_bytes).collect();
    root(&hashes).map(Some)
}

fn root(hashes: &[Hash]) -> Result<Hash, ArchiveError> {
    let mut tree = Frontier::default();
    for hash in hashes {
        tree.push(*hash).map_err(VerifyError::Frontier)?;
    }
    Ok(tree.root())
}

/// Compares every tile above the leaves with the roots of the full tiles below it; `full` are those
/// of the full tiles of leaf hashes.
pub(super) fn verify_above(
    directory: &Path,
    size: u64,
    mut full: Vec<Hash>,
) -> Result<(), ArchiveError> {
    let mut level = 1;
    while !full.is_empty() {
        let mut above = Vec::new();
        for (index, hashes) in (0..).zip(full.chunks(Tile::FULL.into())) {
            // There are as many full tiles below as the level has hashes.
            let tile = Tile::in_tree(TileKind::Hashes(level), index, size)
                .ok_or(TileError::Missing { level, index })?;
            let expected: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            if read(directory, tile)? != expected {
                return Err(ArchiveError::Hashes { tile });
            }
            if hashes.len() == usize::from(Tile::FULL) {
                above.push(root(hashes)?);
            }
        }
        full = above;
        level += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_level_is_compared() {
        let folder = tempfile::tempdir().unwrap();
        let full: Vec<_> = (0..257u16)
            .map(|n| Hash::from_bytes([u8::try_from(n % 256).unwrap(); 32]))
            .collect();
        let bytes = |hashes: &[Hash]| -> Vec<u8> {
            hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
        };
        let size = 257 * 256 + 3;
        let tiles = [
            ("tile/1/000", bytes(&full[..256])),
            ("tile/1/001.p/1", bytes(&full[256..])),
            ("tile/2/000.p/1", bytes(&[root(&full[..256]).unwrap()])),
        ];
        for (name, content) in &tiles {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let verify = || verify_above(folder.path(), size, full.clone());
        verify().unwrap();
        for (name, content) in &tiles {
            let path = folder.path().join(name);
            let mut altered = content.clone();
            altered[31] ^= 1;
            for wrong in [&altered[..], &content[..31], &[&content[..], &[0]].concat()] {
                fs::write(&path, wrong).unwrap();
                let refused = verify().unwrap_err().to_string();
                assert!(refused.contains(name), "{refused}");
            }
            fs::remove_file(&path).unwrap();
            let refused = verify().unwrap_err();
            assert!(matches!(refused, ArchiveError::Missing { path: named } if named == path));
            fs::write(&path, content).unwrap();
        }
    }
}
