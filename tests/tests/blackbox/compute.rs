//! Hashes, MACs and derivations over what the caller brings.

use serde_json::{Value, json};
use strongroom_tests::room::Room;
use strongroom_tests::{hex, on_each_database};
use strongroom_types::body::{DerivationFunction, DeriveRequest, HashRequest, MacRequest};
use strongroom_types::{
    Code, DerivationHash, HashAlgorithm, MacAlgorithm, Operation, Permission, Reason,
};

on_each_database!(
    answers_are_those_of_the_standards,
    every_function_derives_and_is_an_entry,
    what_costs_too_much_is_refused_with_a_reason,
    who_may_not_is_refused,
);

async fn answers_are_those_of_the_standards(room: Room) {
    let request = HashRequest {
        algorithm: HashAlgorithm::Sha3_256,
        data: "abc".into(),
    };
    let hashed = room.client.hash(&request).await.unwrap();
    let expected = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532";
    assert_eq!(hex::encode(&hashed.digest.0), expected, "FIPS 202");
    // RFC 4231 section 4.2.
    let request = MacRequest {
        algorithm: MacAlgorithm::HmacSha256,
        key: [0x0b; 20].into(),
        data: "Hi There".into(),
    };
    let authenticated = room.client.mac(&request).await.unwrap();
    let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    assert_eq!(hex::encode(&authenticated.mac.0), expected);
    let entry = room.entry(authenticated.log_entry.unwrap()).await;
    assert_eq!(entry.operation, Operation::Mac);
    assert_eq!(entry.facts["algorithm"], "HMAC-SHA-256");
    // RFC 5869 appendix A.1.
    let request = DeriveRequest {
        function: DerivationFunction::Hkdf {
            hash: DerivationHash::Sha256,
            salt: Some((0..=0x0c).collect::<Vec<u8>>().into()),
            info: Some((0xf0..=0xf9).collect::<Vec<u8>>().into()),
        },
        secret: [0x0b; 22].into(),
        bytes: 42,
    };
    let derived = room.client.derive(&request).await.unwrap();
    let expected =
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(hex::encode(&derived.derived.0), expected);
}

const SALT: &str = "c2l4dGVlbiBieXRlcyBvciBtb3Jl";

fn asking(function: &Value) -> String {
    json!({"function": function, "secret": "cGFzc3dvcmQ=", "bytes": 32}).to_string()
}

async fn every_function_derives_and_is_an_entry(room: Room) {
    for function in [
        json!({"name": "HKDF", "hash": "SHA-512"}),
        json!({"name": "PBKDF2", "hash": "SHA-256", "salt": SALT, "iterations": 1000}),
        json!({"name": "KBKDF", "hash": "SHA-384", "info": "bGFiZWw="}),
        json!({"name": "Argon2id", "salt": SALT, "memory_kib": 64, "passes": 1, "lanes": 1}),
        json!({"name": "scrypt", "salt": SALT, "log_n": 10, "r": 8, "p": 1}),
    ] {
        let (name, once) = (&function["name"], asking(&function));
        let reply = room.post("/v1/derive", once.clone()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let again = room.post("/v1/derive", once).await;
        assert_eq!(reply.json()["derived"], again.json()["derived"]);
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.operation, Operation::Derive);
        assert_eq!(*name, json!(entry.facts["algorithm"]));
    }
}

async fn what_costs_too_much_is_refused_with_a_reason(room: Room) {
    for function in [
        json!({"name": "PBKDF2", "hash": "SHA-256", "salt": SALT, "iterations": 2_000_001}),
        json!({"name": "PBKDF2", "hash": "SHA-256", "salt": "c2FsdA==", "iterations": 1000}),
        json!({"name": "PBKDF2", "hash": "MD5", "salt": SALT, "iterations": 1000}),
        json!({"name": "Argon2id", "salt": SALT, "memory_kib": 131_073, "passes": 1, "lanes": 1}),
        json!({"name": "scrypt", "salt": SALT, "log_n": 60, "r": 8, "p": 1}),
        json!({"name": "scrypt", "salt": SALT, "log_n": 10, "r": 8, "p": 1, "q": 1}),
        json!({"name": "bcrypt", "salt": SALT}),
    ] {
        let reply = room.post("/v1/derive", asking(&function)).await;
        let invalid = (400, "invalid_request");
        room.assert_problem(&reply, invalid, Reason::InvalidRequest)
            .await;
    }
    for bytes in [0, 1025] {
        let body = json!({
            "function": {"name": "HKDF", "hash": "SHA-256"}, "secret": "", "bytes": bytes,
        });
        let reply = room.post("/v1/derive", body.to_string()).await;
        let invalid = (400, "invalid_request");
        room.assert_problem(&reply, invalid, Reason::InvalidRequest)
            .await;
    }
    let short = json!({"algorithm": "HMAC-SHA-256", "key": "c2hvcnQ=", "data": ""});
    let reply = room.post("/v1/mac", short.to_string()).await;
    room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
        .await;
}

async fn who_may_not_is_refused(room: Room) {
    let (client, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let request = HashRequest {
        algorithm: HashAlgorithm::Sha256,
        data: "".into(),
    };
    let refused = client.hash(&request).await;
    let missing = (403, Code::PermissionDenied);
    room.assert_refused(refused, missing, Reason::PermissionMissing)
        .await;
}
