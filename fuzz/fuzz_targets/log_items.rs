//! Item records, openings and frontiers: no panic, and one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::{Frontier, Items, RowOpenings};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(items) = Items::decode(bytes) {
        assert_eq!(items.encode(), bytes);
    }
    if let Ok(openings) = RowOpenings::decode(bytes) {
        assert_eq!(openings.encode(), bytes);
    }
    if let Ok(frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
    }
});
