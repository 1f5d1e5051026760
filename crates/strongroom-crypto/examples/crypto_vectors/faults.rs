//! Envelopes with one fault each.

use strongroom_crypto::envelope::Envelope;
use strongroom_types::{Mode, Purpose, Suite};

use crate::envelopes::{Case, PLAINTEXT, claims, whole};
use crate::support::seed;
use crate::vector::{Vector, hex};

const MALFORMED: &str = "malformed";
const CANNOT_OPEN: &str = "cannot_open";

/// A blob taken apart.
struct Parts {
    header: Vec<u8>,
    key_part: Vec<u8>,
    body: Vec<u8>,
}

impl Parts {
    fn of(blob: &[u8]) -> Self {
        let envelope = Envelope::parse(blob).unwrap();
        let header = envelope.header_bytes.to_vec();
        let rest = &blob[4 + header.len() + 4..];
        let (key_part, body) = rest.split_at(rest.len() - envelope.body.len());
        Self {
            header,
            key_part: key_part.to_vec(),
            body: body.to_vec(),
        }
    }

    fn join(&self) -> Vec<u8> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [
            &length(&self.header)[..],
            &self.header,
            &length(&self.key_part),
            &self.key_part,
            &self.body,
        ]
        .concat()
    }
}

/// A case that opens, and the faults made of it.
struct Base {
    vector: Vector,
    blob: Vec<u8>,
}

impl Base {
    fn new(case: &Case, number: u64) -> Self {
        let blob = case.seal(number, PLAINTEXT);
        let vector = case.vector("base", "", &blob, PLAINTEXT);
        Self { vector, blob }
    }

    /// Alters the parts; the lengths are set right again.
    fn parts(&self, name: &str, expect: &str, about: &str, alter: impl Fn(&mut Parts)) -> Vector {
        let mut parts = Parts::of(&self.blob);
        alter(&mut parts);
        let vector = self.vector.fault(name, expect, about);
        vector.input("blob_hex", hex(&parts.join()))
    }

    /// Alters what the reader believes.
    fn belief(&self, name: &str, about: &str, input: &str, value: impl ToString) -> Vector {
        let vector = self.vector.fault(name, CANNOT_OPEN, about);
        vector.input(input, value)
    }

    fn bytes(&self, name: &str, expect: &str, about: &str, bytes: &[u8]) -> Vector {
        let vector = self.vector.fault(name, expect, about);
        vector.input("blob_hex", hex(bytes))
    }
}

pub(crate) fn all() -> Vec<Vector> {
    [
        header(),
        header_swapped(),
        header_end(),
        structure(),
        body(),
        key_part(),
        lock_identity(),
        lock(),
        lock_terms(),
        data_key(),
    ]
    .concat()
}

fn derived() -> Base {
    let mut case = Case::new(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
    case.associated_data = Some(b"row 7");
    Base::new(&case, 2000)
}

fn wrapped() -> Base {
    let case = Case::new(Purpose::Value, Suite::Aes256Gcm, Mode::Wrapped);
    Base::new(&case, 2001)
}

fn locked() -> Base {
    let terms = ["level", "sub"].map(whole).to_vec();
    Base::new(&Case::locked(Purpose::Value, terms, claims()), 2002)
}

/// Offsets in a header: magic 0, purpose 4, suite 5, mode 6, workspace 7, context 23, lock 55,
/// object 56.
fn header() -> Vec<Vector> {
    let derived = derived();
    let set = |name: &str, expect: &str, about: &str, at: usize, byte: u8| {
        derived.parts(name, expect, about, |parts| parts.header[at] = byte)
    };
    vec![
        set("magic", MALFORMED, "another format's name", 2, b'2'),
        set("magic-end", MALFORMED, "no zero byte after the name", 3, 1),
        set(
            "purpose-unknown",
            MALFORMED,
            "a purpose that was never given out",
            4,
            9,
        ),
        set(
            "suite-unknown",
            MALFORMED,
            "a suite that was never given out",
            5,
            9,
        ),
        set(
            "mode-unknown",
            MALFORMED,
            "a mode that was never given out",
            6,
            9,
        ),
        set(
            "lock-presence",
            MALFORMED,
            "presence of a lock is neither 0 nor 1",
            55,
            2,
        ),
        set(
            "object-presence",
            MALFORMED,
            "presence of an object is neither 0 nor 1",
            56,
            2,
        ),
        set("derived-file", MALFORMED, "a file in derived mode", 4, 3),
    ]
}

/// Headers that say something else than what was sealed.
fn header_swapped() -> Vec<Vector> {
    let derived = derived();
    let set = |name: &str, about: &str, at: usize, byte: u8| {
        derived.parts(name, CANNOT_OPEN, about, |parts| parts.header[at] = byte)
    };
    vec![
        set("purpose-swapped", "a value sold as a row of a store", 4, 5),
        set(
            "suite-swapped",
            "another suite of the same key length",
            5,
            4,
        ),
        set("workspace-altered", "another workspace in the header", 7, 0),
        set(
            "context-altered",
            "another key context in the header",
            23,
            0,
        ),
    ]
}

/// Headers that are too long or too short.
fn header_end() -> Vec<Vector> {
    let derived = derived();
    vec![
        derived.parts(
            "object-surplus",
            MALFORMED,
            "a value with an object id",
            |parts| {
                parts.header[56] = 1;
                parts.header.extend_from_slice(&[0x44; 24]);
            },
        ),
        derived.parts(
            "header-trailing",
            MALFORMED,
            "a byte after the header's end",
            |parts| {
                parts.header.push(0);
            },
        ),
        derived.parts(
            "header-cut",
            MALFORMED,
            "a header that ends early",
            |parts| {
                parts.header.pop();
            },
        ),
    ]
}

fn structure() -> Vec<Vector> {
    let derived = derived();
    let blob = &derived.blob;
    let long = [&65_536u32.to_be_bytes()[..], &blob[4..]].concat();
    vec![
        derived.bytes("nothing", MALFORMED, "no byte at all", &[]),
        derived.bytes(
            "cut-length",
            MALFORMED,
            "ends in the header's length",
            &blob[..3],
        ),
        derived.bytes("cut-header", MALFORMED, "ends in the header", &blob[..30]),
        derived.bytes(
            "cut-key-part",
            MALFORMED,
            "ends in the key part",
            &blob[..66],
        ),
        derived.bytes(
            "header-long",
            MALFORMED,
            "a header of more than 64 KiB",
            &long,
        ),
        derived.belief(
            "other-version",
            "the reader's key has another version",
            "key_version",
            2,
        ),
        derived.belief(
            "other-seed",
            "the reader's key comes from another seed",
            "context_seed_hex",
            hex(seed(2).as_secret().expose()),
        ),
        derived.belief(
            "other-workspace",
            "the reader's key is another workspace's",
            "workspace_hex",
            hex(&[0x12; 16]),
        ),
        derived.belief(
            "other-context",
            "the reader's key is another key context's",
            "context_hex",
            hex(&[0x23; 32]),
        ),
        derived.belief(
            "other-associated-data",
            "other associated data",
            "associated_data_hex",
            hex(b"row 8"),
        ),
        derived
            .vector
            .fault(
                "no-associated-data",
                CANNOT_OPEN,
                "associated data is missing",
            )
            .without("associated_data_hex"),
    ]
}

fn body() -> Vec<Vector> {
    let derived = derived();
    let flip = |name: &str, about: &str, at: usize| {
        derived.parts(name, CANNOT_OPEN, about, |parts| parts.body[at] ^= 1)
    };
    let last = PLAINTEXT.len() + 71;
    let long = Case::new(Purpose::File, Suite::Aes256Gcm, Mode::Wrapped);
    let blob = long.seal(2003, &vec![0x5a; 2 * 16_384]);
    let swapped = {
        let mut parts = Parts::of(&blob);
        parts.body[56..56 + 2 * 16_400].rotate_left(16_400);
        parts.join()
    };
    let cut = &blob[..blob.len() - 16];
    let long = long.vector("base", "", &blob, b"");
    vec![
        flip("salt-flipped", "a flipped bit in the salt", 0),
        flip("commitment-flipped", "a flipped bit in the commitment", 24),
        flip("ciphertext-flipped", "a flipped bit in the ciphertext", 56),
        flip("tag-flipped", "a flipped bit in the tag", last),
        derived.parts(
            "body-cut",
            CANNOT_OPEN,
            "the last byte is missing",
            |parts| {
                parts.body.pop();
            },
        ),
        derived.parts("body-missing", CANNOT_OPEN, "no body", |parts| {
            parts.body.clear();
        }),
        derived.parts(
            "body-trailing",
            CANNOT_OPEN,
            "a byte after the end",
            |parts| {
                parts.body.push(0);
            },
        ),
        long.fault("chunks-swapped", CANNOT_OPEN, "two chunks change places")
            .input("blob_hex", hex(&swapped)),
        long.fault("last-chunk-missing", CANNOT_OPEN, "cut at a chunk's border")
            .input("blob_hex", hex(cut)),
    ]
}

fn key_part() -> Vec<Vector> {
    let (derived, wrapped) = (derived(), wrapped());
    vec![
        derived.parts(
            "key-part-surplus",
            MALFORMED,
            "a wrapped key in derived mode",
            |parts| {
                parts.key_part.push(0);
            },
        ),
        wrapped.parts(
            "key-part-missing",
            MALFORMED,
            "no wrapped key in wrapped mode",
            |parts| {
                parts.key_part.truncate(4);
            },
        ),
        wrapped.parts(
            "key-part-flipped",
            CANNOT_OPEN,
            "a flipped bit in the wrapped key",
            |parts| {
                parts.key_part[70] ^= 1;
            },
        ),
        wrapped.parts(
            "key-part-cut",
            CANNOT_OPEN,
            "a wrapped key that ends early",
            |parts| {
                parts.key_part.pop();
            },
        ),
        wrapped.parts(
            "key-part-version",
            CANNOT_OPEN,
            "another version in the key part",
            |parts| {
                parts.key_part[3] = 2;
            },
        ),
        wrapped.parts(
            "mode-swapped",
            MALFORMED,
            "derived mode with a wrapped key",
            |parts| {
                parts.header[6] = 1;
            },
        ),
    ]
}

/// What other people than the right one bring.
fn lock_identity() -> Vec<Vector> {
    let locked = locked();
    let others = [
        (
            "lock-other-person",
            "another person",
            r#"{"level":-7,"sub":"bob"}"#,
        ),
        (
            "lock-other-type",
            "a number that was text's twin",
            r#"{"level":"-7","sub":"ann"}"#,
        ),
        ("lock-fewer-claims", "fewer claims", r#"{"sub":"ann"}"#),
    ];
    let others = others.map(|(name, about, value)| locked.belief(name, about, "claims", value));
    let faults = [
        locked
            .vector
            .fault("lock-no-identity", CANNOT_OPEN, "no identity")
            .without("claims"),
        locked.belief(
            "lock-other-issuer",
            "another issuer",
            "issuer_hex",
            hex(&[0x34; 16]),
        ),
    ];
    others.into_iter().chain(faults).collect()
}

/// In the locked header: count 56, first term `1 ‖ 5 ‖ level` from 57, second `1 ‖ 3 ‖ sub` from
/// 67, salt 75, tag 91, object 107.
fn lock() -> Vec<Vector> {
    let locked = locked();
    let parts = |name: &str, expect: &str, about: &str, alter: fn(&mut Parts)| {
        locked.parts(name, expect, about, alter)
    };
    vec![
        parts(
            "lock-removed",
            CANNOT_OPEN,
            "the lock cut out of the header",
            |parts| {
                parts.header.drain(56..107);
                parts.header[55] = 0;
            },
        ),
        parts("lock-salt-altered", CANNOT_OPEN, "another salt", |parts| {
            parts.header[75] ^= 1;
        }),
        parts("lock-tag-altered", CANNOT_OPEN, "another tag", |parts| {
            parts.header[91] ^= 1;
        }),
        parts(
            "lock-derived",
            MALFORMED,
            "a lock in derived mode",
            |parts| {
                parts.header[6] = 1;
                parts.key_part.truncate(4);
            },
        ),
        parts("lock-empty", MALFORMED, "a lock without a term", |parts| {
            parts.header.drain(57..75);
            parts.header[56] = 0;
        }),
    ]
}

/// Terms that break a rule.
fn lock_terms() -> Vec<Vector> {
    let locked = locked();
    let parts = |name: &str, about: &str, alter: fn(&mut Parts)| {
        locked.parts(name, MALFORMED, about, alter)
    };
    vec![
        parts("lock-unsorted", "terms in another order", |parts| {
            parts.header[57..75].rotate_left(10);
        }),
        parts("lock-twice", "one term twice", |parts| {
            parts.header.splice(57..67, *b"\x01\0\0\0\x03sub");
        }),
        parts(
            "lock-unbindable",
            "a claim that changes with every token",
            |parts| {
                parts.header[72..75].copy_from_slice(b"exp");
            },
        ),
        parts("lock-utf8", "a claim name that is not UTF-8", |parts| {
            parts.header[74] = 0xff;
        }),
        parts(
            "lock-term-unknown",
            "a term of a form never given out",
            |parts| {
                parts.header[57] = 3;
            },
        ),
        parts("lock-many-terms", "a count that is too high", |parts| {
            parts.header[56] = 9;
        }),
    ]
}

fn data_key() -> Vec<Vector> {
    let case = Case::new(Purpose::DataKey, Suite::Aes256Gcm, Mode::Wrapped);
    let blob = case.seal(2004, &[0x66; 32]);
    let vector = case.vector("base", "", &blob, &[0x66; 32]);
    let base = Base { vector, blob };
    vec![
        base.parts(
            "body-surplus",
            MALFORMED,
            "a data key with a body",
            |parts| {
                parts.body.push(0);
            },
        ),
        base.parts(
            "flipped",
            CANNOT_OPEN,
            "a flipped bit in the wrapped key",
            |parts| {
                parts.key_part[70] ^= 1;
            },
        ),
        base.parts(
            "as-value",
            CANNOT_OPEN,
            "a data key sold as a value",
            |parts| {
                parts.header[4] = 1;
            },
        ),
    ]
}
