//! Tile paths, verifier keys, checkpoints, receipts.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_log::{
    Checkpoint, Frontier, Hash, LeafHashes, NoteSigner, Receipt, SignedNote, leaf_hash,
    prove_inclusion, sha256,
};

use super::{Cases, ORIGIN, full_entry, plain_entry, signer};
use crate::vector::{Vector, hex};

pub(super) fn tile_paths() -> Vec<Vector> {
    let read = |name: &str, path: &str, kind: &str, index: u64, width: u16| {
        Vector::new("tile-path", name, "ok", "a tile")
            .input("path", path)
            .output("kind", kind)
            .output("index", index)
            .output("width", width)
    };
    let fault = |name: &str, expect: &str, path: &str| {
        Vector::new("tile-path", name, expect, "not a tile").input("path", path)
    };
    vec![
        read("full", "tile/0/x001/x234/067", "0", 1_234_067, 256),
        read("partial", "tile/2/000.p/17", "2", 0, 17),
        read(
            "entries",
            "tile/entries/x001/000.p/255",
            "entries",
            1000,
            255,
        ),
        fault("level", "level", "tile/64/000"),
        fault("level-zeroes", "path", "tile/00/000"),
        fault("level-sign", "path", "tile/+1/000"),
        fault("index-short", "path", "tile/0/07"),
        fault("index-x", "path", "tile/0/x007"),
        fault("index-no-x", "path", "tile/0/001/007"),
        fault("index-zeroes", "path", "tile/0/x000/007"),
        fault(
            "index-beyond",
            "index",
            "tile/0/x072/x057/x594/x037/x927/936",
        ),
        fault("width-0", "width", "tile/0/000.p/0"),
        fault("width-256", "path", "tile/0/000.p/256"),
        fault("width-257", "width", "tile/0/000.p/257"),
        fault("width-zeroes", "path", "tile/0/000.p/07"),
        fault("data", "path", "tile/data/000"),
        fault("slash", "path", "/tile/0/000"),
    ]
}

pub(super) fn verifier_keys() -> Cases {
    let verifier = signer()?.verifier();
    let key = verifier.to_string();
    let fault = |name: &str, expect: &str, about: &str, key: &str| {
        Vector::new("verifier-key", name, expect, about).input("verifier_key", key)
    };
    let mut parts = key.splitn(3, '+');
    let (_, id, encoded) = (parts.next(), parts.next(), parts.next());
    let (id, encoded) = (id.ok_or("no id")?, encoded.ok_or("no key")?);
    let mut bytes = STANDARD.decode(encoded)?;
    bytes.splice(..1, [2]);
    let type_2 = STANDARD.encode(bytes);
    Ok(vec![
        Vector::new(
            "verifier-key",
            "ed25519",
            "ok",
            "the key of the seed of 32 times 7",
        )
        .input("verifier_key", &key)
        .input("seed_hex", hex(&[7; 32]))
        .output("name", ORIGIN)
        .output("key_id_hex", hex(&verifier.key_id())),
        fault(
            "renamed",
            "key-id",
            "another name with the id",
            &key.replace("com", "org"),
        ),
        fault(
            "id-short",
            "verifier-key",
            "an id of 7 digits",
            &key.replacen(id, "0123456", 1),
        ),
        fault(
            "type",
            "key-type",
            "type 2",
            &format!("{ORIGIN}+{id}+{type_2}"),
        ),
        fault(
            "cut",
            "verifier-key",
            "the last digit is missing",
            key.get(..key.len() - 1).unwrap_or_default(),
        ),
        fault(
            "name-empty",
            "key-name",
            "no name",
            &format!("+{id}+{encoded}"),
        ),
        fault(
            "name-space",
            "key-name",
            "a space in the name",
            &format!("a b+{id}+{encoded}"),
        ),
    ])
}

fn signed(text: &str) -> Result<String, Box<dyn Error>> {
    Ok(SignedNote::sign(text.to_owned(), &signer()?)?.to_string())
}

pub(super) fn checkpoints() -> Cases {
    let key = signer()?.verifier().to_string();
    let case = |name: &str, expect: &str, about: &str, note: String| {
        Vector::new("checkpoint", name, expect, about)
            .input("note", note)
            .input("verifier_key", &key)
            .input("origin", ORIGIN)
    };
    let root = sha256(b"root");
    let text = Checkpoint::new(ORIGIN, 20_852_163, root)?.to_string();
    let note = signed(&text)?;
    let read = |name: &str, about: &str, note: &str| {
        case(name, "ok", about, note.to_owned())
            .output("size", 20_852_163)
            .output("root_hex", root)
    };
    let (body, signature) = note.rsplit_once("\n\n").ok_or("a note has an empty line")?;
    let witness = NoteSigner::from_seed("witness.example", &[9; 32])?;
    let by_witness = SignedNote::sign(text.clone(), &witness)?.to_string();
    let (_, cosignature) = by_witness
        .rsplit_once("\n\n")
        .ok_or("a note has an empty line")?;
    let by_other = NoteSigner::from_seed(ORIGIN, &[8; 32])?;
    let of_other = Checkpoint::new("example.com/other", 1, root)?.to_string();
    let size = |size: &str| signed(&text.replace("20852163", size));
    Ok(vec![
        read("signed", "a checkpoint", &note),
        read(
            "cosigned",
            "a witness has signed too",
            &format!("{note}{cosignature}"),
        ),
        case(
            "extension",
            "ok",
            "an extension line",
            signed(&format!("{text}more\n"))?,
        )
        .output("size", 20_852_163)
        .output("root_hex", root),
        case(
            "altered",
            "signature",
            "another size under the signature",
            note.replace("20852163", "20852164"),
        ),
        case(
            "signature",
            "signature",
            "another note's signature",
            format!(
                "{body}\n\n{}",
                size("7")?.rsplit_once("\n\n").map_or("", |(_, line)| line)
            ),
        ),
        case(
            "unsigned",
            "unsigned",
            "no signature",
            format!("{body}\n\n"),
        ),
        case(
            "witness-only",
            "not-signed-by-key",
            "only a witness has signed",
            by_witness.clone(),
        ),
        case(
            "other-key",
            "not-signed-by-key",
            "another key of the name",
            SignedNote::sign(text.clone(), &by_other)?.to_string(),
        ),
        case(
            "other-origin",
            "other-origin",
            "the checkpoint of another log",
            signed(&of_other)?,
        ),
        case(
            "unended",
            "signature-line",
            "no newline after the signature",
            format!("{body}\n\n{}", signature.trim_end()),
        ),
        case(
            "dash",
            "signature-line",
            "a hyphen for the dash",
            note.replace('—', "-"),
        ),
        case(
            "base64",
            "signature-line",
            "a signature without its padding",
            format!("{body}\n\n{}\n", signature.trim_end().trim_end_matches('=')),
        ),
        case(
            "tab",
            "control-character",
            "a tab in the text",
            note.replacen('\n', "\t\n", 1),
        ),
        case(
            "size-zeroes",
            "size",
            "a size with a leading zero",
            size("020852163")?,
        ),
        case(
            "size-sign",
            "size",
            "a size with a sign",
            size("+20852163")?,
        ),
        case(
            "size-2-64",
            "size",
            "a size of 2^64",
            size("18446744073709551616")?,
        ),
        case(
            "root-31",
            "root",
            "a root of 31 bytes",
            signed(&format!("{ORIGIN}\n1\n{}\n", "AAAA".repeat(10) + "AA=="))?,
        ),
        case(
            "origin-empty",
            "origin",
            "no origin",
            signed(&text.replacen(ORIGIN, "", 1))?,
        ),
        case(
            "extension-empty",
            "extension",
            "an empty extension line",
            signed(&format!("{text}\n"))?,
        ),
    ])
}

/// Five entries and their tree.
fn log() -> Result<(Vec<Vec<u8>>, Vec<Hash>, Hash), Box<dyn Error>> {
    let mut entries = vec![full_entry()?.encode()];
    for count in 1..5 {
        let mut entry = plain_entry();
        entry.count = count;
        entries.push(entry.encode());
    }
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = Frontier::default();
    for leaf in &leaves {
        tree.push(*leaf)?;
    }
    Ok((entries, leaves, tree.root()))
}

pub(super) fn receipts() -> Cases {
    let (entries, leaves, root) = log()?;
    let entry = entries.get(3).ok_or("five entries")?;
    let receipt = Receipt {
        extra: None,
        index: 3,
        path: prove_inclusion(&LeafHashes(&leaves), 3, 5)?,
        checkpoint: Checkpoint::new(ORIGIN, 5, root)?.sign(&signer()?)?,
    };
    let key = signer()?.verifier().to_string();
    let case = |name: &str, expect: &str, about: &str, receipt: &str| {
        Vector::new("receipt", name, expect, about)
            .input("receipt", receipt)
            .input("entry_hex", hex(entry))
            .input("verifier_key", &key)
            .input("origin", ORIGIN)
    };
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = receipt.clone();
        change(&mut receipt);
        receipt.to_string()
    };
    let text = receipt.to_string();
    let first = text.lines().nth(2).ok_or("a path")?;
    Ok(vec![
        case("true", "ok", "a receipt", &text)
            .output("index", 3)
            .output("size", 5),
        case(
            "extra",
            "ok",
            "extra bytes",
            &with(&|r| r.extra = Some(b"beside".to_vec())),
        )
        .output("index", 3)
        .output("size", 5),
        case(
            "header",
            "header",
            "version 2 of the format",
            &text.replace("@v1", "@v2"),
        ),
        case(
            "extra-base64",
            "extra",
            "extra bytes not base64",
            &text.replace("index", "extra ?\nindex"),
        ),
        case(
            "index-zeroes",
            "index",
            "an index with a leading zero",
            &text.replace("index 3", "index 03"),
        ),
        case(
            "index-missing",
            "index",
            "no index",
            &text.replace("index 3\n", ""),
        ),
        case(
            "path-line",
            "path",
            "a hash of 33 bytes",
            &text.replace(first, &"AAAA".repeat(11)),
        ),
        case(
            "index-other",
            "other-root",
            "the index of another entry",
            &with(&|r| r.index = 2),
        ),
        case(
            "index-beyond",
            "index-beyond-tree",
            "an index beyond the tree",
            &with(&|r| r.index = 5),
        ),
        case(
            "path-short",
            "wrong-length",
            "the last hash is missing",
            &with(&|r| r.path.truncate(2)),
        ),
        case(
            "path-altered",
            "other-root",
            "another sibling",
            &with(&|r| r.path.fill(root)),
        ),
        case(
            "checkpoint-altered",
            "signature",
            "another size",
            &text.replace("\n5\n", "\n6\n"),
        ),
        case("entry-altered", "other-root", "another entry", &text)
            .input("entry_hex", hex(entries.first().ok_or("five entries")?)),
        case("origin", "other-origin", "a receipt of another log", &text)
            .input("origin", "example.com/other"),
    ])
}
