//! The verifier of an exported log over one entry bundle: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::LogVerifier;

fuzz_target!(|bundle: &[u8]| {
    let mut log = LogVerifier::default();
    let _verdict = log.bundle(bundle);
});
