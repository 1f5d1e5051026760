//! Receipts, and the checkpoints and notes in them: no panic, and one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_log::{Checkpoint, Receipt, SignedNote};

fuzz_target!(|text: &str| {
    if let Ok(receipt) = text.parse::<Receipt>() {
        assert_eq!(receipt.to_string(), text);
    }
    if let Ok(note) = text.parse::<SignedNote>() {
        assert_eq!(note.to_string(), text);
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
});
