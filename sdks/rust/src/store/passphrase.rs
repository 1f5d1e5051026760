//! Hardening a passphrase, once for each slot that it opens.
//!
//! ```text
//! stretched = Argon2id(passphrase, salt; 64 MiB, 3 passes, 1 lane), 32 bytes      RFC 9106
//! output    = OPRF(server's key of the slot, stretched), 64 bytes                 RFC 9497
//! secret    = HKDF-Expand(stretched, "sealed-passphrase" ‖ frame(output, workspace, store, slot))
//! ```
//!
//! A thief of the database cannot guess: each guess needs the server's key, or the server, which
//! counts. A thief of the database who has the server's root key as well guesses offline, at one
//! Argon2id a guess. A generated secret withstands both.

use argon2::{Algorithm, Argon2, Params, Version};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::kdf;
use strongroom_crypto::label::Label;
use strongroom_crypto::oprf::{BlindError, Blinded, ELEMENT_BYTES, ElementError};
use strongroom_crypto::secret::Secret;
use strongroom_types::StoreName;
use zeroize::Zeroizing;

use super::root::StoreScope;
use super::secret::ClientSecret;

/// RFC 9106 section 4, second recommended option, with one lane: memory in KiB and passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// A passphrase that could not be hardened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// It is shorter than [`Stretched::CHARS_MIN`].
    #[error("a passphrase has at least {} characters", Stretched::CHARS_MIN)]
    Short,
    /// Argon2id could not run.
    #[error("the passphrase could not be stretched")]
    Argon2,
    /// It could not be blinded.
    #[error(transparent)]
    Blind(#[from] BlindError),
    /// The server's answer is no element of the group.
    #[error(transparent)]
    Answer(#[from] ElementError),
}

/// A passphrase that waits for the server's part.
#[derive(Debug)]
pub struct Stretched {
    key: Secret<32>,
    blinded: Blinded,
}

impl Stretched {
    /// The fewest characters of a passphrase.
    pub const CHARS_MIN: usize = 12;
    /// Bytes of the salt, which is public and belongs to the slot.
    pub const SALT_BYTES: usize = 16;

    /// Whether a passphrase is long enough.
    pub(super) fn check(passphrase: &str) -> Result<(), PassphraseError> {
        if passphrase.chars().count() < Self::CHARS_MIN {
            return Err(PassphraseError::Short);
        }
        Ok(())
    }

    /// Stretches a passphrase and blinds the result; takes about 0.2 s and 64 MiB.
    ///
    /// # Errors
    /// The passphrase is too short, or there is no randomness or memory.
    pub fn new(
        passphrase: &str,
        salt: &[u8; Self::SALT_BYTES],
        entropy: &dyn Entropy,
    ) -> Result<Self, PassphraseError> {
        Self::check(passphrase)?;
        let key = stretch(passphrase, salt).ok_or(PassphraseError::Argon2)?;
        let blinded = Blinded::new(key.expose(), entropy)?;
        Ok(Self { key, blinded })
    }

    /// What goes to the server: it tells nothing about the passphrase.
    #[must_use]
    pub const fn blinded(&self) -> &[u8; ELEMENT_BYTES] {
        self.blinded.element()
    }

    /// The secret that opens the slot.
    ///
    /// # Errors
    /// The server's answer is no element of the group.
    pub fn finish(
        self,
        evaluated: &[u8],
        scope: &StoreScope,
        slot: &StoreName,
    ) -> Result<ClientSecret, PassphraseError> {
        let output = self.blinded.finalize(self.key.expose(), evaluated)?;
        let [workspace, store] = scope.parts();
        let parts = [
            &output.expose()[..],
            workspace,
            store,
            slot.as_str().as_bytes(),
        ];
        let secret = kdf::derive(&self.key, Label::SealedPassphrase, &parts);
        Ok(ClientSecret::from_secret(secret))
    }
}

fn stretch(passphrase: &str, salt: &[u8]) -> Option<Secret<32>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, out.as_mut())
        .ok()?;
    Some(Secret::from_bytes(*out))
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;
    use strongroom_crypto::oprf::OprfKey;

    use super::*;
    use crate::store::root::tests::scope;

    fn harden(passphrase: &str, server: u8, slot: &str) -> ClientSecret {
        let key = OprfKey::from_seed(&Secret::from_bytes([server; 32]), b"").unwrap();
        let stretched = Stretched::new(passphrase, &[1; 16], &SystemEntropy).unwrap();
        let evaluated = key.evaluate(stretched.blinded()).unwrap();
        let slot = slot.parse().unwrap();
        stretched
            .finish(&evaluated, &scope(1, "store"), &slot)
            .unwrap()
    }

    #[test]
    fn secret_depends_on_passphrase_server_and_slot() {
        let secret = harden("correct horse battery", 1, "main");
        assert!(secret == harden("correct horse battery", 1, "main"));
        assert!(secret != harden("correct horse batterz", 1, "main"));
        assert!(secret != harden("correct horse battery", 2, "main"));
        assert!(secret != harden("correct horse battery", 1, "other"));
    }

    #[test]
    fn short_passphrase_is_refused() {
        let short = Stretched::new("elevenchars", &[1; 16], &SystemEntropy);
        assert_eq!(short.err(), Some(PassphraseError::Short));
    }
}
