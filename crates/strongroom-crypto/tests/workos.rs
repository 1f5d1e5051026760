//! What WorkOS clients seal locally: vectors, mutations, and layouts turned into each other.

#![expect(
    dead_code,
    reason = "the generator's vector is shared, a reader needs half of it"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "support/numbers.rs"]
mod numbers;
#[path = "../examples/crypto_vectors/vector.rs"]
mod vector;

use numbers::Numbers;
use std::fs;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use strongroom_crypto::foreign::workos::{Layout, LocalValue, recognise};
use vector::{Vector, hex, unhex};

const MUTATIONS: usize = 150_000;

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/workos");
    let read = |file: fs::DirEntry| {
        let text = fs::read_to_string(file.path()).unwrap();
        let vector: Vector = serde_json::from_str(&text).unwrap();
        assert_eq!(file.file_name(), vector.file_name().as_str());
        vector
    };
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| read(file.unwrap())).collect()
}

fn layout(vector: &Vector) -> Layout {
    match vector.input["layout"].as_str() {
        "a" => Layout::A,
        "b" => Layout::B,
        other => panic!("unknown layout {other}"),
    }
}

const fn other(layout: Layout) -> Layout {
    match layout {
        Layout::A => Layout::B,
        Layout::B => Layout::A,
    }
}

fn value(vector: &Vector) -> Vec<u8> {
    unhex(&vector.input["value_hex"]).unwrap()
}

fn open(vector: &Vector, value: &LocalValue<'_>) -> Option<Vec<u8>> {
    let data_key = unhex(&vector.input["data_key_hex"]).unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &data_key).unwrap());
    let nonce = Nonce::assume_unique_for_key(*value.iv);
    let aad = Aad::from(vector.input["associated_data"].as_bytes());
    let mut sealed = [value.ciphertext, value.tag].concat();
    let opened = key.open_in_place(nonce, aad, &mut sealed).ok()?;
    Some(opened.to_vec())
}

#[test]
fn every_workos_vector_comes_out_as_it_says() {
    let all = vectors();
    for vector in &all {
        let bytes = value(vector);
        let parsed = LocalValue::parse(layout(vector), &bytes);
        let opened = parsed.as_ref().map(|value| open(vector, value));
        match vector.expect.as_str() {
            "ok" => {
                let opened = String::from_utf8(opened.unwrap().unwrap()).unwrap();
                assert_eq!(opened, vector.output["plaintext"], "{}", vector.name);
                let key_blob = hex(parsed.unwrap().key_blob);
                assert_eq!(key_blob, vector.output["key_blob_hex"], "{}", vector.name);
            }
            "malformed" => assert!(opened.is_err(), "{}", vector.name),
            "cannot_open" => assert_eq!(opened, Ok(None), "{}", vector.name),
            class => panic!("unknown class {class}"),
        }
    }
    assert!(all.len() >= 40, "{}", all.len());
}

#[test]
fn a_value_becomes_the_other_layout_and_back_without_a_key() {
    for vector in vectors().iter().filter(|vector| vector.expect == "ok") {
        let (bytes, layout) = (value(vector), layout(vector));
        let there = LocalValue::parse(layout, &bytes).unwrap();
        let there = there.encode(other(layout)).unwrap();
        assert_eq!(hex(&there), vector.output["other_layout_hex"]);
        let back = LocalValue::parse(other(layout), &there).unwrap();
        assert_eq!(back.encode(layout).unwrap(), bytes);
    }
}

#[test]
fn values_under_our_own_wrapped_keys_are_recognised() {
    let (mut seen, all) = (0, vectors());
    for vector in all.iter().filter(|vector| vector.expect == "ok") {
        if vector.output["key_blob_hex"].starts_with("00000039737231") {
            assert_eq!(recognise(&value(vector)), Ok(layout(vector)));
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes.push(0),
        }
    }
}

#[test]
fn mutations_of_local_values_never_panic_and_reencode_to_themselves() {
    let samples: Vec<Vec<u8>> = vectors()
        .iter()
        .map(value)
        .filter(|value| value.len() < 1000)
        .collect();
    let mut numbers = Numbers(0x5eed);
    let mut accepted = 0;
    for round in 0..MUTATIONS {
        let mut bytes = samples[round % samples.len()].clone();
        mutate(&mut bytes, &mut numbers);
        for layout in [Layout::A, Layout::B] {
            if let Ok(parsed) = LocalValue::parse(layout, &bytes) {
                assert_eq!(parsed.encode(layout).as_ref(), Ok(&bytes));
                accepted += 1;
            }
        }
        // What is recognised as a layout is a value in it.
        if let Ok(layout) = recognise(&bytes) {
            assert!(LocalValue::parse(layout, &bytes).is_ok());
        }
    }
    assert!(
        (MUTATIONS / 10..2 * MUTATIONS).contains(&accepted),
        "{accepted}"
    );
}
