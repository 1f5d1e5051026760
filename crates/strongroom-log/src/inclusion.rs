//! Inclusion: this entry is at that index of the tree. RFC 6962 section 2.1.1.

use crate::hash::{Hash, node_hash};
use crate::tree::{HashReader, ProofError, ProveError, range_root, split};

/// The audit path of the entry at `index` in the tree of `size` entries: the leaf's sibling first,
/// the root's child last.
///
/// # Errors
/// The index is beyond the tree, or a node could not be read.
pub fn prove_inclusion<R: HashReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if index >= size {
        return Err(ProveError::IndexBeyondTree { index, size });
    }
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        let (low, high) = if index < middle {
            (middle, end)
        } else {
            (start, middle)
        };
        path.push(range_root(reader, low, high).map_err(ProveError::Read)?);
        if index < middle {
            end = middle;
        } else {
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Checks that the leaf with the hash `leaf` is at `index` of the tree of `size` entries with the
/// root `root`. RFC 9162 section 2.1.3.2.
///
/// # Errors
/// The rule of the proof that does not hold.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondTree { index, size });
    }
    let wrong_length = ProofError::WrongLength { hashes: path.len() };
    // `node` and `last` are the indices of our node and of the rightmost node on one level.
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for &sibling in path {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, hash);
            // The rightmost node of a level without a sibling moves up unhashed. It is not 0 here.
            let up = node.trailing_zeros();
            node >>= up;
            last >>= up;
        } else {
            hash = node_hash(hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if hash == root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}
