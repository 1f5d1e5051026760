//! What clients of sealed stores compute, as the vectors have it.

#![expect(
    dead_code,
    reason = "the generator's vector is shared, a reader needs half of it"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../../crates/strongroom-crypto/examples/crypto_vectors/vector.rs"]
mod vector;
#[path = "support/world.rs"]
mod world;

use std::fs;
use std::path::Path;

use strongroom_client::store::{
    ClientSecret, LeafState, RecordName, SealedRecord, StoreKeys, StoreScope, Stretched,
    WrappedRoot,
};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::oprf::OprfKey;
use strongroom_crypto::secret::Secret;
use strongroom_log::sha256;
use strongroom_types::body::SlotKind;
use vector::{Vector, hex, unhex};

/// What came out, or the class of failure.
type Outcome = Result<Vec<(&'static str, String)>, &'static str>;

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/store");
    let read = |file: fs::DirEntry| {
        let text = fs::read_to_string(file.path()).unwrap();
        let vector: Vector = serde_json::from_str(&text).unwrap();
        assert_eq!(file.file_name(), vector.file_name().as_str());
        vector
    };
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| read(file.unwrap())).collect()
}

fn bytes(vector: &Vector, field: &str) -> Vec<u8> {
    unhex(&vector.input[field]).unwrap()
}

fn number<T: core::str::FromStr>(vector: &Vector, field: &str) -> T {
    vector.input[field].parse().ok().unwrap()
}

fn scope(vector: &Vector) -> StoreScope {
    world::scope(&bytes(vector, "workspace_hex"), &vector.input["store"])
}

fn keys(vector: &Vector) -> StoreKeys {
    let root = world::root(&bytes(vector, "root_hex"));
    root.keys(scope(vector), number(vector, "epoch"))
}

fn name(vector: &Vector) -> Outcome {
    let name = RecordName::new(&vector.input["name"]).map_err(|_no_name| "malformed")?;
    let hash = keys(vector).name_hash(&name);
    Ok(vec![("hash_hex", hex(hash.as_bytes()))])
}

fn value(vector: &Vector) -> Outcome {
    let keys = keys(vector);
    let name = keys.name_hash(&RecordName::new(&vector.input["name"]).unwrap());
    let sealed = bytes(vector, "sealed_hex");
    let state = LeafState {
        version: number(vector, "version"),
        epoch: number(vector, "epoch"),
        expires: Some(number(vector, "expires")).filter(|expires| *expires != 0),
        digest: sha256(&sealed),
    };
    let leaf = hex(keys.leaf(name, &state).as_bytes());
    let value = keys.open(name, &SealedRecord { state, sealed });
    let value = value.map_err(|_altered| "cannot_open")?;
    Ok(vec![("leaf_hex", leaf), ("value_hex", hex(value.expose()))])
}

fn secret(vector: &Vector) -> Outcome {
    let text = &vector.input["text"];
    let secret: ClientSecret = text.parse().map_err(|_no_secret| "malformed")?;
    assert_eq!(*secret.expose_text(), *text);
    // Only the one with these bytes is equal to it.
    let expected = unhex(&vector.output["secret_hex"]).unwrap();
    assert!(ClientSecret::generate(&world::Fixed(&expected)).unwrap() == secret);
    Ok(vec![("secret_hex", hex(&expected))])
}

fn slot(vector: &Vector) -> Outcome {
    let wrapped = WrappedRoot {
        slot: vector.input["slot"].parse().unwrap(),
        kind: match vector.input["kind"].as_str() {
            "secret" => SlotKind::Secret,
            "passphrase" => SlotKind::Passphrase,
            other => panic!("unknown kind {other}"),
        },
        epoch: number(vector, "epoch"),
        sealed: bytes(vector, "wrapped_hex"),
    };
    let secret = vector.input["secret"].parse().unwrap();
    let root = wrapped.unwrap(&secret, &scope(vector));
    let root = root.map_err(|_altered| "cannot_open")?;
    let expected = unhex(&vector.output["root_hex"]).unwrap();
    assert!(world::root(&expected) == root);
    Ok(vec![("root_hex", hex(&expected))])
}

fn passphrase(vector: &Vector) -> String {
    let salt = bytes(vector, "salt_hex").try_into().unwrap();
    let stretched = Stretched::new(&vector.input["passphrase"], &salt, &SystemEntropy).unwrap();
    let seed: [u8; 32] = bytes(vector, "oprf_seed_hex").try_into().unwrap();
    let key = OprfKey::from_seed(&Secret::from_bytes(seed), b"").unwrap();
    let evaluated = key.evaluate(stretched.blinded()).unwrap();
    let slot = vector.input["slot"].parse().unwrap();
    let secret = stretched.finish(&evaluated, &scope(vector), &slot).unwrap();
    secret.expose_text().to_string()
}

#[test]
fn every_store_vector_comes_out_as_it_says() {
    let all = vectors();
    for vector in &all {
        let outcome = match vector.format.as_str() {
            "store-name" => name(vector),
            "store-value" => value(vector),
            "store-secret" => secret(vector),
            "store-slot" => slot(vector),
            "store-passphrase" => Ok(vec![("secret", passphrase(vector))]),
            format => panic!("unknown format {format}"),
        };
        match outcome {
            Err(class) => assert_eq!(class, vector.expect, "{}", vector.name),
            Ok(came_out) => {
                assert_eq!(vector.expect, "ok", "{}", vector.name);
                let came_out = came_out.into_iter();
                let came_out = came_out.map(|(field, value)| (field.to_owned(), value));
                assert_eq!(vector.output, came_out.collect(), "{}", vector.name);
            }
        }
    }
    assert!(all.len() >= 38, "{}", all.len());
}
