//! The derivation refuses a wrong person as well: a server built without the comparison of lock
//! tags (`danger-skip-lock-tag`, which no release build has) lets everyone in who shows any
//! identity, and the keys still do not come out.

#![expect(clippy::unwrap_used, reason = "what is not there fails its test")]

use serde_json::json;
use strongroom_client::split::{GrantingKey, SplitKeyPair, SplitLie, ValuePlace};
use strongroom_client::{Client, ClientError, EntryFilter};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_server::{Config, Server};
use strongroom_tests::room::tenant;
use strongroom_types::body::{
    DataKeyCreate, DataKeyUnwrap, DecryptRequest, EncryptRequest, KeysetDeclare,
};
use strongroom_types::{Lock, Outcome, Reason};

struct Room {
    _folder: tempfile::TempDir,
    server: Server,
    client: Client,
}

async fn room() -> Room {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::development(folder.path().to_owned());
    let server = Server::start(config).await.unwrap();
    let info = server.development().unwrap();
    let client = Client::builder(&info.url)
        .api_key(&info.api_key)
        .build()
        .unwrap();
    Room {
        _folder: folder,
        server,
        client,
    }
}

async fn person(room: &Room, subject: &str, team: &str) -> Client {
    let token = token(room, subject, team).await;
    room.client.with_lock_context(&token)
}

async fn token(room: &Room, subject: &str, team: &str) -> String {
    let url = &room.server.development().unwrap().oidc.token_url;
    let body = json!({"sub": subject, "claims": {"team": team}});
    let sent = reqwest::Client::new()
        .post(url)
        .json(&body)
        .send()
        .await
        .unwrap();
    let minted: serde_json::Value = sent.json().await.unwrap();
    let token = minted.get("token").and_then(serde_json::Value::as_str);
    token.unwrap().to_owned()
}

/// The tag let the person in, and the value did not open: the door's own log says so.
async fn assert_altered<T>(room: &Room, result: Result<T, ClientError>) {
    let error = result.err().unwrap();
    assert!(error.is_cannot_decrypt(), "{error:?}");
    let index = error.refusal().unwrap().log_entry().unwrap().index;
    let page = room
        .client
        .log()
        .entries(&EntryFilter::default())
        .await
        .unwrap();
    let of = |index| {
        page.entries
            .iter()
            .find(move |entry| entry.of == Some(index))
    };
    let failed = of(index).unwrap();
    assert_eq!(
        (failed.outcome, failed.reason),
        (Outcome::Failed, Some(Reason::Altered))
    );
}

#[tokio::test]
async fn another_person_derives_another_key() {
    let room = room().await;
    let alice = person(&room, "alice", "blue").await;
    let map = tenant("acme");
    let sealed = alice
        .encrypt(EncryptRequest::new(map.clone(), "v"))
        .await
        .unwrap();
    let made = alice
        .create_data_key(DataKeyCreate::new(map.clone()))
        .await
        .unwrap();
    let open = DecryptRequest::new(map.clone(), sealed.ciphertext);
    let unwrap = DataKeyUnwrap::new(map, made.wrapped_key);
    assert!(alice.decrypt(open.clone()).await.is_ok());
    assert!(alice.unwrap_data_key(unwrap.clone()).await.is_ok());
    let bob = person(&room, "bob", "blue").await;
    assert_altered(&room, bob.decrypt(open.clone()).await).await;
    assert_altered(&room, bob.unwrap_data_key(unwrap).await).await;
    assert!(
        room.client
            .decrypt(open)
            .await
            .unwrap_err()
            .is_identity_mismatch()
    );
}

#[tokio::test]
async fn another_value_of_any_claim_derives_another_key() {
    let room = room().await;
    let lock: Lock = serde_json::from_value(json!(["sub", "team"])).unwrap();
    let request = EncryptRequest {
        lock,
        ..EncryptRequest::new(tenant("acme"), "v")
    };
    let blue = person(&room, "alice", "blue").await;
    let sealed = blue.encrypt(request).await.unwrap();
    let open = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
    assert!(blue.decrypt(open.clone()).await.is_ok());
    let red = person(&room, "alice", "red").await;
    assert_altered(&room, red.decrypt(open).await).await;
}

#[tokio::test]
async fn another_person_derives_another_share_of_a_split_key() {
    let room = room().await;
    let split = room.client.split_keys();
    let request = KeysetDeclare {
        name: "people".parse().unwrap(),
        description: String::new(),
    };
    let keyset = split.declare(&request).await.unwrap().id;
    let granting = GrantingKey::generate(&SystemEntropy).unwrap();
    let pair = SplitKeyPair::generate(&SystemEntropy).unwrap();
    let credential = split.begin(keyset, &granting, pair).await.unwrap();
    let keys = split.open(&credential).await.unwrap();
    let place = ValuePlace {
        table: "patients",
        column: "diagnosis",
        row: None,
    };
    let [alice, bob] = [
        token(&room, "alice", "blue").await,
        token(&room, "bob", "blue").await,
    ]
    .map(|token| keys.with_lock_context(&token));
    let sealed = alice.seal(&place, b"value").await.unwrap();
    assert_eq!(
        alice.open(&place, &sealed).await.unwrap().expose(),
        b"value"
    );
    // The server lets bob in, and the share that it derives for him opens nothing.
    let told = bob.open(&place, &sealed).await.unwrap_err().lie();
    assert_eq!(told, Some(SplitLie::Altered));
}
