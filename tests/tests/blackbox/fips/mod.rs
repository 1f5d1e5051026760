//! FIPS mode: what NIST does not approve is refused where it is chosen and where it is used, by the
//! suite that is really used and not by its label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use strongroom_client::{ClientError, EntryFilter};
use strongroom_tests::cryptoserve::{application, declare, encrypt, post, register};
use strongroom_tests::postgres::Cluster;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server::Server;
use strongroom_types::body::{
    Batch, DecryptRequest, EncryptRequest, HybridKeyCreate, HybridKeyInfo, ItemResult, PolicyBody,
    Recipient, RecipientKey, RewrapRequest, SealToRequest, SealedOpenRequest, SigningKeyCreate,
};
use strongroom_types::{
    Code, ContextId, ContextPattern, HybridAlgorithm, Reason, SigningAlgorithm, Suite,
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

mod brought;
mod contexts;

alone_on_each_database!(
    what_was_sealed_before_is_refused_by_its_suite,
    no_suite_is_chosen_that_is_not_approved,
    keys_are_approved_ones,
    preferred_names_every_use_of_a_hybrid_with_x25519,
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

async fn make(
    room: &Room,
    algorithm: HybridAlgorithm,
    name: &str,
) -> Result<HybridKeyInfo, ClientError> {
    let request = HybridKeyCreate {
        name: name.to_owned(),
        key_context: None,
        algorithm,
    };
    room.client.hybrid_keys().create(&request).await
}

fn seal_to(key: ContextId) -> SealToRequest {
    SealToRequest {
        to: Recipient::Key(RecipientKey { key }),
        plaintext: "secret".into(),
        associated_data: None,
        metadata: None,
    }
}

/// What approved hybrids do is named nowhere.
async fn preferred_names_every_use_of_a_hybrid_with_x25519(mut room: Room) {
    restart(&mut room, "preferred");
    for &algorithm in HybridAlgorithm::ALL {
        let key = make(&room, algorithm, algorithm.name()).await.unwrap();
        let sealed = room.client.seal_to(&seal_to(key.id)).await.unwrap();
        let open = SealedOpenRequest {
            key: key.id,
            sealed: sealed.sealed,
            associated_data: None,
            metadata: None,
        };
        room.client.open_sealed(&open).await.unwrap();
        room.client.hybrid_keys().rotate(key.id).await.unwrap();
    }
    let mut named = BTreeMap::<_, BTreeSet<_>>::new();
    for entry in room.entries(EntryFilter::default()).await {
        if let Some(algorithm) = entry.facts.get("not_approved") {
            let operations = named.entry(algorithm.clone()).or_default();
            operations.insert(entry.operation.name());
        }
    }
    let of_x25519 = HybridAlgorithm::ALL.iter().map(|it| it.name());
    let of_x25519 = of_x25519.filter(|name| name.starts_with("X25519"));
    let keys: BTreeSet<_> = named.keys().map(String::as_str).collect();
    assert_eq!(keys, of_x25519.collect());
    assert!(named.values().all(|operations| operations.len() == 4));
}

async fn keys_are_approved_ones(mut room: Room) {
    let old = make(&room, HybridAlgorithm::X25519MlKem768, "old").await;
    let old = old.unwrap();
    let seal = seal_to(old.id);
    let sealed = room.client.seal_to(&seal).await.unwrap().sealed;
    restart(&mut room, "enabled");
    let why = Reason::NotApproved;
    for &algorithm in HybridAlgorithm::ALL {
        let made = make(&room, algorithm, algorithm.name()).await;
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
