//! What CryptoServe sealed, and what is kept of its keys: no panic, and one encoding of the latter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::foreign::cryptoserve::{Ciphertext, KeyRing, looks_like};

fuzz_target!(|bytes: &[u8]| {
    let (ring, ciphertext) = bytes.split_at(bytes.len() / 2);
    if Ciphertext::parse(bytes).is_ok() {
        assert!(looks_like(bytes));
    }
    if let Ok(ring) = KeyRing::decode(ring) {
        assert_eq!(ring.encode().expose(), &bytes[..bytes.len() / 2]);
        if let Ok(ciphertext) = Ciphertext::parse(ciphertext) {
            drop(ring.open(&ciphertext, None));
        }
    }
});
