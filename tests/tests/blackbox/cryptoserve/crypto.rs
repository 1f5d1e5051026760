//! Sealing and opening, one by one and in batches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    DEVELOPER, application, declare, decrypt, encrypt, opened, post, read, register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};

use super::{NOT_OPENED, refused};

on_each_database!(
    values_are_sealed_and_opened,
    an_empty_value_is_a_value,
    the_suite_is_the_contexts,
    a_suite_can_be_asked_for_by_cipher_and_mode,
    bodies_are_read_as_their_server_reads_them,
    a_batch_has_a_result_for_each_item,
    keys_are_given_to_nobody,
    every_use_is_an_entry,
);

async fn values_are_sealed_and_opened(room: Room) {
    let app = application(&room, &["user-pii"]).await;
    let reply = encrypt(&room, &app.access, "user-pii", "hello").await;
    let body = reply.json();
    assert_eq!(body["algorithm"]["name"], "AES-256-GCM");
    assert_eq!(body["algorithm"]["key_bits"], 256);
    assert_eq!(
        (&body["usage"], &body["warnings"]),
        (&json!("at_rest"), &json!([]))
    );
    assert!(reply.text("key_id").ends_with("/1"));
    let ciphertext = reply.text("ciphertext");
    assert_eq!(
        opened(&decrypt(&room, &app.access, "user-pii", &ciphertext).await),
        "hello"
    );
    // Users may too, by cookie of either name.
    let session = user(&room, &DEVELOPER, &[]).await;
    for cookie in ["access_token", "session"] {
        let request = room.anonymous(Method::POST, "/api/v1/crypto/decrypt");
        let request = request.header("cookie", format!("{cookie}={session}"));
        let body = json!({"ciphertext": ciphertext, "context": "user-pii"});
        assert_eq!(opened(&Reply::of(request.json(&body)).await), "hello");
    }
}

async fn an_empty_value_is_a_value(room: Room) {
    let app = application(&room, &["general"]).await;
    let ciphertext = app.seal(&room, "general", "").await;
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &ciphertext).await),
        ""
    );
    let shown = read(&room, "/sdk/contexts/general", &app.access)
        .await
        .json();
    let overhead = STANDARD.decode(&ciphertext).unwrap().len();
    assert_eq!(shown["overhead_bytes"], overhead);
}

async fn the_suite_is_the_contexts(room: Room) {
    for (name, config, suite) in [
        ("plain", json!({}), "AES-256-GCM"),
        (
            "low",
            json!({"data_identity": {"sensitivity": "low"}}),
            "AES-128-GCM",
        ),
        (
            "memory",
            json!({"data_identity": {"usage_context": "in_use"}}),
            "ChaCha20-Poly1305",
        ),
        (
            "many",
            json!({"access_patterns": {"operations_per_second": 20_000}}),
            "AES-256-GCM-SIV",
        ),
    ] {
        assert_eq!(declare(&room, name, config).await.status, 201);
        let app = register(&room, &room.api_key, name, &[name]).await;
        let access = app.text("access_token");
        let sealed = encrypt(&room, &access, name, "x").await;
        assert_eq!(sealed.json()["algorithm"]["name"], suite);
        let entry = room.entry(sealed.entry().unwrap()).await;
        assert_eq!(entry.suite.map(strongroom_types::Suite::name), Some(suite));
        let reply = decrypt(&room, &access, name, &sealed.text("ciphertext")).await;
        assert_eq!(opened(&reply), "x");
    }
}

/// By a context, and for one value; never with fewer bits than the context demands.
async fn a_suite_can_be_asked_for_by_cipher_and_mode(room: Room) {
    let app = application(&room, &["payment-data"]).await;
    for (asked, suite, mode) in [
        (
            json!({"cipher": "AES", "mode": "cbc", "key_bits": 256}),
            "AES-256-CBC-HMAC-SHA-256",
            "cbc",
        ),
        (
            json!({"cipher": "AES", "mode": "ctr"}),
            "AES-256-CTR-HMAC-SHA-256",
            "ctr",
        ),
        (
            json!({"cipher": "AES", "mode": "ccm"}),
            "AES-256-CCM",
            "ccm",
        ),
        (
            json!({"cipher": "ChaCha20"}),
            "ChaCha20-Poly1305",
            "poly1305",
        ),
    ] {
        let body = json!({"plaintext": STANDARD.encode("card"), "context": "payment-data",
            "algorithm_override": asked});
        let sealed = post(&room, "/api/v1/crypto/encrypt", &app.access, &body).await;
        let algorithm = &sealed.json()["algorithm"];
        assert_eq!(
            (&algorithm["name"], &algorithm["mode"]),
            (&json!(suite), &json!(mode))
        );
        let entry = room.entry(sealed.entry().unwrap()).await;
        assert_eq!(entry.suite.map(strongroom_types::Suite::name), Some(suite));
        let ciphertext = sealed.text("ciphertext");
        let reply = decrypt(&room, &app.access, "payment-data", &ciphertext).await;
        assert_eq!(opened(&reply), "card");

        let name = format!("of-{mode}");
        assert_eq!(
            declare(&room, &name, json!({"algorithm": asked}))
                .await
                .status,
            201
        );
        let mine = register(&room, &room.api_key, &name, &[&name]).await;
        let access = mine.text("access_token");
        let sealed = encrypt(&room, &access, &name, "x").await;
        assert_eq!(sealed.json()["algorithm"]["name"], suite);
        let reply = decrypt(&room, &access, &name, &sealed.text("ciphertext")).await;
        assert_eq!(opened(&reply), "x");
    }
    // Their server took this for critical card data, without a word.
    let weak = json!({"cipher": "AES", "mode": "gcm", "key_bits": 128});
    let body = json!({"plaintext": "", "context": "payment-data", "algorithm_override": weak});
    refused(
        &post(&room, "/api/v1/crypto/encrypt", &app.access, &body).await,
        403,
    );
    let weak = json!({"algorithm": weak, "data_identity": {"pci": true}});
    refused(&declare(&room, "weak", weak).await, 422);
}

async fn bodies_are_read_as_their_server_reads_them(room: Room) {
    let app = application(&room, &["general"]).await;
    let send = async |body: Value| post(&room, "/api/v1/crypto/encrypt", &app.access, &body).await;
    for (body, status) in [
        (json!({"plaintext": "!", "context": "general"}), 400),
        (
            json!({"plaintext": "", "context": "general", "associated_data": "!"}),
            400,
        ),
        (json!({"plaintext": "", "context": "unheard-of"}), 400),
        (json!({"plaintext": "", "context": "-general"}), 422),
        (json!({"plaintext": "", "context": "x".repeat(65)}), 422),
        (json!({"plaintext": ""}), 422),
        (
            json!({"plaintext": "", "context": "general", "usage": "elsewhere"}),
            422,
        ),
        // What would be ignored is refused, and so is a suite that there is not.
        (
            json!({"plaintext": "", "context": "general", "key_bits": 128}),
            422,
        ),
        (
            json!({"plaintext": "", "context": "general",
                "algorithm_override": {"cipher": "AES", "mode": "xts", "key_bits": 512}}),
            422,
        ),
        (
            json!({"plaintext": "", "context": "general", "more": 1}),
            422,
        ),
        (
            json!({"plaintext": "", "context": "general",
                "algorithm_override": {"cipher": "AES", "mode": "cbc", "key_bits": 128}}),
            422,
        ),
    ] {
        refused(&send(body).await, status);
    }
    let unknown = send(json!({"plaintext": "", "context": "unheard-of"})).await;
    assert!(refused(&unknown, 400).contains("context"));
    let missing = room.anonymous(Method::POST, "/api/v1/crypto/encrypt");
    refused(&Reply::of(missing.json(&json!({}))).await, 401);
}

async fn a_batch_has_a_result_for_each_item(room: Room) {
    let app = application(&room, &["general"]).await;
    let path = "/api/v1/crypto/batch/encrypt";
    let items = json!([{"id": "a", "plaintext": STANDARD.encode("1")},
        {"id": "b", "plaintext": "!"}, {"id": "c", "plaintext": ""}]);
    let body = json!({"context": "general", "items": items});
    let sealed = post(&room, path, &app.access, &body).await.json();
    assert_eq!(
        (&sealed["total"], &sealed["successful"], &sealed["failed"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let results = sealed["results"].as_array().unwrap();
    assert_eq!(results[1]["success"], false);
    assert_eq!(sealed["algorithm"]["name"], "AES-256-GCM");
    let items = json!([{"id": "a", "ciphertext": results[0]["ciphertext"]},
        {"id": "x", "ciphertext": "!"}, {"id": "y", "ciphertext": STANDARD.encode("sr1")},
        {"id": "c", "ciphertext": results[2]["ciphertext"]}]);
    let path = "/api/v1/crypto/batch/decrypt";
    let mut body = json!({"context": "general", "items": items});
    let opened = post(&room, path, &app.access, &body).await.json();
    let results = opened["results"].as_array().unwrap();
    assert_eq!(results[0]["plaintext"], STANDARD.encode("1"));
    assert_eq!(results[3]["plaintext"], "");
    for failed in &results[1..3] {
        assert_eq!(failed["error"], NOT_OPENED);
    }
    body["fail_fast"] = json!(true);
    let stopped = post(&room, path, &app.access, &body).await.json();
    assert_eq!(stopped["results"].as_array().unwrap().len(), 2);
    let many: Vec<_> = (0..101)
        .map(|id| json!({"id": id.to_string(), "ciphertext": ""}))
        .collect();
    body["items"] = json!(many);
    refused(&post(&room, path, &app.access, &body).await, 422);
    body["items"] = json!([]);
    refused(&post(&room, path, &app.access, &body).await, 422);
}

async fn keys_are_given_to_nobody(room: Room) {
    let app = application(&room, &["general"]).await;
    let path = "/api/v1/crypto/key-bundle";
    let body = json!({"context": "general"});
    for bearer in [&app.access, &room.api_key] {
        refused(&post(&room, path, bearer, &body).await, 403);
    }
    refused(&post(&room, path, "nobody", &body).await, 401);
}

async fn every_use_is_an_entry(room: Room) {
    let app = application(&room, &["general"]).await;
    let ciphertext = app.seal(&room, "general", "secret text").await;
    decrypt(&room, &app.access, "general", &ciphertext).await;
    decrypt(&room, &app.access, "unheard-of", &ciphertext).await;
    let entries = room.entries(EntryFilter::default()).await;
    let of = |operation, outcome| {
        let found = entries.iter();
        let found = found.filter(|entry| (entry.operation, entry.outcome) == (operation, outcome));
        found.count()
    };
    for operation in [
        Operation::NamedContextCreate,
        Operation::ApplicationRegister,
        Operation::Encrypt,
        Operation::Decrypt,
    ] {
        assert_eq!(of(operation, Outcome::Allowed), 1, "{operation:?}");
    }
    assert_eq!(of(Operation::Decrypt, Outcome::Denied), 1);
    let told = serde_json::to_string(&entries).unwrap();
    for secret in ["secret text", &app.access, &app.refresh] {
        assert!(!told.contains(secret));
    }
}
