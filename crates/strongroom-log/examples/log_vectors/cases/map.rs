//! Maps and their proofs.

use std::error::Error;

use strongroom_log::map::{MapKey, MapView};
use strongroom_log::{Hash, sha256};

use super::Cases;
use crate::vector::{Vector, hex};

/// The key of record `number`: the hash of one byte. Its value is the hash of two.
fn record(number: u8) -> (MapKey, Hash) {
    let key = MapKey::from_bytes(*sha256(&[number]).as_bytes());
    (key, sha256(&[number, number]))
}

/// Keys that differ in their last bit only.
fn twins() -> Vec<(MapKey, Hash)> {
    let first = [0x33; 32];
    let mut second = first;
    second.last_mut().into_iter().for_each(|last| *last ^= 1);
    vec![
        (MapKey::from_bytes(first), sha256(b"first")),
        (MapKey::from_bytes(second), sha256(b"second")),
    ]
}

fn records(count: u8) -> Vec<(MapKey, Hash)> {
    (0..count).map(record).collect()
}

fn view(leaves: &[(MapKey, Hash)]) -> Result<MapView, Box<dyn Error>> {
    let mut view = MapView::default();
    for (key, value) in leaves {
        view.set(*key, Some(*value))?;
    }
    Ok(view)
}

fn flat(leaves: &[(MapKey, Hash)]) -> String {
    leaves
        .iter()
        .map(|(key, value)| hex(key.as_bytes()) + &hex(value.as_bytes()))
        .collect()
}

pub(super) fn roots() -> Cases {
    let case = |name: &str, about: &str, leaves: &[(MapKey, Hash)]| -> Result<_, Box<dyn Error>> {
        Ok(Vector::new("map-root", name, "ok", about)
            .input("leaves_hex", flat(leaves))
            .output("root_hex", view(leaves)?.root()))
    };
    Ok(vec![
        case("0", "an empty map", &[])?,
        case("1", "one leaf", &records(1))?,
        case("2", "two leaves", &records(2))?,
        case("7", "seven leaves", &records(7))?,
        case("twins", "keys that differ in their last bit", &twins())?,
    ])
}

fn proof(
    (name, expect, about): (&str, &str, &str),
    leaves: &[(MapKey, Hash)],
    (key, value): (MapKey, Option<Hash>),
) -> Result<Vector, Box<dyn Error>> {
    let view = view(leaves)?;
    let value = value.map(|value| hex(value.as_bytes())).unwrap_or_default();
    Ok(Vector::new("map-proof", name, expect, about)
        .input("key_hex", hex(key.as_bytes()))
        .input("value_hex", value)
        .input("proof_hex", hex(&view.prove(key)?.encode()))
        .input("root_hex", view.root()))
}

/// Maps of few leaves.
pub(super) fn small_proofs() -> Cases {
    let (absent, _) = record(100);
    Ok(vec![
        proof(
            ("alone", "ok", "the only leaf"),
            &records(1),
            (record(0).0, Some(record(0).1)),
        )?,
        proof(
            ("beside-one", "ok", "no leaf beside the only one"),
            &records(1),
            (absent, None),
        )?,
        proof(
            ("empty", "ok", "no leaf in an empty map"),
            &[],
            (absent, None),
        )?,
        twins().first().map_or_else(
            || Err("there are two".into()),
            |(key, value)| {
                proof(
                    ("twin", "ok", "a sibling at every depth's end"),
                    &twins(),
                    (*key, Some(*value)),
                )
            },
        )?,
    ])
}

/// One leaf among seven, and the same with one fault each.
pub(super) fn proofs() -> Cases {
    let seven = records(7);
    let (key, value) = record(3);
    let (absent, never) = record(100);
    let there = |name: &str, expect: &str, about: &str| {
        proof((name, expect, about), &seven, (key, Some(value)))
    };
    let bytes = view(&seven)?.prove(key)?.encode();
    let with_byte = |at: usize, value: u8| {
        let mut altered = bytes.clone();
        altered.get_mut(at).into_iter().for_each(|b| *b = value);
        hex(&altered)
    };
    let cut = hex(bytes.get(..bytes.len() - 1).unwrap_or_default());
    let last = bytes.last().copied().unwrap_or_default();
    // The lowest sibling's bit, and the hash of an empty leaf in its place.
    let empty = sha256(b"strongroom/v1/map-empty");
    let spelled = with_byte(32, 1) + &hex(empty.as_bytes());
    Ok(vec![
        there("inclusion", "ok", "a leaf among seven")?,
        proof(
            ("absence", "ok", "no leaf among seven"),
            &seven,
            (absent, None),
        )?,
        there("value", "other-root", "an older value")?.input("value_hex", never),
        there("hidden", "other-root", "a leaf that is there, as absent")?.input("value_hex", ""),
        proof(
            ("invented", "other-root", "a leaf that is not there"),
            &seven,
            (absent, None),
        )?
        .input("value_hex", never),
        there("root", "other-root", "an older root")?.input("root_hex", view(&records(6))?.root()),
        there("key", "other-root", "another record's proof")?
            .input("key_hex", hex(record(4).0.as_bytes())),
        there("version", "version", "version 2")?.input("proof_hex", with_byte(0, 2)),
        there("cut", "wrong-length", "the last byte is missing")?.input("proof_hex", cut),
        there("surplus", "wrong-length", "a byte more")?.input("proof_hex", hex(&bytes) + "00"),
        there("bit", "wrong-length", "a bit without its hash")?
            .input("proof_hex", with_byte(32, 1)),
        there(
            "spelled-empty",
            "empty-sibling",
            "an empty sibling, spelled out",
        )?
        .input("proof_hex", spelled),
        there("flipped", "other-root", "the last hash altered")?
            .input("proof_hex", with_byte(bytes.len() - 1, last ^ 1)),
        there("nothing", "wrong-length", "no bytes")?.input("proof_hex", ""),
    ])
}
