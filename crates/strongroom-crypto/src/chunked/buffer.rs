//! Room for output that is filled again and again.

use zeroize::Zeroizing;

/// Bytes of which the first `filled` count. Clearing keeps the rest as room, so that it is zeroed
/// once and not for every chunk; all of it is wiped when dropped.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Buffer {
    /// Appends `length` bytes, whatever they were before, for the caller to write.
    pub(super) fn room(&mut self, length: usize) -> &mut [u8] {
        let (start, end) = (self.filled, self.filled + length);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.filled = end;
        self.bytes.get_mut(start..end).unwrap_or_default()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Takes the last `length` bytes back.
    pub(super) fn take_back(&mut self, length: usize) {
        self.filled = self.filled.saturating_sub(length);
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Lets `append` write behind the bytes of a vector.
    pub(super) fn appending<T>(out: &mut Vec<u8>, append: impl FnOnce(&mut Self) -> T) -> T {
        let mut buffer = Self {
            filled: out.len(),
            bytes: Zeroizing::new(core::mem::take(out)),
        };
        let result = append(&mut buffer);
        buffer.bytes.truncate(buffer.filled);
        *out = core::mem::take(&mut buffer.bytes);
        result
    }
}
