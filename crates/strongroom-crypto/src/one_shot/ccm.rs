//! AES-256-CCM, of RustCrypto.

use ::ccm::aead::{AeadInOut as _, KeyInit as _};
use ::ccm::consts::{U12, U16};
use ::ccm::{Ccm, Nonce, Tag};
use aes::Aes256;
use zeroize::Zeroizing;

use super::BLOCK_BYTES;
use crate::OpenError;
use crate::secret::{Secret, SecretBytes};

/// Bytes of a nonce.
pub(super) const NONCE_BYTES: usize = 12;

type AesCcm = Ccm<Aes256, U16, U12>;

fn nonce(iv: &[u8; BLOCK_BYTES]) -> Nonce<U12> {
    Nonce::from(core::array::from_fn::<u8, NONCE_BYTES, _>(|at| {
        iv.get(at).copied().unwrap_or_default()
    }))
}

fn cipher(key: &Secret<32>) -> AesCcm {
    AesCcm::new(key.expose().into())
}

/// Appends `ciphertext ‖ tag`.
#[expect(
    clippy::expect_used,
    reason = "a plaintext is checked against 64 KiB, a nonce of 12 bytes allows 16 MiB"
)]
pub(super) fn seal_into(
    key: &Secret<32>,
    iv: &[u8; BLOCK_BYTES],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.extend_from_slice(plaintext);
    let room = out.get_mut(start..).unwrap_or_default();
    let tag = cipher(key)
        .encrypt_inout_detached(&nonce(iv), &[], room.into())
        .expect("the plaintext is short enough");
    out.extend_from_slice(&tag);
}

/// What [`seal_into`] appended.
pub(super) fn open(
    key: &Secret<32>,
    iv: &[u8; BLOCK_BYTES],
    encrypted: &[u8],
    tag: &[u8],
) -> Result<SecretBytes, OpenError> {
    let tag: [u8; 16] = tag.try_into().map_err(|_length| OpenError)?;
    let mut plaintext = Zeroizing::new(encrypted.to_vec());
    let room = plaintext.as_mut_slice();
    cipher(key)
        .decrypt_inout_detached(&nonce(iv), &[], room.into(), &Tag::from(tag))
        .map_err(|_altered| OpenError)?;
    Ok(SecretBytes::from(core::mem::take(&mut *plaintext)))
}
