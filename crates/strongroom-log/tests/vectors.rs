//! The vectors in `vectors/log/`: each file is what the generator writes, and each is judged as it
//! says.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../examples/log_vectors/cases/mod.rs"]
mod cases;
#[path = "../examples/log_vectors/vector.rs"]
mod vector;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use strongroom_log::map::{MapKey, MapProof, MapView};
use strongroom_log::{
    Checkpoint, Entry, EntryBundle, Hash, Items, NoteVerifier, Opening, PrivateField, Receipt,
    RowOpenings, Tile, TileKind, leaf_hash, verify_consistency, verify_inclusion,
};
use vector::{Vector, hex};

type Output = BTreeMap<String, String>;

/// The class of a failure: its innermost variant's name, in lower case with hyphens.
fn class(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let variant = text.split(" {").next().unwrap();
    let variant = variant.rsplit('(').next().unwrap().trim_end_matches(')');
    let mut class = String::new();
    for c in variant.chars() {
        if c.is_ascii_uppercase() && !class.is_empty() {
            class.push('-');
        }
        class.push(c.to_ascii_lowercase());
    }
    class
}

fn failed<E: Debug>(error: E) -> String {
    class(&error)
}

impl Vector {
    fn text(&self, name: &str) -> &str {
        self.input.get(name).expect(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let (pairs, rest) = self.text(name).as_bytes().as_chunks::<2>();
        assert!(rest.is_empty());
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.iter().map(|pair| byte(pair.as_slice())).collect()
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }

    fn hashes(&self, name: &str) -> Vec<Hash> {
        let bytes = self.bytes(name);
        bytes
            .as_chunks()
            .0
            .iter()
            .copied()
            .map(Hash::from_bytes)
            .collect()
    }

    fn hash(&self, name: &str) -> Hash {
        self.hashes(name).pop().unwrap()
    }

    /// What comes out, or the class of failure.
    fn judge(&self) -> Result<Output, String> {
        match self.format.as_str() {
            "entry" => self.judge_entry(),
            "bundle" => self.judge_bundle(),
            "opening" => self.judge_opening(),
            "openings" => self.judge_openings(),
            "items" => self.judge_items(),
            "tile-path" => self.judge_tile_path(),
            "verifier-key" => self.judge_verifier_key(),
            "checkpoint" => self.judge_checkpoint(),
            "receipt" => self.judge_receipt(),
            "inclusion" => self.judge_inclusion(),
            "consistency" => self.judge_consistency(),
            "map-root" => self.judge_map_root(),
            "map-proof" => self.judge_map_proof(),
            other => panic!("unknown format {other}"),
        }
    }

    fn judge_entry(&self) -> Result<Output, String> {
        let bytes = self.bytes("entry_hex");
        let entry = Entry::decode(&bytes).map_err(failed)?;
        assert_eq!(entry.encode(), bytes);
        let mut out = outputs([
            ("leaf_hash_hex", leaf_hash(&bytes).to_string()),
            ("time_us", entry.time_us.to_string()),
            ("operation", entry.operation.to_string()),
            ("outcome", entry.outcome.to_string()),
            ("request_id", entry.request_id.to_string()),
            ("count", entry.count.to_string()),
            ("contexts", entry.contexts.count().to_string()),
        ]);
        let mut add = |name: String, value: Option<String>| {
            out.extend(value.map(|value| (name, value)));
        };
        add("reason".into(), entry.reason.map(|it| it.to_string()));
        add("of".into(), entry.of.map(|it| it.to_string()));
        add("client".into(), entry.client.map(|it| it.to_string()));
        add(
            "contexts_digest_hex".into(),
            entry.contexts.digest().map(|it| it.to_string()),
        );
        add("output_hex".into(), entry.output.map(|it| it.to_string()));
        add("items_hex".into(), entry.items.map(|it| it.to_string()));
        for (name, value) in entry.facts.iter() {
            add(format!("fact.{name}"), Some(value.to_owned()));
        }
        for field in PrivateField::ALL {
            let commitment = entry.commitments.of(field);
            let name = format!("commitment.{}_hex", field.code());
            add(name, commitment.map(|it| it.hash().to_string()));
        }
        Ok(out)
    }

    fn judge_bundle(&self) -> Result<Output, String> {
        let bytes = self.bytes("bundle_hex");
        let mut tile = String::new();
        for entry in EntryBundle::entries(&bytes) {
            tile.push_str(&leaf_hash(entry.map_err(failed)?).to_string());
        }
        Ok(outputs([("tile_hex", tile)]))
    }

    fn judge_opening(&self) -> Result<Output, String> {
        let opening = Opening {
            field: PrivateField::from_code(self.text("field").parse().unwrap()).unwrap(),
            salt: self.bytes("salt_hex").try_into().unwrap(),
            value: self.bytes("value_hex"),
        };
        let entry = Entry::decode(&self.bytes("entry_hex")).unwrap();
        opening.open(&entry).map_err(failed)?;
        Ok(outputs([(
            "commitment_hex",
            opening.commitment().hash().to_string(),
        )]))
    }

    fn judge_openings(&self) -> Result<Output, String> {
        let row = RowOpenings::decode(&self.bytes("openings_hex")).map_err(failed)?;
        Ok(outputs([("entries", row.0.len().to_string())]))
    }

    fn judge_items(&self) -> Result<Output, String> {
        let items = Items::decode(&self.bytes("items_hex")).map_err(failed)?;
        Ok(outputs([
            ("count", items.0.len().to_string()),
            ("root_hex", items.root().to_string()),
        ]))
    }

    fn judge_tile_path(&self) -> Result<Output, String> {
        let tile: Tile = self.text("path").parse().map_err(failed)?;
        let kind = match tile.kind() {
            TileKind::Hashes(level) => level.to_string(),
            TileKind::Entries => "entries".to_owned(),
        };
        Ok(outputs([
            ("kind", kind),
            ("index", tile.index().to_string()),
            ("width", tile.width().to_string()),
        ]))
    }

    fn judge_verifier_key(&self) -> Result<Output, String> {
        let verifier: NoteVerifier = self.text("verifier_key").parse().map_err(failed)?;
        Ok(outputs([
            ("name", verifier.name().to_owned()),
            ("key_id_hex", hex(&verifier.key_id())),
        ]))
    }

    fn judge_checkpoint(&self) -> Result<Output, String> {
        let verifier = self.text("verifier_key").parse().unwrap();
        let checkpoint = Checkpoint::verify(self.text("note"), &verifier, self.text("origin"));
        let checkpoint = checkpoint.map_err(failed)?;
        Ok(outputs([
            ("size", checkpoint.size().to_string()),
            ("root_hex", checkpoint.root().to_string()),
        ]))
    }

    fn judge_receipt(&self) -> Result<Output, String> {
        let receipt: Receipt = self.text("receipt").parse().map_err(failed)?;
        let verifier = self.text("verifier_key").parse().unwrap();
        let entry = self.bytes("entry_hex");
        let checkpoint = receipt
            .verify(&entry, &verifier, self.text("origin"))
            .map_err(failed)?;
        Ok(outputs([
            ("index", receipt.index.to_string()),
            ("size", checkpoint.size().to_string()),
        ]))
    }

    fn judge_inclusion(&self) -> Result<Output, String> {
        verify_inclusion(
            self.hash("leaf_hash_hex"),
            self.number("index"),
            self.number("size"),
            &self.hashes("path_hex"),
            self.hash("root_hex"),
        )
        .map_err(failed)?;
        Ok(Output::new())
    }

    fn judge_consistency(&self) -> Result<Output, String> {
        let from = (self.number("from_size"), self.hash("from_root_hex"));
        let to = (self.number("to_size"), self.hash("to_root_hex"));
        verify_consistency(from, to, &self.hashes("proof_hex")).map_err(failed)?;
        Ok(Output::new())
    }

    fn judge_map_root(&self) -> Result<Output, String> {
        let mut map = MapView::default();
        for pair in self.hashes("leaves_hex").chunks(2) {
            let [key, value] = pair else {
                panic!("a key without a value")
            };
            let key = MapKey::from_bytes(*key.as_bytes());
            map.set(key, Some(*value)).map_err(failed)?;
        }
        Ok(outputs([("root_hex", map.root().to_string())]))
    }

    fn judge_map_proof(&self) -> Result<Output, String> {
        let proof = MapProof::decode(&self.bytes("proof_hex")).map_err(failed)?;
        assert_eq!(proof.encode(), self.bytes("proof_hex"));
        let key = MapKey::from_bytes(*self.hash("key_hex").as_bytes());
        let value = self.hashes("value_hex").pop();
        let root = self.hash("root_hex");
        proof.verify(key, value, root).map_err(failed)?;
        Ok(Output::new())
    }
}

fn outputs<const N: usize>(pairs: [(&str, String); N]) -> Output {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// File name and text of every vector that is checked in.
fn checked_in() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/log");
    let mut files = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        files.insert(name, fs::read_to_string(file.path()).unwrap());
    }
    files
}

#[test]
fn the_files_are_what_the_generator_writes() {
    let mut written = BTreeMap::new();
    for vector in cases::all().unwrap() {
        let twice = written.insert(vector.file_name(), vector.to_json().unwrap());
        assert_eq!(twice, None, "two cases are named {}", vector.name);
    }
    let files = checked_in();
    assert!(
        written.keys().eq(files.keys()),
        "files without a case, or cases without a file"
    );
    for (name, text) in files {
        assert_eq!(written.get(&name), Some(&text), "{name}");
    }
}

#[test]
fn every_file_is_judged_as_it_says() {
    for (file, text) in checked_in() {
        let vector: Vector = serde_json::from_str(&text).unwrap();
        match vector.judge() {
            Ok(output) => assert_eq!(
                ("ok", output),
                (vector.expect.as_str(), vector.output),
                "{file}"
            ),
            Err(class) => assert_eq!(class, vector.expect, "{file}"),
        }
    }
}
