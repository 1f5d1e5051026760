//! Names and values, and the same with one fault each.

use strongroom_client::store::{RecordName, SealedRecord};

use crate::vector::{Vector, hex};
use crate::world::{Fixed, root, scope};

const ROOT: [u8; 32] = [0x41; 32];
const WORKSPACE: [u8; 16] = [0x17; 16];
const SALT: [u8; 24] = [0x5a; 24];
const EPOCH: u32 = 3;

pub(crate) fn all() -> Vec<Vector> {
    [names(), wrong_names(), values(), faults()].concat()
}

fn of_store(format: &str, name: &str, about: &str) -> Vector {
    Vector::ok(format, name, about)
        .input("root_hex", hex(&ROOT))
        .input("workspace_hex", hex(&WORKSPACE))
        .input("store", "vault")
        .input("epoch", EPOCH)
}

fn named(case: &str, about: &str, name: &str) -> Vector {
    let keys = root(&ROOT).keys(scope(&WORKSPACE, "vault"), EPOCH);
    let hash = keys.name_hash(&RecordName::new(name).unwrap());
    of_store("store-name", case, about)
        .input("name", name)
        .output("hash_hex", hex(hash.as_bytes()))
}

fn names() -> Vec<Vector> {
    vec![
        named("ascii", "a name", "user:42"),
        named(
            "unicode",
            "outside of ASCII, in the form NFC",
            "k\u{e9}y\u{1f600}",
        ),
        named("zero", "a zero byte is a byte like any other", "k\0"),
        named("longest", "1,024 bytes", &"x".repeat(1024)),
    ]
}

fn wrong_names() -> Vec<Vector> {
    let plain = of_store("store-name", "", "");
    let wrong = |case: &str, about: &str, name: &str| {
        plain.fault(case, "malformed", about).input("name", name)
    };
    vec![
        wrong("empty", "no character", ""),
        wrong("too-long", "1,025 bytes", &"x".repeat(1025)),
        wrong("not-nfc", "an accent of its own", "ke\u{301}y"),
    ]
}

fn seal(
    name: &str,
    (version, expires): (u64, Option<i64>),
    value: &[u8],
) -> (SealedRecord, String) {
    let keys = root(&ROOT).keys(scope(&WORKSPACE, "vault"), EPOCH);
    let name = keys.name_hash(&RecordName::new(name).unwrap());
    let sealed = keys.seal(name, (version, expires), value, &Fixed(&SALT));
    let sealed = sealed.unwrap();
    let leaf = hex(keys.leaf(name, &sealed.state).as_bytes());
    (sealed, leaf)
}

fn valued(case: &str, about: &str, (version, expires): (u64, Option<i64>), value: &[u8]) -> Vector {
    let (record, leaf) = seal("user:42", (version, expires), value);
    of_store("store-value", case, about)
        .input("name", "user:42")
        .input("version", version)
        .input("expires", expires.unwrap_or_default())
        .input("sealed_hex", hex(&record.sealed))
        .output("value_hex", hex(value))
        .output("leaf_hex", leaf)
}

const PLACE: (u64, Option<i64>) = (2, Some(4_102_444_800_000_000));

fn values() -> Vec<Vector> {
    vec![
        valued("plain", "a value that expires", PLACE, b"value"),
        valued(
            "empty",
            "an empty value that does not expire",
            (1, None),
            b"",
        ),
        valued(
            "bucket",
            "the longest value of the smallest bucket",
            (1, None),
            &[7; 252],
        ),
        valued(
            "next-bucket",
            "a byte more: the next bucket",
            (1, None),
            &[7; 253],
        ),
    ]
}

fn faults() -> Vec<Vector> {
    let plain = valued("plain", "", PLACE, b"value");
    let other = |case: &str, about: &str, field: &str, value: &str| {
        plain.fault(case, "cannot_open", about).input(field, value)
    };
    let sealed = seal("user:42", PLACE, b"value").0.sealed;
    let flipped = |at: usize| {
        let mut bytes = sealed.clone();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1;
        }
        hex(&bytes)
    };
    let last = sealed.len() - 1;
    let cut = hex(sealed.get(..last).unwrap_or_default());
    vec![
        other(
            "other-root",
            "of another store's root",
            "root_hex",
            &hex(&[0x42; 32]),
        ),
        other(
            "other-workspace",
            "of another workspace",
            "workspace_hex",
            &hex(&[0x18; 16]),
        ),
        other("other-store", "of another store", "store", "billing"),
        other("other-name", "of another record", "name", "user:43"),
        other("other-version", "of another version", "version", "1"),
        other("other-epoch", "of another epoch", "epoch", "4"),
        other(
            "other-expiry",
            "expires at another time",
            "expires",
            "4102444800000001",
        ),
        other(
            "salt-flipped",
            "a flipped bit in the salt",
            "sealed_hex",
            &flipped(0),
        ),
        other(
            "commitment-flipped",
            "a flipped bit in the commitment",
            "sealed_hex",
            &flipped(30),
        ),
        other(
            "body-flipped",
            "a flipped bit in the ciphertext",
            "sealed_hex",
            &flipped(100),
        ),
        other(
            "tag-flipped",
            "a flipped bit in the tag",
            "sealed_hex",
            &flipped(last),
        ),
        other("cut", "the last byte missing", "sealed_hex", &cut),
        other("nothing", "no byte at all", "sealed_hex", ""),
    ]
}
