//! What is sealed to a public key, and one fault each.
//!
//! AWS-LC takes no randomness for ML-KEM, so that key and message were drawn once: `seal_to_drawn.txt`, one
//! line, private key and sealed message.

use strongroom_crypto::xwing::{CIPHERTEXT_BYTES, PrivateKey};

use crate::vector::{Vector, hex, unhex};

const DRAWN: &str = include_str!("seal_to_drawn.txt");
const CONTEXT: &[u8] = b"row 7";
/// Bytes of ML-KEM-768's ciphertext; X25519's is behind it.
const ML_KEM_BYTES: usize = 1088;
const SALT_BYTES: usize = 24;

pub(crate) fn all() -> Vec<Vector> {
    let (private, sealed) = DRAWN.trim_end().split_once(' ').unwrap();
    let (private, sealed) = (unhex(private).unwrap(), unhex(sealed).unwrap());
    let key = PrivateKey::from_expanded(private.clone().into()).unwrap();
    let ok = Vector::ok("seal-to", "plain", "a message to a public key")
        .input("private_key_hex", hex(&private))
        .input("context_hex", hex(CONTEXT))
        .input("sealed_hex", hex(&sealed))
        .output("public_key_hex", hex(key.public_key().as_bytes()))
        .output("plaintext_hex", hex(crate::envelopes::PLAINTEXT));
    let flipped = |fault: &str, about: &str, at: usize| {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        ok.fault(fault, "cannot_open", about)
            .input("sealed_hex", hex(&bad))
    };
    let of_bytes = |fault: &str, about: &str, bytes: &[u8]| {
        ok.fault(fault, "cannot_open", about)
            .input("sealed_hex", hex(bytes))
    };
    let commitment = CIPHERTEXT_BYTES + SALT_BYTES;
    vec![
        flipped("ml-kem-flipped", "a bit of ML-KEM's ciphertext", 0),
        flipped("curve-flipped", "a bit of X25519's part", ML_KEM_BYTES),
        flipped("salt-flipped", "a bit of the salt", CIPHERTEXT_BYTES),
        flipped("commitment-flipped", "a bit of the commitment", commitment),
        flipped("tag-flipped", "the last bit of the tag", sealed.len() - 1),
        of_bytes(
            "cut",
            "the last byte is missing",
            &sealed[..sealed.len() - 1],
        ),
        of_bytes("trailing", "a byte more", &[&sealed[..], &[0]].concat()),
        of_bytes(
            "no-body",
            "nothing but the KEM",
            &sealed[..CIPHERTEXT_BYTES],
        ),
        of_bytes("short", "half of the KEM", &sealed[..CIPHERTEXT_BYTES / 2]),
        ok.fault("other-context", "cannot_open", "another row")
            .input("context_hex", hex(b"row 8")),
        ok,
    ]
}
