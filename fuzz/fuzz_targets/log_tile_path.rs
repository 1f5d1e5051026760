//! Tile paths and verifier keys: no panic, and one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::{NoteVerifier, Tile};

fuzz_target!(|text: &str| {
    if let Ok(tile) = text.parse::<Tile>() {
        assert_eq!(tile.to_string(), text);
    }
    if let Ok(verifier) = text.parse::<NoteVerifier>() {
        assert_eq!(verifier.to_string(), text);
    }
});
