//! The log, in their words.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, DEVELOPER, application, decrypt, encrypt, read, register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

use super::refused;

on_each_database!(
    the_log_is_found_by_what_is_looked_for,
    pages_of_the_log_follow_each_other,
    numbers_are_those_of_the_log,
    an_export_has_no_formulas,
    the_log_is_for_administrators,
);

async fn logs(room: &Room, path: &str) -> Vec<Value> {
    let found = read(room, path, &room.api_key).await;
    assert_eq!(found.status, 200, "{found:?}");
    found.json()["logs"].as_array().unwrap().clone()
}

/// Two applications, of which one seals and opens, and once asks for what it may not.
async fn used(room: &Room) -> [Application; 2] {
    let app = application(room, &["general", "user-pii"]).await;
    let other = Application::of(&register(room, &room.api_key, "other", &["general"]).await);
    let sealed = app.seal(room, "general", "1").await;
    app.seal(room, "user-pii", "2").await;
    decrypt(room, &app.access, "general", &sealed).await;
    encrypt(room, &other.access, "user-pii", "3").await;
    [app, other]
}

async fn the_log_is_found_by_what_is_looked_for(room: Room) {
    let [app, other] = used(&room).await;
    let path = "/api/admin/audit/global";
    for (query, count) in [
        ("operation=encrypt".to_owned(), 3),
        ("operation=encrypt&success=true".to_owned(), 2),
        ("operation=encrypt&success=false".to_owned(), 1),
        (
            "context=user-pii&operation=encrypt&success=true".to_owned(),
            1,
        ),
        ("context=unheard-of".to_owned(), 0),
        (format!("identity_id={}", app.id), 3),
        (format!("identity_id={}&success=true", other.id), 0),
        ("end_date=2001-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let found = logs(&room, &format!("{path}?{query}")).await;
        assert_eq!(found.len(), count, "{query} {found:?}");
    }
    let denied = logs(&room, &format!("{path}?operation=encrypt&success=false")).await;
    assert_eq!(denied[0]["error_message"], "context_not_allowed");
    assert_eq!(denied[0]["identity_id"], other.id);
    for query in [
        "operation=unheard-of",
        "success=maybe",
        "limit=0",
        "unheard_of=1",
        "context=-",
    ] {
        refused(
            &read(&room, &format!("{path}?{query}"), &room.api_key).await,
            422,
        );
    }
}

async fn pages_of_the_log_follow_each_other(room: Room) {
    used(&room).await;
    let (mut seen, mut page) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/audit?operation=encrypt&limit=1{page}");
        let found = read(&room, &path, &room.api_key).await.json();
        seen.extend(found["logs"].as_array().unwrap().clone());
        match found["next"].as_str() {
            Some(next) => page = format!("&page={next}"),
            None => break,
        }
    }
    let ids: Vec<_> = seen.iter().map(|log| log["id"].as_u64().unwrap()).collect();
    assert!(ids.len() == 3 && ids.is_sorted(), "{ids:?}");
    let path = format!("/api/audit?operation=decrypt{page}");
    refused(&read(&room, &path, &room.api_key).await, 422);
}

async fn numbers_are_those_of_the_log(room: Room) {
    used(&room).await;
    let found = read(&room, "/api/audit/stats", &room.api_key).await.json();
    assert_eq!(found["by_operation"]["encrypt"], 3);
    assert_eq!(found["by_operation"]["application.register"], 2);
    assert_eq!(
        (&found["failed"], &found["next"]),
        (&json!(1), &Value::Null)
    );
    let one = read(&room, "/api/audit/stats?context=general", &room.api_key).await;
    assert_eq!(one.json()["by_operation"]["decrypt"], 1);
}

async fn an_export_has_no_formulas(room: Room) {
    let app = application(&room, &["general"]).await;
    let formula = "=cmd|' /C calc'!A0";
    let request = room.anonymous(Method::POST, "/api/v1/crypto/encrypt");
    let request = request
        .bearer_auth(&app.access)
        .header("user-agent", formula);
    let body = json!({"plaintext": "", "context": "general"});
    assert_eq!(Reply::of(request.json(&body)).await.status, 200);
    let path = "/api/admin/audit/export?operation=encrypt&format=csv";
    let table = read(&room, path, &room.api_key).await;
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let text = String::from_utf8(table.body).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains(&format!("\"'{formula}\"")), "{text}");
    let path = "/api/admin/audit/export?operation=encrypt&format=json";
    let list = read(&room, path, &room.api_key).await.json();
    assert_eq!(list[0]["user_agent"], formula);
    let path = "/api/admin/audit/export?format=xml";
    refused(&read(&room, path, &room.api_key).await, 422);
}

async fn the_log_is_for_administrators(room: Room) {
    let [app, _] = used(&room).await;
    let developer = user(&room, &DEVELOPER, &[]).await;
    for path in ["/api/audit", "/api/audit/stats", "/api/admin/audit/export"] {
        for bearer in [&app.access, &developer] {
            refused(&read(&room, path, bearer).await, 403);
        }
    }
    // Another workspace's log is another one.
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let found = logs(&other, "/api/audit?operation=encrypt").await;
    assert!(found.is_empty(), "{found:?}");
}
