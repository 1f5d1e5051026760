//! Keys, signatures and ciphertexts of JOSE: no panic, and nothing forged holds or opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::jose::{Key, decrypt, thumbprint, verify};

fuzz_target!(|input: (&str, &str)| {
    let (key, text) = input;
    let ours = Key::read("AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=").expect("32 bytes");
    assert!(verify(text, &ours, None).is_err(), "a forgery");
    assert!(decrypt(text, &ours).is_err(), "a forgery");
    if let Ok(key) = Key::read(key) {
        drop(verify(text, &key, None));
        drop(decrypt(text, &key));
    }
    if let Ok(jwk) = serde_json::from_str(key) {
        drop(thumbprint(&jwk));
    }
});
