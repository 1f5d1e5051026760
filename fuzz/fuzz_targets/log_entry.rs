//! `Entry::decode`: no panic, and whatever is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
});
