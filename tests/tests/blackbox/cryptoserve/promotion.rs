//! Moving applications to other environments, and their expiry.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    ADMIN, Application, DEVELOPER, application, call, declare, encrypt, post, read, register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::Permission;

use super::refused;

on_each_database!(
    readiness_is_counted_from_the_log,
    an_application_that_is_not_ready_stays_where_it_is,
    only_an_owner_promotes_before_the_time,
    an_owner_approves_what_was_looked_at_and_nothing_else,
    an_application_is_promoted_by_its_own_users_alone,
    an_application_can_be_told_to_expire,
);

fn path(app: &Application) -> String {
    format!("/api/v1/applications/{}/promotion", app.id)
}

async fn low(room: &Room) -> Application {
    let config = json!({"data_identity": {"sensitivity": "low"}});
    assert_eq!(declare(room, "internal-logs", config).await.status, 201);
    Application::of(&register(room, &room.api_key, "app", &["internal-logs"]).await)
}

/// What an owner approves of such an application that is asked for with `because`.
fn approval(because: &str) -> Value {
    json!({"target_environment": "production", "contexts": ["internal-logs"],
        "justification": because})
}

const BECAUSE: &str = "because it must be";

async fn look(room: &Room, app: &Application) -> Value {
    let found = read(room, &path(app), &room.api_key).await;
    assert_eq!(found.status, 200, "{found:?}");
    found.json()
}

async fn readiness_is_counted_from_the_log(room: Room) {
    let app = low(&room).await;
    // Another application's uses of the context are not this one's.
    let other = Application::of(&register(&room, &room.api_key, "more", &["internal-logs"]).await);
    for turn in 0..10 {
        let told = look(&room, &app).await;
        let context = &told["contexts"][0];
        assert_eq!(context["current_operations"], turn, "{told}");
        assert_eq!(
            (&context["tier"], &context["required_operations"]),
            (&json!(1), &json!(10))
        );
        app.seal(&room, "internal-logs", "x").await;
        other.seal(&room, "internal-logs", "x").await;
    }
    let told = look(&room, &app).await;
    let context = &told["contexts"][0];
    assert_eq!(
        (&context["operations_met"], &context["days_met"]),
        (&json!(true), &json!(true))
    );
    // An hour has not passed.
    assert_eq!(
        (&context["hours_met"], &told["is_ready"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(told["blocking_contexts"], json!(["internal-logs"]));
}

async fn an_application_that_is_not_ready_stays_where_it_is(room: Room) {
    let app = low(&room).await;
    for target in ["production", "staging", "development"] {
        let body = json!({ "target_environment": target });
        let detail = refused(&post(&room, &path(&app), &room.api_key, &body).await, 400);
        assert!(detail.contains("not ready"), "{detail}");
    }
    let approve = format!("{}/approve", path(&app));
    refused(
        &post(&room, &approve, &room.api_key, &approval(BECAUSE)).await,
        400,
    );
    let described = format!("/api/v1/applications/{}", app.id);
    let described = read(&room, &described, &room.api_key).await;
    assert_eq!(described.text("environment"), "development");
}

async fn only_an_owner_promotes_before_the_time(room: Room) {
    let app = low(&room).await;
    let expedite = format!("{}/expedite", path(&app));
    let short = json!({"priority": "critical", "justification": "now"});
    refused(&post(&room, &expedite, &room.api_key, &short).await, 422);
    let body = json!({"priority": "critical", "justification": "production is down"});
    let asked = post(&room, &expedite, &room.api_key, &body).await.json();
    assert_eq!(asked["status"], "pending");
    let bypassed = asked["thresholds_bypassed"].to_string();
    assert!(bypassed.contains("0 of 10 operations"), "{bypassed}");
    assert_eq!(look(&room, &app).await["awaits_approval"], true);
    let approve = format!("{}/approve", path(&app));
    let admin = user(&room, &ADMIN, &[]).await;
    refused(
        &post(&room, &approve, &admin, &approval("production is down")).await,
        403,
    );
    refused(
        &post(
            &room,
            &approve,
            &app.access,
            &approval("production is down"),
        )
        .await,
        403,
    );
    let owner = [ADMIN.as_slice(), &[Permission::ApprovePromotions]].concat();
    let owner = user(&room, &owner, &[]).await;
    let done = post(&room, &approve, &owner, &approval("production is down")).await;
    assert_eq!(done.text("current_environment"), "production", "{done:?}");
    // Once, and with the tokens that it has.
    refused(
        &post(&room, &approve, &owner, &approval("production is down")).await,
        400,
    );
    let sealed = encrypt(&room, &app.access, "internal-logs", "x").await;
    assert_eq!(sealed.status, 200);
    let described = format!("/api/v1/applications/{}", app.id);
    let described = read(&room, &described, &room.api_key).await;
    assert_eq!(described.text("environment"), "production");
    // Its name is free where it was, and taken where it is.
    let next = Application::of(&register(&room, &room.api_key, "app", &["internal-logs"]).await);
    assert_ne!(next.id, app.id);
    post(
        &room,
        &format!("{}/expedite", path(&next)),
        &room.api_key,
        &body,
    )
    .await;
    let approve = format!("{}/approve", path(&next));
    refused(
        &post(&room, &approve, &owner, &approval("production is down")).await,
        409,
    );
}

async fn an_owner_approves_what_was_looked_at_and_nothing_else(room: Room) {
    let app = low(&room).await;
    assert_eq!(declare(&room, "payment-data", json!({})).await.status, 201);
    let (path, expedite) = (path(&app), format!("{}/expedite", path(&app)));
    let approve = format!("{path}/approve");
    let owner = [ADMIN.as_slice(), &[Permission::ApprovePromotions]].concat();
    let owner = user(&room, &owner, &[]).await;
    let ask_because = async |target: &str, because: &str| {
        let body = json!({"priority": "high", "justification": because,
            "target_environment": target});
        let asked = post(&room, &expedite, &room.api_key, &body).await;
        assert_eq!(asked.status, 200, "{asked:?}");
    };
    let ask = async |target: &str| ask_because(target, BECAUSE).await;
    ask("production").await;
    assert_eq!(look(&room, &app).await["awaited"], approval(BECAUSE));
    // Between the look and the approval it is asked for with another reason, or without one.
    ask_because("production", "because I say so").await;
    refused(
        &post(&room, &approve, &owner, &approval(BECAUSE)).await,
        409,
    );
    ask("production").await;
    for none in [
        json!({"target_environment": "production", "contexts": ["internal-logs"]}),
        json!({"target_environment": "production", "contexts": ["internal-logs"],
            "justification": null}),
    ] {
        refused(&post(&room, &approve, &owner, &none).await, 409);
    }
    // Between the look and the approval it is to go elsewhere.
    ask("production-eu").await;
    refused(
        &post(&room, &approve, &owner, &approval(BECAUSE)).await,
        409,
    );
    // With another context it waits no more; asked for again, it is not what was looked at.
    ask("production").await;
    let more = json!({"allowed_contexts": ["internal-logs", "payment-data"]});
    let application = format!("/api/v1/applications/{}", app.id);
    let changed = call(&room, (Method::PATCH, &application), &room.api_key, &more).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(look(&room, &app).await["awaits_approval"], false);
    refused(
        &post(&room, &approve, &owner, &approval(BECAUSE)).await,
        400,
    );
    ask("production").await;
    refused(
        &post(&room, &approve, &owner, &approval(BECAUSE)).await,
        409,
    );
    let described = read(&room, &application, &room.api_key).await;
    assert_eq!(described.text("environment"), "development");
    // A form of another site is no approval.
    let form = || room.anonymous(Method::POST, &approve);
    let cookie = format!("access_token={owner}");
    let bare = form().header("cookie", &cookie);
    refused(&Reply::of(bare).await, 415);
    let whole = json!({"target_environment": "production",
        "contexts": ["payment-data", "internal-logs"], "justification": BECAUSE});
    let text = form()
        .header("cookie", &cookie)
        .header("content-type", "text/plain");
    refused(&Reply::of(text.body(whole.to_string())).await, 415);
    let done = post(&room, &approve, &owner, &whole).await;
    assert_eq!(done.text("current_environment"), "production", "{done:?}");
}

async fn an_application_is_promoted_by_its_own_users_alone(room: Room) {
    let app = low(&room).await;
    let developer = user(&room, &DEVELOPER, &[]).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let body = json!({"priority": "high", "justification": BECAUSE});
    for (room, bearer, status) in [(&room, &developer, 403), (&other, &other.api_key, 404)] {
        refused(&read(room, &path(&app), bearer).await, status);
        refused(&post(room, &path(&app), bearer, &json!({})).await, status);
        let expedite = format!("{}/expedite", path(&app));
        refused(&post(room, &expedite, bearer, &body).await, status);
    }
}

async fn an_application_can_be_told_to_expire(room: Room) {
    application(&room, &["general"]).await;
    let body = json!({"name": "short", "allowed_contexts": ["general"], "expires_in_days": 1});
    let made = post(&room, "/api/v1/applications", &room.api_key, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert!(made["application"]["expires_at"].is_string(), "{made}");
    let path = format!(
        "/api/v1/applications/{}",
        made["application"]["id"].as_str().unwrap()
    );
    for (days, status) in [(0, 422), (100_000, 422), (30, 200)] {
        let body = json!({ "expires_in_days": days });
        let changed = call(&room, (Method::PATCH, &path), &room.api_key, &body).await;
        assert_eq!(changed.status, status, "{changed:?}");
    }
}
