//! Hashes of the tree, RFC 6962 section 2.1.

use core::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

/// 32 bytes of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// The number of bytes of a hash.
    pub const LEN: usize = 32;

    /// Takes the bytes of a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    fn of_digest(digest: &[u8]) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes.copy_from_slice(digest);
        Self(bytes)
    }
}

/// Lower-case hex.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// Entries up to this many bytes are hashed from the stack in one call, which is faster than a
/// streaming context.
const ONE_CALL_MAX: usize = 511;

/// SHA-256(bytes).
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash::of_digest(digest(&SHA256, bytes).as_ref())
}

/// SHA-256(0x00 ‖ entry): the hash of a leaf.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut buffer = [LEAF; ONE_CALL_MAX + 1];
    if let Some((into, _)) = buffer
        .get_mut(1..)
        .and_then(|rest| rest.split_at_mut_checked(entry.len()))
    {
        into.copy_from_slice(entry);
        return sha256(buffer.get(..=entry.len()).unwrap_or_default());
    }
    let mut context = Context::new(&SHA256);
    context.update(&[LEAF]);
    context.update(entry);
    Hash::of_digest(context.finish().as_ref())
}

/// SHA-256(0x01 ‖ left ‖ right): the hash of a node above the leaves.
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut buffer = [NODE; 1 + 2 * Hash::LEN];
    let (_, hashes) = buffer.split_at_mut(1);
    let (into_left, into_right) = hashes.split_at_mut(Hash::LEN);
    into_left.copy_from_slice(&left.0);
    into_right.copy_from_slice(&right.0);
    sha256(&buffer)
}

/// SHA-256 of nothing: the root of the empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaf_hash_is_the_same_on_both_sides_of_the_one_call_limit() {
        for len in [0, 1, ONE_CALL_MAX - 1, ONE_CALL_MAX, ONE_CALL_MAX + 1, 8192] {
            let entry = vec![0xab; len];
            let mut prefixed = vec![0];
            prefixed.extend(&entry);
            assert_eq!(leaf_hash(&entry), sha256(&prefixed), "{len}");
        }
    }

    #[test]
    fn empty_root_is_that_of_rfc_6962() {
        assert_eq!(
            empty_root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
