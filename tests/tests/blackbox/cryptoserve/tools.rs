//! Work with keys and secrets that callers bring: agreement, sealing to public keys, JOSE, shares.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{Application, application, post, register};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};

use super::{NOT_OPENED, refused};

on_each_database!(
    two_sides_agree_on_a_secret,
    only_the_recipient_opens_what_was_sealed_to_it,
    a_jws_with_a_confused_algorithm_does_not_hold,
    a_jwe_opens_with_its_key_only,
    a_false_share_is_named_and_refused,
    shares_of_another_workspace_are_false,
    work_with_keys_that_are_brought_is_an_entry_without_them,
);

async fn made(room: &Room, app: &Application, path: &str, body: Value) -> Reply {
    let reply = post(room, path, &app.access, &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}

async fn two_sides_agree_on_a_secret(room: Room) {
    let app = application(&room, &["general"]).await;
    for algorithm in ["x25519", "ecdh-p256", "ecdh-p384"] {
        let generate = "/api/v1/crypto/key-exchange/generate";
        let body = json!({ "algorithm": algorithm });
        let one = made(&room, &app, generate, body.clone()).await;
        let two = made(&room, &app, generate, body).await;
        let mut shared = Vec::new();
        for (mine, theirs) in [(&one, &two), (&two, &one)] {
            let body = json!({"algorithm": algorithm, "private_key": mine.text("private_key"),
                "peer_public_key": theirs.text("public_key")});
            let derived = made(&room, &app, "/api/v1/crypto/key-exchange/derive", body).await;
            shared.push(derived.text("shared_secret"));
        }
        assert_eq!(shared[0], shared[1], "{algorithm}");
    }
    // A point of small order.
    let body = json!({"algorithm": "x25519", "private_key": STANDARD.encode([7; 32]),
        "peer_public_key": STANDARD.encode([0; 32])});
    let path = "/api/v1/crypto/key-exchange/derive";
    refused(&post(&room, path, &app.access, &body).await, 422);
}

async fn only_the_recipient_opens_what_was_sealed_to_it(room: Room) {
    let app = application(&room, &["general"]).await;
    let generate = "/api/v1/crypto/key-exchange/generate";
    let algorithm = "x25519-aes256gcm";
    let key = made(&room, &app, generate, json!({"algorithm": "x25519"})).await;
    let other = made(&room, &app, generate, json!({"algorithm": "x25519"})).await;
    let body = json!({"plaintext": STANDARD.encode("text"), "algorithm": algorithm,
        "recipient_public_key": key.text("public_key"), "aad": STANDARD.encode("aad")});
    let sealed = made(&room, &app, "/api/v1/crypto/hybrid/encrypt", body).await;
    let open = "/api/v1/crypto/hybrid/decrypt";
    let body = |key: &Reply, aad: &str, algorithm: &str| {
        json!({"ciphertext": sealed.text("ciphertext"), "algorithm": algorithm,
            "private_key": key.text("private_key"), "aad": STANDARD.encode(aad)})
    };
    let opened = made(&room, &app, open, body(&key, "aad", algorithm)).await;
    assert_eq!(opened.text("plaintext"), STANDARD.encode("text"));
    for (key, aad, algorithm) in [
        (&other, "aad", algorithm),
        (&key, "", algorithm),
        (&key, "aad", "x25519-chacha20poly1305"),
    ] {
        let reply = post(&room, open, &app.access, &body(key, aad, algorithm)).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED);
    }
}

/// Signs what the parts of a JWS say, by HMAC under a key that a forger knows.
async fn forged(room: &Room, app: &Application, header: &Value, key: &[u8]) -> String {
    let [header, payload] = [header.to_string().into_bytes(), b"forged".to_vec()]
        .map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{payload}");
    let body = json!({"data": STANDARD.encode(&signed), "key": STANDARD.encode(key),
        "algorithm": "hmac-sha256"});
    let mac = made(room, app, "/api/v1/crypto/mac", body)
        .await
        .text("tag");
    let mac = URL_SAFE_NO_PAD.encode(STANDARD.decode(mac).unwrap());
    format!("{signed}.{mac}")
}

async fn holds(room: &Room, app: &Application, body: Value) -> bool {
    let verified = made(room, app, "/api/v1/jose/verify", body).await.json();
    if verified["valid"] == false {
        // Nothing of what does not hold is given back.
        assert_eq!(
            (&verified["payload"], &verified["header"]),
            (&json!(""), &json!({}))
        );
    }
    verified["valid"] == true
}

async fn a_jws_with_a_confused_algorithm_does_not_hold(room: Room) {
    let app = application(&room, &["general"]).await;
    let pair = json!({"key_type": "OKP", "curve": "Ed25519", "use": "sig"});
    let pair = made(&room, &app, "/api/v1/jose/jwk/generate", pair)
        .await
        .json();
    let [private, public] = ["private_jwk", "public_jwk"].map(|name| pair[name].to_string());
    let body = json!({"payload": STANDARD.encode("x"), "key": private, "algorithm": "EdDSA"});
    let jws = made(&room, &app, "/api/v1/jose/sign", body)
        .await
        .text("jws");
    assert!(holds(&room, &app, json!({"jws": jws, "key": public})).await);
    let only = json!({"jws": jws, "key": public, "algorithms": ["ES256", "HS256"]});
    assert!(!holds(&room, &app, only).await);
    let unknown = json!({"jws": jws, "key": public, "algorithms": ["none"]});
    assert!(!holds(&room, &app, unknown).await);
    // HMAC under the public key, in each form that a forger may guess.
    let x = URL_SAFE_NO_PAD.decode(pair["public_jwk"]["x"].as_str().unwrap());
    for known in [public.clone().into_bytes(), x.unwrap()] {
        let jws = forged(&room, &app, &json!({"alg": "HS256"}), &known).await;
        assert!(!holds(&room, &app, json!({"jws": jws, "key": public})).await);
    }
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let unsigned = format!("{header}.{}.", URL_SAFE_NO_PAD.encode("x"));
    assert!(!holds(&room, &app, json!({"jws": unsigned, "key": public})).await);
    // What is a public key is no symmetric one, in PEM neither.
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA";
    let oct = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(pem)});
    let spki = [
        STANDARD.decode("MCowBQYDK2VwAyEA").unwrap(),
        vec![7; 32],
        vec![b'\n'],
    ]
    .concat();
    let mut keys = vec![oct.to_string()];
    keys.extend(
        [
            pem.as_bytes(),
            format!("\u{feff}{pem}").as_bytes(),
            b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=",
            b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E=",
            &spki,
            STANDARD.encode(&spki).as_bytes(),
            &[&[2], [7; 32].as_slice()].concat(),
            &[&[4], [7; 132].as_slice()].concat(),
        ]
        .map(|key| STANDARD.encode(key)),
    );
    for key in keys {
        let signing = json!({"payload": "", "key": key, "algorithm": "HS256"});
        let verifying = json!({"jws": jws, "key": key});
        for (path, body) in [("sign", signing), ("verify", verifying)] {
            let path = format!("/api/v1/jose/{path}");
            refused(&post(&room, &path, &app.access, &body).await, 400);
        }
    }
}

async fn a_jwe_opens_with_its_key_only(room: Room) {
    let app = application(&room, &["general"]).await;
    for (encryption, bytes) in [("A128GCM", 16), ("A256GCM", 32)] {
        let key = STANDARD.encode(vec![7; bytes]);
        let body = json!({"plaintext": STANDARD.encode("text"), "key": key,
            "algorithm": "dir", "encryption": encryption});
        let jwe = made(&room, &app, "/api/v1/jose/encrypt", body)
            .await
            .text("jwe");
        let path = "/api/v1/jose/decrypt";
        let opened = made(&room, &app, path, json!({"jwe": jwe, "key": key})).await;
        assert_eq!(opened.text("plaintext"), STANDARD.encode("text"));
        let other = json!({"jwe": jwe, "key": STANDARD.encode(vec![8; bytes])});
        assert_eq!(
            refused(&post(&room, path, &app.access, &other).await, 400),
            NOT_OPENED
        );
        let altered = format!("{}A", &jwe[..jwe.len() - 1]);
        let other = json!({"jwe": altered.replacen("..", ".AA.", 1), "key": key});
        assert_eq!(
            refused(&post(&room, path, &app.access, &other).await, 400),
            NOT_OPENED
        );
    }
    for (algorithm, encryption) in [("RSA1_5", "A256GCM"), ("dir", "A128CBC-HS256")] {
        let body = json!({"plaintext": "", "key": STANDARD.encode([7; 32]),
            "algorithm": algorithm, "encryption": encryption});
        refused(
            &post(&room, "/api/v1/jose/encrypt", &app.access, &body).await,
            422,
        );
    }
    // RFC 7638, section 3.1.
    let jwk = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
    let named = made(&room, &app, "/api/v1/jose/jwk/thumbprint", jwk).await;
    assert_eq!(
        named.text("thumbprint"),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

/// The shares of a secret, as they are combined.
async fn shares(room: &Room, app: &Application) -> Vec<Value> {
    let body = json!({"secret": STANDARD.encode("secret"), "threshold": 2, "total_shares": 3});
    let split = made(room, app, "/api/v1/secrets/shamir/split", body)
        .await
        .json();
    split["shares"].as_array().unwrap().clone()
}

const COMBINE: &str = "/api/v1/secrets/shamir/combine";

async fn a_false_share_is_named_and_refused(room: Room) {
    let app = application(&room, &["general"]).await;
    let mut shares = shares(&room, &app).await;
    let some = json!({"shares": [shares[2], shares[0]]});
    let combined = made(&room, &app, COMBINE, some).await;
    assert_eq!(combined.text("secret"), STANDARD.encode("secret"));
    let few = json!({"shares": [shares[0]]});
    refused(&post(&room, COMBINE, &app.access, &few).await, 422);
    let mut altered = STANDARD
        .decode(shares[1]["value"].as_str().unwrap())
        .unwrap();
    altered[21] ^= 1;
    shares[1]["value"] = json!(STANDARD.encode(altered));
    let with_false = json!({ "shares": shares });
    let detail = refused(&post(&room, COMBINE, &app.access, &with_false).await, 422);
    assert!(detail.contains("shares[1]"), "{detail}");
    // Renamed, and without the threshold that their server asks for.
    let renamed = json!({"shares": [
        {"index": shares[0]["index"], "value": shares[0]["value"]},
        {"index": 2, "value": shares[2]["value"]},
    ]});
    let detail = refused(&post(&room, COMBINE, &app.access, &renamed).await, 422);
    assert!(detail.contains("shares[1]"), "{detail}");
}

async fn shares_of_another_workspace_are_false(room: Room) {
    let app = application(&room, &["general"]).await;
    let shares = shares(&room, &app).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let other_app = application(&other, &["general"]).await;
    let body = json!({ "shares": shares });
    let detail = refused(&post(&other, COMBINE, &other_app.access, &body).await, 422);
    assert!(detail.contains("shares[0]"), "{detail}");
}

async fn work_with_keys_that_are_brought_is_an_entry_without_them(room: Room) {
    let app = application(&room, &["general"]).await;
    let app = Application::of(&register(&room, &room.api_key, &app.id, &["general"]).await);
    let key = STANDARD.encode([0x5a; 32]);
    let body = json!({"payload": STANDARD.encode("payload"), "key": key, "algorithm": "HS256"});
    let jws = made(&room, &app, "/api/v1/jose/sign", body)
        .await
        .text("jws");
    holds(&room, &app, json!({"jws": jws, "key": key})).await;
    holds(&room, &app, json!({"jws": "x", "key": key})).await;
    let shares = shares(&room, &app).await;
    made(&room, &app, COMBINE, json!({"shares": shares[..2]})).await;
    let body = json!({"password": "correct horse"});
    made(&room, &app, "/api/v1/crypto/password/strength", body).await;
    let entries = room.entries(EntryFilter::default()).await;
    for (operation, count) in [
        (Operation::JwsSign, 1),
        (Operation::JwsVerify, 2),
        (Operation::SecretSplit, 1),
        (Operation::SecretCombine, 1),
        (Operation::PasswordMeasure, 1),
    ] {
        let found = entries.iter().filter(|entry| entry.operation == operation);
        assert_eq!(found.clone().count(), count, "{operation:?}");
        assert!(found.clone().all(|entry| entry.outcome == Outcome::Allowed));
    }
    let told = serde_json::to_string(&entries).unwrap();
    let value = shares[0]["value"].as_str().unwrap();
    for secret in [
        key.as_str(),
        &jws,
        value,
        "horse",
        &STANDARD.encode("payload"),
    ] {
        assert!(!told.contains(secret), "{secret}");
    }
}
