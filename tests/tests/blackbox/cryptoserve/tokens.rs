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
    each_application_has_a_key_and_its_tokens_name_it,
    no_part_of_another_applications_token_is_taken,
    a_token_of_another_tenants_application_is_refused,
    a_client_that_never_changes_its_refresh_token_goes_on,
    a_client_that_changes_its_refresh_token_goes_on,
    rotation_ends_former_tokens_at_once,
    revocation_ends_access_tokens_at_once,
    a_refresh_token_opens_nothing,
    a_token_is_verified_for_whoever_asks,
);

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    part(token, 0)
}

fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The same token with another header or other claims.
fn forged(token: &str, number: usize, part: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[number] = URL_SAFE_NO_PAD.encode(part.to_string());
    parts.join(".")
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
    assert_eq!(claims["iss"], "cryptoserve");
    assert_eq!(header(&app.access)["alg"], "EdDSA");
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
    let mut more = claims.clone();
    more["exp"] = json!(exp + 3600);
    let token = forged(&app.access, 1, &more);
    refused(&encrypt(&room, &token, "general", "x").await, 401);
}

async fn each_application_has_a_key_and_its_tokens_name_it(room: Room) {
    let one = application(&room, &["general"]).await;
    let other = Application::of(&register(&room, &room.api_key, "other", &["general"]).await);
    let kid = |token: &str| header(token)["kid"].as_str().unwrap().to_owned();
    assert_eq!(header(&one.access)["typ"], "application+jwt");
    assert_eq!(kid(&one.access), format!("{}.1", one.id));
    assert_eq!(kid(&other.access), format!("{}.1", other.id));
    // Refreshing keeps the key, and rotation ends it with all that it signed.
    let renewed = refresh(&room, &one.refresh).await.text("access_token");
    assert_eq!(kid(&renewed), kid(&one.access));
    let path = format!("/api/v1/applications/{}/tokens/rotate", one.id);
    let rotated = post(&room, &path, &room.api_key, &json!({})).await;
    for token in [&one.access, &renewed] {
        refused(&encrypt(&room, token, "general", "x").await, 401);
    }
    let next = refresh(&room, &rotated.text("refresh_token")).await;
    let next = next.text("access_token");
    assert_eq!(kid(&next), format!("{}.2", one.id));
    assert_eq!(encrypt(&room, &next, "general", "x").await.status, 200);
    // An old token under the name of the new key is of no key.
    let renamed = forged(&one.access, 0, &header(&next));
    refused(&encrypt(&room, &renamed, "general", "x").await, 401);
    // The other application's key is its own.
    let fine = encrypt(&room, &other.access, "general", "x").await;
    assert_eq!(fine.status, 200);
}

async fn no_part_of_another_applications_token_is_taken(room: Room) {
    let one = application(&room, &["general"]).await;
    let other = Application::of(&register(&room, &room.api_key, "other", &["general"]).await);
    let parts = |token: &str| -> Vec<String> { token.split('.').map(str::to_owned).collect() };
    let (one, other) = (parts(&one.access), parts(&other.access));
    for mix in 1..7_usize {
        let pick = |at: usize| {
            if mix >> at & 1 == 1 {
                &other[at]
            } else {
                &one[at]
            }
        };
        let token = [pick(0).as_str(), pick(1), pick(2)].join(".");
        refused(&encrypt(&room, &token, "general", "x").await, 401);
    }
    for whole in [one.join("."), other.join(".")] {
        assert_eq!(encrypt(&room, &whole, "general", "x").await.status, 200);
    }
}

async fn a_token_of_another_tenants_application_is_refused(room: Room) {
    let app = application(&room, &["general"]).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let theirs = application(&other, &["general"]).await;
    // Its own row says which tenant it is of; a claim of another is of no row that signed it.
    for (field, of) in [("ws", json!(other.workspace)), ("client", json!(theirs.id))] {
        let mut moved = claims(&app.access);
        moved["strongroom"][field] = of;
        let token = forged(&app.access, 1, &moved);
        refused(&encrypt(&other, &token, "general", "x").await, 401);
    }
    let mut moved = claims(&app.access);
    moved["strongroom"] = claims(&theirs.access)["strongroom"].clone();
    let token = forged(&app.access, 1, &moved);
    let token = forged(&token, 0, &header(&theirs.access));
    refused(&encrypt(&other, &token, "general", "x").await, 401);
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
    assert!(valid["expires_at"].is_string());
    let fresh = refresh(&room, &app.refresh).await;
    let valid = verify(&fresh.text("access_token")).await;
    assert_eq!(valid["expires_at"], fresh.json()["expires_at"]);
    for token in ["", "a.b.c", &app.refresh, &room.api_key] {
        let refused = verify(token).await;
        assert_eq!(
            (&refused["valid"], &refused["app_id"]),
            (&json!(false), &Value::Null)
        );
        assert_eq!(refused["expires_at"], Value::Null);
    }
}
