//! Requests that cannot be read: each a clear 4xx with a stable code, and an entry where the
//! caller is known.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::EncryptRequest;
use strongroom_types::{ObjectId, Reason};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
    what_an_endpoint_does_not_declare_is_refused,
    a_wait_in_the_body_destroys_nothing,
    numbers_in_queries_are_documented_as_numbers,
    a_body_without_bytes_is_none,
    a_body_that_is_cut_or_misframed_is_the_callers_fault,
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
        (secret, json!(1)),
        ("lock_for", json!({"issuer": "x", "claims": {}, secret: 1})),
    ] {
        let reply = room.post("/v1/encrypt", changed(field, value)).await;
        reply.assert_problem(INVALID.0, INVALID.1);
        assert!(!format!("{reply:?}").contains(secret), "{field} {reply:?}");
    }
    let unknown = room.post("/v1/encrypt", changed(secret, json!(1))).await;
    let detail = unknown.text("detail");
    assert!(detail.contains("expected one of `key_context`"), "{detail}");
    for path in ["/v1/log/entries", "/v1/log/checkpoint"] {
        let reply = room.read(&format!("{path}?{secret}=1")).await;
        reply.assert_problem(INVALID.0, INVALID.1);
        assert!(!format!("{reply:?}").contains("battery"), "{reply:?}");
    }
}

/// A row of the served document: method, path with something in place of each parameter, and what is said
/// about it.
fn rows(document: &Value) -> Vec<(Method, String, Value)> {
    let mut rows = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let named = |part: &str| part.starts_with('{');
        let parts = path.split('/');
        let parts = parts.map(|part| if named(part) { "x" } else { part });
        let filled = parts.collect::<Vec<_>>().join("/");
        for (method, row) in operations.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            rows.push((method, filled.clone(), row.clone()));
        }
    }
    rows.retain(|(_, path, _)| path.starts_with("/v1/"));
    rows
}

async fn assert_undeclared(row: &Value, request: reqwest::RequestBuilder, what: &str) {
    let reply = Reply::of(request).await;
    if row["tags"][0] == "Tokens" {
        let said = (reply.status, reply.text("error"));
        assert_eq!(said, (400, INVALID.1.to_owned()), "{what} {reply:?}");
    } else {
        assert_eq!(reply.status, INVALID.0, "{what} {reply:?}");
        reply.assert_problem(INVALID.0, INVALID.1);
    }
    // Who need not be known makes no entry.
    let known = row.get("security").is_some();
    assert_eq!(reply.entry().is_some(), known, "{what} {reply:?}");
}

async fn what_an_endpoint_does_not_declare_is_refused(room: Room) {
    let document = room.read("/openapi.json").await.json();
    let (mut bodies, mut queries) = (0, 0);
    for (method, path, row) in rows(&document) {
        let request = |path: &str| room.request(method.clone(), path);
        if row.get("requestBody").is_none() {
            for body in ["garbage", r#"{"x":1}"#, "{}", "\0"] {
                let sent = request(&path).header("content-type", "application/json");
                let what = format!("{method} {path} {body}");
                assert_undeclared(&row, sent.body(body), &what).await;
            }
            bodies += 1;
        }
        let parameters = row["parameters"].as_array();
        let in_query = |parameter: &Value| parameter["in"] == "query";
        if !parameters.into_iter().flatten().any(in_query) {
            for query in ["foo=1", "wait_s=0", "%ff", "&=&"] {
                let path = format!("{path}?{query}");
                let what = format!("{method} {path}");
                assert_undeclared(&row, request(&path), &what).await;
            }
            queries += 1;
        }
    }
    assert!(bodies > 40 && queries > 60, "{bodies} {queries}");
    assert_alive(&room).await;
}

async fn numbers_in_queries_are_documented_as_numbers(room: Room) {
    let document = room.read("/openapi.json").await.json();
    let mut numbers = 0;
    for (_, path, row) in rows(&document) {
        let parameters = row["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            if let "limit" | "index" | "wait_s" | "version_check" | "purge_in" = name {
                let schema = &parameter["schema"];
                assert_eq!(schema["type"], "integer", "{path} {name}");
                assert!(schema["minimum"].is_u64(), "{path} {name}");
                assert_eq!(schema["maximum"].is_u64(), name == "limit", "{path} {name}");
                numbers += 1;
            }
        }
    }
    assert!(numbers > 15, "{numbers}");
}

async fn a_wait_in_the_body_destroys_nothing(room: Room) {
    let map = tenant("acme");
    let sealed = EncryptRequest::new(map.clone(), "v");
    let sealed = room.client.encrypt(sealed).await.unwrap();
    let path = format!("/v1/contexts/{}", sealed.key.id);
    for act in ["destroy", "disable", "rotate"] {
        for body in [r#"{"wait_s":2592000}"#, "garbage"] {
            let reply = room.post(&format!("{path}/{act}"), body).await;
            room.assert_problem(&reply, INVALID, Reason::InvalidRequest)
                .await;
        }
    }
    let context = room.read(&path).await.json();
    assert_eq!(context["state"], "active", "{context}");
    assert_eq!(
        context["versions"].as_array().unwrap().len(),
        1,
        "{context}"
    );
}

async fn a_body_without_bytes_is_none(room: Room) {
    let kind = ("content-type", "application/json");
    let read = || room.request(Method::GET, "/v1/clients");
    let reply = Reply::of(read().header(kind.0, kind.1).body("")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    // In chunks, of which there is none.
    let pieces = futures_util::stream::empty::<Result<String, std::io::Error>>();
    let reply = Reply::of(read().body(reqwest::Body::wrap_stream(pieces))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = Reply::of(room.request(Method::GET, "/v1/clients?")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// Sends a request as it is and no more, and reads the answer.
async fn sent_as_is(room: &Room, head: &str, body: &str) -> String {
    let address = room.server.sheet().url.replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let key = &room.api_key;
    let request = format!(
        "{head} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn a_body_that_is_cut_or_misframed_is_the_callers_fault(room: Room) {
    let json = "content-type: application/json\r\n";
    let octets =
        "content-type: application/octet-stream\r\nstrongroom-key-context: eyJhIjoiYiJ9\r\n";
    let value = format!("PUT /v1/objects/{}/value", ObjectId::from_bytes([7; 16]));
    for (path, kind) in [
        ("POST /v1/encrypt", json),
        ("POST /v1/encrypt/batch", json),
        (&value, octets),
        ("POST /v1/stream/decrypt", octets),
        ("POST /v1/stream/rewrap", octets),
    ] {
        for body in [
            format!("{kind}content-length: 100\r\n\r\n{{"),
            format!("{kind}transfer-encoding: chunked\r\n\r\nzz\r\n{{\r\n"),
            format!("{kind}transfer-encoding: chunked\r\n\r\n5\r\n{{"),
        ] {
            let answer = sent_as_is(&room, path, &body).await;
            assert!(
                answer.starts_with("HTTP/1.1 400 "),
                "{path} {body} {answer}"
            );
            assert!(answer.contains("\"invalid_request\""), "{path} {answer}");
            assert!(answer.contains("body ended early"), "{path} {answer}");
            assert!(answer.contains("strongroom-log-entry: "), "{path} {answer}");
            assert!(!answer.contains("retry-after"), "{path} {answer}");
        }
    }
    let aborted = room.entries(EntryFilter::default()).await;
    let aborted = aborted.iter().filter(|e| e.reason == Some(Reason::Aborted));
    assert!(aborted.count() > 0);
    assert_alive(&room).await;
}
