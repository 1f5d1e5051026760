//! Secrets that are kept for a time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{Application, application, post, read, register};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome};

use super::refused;

on_each_database!(
    a_lease_is_kept_renewed_and_revoked_at_once,
    a_lease_is_its_clients_alone,
    every_reading_of_a_lease_is_an_entry,
    a_lease_ends_with_its_context,
);

const CREATE: &str = "/api/v1/secrets/lease/create";

async fn keep(room: &Room, app: &Application) -> Reply {
    let body = json!({"secret": STANDARD.encode("a secret"), "ttl_seconds": 60, "renewable": true});
    let made = post(room, CREATE, &app.access, &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    made
}

async fn get(room: &Room, bearer: &str, id: &str) -> Reply {
    read(room, &format!("/api/v1/secrets/lease/{id}"), bearer).await
}

async fn a_lease_is_kept_renewed_and_revoked_at_once(room: Room) {
    let app = application(&room, &["general", "default"]).await;
    let made = keep(&room, &app).await;
    let id = made.text("lease_id");
    assert_eq!(made.text("context"), "default");
    assert_eq!(made.text("secret"), STANDARD.encode("a secret"));
    let kept = get(&room, &app.access, &id).await;
    assert_eq!(kept.text("secret"), STANDARD.encode("a secret"));
    let body = json!({"lease_id": id, "increment_seconds": 3600});
    let renewed = post(&room, "/api/v1/secrets/lease/renew", &app.access, &body).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    assert!(renewed.text("expires_at") > kept.text("expires_at"));
    assert_eq!(renewed.json().get("secret"), None);
    let body = json!({ "lease_id": id });
    let revoked = post(&room, "/api/v1/secrets/lease/revoke", &app.access, &body).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    refused(&get(&room, &app.access, &id).await, 404);
    for path in ["renew", "revoke"] {
        let path = format!("/api/v1/secrets/lease/{path}");
        refused(&post(&room, &path, &app.access, &body).await, 404);
    }
}

async fn a_lease_is_its_clients_alone(room: Room) {
    let app = application(&room, &["default"]).await;
    let id = keep(&room, &app).await.text("lease_id");
    let neighbour = Application::of(&register(&room, &room.api_key, "other", &["default"]).await);
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let stranger = application(&other, &["default"]).await;
    for bearer in [&neighbour.access, &room.api_key, &stranger.access] {
        let seen = get(&room, bearer, &id).await;
        let none = get(&room, bearer, "lse_00000000000000000000000000").await;
        assert_eq!(refused(&seen, 404), refused(&none, 404));
        let body = json!({ "lease_id": id });
        for path in ["renew", "revoke"] {
            let path = format!("/api/v1/secrets/lease/{path}");
            refused(&post(&room, &path, bearer, &body).await, 404);
        }
        refused(&get(&room, bearer, &format!("{id}/audit")).await, 404);
    }
    assert_eq!(get(&room, &app.access, &id).await.status, 200);
}

async fn every_reading_of_a_lease_is_an_entry(room: Room) {
    let app = application(&room, &["default"]).await;
    let id = keep(&room, &app).await.text("lease_id");
    for _ in 0..2 {
        get(&room, &app.access, &id).await;
    }
    let body = json!({ "lease_id": id });
    post(&room, "/api/v1/secrets/lease/revoke", &app.access, &body).await;
    get(&room, &app.access, &id).await;
    let trail = get(&room, &app.access, &format!("{id}/audit")).await.json();
    let actions: Vec<_> = trail["events"].as_array().unwrap().iter().collect();
    let actions: Vec<_> = actions.iter().map(|event| &event["action"]).collect();
    assert_eq!(json!(actions), json!(["create", "read", "read", "revoke"]));
    assert_eq!(trail["complete"], true);
    let entries = room.entries(EntryFilter::default()).await;
    let reads = |outcome| {
        let of = |entry: &&_| {
            let entry: &strongroom_types::body::EntryView = entry;
            (entry.operation, entry.outcome) == (Operation::LeaseRead, outcome)
        };
        entries.iter().filter(of).count()
    };
    assert_eq!((reads(Outcome::Allowed), reads(Outcome::Denied)), (2, 1));
    assert!(
        !serde_json::to_string(&entries)
            .unwrap()
            .contains("a secret")
    );
}

async fn a_lease_ends_with_its_context(room: Room) {
    let app = application(&room, &["default"]).await;
    let id = keep(&room, &app).await.text("lease_id");
    // The application may no longer use it.
    let path = format!("/api/v1/applications/{}", app.id);
    let none = json!({"allowed_contexts": []});
    let request = room.request(reqwest::Method::PATCH, &path).json(&none);
    assert_eq!(Reply::of(request).await.status, 200);
    refused(&get(&room, &app.access, &id).await, 403);
    let body = json!({"secret": "AAAA"});
    refused(&post(&room, CREATE, &app.access, &body).await, 422);
}
