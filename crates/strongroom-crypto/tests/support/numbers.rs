//! Numbers from a seed: quick, and the same on every machine.

/// Marsaglia's xorshift64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below the bound; 0 where the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}
