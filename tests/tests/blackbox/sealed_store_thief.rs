//! Thieves of a sealed store: one who has the whole database and the server's root key, and one who has
//! the database alone.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _, query, query_scalar};
use strongroom_client::store::{ClientSecret, StoreScope, Stretched, Unlock, WrappedRoot};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::label::Label;
use strongroom_crypto::oprf::OprfKey;
use strongroom_crypto::secret::Secret;
use strongroom_log::map::{MapChild, MapNode};
use strongroom_log::sha256;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_types::base32;
use strongroom_types::body::{ObjectCreate, ObjectRead, SealedStoreCreate, SlotKind};

use super::sealed_stores::{name, store, word};

/// The bytes of every column of every row.
pub(super) async fn columns(room: &Room) -> Vec<(String, Vec<u8>)> {
    install_default_drivers();
    let file = room.server.data().join("strongroom.db");
    let url = format!("sqlite:{}?mode=ro", file.display());
    let mut database = AnyConnection::connect(&url).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut database).await.unwrap();
    let mut seen = Vec::new();
    for table in tables {
        let names = format!("SELECT name FROM pragma_table_info('{table}')");
        let names = query_scalar(AssertSqlSafe(names));
        let names: Vec<String> = names.fetch_all(&mut database).await.unwrap();
        for column in names {
            let cells = format!(
                "SELECT CAST(\"{column}\" AS BLOB) FROM {table} WHERE \"{column}\" IS NOT NULL"
            );
            let rows = query(AssertSqlSafe(cells)).fetch_all(&mut database).await;
            for row in rows.unwrap() {
                seen.push((format!("{table}.{column}"), row.get::<Vec<u8>, _>(0)));
            }
        }
    }
    seen
}

/// The hashed names of all records: the database has them, though no answer does.
fn hashed_names(columns: &[(String, Vec<u8>)]) -> BTreeSet<[u8; 32]> {
    let mut children = Vec::new();
    for (column, bytes) in columns {
        match column.as_str() {
            "sealed_map.root" => children.push(MapChild::decode(bytes).unwrap()),
            "sealed_node.node" => {
                let node = MapNode::decode(bytes).unwrap();
                children.extend(node.children());
            }
            _ => {}
        }
    }
    let leaves = children.iter().filter_map(|child| match child {
        MapChild::Leaf { key, .. } => Some(*key.as_bytes()),
        _ => None,
    });
    leaves.collect()
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The bytes of every text of an answer, and of every base64 text what it stands for.
pub(super) fn bytes_of(answer: &Value, out: &mut Vec<Vec<u8>>) {
    use ::base64::Engine as _;
    match answer {
        Value::String(text) => {
            out.push(text.as_bytes().to_vec());
            let decoded = ::base64::engine::general_purpose::STANDARD.decode(text);
            out.extend(decoded.ok());
        }
        Value::Array(items) => items.iter().for_each(|item| bytes_of(item, out)),
        Value::Object(fields) => fields.values().for_each(|field| bytes_of(field, out)),
        _ => {}
    }
}

pub(super) fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// 32 bytes as a client's secret, in the form in which one is kept.
fn as_secret(bytes: &[u8]) -> ClientSecret {
    let check = sha256(&[Label::SealedSecretCheck.as_bytes(), bytes].concat());
    let digits = base32::encode(&[bytes, &check.as_bytes()[..4]].concat());
    format!("sks_{digits}").parse().unwrap()
}

/// What the server says of a slot: the root, wrapped, and the salt of a passphrase.
async fn slot(room: &Room, of: &str, kind: SlotKind) -> (WrappedRoot, Vec<u8>, Value) {
    let path = format!("/v1/stores/vault/slots/{of}");
    let reply = Reply::of(room.request(Method::GET, &path)).await;
    let said: Value = reply.json();
    let bytes = |field: &str| {
        use ::base64::Engine as _;
        let text = said[field].as_str().unwrap_or_default();
        ::base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    let wrapped = WrappedRoot {
        slot: word(of),
        kind,
        epoch: 1,
        sealed: bytes("wrapped"),
    };
    (wrapped, bytes("salt"), said.clone())
}

fn scope(room: &Room) -> StoreScope {
    StoreScope {
        workspace: room.workspace,
        store: word("vault"),
    }
}

const VALUES: [(&str, &[&str]); 3] = [
    ("zqFirstName", &["zqFirstOld", "zqFirstNew"]),
    ("zqSecondName", &["zqSecondValue"]),
    ("zqThird\u{e9}Name", &["zqThirdValue"]),
];

/// The thief has the server's directory: the database, the root key, and the key of an administrator.
/// Running the server from it, they are told all that its keys open. They read what the server can
/// read, and of the sealed store no name and no value.
#[tokio::test]
async fn a_thief_of_database_and_root_reads_no_name_and_no_value() {
    let mut room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let (vault, secret) = store(&room, "vault").await;
    for (record, values) in VALUES {
        for value in values {
            vault.set(&name(record), value.as_bytes()).await.unwrap();
        }
    }
    let control = ObjectCreate::new(tenant("a"), "zqControl", "zqControlValue");
    room.client.objects().create(control).await.unwrap();
    drop(vault);
    room.restart();
    let columns = columns(&room).await;
    let names = hashed_names(&columns);
    assert_eq!(names.len(), VALUES.len());
    let mut seen: Vec<_> = columns.into_iter().map(|(_, bytes)| bytes).collect();
    let mut values = 0;
    for hashed in &names {
        for body in [
            json!({"names": [base64(hashed)]}),
            json!({"names": [base64(hashed)], "version": 1}),
        ] {
            let ask = room.request(Method::POST, "/v1/stores/vault/get");
            let reply = Reply::of(ask.json(&body)).await;
            let said: Value = reply.json();
            let sealed = &said["records"][0]["record"]["value"];
            values += usize::from(sealed.as_str().is_some_and(|text| text.len() > 300));
            bytes_of(&said, &mut seen);
        }
    }
    // All were given out, and the server's own layer is off.
    assert_eq!(values, 2 * VALUES.len());
    let (wrapped, _, said) = slot(&room, "main", SlotKind::Secret).await;
    bytes_of(&said, &mut seen);
    for file in fs::read_dir(room.server.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            seen.push(fs::read(&path).unwrap());
        }
    }
    let told = VALUES.iter().flat_map(|(record, values)| {
        let words = values.iter().chain([record]);
        words.map(|word| word.as_bytes().to_vec())
    });
    let secret_text = secret.expose_text();
    for word in told.chain([secret_text.as_bytes().to_vec()]) {
        assert!(!seen.iter().any(|bytes| contains(bytes, &word)));
    }
    // What the server can read is theirs.
    let control = ObjectRead::by_name("zqControl");
    let objects = room.client.objects();
    let read = objects.read(&control);
    assert_eq!(read.await.unwrap().value.unwrap().0, b"zqControlValue");
    // No 32 bytes that begin or end anything of all this open the slot; the client's secret does.
    let scope = scope(&room);
    let ends = seen
        .iter()
        .flat_map(|bytes| [bytes.first_chunk::<32>(), bytes.last_chunk()]);
    let keys: BTreeSet<_> = ends.flatten().copied().collect();
    assert!(keys.len() > 50, "{}", keys.len());
    for key in keys {
        assert!(wrapped.unwrap(&as_secret(&key), &scope).is_err());
    }
    assert!(wrapped.unwrap(&secret, &scope).is_ok());
}

const PASSPHRASE: &str = "correct horse battery staple";

/// The thief has the database without the root key, and guesses the right passphrase at once. Even
/// who knows salt and wrapped root, which the database does not show, cannot tell that it is right:
/// that needs a key which is sealed.
#[tokio::test]
async fn a_thief_of_the_database_alone_cannot_test_a_guessed_passphrase() {
    let room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let request = SealedStoreCreate {
        name: word("vault"),
        keep: None,
    };
    let (stores, people) = (room.client.stores(), word("people"));
    let unlock = Unlock::Passphrase(PASSPHRASE);
    let made = stores.create(&request, &people, unlock).await.unwrap();
    made.set(&name("n"), b"v").await.unwrap();
    let (wrapped, salt, _) = slot(&room, "people", SlotKind::Passphrase).await;
    let columns = columns(&room).await;
    for hidden in [&wrapped.sealed, &salt] {
        assert!(!columns.iter().any(|(_, bytes)| contains(bytes, hidden)));
    }
    let rows = columns
        .iter()
        .filter(|(column, _)| column == "sealed_slot.body");
    let rows: Vec<_> = rows.map(|(_, bytes)| bytes).collect();
    assert_eq!(rows.len(), 1);
    let salt: [u8; 16] = salt.try_into().unwrap();
    let scope = scope(&room);
    for seed in rows[0].as_chunks::<32>().0 {
        let key = OprfKey::from_seed(&Secret::from_bytes(*seed), b"").unwrap();
        let guess = Stretched::new(PASSPHRASE, &salt, &SystemEntropy).unwrap();
        let evaluated = key.evaluate(guess.blinded()).unwrap();
        let secret = guess.finish(&evaluated, &scope, &people).unwrap();
        assert!(wrapped.unwrap(&secret, &scope).is_err());
    }
    // With the server's help, which is counted, it opens.
    let opened = stores.open(&word("vault"), &people, unlock).await;
    assert!(opened.is_ok());
}
