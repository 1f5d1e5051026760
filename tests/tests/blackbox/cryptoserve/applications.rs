//! Applications: registered again, administered by whom they belong to.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    ADMIN, Application, DEVELOPER, application, call, declare_all, encrypt, post, read, register,
    user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_tests::server::REGISTRATIONS;
use strongroom_types::{Outcome, Reason};

use super::refused;

on_each_database!(
    an_application_registered_again_gets_new_tokens,
    of_registrations_at_once_one_makes_the_application,
    names_are_a_users_own,
    users_give_only_what_they_may,
    an_application_belongs_to_its_user,
    an_application_is_changed_suspended_and_removed,
    who_registered_an_application_does_not_undo_an_administrator,
    nobody_gets_tokens_for_what_it_may_not_open,
);

async fn an_application_registered_again_gets_new_tokens(room: Room) {
    declare_all(&room, &["general", "user-pii"]).await;
    let first = register(&room, &room.api_key, "app", &["general"]).await;
    assert_eq!(first.json()["is_new"], true);
    let again = register(&room, &room.api_key, "app", &["user-pii"]).await;
    let body = again.json();
    assert_eq!(
        (&body["is_new"], &body["app_id"]),
        (&json!(false), &first.json()["app_id"])
    );
    assert_eq!(body["contexts"], json!(["general", "user-pii"]));
    for app in [&first, &again] {
        let app = Application::of(app);
        assert_eq!(
            encrypt(&room, &app.access, "user-pii", "x").await.status,
            200
        );
    }
    assert_ne!(first.text("refresh_token"), again.text("refresh_token"));
    let path = format!("/api/v1/applications/{}/tokens", first.text("app_id"));
    let tokens = read(&room, &path, &room.api_key).await.json();
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    // By the other way an application that there is is a conflict.
    let body = json!({"name": "app", "team": "default", "environment": "development",
        "allowed_contexts": ["general"]});
    refused(
        &post(&room, "/api/v1/applications", &room.api_key, &body).await,
        409,
    );
}

async fn of_registrations_at_once_one_makes_the_application(room: Room) {
    declare_all(&room, &["general"]).await;
    let one = || register(&room, &room.api_key, "app", &["general"]);
    let made: [_; 6] = tokio::join!(one(), one(), one(), one(), one(), one()).into();
    let new = made.iter().filter(|reply| reply.json()["is_new"] == true);
    assert_eq!(new.count(), 1, "{made:?}");
    let first = made[0].text("app_id");
    for reply in &made {
        let app = Application::of(reply);
        assert_eq!(app.id, first);
        let sealed = encrypt(&room, &app.access, "general", "x").await;
        assert_eq!(sealed.status, 200);
    }
    let listed = read(&room, "/api/v1/applications", &room.api_key).await;
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    // By the other way one is made, and the others are told of a conflict.
    let body = json!({"name": "other", "team": "default", "environment": "development",
        "allowed_contexts": ["general"]});
    let one = || post(&room, "/api/v1/applications", &room.api_key, &body);
    let (a, b, c) = tokio::join!(one(), one(), one());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

async fn who_registers_too_often_waits(database: Database) {
    if !database.is_tested() {
        return;
    }
    let server = database.start_changed(|command| {
        command.env(REGISTRATIONS, "3");
    });
    let room = Room::open(Arc::new(server)).await;
    declare_all(&room, &["general"]).await;
    let often = user(&room, &DEVELOPER, &[]).await;
    for _ in 0..3 {
        let reply = register(&room, &often, "app", &["general"]).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let reply = register(&room, &often, "app", &["general"]).await;
    assert_eq!(reply.status, 429, "{reply:?}");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(
        (entry.outcome, entry.reason),
        (Outcome::Denied, Some(Reason::RateLimited))
    );
    // Nobody else waits for it.
    let reply = register(&room, &room.api_key, "app", &["general"]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn who_registers_too_often_waits_on_sqlite() {
    who_registers_too_often_waits(Database::Sqlite).await;
}

#[tokio::test]
async fn who_registers_too_often_waits_on_postgres() {
    who_registers_too_often_waits(Database::Postgres).await;
}

async fn names_are_a_users_own(room: Room) {
    declare_all(&room, &["general"]).await;
    let other = user(&room, &DEVELOPER, &[]).await;
    let mine = register(&room, &room.api_key, "app", &["general"]).await;
    let theirs = register(&room, &other, "app", &["general"]).await;
    assert_eq!(theirs.json()["is_new"], true);
    assert_ne!(mine.text("app_id"), theirs.text("app_id"));
    let body = json!({"app_name": "app", "environment": "production", "contexts": ["general"]});
    let path = "/api/v1/applications/sdk/register";
    let elsewhere = post(&room, path, &other, &body).await;
    assert_eq!(elsewhere.json()["is_new"], true);
    let listed = read(&room, "/api/v1/applications?name=app", &other)
        .await
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    let none = read(&room, "/api/v1/applications?name=other", &other).await;
    assert_eq!(none.json(), json!([]));
}

async fn users_give_only_what_they_may(room: Room) {
    declare_all(&room, &["general", "payment-data"]).await;
    let some = user(&room, &DEVELOPER, &["general"]).await;
    refused(&register(&room, &some, "app", &["payment-data"]).await, 403);
    refused(&register(&room, &some, "app", &["unheard-of"]).await, 400);
    let app = Application::of(&register(&room, &some, "app", &["general"]).await);
    let path = format!("/api/v1/applications/{}", app.id);
    let more = json!({"allowed_contexts": ["general", "payment-data"]});
    refused(
        &call(&room, (Method::PATCH, &path), &some, &more).await,
        403,
    );
    // Who may not open gives nobody else the right to.
    let sealer: Vec<_> = DEVELOPER
        .into_iter()
        .filter(|one| one.name() != "decrypt")
        .collect();
    let sealer = user(&room, &sealer, &[]).await;
    refused(&register(&room, &sealer, "app", &["general"]).await, 403);
    // What an administrator gave beside is lost when the user registers it again.
    let given = call(&room, (Method::PATCH, &path), &room.api_key, &more).await;
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(
        encrypt(&room, &app.access, "payment-data", "x")
            .await
            .status,
        200
    );
    let again = register(&room, &some, "app", &["general"]).await;
    assert_eq!(again.json()["contexts"], json!(["general"]));
    refused(&encrypt(&room, &app.access, "payment-data", "x").await, 403);
}

async fn an_application_belongs_to_its_user(room: Room) {
    let app = application(&room, &["general"]).await;
    let other = user(&room, &DEVELOPER, &[]).await;
    let path = format!("/api/v1/applications/{}", app.id);
    let (rotate, revoke) = (
        format!("{path}/tokens/rotate"),
        format!("{path}/tokens/revoke"),
    );
    let remove = format!("{path}?confirm=app");
    let body = json!({"team": "theirs"});
    for (method, path) in [
        (Method::PATCH, &path),
        (Method::POST, &rotate),
        (Method::POST, &revoke),
        (Method::DELETE, &remove),
    ] {
        refused(&call(&room, (method, path), &other, &body).await, 403);
    }
    let admin = user(&room, &ADMIN, &[]).await;
    let changed = call(&room, (Method::PATCH, &path), &admin, &body).await;
    assert_eq!(changed.json()["team"], "theirs");
    let elsewhere = Room::open(Arc::clone(&room.server)).await;
    refused(&read(&room, &path, &elsewhere.api_key).await, 404);
    refused(
        &call(&room, (Method::PATCH, &path), &elsewhere.api_key, &body).await,
        404,
    );
    // A client that is no application is none.
    let (_, client) = room.make_client(&DEVELOPER, &[&[]]).await;
    let path = format!("/api/v1/applications/{}", client.client.id);
    refused(&read(&room, &path, &room.api_key).await, 404);
    refused(
        &read(&room, "/api/v1/applications/unheard-of", &room.api_key).await,
        404,
    );
}

async fn an_application_is_changed_suspended_and_removed(room: Room) {
    let app = application(&room, &["general"]).await;
    let path = format!("/api/v1/applications/{}", app.id);
    let patch = async |body: Value| call(&room, (Method::PATCH, &path), &room.api_key, &body).await;
    let suspended = patch(json!({"is_active": false})).await;
    assert_eq!(suspended.json()["status"], "suspended");
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
    refused(
        &register(&room, &room.api_key, "app", &["general"]).await,
        409,
    );
    patch(json!({"is_active": true})).await;
    assert_eq!(
        encrypt(&room, &app.access, "general", "x").await.status,
        200
    );
    patch(json!({"allowed_contexts": []})).await;
    refused(&encrypt(&room, &app.access, "general", "x").await, 403);
    refused(&patch(json!({"name": "other"})).await, 422);
    let remove = async |query: &str| {
        let request = room.request(Method::DELETE, &format!("{path}{query}"));
        Reply::of(request).await
    };
    for unconfirmed in ["", "?confirm=true"] {
        refused(&remove(unconfirmed).await, 422);
    }
    assert_eq!(remove("?confirm=app").await.status, 204);
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
    refused(&read(&room, &path, &room.api_key).await, 404);
    let again = register(&room, &room.api_key, "app", &["general"]).await;
    assert_eq!(again.json()["is_new"], true);
    assert_ne!(again.text("app_id"), app.id);
}

async fn nobody_gets_tokens_for_what_it_may_not_open(room: Room) {
    let app = application(&room, &["general", "payment-data"]).await;
    let path = format!("/api/v1/applications/{}", app.id);
    let rotate = format!("{path}/tokens/rotate");
    let some = user(&room, &ADMIN, &["general"]).await;
    let sealer: Vec<_> = ADMIN
        .into_iter()
        .filter(|one| one.name() != "decrypt")
        .collect();
    let sealer = user(&room, &sealer, &[]).await;
    let contexts = json!({"allowed_contexts": ["general"]});
    for session in [&some, &sealer] {
        refused(&post(&room, &rotate, session, &json!({})).await, 403);
    }
    let changed = call(&room, (Method::PATCH, &path), &sealer, &contexts).await;
    refused(&changed, 403);
    // To end its tokens it takes no such right.
    let revoke = format!("{path}/tokens/revoke");
    let revoked = post(&room, &revoke, &sealer, &json!({})).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
}

async fn who_registered_an_application_does_not_undo_an_administrator(room: Room) {
    declare_all(&room, &["general"]).await;
    let developer = user(&room, &DEVELOPER, &[]).await;
    let app = Application::of(&register(&room, &developer, "app", &["general"]).await);
    let path = format!("/api/v1/applications/{}", app.id);
    let patch = async |session: &str, active: bool| {
        let body = json!({"is_active": active});
        call(&room, (Method::PATCH, &path), session, &body).await
    };
    let admin = user(&room, &ADMIN, &[]).await;
    assert_eq!(patch(&admin, false).await.status, 200);
    refused(&patch(&developer, true).await, 403);
    refused(&register(&room, &developer, "app", &["general"]).await, 409);
    refused(&encrypt(&room, &app.access, "general", "x").await, 401);
    assert_eq!(patch(&admin, true).await.status, 200);
    assert_eq!(
        encrypt(&room, &app.access, "general", "x").await.status,
        200
    );
    // Nor does an administrator make it more than its registrant could: that is no client's business.
    let request = json!({"permissions": ["log:read"]});
    let client = format!("/v1/clients/{}", app.id);
    let reply = call(&room, (Method::PATCH, &client), &room.api_key, &request).await;
    assert_eq!(reply.status, 400, "{reply:?}");
}
