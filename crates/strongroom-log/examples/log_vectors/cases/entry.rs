//! Entries.

use strongroom_log::{ContextUses, Entry, Facts, PrivateField, leaf_hash};

use super::edit::{cut, replaced, with_zero};
use super::{Cases, context_use, full_entry, plain_entry};
use crate::vector::{Vector, hex};

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
    let cases = vec![
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
    Ok([cases, faults()?, counts(&batch)?, facts()?].concat())
}

fn fault(name: &str, expect: &str, about: &str, bytes: &[u8]) -> Vector {
    Vector::new("entry", name, expect, about).input("entry_hex", hex(bytes))
}

/// One field is not what it may be.
fn faults() -> Cases {
    let (plain, full) = (plain_entry().encode(), full_entry()?.encode());
    let with = |at: usize, with: &[u8]| replaced(&plain, at, with);
    let long = with_zero(&[0; Entry::BYTES_MAX]);
    // Full: reason 14, of 16, client 24, request id 40, count 56, contexts 60, first use 61.
    let (first_use, suite) = (61, 61 + 37);
    Ok(vec![
        fault("empty", "truncated", "no byte", &[]),
        fault("cut", "truncated", "the last byte is missing", cut(&full)),
        fault(
            "trailing",
            "trailing",
            "a byte follows the last field",
            &with_zero(&plain),
        ),
        fault("too-long", "too-long", "8,193 bytes", &long),
        fault("version", "version", "version 2", &with(0, &[2])),
        fault(
            "operation",
            "operation",
            "operation 65535",
            &with(9, &[255, 255]),
        ),
        fault("outcome", "outcome", "outcome 0", &with(11, &[0])),
        fault("field", "field", "bit 11 of the fields", &with(12, &[8, 0])),
        fault(
            "reason",
            "reason",
            "reason 65535",
            &replaced(&full, 14, &[255, 255]),
        ),
        fault("kind", "kind", "kind 0", &replaced(&full, first_use, &[0])),
        fault(
            "suite",
            "suite",
            "suite 255",
            &replaced(&full, suite, &[255]),
        ),
    ])
}

/// The bytes of a plain entry before its key contexts.
fn head() -> Result<Vec<u8>, &'static str> {
    let bytes = plain_entry().encode();
    let (head, _) = bytes
        .split_at_checked(34)
        .ok_or("a plain entry has 36 bytes")?;
    Ok(head.to_vec())
}

/// Key contexts in the wrong form.
fn counts(batch: &Entry) -> Cases {
    let mut listed = plain_entry();
    listed.contexts = ContextUses::new(vec![context_use(0)])?;
    let listed = listed.encode();
    let one = listed.get(35..77).ok_or("a use has 42 bytes")?;
    let list = [head()?.as_slice(), &[101], &one.repeat(101), &[0]].concat();
    let digest = replaced(&batch.encode(), 34, &[0, 0, 0, 100]);
    let class = "context-count";
    Ok(vec![
        fault(
            "contexts-list-long",
            class,
            "101 key contexts as a list",
            &list,
        ),
        fault(
            "contexts-digest-short",
            class,
            "100 key contexts as a digest",
            &digest,
        ),
    ])
}

/// Facts that break a rule.
fn facts() -> Cases {
    let head = head()?;
    let facts = |facts: &[&[u8]]| {
        let count = u8::try_from(facts.len()).unwrap_or(u8::MAX);
        [head.as_slice(), &[0, count], &facts.concat()].concat()
    };
    let fault = |name: &str, about: &str, pairs: &[&[u8]]| {
        fault(&format!("fact-{name}"), "fact", about, &facts(pairs))
    };
    let (a, b) = ([1, b'a', 0, 1, b'1'], [1, b'b', 0, 1, b'2']);
    let long = [
        [1, b'a', 1, 1].as_slice(),
        &[b'x'; Facts::VALUE_BYTES_MAX + 1],
    ]
    .concat();
    let names: Vec<_> = (b'a'..=b'm').map(|name| [1, name, 0, 0]).collect();
    let thirteen: Vec<_> = names.iter().map(<[u8; 4]>::as_slice).collect();
    Ok(vec![
        fault("name", "the name `A`", &[&[1, b'A', 0, 0]]),
        fault("name-empty", "an empty name", &[&[0, 0, 0]]),
        fault("order", "`b` before `a`", &[&b, &a]),
        fault("twice", "`a` twice", &[&a, &a]),
        fault("long", "a value of 257 bytes", &[&long]),
        fault(
            "utf8",
            "a value that is not UTF-8",
            &[&[1, b'a', 0, 1, 255]],
        ),
        fault("count", "13 facts", &thirteen),
    ])
}
