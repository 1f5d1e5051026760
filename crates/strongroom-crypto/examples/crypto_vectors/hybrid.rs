//! What is sealed to hybrid keys, and one fault each.
//!
//! AWS-LC takes no randomness for ML-KEM, so that keys and messages cannot be made again: they were drawn
//! once, and stand in `hybrid_drawn.txt`, a line each: algorithm, private key, sealed message.

use strongroom_crypto::hybrid::{HEADER_BYTES, HybridKey, SealedHeader, ciphertext_bytes};
use strongroom_types::HybridAlgorithm;

use crate::vector::{Vector, hex, unhex};

const DRAWN: &str = include_str!("hybrid_drawn.txt");

pub(crate) fn all() -> Vec<Vector> {
    DRAWN.lines().flat_map(of_line).collect()
}

/// `X25519+ML-KEM-512` as `x25519-ml-kem-512`.
fn short(algorithm: HybridAlgorithm) -> String {
    algorithm.name().to_lowercase().replace('+', "-")
}

fn of_line(line: &str) -> Vec<Vector> {
    let mut words = line.split(' ');
    let algorithm = HybridAlgorithm::from_name(words.next().unwrap()).unwrap();
    let private = unhex(words.next().unwrap()).unwrap();
    let sealed = unhex(words.next().unwrap()).unwrap();
    let kem_end = HEADER_BYTES + ciphertext_bytes(algorithm);
    let name = |name: &str| format!("{}-{name}", short(algorithm));
    let ok = Vector::ok("hybrid", &short(algorithm), "a message to a hybrid key")
        .input("algorithm", algorithm)
        .input("private_key_hex", hex(&private))
        .input("associated_data_hex", hex(b"row 7"))
        .input("sealed_hex", hex(&sealed))
        .output("plaintext_hex", hex(crate::envelopes::PLAINTEXT));
    let flipped = |fault: &str, about: &str, at: usize| {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        ok.fault(&name(fault), "cannot_open", about)
            .input("sealed_hex", hex(&bad))
    };
    let other = ok.fault(&name("other-associated-data"), "cannot_open", "another row");
    let cut = ok.fault(&name("cut"), "cannot_open", "the last byte is missing");
    vec![
        encapsulated(algorithm, &private, &sealed[HEADER_BYTES..kem_end]),
        flipped("magic", "another format's name", 0),
        flipped("recipient", "a bit of the recipient's digest", 9),
        flipped("ml-kem", "a bit of ML-KEM's ciphertext", HEADER_BYTES),
        flipped("curve", "a bit of the curve's part", kem_end - 1),
        flipped("body", "the last bit of the tag", sealed.len() - 1),
        other.input("associated_data_hex", hex(b"row 8")),
        cut.input("sealed_hex", hex(&sealed[..sealed.len() - 1])),
        ok,
    ]
}

fn encapsulated(algorithm: HybridAlgorithm, private: &[u8], ciphertext: &[u8]) -> Vector {
    let key = HybridKey::from_bytes(algorithm, private.to_vec().into()).unwrap();
    let shared = key.decapsulate(ciphertext).unwrap();
    let digest = SealedHeader::to(key.public_key()).recipient;
    Vector::ok("kem", &short(algorithm), "an encapsulated secret")
        .input("algorithm", algorithm)
        .input("private_key_hex", hex(private))
        .input("ciphertext_hex", hex(ciphertext))
        .output("public_key_hex", hex(key.public_key().as_bytes()))
        .output("digest_hex", hex(&digest))
        .output("shared_hex", hex(shared.expose()))
}
