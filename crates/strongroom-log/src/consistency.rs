//! Consistency: the later tree begins with all of the earlier one. RFC 6962 section 2.1.2.

use crate::hash::{Hash, empty_root, node_hash};
use crate::tree::{HashReader, ProofError, ProveError, range_root, split};

/// The proof that the tree of `to` entries extends the tree of `from` entries; empty when `from`
/// is 0 or `to`.
///
/// # Errors
/// `to` is smaller than `from`, or a node could not be read.
pub fn prove_consistency<R: HashReader>(
    reader: &R,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if from > to {
        return Err(ProveError::Shrinks { from, to });
    }
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    let root = |low, high| range_root(reader, low, high).map_err(ProveError::Read);
    let (mut start, mut end, mut proof) = (0, to, Vec::new());
    while end > from {
        let middle = start + split(end - start);
        if from <= middle {
            proof.push(root(middle, end)?);
            end = middle;
        } else {
            proof.push(root(start, middle)?);
            start = middle;
        }
    }
    // At 0 the rest is the earlier tree itself, whose root the verifier has.
    if start > 0 {
        proof.push(root(start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// A log at some size.
type Head = (u64, Hash);

/// Checks that the tree `to` extends the tree `from`, each a size and a root. RFC 9162 section
/// 2.1.4.2.
///
/// # Errors
/// The rule of the proof that does not hold.
pub fn verify_consistency(from: Head, to: Head, proof: &[Hash]) -> Result<(), ProofError> {
    let ((from_size, from_root), (to_size, to_root)) = (from, to);
    if from_size > to_size {
        return Err(ProofError::Shrinks {
            from: from_size,
            to: to_size,
        });
    }
    if from_size == 0 || from_size == to_size {
        return verify_trivial(from, to, proof);
    }
    let wrong_length = ProofError::WrongLength {
        hashes: proof.len(),
    };
    // `node` and `last` are the indices, on one level, of the earlier tree's rightmost complete
    // subtree and of the later tree's rightmost node.
    let up = (from_size - 1).trailing_ones();
    let (mut node, mut last) = ((from_size - 1) >> up, (to_size - 1) >> up);
    let (first, rest) = if from_size.is_power_of_two() {
        (from_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(wrong_length)?;
        (*first, rest)
    };
    let (mut earlier, mut later) = (first, first);
    for &hash in rest {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            earlier = node_hash(hash, earlier);
            later = node_hash(hash, later);
            let up = node.trailing_zeros();
            node >>= up;
            last >>= up;
        } else {
            later = node_hash(later, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    same_root(earlier == from_root && later == to_root)
}

/// Nothing extends to anything; a tree extends to itself. Neither needs a hash.
fn verify_trivial(from: Head, to: Head, proof: &[Hash]) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::WrongLength {
            hashes: proof.len(),
        });
    }
    let ((from_size, from_root), (to_size, to_root)) = (from, to);
    let from_holds = from_size > 0 || from_root == empty_root();
    same_root(from_holds && (from_size < to_size || from_root == to_root))
}

fn same_root(same: bool) -> Result<(), ProofError> {
    if same {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}
