//! FIPS mode and what another's CryptoServe sealed: it looks at how each is sealed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{decrypt, post};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_types::Reason;

use super::import::{OPENS, Theirs, application_of, open};
use super::refused;

/// How what is sealed is called that FIPS mode does not approve.
fn unapproved(name: &str) -> Option<&'static str> {
    match name {
        "v3-chacha" | "hybrid-chacha" => Some("ChaCha20-Poly1305"),
        "v3-xts" => Some("AES-256-XTS"),
        _ => None,
    }
}

/// A ciphertext of the key of another, that says of itself that it is CBC of `cs-v2`.
fn as_early_cbc(theirs: &Theirs) -> String {
    let bytes = theirs.bytes("v2");
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let mut header: Value = serde_json::from_slice(&bytes[2..2 + length]).unwrap();
    header["alg"] = json!("AES-256-CBC");
    header["mode"] = json!("cbc");
    header["nonce"] = json!(STANDARD.encode([7; 16]));
    let header = serde_json::to_vec(&header).unwrap();
    let length = u16::try_from(header.len()).unwrap().to_be_bytes();
    STANDARD.encode([&length, header.as_slice(), &[0; 64]].concat())
}

async fn fips_mode_looks_at_how_theirs_is_sealed(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let app = application_of(&room).await;
    room.own_server().restart_in_fips_mode("preferred").unwrap();
    room.reconnect();
    for name in OPENS {
        let reply = open(&room, &app, &theirs, name).await;
        assert_eq!(reply.status, 200, "{name} {reply:?}");
        let entry = room.entry(reply.entry().unwrap()).await;
        let said = entry.facts.get("not_approved").map(String::as_str);
        assert_eq!(said, unapproved(name), "{name}");
    }
    room.own_server().restart_in_fips_mode("enabled").unwrap();
    room.reconnect();
    let not_approved = async |reply: &Reply, algorithm: &str| {
        let detail = refused(reply, 403);
        assert!(detail.contains(algorithm), "{detail}");
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.reason, Some(Reason::NotApproved));
    };
    for name in OPENS {
        let reply = open(&room, &app, &theirs, name).await;
        match unapproved(name) {
            Some(algorithm) => not_approved(&reply, algorithm).await,
            None => assert_eq!(reply.status, 200, "{name} {reply:?}"),
        }
    }
    let early = as_early_cbc(&theirs);
    let reply = decrypt(&room, &app.access, "old-notes", &early).await;
    not_approved(&reply, "AES-CBC of cs-v2").await;
    // In a batch, it is the item's alone.
    let items = ["v3", "v3-xts"].map(|name| json!({"id": name, "ciphertext": theirs.one(name).1}));
    let body = json!({"context": "user-pii", "items": items});
    let path = "/api/v1/crypto/batch/decrypt";
    let batch = post(&room, path, &app.access, &body).await.json();
    assert_eq!(batch["results"][0]["success"], true, "{batch}");
    assert_eq!(batch["results"][1]["success"], false, "{batch}");
}

#[tokio::test]
async fn what_theirs_is_sealed_by_is_approved_or_refused_on_sqlite() {
    fips_mode_looks_at_how_theirs_is_sealed(Database::Sqlite).await;
}

#[tokio::test]
async fn what_theirs_is_sealed_by_is_approved_or_refused_on_postgres() {
    fips_mode_looks_at_how_theirs_is_sealed(Database::Postgres).await;
}
