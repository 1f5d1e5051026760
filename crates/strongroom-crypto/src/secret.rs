//! Secrets: bytes that are wiped when dropped and that cannot be printed, cloned or serialised.

use core::fmt;

use aws_lc_rs::constant_time;
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::{Entropy, EntropyUnavailable};

/// `N` secret bytes on the heap, so that moving the secret leaves no copy behind.
///
/// Comparison takes constant time. `Debug` shows the length only.
///
/// A secret cannot be cloned:
/// ```compile_fail
/// let secret = strongroom_crypto::secret::Secret::from_bytes([7; 32]);
/// let copy = secret.clone();
/// ```
/// nor displayed:
/// ```compile_fail
/// let secret = strongroom_crypto::secret::Secret::from_bytes([7; 32]);
/// println!("{secret}");
/// ```
/// nor serialised:
/// ```compile_fail
/// let secret = strongroom_crypto::secret::Secret::from_bytes([7; 32]);
/// serde_json::to_string(&secret).unwrap();
/// ```
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes the bytes and wipes the argument's own copy.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; N]) -> Self {
        let secret = Self(Box::new(bytes));
        bytes.zeroize();
        secret
    }

    /// Draws `N` random bytes.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut secret = Self::zeroed();
        entropy.fill(secret.as_mut())?;
        Ok(secret)
    }

    /// A buffer for a secret that is about to be computed.
    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; N]))
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// The bytes themselves: for the one call that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.expose(), other.expose()).is_ok()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({N} bytes)")
    }
}

/// Secret bytes of any length: a plaintext or a data key.
///
/// ```compile_fail
/// let secret = strongroom_crypto::secret::SecretBytes::from(vec![7]);
/// let copy = secret.clone();
/// ```
/// ```compile_fail
/// let secret = strongroom_crypto::secret::SecretBytes::from(vec![7]);
/// println!("{secret}");
/// ```
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The bytes themselves: for the one call that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Hands the bytes over; wiping them is the caller's from here on.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.expose(), other.expose()).is_ok()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(
            format!("{:?}", Secret::from_bytes([0x61; 4])),
            "Secret(4 bytes)"
        );
        let bytes = SecretBytes::from(b"aaaa".to_vec());
        assert_eq!(format!("{bytes:?}"), "SecretBytes(4 bytes)");
    }

    #[test]
    fn equality_is_of_content() {
        assert_eq!(Secret::from_bytes([1; 8]), Secret::from_bytes([1; 8]));
        assert_ne!(Secret::from_bytes([1; 8]), Secret::from_bytes([2; 8]));
        assert_ne!(SecretBytes::from(vec![1]), SecretBytes::from(vec![1, 1]));
    }
}
