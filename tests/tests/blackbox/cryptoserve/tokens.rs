//! Access tokens and refresh tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, application, encrypt, post, read, refresh, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;

use super::refused;

on_each_database!(
    an_access_token_says_what_its_clients_read,
    a_client_that_never_changes_its_refresh_token_goes_on,
    a_client_that_changes_its_refresh_token_goes_on,
    rotation_ends_former_tokens_at_once,
    revocation_ends_access_tokens_at_once,
    a_refresh_token_opens_nothing,
    a_token_is_verified_for_whoever_asks,
);

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn an_access_token_says_what_its_clients_read(room: Room) {
    let app = application(&room, &["general", "user-pii"]).await;
    let claims = claims(&app.access);
    let (iat, exp) = (
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert_eq!(exp - iat, 3600);
    assert_eq!(claims["sub"], app.id);
    assert_eq!(claims["aud"], "cryptoserve-api");
    assert_eq!(
        (&claims["type"], &claims["name"]),
        (&json!("access"), &json!("app"))
    );
    assert_eq!(
        (&claims["team"], &claims["env"]),
        (&json!("default"), &json!("development"))
    );
    assert_eq!(claims["contexts"], json!(["general", "user-pii"]));
    // What it says is not what decides: the row does.
    let path = format!("/api/v1/applications/{}", app.id);
    let less = json!({"allowed_contexts": ["general"]});
    Reply::of(room.request(Method::PATCH, &path).json(&less)).await;
    refused(&encrypt(&room, &app.access, "user-pii", "x").await, 403);
    let mut parts: Vec<String> = app.access.split('.').map(str::to_owned).collect();
    let mut forged = claims.clone();
    forged["strongroom"]["generation"] = json!(2);
    parts[1] = URL_SAFE_NO_PAD.encode(forged.to_string());
    refused(&encrypt(&room, &parts.join("."), "general", "x").await, 401);
}

async fn a_client_that_never_changes_its_refresh_token_goes_on(room: Room) {
    let app = application(&room, &["general"]).await;
    for _ in 0..12 {
        let renewed = refresh(&room, &app.refresh).await;
        assert_eq!(renewed.status, 200, "{renewed:?}");
        assert_eq!(renewed.text("token_type"), "Bearer");
        let access = renewed.text("access_token");
        assert_eq!(encrypt(&room, &access, "general", "x").await.status, 200);
    }
}

async fn a_client_that_changes_its_refresh_token_goes_on(room: Room) {
    let app = application(&room, &["general"]).await;
    let mut token = app.refresh.clone();
    for _ in 0..12 {
        let request = room.anonymous(Method::POST, "/api/v1/auth/refresh");
        let renewed = Reply::of(request.json(&json!({ "refresh_token": token }))).await;
        assert_eq!(renewed.status, 200, "{renewed:?}");
        let next = renewed.text("refresh_token");
        assert_ne!(next, token);
        token = next;
    }
    // What was spent a few uses ago is not known any more.
    refused(&refresh(&room, &app.refresh).await, 401);
}

async fn rotation_ends_former_tokens_at_once(room: Room) {
    let app = application(&room, &["general"]).await;
    let path = format!("/api/v1/applications/{}/tokens/rotate", app.id);
    let rotated = post(&room, &path, &room.api_key, &json!({})).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
    refused(&refresh(&room, &app.refresh).await, 401);
    let renewed = refresh(&room, &rotated.text("refresh_token")).await;
    let access = renewed.text("access_token");
    assert_eq!(encrypt(&room, &access, "general", "x").await.status, 200);
}

async fn revocation_ends_access_tokens_at_once(room: Room) {
    let app = application(&room, &["general"]).await;
    assert_eq!(
        encrypt(&room, &app.access, "general", "x").await.status,
        200
    );
    let path = format!("/api/v1/applications/{}/tokens/revoke", app.id);
    assert_eq!(
        post(&room, &path, &room.api_key, &json!({})).await.status,
        204
    );
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
    refused(&refresh(&room, &app.refresh).await, 401);
    let path = format!("/api/v1/applications/{}/tokens", app.id);
    assert_eq!(read(&room, &path, &room.api_key).await.json(), json!([]));
    // The user may register it again.
    let again = Application::of(&register(&room, &room.api_key, "app", &[]).await);
    assert_eq!(again.id, app.id);
    assert_eq!(
        encrypt(&room, &again.access, "general", "x").await.status,
        200
    );
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
}

async fn a_refresh_token_opens_nothing(room: Room) {
    let app = application(&room, &["general"]).await;
    let as_api_key = app.refresh.replace("srr_", "sr_");
    for bearer in [&app.refresh, &as_api_key] {
        refused(&encrypt(&room, bearer, "general", "x").await, 401);
        refused(&read(&room, "/api/v1/applications", bearer).await, 401);
    }
    let last = app.refresh.chars().last().unwrap();
    let other = if last == '0' { 'g' } else { '0' };
    let mut altered = app.refresh.clone();
    altered.pop();
    altered.push(other);
    for token in [altered.as_str(), "", "srr_", &app.access, &room.api_key] {
        refused(&refresh(&room, token).await, 401);
    }
}

async fn a_token_is_verified_for_whoever_asks(room: Room) {
    let app = application(&room, &["general"]).await;
    let verify = async |token: &str| {
        let request = room.anonymous(Method::POST, "/api/v1/auth/verify");
        Reply::of(request.json(&json!({ "access_token": token })))
            .await
            .json()
    };
    let valid = verify(&app.access).await;
    assert_eq!(
        (&valid["valid"], &valid["app_id"]),
        (&json!(true), &json!(app.id))
    );
    assert_eq!(valid["contexts"], json!(["general"]));
    for token in ["", "a.b.c", &app.refresh, &room.api_key] {
        let refused = verify(token).await;
        assert_eq!(
            (&refused["valid"], &refused["app_id"]),
            (&json!(false), &Value::Null)
        );
    }
}
