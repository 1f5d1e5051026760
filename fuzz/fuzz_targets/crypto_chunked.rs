//! A chunked ciphertext: no panic, one-shot and streaming agree, and nothing forged opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::chunked::{InputKey, Opener, open, seal};
use strongroom_types::Suite;

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (step, bytes) = input;
    let key = || InputKey::new(Suite::Aes256Gcm, &[7; 32]).expect("32 bytes");
    assert!(open(&key(), b"context", &bytes).is_err(), "a forgery");

    let mut sealed = seal(&key(), &[9; 24], b"context", &bytes);
    let opened = stream(key(), &sealed, usize::from(step) * 97 + 1);
    assert_eq!(opened.as_deref(), Some(&bytes[..]));
    sealed.pop();
    assert_eq!(stream(key(), &sealed, usize::from(step) * 97 + 1), None);
});

fn stream(key: InputKey, sealed: &[u8], step: usize) -> Option<Vec<u8>> {
    let mut opener = Opener::new(key, b"context".to_vec());
    let mut out = Vec::new();
    for piece in sealed.chunks(step) {
        opener.update(piece, &mut out).ok()?;
    }
    opener.finish(&mut out).ok()?;
    Some(out)
}
