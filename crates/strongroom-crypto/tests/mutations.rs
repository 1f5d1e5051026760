//! What others choose against seeded mutations: none panics, and nothing altered opens or holds.

#![expect(
    dead_code,
    reason = "the world of keys is shared, and a part of it is used here"
)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/numbers.rs"]
mod numbers;
mod support;

use numbers::Numbers;
use serde_json::Map;
use strongroom_crypto::chunked::{self, InputKey};
use strongroom_crypto::hybrid::{HybridKey, open_sealed, seal_to_hybrid};
use strongroom_crypto::jose::{self, Encryption, JoseError, JwsAlgorithm, Key, NewKey};
use strongroom_crypto::one_shot::{self, OneShotKey};
use strongroom_crypto::password::{self, PasswordError};
use strongroom_crypto::seal_to::{open_sealed_to, seal_to};
use strongroom_crypto::secret::Secret;
use strongroom_crypto::xwing::PrivateKey;
use strongroom_types::{HybridAlgorithm, Suite};
use support::SeededEntropy;

const ROUNDS: usize = 100_000;
/// Where each opening is two agreements, on a curve and by ML-KEM, which are slow.
const SLOW_ROUNDS: usize = 10_000;
const CONTEXT: &[u8] = b"context";

/// One to four of: flip, set, insert, remove, cut, repeat.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        match numbers.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..),
            2 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            4 if !bytes.is_empty() => bytes[at] = b"\0\x01\xff.,=$\"A0"[numbers.below(10)],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes.push(0),
        }
    }
}

/// Hands on what differs from the sample, in turn.
fn survive(rounds: usize, samples: &[Vec<u8>], mut read: impl FnMut(usize, &[u8])) {
    let mut numbers = Numbers(0x5eed);
    for round in 0..rounds {
        let which = round % samples.len();
        let mut bytes = samples[which].clone();
        mutate(&mut bytes, &mut numbers);
        if bytes != samples[which] {
            read(which, &bytes);
        }
    }
}

/// What is not UTF-8 is mended first: the parsers take `&str`.
fn survive_text(rounds: usize, samples: &[String], mut read: impl FnMut(usize, &str)) {
    let bytes: Vec<_> = samples.iter().map(|text| text.clone().into()).collect();
    survive(rounds, &bytes, |which, bytes| {
        let text = String::from_utf8_lossy(bytes);
        if text != samples[which] {
            read(which, &text);
        }
    });
}

/// A private key as its owner writes it.
fn jwk(new: NewKey) -> String {
    let made = jose::generate(new, Some("sig"), &SeededEntropy::new(1)).unwrap();
    serde_json::to_string(&made.private).unwrap()
}

/// A key of each kind that signs, with its algorithm and what it signed.
fn signed() -> Vec<(JwsAlgorithm, String, String)> {
    let kinds = [
        (JwsAlgorithm::Hs256, NewKey::Symmetric(32)),
        (JwsAlgorithm::Es256, NewKey::P256),
        (JwsAlgorithm::Es384, NewKey::P384),
        (JwsAlgorithm::EdDsa, NewKey::Ed25519),
    ];
    kinds
        .into_iter()
        .map(|(algorithm, new)| {
            let jwk = jwk(new);
            let key = Key::read(&jwk).unwrap();
            let signed = jose::sign(algorithm, &key, b"payload", Map::new()).unwrap();
            (algorithm, jwk, signed.jws)
        })
        .collect()
}

#[test]
fn no_altered_jws_holds() {
    let signed = signed();
    let keys: Vec<_> = signed
        .iter()
        .map(|(_, jwk, _)| Key::read(jwk).unwrap())
        .collect();
    let samples: Vec<_> = signed.iter().map(|(_, _, jws)| jws.clone()).collect();
    for (key, jws) in keys.iter().zip(&samples) {
        assert!(jose::verify(jws, key, None).is_ok());
    }
    survive_text(ROUNDS, &samples, |which, jws| {
        assert!(jose::verify(jws, &keys[which], None).is_err(), "{jws}");
    });
}

#[test]
fn no_altered_jwe_opens() {
    let keys = [Encryption::A128Gcm, Encryption::A256Gcm]
        .map(|encryption| match encryption {
            Encryption::A128Gcm => (encryption, "AAECAwQFBgcICQoLDA0ODw=="),
            Encryption::A256Gcm => (encryption, "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8="),
        })
        .map(|(encryption, key)| (encryption, Key::read(key).unwrap()));
    let entropy = SeededEntropy::new(2);
    let samples = keys.each_ref().map(|(encryption, key)| {
        let made = jose::encrypt(*encryption, key, b"text", &entropy).unwrap();
        assert!(jose::decrypt(&made.0, key).is_ok());
        made.0
    });
    survive_text(ROUNDS, &samples, |which, jwe| {
        assert!(jose::decrypt(jwe, &keys[which].1).is_err(), "{jwe}");
    });
}

/// A key that is read is used: nothing of it makes signing or verifying panic.
#[test]
fn altered_jwks_are_keys_or_refused() {
    let signed = signed();
    let samples: Vec<_> = signed.iter().map(|(_, jwk, _)| jwk.clone()).collect();
    let mut read = 0;
    survive_text(ROUNDS, &samples, |which, jwk| {
        let (algorithm, _, jws) = &signed[which];
        match Key::read(jwk) {
            Ok(key) => {
                drop(jose::verify(jws, &key, None));
                drop(jose::sign(*algorithm, &key, b"payload", Map::new()));
                read += 1;
            }
            Err(error) => assert_eq!(error, JoseError::Key),
        }
        if let Ok(jwk) = serde_json::from_str(jwk) {
            drop(jose::thumbprint(&jwk));
        }
    });
    assert!((ROUNDS / 100..ROUNDS).contains(&read), "{read}");
}

/// Fewer than of the others: each that is still a hash is computed. The parser alone has its hundred
/// thousand beside it.
#[test]
fn no_altered_hash_is_of_the_password() {
    let cheap = "$argon2id$v=19$m=64,t=1,p=1$Uy7Esm12bQtTrnT1AV43tw$LUGe41/i0nYsJK6YM1BXDPkUy6be8lO73Ug/pa5/WP4";
    assert!(password::check(b"password", cheap).unwrap().valid);
    let mut read = 0;
    survive_text(
        2_000,
        &[cheap.to_owned()],
        |_, text| match password::check(b"password", text) {
            Ok(checked) => {
                assert!(!checked.valid, "{text}");
                read += 1;
            }
            Err(error) => assert_eq!(error, PasswordError::Text),
        },
    );
    assert!(read > 100, "{read}");
}

#[test]
fn no_altered_chunked_message_opens() {
    let suites = [
        Suite::Aes256Gcm,
        Suite::Aes128Gcm,
        Suite::ChaCha20Poly1305,
        Suite::Aes256GcmSiv,
    ];
    let keys = suites.map(|suite| {
        let bytes = if suite == Suite::Aes128Gcm { 16 } else { 32 };
        InputKey::new(suite, &[7; 32][..bytes]).unwrap()
    });
    let samples = keys
        .each_ref()
        .map(|key| chunked::seal(key, &[9; chunked::SALT_BYTES], CONTEXT, b"text"));
    survive(ROUNDS, &samples, |which, sealed| {
        assert!(chunked::open(&keys[which], CONTEXT, sealed).is_err());
    });
}

#[test]
fn no_altered_message_in_one_piece_opens() {
    let suites = [Suite::Aes256CbcHmac, Suite::Aes256CtrHmac, Suite::Aes256Ccm];
    let keys = suites.map(|suite| OneShotKey::new(suite, &Secret::from_bytes([7; 32])).unwrap());
    let samples = keys
        .each_ref()
        .map(|key| one_shot::seal(key, &[9; 24], CONTEXT, b"text").unwrap());
    survive(ROUNDS, &samples, |which, sealed| {
        assert!(one_shot::open(&keys[which], CONTEXT, sealed).is_err());
    });
}

#[test]
fn nothing_altered_that_was_sealed_to_a_hybrid_key_opens() {
    let entropy = SeededEntropy::new(3);
    let keys = [
        HybridAlgorithm::X25519MlKem512,
        HybridAlgorithm::X25519MlKem768,
        HybridAlgorithm::X25519MlKem1024,
        HybridAlgorithm::P256MlKem768,
        HybridAlgorithm::P384MlKem1024,
    ]
    .map(|algorithm| HybridKey::generate(algorithm, &entropy).unwrap());
    let samples = keys
        .each_ref()
        .map(|key| seal_to_hybrid(key.public_key(), CONTEXT, b"text", &entropy).unwrap());
    survive(SLOW_ROUNDS, &samples, |which, sealed| {
        assert!(open_sealed(&keys[which], CONTEXT, sealed).is_err());
    });
}

#[test]
fn nothing_altered_that_was_sealed_to_a_public_key_opens() {
    let entropy = SeededEntropy::new(4);
    let key = PrivateKey::generate(&entropy).unwrap();
    let sample = seal_to(key.public_key(), CONTEXT, b"text", &entropy).unwrap();
    survive(SLOW_ROUNDS, &[sample], |_, sealed| {
        assert!(open_sealed_to(&key, CONTEXT, sealed).is_err());
    });
}
