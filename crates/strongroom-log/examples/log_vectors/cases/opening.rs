//! Openings of private fields.

use strongroom_log::{Openings, PrivateField, RowOpenings};

use super::edit::{cut, replaced, with_zero};
use super::{Cases, all_openings, full_entry, opening, plain_entry};
use crate::vector::{Vector, hex};

pub(super) fn openings() -> Cases {
    let row = RowOpenings(vec![all_openings(), Openings::default()]);
    let bytes = row.encode();
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("openings", name, expect, about).input("openings_hex", hex(bytes))
    };
    // Version 0, entries 1, openings of the first 5, first field 6.
    let cases = vec![
        Vector::new(
            "openings",
            "two",
            "ok",
            "the openings of two entries, the second's erased",
        )
        .input("openings_hex", hex(&bytes))
        .output("entries", 2),
        fault("cut", "truncated", "the last byte is missing", cut(&bytes)),
        fault(
            "trailing",
            "trailing",
            "a byte follows the last field",
            &with_zero(&bytes),
        ),
        fault(
            "version",
            "version",
            "version 0",
            &replaced(&bytes, 0, &[0]),
        ),
        fault(
            "field",
            "field",
            "private field 6",
            &replaced(&bytes, 6, &[6]),
        ),
        fault(
            "order",
            "order",
            "field 2 before field 2",
            &replaced(&bytes, 6, &[2]),
        ),
        fault(
            "count",
            "truncated",
            "says 2^32 - 1 entries",
            &replaced(&bytes, 1, &[255; 4]),
        ),
    ];
    Ok([cases, single()?].concat())
}

/// One opening and an entry.
fn single() -> Cases {
    let entry = full_entry()?.encode();
    let address = opening(PrivateField::Address, "192.0.2.7");
    let open = |name: &str, expect: &str, about: &str, entry: &[u8], value: &[u8]| {
        Vector::new("opening", name, expect, about)
            .input("entry_hex", hex(entry))
            .input("field", address.field.code())
            .input("salt_hex", hex(&address.salt))
            .input("value_hex", hex(value))
    };
    let plain = plain_entry().encode();
    Ok(vec![
        open(
            "address",
            "ok",
            "the entry commits to the address",
            &entry,
            &address.value,
        )
        .output("commitment_hex", address.commitment().hash()),
        open("other", "other", "another address", &entry, b"192.0.2.8"),
        open(
            "absent",
            "absent",
            "the entry commits to no address",
            &plain,
            &address.value,
        ),
    ])
}
