//! Receipts.

use std::error::Error;

use strongroom_log::{Checkpoint, Frontier, LeafHashes, Receipt, leaf_hash, prove_inclusion};

use super::{Cases, ORIGIN, full_entry, plain_entry, signer};
use crate::vector::{Vector, hex};

/// The entry of the receipt; the log has five.
fn entry(index: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut entry = if index == 0 {
        full_entry()?
    } else {
        plain_entry()
    };
    entry.count = index;
    Ok(entry.encode())
}

fn receipt() -> Result<Receipt, Box<dyn Error>> {
    let (mut leaves, mut tree) = (Vec::new(), Frontier::default());
    for index in 0..5 {
        let leaf = leaf_hash(&entry(index)?);
        leaves.push(leaf);
        tree.push(leaf)?;
    }
    Ok(Receipt {
        extra: None,
        index: 3,
        path: prove_inclusion(&LeafHashes(&leaves), 3, 5)?,
        checkpoint: Checkpoint::new(ORIGIN, 5, tree.root())?.sign(&signer()?)?,
    })
}

fn case(name: &str, expect: &str, about: &str, receipt: &str) -> Result<Vector, Box<dyn Error>> {
    Ok(Vector::new("receipt", name, expect, about)
        .input("receipt", receipt)
        .input("entry_hex", hex(&entry(3)?))
        .input("verifier_key", signer()?.verifier())
        .input("origin", ORIGIN))
}

pub(super) fn receipts() -> Cases {
    let read = |name: &str, about: &str, receipt: &Receipt| -> Result<_, Box<dyn Error>> {
        Ok(case(name, "ok", about, &receipt.to_string())?
            .output("index", 3)
            .output("size", 5))
    };
    let plain = receipt()?;
    let mut extra = plain.clone();
    extra.extra = Some(b"beside".to_vec());
    let cases = vec![
        read("true", "a receipt", &plain)?,
        read("extra", "extra bytes", &extra)?,
    ];
    Ok([cases, malformed()?, false_receipts()?].concat())
}

/// Texts that are no receipts.
fn malformed() -> Cases {
    let text = receipt()?.to_string();
    let hash = text
        .lines()
        .nth(2)
        .ok_or("a receipt of entry 3 of 5 has a path")?;
    let replace = |from: &str, to: &str| text.replacen(from, to, 1);
    let extra = replace("index", "extra ?\nindex");
    let long = replace(hash, &"AAAA".repeat(11));
    Ok(vec![
        case(
            "header",
            "header",
            "version 2 of the format",
            &replace("@v1", "@v2"),
        )?,
        case("extra-base64", "extra", "extra bytes not in base64", &extra)?,
        case(
            "index-zeroes",
            "index",
            "a leading zero",
            &replace("index 3", "index 03"),
        )?,
        case(
            "index-missing",
            "index",
            "no index",
            &replace("index 3\n", ""),
        )?,
        case("path-line", "path", "a hash of 33 bytes", &long)?,
    ])
}

/// Receipts that do not hold.
fn false_receipts() -> Cases {
    let with = |change: &dyn Fn(&mut Receipt)| -> Result<_, Box<dyn Error>> {
        let mut receipt = receipt()?;
        change(&mut receipt);
        Ok(receipt.to_string())
    };
    let text = receipt()?.to_string();
    let root = "other-root";
    let index = with(&|receipt| receipt.index = 2)?;
    let beyond = with(&|receipt| receipt.index = 5)?;
    let short = with(&|receipt| receipt.path.truncate(2))?;
    let sibling = with(&|receipt| receipt.path.rotate_left(1))?;
    let size = text.replace("\n5\n", "\n6\n");
    Ok(vec![
        case("index-other", root, "the index of another entry", &index)?,
        case(
            "index-beyond",
            "index-beyond-tree",
            "an index beyond the tree",
            &beyond,
        )?,
        case(
            "path-short",
            "wrong-length",
            "the last hash is missing",
            &short,
        )?,
        case("path-order", root, "the path in another order", &sibling)?,
        case("checkpoint-altered", "signature", "another size", &size)?,
        case("entry-altered", root, "another entry", &text)?.input("entry_hex", hex(&entry(0)?)),
        case("origin", "other-origin", "another log's", &text)?
            .input("origin", "example.com/other"),
    ])
}
