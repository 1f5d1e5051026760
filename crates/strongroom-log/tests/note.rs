//! Notes, checkpoints and receipts: against `signed_note` and `tlog_tiles`, and byte by byte.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use strongroom_log::{
    Checkpoint, CheckpointError, Frontier, LeafHashes, NoteError, NoteSigner, NoteVerifier,
    Receipt, ReceiptError, SignedNote, leaf_hash, prove_inclusion,
};

const ORIGIN: &str = "example.com/log";
const SEED: [u8; 32] = [7; 32];

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &SEED).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, 3, leaf_hash(b"root")).unwrap()
}

fn oracle_verifies(note: &str, vkey: &str) -> bool {
    let verifier = StandardVerifier::new(vkey).unwrap();
    let note = Note::from_bytes(note.as_bytes()).unwrap();
    note.verify(&VerifierList::new(vec![Box::new(verifier)]))
        .is_ok()
}

/// The signer key of Go's `sumdb/note`, made of our seed.
fn oracle_signer() -> StandardSigner {
    let key = STANDARD.encode([&[1], SEED.as_slice()].concat());
    let id: String = signer()
        .verifier()
        .to_string()
        .split('+')
        .nth(1)
        .unwrap()
        .to_owned();
    StandardSigner::new(&format!("PRIVATE+KEY+{ORIGIN}+{id}+{key}")).unwrap()
}

#[test]
fn our_checkpoints_verify_with_the_oracle() {
    let note = checkpoint().sign(&signer()).unwrap().to_string();
    assert!(oracle_verifies(&note, &signer().verifier().to_string()));
    let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint().to_string().as_bytes()).unwrap();
    assert_eq!((theirs.origin(), theirs.size()), (ORIGIN, 3));
    assert_eq!(theirs.hash().0, *leaf_hash(b"root").as_bytes());
}

#[test]
fn the_oracles_notes_verify_with_ours() {
    let text = checkpoint().to_string();
    let mut note = Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&oracle_signer()]).unwrap();
    let bytes = String::from_utf8(note.to_bytes()).unwrap();
    let read = Checkpoint::verify(&bytes, &signer().verifier(), ORIGIN);
    assert_eq!(read, Ok(checkpoint()));
    assert_eq!(bytes, checkpoint().sign(&signer()).unwrap().to_string());
}

#[test]
fn a_verifier_key_has_one_spelling() {
    let verifier = signer().verifier();
    let text = verifier.to_string();
    assert_eq!(text.parse(), Ok(verifier));
    let refused = |text: &str| text.parse::<NoteVerifier>().unwrap_err();
    assert_eq!(
        refused(&text.replace("example", "sample")),
        NoteError::KeyId
    );
    assert_eq!(refused(&format!("{text}\n")), NoteError::VerifierKey);
    assert_eq!(refused("name"), NoteError::VerifierKey);
    let upper = text.to_uppercase();
    let id = text.split('+').nth(1).unwrap();
    let shouted = text.replace(id, upper.split('+').nth(1).unwrap());
    assert_eq!(refused(&shouted), NoteError::VerifierKey);
}

#[test]
fn a_name_with_a_space_or_plus_is_no_key_name() {
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        assert_eq!(
            NoteSigner::from_seed(name, &SEED).unwrap_err(),
            NoteError::KeyName
        );
    }
}

#[test]
fn the_signer_prints_no_key() {
    assert_eq!(format!("{:?}", signer()), "NoteSigner(example.com/log)");
}

#[test]
fn each_line_of_a_checkpoint_ends() {
    let whole = checkpoint().to_string();
    assert_eq!(whole.parse(), Ok(checkpoint()));
    let extended: Checkpoint = format!("{whole}more\n").parse().unwrap();
    assert_eq!(extended.extensions(), ["more"]);
    assert_eq!(
        (extended.origin(), extended.size()),
        (ORIGIN, checkpoint().size())
    );
    for unended in [format!("{whole}more"), whole.trim_end().to_owned()] {
        let refused = unended.parse::<Checkpoint>();
        assert_eq!(refused, Err(CheckpointError::Extension), "{unended}");
    }
}

#[test]
fn one_key_signs_for_several_origins() {
    let other = signer().with_name("example.com/other").unwrap();
    let checkpoint = Checkpoint::new("example.com/other", 0, leaf_hash(b"")).unwrap();
    let note = checkpoint.sign(&other).unwrap().to_string();
    assert!(Checkpoint::verify(&note, &other.verifier(), "example.com/other").is_ok());
    let by_first = Checkpoint::verify(&note, &signer().verifier(), "example.com/other");
    assert_eq!(
        by_first,
        Err(CheckpointError::Note(NoteError::NotSignedByKey))
    );
}

#[test]
fn other_keys_signatures_are_ignored_and_a_false_one_of_ours_is_not() {
    let note = checkpoint().sign(&signer()).unwrap().to_string();
    let witness = NoteSigner::from_seed("witness.example", &[9; 32]).unwrap();
    let cosigned = checkpoint().sign(&witness).unwrap().to_string();
    let (_, line) = cosigned.trim_end().rsplit_once('\n').unwrap();
    let both = format!("{note}{line}\n");
    assert!(Checkpoint::verify(&both, &signer().verifier(), ORIGIN).is_ok());
    assert!(Checkpoint::verify(&both, &witness.verifier(), ORIGIN).is_ok());

    let other = Checkpoint::new(ORIGIN, 4, leaf_hash(b"root")).unwrap();
    let other = other.sign(&signer()).unwrap().to_string();
    let (_, false_line) = other.trim_end().rsplit_once('\n').unwrap();
    let mixed = format!("{note}{false_line}\n");
    assert_eq!(
        Checkpoint::verify(&mixed, &signer().verifier(), ORIGIN),
        Err(CheckpointError::Note(NoteError::Signature))
    );
}

#[test]
fn flipping_any_byte_of_a_checkpoint_fails() {
    let note = checkpoint().sign(&signer()).unwrap().to_string();
    let verifier = signer().verifier();
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(
                    Checkpoint::verify(&text, &verifier, ORIGIN).is_err(),
                    "{at} {bit}"
                );
            }
        }
    }
}

#[test]
fn a_note_has_16_signatures_and_more() {
    let note = checkpoint().sign(&signer()).unwrap().to_string();
    let (_, line) = note.trim_end().rsplit_once('\n').unwrap();
    let signed = |times: usize| format!("{}{}", note, format!("{line}\n").repeat(times - 1));
    assert_eq!(
        signed(16).parse::<SignedNote>().unwrap().signatures().len(),
        16
    );
    assert_eq!(
        signed(65).parse::<SignedNote>(),
        Err(NoteError::TooManySignatures)
    );
}

#[test]
fn a_note_is_read_up_to_its_limits() {
    let sign = |text: usize| SignedNote::sign(format!("{}\n", "x".repeat(text)), &signer());
    let around = sign(0).unwrap().to_string().len();
    let longest = sign(SignedNote::BYTES_MAX - around).unwrap().to_string();
    assert!(longest.parse::<SignedNote>().is_ok());
    let longer = sign(SignedNote::BYTES_MAX - around + 1)
        .unwrap()
        .to_string();
    assert_eq!(longer.parse::<SignedNote>(), Err(NoteError::TooLong));
    let unsigned = sign(SignedNote::BYTES_MAX);
    assert_eq!(unsigned, Err(NoteError::TooLong));
    let note = sign(1).unwrap().to_string();
    let (_, line) = note.trim_end().rsplit_once('\n').unwrap();
    let most = format!("{note}{}", format!("{line}\n").repeat(63));
    let most: SignedNote = most.parse().unwrap();
    assert_eq!(most.signatures().len(), SignedNote::SIGNATURES_MAX);
}

#[test]
fn a_signature_line_has_a_name_and_a_signature() {
    let note = checkpoint().sign(&signer()).unwrap();
    let [signature] = note.signatures() else {
        panic!("one signature")
    };
    let verifier = signer().verifier();
    assert_eq!(signature.name(), verifier.name());
    assert_eq!(signature.key_id(), verifier.key_id());
    let note = note.to_string();
    for line in [
        format!("— {ORIGIN} {}", STANDARD.encode([1; 4])),
        format!("— {ORIGIN} {}", STANDARD.encode([1; 3])),
        format!("— a+b {}", STANDARD.encode([1; 68])),
        format!("—  {}", STANDARD.encode([1; 68])),
    ] {
        let read = format!("{note}{line}\n").parse::<SignedNote>();
        assert_eq!(read, Err(NoteError::SignatureLine), "{line}");
    }
}

fn receipt(size: u64, index: u64) -> (Receipt, Vec<u8>) {
    let entry = |i: u64| format!("entry {i}").into_bytes();
    let leaves: Vec<_> = (0..size).map(|i| leaf_hash(&entry(i))).collect();
    let mut tree = Frontier::default();
    for leaf in &leaves {
        tree.push(*leaf).unwrap();
    }
    let checkpoint = Checkpoint::new(ORIGIN, size, tree.root()).unwrap();
    let receipt = Receipt {
        extra: None,
        index,
        path: prove_inclusion(&LeafHashes(&leaves), index, size).unwrap(),
        checkpoint: checkpoint.sign(&signer()).unwrap(),
    };
    (receipt, entry(index))
}

#[test]
fn a_receipt_verifies_after_a_round_trip() {
    for (size, index) in [(1, 0), (2, 1), (300, 299), (300, 17)] {
        let (mut receipt, entry) = receipt(size, index);
        for extra in [None, Some(vec![]), Some(b"beside".to_vec())] {
            receipt.extra = extra;
            let read: Receipt = receipt.to_string().parse().unwrap();
            assert_eq!(read, receipt);
            let checkpoint = read.verify(&entry, &signer().verifier(), ORIGIN).unwrap();
            assert_eq!(checkpoint.size(), size);
        }
    }
}

#[test]
fn flipping_any_byte_of_a_receipt_or_its_entry_fails() {
    let (receipt, entry) = receipt(5, 3);
    let (text, verifier) = (receipt.to_string(), signer().verifier());
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let read = String::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<Receipt>().ok());
        if let Some(read) = read {
            assert!(read.verify(&entry, &verifier, ORIGIN).is_err(), "{at}");
        }
    }
    for at in 0..entry.len() {
        let mut altered = entry.clone();
        altered[at] ^= 1;
        assert!(matches!(
            receipt.verify(&altered, &verifier, ORIGIN),
            Err(ReceiptError::Proof(_))
        ));
    }
    assert!(
        receipt
            .verify(&entry, &verifier, "example.com/other")
            .is_err()
    );
}
