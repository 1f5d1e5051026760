//! Small faults.

/// Puts `with` in place of the bytes at `at`.
pub(super) fn replaced(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.splice(at..at + with.len(), with.iter().copied());
    bytes
}

/// The last byte cut off.
pub(super) fn cut(bytes: &[u8]) -> &[u8] {
    bytes.split_last().map_or(bytes, |(_, rest)| rest)
}

pub(super) fn with_zero(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}
