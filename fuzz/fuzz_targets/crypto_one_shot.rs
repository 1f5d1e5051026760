//! A ciphertext in one piece: no panic, what was sealed opens, and nothing forged does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::one_shot::{OneShotKey, open, seal};
use strongroom_crypto::secret::Secret;
use strongroom_types::Suite;

const SUITES: [Suite; 3] = [Suite::Aes256CbcHmac, Suite::Aes256CtrHmac, Suite::Aes256Ccm];

fuzz_target!(|input: (u8, u16, Vec<u8>)| {
    let (which, flip, bytes) = input;
    let suite = SUITES[usize::from(which) % SUITES.len()];
    let key = OneShotKey::new(suite, &Secret::from_bytes([7; 32])).expect("a suite in one piece");
    assert!(open(&key, b"context", &bytes).is_err(), "a forgery");

    let Ok(mut sealed) = seal(&key, &[9; 24], b"context", &bytes) else {
        assert!(Some(bytes.len()) > suite.plaintext_bytes_max(), "refused");
        return;
    };
    let opened = open(&key, b"context", &sealed).expect("what was sealed opens");
    assert_eq!(opened.expose(), bytes);
    let at = usize::from(flip) % sealed.len();
    sealed[at] ^= 1;
    assert!(open(&key, b"context", &sealed).is_err(), "altered at {at}");
});
