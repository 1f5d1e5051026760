//! Rules of guards: no panic and no overflow, none that is too long, and the same of one rule each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::try_rule;

fuzz_target!(|bytes: &[u8]| {
    let Ok(rule) = str::from_utf8(bytes) else {
        return;
    };
    let found = try_rule(rule);
    assert!(found.is_err() || rule.len() <= 1024);
    assert_eq!(try_rule(rule), found);
});
