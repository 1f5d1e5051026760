//! Messages in one piece, and envelopes of them, with one fault each.

use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::one_shot::{self, OneShotKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::{Mode, Purpose, Suite};

use crate::envelopes::{Case, PLAINTEXT};
use crate::vector::{Vector, hex, unhex};

pub(crate) fn all() -> Vec<Vector> {
    let one_piece = |suite: &&Suite| suite.plaintext_bytes_max().is_some();
    let suites = Suite::ALL.iter().copied().enumerate();
    let suites = suites.filter(|(_, suite)| one_piece(&suite));
    suites
        .flat_map(|(number, suite)| {
            let mut all = messages(suite);
            all.extend(envelopes(suite, 3000 + 10 * u64::try_from(number).unwrap()));
            all
        })
        .collect()
}

/// `AES-256-CBC-HMAC-SHA-256` as `cbc`.
fn short(suite: Suite) -> &'static str {
    match suite {
        Suite::Aes256CbcHmac => "cbc",
        Suite::Aes256CtrHmac => "ctr",
        _ => "ccm",
    }
}

fn message(suite: Suite, name: &str, about: &str, plaintext: &[u8]) -> Vector {
    let key = Secret::from_bytes([0x77; 32]);
    let one_shot = OneShotKey::new(suite, &key).unwrap();
    let sealed = one_shot::seal(&one_shot, &[0x88; 24], b"context", plaintext).unwrap();
    Vector::ok("one-shot", &format!("{}-{name}", short(suite)), about)
        .input("suite", suite)
        .input("key_hex", hex(key.expose()))
        .input("context_hex", hex(b"context"))
        .input("sealed_hex", hex(&sealed))
        .output("plaintext_hex", hex(plaintext))
}

fn messages(suite: Suite) -> Vec<Vector> {
    let ok = message(suite, "short", "a short message", b"plaintext");
    let sealed = unhex(&ok.input["sealed_hex"]).unwrap();
    let fault = |name: &str, about: &str, alter: &dyn Fn(&mut Vec<u8>)| {
        let mut sealed = sealed.clone();
        alter(&mut sealed);
        let name = format!("{}-{name}", short(suite));
        ok.fault(&name, "cannot_open", about)
            .input("sealed_hex", hex(&sealed))
    };
    let other_context = format!("{}-other-context", short(suite));
    vec![
        message(suite, "empty", "an empty message", b""),
        message(suite, "block", "a whole block", &[0x5a; 16]),
        fault("salt-flipped", "a bit of the salt", &|bytes| bytes[0] ^= 1),
        fault("commitment-flipped", "a bit of the commitment", &|bytes| {
            bytes[24] ^= 1;
        }),
        fault("ciphertext-flipped", "a bit of the ciphertext", &|bytes| {
            bytes[56] ^= 1;
        }),
        fault("tag-flipped", "the last bit of the tag", &|bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        }),
        fault("cut", "the last byte is missing", &|bytes| {
            bytes.pop();
        }),
        fault("trailing", "a byte too many", &|bytes| bytes.push(0)),
        ok.fault(&other_context, "cannot_open", "another context")
            .input("context_hex", hex(b"contexu")),
        ok.clone(),
    ]
}

/// Those that open are with the other suites.
fn envelopes(suite: Suite, number: u64) -> Vec<Vector> {
    let mut case = Case::new(Purpose::Value, suite, Mode::Derived);
    case.associated_data = Some(b"row 7");
    let blob = case.seal(number, PLAINTEXT);
    let ok = case.vector("base", "", &blob, PLAINTEXT);
    let name = |name: &str| format!("{}-{name}", short(suite));
    let body = blob.len() - Envelope::parse(&blob).unwrap().body.len();
    let altered = |at: usize, bits: u8| {
        let mut blob = blob.clone();
        blob[at] ^= bits;
        hex(&blob)
    };
    let other = ok.fault(&name("other-associated-data"), "cannot_open", "another row");
    let header = "a bit of the key context in the header";
    let header = ok.fault(&name("header-altered"), "cannot_open", header);
    let flipped = ok.fault(&name("body-flipped"), "cannot_open", "a bit of the body");
    // Behind the length (4), magic (4) and purpose (1).
    let mut file = Case::new(Purpose::File, Suite::Aes256Gcm, Mode::Wrapped).seal(number + 1, b"");
    file[9] = suite.code();
    let stream = ok.fault(&name("file"), "malformed", "a stream in one piece");
    vec![
        other.input("associated_data_hex", hex(b"row 8")),
        header.input("blob_hex", altered(4 + 23, 1)),
        flipped.input("blob_hex", altered(body + 60, 1)),
        stream
            .input("blob_hex", hex(&file))
            .without("associated_data_hex"),
    ]
}
