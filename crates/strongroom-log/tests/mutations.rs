//! Every parser against 100,000 seeded mutations: none panics, and what is read is written back as
//! it was.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, its helpers too"
)]

use strongroom_log::map::{MapChild, MapKey, MapNode, MapNodeId, MapProof, MapView};
use strongroom_log::{
    Checkpoint, ContextUse, ContextUses, Entry, EntryBundle, Facts, Frontier, Hash, Item, ItemId,
    ItemName, Items, LogVerifier, NoteSigner, NoteVerifier, Opening, Openings, PrivateField,
    Receipt, RowOpenings, SignedNote, Tile, sha256,
};
use strongroom_types::{
    ClientId, ContextId, KeyVersion, Kind, Operation, Outcome, Reason, RequestId, Suite,
};

const ROUNDS: u32 = 100_000;

/// xorshift64*, Vigna 2016.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }
}

/// One to four of: flip, set, insert, remove, cut, repeat.
fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = b"\0\x01\xff\n +/.x0"[random.below(10)],
            2 => bytes.insert(at, random.next() as u8),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => bytes.extend_from_within(at..),
        }
        bytes.truncate(4096);
    }
    bytes
}

fn survive(seeds: &[Vec<u8>], mut read: impl FnMut(&[u8])) {
    let mut random = Random(0x0005_eed0_f0e7_1061);
    for round in 0..ROUNDS {
        read(&mutate(&seeds[round as usize % seeds.len()], &mut random));
    }
}

/// For text formats, what is not UTF-8 is mended first: the parsers take `&str`.
fn survive_text(seeds: &[String], mut read: impl FnMut(&str)) {
    let seeds: Vec<_> = seeds.iter().map(|seed| seed.clone().into_bytes()).collect();
    survive(&seeds, |bytes| read(&String::from_utf8_lossy(bytes)));
}

fn openings() -> Openings {
    let mut openings = Openings::default();
    for field in [PrivateField::Identity, PrivateField::Metadata] {
        let (salt, value) = ([field.code(); 32], b"value".to_vec());
        openings.insert(Opening { field, salt, value });
    }
    openings
}

fn entry(optional: bool) -> Entry {
    let mut facts = Facts::default();
    if optional {
        facts.insert("policy", "pol_1").unwrap();
        facts.insert("version", "2").unwrap();
    }
    let used = ContextUse {
        kind: Kind::Context,
        context: ContextId::from_bytes([5; 32]),
        key_version: KeyVersion::FIRST,
        suite: Some(Suite::Aes256Gcm),
        count: 1,
    };
    Entry {
        time_us: 1_700_000_000_000_000,
        operation: Operation::Decrypt,
        outcome: Outcome::Failed,
        reason: optional.then_some(Reason::Altered),
        of: optional.then_some(0),
        client: optional.then_some(ClientId::from_bytes([4; 16])),
        request_id: RequestId::from_bytes([3; 16]),
        count: 1,
        contexts: ContextUses::new(vec![used]).unwrap(),
        output: optional.then_some(sha256(b"output")),
        items: optional.then_some(sha256(b"items")),
        facts,
        commitments: if optional {
            openings().commitments()
        } else {
            Openings::default().commitments()
        },
    }
}

fn note() -> SignedNote {
    let signer = NoteSigner::from_seed("a.example/l", &[7; 32]).unwrap();
    let checkpoint = Checkpoint::new("a.example/l", 2, sha256(b"root")).unwrap();
    checkpoint.sign(&signer).unwrap()
}

#[test]
fn entry_decode_survives() {
    survive(&[entry(false).encode(), entry(true).encode()], |bytes| {
        if let Ok(entry) = Entry::decode(bytes) {
            assert_eq!(entry.encode(), bytes);
        }
    });
}

#[test]
fn bundle_entries_survives() {
    let mut bundle = EntryBundle::default();
    for entry in [b"one".as_slice(), b"", b"three"] {
        bundle.push(entry).unwrap();
    }
    survive(&[bundle.into_bytes()], |bytes| {
        let mut again = EntryBundle::default();
        if EntryBundle::entries(bytes)
            .try_for_each(|entry| again.push(entry?))
            .is_ok()
        {
            assert_eq!(again.as_bytes(), bytes);
        }
    });
}

#[test]
fn the_log_verifier_survives() {
    let mut bundle = EntryBundle::default();
    bundle.push(&entry(false).encode()).unwrap();
    bundle.push(&entry(true).encode()).unwrap();
    survive(&[bundle.into_bytes()], |bytes| {
        let mut log = LogVerifier::default();
        if log.bundle(bytes).is_ok() {
            assert_eq!(log.size(), EntryBundle::entries(bytes).count() as u64);
        }
    });
}

#[test]
fn note_parse_survives() {
    survive_text(&[note().to_string()], |text| {
        if let Ok(note) = text.parse::<SignedNote>() {
            assert_eq!(note.to_string(), text);
        }
    });
}

#[test]
fn verifier_key_parse_survives() {
    let verifier = NoteSigner::from_seed("a.example/l", &[7; 32])
        .unwrap()
        .verifier();
    survive_text(&[verifier.to_string()], |text| {
        if let Ok(verifier) = text.parse::<NoteVerifier>() {
            assert_eq!(verifier.to_string(), text);
        }
    });
}

#[test]
fn checkpoint_parse_survives() {
    let text = Checkpoint::new("a.example/l", 20, sha256(b"root"))
        .unwrap()
        .to_string();
    survive_text(&[format!("{text}extension\n"), text], |text| {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            assert_eq!(checkpoint.to_string(), text);
        }
    });
}

#[test]
fn receipt_parse_survives() {
    let (index, path, checkpoint) = (1, vec![sha256(b"sibling")], note());
    let plain = Receipt {
        extra: None,
        index,
        path,
        checkpoint,
    };
    let extra = Receipt {
        extra: Some(b"extra".to_vec()),
        ..plain.clone()
    };
    survive_text(&[plain.to_string(), extra.to_string()], |text| {
        if let Ok(receipt) = text.parse::<Receipt>() {
            assert_eq!(receipt.to_string(), text);
        }
    });
}

#[test]
fn tile_path_parse_survives() {
    let seeds = [
        "tile/0/x001/x234/067.p/8",
        "tile/entries/000",
        "tile/7/999.p/255",
    ];
    survive_text(&seeds.map(str::to_owned), |text| {
        if let Ok(tile) = text.parse::<Tile>() {
            assert_eq!(tile.to_string(), text);
        }
    });
}

#[test]
fn openings_decode_survives() {
    let row = RowOpenings(vec![openings(), Openings::default(), openings()]);
    survive(&[row.encode()], |bytes| {
        if let Ok(row) = RowOpenings::decode(bytes) {
            assert_eq!(row.encode(), bytes);
        }
    });
}

#[test]
fn items_decode_survives() {
    let named = Item {
        id: ItemId::Name(ItemName::new("invoice-7").unwrap()),
        context: Some((
            Kind::Context,
            ContextId::from_bytes([5; 32]),
            KeyVersion::FIRST,
        )),
        outcome: Outcome::Denied,
        reason: Some(Reason::LockNotMet),
        digest: Some(Hash::from_bytes([6; 32])),
        moved_to: None,
    };
    let placed = Item {
        id: ItemId::Position(1),
        context: None,
        reason: None,
        digest: None,
        ..named
    };
    let moved = Item {
        moved_to: Some(KeyVersion(2)),
        ..named.clone()
    };
    let seeds = [vec![named, placed.clone()], vec![moved, placed]];
    survive(&seeds.map(|items| Items(items).encode()), |bytes| {
        if let Ok(items) = Items::decode(bytes) {
            assert_eq!(items.encode(), bytes);
        }
    });
}

#[test]
fn frontier_decode_survives() {
    let mut frontier = Frontier::default();
    for i in 0..5u8 {
        frontier.push(sha256(&[i])).unwrap();
    }
    survive(&[frontier.encode()], |bytes| {
        if let Ok(mut frontier) = Frontier::decode(bytes) {
            assert_eq!(frontier.encode(), bytes);
            let before = frontier.root();
            assert!(frontier.push(sha256(b"next")).is_err() || frontier.root() != before);
        }
    });
}

fn map_key(number: u8) -> MapKey {
    MapKey::from_bytes(*sha256(&[number]).as_bytes())
}

/// No altered proof is read in a second spelling, or leads to the root.
#[test]
fn map_proof_decode_survives() {
    let mut map = MapView::default();
    for number in 0..40 {
        map.set(map_key(number), Some(sha256(b"value"))).unwrap();
    }
    let seeds = [1, 200].map(|number| map.prove(map_key(number)).unwrap().encode());
    assert!(seeds.iter().all(|seed| MapProof::decode(seed).is_ok()));
    survive(&seeds, |bytes| {
        if let Ok(proof) = MapProof::decode(bytes) {
            assert_eq!(proof.encode(), bytes);
            let holds = proof.verify(map_key(1), Some(sha256(b"value")), map.root());
            assert_eq!(holds.is_ok(), bytes == seeds[0]);
        }
    });
}

#[test]
fn map_node_decode_survives() {
    let leaf = [&[1][..], &[7; 32], &[8; 32]].concat();
    let branch = [&[2][..], &[9; 32]].concat();
    let seeds = [
        [leaf.clone(), branch.clone()].concat(),
        [leaf.clone(), leaf.clone()].concat(),
        [&branch[..], &[0]].concat(),
    ];
    survive(&seeds, |bytes| {
        if let Ok(node) = MapNode::decode(bytes) {
            assert_eq!(node.encode(), bytes);
        }
    });
    survive(&[leaf, branch, vec![0]], |bytes| {
        if let Ok(child) = MapChild::decode(bytes) {
            assert_eq!(child.encode(), bytes);
        }
    });
}

#[test]
fn map_node_id_decode_survives() {
    let seeds = [vec![0], vec![4, 0xf0], [&[255][..], &[0xaa; 32]].concat()];
    survive(&seeds, |bytes| {
        if let Ok(id) = MapNodeId::decode(bytes) {
            assert_eq!(id.encode(), bytes);
        }
    });
}
