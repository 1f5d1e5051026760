//! A thief of split keys, who has the whole database and the server's root key, and runs the server.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::{ClientShare, SplitKeyOf, SplitScope, open_split};
use strongroom_tests::memory;
use strongroom_tests::room::{Database, Room};
use strongroom_types::body::SplitShare;

use super::sealed_store_thief::{bytes_of, columns, contains};
use super::split_keys::{EMAIL, member, vault};

/// The thief has the server's directory, the ciphertexts, and the key of an administrator. They derive
/// every server share and read every grant, and nothing that they have is the clients' share: no value
/// opens.
#[tokio::test]
async fn a_thief_of_database_and_root_opens_no_value() {
    let mut room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let vault = vault(&room, "stolen").await;
    let (_, client, credential) = member(&room, &vault).await;
    let theirs = client.split_keys().open(&credential).await.unwrap();
    let value = b"zqSplitPlaintext";
    let sealed = theirs.seal(&EMAIL, value).await.unwrap();
    drop(theirs);
    room.restart();
    let (envelope, of) = SplitKeyOf::parse(&sealed).unwrap();
    let scope = SplitScope {
        workspace: envelope.header.workspace,
        keyset: envelope.header.context,
    };
    let mut seen: Vec<_> = columns(&room).await;
    let mut small: Vec<Vec<u8>> = seen.drain(..).map(|(_, bytes)| bytes).collect();
    // The server's share, as the server derives it.
    let asked = json!({ "keyset": vault.id, "id": base64(&of.id), "version": of.version });
    let derived = room.post("/v1/split-keys/derive", asked.to_string()).await;
    let share: SplitShare = serde_json::from_slice(&derived.body).unwrap();
    let server_share = Secret::from_bytes(share.share.0.as_slice().try_into().unwrap());
    bytes_of(&derived.json(), &mut small);
    let told: [String; 3] = [
        format!("/v1/split-keys/keysets/{}/own-grants", vault.id),
        format!("/v1/split-keys/keysets/{}", vault.id),
        format!(
            "/v1/split-keys/public-keys/{}",
            vault.credential.pin().client()
        ),
    ];
    let mut check = Value::Null;
    for path in &told {
        let said = room.read(path).await.json();
        if path.ends_with("/own-grants") {
            check = said["grants"][0]["check"].clone();
        }
        bytes_of(&said, &mut small);
    }
    let mut all = small.clone();
    for file in fs::read_dir(room.server.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            all.push(fs::read(&path).unwrap());
        }
    }
    assert!(!all.iter().any(|bytes| contains(bytes, value)));
    // Nothing of all this opens the value as the clients' share, or in the place of both.
    let ends = all
        .iter()
        .flat_map(|bytes| [bytes.first_chunk::<32>(), bytes.last_chunk()]);
    let keys: BTreeSet<_> = ends.flatten().copied().collect();
    assert!(keys.len() > 50, "{}", keys.len());
    for key in keys {
        let share = ClientShare::from_secret(Secret::from_bytes(key));
        let itself = Secret::from_bytes(key);
        for server in [&server_share, &itself] {
            assert!(open_split(&envelope, &scope, (&share, server), &EMAIL).is_err());
        }
    }
    // Nor is the clients' share anywhere in a row or an answer: no 32 bytes have its check value.
    let mut tried = 0_usize;
    for window in small.iter().flat_map(|bytes| bytes.windows(32)) {
        let share = ClientShare::from_secret(Secret::from_bytes(window.try_into().unwrap()));
        assert_ne!(base64(&share.check(&scope, of.epoch)), check);
        tried += 1;
    }
    assert!(tried > 10_000, "{tried}");
    // A client that has the share opens it, with what the same server derives.
    let client = room.with_key(&room.api_key);
    let keys = client.split_keys().open(&vault.credential).await.unwrap();
    assert_eq!(keys.open(&EMAIL, &sealed).await.unwrap().expose(), value);
}

/// The thief reads the memory of the server while clients work with it. The same search finds the
/// share where it is: in the memory of a client.
#[tokio::test]
async fn a_reader_of_the_servers_memory_finds_neither_share_nor_value() {
    let room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let vault = vault(&room, "read").await;
    let (_, client, credential) = member(&room, &vault).await;
    let theirs = client.split_keys().open(&credential).await.unwrap();
    let value = b"zqValueThatNoServerMayHave";
    let sealed = theirs.seal(&EMAIL, value).await.unwrap();
    assert_eq!(theirs.open(&EMAIL, &sealed).await.unwrap().expose(), value);
    let (envelope, of) = SplitKeyOf::parse(&sealed).unwrap();
    let scope = SplitScope {
        workspace: envelope.header.workspace,
        keyset: envelope.header.context,
    };
    let own = format!("/v1/split-keys/keysets/{}/own-grants", vault.id);
    let check = room.read(&own).await.json()["grants"][0]["check"].clone();
    let check = unbase64(&check);
    let is_share = |key: [u8; 32]| {
        let share = ClientShare::from_secret(Secret::from_bytes(key));
        share.check(&scope, of.epoch)[..] == check
    };
    // What is the server's own is found: where its files are.
    let data = room.server.data().to_str().unwrap().as_bytes();
    let (mut tried, mut found) = (0_usize, false);
    for region in memory::writable(room.server.process_id()) {
        assert!(!contains(&region, value));
        found |= contains(&region, data);
        for key in memory::like_keys(&region) {
            assert!(!is_share(key));
            tried += 1;
        }
    }
    assert!(found && tried > 10_000, "{tried}");
    let mut client = memory::writable(std::process::id());
    assert!(client.any(|region| memory::like_keys(&region).any(is_share)));
    drop((theirs, vault));
}

fn unbase64(text: &Value) -> Vec<u8> {
    use ::base64::Engine as _;
    let text = text.as_str().unwrap();
    ::base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

fn base64(bytes: &[u8]) -> Value {
    use ::base64::Engine as _;
    json!(::base64::engine::general_purpose::STANDARD.encode(bytes))
}
