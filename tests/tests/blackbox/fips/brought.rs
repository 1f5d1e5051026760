//! FIPS mode and what callers bring: keys, secrets, passwords, blinded elements.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::store::Unlock;
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::oprf::Blinded;
use strongroom_tests::cryptoserve::{Application, application, post};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_types::body::SealedStoreCreate;
use strongroom_types::{HashAlgorithm, Reason};

use super::{alone, restart};

alone_on_each_database!(what_callers_bring_is_computed_by_approved_functions_only);

const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
const SECRET: &str = "c2VjcmV0";

/// A request, and the algorithm that it takes to answer.
struct Asked {
    algorithm: &'static str,
    path: &'static str,
    body: Value,
}

impl Asked {
    const fn of(algorithm: &'static str, path: &'static str, body: Value) -> Self {
        Self {
            algorithm,
            path,
            body,
        }
    }

    /// CryptoServe's routes take the application's token, all others the room's key.
    async fn send(&self, room: &Room, app: &Application) -> Reply {
        if self.path.starts_with("/api/") {
            return post(room, self.path, &app.access, &self.body).await;
        }
        let put = self.path == PUBLIC_KEY;
        let method = if put { Method::PUT } else { Method::POST };
        Reply::of(room.request(method, self.path).json(&self.body)).await
    }
}

const PUBLIC_KEY: &str = "/v1/split-keys/public-key";
const GENERATE: &str = "/api/v1/crypto/key-exchange/generate";
const DERIVE: &str = "/api/v1/crypto/key-exchange/derive";
const SEAL: &str = "/api/v1/crypto/hybrid/encrypt";
const JWK: &str = "/api/v1/jose/jwk/generate";
const SPLIT: &str = "/api/v1/secrets/shamir/split";
const HASH_PASSWORD: &str = "/api/v1/crypto/password/hash";

/// Answers what is answered while nothing is restricted.
async fn made(room: &Room, app: &Application, path: &'static str, body: &Value) -> Value {
    let reply = post(room, path, &app.access, body).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

/// Key agreement over X25519, and sealing to such keys.
async fn by_x25519(room: &Room, app: &Application) -> Vec<Asked> {
    let x25519 = json!({"algorithm": "x25519"});
    let key = made(room, app, GENERATE, &x25519).await;
    let derive = json!({"algorithm": "x25519", "private_key": key["private_key"],
        "peer_public_key": key["public_key"]});
    let jwk = json!({"key_type": "OKP", "curve": "X25519", "use": "enc"});
    let mut all = vec![
        Asked::of("X25519", GENERATE, x25519),
        Asked::of("X25519", DERIVE, derive),
        Asked::of("X25519", JWK, jwk),
    ];
    for algorithm in ["x25519-aes256gcm", "x25519-chacha20poly1305"] {
        let seal = json!({"algorithm": algorithm, "plaintext": SECRET,
            "recipient_public_key": key["public_key"]});
        let sealed = made(room, app, SEAL, &seal).await;
        let open = json!({"algorithm": algorithm, "ciphertext": sealed["ciphertext"],
            "private_key": key["private_key"]});
        all.push(Asked::of("X25519", SEAL, seal));
        let path = "/api/v1/crypto/hybrid/decrypt";
        all.push(Asked::of("X25519", path, open));
    }
    all
}

/// Hashes, passwords, derivations and shares.
async fn by_functions(room: &Room, app: &Application) -> Vec<Asked> {
    let split = json!({"secret": SECRET, "threshold": 2, "total_shares": 3});
    let shares = made(room, app, SPLIT, &split).await;
    let combine = json!({"shares": shares["shares"]});
    let password = json!({"password": "correct horse"});
    let hash = made(room, app, HASH_PASSWORD, &password).await;
    let verify = json!({"password": "correct horse", "hash": hash["hash"]});
    let argon =
        json!({"name": "Argon2id", "salt": SALT, "memory_kib": 64, "passes": 1, "lanes": 1});
    let scrypt = json!({"name": "scrypt", "salt": SALT, "log_n": 10, "r": 8, "p": 1});
    let derive = |function: Value| json!({"function": function, "secret": SECRET, "bytes": 32});
    let theirs = json!({"data": SECRET, "algorithm": "blake2b"});
    let digest = made(room, app, "/api/v1/crypto/hash", &theirs).await;
    let expected =
        json!({"data": SECRET, "algorithm": "blake2b", "expected_digest": digest["digest"]});
    let ours = json!({"data": SECRET, "algorithm": "BLAKE2b-512"});
    vec![
        Asked::of("Argon2id", "/v1/derive", derive(argon)),
        Asked::of("scrypt", "/v1/derive", derive(scrypt)),
        Asked::of("Argon2id for passwords", HASH_PASSWORD, password),
        Asked::of(
            "Argon2id for passwords",
            "/api/v1/crypto/password/verify",
            verify,
        ),
        Asked::of("Shamir's sharing", SPLIT, split),
        Asked::of(
            "Shamir's sharing",
            "/api/v1/secrets/shamir/combine",
            combine,
        ),
        Asked::of("BLAKE2b-512", "/v1/hash", ours),
        Asked::of("BLAKE2b-512", "/api/v1/crypto/hash", theirs),
        Asked::of("BLAKE2b-512", "/api/v1/crypto/hash/verify", expected),
    ]
}

/// The server's part of passphrases for sealed stores, and a key that grants are sealed to.
async fn by_clients(room: &Room) -> Vec<Asked> {
    let store = SealedStoreCreate {
        name: "vault".parse().unwrap(),
        keep: None,
    };
    let (slot, unlock) = ("people".parse().unwrap(), "correct horse battery staple");
    let stores = room.client.stores();
    let unlock = Unlock::Passphrase(unlock);
    stores.create(&store, &slot, unlock).await.unwrap();
    let blinded = Blinded::new(b"guess", &SystemEntropy).unwrap();
    let blinded = json!({"blinded": STANDARD.encode(blinded.element())});
    let public_key = json!({"public_key": STANDARD.encode([7; 1216])});
    vec![
        Asked::of("OPRF over ristretto255", EVALUATE, blinded.clone()),
        Asked::of("OPRF over ristretto255", PREPARE, blinded),
        Asked::of("X25519+ML-KEM-768", PUBLIC_KEY, public_key),
    ]
}

const EVALUATE: &str = "/v1/stores/vault/slots/people/evaluate";
const PREPARE: &str = "/v1/stores/vault/slots/others/prepare";

/// What is computed by approved functions.
fn approved() -> Vec<Asked> {
    let mut all = Vec::new();
    let hashes = HashAlgorithm::ALL.iter();
    for algorithm in hashes.filter(|hash| **hash != HashAlgorithm::Blake2b512) {
        let body = json!({"algorithm": algorithm, "data": ""});
        all.push(Asked::of("a hash", "/v1/hash", body));
    }
    for function in [
        json!({"name": "HKDF", "hash": "SHA-256", "info": ""}),
        json!({"name": "PBKDF2", "hash": "SHA-256", "salt": SALT, "iterations": 1000}),
        json!({"name": "KBKDF", "hash": "SHA-256", "info": ""}),
    ] {
        let body = json!({"function": function, "secret": SECRET, "bytes": 32});
        all.push(Asked::of("a derivation", "/v1/derive", body));
    }
    for curve in ["ecdh-p256", "ecdh-p384"] {
        let body = json!({ "algorithm": curve });
        all.push(Asked::of("ECDH", GENERATE, body));
    }
    for body in [
        json!({"key_type": "EC", "curve": "P-256", "use": "enc"}),
        json!({"key_type": "OKP", "curve": "Ed25519", "use": "sig"}),
    ] {
        all.push(Asked::of("a JWK", JWK, body));
    }
    all
}

async fn what_callers_bring_is_computed_by_approved_functions_only(mut room: Room) {
    let app = application(&room, &["general"]).await;
    let mut unapproved = by_x25519(&room, &app).await;
    unapproved.extend(by_functions(&room, &app).await);
    unapproved.extend(by_clients(&room).await);
    for mode in ["disabled", "preferred", "enabled"] {
        restart(&mut room, mode);
        for asked in approved() {
            assert_done(&room, &app, &asked, None).await;
        }
        for asked in &unapproved {
            match mode {
                "enabled" => assert_not_approved(&room, &app, asked).await,
                "preferred" => assert_done(&room, &app, asked, Some(asked.algorithm)).await,
                _ => assert_done(&room, &app, asked, None).await,
            }
        }
    }
}

/// Checks that a request is answered, and what its entry says is not approved.
async fn assert_done(room: &Room, app: &Application, asked: &Asked, unapproved: Option<&str>) {
    let reply = asked.send(room, app).await;
    assert_eq!(reply.status, 200, "{}: {reply:?}", asked.path);
    let entry = room.entry(reply.entry().unwrap()).await;
    let said = entry.facts.get("not_approved").map(String::as_str);
    assert_eq!(said, unapproved, "{}", asked.path);
}

/// Checks that a request is refused in its surface's words, that they say what is not approved, and that
/// the log says why.
async fn assert_not_approved(room: &Room, app: &Application, asked: &Asked) {
    let reply = asked.send(room, app).await;
    let (path, why) = (asked.path, Reason::NotApproved);
    if path.starts_with("/api/") {
        assert_eq!(reply.status, 403, "{path}: {reply:?}");
        let (_, said) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(said, Some(why), "{path}");
    } else {
        let expected = (403, "not_approved");
        room.assert_problem(&reply, expected, why).await;
    }
    let detail = reply.text("detail");
    assert!(detail.contains(asked.algorithm), "{path}: {detail}");
}
