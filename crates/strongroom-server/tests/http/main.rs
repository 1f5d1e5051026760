//! The edge over real connections: strict reading, errors, limits, streams, start and stop.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod lifetime;
mod limits;
mod playground;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use playground::{Playground, base64_json, refusal, stream_headers};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_goes_in_and_comes_out() {
    let playground = Playground::start().await;
    let sealed = playground.encrypt(b"hello").await;
    let body = json!({"key_context": {"org": "acme"}, "ciphertext": sealed["ciphertext"]});
    let answer = playground
        .post("/v1/decrypt")
        .json(&body)
        .send()
        .await
        .unwrap();
    let entry = answer.headers()["strongroom-log-entry"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(answer.headers().contains_key("strongroom-request-id"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let opened: Value = answer.json().await.unwrap();
    assert_eq!(opened["plaintext"], STANDARD.encode("hello"));
    assert_eq!(opened["log_entry"], entry);
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused_and_logged() {
    let playground = Playground::start().await;
    let context = r#""key_context":{"org":"acme"}"#;
    let cases = [
        "not json".to_owned(),
        "{".to_owned(),
        String::new(),
        "[]".to_owned(),
        format!(r#"{{{context},"plaintext":"aGk"}}"#),
        format!(r#"{{{context},"plaintext":"_-=="}}"#),
        format!(r#"{{{context},"plaintext":7}}"#),
        format!("{{{context}}}"),
        format!(r#"{{{context},"plaintext":"","plaintext":""}}"#),
        format!(r#"{{{context},"plaintext":"","extra":1}}"#),
        format!(r#"{{{context},"plaintext":""}} trailing"#),
        r#"{"key_context":{},"plaintext":""}"#.to_owned(),
        r#"{"key_context":{"a":"1","a":"1"},"plaintext":""}"#.to_owned(),
        r#"{"key_context":{"a":1},"plaintext":""}"#.to_owned(),
        format!(r#"{{{context},"plaintext":"","lock":["exp"]}}"#),
        format!(r#"{{{context},"plaintext":"","metadata":[]}}"#),
        format!(
            r#"{{{context},"plaintext":"","lock":["sub"],"lock_for":{{"issuer":"i","claims":{{"sub":"a","sub":"b"}}}}}}"#
        ),
    ];
    for body in cases {
        let (status, code, logged, problem) = refusal(playground.json("/v1/encrypt", &body)).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"), "{body}");
        assert!(logged, "{body}");
        assert!(problem["detail"].is_string(), "{body}");
        assert!(problem["request_id"].as_str().unwrap().starts_with("req_"));
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_types_routes_and_methods_are_closed_lists() {
    let playground = Playground::start().await;
    let body = r#"{"key_context":{"org":"acme"},"plaintext":""}"#;
    for kind in ["text/plain", "application/cbor", "application/jsonp"] {
        let request = playground
            .post("/v1/encrypt")
            .header(CONTENT_TYPE, kind)
            .body(body);
        let (status, code, logged, _) = refusal(request).await;
        assert_eq!(
            (status, code.as_str(), logged),
            (415, "unsupported_media_type", true)
        );
    }
    let (status, code, logged, _) = refusal(playground.ask(Method::GET, "/v1/nothing")).await;
    assert_eq!((status, code.as_str(), logged), (404, "not_found", true));
    let (status, code, logged, _) = refusal(playground.ask(Method::GET, "/v1/encrypt")).await;
    assert_eq!(
        (status, code.as_str(), logged),
        (405, "method_not_allowed", true)
    );
    let (status, code, ..) = refusal(playground.ask(Method::GET, "/v1/clients?limt=1")).await;
    assert_eq!((status, code.as_str()), (400, "invalid_request"));
    let (status, code, ..) = refusal(playground.ask(Method::GET, "/v1/clients/cl_x")).await;
    assert_eq!((status, code.as_str()), (404, "not_found"));
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_learns_only_that() {
    let playground = Playground::start().await;
    let url = format!("{}/v1/encrypt", playground.server.url());
    let bare = || {
        playground
            .http
            .post(&url)
            .header(CONTENT_TYPE, "application/json")
    };
    for request in [
        bare().body("not json"),
        bare().body("{}").bearer_auth("sr_nothing"),
        bare().body("{}").basic_auth("a", Some("b")),
        bare()
            .body("{}")
            .bearer_auth("a")
            .header("authorization", "Bearer b"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert!(!answer.headers().contains_key("strongroom-log-entry"));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "unauthenticated");
        assert_eq!(problem.get("detail"), None);
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_json_or_cbor() {
    let playground = Playground::start().await;
    let items = json!({"items": [
        {"key_context": {"org": "a"}, "plaintext": "aGk="},
        {"key_context": {"org": "b"}, "plaintext": "aGk="},
    ]});
    let answer = playground
        .post("/v1/encrypt/batch")
        .json(&items)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);

    let bytes = |text: &str| ciborium::Value::Bytes(text.as_bytes().to_vec());
    let text = |text: &str| ciborium::Value::Text(text.to_owned());
    let item = ciborium::Value::Map(vec![
        (
            text("key_context"),
            ciborium::Value::Map(vec![(text("org"), text("a"))]),
        ),
        (text("plaintext"), bytes("hi")),
    ]);
    let batch = ciborium::Value::Map(vec![(text("items"), ciborium::Value::Array(vec![item]))]);
    let mut cbor = Vec::new();
    ciborium::into_writer(&batch, &mut cbor).unwrap();
    let send = |body: Vec<u8>| {
        let request = playground.post("/v1/encrypt/batch");
        request.header(CONTENT_TYPE, "application/cbor").body(body)
    };
    let answer = send(cbor.clone()).send().await.unwrap();
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/cbor");
    let answer = answer.bytes().await.unwrap();
    let answer: ciborium::Value = ciborium::from_reader(answer.as_ref()).unwrap();
    let results = answer
        .as_map()
        .unwrap()
        .iter()
        .find(|(key, _)| *key == text("results"));
    let first = results.unwrap().1.as_array().unwrap()[0]
        .as_map()
        .unwrap()
        .clone();
    assert!(
        first
            .iter()
            .any(|(key, value)| *key == text("ciphertext") && value.is_bytes())
    );

    cbor.push(0);
    let (status, code, logged, _) = refusal(send(cbor)).await;
    assert_eq!(
        (status, code.as_str(), logged),
        (400, "invalid_request", true)
    );
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_go_in_and_come_out() {
    let playground = Playground::start().await;
    let plain: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    for length in [0, 1, 16 * 1024, plain.len()] {
        let piece = plain[..length].to_vec();
        let answer = stream_headers(&playground, "/v1/stream/encrypt").body(piece.clone());
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.headers().contains_key("strongroom-log-entry"));
        let sealed = answer.bytes().await.unwrap();
        let answer = stream_headers(&playground, "/v1/stream/decrypt").body(sealed);
        let opened = answer.send().await.unwrap().bytes().await.unwrap();
        assert!(opened == piece, "length {length}");
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_never_ends_cleanly() {
    let playground = Playground::start().await;
    let plain = vec![7_u8; 1_000_000];
    let answer = stream_headers(&playground, "/v1/stream/encrypt").body(plain);
    let sealed = answer.send().await.unwrap().bytes().await.unwrap().to_vec();
    let open = |body: Vec<u8>| {
        stream_headers(&playground, "/v1/stream/decrypt")
            .body(body)
            .send()
    };

    let mut late = sealed.clone();
    let last = late.len() - 1;
    late[last] ^= 1;
    for body in [late, sealed[..sealed.len() - 20_000].to_vec()] {
        let answer = open(body).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.bytes().await.is_err());
    }
    let mut early = sealed.clone();
    early[600] ^= 1;
    assert_eq!(open(early).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        open(sealed[..10].to_vec()).await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        open(b"not ours at all".to_vec()).await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    playground.server.shutdown().await;
}

/// Begins to seal a stream and goes away.
fn go_away(playground: &Playground) {
    let mut connection = TcpStream::connect(playground.server.local_addr()).unwrap();
    let head = format!(
        "POST /v1/stream/encrypt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Strongroom-Key-Context: {}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        playground.info.api_key,
        base64_json(&json!({"org": "acme"}))
    );
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    tokio::task::block_in_place(|| connection.read_exact(&mut answer)).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_leaves_an_entry() {
    let playground = Playground::start().await;
    go_away(&playground);
    let path = "/v1/log/entries?operation=stream.encrypt&outcome=failed";
    // The entry is written once the server has noticed; each look is a request of its own.
    let mut entries = Value::Null;
    for _ in 0..1000 {
        let page = playground.ask(Method::GET, path).send().await.unwrap();
        entries = page.json::<Value>().await.unwrap()["entries"].take();
        if entries
            .as_array()
            .is_some_and(|entries| !entries.is_empty())
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(entries[0]["reason"], "aborted");
    assert!(entries[0]["of"].is_u64());
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_tokens_are_exchanged_or_refused_in_oauths_words() {
    let playground = Playground::start().await;
    let mint = json!({"sub": "alice"});
    let token = playground
        .http
        .post(&playground.info.oidc.token_url)
        .json(&mint);
    let token: Value = token.send().await.unwrap().json().await.unwrap();
    let form = |token: &str| {
        let kind = "urn:ietf:params:oauth:token-type:jwt";
        let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
        let form = format!("grant_type={grant}&subject_token={token}&subject_token_type={kind}");
        let request = playground.post("/v1/oauth/token").body(form);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    };
    let answer = form(token["token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["expires_in"].as_u64().unwrap() <= 900);

    let refused = form("a.b.c").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(refused.headers().contains_key("strongroom-log-entry"));
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"], "invalid_request");
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_be_read() {
    let playground = Playground::start().await;
    let sealed = playground.encrypt(b"x").await;
    let (_, index) = sealed["log_entry"]
        .as_str()
        .unwrap()
        .split_once('/')
        .unwrap();
    let get = |path: String| playground.ask(Method::GET, &path).send();
    for path in [
        "/v1/log/checkpoint".to_owned(),
        format!("/v1/log/proof?index={index}"),
        "/v1/log/entries?operation=encrypt&outcome=allowed&from=2020-01-01T00:00:00Z".to_owned(),
        "/v1/log/key".to_owned(),
        "/v1/log/tile/0/000.p/1".to_owned(),
        "/v1/log/tile/entries/000.p/1".to_owned(),
    ] {
        let answer = get(path.clone()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(!answer.bytes().await.unwrap().is_empty(), "{path}");
    }
    for (path, status) in [
        ("/v1/log/proof", 400),
        ("/v1/log/proof?index=-1", 400),
        ("/v1/log/proof?index=999999", 404),
        ("/v1/log/entries?from=yesterday", 400),
        ("/v1/log/tile/0/1", 404),
        ("/v1/log/tile/0/000", 404),
    ] {
        assert_eq!(
            get(path.to_owned()).await.unwrap().status(),
            status,
            "{path}"
        );
    }
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_describes_itself_to_everyone() {
    let playground = Playground::start().await;
    playground.encrypt(b"x").await;
    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", playground.server.url()))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers: HeaderMap = answer.headers().clone();
        (headers, answer.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.1, "ok\n");
    assert!(get("/readyz").await.1.contains("\"store\":true"));
    assert!(
        get("/metrics")
            .await
            .1
            .contains(r#"route="/v1/encrypt",status="200"} 1"#)
    );
    assert!(get("/openapi.json").await.1.contains("\"openapi\": \"3.1"));
    assert!(
        get("/docs/page.css").await.0[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/css")
    );
    let (headers, page) = get("/docs").await;
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    assert!(page.contains("/v1/encrypt"));
    playground.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surface_that_is_not_switched_on_is_not_there() {
    let playground = Playground::without_surfaces().await;
    for path in ["/vault/v1/kv", "/vault/v1/keys/data-key"] {
        let (status, code, logged, _) = refusal(playground.ask(Method::GET, path)).await;
        assert_eq!((status, code.as_str(), logged), (404, "not_found", true));
    }
    playground.server.shutdown().await;
    let playground = Playground::start().await;
    let answer = playground.ask(Method::GET, "/vault/v1/kv").send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
    let metrics = playground
        .ask(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains(r#"route="/vault/v1/kv",status="200""#));
    playground.server.shutdown().await;
}
