//! Policies: rules in CEL that every use of a context must satisfy.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    application, call, declare, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::{Outcome, Reason};

use super::refused;

on_each_database!(
    a_policy_that_blocks_refuses_and_is_named,
    a_policy_is_about_opening_too,
    a_policy_that_warns_says_so,
    a_changed_policy_holds_at_the_next_request,
    a_rule_that_is_not_taken_is_refused_when_it_is_kept,
    what_is_shipped_is_taken_and_tells_of_uses,
    a_policy_of_another_tenant_says_nothing,
);

async fn keep(room: &Room, policy: Value) {
    let kept = post(room, "/api/policies", &room.api_key, &policy).await;
    assert_eq!(kept.status, 201, "{kept:?}");
}

async fn a_policy_that_blocks_refuses_and_is_named(room: Room) {
    let app = application(&room, &["general"]).await;
    let low = json!({"data_identity": {"sensitivity": "low"}});
    assert_eq!(declare(&room, "notes", low).await.status, 201);
    let other = register(&room, &room.api_key, "other", &["notes"]).await;
    let other = other.text("access_token");
    keep(
        &room,
        json!({"name": "strong-keys", "rule": "algorithm.key_bits >= 256", "message": "too short"}),
    )
    .await;
    // The suite that would really seal counts.
    let reply = encrypt(&room, &other, "notes", "x").await;
    let detail = refused(&reply, 403);
    assert!(
        detail.contains("strong-keys") && detail.contains("too short"),
        "{detail}"
    );
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(
        (entry.outcome, entry.reason),
        (Outcome::Denied, Some(Reason::PolicyDenied))
    );
    assert_eq!(entry.facts["guard"], "strong-keys");
    let sealed = encrypt(&room, &app.access, "general", "x").await;
    assert_eq!(sealed.status, 200, "{sealed:?}");
    // In a batch as well, item by item.
    let items = json!({"context": "notes", "items": [{"id": "1", "plaintext": "eA=="}]});
    let batch = post(&room, "/api/v1/crypto/batch/encrypt", &other, &items).await;
    assert_eq!(batch.json()["failed"], 1, "{batch:?}");
}

async fn a_policy_is_about_opening_too(room: Room) {
    let app = application(&room, &["general"]).await;
    let sealed = app.seal(&room, "general", "x").await;
    keep(
        &room,
        json!({"name": "seal-only", "rule": "operation == 'encrypt'", "contexts": ["general"]}),
    )
    .await;
    let reply = decrypt(&room, &app.access, "general", &sealed).await;
    assert!(refused(&reply, 403).contains("seal-only"));
    app.seal(&room, "general", "y").await;
    let path = (Method::DELETE, "/api/policies/seal-only");
    let gone = call(&room, path, &room.api_key, &json!({})).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(
        opened(&decrypt(&room, &app.access, "general", &sealed).await),
        "x"
    );
}

async fn a_policy_that_warns_says_so(room: Room) {
    let app = application(&room, &["general"]).await;
    keep(
        &room,
        json!({"name": "nobody", "rule": "false", "severity": "warn", "message": "think of it"}),
    )
    .await;
    let sealed = encrypt(&room, &app.access, "general", "x").await;
    assert_eq!(sealed.json()["warnings"], json!(["nobody: think of it"]));
}

async fn a_changed_policy_holds_at_the_next_request(room: Room) {
    let app = application(&room, &["general"]).await;
    let policy =
        |rule: &str, enabled: bool| json!({"name": "gate", "rule": rule, "enabled": enabled});
    keep(&room, policy("false", true)).await;
    refused(&encrypt(&room, &app.access, "general", "x").await, 403);
    let path = (Method::PUT, "/api/policies/gate");
    for (changed, status) in [
        (policy("false", false), 200),
        (policy("identity.type == 'application'", true), 200),
        (policy("identity.type == 'user'", true), 403),
    ] {
        let kept = call(&room, path.clone(), &room.api_key, &changed).await;
        assert_eq!(kept.status, 200, "{kept:?}");
        assert_eq!(kept.json()["rule"], changed["rule"]);
        let reply = encrypt(&room, &app.access, "general", "x").await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    let named = read(&room, "/api/policies/gate", &room.api_key).await;
    assert_eq!(named.json()["rule"], "identity.type == 'user'");
    refused(
        &read(&room, "/api/policies/other", &room.api_key).await,
        404,
    );
    let again = post(&room, "/api/policies", &room.api_key, &policy("true", true)).await;
    refused(&again, 409);
    let moved = json!({"name": "other", "rule": "true"});
    refused(&call(&room, path, &room.api_key, &moved).await, 422);
}

async fn a_rule_that_is_not_taken_is_refused_when_it_is_kept(room: Room) {
    for rule in [
        "",
        "1 ==",
        "contxt.pci",
        "algorithm.key_bits == '256'",
        "context.frameworks.all(f, f != 'x')",
        "algorithm.key_bits",
    ] {
        let policy = json!({"name": "wrong", "rule": rule});
        let reply = post(&room, "/api/policies", &room.api_key, &policy).await;
        assert!(refused(&reply, 422).contains("rule"), "{reply:?}");
    }
    // Deep, long, and far too long.
    for rule in [
        format!("{}true{}", "(".repeat(200), ")".repeat(200)),
        vec!["1"; 400].join("+") + " > 0",
        "true || ".repeat(100_000) + "true",
    ] {
        let policy = json!({"name": "wrong", "rule": rule});
        let reply = post(&room, "/api/policies", &room.api_key, &policy).await;
        refused(&reply, 422);
    }
    let huge = json!({"name": "wrong", "rule": "x".repeat(10 << 20)});
    let reply = post(&room, "/api/policies", &room.api_key, &huge).await;
    refused(&reply, 413);
    let listed = read(&room, "/api/policies", &room.api_key).await;
    assert_eq!(listed.json(), json!([]));
}

async fn what_is_shipped_is_taken_and_tells_of_uses(room: Room) {
    let shipped = read(&room, "/api/policies/defaults", &room.api_key)
        .await
        .json();
    let shipped = shipped.as_array().unwrap();
    assert_eq!(shipped.len(), 7);
    for policy in shipped {
        keep(&room, policy.clone()).await;
    }
    let evaluate = async |body: Value| {
        let reply = post(&room, "/api/policies/evaluate", &room.api_key, &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let fine = json!({"algorithm": "AES-256-GCM", "context_name": "payment-data",
        "sensitivity": "critical", "pci": true});
    let said = evaluate(fine).await;
    assert_eq!(
        (&said["allowed"], &said["warning_violations"]),
        (&json!(true), &json!(0))
    );
    for (context, algorithm, said) in [
        (
            "payment-data",
            "AES-128-GCM",
            json!({"sensitivity": "critical"}),
        ),
        ("payment-data", "AES-128-GCM", json!({"pci": true})),
        ("health", "AES-128-GCM", json!({"frameworks": ["HIPAA"]})),
        ("general", "AES-256-GCM", json!({"pii": true})),
    ] {
        let mut body = said.clone();
        body["algorithm"] = json!(algorithm);
        body["context_name"] = json!(context);
        assert_eq!(
            evaluate(body).await["allowed"],
            json!(false),
            "{context} {said}"
        );
    }
    // 256 bits under a key file resist quantum computers, 128 do not.
    let long = |algorithm: &str| json!({"algorithm": algorithm, "context_name": "archive", "protection_lifetime_years": 30});
    let said = evaluate(long("AES-256-GCM")).await;
    assert_eq!(said["warning_violations"], json!(0));
    let said = evaluate(long("AES-128-GCM")).await;
    assert_eq!(
        (&said["allowed"], &said["warning_violations"]),
        (&json!(true), &json!(1))
    );
}

async fn a_policy_of_another_tenant_says_nothing(room: Room) {
    let app = application(&room, &["general"]).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    keep(&other, json!({"name": "nothing", "rule": "false"})).await;
    app.seal(&room, "general", "x").await;
    let listed = read(&room, "/api/policies", &room.api_key).await;
    assert_eq!(listed.json(), json!([]));
}
