//! Sealing to a public key: anyone can seal, only the holder of the private key can open.
//!
//! ```text
//! sealed  = X-Wing ciphertext (1120) ‖ Cobblestone-256(key, context)
//! key     = HKDF-Expand(X-Wing shared secret, label)
//! context = label ‖ frame(public key, X-Wing ciphertext, caller's context)
//! ```
//!
//! Public key and ciphertext are bound whole, beyond what X-Wing's own hash binds. It says nothing
//! about who sealed.

use crate::chunked::{self, InputKey, SALT_BYTES};
use crate::entropy::Entropy;
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::{Secret, SecretBytes};
use crate::suite::Aead;
use crate::xwing::{CIPHERTEXT_BYTES, EncapsulateError, PrivateKey, PublicKey};
use crate::{OpenError, frame};

/// Seals `plaintext` to the holder of a private key.
///
/// # Errors
/// When the public key is not valid or there is no randomness.
pub fn seal_to(
    recipient: &PublicKey,
    context: &[u8],
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, EncapsulateError> {
    let (ciphertext, shared) = recipient.encapsulate(entropy)?;
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let context = full_context(recipient, &ciphertext, context);
    let mut out = ciphertext.to_vec();
    chunked::seal_into(&input_key(&shared), &salt, &context, plaintext, &mut out);
    Ok(out)
}

/// Opens what was sealed to this key's public key in the same context.
///
/// # Errors
/// When key or context differ, or a byte is altered.
pub fn open_sealed_to(
    key: &PrivateKey,
    context: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    let (ciphertext, body) = sealed
        .split_first_chunk::<CIPHERTEXT_BYTES>()
        .ok_or(OpenError)?;
    let shared = key.decapsulate(ciphertext)?;
    let context = full_context(key.public_key(), ciphertext, context);
    chunked::open(&input_key(&shared), &context, body)
}

fn input_key(shared: &Secret<32>) -> InputKey {
    InputKey::derive(Aead::AES_256_GCM, &Prf::new(shared), Label::SealTo, &[])
}

fn full_context(public: &PublicKey, ciphertext: &[u8], context: &[u8]) -> Vec<u8> {
    let parts = frame::list(&[public.as_bytes(), ciphertext, context]);
    [Label::SealToContext.as_bytes(), &parts].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn opens_with_the_key_and_context_it_was_sealed_to() {
        let key = PrivateKey::generate(&SystemEntropy).unwrap();
        let other = PrivateKey::generate(&SystemEntropy).unwrap();
        let sealed = seal_to(key.public_key(), b"ctx", b"secret", &SystemEntropy).unwrap();
        let opened = open_sealed_to(&key, b"ctx", &sealed).unwrap();
        assert_eq!(opened.expose(), b"secret");
        assert_eq!(open_sealed_to(&key, b"other", &sealed), Err(OpenError));
        assert_eq!(open_sealed_to(&other, b"ctx", &sealed), Err(OpenError));
    }

    #[test]
    fn refuses_every_flipped_byte() {
        let key = PrivateKey::generate(&SystemEntropy).unwrap();
        let sealed = seal_to(key.public_key(), b"", b"secret", &SystemEntropy).unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(open_sealed_to(&key, b"", &bad), Err(OpenError), "byte {at}");
            assert!(open_sealed_to(&key, b"", &sealed[..at]).is_err());
        }
    }
}
