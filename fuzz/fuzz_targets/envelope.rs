//! The envelope: no panic, and one spelling of each header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::envelope::{Envelope, Header};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::decode(bytes) {
        assert_eq!(header.encode().as_deref(), Ok(bytes));
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(envelope.header.encode().as_deref(), Ok(envelope.header_bytes));
        assert!(bytes.ends_with(envelope.body));
    }
});
