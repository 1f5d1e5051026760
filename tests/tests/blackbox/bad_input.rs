//! Requests that cannot be read: each a clear 4xx with a stable code, and an entry where the
//! caller is known.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::Reason;
use strongroom_types::body::EncryptRequest;

on_each_database!(
    what_is_no_json_object_is_refused_everywhere,
    wrong_types_and_unknown_fields_are_refused,
    duplicate_keys_are_refused_at_every_depth,
    only_padded_standard_base64_is_read,
    contexts_beyond_their_limits_are_refused,
    malformed_locks_are_refused,
    malformed_metadata_is_refused,
    a_body_too_large_is_refused,
    unserved_types_methods_and_routes_are_refused,
    unreadable_parameters_are_refused,
    unreadable_cbor_is_refused,
    without_a_credential_nothing_else_is_told,
    an_error_never_quotes_what_was_sent,
);

/// Every route that reads a JSON body.
const ROUTES: &[&str] = &[
    "/v1/encrypt",
    "/v1/decrypt",
    "/v1/rewrap",
    "/v1/encrypt/batch",
    "/v1/decrypt/batch",
    "/v1/rewrap/batch",
    "/v1/data-keys",
    "/v1/data-keys/unwrap",
    "/v1/data-keys/rewrap",
    "/v1/workspaces",
    "/v1/clients",
    "/v1/issuers",
    "/v1/contexts",
    "/v1/context-policies",
];

const INVALID: (u16, &str) = (400, "invalid_request");

async fn assert_invalid(room: &Room, path: &str, body: impl Into<reqwest::Body>) {
    let reply = room.post(path, body).await;
    room.assert_problem(&reply, INVALID, Reason::InvalidRequest)
        .await;
}

/// After whatever came before, the server works.
async fn assert_alive(room: &Room) {
    let request = EncryptRequest::new(tenant("acme"), "v");
    room.client.encrypt(request).await.unwrap();
}

async fn what_is_no_json_object_is_refused_everywhere(room: Room) {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 13] = [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"7",
        b"{}",
        b"{'key_context':{}}",
        b"\xef\xbb\xbf{}",
        b"{\"key_context\":{\"a\":\"\xff\"}}",
        b"{\"key_context\":{\"a\":\"\\ud800\"}}",
        deep.as_bytes(),
    ];
    for path in ROUTES {
        for body in bodies {
            let reply = room.post(path, body.to_vec()).await;
            reply.assert_problem(INVALID.0, INVALID.1);
            assert!(reply.entry().is_some(), "{path} {reply:?}");
        }
    }
    assert_alive(&room).await;
}

/// A good request with this field changed.
fn changed(field: &str, value: Value) -> String {
    let mut body = json!({"key_context": {"tenant": "acme"}, "plaintext": "AA=="});
    body[field] = value;
    body.to_string()
}

async fn wrong_types_and_unknown_fields_are_refused(room: Room) {
    for (field, value) in [
        ("key_context", json!("acme")),
        ("key_context", json!(["tenant", "acme"])),
        ("key_context", Value::Null),
        ("plaintext", json!(1)),
        ("plaintext", json!([1, 2])),
        ("plaintext", Value::Null),
        ("lock", json!("sub")),
        ("lock", json!({"claim": "sub"})),
        ("lock_for", json!("alice")),
        ("lock_for", json!({"issuer": "x"})),
        ("lock_for", json!({"issuer": "x", "claims": {}, "more": 1})),
        ("associated_data", json!(7)),
        ("metadata", json!("note")),
        ("Plaintext", json!("AA==")),
        ("context", json!({})),
        ("", json!(1)),
        ("__proto__", json!({})),
    ] {
        assert_invalid(&room, "/v1/encrypt", changed(field, value)).await;
    }
    let trailing = changed("plaintext", json!("AA==")) + "{}";
    assert_invalid(&room, "/v1/encrypt", trailing).await;
    assert_alive(&room).await;
}

async fn duplicate_keys_are_refused_at_every_depth(room: Room) {
    let map = r#""key_context":{"tenant":"acme"}"#;
    let value = r#""plaintext":"AA==""#;
    for body in [
        format!("{{{map},{value},{value}}}"),
        format!("{{{map},{map},{value}}}"),
        format!(r#"{{{map},{value},"pl\u0061intext":"AQ=="}}"#),
        format!(r#"{{"key_context":{{"tenant":"acme","tenant":"acme"}},{value}}}"#),
        format!(r#"{{"key_context":{{"tenant":"acme","t\u0065nant":"beta"}},{value}}}"#),
        format!(r#"{{{map},{value},"metadata":{{"a":1,"a":2}}}}"#),
        format!(r#"{{{map},{value},"metadata":{{"a":[{{"b":1,"b":2}}]}}}}"#),
        format!(r#"{{{map},{value},"lock":["sub"],"lock":[]}}"#),
        format!(
            r#"{{{map},{value},"lock":["sub"],"lock_for":{{"issuer":"x","claims":{{"sub":"a","sub":"b"}}}}}}"#
        ),
        format!(r#"{{{map},{value},"lock":[{{"claim":"g","has":"a","has":"b"}}]}}"#),
    ] {
        assert_invalid(&room, "/v1/encrypt", body).await;
    }
    let item = format!("{{{map},{value},{value}}}");
    assert_invalid(
        &room,
        "/v1/encrypt/batch",
        format!(r#"{{"items":[{item}]}}"#),
    )
    .await;
}

async fn only_padded_standard_base64_is_read(room: Room) {
    for wrong in [
        "AQ", "AQ=", "AQ===", "A", "AR==", "A_==", "-w==", "AQ==\n", " AQ==", "A Q=", "AQ==AQ==",
        "%",
    ] {
        assert_invalid(&room, "/v1/encrypt", changed("plaintext", json!(wrong))).await;
        assert_invalid(
            &room,
            "/v1/encrypt",
            changed("associated_data", json!(wrong)),
        )
        .await;
        let body = json!({"key_context": {"tenant": "acme"}, "ciphertext": wrong});
        assert_invalid(&room, "/v1/decrypt", body.to_string()).await;
    }
}

async fn contexts_beyond_their_limits_are_refused(room: Room) {
    let pairs = |count: usize| -> Value {
        (0..count)
            .map(|n| (format!("k{n}"), json!("v")))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for map in [
        pairs(0),
        pairs(11),
        pairs(10_000),
        json!({"": "v"}),
        json!({"k".repeat(121): "v"}),
        json!({"k": "v".repeat(501)}),
        json!({"\u{1d54f}".repeat(121): "v"}),
        json!({"k": "\u{1d54f}".repeat(501)}),
        json!({"k": 1}),
        json!({"k": true}),
        json!({"k": null}),
        json!({"k": ["v"]}),
        json!({"k": {"k": "v"}}),
    ] {
        let body = changed("key_context", map.clone());
        assert_invalid(&room, "/v1/encrypt", body).await;
        let body = json!({ "key_context": map });
        assert_invalid(&room, "/v1/contexts", body.to_string()).await;
    }
}

async fn malformed_locks_are_refused(room: Room) {
    let many: Vec<_> = (0..9).map(|n| format!("claim{n}")).collect();
    for lock in [
        json!([1]),
        json!([null]),
        json!([""]),
        json!(["sub", "sub"]),
        json!(["x".repeat(256)]),
        json!(many),
        json!([["sub"]]),
        json!([{"claim": "groups"}]),
        json!([{"claim": "groups", "has": 1}]),
        json!([{"claim": "groups", "has": "a", "not": "b"}]),
        json!([{"claim": "groups", "has": "x".repeat(1025)}]),
    ] {
        assert_invalid(&room, "/v1/encrypt", changed("lock", lock)).await;
    }
}

async fn malformed_metadata_is_refused(room: Room) {
    let long = json!({"note": "x".repeat(4096)});
    for metadata in [json!([]), json!(1), json!("x"), json!(true), long] {
        assert_invalid(&room, "/v1/encrypt", changed("metadata", metadata)).await;
    }
    let request = room.request(Method::GET, "/v1/clients");
    let reply = Reply::of(request.header("strongroom-metadata", "%")).await;
    room.assert_problem(&reply, INVALID, Reason::InvalidRequest)
        .await;
}

async fn a_body_too_large_is_refused(room: Room) {
    let large = changed("plaintext", json!("A".repeat(8 << 20)));
    let reply = room.post("/v1/encrypt", large.clone()).await;
    room.assert_problem(&reply, (413, "too_large"), Reason::InvalidRequest)
        .await;
    assert!(reply.text("detail").contains("body_bytes"), "{reply:?}");
    // Without a length, too.
    let pieces = [large, String::new()].map(Ok::<_, std::io::Error>);
    let pieces = futures_util::stream::iter(pieces);
    let reply = room
        .post("/v1/encrypt", reqwest::Body::wrap_stream(pieces))
        .await;
    room.assert_problem(&reply, (413, "too_large"), Reason::InvalidRequest)
        .await;
    assert_alive(&room).await;
}

async fn unserved_types_methods_and_routes_are_refused(room: Room) {
    let body = changed("plaintext", json!("AA=="));
    for kind in [
        "text/plain",
        "application/xml",
        "application/cbor",
        "multipart/form-data",
        "x",
    ] {
        let request = room
            .request(Method::POST, "/v1/encrypt")
            .header("content-type", kind);
        let reply = Reply::of(request.body(body.clone())).await;
        let expected = (415, "unsupported_media_type");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
    let reply = Reply::of(room.request(Method::POST, "/v1/encrypt").body(body)).await;
    reply.assert_problem(415, "unsupported_media_type");
    for (method, path) in [
        (Method::GET, "/v1/encrypt"),
        (Method::DELETE, "/v1/decrypt"),
        (Method::PUT, "/v1/clients"),
    ] {
        let reply = Reply::of(room.request(method, path)).await;
        let expected = (405, "method_not_allowed");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
    for path in [
        "/v1/nothing",
        "/v1/encrypt/",
        "/V1/encrypt",
        "/v1//encrypt",
        "/v1/log/tile/9",
        "/x",
    ] {
        let reply = Reply::of(room.request(Method::POST, path)).await;
        assert!(matches!(reply.status, 404 | 405), "{path} {reply:?}");
    }
}

async fn unreadable_parameters_are_refused(room: Room) {
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=1&limit=1",
        "page=nonsense",
        "operation=explode",
        "outcome=maybe",
        "from=yesterday",
        "to=2026-13-01T00:00:00Z",
        "key_context=acme",
        "key_context=%7B%7D",
        "unknown=1",
        "%ff=1",
    ] {
        let reply = room.read(&format!("/v1/log/entries?{query}")).await;
        reply.assert_problem(INVALID.0, INVALID.1);
        assert!(reply.entry().is_some(), "{query}");
    }
    for path in [
        "/v1/clients/nobody",
        "/v1/contexts/ctx_1",
        "/v1/log/items/-1",
        "/v1/log/items/18446744073709551616",
        "/v1/log/items/99999999",
        "/v1/log/proof",
        "/v1/log/proof?index=x",
        "/v1/log/proof?index=99999999",
        "/v1/log/tile/0/000.p/0",
        "/v1/log/tile/0/000.p/256",
        "/v1/log/tile/0/001",
        "/v1/log/tile/64/000",
        "/v1/log/tile/0/x000/1",
        "/v1/log/tile/entries/../../clients",
    ] {
        let reply = room.read(path).await;
        assert!(matches!(reply.status, 400 | 404), "{path} {reply:?}");
    }
    assert_alive(&room).await;
}

async fn unreadable_cbor_is_refused(room: Room) {
    let bodies: [&[u8]; 7] = [
        b"",
        b"\xff",
        b"{}",
        // An array that claims 2^64 - 1 items.
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        // {"items": []} and a byte.
        b"\xa1\x65items\x80\x00",
        // {"items": [], "items": []}
        b"\xa2\x65items\x80\x65items\x80",
        // {"other": []}
        b"\xa1\x65other\x80",
    ];
    for body in bodies {
        let request = room.request(Method::POST, "/v1/encrypt/batch");
        let request = request
            .header("content-type", "application/cbor")
            .body(body.to_vec());
        let reply = Reply::of(request).await;
        room.assert_problem(&reply, INVALID, Reason::InvalidRequest)
            .await;
    }
    let nested = vec![0x81; 100_000];
    let request = room.request(Method::POST, "/v1/encrypt/batch");
    let request = request
        .header("content-type", "application/cbor")
        .body(nested);
    let reply = Reply::of(request).await;
    room.assert_problem(&reply, INVALID, Reason::InvalidRequest)
        .await;
    assert_alive(&room).await;
}

async fn without_a_credential_nothing_else_is_told(room: Room) {
    for path in ROUTES {
        for body in ["{", "{}", ""] {
            let request = room.anonymous(Method::POST, path).body(body);
            let reply = Reply::of(request).await;
            reply.assert_problem(401, "unauthenticated");
            assert_eq!(reply.entry(), None);
        }
    }
}

async fn an_error_never_quotes_what_was_sent(room: Room) {
    let secret = "correct horse battery staple";
    for (field, value) in [
        ("plaintext", json!(secret)),
        ("lock", json!(secret)),
        (
            "lock_for",
            json!({"issuer": secret, "claims": {"sub": secret}}),
        ),
        ("metadata", json!(secret)),
        ("key_context", json!(secret)),
        ("key_context", json!({"tenant": [secret]})),
    ] {
        let reply = room.post("/v1/encrypt", changed(field, value)).await;
        reply.assert_problem(INVALID.0, INVALID.1);
        assert!(!format!("{reply:?}").contains(secret), "{field} {reply:?}");
    }
}
