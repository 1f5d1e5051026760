//! Whoever shows no credential, on every route of the document.

use reqwest::Method;
use serde_json::Value;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

on_each_database!(every_route_of_the_document_asks_for_a_credential);

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
            path: path.clone(),
            method,
        })
    };
    paths.iter().flat_map(of_path).collect()
}

/// A path with something in place of each parameter.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix('{') {
        Some(_) => "1",
        None => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn every_route_of_the_document_asks_for_a_credential(room: Room) {
    let routes = routes();
    let open = routes.iter().filter(|route| route.open);
    let mut open: Vec<_> = open
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    open.sort();
    assert_eq!(open, OPEN);
    for route in routes.iter().filter(|route| !route.open) {
        let method: Method = route.method.to_uppercase().parse().unwrap();
        for credential in ["", "Bearer sr_nobody", "Bearer a.b.c", "Basic YTpi"] {
            let request = room.anonymous(method.clone(), &filled(&route.path));
            let request = match credential {
                "" => request,
                credential => request.header("authorization", credential),
            };
            let request = match method {
                Method::GET | Method::DELETE => request,
                _ => request.json(&serde_json::json!({})),
            };
            let reply = Reply::of(request).await;
            let call = format!("{method} {} {credential}", route.path);
            assert_eq!(reply.status, 401, "{call} {reply:?}");
            assert!(reply.entry().is_none(), "{call}");
        }
    }
}
