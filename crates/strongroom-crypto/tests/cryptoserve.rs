//! What CryptoServe sealed: vectors that another implementation made, and mutations of them.

#![expect(
    dead_code,
    reason = "the generator's vector is shared, a reader needs half of it"
)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/numbers.rs"]
mod numbers;
#[path = "../examples/crypto_vectors/vector.rs"]
mod vector;

use numbers::Numbers;
use std::fs;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Value, json};
use strongroom_crypto::OpenError;
use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::foreign::cryptoserve::{
    Ciphertext, KeyRing, MasterKey, WrappedKemKey, looks_like, open_local,
};
use strongroom_crypto::secret::{Secret, SecretBytes};
use strongroom_types::Format;
use vector::{Vector, hex, unhex};
use zeroize::Zeroizing;

const MUTATIONS: usize = 150_000;

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/cryptoserve");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some());
    let read = |path: std::path::PathBuf| {
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(path.file_name().unwrap(), vector.file_name().as_str());
        vector
    };
    files.map(read).collect()
}

fn master_key(vector: &Vector) -> MasterKey {
    let salts: Vec<String> = serde_json::from_str(&vector.input["salts"]).unwrap();
    MasterKey::new(Zeroizing::new(vector.input["master_key"].clone()), salts)
}

/// The keys that the vector's key can have been, by way of their bytes.
fn ring(vector: &Vector) -> KeyRing {
    let (master, given) = (master_key(vector), &vector.input);
    let ring = match given.get("wrapped_hex") {
        None => {
            let formats: Vec<Format> = serde_json::from_str(&given["formats"]).unwrap();
            let place = (given["context"].as_str(), given["tenant"].as_str());
            let version = given["version"].parse().unwrap();
            master.ring(place, version, &formats).unwrap()
        }
        Some(wrapped) => {
            let row = WrappedKemKey {
                id: &given["key_id"],
                context: &given["context"],
                algorithm: &given["algorithm"],
                wrapped: &unhex(wrapped).unwrap(),
                nonce: &unhex(&given["nonce_hex"]).unwrap(),
            };
            master.kem_ring(&row).unwrap()
        }
    };
    KeyRing::decode(ring.encode().expose()).unwrap()
}

fn bytes(vector: &Vector) -> Vec<u8> {
    unhex(&vector.input["ciphertext_hex"]).unwrap()
}

fn associated_data(vector: &Vector) -> Option<Vec<u8>> {
    let text = vector.input.get("associated_data_hex");
    text.map(|text| unhex(text).unwrap())
}

fn open(vector: &Vector) -> Result<SecretBytes, OpenError> {
    let (bytes, associated_data) = (bytes(vector), associated_data(vector));
    let ciphertext = Ciphertext::parse(&bytes)?;
    ring(vector).open(&ciphertext, associated_data.as_deref())
}

#[test]
fn every_cryptoserve_vector_comes_out_as_it_says() {
    let all = vectors();
    for vector in &all {
        let bytes = bytes(vector);
        let parsed = Ciphertext::parse(&bytes).is_ok();
        assert_eq!(parsed, vector.expect != "malformed", "{}", vector.name);
        match (open(vector), vector.expect.as_str()) {
            (Ok(opened), "ok") => {
                assert_eq!(
                    hex(opened.expose()),
                    vector.output["plaintext_hex"],
                    "{}",
                    vector.name
                );
                assert!(looks_like(&bytes));
            }
            (Err(OpenError), "malformed" | "cannot_open") => {}
            (_, class) => panic!("{} did not come out as {class}", vector.name),
        }
    }
    assert!(all.len() >= 110, "{}", all.len());
}

#[test]
fn no_ciphertext_of_theirs_is_read_as_one_of_ours_or_the_other_way_round() {
    for vector in vectors() {
        if vector.expect == "ok" {
            assert!(Envelope::parse_prefix(&bytes(&vector)).is_err());
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/crypto");
    let ours = fs::read_to_string(folder.join("sr1-derived-aes-256-gcm.json")).unwrap();
    let ours: Vector = serde_json::from_str(&ours).unwrap();
    let ours = unhex(&ours.input["blob_hex"]).unwrap();
    assert!(Envelope::parse(&ours).is_ok());
    assert!(!looks_like(&ours));
    assert!(Ciphertext::parse(&ours).is_err());
}

#[test]
fn a_ring_opens_only_formats_that_its_key_ever_had() {
    let all = vectors();
    let early = all
        .iter()
        .find(|vector| vector.name == "cryptoserve-v1-by-tenant");
    let mut vector = early.unwrap().clone();
    assert!(open(&vector).is_ok());
    vector.input.insert("formats".into(), r#"["cs-v3"]"#.into());
    assert_eq!(open(&vector), Err(OpenError));
    assert!(!ring(&vector).had(Format::CsV1));
    assert!(!ring(&vector).had(Format::Sr1));
}

fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 if !bytes.is_empty() => bytes[at] = [0, 1, b'"', 0x7f, 0xff][numbers.below(5)],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes.push(0),
        }
    }
}

#[test]
fn mutated_ciphertexts_never_panic_and_what_opens_is_the_plaintext() {
    let all: Vec<Vector> = vectors();
    let good = all.iter().filter(|vector| vector.expect == "ok");
    let good = good.map(|vector| {
        let plaintext = unhex(&vector.output["plaintext_hex"]).unwrap();
        (
            bytes(vector),
            associated_data(vector),
            ring(vector),
            plaintext,
        )
    });
    let good: Vec<_> = good.collect();
    let mut numbers = Numbers(0x5eed);
    let (mut parsed, mut opened) = (0, 0);
    for round in 0..MUTATIONS {
        let (bytes, associated_data, ring, plaintext) = &good[round % good.len()];
        let mut mutated = bytes.clone();
        mutate(&mut mutated, &mut numbers);
        let Ok(ciphertext) = Ciphertext::parse(&mutated) else {
            continue;
        };
        parsed += 1;
        // Opening tries up to 25 keys: of some only, so that the test ends.
        if parsed % 8 > 0 {
            continue;
        }
        // Their header is not authenticated: one that was changed may still open, to the same text.
        if let Ok(text) = ring.open(&ciphertext, associated_data.as_deref()) {
            assert_eq!(text.expose(), plaintext, "{round}");
            opened += 1;
        }
    }
    assert!((MUTATIONS / 100..MUTATIONS).contains(&parsed), "{parsed}");
    assert!(opened < parsed, "{opened}");
}

#[test]
fn mutated_rings_never_panic_and_have_one_encoding() {
    let all = vectors();
    let of = |name: &str| all.iter().find(|vector| vector.name == name).unwrap();
    let rings =
        ["cryptoserve-v3-gcm", "cryptoserve-hybrid-768"].map(|name| ring(of(name)).encode());
    let mut numbers = Numbers(0x5eed);
    let mut read = 0;
    for round in 0..MUTATIONS {
        let mut mutated = rings[round % rings.len()].expose().to_vec();
        mutate(&mut mutated, &mut numbers);
        let Ok(ring) = KeyRing::decode(&mutated) else {
            continue;
        };
        read += 1;
        assert_eq!(ring.encode().expose(), mutated);
    }
    assert!((MUTATIONS / 100..MUTATIONS).contains(&read), "{read}");
}

#[test]
fn what_clients_sealed_by_themselves_is_what_its_header_says() {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let opens = |header: Value, associated_data: &[u8]| {
        let header = header.to_string();
        let length = u16::try_from(header.len()).unwrap().to_be_bytes();
        let mut body = b"text".to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        key.seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut body)
            .unwrap();
        let sealed = [&length, header.as_bytes(), &body].concat();
        let sealed = Ciphertext::parse(&sealed).unwrap();
        let key = Secret::from_bytes([7; 32]);
        let opened = open_local(&key, &sealed, Some(associated_data));
        opened.is_ok_and(|opened| opened.expose() == b"text")
    };
    let with = |field: &str, value: Value| {
        let mut header = json!({
            "v": 4, "ctx": "general", "kid": "k", "alg": "AES-256-GCM", "local": true,
            "nonce": "AAAAAAAAAAAAAAAA", "aad_len": 2,
        });
        header[field] = value;
        header
    };
    assert!(opens(with("aad_len", json!(2)), b"ad"));
    assert!(!opens(with("aad_len", json!(3)), b"ad"));
    assert!(!opens(with("aad_len", json!(0)), b"ad"));
    assert!(!opens(with("alg", json!("AES-128-GCM")), b"ad"));
    // Nor is it a ciphertext of an earlier format, which clients never sealed.
    assert!(opens(with("aad_len", json!(0)), b""));
    let earlier = json!({
        "v": 2, "ctx": "general", "kid": "k", "alg": "AES-256-GCM", "mode": "gcm",
        "nonce": "AAAAAAAAAAAAAAAA",
    });
    assert!(!opens(earlier, b""));
}
