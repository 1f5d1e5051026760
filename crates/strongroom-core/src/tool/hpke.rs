//! Sealing to public keys.

use strongroom_crypto::agreement::Agreement;
use strongroom_crypto::hpke::{HpkeAead, SealError};
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::Operation;

use super::{Bench, Tool};
use crate::denial::{CiphertextFault, Denial, Invalid};
use crate::fips::Algorithm;

/// A value to be sealed to a public key.
#[derive(Debug)]
pub struct HpkeSeal {
    /// How.
    pub aead: HpkeAead,
    /// Whose key.
    pub recipient: Vec<u8>,
    /// What is authenticated with it.
    pub aad: Vec<u8>,
    /// The value.
    pub plaintext: SecretBytes,
}

impl Tool for HpkeSeal {
    const OPERATION: Operation = Operation::HpkeSeal;
    type Answer = Vec<u8>;

    fn algorithm(&self) -> &'static str {
        self.aead.name()
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::Agreement(Agreement::X25519))
    }

    fn work(&self, bench: &Bench) -> Result<Vec<u8>, Denial> {
        let (text, entropy) = (self.plaintext.expose(), &*bench.entropy);
        let sealed = self.aead.seal(&self.recipient, &self.aad, text, entropy);
        sealed.map_err(|error| match error {
            SealError::Entropy(_) => Denial::Unavailable,
            SealError::Key => Invalid::Field("recipient_public_key".into()).into(),
        })
    }
}

/// A value to be opened with a private key.
#[derive(Debug)]
pub struct HpkeOpen {
    /// How.
    pub aead: HpkeAead,
    /// The key.
    pub private: SecretBytes,
    /// What was authenticated with it.
    pub aad: Vec<u8>,
    /// What was sealed.
    pub ciphertext: Vec<u8>,
}

impl Tool for HpkeOpen {
    const OPERATION: Operation = Operation::HpkeOpen;
    type Answer = SecretBytes;

    fn algorithm(&self) -> &'static str {
        self.aead.name()
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::Agreement(Agreement::X25519))
    }

    fn work(&self, _bench: &Bench) -> Result<SecretBytes, Denial> {
        let private = self.private.expose();
        let opened = self.aead.open(private, &self.aad, &self.ciphertext);
        opened.map_err(|_does_not_open| Denial::Ciphertext(CiphertextFault::Altered))
    }
}
