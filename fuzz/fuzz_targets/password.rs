//! Hashes of passwords in the PHC string format: no panic, and none forged is of the password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::password::check;

fuzz_target!(|input: (&str, &str)| {
    // A start that reaches the fields; costs that would take the fuzzer's time are left out.
    let (salt, hash) = input;
    let text = format!("$argon2id$v=19$m=8,t=1,p=1${salt}${hash}");
    if let Ok(checked) = check(b"password", &text) {
        assert!(!checked.valid, "a forgery");
    }
    check(b"password", salt).ok();
});
