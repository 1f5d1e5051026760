//! Tile paths and verifier keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Cases, ORIGIN, signer};
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
