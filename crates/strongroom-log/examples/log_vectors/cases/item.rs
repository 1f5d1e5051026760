//! Item records.

use std::error::Error;

use strongroom_log::{Item, ItemId, ItemName, Items, sha256};
use strongroom_types::{KeyVersion, Outcome, Reason};

use super::edit::{cut, replaced, with_zero};
use super::{Cases, context_use};
use crate::vector::{Vector, hex};

/// An item with every field.
fn named() -> Result<Item, Box<dyn Error>> {
    let used = context_use(0);
    Ok(Item {
        id: ItemId::Name(ItemName::new("invoice-7")?),
        context: Some((used.kind, used.context, used.key_version)),
        outcome: Outcome::Denied,
        reason: Some(Reason::LockNotMet),
        digest: Some(sha256(b"ciphertext")),
        moved_to: None,
    })
}

/// An item whose ciphertext was moved to another version of its key.
fn moved() -> Result<Item, Box<dyn Error>> {
    Ok(Item {
        outcome: Outcome::Allowed,
        reason: None,
        moved_to: Some(KeyVersion(3)),
        ..named()?
    })
}

/// An item with no optional field.
fn placed() -> Item {
    Item {
        id: ItemId::Position(1),
        context: None,
        outcome: Outcome::Allowed,
        reason: None,
        digest: None,
        moved_to: None,
    }
}

pub(super) fn items() -> Cases {
    let read = |name: &str, about: &str, items: &Items| {
        Vector::new("items", name, "ok", about)
            .input("items_hex", hex(&items.encode()))
            .output("count", items.0.len())
            .output("root_hex", items.root())
    };
    let (two, none) = (Items(vec![named()?, placed()]), Items::default());
    let moving = Items(vec![moved()?, placed()]);
    let cases = vec![
        read("two", "a named item with every field and a bare one", &two),
        read(
            "none",
            "an empty list has the root of the empty tree",
            &none,
        ),
        read(
            "moved",
            "a list of version 2: an item that was moved to another key version",
            &moving,
        ),
        Vector::new(
            "items",
            "moved-in-version-1",
            "field",
            "bit 4 of the fields in a list of version 1",
        )
        .input("items_hex", hex(&replaced(&moving.encode(), 0, &[1]))),
    ];
    Ok([cases, faults(&two.encode())].concat())
}

fn faults(two: &[u8]) -> Vec<Vector> {
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("items", name, expect, about).input("items_hex", hex(bytes))
    };
    // Version 0, number 1, length 5, fields 7, outcome 8, and of the named one the name's length 9.
    let one = Items(vec![placed()]).encode();
    let inner = with_zero(&replaced(&one, 5, &[0, 7]));
    vec![
        fault("cut", "truncated", "the last byte is missing", cut(two)),
        fault(
            "trailing",
            "trailing",
            "a byte follows the list",
            &with_zero(two),
        ),
        fault("version", "version", "version 2", &replaced(two, 0, &[2])),
        fault(
            "version-unknown",
            "version",
            "version 3",
            &replaced(two, 0, &[3]),
        ),
        fault(
            "field",
            "field",
            "bit 4 of the fields",
            &replaced(&one, 7, &[16]),
        ),
        fault(
            "outcome",
            "outcome",
            "outcome 255",
            &replaced(&one, 8, &[255]),
        ),
        fault(
            "record-trailing",
            "trailing",
            "a byte follows within the record",
            &inner,
        ),
        fault(
            "name-empty",
            "item-id",
            "an empty name",
            &[1, 0, 0, 0, 1, 0, 4, 1, 1, 0, 0],
        ),
        fault(
            "name-utf8",
            "item-id",
            "a name not UTF-8",
            &replaced(two, 11, &[255]),
        ),
    ]
}
