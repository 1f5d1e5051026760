//! Entries, bundles, openings, item records.

use strongroom_log::{
    ContextUses, Entry, EntryBundle, Facts, Item, ItemId, ItemName, Items, Openings, PrivateField,
    RowOpenings, leaf_hash, sha256,
};
use strongroom_types::{Outcome, Reason};

use super::{Cases, all_openings, context_use, full_entry, opening, plain_entry};
use crate::vector::{Vector, hex};

/// Puts `with` in place of the bytes at `at`.
fn replaced(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.splice(at..at + with.len(), with.iter().copied());
    bytes
}

/// The last byte cut off.
fn cut(bytes: &[u8]) -> &[u8] {
    bytes.split_last().map_or(bytes, |(_, rest)| rest)
}

fn with_zero(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

/// An entry that is read, with what it says.
fn read_entry(name: &str, about: &str, entry: &Entry) -> Vector {
    let bytes = entry.encode();
    let mut vector = Vector::new("entry", name, "ok", about)
        .input("entry_hex", hex(&bytes))
        .output("leaf_hash_hex", leaf_hash(&bytes))
        .output("time_us", entry.time_us)
        .output("operation", entry.operation)
        .output("outcome", entry.outcome)
        .output("request_id", entry.request_id)
        .output("count", entry.count)
        .output("contexts", entry.contexts.count());
    let optional = [
        ("reason", entry.reason.map(|reason| reason.to_string())),
        ("of", entry.of.map(|of| of.to_string())),
        ("client", entry.client.map(|client| client.to_string())),
        (
            "contexts_digest_hex",
            entry.contexts.digest().map(|hash| hash.to_string()),
        ),
        ("output_hex", entry.output.map(|hash| hash.to_string())),
        ("items_hex", entry.items.map(|hash| hash.to_string())),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            vector = vector.output(name, value);
        }
    }
    for (name, value) in entry.facts.iter() {
        vector = vector.output(&format!("fact.{name}"), value);
    }
    for field in PrivateField::ALL {
        if let Some(commitment) = entry.commitments.of(field) {
            let name = format!("commitment.{}_hex", field.code());
            vector = vector.output(&name, commitment.hash());
        }
    }
    vector
}

pub(super) fn entries() -> Cases {
    let (plain, full) = (plain_entry(), full_entry()?);
    let mut batch = plain.clone();
    batch.contexts = ContextUses::new((0..101).map(context_use).collect())?;
    batch.count = 101;
    let mut hashed = plain.clone();
    hashed.facts.insert("reason", &"x".repeat(257))?;
    let mut cases = vec![
        read_entry("plain", "no optional field", &plain),
        read_entry("full", "every optional field", &full),
        read_entry(
            "contexts-digest",
            "101 key contexts stand as a digest",
            &batch,
        ),
        read_entry(
            "fact-digest",
            "a value of 257 bytes stands as its SHA-256",
            &hashed,
        ),
    ];
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("entry", name, expect, about).input("entry_hex", hex(bytes))
    };
    let (plain, full) = (plain.encode(), full.encode());
    cases.extend([
        fault("empty", "truncated", "no byte", &[]),
        fault("cut", "truncated", "the last byte is missing", cut(&full)),
        fault(
            "trailing",
            "trailing",
            "a byte follows the last field",
            &with_zero(&plain),
        ),
        fault(
            "too-long",
            "too-long",
            "8,193 bytes",
            &with_zero(&[0; Entry::BYTES_MAX]),
        ),
        fault(
            "version",
            "version",
            "version 2",
            &replaced(&plain, 0, &[2]),
        ),
        fault(
            "operation",
            "operation",
            "operation 65535",
            &replaced(&plain, 9, &[255, 255]),
        ),
        fault(
            "outcome",
            "outcome",
            "outcome 0",
            &replaced(&plain, 11, &[0]),
        ),
        fault(
            "field",
            "field",
            "bit 11 of the fields",
            &replaced(&plain, 12, &[8, 0]),
        ),
        fault(
            "reason",
            "reason",
            "reason 65535",
            &replaced(&full, 14, &[255, 255]),
        ),
    ]);
    // Full: reason 14, of 16, client 24, request id 40, count 56, contexts 60, first use 61.
    cases.extend([
        fault("kind", "kind", "kind 0", &replaced(&full, 61, &[0])),
        fault(
            "suite",
            "suite",
            "suite 255",
            &replaced(&full, 61 + 37, &[255]),
        ),
    ]);
    cases.extend(entry_counts(&plain, &batch)?);
    Ok(cases)
}

/// Lists that are too long or in the wrong form, and malformed facts.
fn entry_counts(plain: &[u8], batch: &Entry) -> Cases {
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("entry", name, expect, about).input("entry_hex", hex(bytes))
    };
    // Plain: request id 14, count 30, contexts 34, facts 35.
    let (head, _) = plain
        .split_at_checked(34)
        .ok_or("a plain entry has 36 bytes")?;
    let mut listed = plain_entry();
    listed.contexts = ContextUses::new(vec![context_use(0)])?;
    let listed = listed.encode();
    let one = listed.get(35..77).ok_or("a use has 42 bytes")?;
    let list = [head, &[101], &one.repeat(101), &[0]].concat();
    let facts = |facts: &[&[u8]]| {
        let count = u8::try_from(facts.len()).unwrap_or(u8::MAX);
        [head, &[0, count], &facts.concat()].concat()
    };
    let (a, b) = ([1, b'a', 0, 1, b'1'], [1, b'b', 0, 1, b'2']);
    let long = [
        [1, b'a', 1, 1].as_slice(),
        &[b'x'; Facts::VALUE_BYTES_MAX + 1],
    ]
    .concat();
    let thirteen: Vec<_> = (b'a'..b'n').map(|name| [1, name, 0, 0]).collect();
    let thirteen: Vec<_> = thirteen.iter().map(<[u8; 4]>::as_slice).collect();
    Ok(vec![
        fault(
            "contexts-list-long",
            "context-count",
            "101 key contexts as a list",
            &list,
        ),
        fault(
            "contexts-digest-short",
            "context-count",
            "100 key contexts as a digest",
            &replaced(&batch.encode(), 34, &[0, 0, 0, 100]),
        ),
        fault(
            "fact-name",
            "fact",
            "the name `A`",
            &facts(&[&[1, b'A', 0, 0]]),
        ),
        fault(
            "fact-name-empty",
            "fact",
            "an empty name",
            &facts(&[&[0, 0, 0]]),
        ),
        fault("fact-order", "fact", "`b` before `a`", &facts(&[&b, &a])),
        fault("fact-twice", "fact", "`a` twice", &facts(&[&a, &a])),
        fault(
            "fact-long",
            "fact",
            "a value of 257 bytes",
            &facts(&[&long]),
        ),
        fault(
            "fact-utf8",
            "fact",
            "a value that is not UTF-8",
            &facts(&[&[1, b'a', 0, 1, 255]]),
        ),
        fault("fact-count", "fact", "13 facts", &facts(&thirteen)),
    ])
}

pub(super) fn bundles() -> Cases {
    let mut bundle = EntryBundle::default();
    for entry in [plain_entry().encode(), full_entry()?.encode()] {
        bundle.push(&entry)?;
    }
    let mut hashes = String::new();
    for entry in EntryBundle::entries(bundle.as_bytes()) {
        hashes.push_str(&leaf_hash(entry?).to_string());
    }
    let bytes = bundle.into_bytes();
    Ok(vec![
        Vector::new(
            "bundle",
            "two",
            "ok",
            "two entries; their leaf hashes are the level 0 tile",
        )
        .input("bundle_hex", hex(&bytes))
        .output("tile_hex", hashes),
        Vector::new("bundle", "cut", "truncated", "the last entry lacks a byte")
            .input("bundle_hex", hex(cut(&bytes))),
        Vector::new(
            "bundle",
            "half-length",
            "truncated",
            "one byte of a length at the end",
        )
        .input("bundle_hex", hex(&with_zero(&bytes))),
    ])
}

pub(super) fn openings() -> Cases {
    let row = RowOpenings(vec![all_openings(), Openings::default()]);
    let bytes = row.encode();
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("openings", name, expect, about).input("openings_hex", hex(bytes))
    };
    // Version 0, entries 1, openings of the first 5, first field 6.
    let mut cases = vec![
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
    cases.extend([
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
    ]);
    Ok(cases)
}

pub(super) fn items() -> Cases {
    let used = context_use(0);
    let named = Item {
        id: ItemId::Name(ItemName::new("invoice-7")?),
        context: Some((used.kind, used.context, used.key_version)),
        outcome: Outcome::Denied,
        reason: Some(Reason::LockNotMet),
        digest: Some(sha256(b"ciphertext")),
    };
    let placed = Item {
        id: ItemId::Position(1),
        context: None,
        outcome: Outcome::Allowed,
        reason: None,
        digest: None,
    };
    let items = Items(vec![named, placed.clone()]);
    let bytes = items.encode();
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        Vector::new("items", name, expect, about).input("items_hex", hex(bytes))
    };
    // Version 0, number 1, length 5, fields 7, outcome 8, and of the named one the name's length 9.
    let one = Items(vec![placed]).encode();
    Ok(vec![
        Vector::new(
            "items",
            "two",
            "ok",
            "a named item with every field and a bare one",
        )
        .input("items_hex", hex(&bytes))
        .output("count", 2)
        .output("root_hex", items.root()),
        Vector::new(
            "items",
            "none",
            "ok",
            "an empty list has the root of the empty tree",
        )
        .input("items_hex", hex(&Items::default().encode()))
        .output("count", 0)
        .output("root_hex", Items::default().root()),
        fault("cut", "truncated", "the last byte is missing", cut(&bytes)),
        fault(
            "trailing",
            "trailing",
            "a byte follows the list",
            &with_zero(&bytes),
        ),
        fault(
            "version",
            "version",
            "version 2",
            &replaced(&bytes, 0, &[2]),
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
            &with_zero(&replaced(&one, 5, &[0, 7])),
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
            &replaced(&bytes, 11, &[255]),
        ),
    ])
}
