//! Bodies in CBOR against 100,000 seeded mutations: none panics, and each is read or refused as CBOR.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use strongroom_core::Invalid;
use strongroom_types::body::{Batch, DecryptItem, EncryptItem};

use super::Encoding;

const ROUNDS: usize = 100_000;

/// Numbers from a seed: Marsaglia's xorshift64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// One to three of: flip, set to the start of an item, insert, remove, cut, repeat.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    // Lengths of 8 bytes, indefinite lengths, their end, tags, simple values, floats.
    let starts = b"\x1b\x5b\x5f\x7b\x7f\x9b\x9f\xbb\xbf\xc1\xf5\xf6\xf9\xfb\xff\x00";
    for _ in 0..=numbers.below(3) {
        let (at, start) = (
            numbers.below(bytes.len()),
            starts[numbers.below(starts.len())],
        );
        match numbers.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..),
            2 => bytes.insert(at, start),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            4 if !bytes.is_empty() => bytes[at] = start,
            _ if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes.push(start),
        }
    }
}

/// What is read is written, and that is read as the same: a body may have several spellings, but
/// each has one meaning.
fn survive<T: Serialize + DeserializeOwned>(sample: &T) {
    let cbor = |value: &T| Encoding::Cbor.encode(value, 0).unwrap();
    let (sample, mut numbers, mut read) = (cbor(sample), Numbers(0x5eed), 0);
    for _ in 0..ROUNDS {
        let mut body = sample.clone();
        mutate(&mut body, &mut numbers);
        match Encoding::Cbor.decode::<T>(&body) {
            Ok(value) => {
                let written = cbor(&value);
                let again = Encoding::Cbor.decode::<T>(&written).unwrap();
                assert_eq!(cbor(&again), written, "{body:02x?}");
                read += 1;
            }
            Err(error) => assert!(matches!(error, Invalid::Cbor), "{error}"),
        }
    }
    assert!((ROUNDS / 100..ROUNDS).contains(&read), "{read}");
}

#[test]
fn batches_to_seal_survive() {
    let item = |text: &str| json!({"key_context": {"tenant": "a"}, "plaintext": text});
    let locked = json!({
        "key_context": {"tenant": "b", "region": "eu"},
        "plaintext": "",
        "lock": ["sub"],
        "associated_data": "cm93IDc=",
    });
    let batch = json!({"items": [item("b25l"), locked], "metadata": {"reason": "import"}});
    survive(&serde_json::from_value::<Batch<EncryptItem>>(batch).unwrap());
}

#[test]
fn batches_to_open_survive() {
    let item = json!({"key_context": {"tenant": "a"}, "ciphertext": "c2VhbGVk"});
    let batch = json!({"items": [item.clone(), item]});
    survive(&serde_json::from_value::<Batch<DecryptItem>>(batch).unwrap());
}
