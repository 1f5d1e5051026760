//! Entropy for a batch: drawn in one go, because each draw costs as much as sealing a short value.

use std::sync::{Mutex, PoisonError};

use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use zeroize::Zeroizing;

/// Bytes drawn at once.
const POOL_BYTES: usize = 4096;

/// Hands out bytes of a pool, each once, and fills the pool again when it runs out. Handed-out bytes
/// are wiped from it at once, the others when it is dropped.
#[derive(Debug)]
pub(crate) struct Pool<'a> {
    source: &'a dyn Entropy,
    left: Mutex<Zeroizing<Vec<u8>>>,
}

impl<'a> Pool<'a> {
    pub(crate) fn of(source: &'a dyn Entropy) -> Self {
        Self {
            source,
            left: Mutex::default(),
        }
    }
}

impl Entropy for Pool<'_> {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        if out.len() > POOL_BYTES {
            return self.source.fill(out);
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() < out.len() {
            // The pool is replaced only by what was drawn: were it made longer first, a draw that
            // fails would leave zeros in it for the next item.
            let mut drawn = Zeroizing::new(vec![0; POOL_BYTES]);
            self.source.fill(&mut drawn)?;
            *left = drawn;
        }
        let rest = left.len() - out.len();
        for (to, from) in out.iter_mut().zip(left.iter_mut().skip(rest)) {
            *to = core::mem::take(from);
        }
        left.truncate(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Counts up, eight bytes at a time, so that a byte given twice shows.
    #[derive(Debug, Default)]
    struct Counter(AtomicU64);

    impl Entropy for Counter {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
            for chunk in out.chunks_mut(8) {
                let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                chunk
                    .iter_mut()
                    .zip(number)
                    .for_each(|(to, from)| *to = from);
            }
            Ok(())
        }
    }

    #[test]
    fn nothing_is_given_twice() {
        let counter = Counter::default();
        let pool = Pool::of(&counter);
        let mut seen = BTreeSet::new();
        for _ in 0..10_000 {
            let mut out = [0; 24];
            pool.fill(&mut out).unwrap();
            assert!(seen.insert(out));
        }
    }

    /// Fails once, then counts.
    #[derive(Debug, Default)]
    struct Hesitant(AtomicU64, Counter);

    impl Entropy for Hesitant {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Err(EntropyUnavailable),
                _ => self.1.fill(out),
            }
        }
    }

    #[test]
    fn a_draw_that_failed_leaves_nothing_to_hand_out() {
        let source = Hesitant::default();
        let pool = Pool::of(&source);
        let mut out = [0; 16];
        assert!(pool.fill(&mut out).is_err());
        pool.fill(&mut out).unwrap();
        assert_ne!(out, [0; 16]);
    }

    #[test]
    fn a_long_draw_goes_to_the_source() {
        let counter = Counter::default();
        let mut out = vec![0; POOL_BYTES + 8];
        Pool::of(&counter).fill(&mut out).unwrap();
        assert_eq!(counter.0.load(Ordering::Relaxed), 513);
    }
}
