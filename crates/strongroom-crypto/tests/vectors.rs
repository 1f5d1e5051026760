//! Reads every file of `vectors/crypto/`.

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

#[path = "../examples/crypto_vectors/vector.rs"]
mod vector;

use std::fs;
use std::path::Path;

use strongroom_crypto::OpenError;
use strongroom_crypto::chunked::{self, InputKey};
use strongroom_crypto::envelope::{Envelope, open, unwrap_data_key};
use strongroom_crypto::hybrid::{HybridKey, open_sealed};
use strongroom_crypto::index::{Column, ColumnKey, IndexKey, Ordinal, Step, Token};
use strongroom_crypto::keys::{
    ContextIdKey, ContextKey, LockKey, LockSecret, Place, ResolvedLock, Seed, WrappingKey,
};
use strongroom_crypto::one_shot::{self, OneShotKey};
use strongroom_crypto::seal_to::open_sealed_to;
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::{ClientShare, SplitKeyOf, SplitScope, ValuePlace, open_split};
use strongroom_crypto::xwing::PrivateKey;
use strongroom_types::{
    ContextId, HybridAlgorithm, IssuerId, KeyContext, KeyVersion, Kind, Lock, Purpose, Suite,
    WorkspaceId,
};
use vector::{Vector, hex, unhex};

/// What came out, in the vector's notation, or the class of failure.
type Outcome = Result<Vec<(&'static str, String)>, &'static str>;

struct Inputs<'a>(&'a Vector);

impl Inputs<'_> {
    fn text(&self, name: &str) -> &str {
        &self.0.input[name]
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name)).unwrap()
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(self.text(name)).unwrap()
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn has(&self, name: &str) -> bool {
        self.0.input.contains_key(name)
    }

    fn seed(&self, name: &str) -> Seed {
        Seed::from_secret(Secret::from_bytes(self.array(name)))
    }

    fn workspace(&self) -> WorkspaceId {
        WorkspaceId::from_bytes(self.array("workspace_hex"))
    }

    fn context(&self) -> ContextId {
        ContextId::from_bytes(self.array("context_hex"))
    }

    fn version(&self) -> KeyVersion {
        KeyVersion(self.text("key_version").parse().unwrap())
    }

    fn lock_secret(&self) -> LockSecret {
        LockSecret::derive(
            &self.seed("lock_seed_hex"),
            self.workspace(),
            self.context(),
        )
    }

    fn resolve(&self, lock: Lock) -> Option<ResolvedLock> {
        let claims = serde_json::from_str(self.text("claims")).unwrap();
        let issuer = IssuerId::from_bytes(self.array("issuer_hex"));
        ResolvedLock::resolve(lock, issuer, &claims).ok()
    }

    fn hybrid_key(&self) -> HybridKey {
        let algorithm = HybridAlgorithm::from_name(self.text("algorithm")).unwrap();
        HybridKey::from_bytes(algorithm, self.bytes("private_key_hex").into()).unwrap()
    }

    /// The lock key of the case's person, as far as there is a lock and a person who meets it.
    fn lock_key(&self, envelope: &Envelope<'_>) -> Option<LockKey> {
        let lock = envelope.header.lock.as_ref()?;
        if !self.has("claims") {
            return None;
        }
        let resolved = self.resolve(lock.lock.clone())?;
        Some(
            self.lock_secret()
                .lock_key(envelope.header.purpose, &resolved),
        )
    }
}

fn read(vector: &Vector) -> Outcome {
    let inputs = Inputs(vector);
    let cannot_open = |_error: OpenError| "cannot_open";
    match vector.format.as_str() {
        "sr1" | "sr1-data-key" => envelope(&inputs),
        "chunked" => {
            let suite = Suite::from_name(inputs.text("suite")).unwrap();
            let key = InputKey::new(suite, &inputs.bytes("key_hex")).unwrap();
            let sealed = inputs.bytes("sealed_hex");
            let opened = chunked::open(&key, &inputs.bytes("context_hex"), &sealed);
            let opened = opened.map_err(cannot_open)?;
            Ok(vec![("plaintext_hex", hex(opened.expose()))])
        }
        "one-shot" => {
            let suite = Suite::from_name(inputs.text("suite")).unwrap();
            let key = Secret::from_bytes(inputs.array("key_hex"));
            let key = OneShotKey::new(suite, &key).unwrap();
            let sealed = inputs.bytes("sealed_hex");
            let opened = one_shot::open(&key, &inputs.bytes("context_hex"), &sealed);
            let opened = opened.map_err(cannot_open)?;
            Ok(vec![("plaintext_hex", hex(opened.expose()))])
        }
        "hybrid" => {
            let key = inputs.hybrid_key();
            let associated_data = inputs.bytes("associated_data_hex");
            let opened = open_sealed(&key, &associated_data, &inputs.bytes("sealed_hex"));
            let opened = opened.map_err(cannot_open)?;
            Ok(vec![("plaintext_hex", hex(opened.expose()))])
        }
        "kem" => {
            let key = inputs.hybrid_key();
            let shared = key.decapsulate(&inputs.bytes("ciphertext_hex"));
            Ok(vec![
                ("digest_hex", hex(&key.public_key().digest())),
                ("public_key_hex", hex(key.public_key().as_bytes())),
                ("shared_hex", hex(shared.map_err(cannot_open)?.expose())),
            ])
        }
        "seal-to" => seal_to(&inputs),
        "seed" => {
            let parent = WrappingKey::new(&Secret::from_bytes(inputs.array("parent_hex")));
            let place = Place::ContextKey(inputs.workspace(), inputs.context(), inputs.version());
            let wrapped = inputs.bytes("wrapped_hex");
            let seed = Seed::unwrap(&parent, &place, &wrapped).map_err(cannot_open)?;
            Ok(vec![
                ("key_hex", hex(seed.derive_key(&place).expose())),
                ("seed_hex", hex(seed.as_secret().expose())),
            ])
        }
        "context-id" => {
            let key = ContextIdKey::derive(&inputs.seed("seed_hex"), inputs.workspace());
            let kind = Kind::from_code(inputs.text("kind").parse().unwrap()).unwrap();
            let map: KeyContext = serde_json::from_str(inputs.text("map")).unwrap();
            Ok(vec![(
                "context_hex",
                hex(key.context_id(kind, &map).as_bytes()),
            )])
        }
        "lock-tag" => {
            let purpose = Purpose::from_name(inputs.text("purpose")).unwrap();
            let lock = serde_json::from_str(inputs.text("lock")).unwrap();
            let resolved = inputs.resolve(lock).unwrap();
            let salt = inputs.array("salt_hex");
            let tag = inputs.lock_secret().lock_tag(&salt, purpose, &resolved);
            Ok(vec![("tag_hex", hex(&tag))])
        }
        "index" => index(&inputs),
        "split" => split(&inputs),
        other => panic!("unknown format {other}"),
    }
}

fn envelope(inputs: &Inputs<'_>) -> Outcome {
    let blob = inputs.bytes("blob_hex");
    let envelope = Envelope::parse(&blob).map_err(|_error| "malformed")?;
    let lock_key = inputs.lock_key(&envelope);
    let key = ContextKey::derive(
        &inputs.seed("context_seed_hex"),
        inputs.workspace(),
        inputs.context(),
        inputs.version(),
    );
    let opened = if inputs.0.format == "sr1-data-key" {
        unwrap_data_key(&envelope, &key, lock_key.as_ref())
    } else {
        let associated_data = inputs
            .has("associated_data_hex")
            .then(|| inputs.bytes("associated_data_hex"));
        open(
            &envelope,
            &key,
            lock_key.as_ref(),
            associated_data.as_deref(),
        )
    };
    let opened = opened.map_err(|_error| "cannot_open")?;
    Ok(vec![("plaintext_hex", hex(opened.expose()))])
}

fn seal_to(inputs: &Inputs<'_>) -> Outcome {
    let key = PrivateKey::from_expanded(inputs.bytes("private_key_hex").into()).unwrap();
    let sealed = inputs.bytes("sealed_hex");
    let opened = open_sealed_to(&key, &inputs.bytes("context_hex"), &sealed);
    let opened = opened.map_err(|_error| "cannot_open")?;
    Ok(vec![
        ("plaintext_hex", hex(opened.expose())),
        ("public_key_hex", hex(key.public_key().as_bytes())),
    ])
}

fn split(inputs: &Inputs<'_>) -> Outcome {
    let blob = inputs.bytes("blob_hex");
    let (envelope, of) = SplitKeyOf::parse(&blob).map_err(|_error| "malformed")?;
    let locked = envelope.header.lock.as_ref();
    let lock = locked.and_then(|held| inputs.resolve(held.lock.clone()));
    let key = ContextKey::derive(
        &inputs.seed("context_seed_hex"),
        inputs.workspace(),
        inputs.context(),
        inputs.version(),
    );
    let server_share = key.split_authority().share(&of.id, lock.as_ref());
    let share = ClientShare::from_secret(Secret::from_bytes(inputs.array("client_share_hex")));
    let scope = SplitScope {
        workspace: inputs.workspace(),
        keyset: inputs.context(),
    };
    let place = ValuePlace {
        table: inputs.text("table"),
        column: inputs.text("column"),
        row: inputs.has("row").then(|| inputs.text("row")),
    };
    let opened = open_split(&envelope, &scope, (&share, &server_share), &place);
    let opened = opened.map_err(|_error| "cannot_open")?;
    assert!(of.is_at(&place));
    Ok(vec![
        ("check_hex", hex(&share.check(&scope, of.epoch))),
        ("plaintext_hex", hex(opened.expose())),
        ("server_share_hex", hex(server_share.expose())),
    ])
}

fn index(inputs: &Inputs<'_>) -> Outcome {
    let key_context: KeyContext = serde_json::from_str(inputs.text("key_context")).unwrap();
    let lock = inputs.has("lock").then(|| inputs.text("lock"));
    let scope = lock.and_then(|lock| inputs.resolve(serde_json::from_str(lock).unwrap()));
    let column =
        IndexKey::new(&Secret::from_bytes(inputs.array("index_key_hex"))).column(&Column {
            key_context: &key_context,
            table: inputs.text("table"),
            column: inputs.text("column"),
            scope: scope.as_ref(),
        });
    let number = |name| Ordinal::from(inputs.text(name).parse::<i64>().unwrap());
    let tokens = match inputs.text("kind") {
        "equality" => {
            let term = column.equality(inputs.text("value").as_bytes());
            return Ok(vec![("term_hex", hex(&term))]);
        }
        "order" => return Ok(vec![("term_hex", hex(&column.order(number("value"))))]),
        "text" => column.text(inputs.text("value")),
        "text-query" => column.text_query(inputs.text("value")),
        "range" => Ok(column.range(number("value"))),
        "range-query" => column.range_query(number("low"), number("high")),
        "document" => column.document(&inputs.json("value")),
        "document-query" => column.document_query(&inputs.json("value")),
        "path-query" => Ok(vec![path_query(&column, &inputs.json("path"))]),
        other => panic!("unknown kind {other}"),
    };
    let tokens = tokens.map_err(|_error| "malformed")?.into_iter();
    let numbers: Vec<i64> = tokens.map(Token::get).collect();
    Ok(vec![("tokens", serde_json::to_string(&numbers).unwrap())])
}

fn path_query(column: &ColumnKey, path: &serde_json::Value) -> Token {
    let steps = path.as_array().unwrap().iter();
    let steps = steps.map(|step| step.as_str().map_or(Step::Item, Step::Member));
    column.path_query(&steps.collect::<Vec<_>>())
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/crypto");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(path.file_name().unwrap(), vector.file_name().as_str());
        let output = vector.output.iter();
        let expected: Vec<_> = output
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        match read(&vector) {
            Ok(outcome) => {
                assert_eq!(vector.expect, "ok", "{}", vector.name);
                assert_eq!(outcome, expected, "{}", vector.name);
            }
            Err(class) => assert_eq!(vector.expect, class, "{}", vector.name),
        }
        seen += 1;
    }
    assert!(seen >= 80, "{seen}");
}
