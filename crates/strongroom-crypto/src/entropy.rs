//! The port through which randomness enters.

use core::fmt::Debug;

/// The source of randomness gave nothing. Nothing may be sealed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no randomness available")]
pub struct EntropyUnavailable;

/// A source of uniformly random bytes that nobody can predict.
pub trait Entropy: Send + Sync + Debug {
    /// Fills `out` completely.
    ///
    /// # Errors
    /// When the source fails; `out` must not be used then.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable>;
}

/// AWS-LC's CTR-DRBG (NIST SP 800-90A), seeded and reseeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one implementation of the port that production uses"
    )]
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        aws_lc_rs::rand::fill(out).map_err(|_unspecified| EntropyUnavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_entropy_fills_and_differs() {
        let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
        SystemEntropy.fill(&mut a).unwrap();
        SystemEntropy.fill(&mut b).unwrap();
        assert_ne!(a, [0; 32]);
        assert_ne!(a, b);
    }
}
