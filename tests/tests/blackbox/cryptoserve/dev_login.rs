//! Logging in where development mode asks for no proof.

use core::str::FromStr as _;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use strongroom_tests::deployment::Deployment;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Database;
use strongroom_tests::server::Server;

use super::refused;

const PATH: &str = "/auth/dev-login";
const CALLBACK: &str = "http://127.0.0.1:9876/callback";

/// Asks as a browser does that follows no redirect.
async fn ask(url: &str, (method, query): (Method, &str), headers: &[(&str, &str)]) -> Reply {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build();
    let mut request = browser
        .unwrap()
        .request(method, format!("{url}{PATH}{query}"));
    for (name, value) in headers {
        let name = HeaderName::from_str(name).unwrap();
        request = request.header(name, HeaderValue::from_str(value).unwrap());
    }
    Reply::of(request).await
}

async fn log_in(server: &Server) -> Reply {
    let query = format!("?cli_callback={CALLBACK}");
    ask(&server.sheet().url, (Method::GET, &query), &[]).await
}

/// The session that a redirect carries, and nothing but that and whose it is.
fn session(reply: &Reply) -> String {
    assert_eq!(reply.status, 302, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert!(reply.header("access-control-allow-origin").is_none());
    assert!(reply.body.is_empty());
    let location = reply.header("location").unwrap();
    let back = location.strip_prefix(CALLBACK).unwrap();
    assert!(back.starts_with("?session=sr_"), "{back}");
    let pairs = Url::parse(location).unwrap();
    let pairs: Vec<_> = pairs.query_pairs().into_owned().collect();
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[1], ("user".to_owned(), "developer@localhost".into()));
    pairs[0].1.clone()
}

async fn get(server: &Server, path: &str, session: &str) -> Value {
    let url = format!("{}{path}", server.sheet().url);
    let request = reqwest::Client::new().get(url).bearer_auth(session);
    let reply = Reply::of(request).await;
    assert_eq!(reply.status, 200, "{path} {reply:?}");
    reply.json()
}

async fn logs_in_on(database: Database) {
    if !database.is_tested() {
        return;
    }
    let server = database.start();
    let first = log_in(&server).await;
    let entry = first.entry().unwrap();
    let first = session(&first);
    let me = get(&server, "/api/users/me", &first).await;
    assert_eq!(
        (&me["role"], &me["email"]),
        (&json!("owner"), &json!("developer@localhost"))
    );
    // The same user again, with a session of its own; the first goes on.
    let second = log_in(&server).await;
    let again = second.entry().unwrap();
    let second = session(&second);
    assert_ne!(first, second);
    assert_eq!(get(&server, "/api/users/me", &second).await, me);
    assert_eq!(get(&server, "/api/users/me", &first).await, me);
    // Each ends by itself, and each is an entry.
    let user = format!("/v1/clients/{}", me["id"].as_str().unwrap());
    let user = get(&server, &user, &first).await;
    let keys = user["api_keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|key| key["expires"].is_string()));
    let log = get(&server, "/v1/log/entries?limit=1000", &first).await;
    for (entry, operation) in [(entry, "invitation.accept"), (again, "user.session")] {
        let entries = log["entries"].as_array().unwrap();
        let found = entries.iter().find(|one| one["index"] == entry.index);
        let found = found.unwrap();
        assert_eq!(
            (&found["operation"], &found["outcome"]),
            (&json!(operation), &json!("allowed"))
        );
    }
    nothing_is_given(&server).await;
    // Two that were begun, the first by the invitation.
    for _ in 0..8 {
        session(&log_in(&server).await);
    }
    let reply = log_in(&server).await;
    refused(&reply, 429);
    assert!(reply.header("location").is_none());
}

/// To other places, to pages of other sites, or to what is no navigation.
async fn nothing_is_given(server: &Server) {
    let url = &server.sheet().url;
    let good = format!("?cli_callback={CALLBACK}");
    let mut asked = vec![
        ((Method::POST, good.clone()), vec![], 405),
        ((Method::HEAD, good.clone()), vec![], 405),
    ];
    for site in ["cross-site", "same-site", "anything"] {
        asked.push((
            (Method::GET, good.clone()),
            vec![("sec-fetch-site", site)],
            400,
        ));
    }
    asked.push(((Method::GET, good), vec![("host", "rebound.example")], 400));
    for query in [
        "",
        "?cli_callback=",
        "?cli_callback=https://evil.example/",
        "?cli_callback=http://evil.example:9876/",
        "?cli_callback=http://127.0.0.1:9876@evil.example/",
        "?cli_callback=http://127.0.0.1:9876/%0d%0aset-cookie:a",
        "?cli_callback=http://127.0.0.1:9876/&cli_callback=http://evil.example/",
        "?cli_callback=http://127.0.0.1:9876/&next=a",
    ] {
        asked.push(((Method::GET, query.to_owned()), vec![], 400));
    }
    for ((method, query), headers, status) in asked {
        let reply = ask(url, (method, &query), &headers).await;
        assert_eq!(reply.status, status, "{query} {headers:?} {reply:?}");
        assert!(reply.header("location").is_none(), "{query} {headers:?}");
    }
}

#[tokio::test]
async fn development_mode_logs_in_to_this_machine_only_on_sqlite() {
    logs_in_on(Database::Sqlite).await;
}

#[tokio::test]
async fn development_mode_logs_in_to_this_machine_only_on_postgres() {
    logs_in_on(Database::Postgres).await;
}

#[tokio::test]
async fn nobody_logs_in_so_outside_development_mode() {
    let deployment = Deployment::new(&[], &[("STRONGROOM_SURFACES", "cryptoserve")]);
    let _administrator = deployment.init();
    let serving = deployment.serve();
    let query = format!("?cli_callback={CALLBACK}");
    let reply = ask(&serving.url, (Method::GET, &query), &[]).await;
    refused(&reply, 404);
    assert!(reply.header("location").is_none());
    let status = format!("{}/auth/status", serving.url);
    let status = Reply::of(reqwest::Client::new().get(status)).await;
    assert_eq!(status.json(), json!({"dev_mode": false, "providers": []}));
}
