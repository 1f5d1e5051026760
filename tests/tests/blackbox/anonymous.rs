//! Whoever shows no credential, or may nothing, on every route of the document.

use core::fmt::{self, Display, Formatter};
use core::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::Permission;
use strongroom_types::body::ClientUpdate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

on_each_database!(
    every_route_of_the_document_asks_for_a_credential,
    who_may_nothing_gets_nothing,
    whose_credential_does_not_count_is_not_waited_for,
);

/// The routes that ask for none: the service and its public key, and nothing of a workspace.
const OPEN: &[&str] = &[
    "get /docs",
    "get /docs/page.css",
    "get /health/fips",
    "get /healthz",
    "get /metrics",
    "get /openapi.json",
    "get /readyz",
    "get /v1/log/key",
];

struct Route {
    method: String,
    path: String,
    open: bool,
    /// Whether it has a body: a wrong one is told before a missing permission.
    brings: bool,
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// All that the document has.
fn routes() -> Vec<Route> {
    let document = include_str!("../../../openapi/strongroom.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, route)| Route {
            open: route.get("security").is_none(),
            brings: route.get("requestBody").is_some(),
            path: path.clone(),
            method,
        })
    };
    paths.iter().flat_map(of_path).collect()
}

/// A path with something of the right form in place of each parameter, and with what its query needs.
fn filled(path: &str) -> String {
    let family = path.split('/').nth(2).unwrap_or_default();
    let parts = path.split('/').map(|part| match part {
        "{id}" => id(match family {
            "clients" => "cl_",
            "context-policies" => "pol_",
            "customer-keys" => "ck_",
            "issuers" => "iss_",
            "jobs" => "job_",
            "objects" => "obj_",
            "webhooks" => "whk_",
            "workspaces" => "ws_",
            _ => "ctx_",
        }),
        "{client}" => id("cl_"),
        "{key}" => id("key_"),
        "{keyset}" => "00000000-0000-4000-8000-000000000000".to_owned(),
        "{path}" => "entries/000.p/1".to_owned(),
        "proof" => "proof?index=0".to_owned(),
        "by-name" => "by-name?name=n".to_owned(),
        parameter if parameter.starts_with('{') => "1".to_owned(),
        other => other.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// An id of nothing.
fn id(prefix: &str) -> String {
    let digits = if prefix == "ctx_" { 52 } else { 26 };
    format!("{prefix}{}", "0".repeat(digits))
}

/// A call of the route, with an empty body where there is one.
fn call(room: &Room, route: &Route) -> RequestBuilder {
    let method: Method = route.method.to_uppercase().parse().unwrap();
    let request = room.anonymous(method, &filled(&route.path));
    if route.brings {
        request.json(&json!({}))
    } else {
        request
    }
}

async fn every_route_of_the_document_asks_for_a_credential(room: Room) {
    let (open, closed): (Vec<_>, Vec<_>) = routes().into_iter().partition(|route| route.open);
    let open = open.iter().map(Route::to_string);
    let mut open: Vec<_> = open.collect();
    open.sort();
    assert_eq!(open, OPEN);
    for route in &closed {
        for credential in ["", "Bearer sr_nobody", "Bearer a.b.c", "Basic YTpi"] {
            let request = call(&room, route);
            let request = match credential {
                "" => request,
                credential => request.header("authorization", credential),
            };
            let reply = Reply::of(request).await;
            assert_eq!(reply.status, 401, "{route} {credential} {reply:?}");
            assert!(reply.entry().is_none(), "{route} {credential}");
        }
    }
}

/// A client without a permission is refused by every route, and each refusal is an entry.
async fn who_may_nothing_gets_nothing(room: Room) {
    let (_, created) = room.make_client(&[], &[&[]]).await;
    let key = &created.api_key.secret;
    for route in routes().iter().filter(|route| !route.open) {
        let reply = Reply::of(call(&room, route).bearer_auth(key)).await;
        let refused = match reply.status {
            400 | 415 => route.brings,
            status => status == 403,
        };
        assert!(refused, "{route} {reply:?}");
        assert!(reply.entry().is_some(), "{route} {reply:?}");
    }
}

/// What is answered to the head of a request whose body never comes.
async fn answer_without_body(room: &Room, head: &str, key: &str) -> String {
    let address = room.server.sheet().url.replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request =
        format!("{head}\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 100\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    // Half of what a body is waited for.
    let read = timeout(Duration::from_secs(30), stream.read_exact(&mut status));
    read.await.unwrap().unwrap();
    String::from_utf8(status.to_vec()).unwrap()
}

async fn whose_credential_does_not_count_is_not_waited_for(room: Room) {
    let (_, made) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let suspended = ClientUpdate {
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    let clients = room.client.clients();
    clients.update(made.client.id, &suspended).await.unwrap();
    let suspended = made.api_key.secret.as_str();
    for head in [
        "POST /v1/encrypt HTTP/1.1\r\ncontent-type: application/json",
        "POST /v1/encrypt/batch HTTP/1.1\r\ncontent-type: application/cbor",
        "POST /v1/stream/decrypt HTTP/1.1\r\ncontent-type: application/octet-stream\r\n\
         strongroom-key-context: eyJhIjoiYiJ9",
        "GET /v1/clients HTTP/1.1",
    ] {
        for key in ["sr_nobody", suspended] {
            let answer = answer_without_body(&room, head, key).await;
            assert_eq!(answer, "HTTP/1.1 401", "{head}");
        }
    }
}
