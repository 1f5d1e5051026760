//! A client's key pair, to which grants are sealed.

use core::fmt;
use core::str::FromStr;

use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::kdf::verify;
use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::split::fingerprint;
use strongroom_crypto::xwing::{PRIVATE_KEY_BYTES, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::text::{self, SplitTextError};

/// A client's hybrid key pair (X-Wing: X25519 and ML-KEM-768). It is generated where it is used, and
/// only its public half leaves. Text until the client is granted a keyset: `skk_…`.
#[derive(Debug)]
pub struct SplitKeyPair(PrivateKey);

impl SplitKeyPair {
    /// Draws a key pair.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        PrivateKey::generate(entropy).map(Self)
    }

    pub(super) const fn from_private(key: PrivateKey) -> Self {
        Self(key)
    }

    pub(super) const fn private(&self) -> &PrivateKey {
        &self.0
    }

    pub(super) const fn public(&self) -> &PublicKey {
        self.0.public_key()
    }

    /// What the granting client compares, told to it by another way than the server.
    #[must_use]
    pub fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::of(self.public())
    }
}

const PAIR: &str = "skk_";

impl SplitKeyPair {
    /// The text to keep until a [`SplitCredential`](super::SplitCredential) has the key pair.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        text::write(PAIR, self.0.expanded().expose())
    }
}

impl FromStr for SplitKeyPair {
    type Err = SplitTextError;

    fn from_str(text: &str) -> Result<Self, SplitTextError> {
        let bytes = text::read(PAIR, text, PRIVATE_KEY_BYTES)?;
        let key = PrivateKey::from_expanded(SecretBytes::from(bytes.to_vec()));
        key.map(Self)
            .map_err(|_no_key| SplitTextError::Malformed { prefix: PAIR })
    }
}

/// The digest of a client's public key. Text: `skf_…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientFingerprint([u8; 32]);

const PREFIX: &str = "skf_";

impl ClientFingerprint {
    pub(super) fn of(key: &PublicKey) -> Self {
        Self(fingerprint(key))
    }

    /// Whether it is this key's.
    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        verify(&self.0, &fingerprint(key))
    }
}

impl fmt::Display for ClientFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::write(PREFIX, &self.0))
    }
}

impl fmt::Debug for ClientFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClientFingerprint {
    type Err = SplitTextError;

    fn from_str(text: &str) -> Result<Self, SplitTextError> {
        let bytes = text::read(PREFIX, text, 32)?;
        let bytes = bytes.as_slice().try_into();
        bytes
            .map(Self)
            .map_err(|_length| SplitTextError::Malformed { prefix: PREFIX })
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn texts_read_back() {
        let pair = SplitKeyPair::generate(&SystemEntropy).unwrap();
        let read: SplitKeyPair = pair.expose_text().parse().unwrap();
        let fingerprint = read.fingerprint();
        assert_eq!(fingerprint, pair.fingerprint());
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!(format!("{pair:?}").len() < 100);
    }
}
