//! The beginning of a stream: no panic, and the same reading however much has arrived.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::envelope::{Envelope, PREFIX_BYTES_MAX};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some((envelope, rest))) = Envelope::parse_prefix(bytes) else {
        return;
    };
    let prefix_bytes = envelope.prefix_bytes();
    assert!(prefix_bytes <= PREFIX_BYTES_MAX);
    assert_eq!(bytes.len(), prefix_bytes + rest.len());
    let exact = Envelope::parse_prefix(&bytes[..prefix_bytes]);
    assert_eq!(exact, Ok(Some((envelope, &[][..]))));
    assert_eq!(Envelope::parse_prefix(&bytes[..prefix_bytes - 1]), Ok(None));
});
