//! Checkpoints.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_log::{Checkpoint, Hash, NoteSigner, SignedNote, sha256};

use super::{Cases, ORIGIN, signer};
use crate::vector::Vector;

const SIZE: &str = "20852163";

fn root() -> Hash {
    sha256(b"root")
}

/// The text that the log signs.
fn text() -> String {
    let root = STANDARD.encode(root().as_bytes());
    format!("{ORIGIN}\n{SIZE}\n{root}\n")
}

fn signed_by(text: &str, name: &str, seed: u8) -> Result<String, Box<dyn Error>> {
    let signer = NoteSigner::from_seed(name, &[seed; 32])?;
    Ok(SignedNote::sign(text.to_owned(), &signer)?.to_string())
}

fn signed(text: &str) -> Result<String, Box<dyn Error>> {
    signed_by(text, ORIGIN, 7)
}

/// The text of a note and its signature lines.
fn parts(note: &str) -> Result<(&str, &str), Box<dyn Error>> {
    Ok(note.rsplit_once("\n\n").ok_or("a note has an empty line")?)
}

fn case(name: &str, expect: &str, about: &str, note: &str) -> Result<Vector, Box<dyn Error>> {
    Ok(Vector::new("checkpoint", name, expect, about)
        .input("note", note)
        .input("verifier_key", signer()?.verifier())
        .input("origin", ORIGIN))
}

pub(super) fn checkpoints() -> Cases {
    let read = |name: &str, about: &str, note: &str| -> Result<_, Box<dyn Error>> {
        Ok(case(name, "ok", about, note)?
            .output("size", SIZE)
            .output("root_hex", root()))
    };
    let note = signed(&text())?;
    let by_witness = signed_by(&text(), "witness.example", 9)?;
    let cosigned = format!("{note}{}", parts(&by_witness)?.1);
    let cases = vec![
        read("signed", "a checkpoint", &note)?,
        read("cosigned", "a witness has signed too", &cosigned)?,
        read(
            "extension",
            "an extension line",
            &signed(&(text() + "more\n"))?,
        )?,
    ];
    Ok([cases, unsigned()?, malformed_notes()?, malformed_texts()?].concat())
}

/// Notes that the log's key has not signed.
fn unsigned() -> Cases {
    let note = signed(&text())?;
    let (body, _) = parts(&note)?;
    let later = signed(&text().replace(SIZE, "20852164"))?;
    let moved = format!("{body}\n\n{}", parts(&later)?.1);
    let by_witness = signed_by(&text(), "witness.example", 9)?;
    let by_other = signed_by(&text(), ORIGIN, 8)?;
    let key = "not-signed-by-key";
    let altered = note.replace(SIZE, "20852164");
    Ok(vec![
        case(
            "altered",
            "signature",
            "another size under the signature",
            &altered,
        )?,
        case("signature", "signature", "another note's signature", &moved)?,
        case(
            "unsigned",
            "unsigned",
            "no signature",
            &format!("{body}\n\n"),
        )?,
        case(
            "witness-only",
            key,
            "only a witness has signed",
            &by_witness,
        )?,
        case("other-key", key, "another key of the name", &by_other)?,
    ])
}

/// Notes that break the format.
fn malformed_notes() -> Cases {
    let note = signed(&text())?;
    let (body, signature) = parts(&note)?;
    let (line, class) = (signature.trim_end(), "signature-line");
    let unpadded = format!("{body}\n\n{}\n", line.trim_end_matches('='));
    let unended = format!("{body}\n\n{line}");
    let tab = note.replacen('\n', "\t\n", 1);
    Ok(vec![
        case("unended", class, "no newline after the signature", &unended)?,
        case(
            "dash",
            class,
            "a hyphen for the dash",
            &note.replace('—', "-"),
        )?,
        case(
            "base64",
            class,
            "a signature without its padding",
            &unpadded,
        )?,
        case("tab", "control-character", "a tab in the text", &tab)?,
    ])
}

/// Texts that are signed and break the format, or are another log's.
fn malformed_texts() -> Cases {
    let size = |size: &str| signed(&text().replace(SIZE, size));
    let short_root = format!("{ORIGIN}\n1\n{}AA==\n", "AAAA".repeat(10));
    let other = Checkpoint::new("example.com/other", 1, root())?.to_string();
    let no_origin = text().replacen(ORIGIN, "", 1);
    let empty = text() + "\n";
    Ok(vec![
        case(
            "other-origin",
            "other-origin",
            "another log's",
            &signed(&other)?,
        )?,
        case(
            "size-zeroes",
            "size",
            "a size with a leading zero",
            &size("020852163")?,
        )?,
        case(
            "size-sign",
            "size",
            "a size with a sign",
            &size("+20852163")?,
        )?,
        case(
            "size-2-64",
            "size",
            "a size of 2^64",
            &size("18446744073709551616")?,
        )?,
        case(
            "root-31",
            "root",
            "a root of 31 bytes",
            &signed(&short_root)?,
        )?,
        case("origin-empty", "origin", "no origin", &signed(&no_origin)?)?,
        case(
            "extension-empty",
            "extension",
            "an empty extension line",
            &signed(&empty)?,
        )?,
    ])
}
