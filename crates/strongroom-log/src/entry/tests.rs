use strongroom_types::{ContextId, KeyVersion, Kind, Suite};

use super::*;
use crate::commitment::{Opening, Openings, PrivateField};
use crate::hash::sha256;

fn uses(count: u32) -> Vec<ContextUse> {
    let context = |i: u32| ContextId::from_bytes(*sha256(&i.to_be_bytes()).as_bytes());
    (0..count)
        .map(|i| ContextUse {
            kind: Kind::Context,
            context: context(i),
            key_version: KeyVersion(i),
            suite: Some(Suite::Aes256Gcm).filter(|_| i > 0),
            count: 1,
        })
        .collect()
}

fn openings(length: usize) -> Openings {
    let mut openings = Openings::default();
    for field in PrivateField::ALL {
        openings.insert(Opening {
            field,
            salt: [field.code(); 32],
            value: vec![field.code(); length],
        });
    }
    openings
}

fn entry() -> Entry {
    Entry {
        time_us: -1,
        operation: Operation::Decrypt,
        outcome: Outcome::Denied,
        reason: None,
        of: None,
        client: None,
        request_id: RequestId::from_bytes([3; 16]),
        count: 1,
        contexts: ContextUses::none(),
        output: None,
        items: None,
        facts: Facts::default(),
        commitments: Commitments::default(),
    }
}

/// All entries that differ from the plain one in which optional fields they have.
fn shapes() -> Vec<Entry> {
    (0..1u32 << 8)
        .map(|shape| {
            let has = |bit: u32| shape >> bit & 1 == 1;
            let mut entry = entry();
            entry.reason = has(0).then_some(Reason::LockNotMet);
            entry.of = has(1).then_some(9);
            entry.client = has(2).then_some(ClientId::from_bytes([4; 16]));
            entry.contexts = ContextUses::new(uses(if has(3) { 101 } else { 2 })).unwrap();
            entry.output = has(4).then_some(sha256(b"output"));
            entry.items = has(5).then_some(sha256(b"items"));
            if has(6) {
                entry.facts.insert("policy", "pol_1").unwrap();
                entry.facts.insert("final_after", "2026").unwrap();
            }
            if has(7) {
                entry.commitments = openings(3).commitments();
            }
            entry
        })
        .collect()
}

#[test]
fn decode_reads_what_encode_wrote() {
    for entry in shapes() {
        assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
    }
}

#[test]
fn different_entries_have_different_bytes() {
    let encodings: std::collections::BTreeSet<_> = shapes().iter().map(Entry::encode).collect();
    assert_eq!(encodings.len(), shapes().len());
}

/// Whatever decodes has been written by `encode`: no second spelling.
#[test]
fn decode_takes_one_spelling_of_an_entry() {
    for entry in shapes() {
        let bytes = entry.encode();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 0x11;
            if let Ok(read) = Entry::decode(&altered) {
                assert_eq!(read.encode(), altered);
                assert_ne!(read, entry);
            }
        }
    }
}

#[test]
fn decode_refuses_every_truncation_and_a_trailing_byte() {
    for entry in shapes().into_iter().step_by(17) {
        let mut bytes = entry.encode();
        for len in 0..bytes.len() {
            assert!(Entry::decode(&bytes[..len]).is_err());
        }
        bytes.push(0);
        assert_eq!(
            Entry::decode(&bytes),
            Err(DecodeError::Trailing { bytes: 1 })
        );
    }
}

#[test]
fn the_longest_entry_stays_below_the_limit() {
    let mut entry = shapes().pop().unwrap();
    entry.contexts = ContextUses::new(uses(100)).unwrap();
    entry.facts = Facts::default();
    for i in 0..Facts::COUNT_MAX {
        let name = format!("{i:0>32}");
        entry
            .facts
            .insert(&name, &"v".repeat(Facts::VALUE_BYTES_MAX))
            .unwrap();
    }
    let bytes = entry.encode();
    assert!(bytes.len() <= Entry::BYTES_MAX, "{}", bytes.len());
    assert_eq!(Entry::decode(&bytes), Ok(entry));
    let long = vec![0; Entry::BYTES_MAX + 1];
    assert_eq!(
        Entry::decode(&long),
        Err(DecodeError::TooLong { bytes: 8193 })
    );
}

#[test]
fn a_long_fact_and_a_false_digest_become_digests() {
    let mut facts = Facts::default();
    let long = "x".repeat(257);
    facts.insert("long", &long).unwrap();
    facts.insert("short", "x").unwrap();
    facts.insert("false", "sha256:00").unwrap();
    let digest = |value: &str| format!("sha256:{}", sha256(value.as_bytes()));
    assert_eq!(facts.value("long"), Some(digest(&long).as_str()));
    assert_eq!(facts.value("short"), Some("x"));
    assert_eq!(facts.value("false"), Some(digest("sha256:00").as_str()));
    assert_eq!(facts.insert("short", "y"), Err(FactError::Duplicate));
    assert_eq!(facts.insert("Short", "y"), Err(FactError::Name));
    assert_eq!(facts.insert(&"n".repeat(33), "y"), Err(FactError::Name));
}

#[test]
fn an_opening_opens_its_own_entry_only() {
    let openings = openings(4);
    let mut entry = entry();
    let first = &openings.as_slice()[0];
    assert!(matches!(
        first.open(&entry),
        Err(crate::OpenError::Absent {
            field: PrivateField::Identity
        })
    ));
    entry.commitments = openings.commitments();
    assert_eq!(first.open(&entry), Ok(first.value.as_slice()));
    assert!(openings.open(&entry).is_ok());

    let altered = |change: fn(&mut Opening)| {
        let mut opening = first.clone();
        change(&mut opening);
        opening.open(&entry).is_err()
    };
    assert!(altered(|opening| opening.salt[31] ^= 1));
    assert!(altered(|opening| opening.value[0] ^= 1));
    assert!(altered(|opening| opening.value.push(0)));
    assert!(altered(|opening| opening.field = PrivateField::Address));
}

#[test]
fn insert_keeps_one_opening_a_field_in_order() {
    let mut openings = Openings::default();
    for (code, value) in [(4, b"a"), (1, b"b"), (4, b"c"), (2, b"d")] {
        openings.insert(Opening {
            field: PrivateField::from_code(code).unwrap(),
            salt: [0; 32],
            value: value.to_vec(),
        });
    }
    let held: Vec<_> = openings
        .as_slice()
        .iter()
        .map(|o| (o.field.code(), o.value[0]))
        .collect();
    assert_eq!(held, [(1, b'b'), (2, b'd'), (4, b'c')]);
}

#[test]
fn an_opening_prints_neither_value_nor_salt() {
    let opening = &openings(4).as_slice()[0].clone();
    assert_eq!(format!("{opening:?}"), "Opening(Identity, 4 bytes)");
}
