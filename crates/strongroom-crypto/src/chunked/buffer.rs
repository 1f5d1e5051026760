//! Room for output that is filled again and again.

use zeroize::Zeroizing;

/// Where opened chunks go.
pub(super) trait Room {
    /// Appends `length` bytes, whatever they were before, for the caller to write.
    fn room(&mut self, length: usize) -> &mut [u8];

    /// Takes the last `length` bytes back.
    fn take_back(&mut self, length: usize);
}

/// A slice of the caller's that is long enough, filled from its beginning.
pub(super) struct Lent<'a> {
    bytes: &'a mut [u8],
    filled: usize,
}

impl<'a> Lent<'a> {
    pub(super) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, filled: 0 }
    }

    pub(super) const fn filled_bytes(&self) -> usize {
        self.filled
    }
}

impl Room for Lent<'_> {
    fn room(&mut self, length: usize) -> &mut [u8] {
        let (start, end) = (self.filled, self.filled + length);
        self.filled = end;
        self.bytes.get_mut(start..end).unwrap_or_default()
    }

    fn take_back(&mut self, length: usize) {
        self.filled = self.filled.saturating_sub(length);
    }
}

/// Bytes of which the first `filled` count. Clearing keeps the rest as room, so that it is zeroed
/// once and not for every chunk; all of it is wiped when dropped.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Room for Buffer {
    fn room(&mut self, length: usize) -> &mut [u8] {
        let (start, end) = (self.filled, self.filled + length);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.filled = end;
        self.bytes.get_mut(start..end).unwrap_or_default()
    }

    fn take_back(&mut self, length: usize) {
        self.filled = self.filled.saturating_sub(length);
    }
}

impl Buffer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
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
