//! Values that WorkOS clients sealed locally: no panic, and one spelling in each layout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::foreign::workos::{Layout, LocalValue, recognise};

fuzz_target!(|bytes: &[u8]| {
    for (layout, other) in [(Layout::A, Layout::B), (Layout::B, Layout::A)] {
        let Ok(value) = LocalValue::parse(layout, bytes) else {
            continue;
        };
        assert_eq!(value.encode(layout).as_deref(), Ok(bytes));
        let converted = value.encode(other).unwrap();
        assert_eq!(LocalValue::parse(other, &converted), Ok(value));
    }
    if let Ok(layout) = recognise(bytes) {
        assert!(LocalValue::parse(layout, bytes).is_ok());
    }
});
