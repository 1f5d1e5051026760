//! Strict JSON: no panic, and nothing is accepted that a lenient parser reads otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_types::parse_strict;

fuzz_target!(|text: &[u8]| {
    if let Ok(value) = parse_strict(text) {
        assert_eq!(serde_json::from_slice(text).ok(), Some(value));
    }
});
