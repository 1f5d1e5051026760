//! AES-256 in CBC and CTR, of AWS-LC.

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptingKey, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::BLOCK_BYTES;
use crate::OpenError;
use crate::secret::{Secret, SecretBytes};

const KEY_FITS: &str = "a key of 32 bytes is one of AES-256";

/// Appends the plaintext, padded by PKCS #7 and encrypted.
#[expect(
    clippy::expect_used,
    reason = "AWS-LC refuses wrong lengths only, and all are those of AES-256"
)]
pub(super) fn cbc_encrypt(
    key: &Secret<32>,
    iv: [u8; BLOCK_BYTES],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) {
    let key = UnboundCipherKey::new(&AES_256, key.expose()).expect(KEY_FITS);
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).expect(KEY_FITS);
    // Room for the padding, so that no copy of the plaintext is left behind.
    let mut padded = Zeroizing::new(Vec::with_capacity(plaintext.len() + BLOCK_BYTES));
    padded.extend_from_slice(plaintext);
    let iv = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(&mut *padded, iv)
        .expect("the IV has the length of a block");
    out.extend_from_slice(&padded);
}

/// What [`cbc_encrypt`] encrypted. Only what is authenticated comes here.
pub(super) fn cbc_decrypt(
    key: &Secret<32>,
    iv: [u8; BLOCK_BYTES],
    encrypted: &[u8],
) -> Result<SecretBytes, OpenError> {
    let key = UnboundCipherKey::new(&AES_256, key.expose()).map_err(refused)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(refused)?;
    let mut padded = Zeroizing::new(encrypted.to_vec());
    let iv = DecryptionContext::Iv128(FixedLength::from(iv));
    let bytes = key.decrypt(&mut padded, iv).map_err(refused)?.len();
    padded.truncate(bytes);
    Ok(SecretBytes::from(core::mem::take(&mut *padded)))
}

/// Encrypts or decrypts in place: the same in CTR.
#[expect(
    clippy::expect_used,
    reason = "AWS-LC refuses wrong lengths only, and all are those of AES-256"
)]
pub(super) fn ctr(key: &Secret<32>, iv: [u8; BLOCK_BYTES], bytes: &mut [u8]) {
    let key = UnboundCipherKey::new(&AES_256, key.expose()).expect(KEY_FITS);
    let key = EncryptingKey::ctr(key).expect(KEY_FITS);
    let iv = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(bytes, iv)
        .expect("the IV has the length of a block");
}

fn refused(_unspecified: aws_lc_rs::error::Unspecified) -> OpenError {
    OpenError
}
