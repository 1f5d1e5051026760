//! Keys of the map and the way down to them.

use core::fmt;

use crate::hash::Hash;

/// The place of a record in the map: 32 bytes that its store's clients derive from its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapKey([u8; Self::LEN]);

impl MapKey {
    /// The number of bytes of a key.
    pub const LEN: usize = Hash::LEN;

    /// Takes the bytes of a key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The side of the key below its ancestor at `depth`: the bit `depth`, the highest first.
    pub(super) fn side(&self, depth: u16) -> Side {
        let byte = self.0.get(usize::from(depth / 8)).copied();
        match byte.unwrap_or_default() >> (7 - depth % 8) & 1 {
            0 => Side::Left,
            _ => Side::Right,
        }
    }

    /// The key with all but its first `bits` bits cleared.
    pub(super) fn prefix(&self, bits: u8) -> [u8; Self::LEN] {
        let mut prefix = self.0;
        let whole = usize::from(bits / 8);
        if let Some((cut, rest)) = prefix.get_mut(whole..).and_then(<[u8]>::split_first_mut) {
            *cut &= !(0xff >> (bits % 8));
            rest.fill(0);
        }
        prefix
    }
}

/// Keys are not secret, and stand in no log all the same: whoever has them can count and compare.
impl fmt::Debug for MapKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MapKey")
    }
}

/// A child of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Bit 0.
    Left,
    /// Bit 1.
    Right,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_reads_the_highest_bit_first() {
        let mut bytes = [0; 32];
        bytes[0] = 0b0100_0000;
        bytes[31] = 1;
        let key = MapKey::from_bytes(bytes);
        let right: Vec<_> = (0..256).filter(|at| key.side(*at) == Side::Right).collect();
        assert_eq!(right, [1, 255]);
    }

    #[test]
    fn prefix_clears_what_follows() {
        let key = MapKey::from_bytes([0xff; 32]);
        assert_eq!(key.prefix(0), [0; 32]);
        let ten = key.prefix(10);
        assert_eq!(ten[..3], [0xff, 0b1100_0000, 0]);
        assert_eq!(key.prefix(255)[31], 0xfe);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", MapKey::from_bytes([0xab; 32])), "MapKey");
    }
}
