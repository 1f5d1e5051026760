//! What callers bring to the tools, and where it must not stand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{Application, application, post};
use strongroom_tests::room::Room;
use strongroom_tests::{hex, on_each_database};

on_each_database!(what_callers_bring_stands_in_no_entry);

/// What callers brought or were given, in the writings in which it could be told again.
#[derive(Default)]
struct Brought(Vec<String>);

impl Brought {
    fn bytes(&mut self, bytes: &[u8]) {
        let hex = hex::encode(bytes);
        let digits = bytes.iter().map(u8::to_string).collect::<Vec<_>>();
        self.0
            .extend([STANDARD.encode(bytes), hex, digits.join(", ")]);
        if let Ok(text) = str::from_utf8(bytes) {
            self.0.push(text.to_owned());
        }
    }

    /// A field of an answer in base64.
    fn field(&mut self, answer: &Value, name: &str) -> String {
        let text = answer[name].as_str().unwrap().to_owned();
        self.bytes(&STANDARD.decode(&text).unwrap());
        text
    }
}

/// Asks once as it should be, and once so that it is refused.
async fn asked(room: &Room, app: &Application, path: &str, body: Value) -> Value {
    let path = format!("/api/v1/{path}");
    let mut wrong = body.clone();
    wrong["surplus"] = json!(1);
    let refused = post(room, &path, &app.access, &wrong).await;
    assert!(matches!(refused.status, 400 | 422), "{refused:?}");
    let reply = post(room, &path, &app.access, &body).await;
    assert_eq!(reply.status, 200, "{path} {reply:?}");
    reply.json()
}

async fn agree_and_seal(room: &Room, app: &Application, brought: &mut Brought) {
    let algorithm = json!({"algorithm": "x25519"});
    let pair = asked(room, app, "crypto/key-exchange/generate", algorithm).await;
    let private = brought.field(&pair, "private_key");
    let body = json!({"algorithm": "x25519", "private_key": private,
        "peer_public_key": pair["public_key"]});
    let shared = asked(room, app, "crypto/key-exchange/derive", body).await;
    brought.field(&shared, "shared_secret");
    let text = b"sealed with HPKE, and nobody's business";
    brought.bytes(text);
    let body = json!({"algorithm": "x25519-aes256gcm", "plaintext": STANDARD.encode(text),
        "recipient_public_key": pair["public_key"]});
    let sealed = asked(room, app, "crypto/hybrid/encrypt", body).await;
    let open = "crypto/hybrid/decrypt";
    let body = json!({"algorithm": "x25519-aes256gcm", "ciphertext": sealed["ciphertext"],
        "private_key": private});
    asked(room, app, open, body.clone()).await;
    let mut other = body;
    other["ciphertext"] = json!(STANDARD.encode([7; 64]));
    let refused = post(room, &format!("/api/v1/{open}"), &app.access, &other).await;
    assert_eq!(refused.status, 400);
}

async fn sign_and_encrypt(room: &Room, app: &Application, brought: &mut Brought) {
    let key = [0x5a; 32];
    let (payload, text) = (b"signed by a caller's key", b"encrypted by a caller's key");
    brought.bytes(&key);
    brought.bytes(payload);
    brought.bytes(text);
    let key = STANDARD.encode(key);
    let body = json!({"payload": STANDARD.encode(payload), "key": key, "algorithm": "HS256"});
    let signed = asked(room, app, "jose/sign", body).await;
    brought.0.push(signed["jws"].as_str().unwrap().to_owned());
    let body = json!({"jws": signed["jws"], "key": key});
    asked(room, app, "jose/verify", body).await;
    let body = json!({"plaintext": STANDARD.encode(text), "key": key});
    let encrypted = asked(room, app, "jose/encrypt", body).await;
    brought
        .0
        .push(encrypted["jwe"].as_str().unwrap().to_owned());
    let body = json!({"jwe": encrypted["jwe"], "key": key});
    asked(room, app, "jose/decrypt", body).await;
    let kind = json!({"key_type": "OKP", "curve": "Ed25519"});
    let made = asked(room, app, "jose/jwk/generate", kind).await;
    let jwk = &made["private_jwk"];
    brought.0.push(jwk["d"].as_str().unwrap().to_owned());
    let body = json!({"payload": STANDARD.encode(payload), "key": jwk.to_string()});
    asked(room, app, "jose/sign", body).await;
    let path = "/api/v1/jose/jwk/thumbprint";
    assert_eq!(post(room, path, &app.access, jwk).await.status, 200);
}

async fn split_and_lease(room: &Room, app: &Application, brought: &mut Brought) {
    let secret = b"a secret that is split and leased";
    brought.bytes(secret);
    let body = json!({"secret": STANDARD.encode(secret), "threshold": 2, "total_shares": 3});
    let split = asked(room, app, "secrets/shamir/split", body).await;
    for share in split["shares"].as_array().unwrap() {
        brought.field(share, "value");
    }
    let body = json!({"shares": split["shares"]});
    asked(room, app, "secrets/shamir/combine", body).await;
    let body = json!({"secret": STANDARD.encode(secret)});
    asked(room, app, "secrets/lease/create", body).await;
    let password = "correct horse battery";
    brought.bytes(password.as_bytes());
    let body = json!({ "password": password });
    let hashed = asked(room, app, "crypto/password/hash", body.clone()).await;
    brought.0.push(hashed["hash"].as_str().unwrap().to_owned());
    asked(room, app, "crypto/password/strength", body).await;
}

async fn what_callers_bring_stands_in_no_entry(room: Room) {
    let app = application(&room, &["default"]).await;
    let mut brought = Brought::default();
    agree_and_seal(&room, &app, &mut brought).await;
    sign_and_encrypt(&room, &app, &mut brought).await;
    split_and_lease(&room, &app, &mut brought).await;
    let entries = room.entries(EntryFilter::default()).await;
    assert!(entries.len() > 30, "{}", entries.len());
    let entries = serde_json::to_string(&entries).unwrap();
    for secret in &brought.0 {
        assert!(!entries.contains(secret.as_str()), "{secret}");
    }
}
