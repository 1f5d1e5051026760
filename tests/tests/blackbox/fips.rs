//! FIPS mode: what NIST does not approve is refused where it is chosen and where it is used, by the
//! suite that is really used and not by its label.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{application, declare, encrypt, post, register};
use strongroom_tests::postgres::Cluster;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server::Server;
use strongroom_types::body::{
    Batch, DecryptRequest, EncryptRequest, HybridKeyCreate, ItemResult, PolicyBody, Recipient,
    RecipientKey, RewrapRequest, SealToRequest, SealedOpenRequest, SigningKeyCreate,
};
use strongroom_types::{
    Code, ContextPattern, HashAlgorithm, HybridAlgorithm, Reason, SigningAlgorithm, Suite,
};

const REFUSED: (u16, Code) = (403, Code::NotApproved);

/// Makes one test per database of each `async fn(Room)`, with a server of its own.
macro_rules! alone_on_each_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::alone(super::Database::Sqlite, super::$name).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::alone(super::Database::Postgres, super::$name).await;
            })+
        }
    };
}

alone_on_each_database!(
    what_was_sealed_before_is_refused_by_its_suite,
    no_suite_is_chosen_that_is_not_approved,
    what_callers_bring_is_computed_by_approved_functions_only,
    keys_are_approved_ones,
    preferred_goes_on_and_says_so,
);

async fn alone(database: Database, test: impl AsyncFnOnce(Room)) {
    if database.is_tested() {
        test(Room::open(Arc::new(database.start())).await).await;
    }
}

fn restart(room: &mut Room, mode: &str) {
    room.own_server().restart_in_fips_mode(mode).unwrap();
    room.reconnect();
}

async fn choose(room: &Room, suite: Suite) {
    let pattern = ContextPattern::new([("tenant", suite.name())]).unwrap();
    let policy = PolicyBody {
        suite: Some(suite),
        ..PolicyBody::of(pattern)
    };
    room.client.policies().create(&policy).await.unwrap();
}

const UNAPPROVED: [Suite; 2] = [Suite::ChaCha20Poly1305, Suite::Aes256GcmSiv];

async fn what_was_sealed_before_is_refused_by_its_suite(mut room: Room) {
    let mut sealed = Vec::new();
    for &suite in Suite::ALL {
        choose(&room, suite).await;
        let map = tenant(suite.name());
        let request = EncryptRequest::new(map.clone(), "value");
        sealed.push((
            suite,
            room.client.encrypt(request).await.unwrap().ciphertext,
        ));
    }
    restart(&mut room, "enabled");
    let mut items = Vec::new();
    for (suite, ciphertext) in &sealed {
        let map = tenant(suite.name());
        let opened = DecryptRequest::new(map.clone(), ciphertext.clone());
        items.push(opened.clone().into_item().0);
        let opened = room.client.decrypt(opened).await;
        let again = EncryptRequest::new(map.clone(), "value");
        let again = room.client.encrypt(again).await;
        let moved = RewrapRequest::new(map, ciphertext.clone());
        let moved = room.client.rewrap(moved).await;
        if UNAPPROVED.contains(suite) {
            let why = Reason::NotApproved;
            room.assert_refused(opened, REFUSED, why).await;
            room.assert_refused(again, REFUSED, why).await;
            room.assert_refused(moved, REFUSED, why).await;
        } else {
            assert_eq!(opened.unwrap().plaintext, "value".into(), "{suite}");
            again.unwrap();
            moved.unwrap();
        }
    }
    // In a batch, it is the item's alone.
    let batch = Batch {
        items,
        metadata: None,
    };
    let answer = room.client.decrypt_batch(batch).await.unwrap();
    for (result, (suite, _)) in answer.results.iter().zip(&sealed) {
        match result {
            ItemResult::Ok(_) => assert!(!UNAPPROVED.contains(suite)),
            ItemResult::Err { error } => {
                assert!(UNAPPROVED.contains(suite), "{suite}");
                assert_eq!(error.code, Code::NotApproved);
            }
        }
    }
    // The mode is the deployment's: without it they open again.
    restart(&mut room, "disabled");
    for (suite, ciphertext) in sealed {
        let request = DecryptRequest::new(tenant(suite.name()), ciphertext);
        room.client.decrypt(request).await.unwrap();
    }
}

async fn no_suite_is_chosen_that_is_not_approved(mut room: Room) {
    restart(&mut room, "enabled");
    for &suite in Suite::ALL {
        let pattern = ContextPattern::new([("tenant", suite.name())]).unwrap();
        let policy = PolicyBody {
            suite: Some(suite),
            ..PolicyBody::of(pattern)
        };
        let saved = room.client.policies().create(&policy).await;
        if UNAPPROVED.contains(&suite) {
            room.assert_refused(saved, REFUSED, Reason::NotApproved)
                .await;
        } else {
            saved.unwrap();
        }
    }
    // A named context gets an approved suite in place of the one that would follow.
    let memory = json!({"data_identity": {"usage_context": "in_use"}});
    assert_eq!(declare(&room, "memory", memory).await.status, 201);
    let theirs = register(&room, &room.api_key, "memory", &["memory"]).await;
    let sealed = encrypt(&room, &theirs.text("access_token"), "memory", "x").await;
    assert_eq!(sealed.json()["algorithm"]["name"], "AES-256-GCM");
    let app = application(&room, &["payment-data"]).await;
    // One that is asked for by name is refused, for a context and for a value.
    let chacha = json!({"cipher": "ChaCha20"});
    let body = json!({"algorithm": chacha});
    assert_eq!(declare(&room, "asked", body).await.status, 403);
    let body = json!({"plaintext": "", "context": "payment-data", "algorithm_override": chacha});
    let reply = post(&room, "/api/v1/crypto/encrypt", &app.access, &body).await;
    assert_eq!(reply.status, 403);
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(entry.reason, Some(Reason::NotApproved));
}

async fn refused(room: &Room, path: &str, body: Value) {
    let reply = room.post(path, body.to_string()).await;
    let expected = (403, "not_approved");
    room.assert_problem(&reply, expected, Reason::NotApproved)
        .await;
}

async fn what_callers_bring_is_computed_by_approved_functions_only(mut room: Room) {
    restart(&mut room, "enabled");
    for &algorithm in HashAlgorithm::ALL {
        let body = json!({"algorithm": algorithm, "data": ""});
        if algorithm == HashAlgorithm::Blake2b512 {
            refused(&room, "/v1/hash", body).await;
        } else {
            let reply = room.post("/v1/hash", body.to_string()).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    }
    let salt = "AAAAAAAAAAAAAAAAAAAAAA==";
    for function in [
        json!({"name": "Argon2id", "salt": salt, "memory_kib": 64, "passes": 1, "lanes": 1}),
        json!({"name": "scrypt", "salt": salt, "log_n": 10, "r": 8, "p": 1}),
    ] {
        let body = json!({"function": function, "secret": "c2VjcmV0", "bytes": 32});
        refused(&room, "/v1/derive", body).await;
    }
    for function in [
        json!({"name": "HKDF", "hash": "SHA-256", "info": ""}),
        json!({"name": "PBKDF2", "hash": "SHA-256", "salt": salt, "iterations": 1000}),
        json!({"name": "KBKDF", "hash": "SHA-256", "info": ""}),
    ] {
        let body = json!({"function": function, "secret": "c2VjcmV0", "bytes": 32});
        let reply = room.post("/v1/derive", body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let app = application(&room, &["general"]).await;
    let path = "/api/v1/crypto/password/hash";
    let reply = post(
        &room,
        path,
        &app.access,
        &json!({"password": "correct horse"}),
    )
    .await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

async fn keys_are_approved_ones(mut room: Room) {
    let make = async |room: &Room, algorithm: HybridAlgorithm, name: String| {
        let request = HybridKeyCreate {
            name,
            key_context: None,
            algorithm,
        };
        room.client.hybrid_keys().create(&request).await
    };
    let old = make(&room, HybridAlgorithm::X25519MlKem768, "old".into()).await;
    let old = old.unwrap();
    let seal = SealToRequest {
        to: Recipient::Key(RecipientKey { key: old.id }),
        plaintext: "secret".into(),
        associated_data: None,
        metadata: None,
    };
    let sealed = room.client.seal_to(&seal).await.unwrap().sealed;
    restart(&mut room, "enabled");
    let why = Reason::NotApproved;
    for &algorithm in HybridAlgorithm::ALL {
        let made = make(&room, algorithm, algorithm.name().to_owned()).await;
        if algorithm.name().starts_with("X25519") {
            room.assert_refused(made, REFUSED, why).await;
        } else {
            let key = made.unwrap();
            room.client.hybrid_keys().rotate(key.id).await.unwrap();
        }
    }
    room.assert_refused(room.client.seal_to(&seal).await, REFUSED, why)
        .await;
    let open = SealedOpenRequest {
        key: old.id,
        sealed,
        associated_data: None,
        metadata: None,
    };
    room.assert_refused(room.client.open_sealed(&open).await, REFUSED, why)
        .await;
    let rotated = room.client.hybrid_keys().rotate(old.id).await;
    room.assert_refused(rotated, REFUSED, why).await;
    // Every signature that there is here is approved.
    for algorithm in [SigningAlgorithm::Ed25519, SigningAlgorithm::MlDsa44] {
        let request = SigningKeyCreate {
            name: algorithm.name().to_owned(),
            key_context: None,
            algorithm,
        };
        room.client.signing_keys().create(&request).await.unwrap();
    }
}

const TESTDATA: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/strongroom-server/tests/testdata"
);

/// A database that negotiates what is not approved is not used; with AES over P-256 it is.
#[tokio::test]
async fn tls_to_the_database_is_approved_or_there_is_no_server() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let cluster = Cluster::start().unwrap();
    let folder = Path::new(TESTDATA);
    let (certificate, key) = (
        folder.join("localhost.pem"),
        folder.join("localhost.key.pem"),
    );
    let chacha = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
    let settings = [
        ("ssl_max_protocol_version", "TLSv1.2"),
        ("ssl_ciphers", chacha),
    ];
    cluster.serve_tls(&certificate, &key, &settings).unwrap();
    let url = format!("{}?sslmode=require", cluster.database("fips").unwrap());
    let mut server = Server::start_on(Some(url)).unwrap();
    assert!(server.restart_in_fips_mode("enabled").is_err());
    // Elsewhere only the mode asks.
    server.restart_in_fips_mode("preferred").unwrap();
    let settings = [("ssl_ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384")];
    server.kill().unwrap();
    cluster.serve_tls(&certificate, &key, &settings).unwrap();
    server.restart_in_fips_mode("enabled").unwrap();
    assert!(
        server
            .client()
            .unwrap()
            .encrypt(EncryptRequest::new(tenant("acme"), "x"))
            .await
            .is_ok()
    );
}

async fn preferred_goes_on_and_says_so(mut room: Room) {
    choose(&room, Suite::ChaCha20Poly1305).await;
    restart(&mut room, "preferred");
    let map = tenant(Suite::ChaCha20Poly1305.name());
    let sealed = room.client.encrypt(EncryptRequest::new(map, "x")).await;
    let entry = room.entry(sealed.unwrap().log_entry.unwrap()).await;
    assert_eq!(entry.facts["not_approved"], "ChaCha20-Poly1305");
    let report = room.read("/health/fips").await.json();
    assert_eq!(report["mode"], "preferred");
    assert_eq!(report["validated"], false);
    assert!(
        report["statement"]
            .as_str()
            .unwrap()
            .contains("not validated")
    );
    let listed = report["approved"].as_array().unwrap().iter();
    let listed: Vec<_> = listed
        .map(|one| one["algorithm"].as_str().unwrap())
        .collect();
    for &suite in Suite::ALL {
        let approved = !UNAPPROVED.contains(&suite);
        assert_eq!(listed.contains(&suite.name()), approved);
        let refused = report["not_approved"].as_array().unwrap();
        assert_eq!(refused.contains(&json!(suite.name())), !approved);
    }
    assert!(!room.entries(EntryFilter::default()).await.is_empty());
}
