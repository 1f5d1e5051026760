//! Policies: rules in CEL that every use of a context must satisfy.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, application, call, declare, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
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
    each_policy_that_is_shipped_fails_and_passes_by_evaluate,
    a_policy_of_another_tenant_says_nothing,
    a_batch_names_the_policies_that_decided,
    the_entry_of_a_refusal_names_what_decided,
    metadata_of_a_policy_is_kept,
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
    // In the words of a single request.
    assert_eq!(batch.json()["results"][0]["error"], json!(detail));
    let entry = room.entry(batch.entry().unwrap()).await;
    assert_eq!(entry.outcome, Outcome::Denied);
    assert_eq!(entry.facts["guards"], "strong-keys");
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

/// What `evaluate` is asked: nothing is said of the data, and the suite is a strong one.
fn plain() -> Value {
    json!({"algorithm": "AES-256-GCM", "context_name": "notes"})
}

async fn each_policy_that_is_shipped_fails_and_passes_by_evaluate(room: Room) {
    let shipped = read(&room, "/api/policies/defaults", &room.api_key).await;
    let shipped = shipped.json();
    let mut names: Vec<_> = shipped.as_array().unwrap().iter().collect();
    for policy in &names {
        keep(&room, (*policy).clone()).await;
    }
    let failing = async |changed: &Value| {
        let mut body = plain();
        for (field, value) in changed.as_object().unwrap() {
            body[field] = value.clone();
        }
        let said = post(&room, "/api/policies/evaluate", &room.api_key, &body).await;
        assert_eq!(said.status, 200, "{said:?}");
        let results = said.json()["results"].as_array().unwrap().clone();
        assert_eq!(results.len(), 7);
        let failed = results.into_iter().filter(|one| one["passed"] == false);
        let names = failed.map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    for (name, fails, passes) in [
        (
            "critical-data-256-bits",
            json!({"algorithm": "AES-128-GCM", "sensitivity": "critical"}),
            json!({"sensitivity": "critical"}),
        ),
        (
            "no-legacy-algorithms",
            json!({"algorithm": "3des"}),
            json!({"algorithm": "AES-128-GCM"}),
        ),
        (
            "no-pii-in-general",
            json!({"context_name": "general", "pii": true}),
            json!({"context_name": "user-pii", "pii": true}),
        ),
        (
            "long-lived-data-quantum-safe",
            json!({"algorithm": "AES-128-GCM", "protection_lifetime_years": 11}),
            json!({"algorithm": "AES-128-GCM", "protection_lifetime_years": 10}),
        ),
        (
            "high-frequency-hardware",
            json!({"algorithm": "ChaCha20-Poly1305", "frequency": "extreme"}),
            json!({"algorithm": "ChaCha20-Poly1305", "frequency": "medium"}),
        ),
        (
            "hipaa-256-bits-full-audit",
            json!({"algorithm": "AES-128-GCM", "frameworks": ["HIPAA"]}),
            json!({"frameworks": ["HIPAA"]}),
        ),
        (
            "pci-256-bits",
            json!({"algorithm": "AES-128-GCM", "pci": true}),
            json!({"pci": true}),
        ),
    ] {
        assert_eq!(failing(&fails).await, [name], "{fails}");
        assert!(failing(&passes).await.is_empty(), "{passes}");
        names.retain(|policy| policy["name"] != name);
    }
    assert!(names.is_empty(), "{names:?} were not tried");
    // What seals nothing here has no bits.
    let other = json!({"algorithm": "Camellia-256", "pci": true});
    assert_eq!(failing(&other).await, ["pci-256-bits"]);
    evaluate_reads_a_team(&room).await;
}

async fn evaluate_reads_a_team(room: &Room) {
    let policy = json!({"name": "one-team", "rule": "identity.team == 'payments'"});
    keep(room, policy).await;
    for (team, allowed) in [("payments", true), ("other", false)] {
        let mut body = plain();
        body["team"] = json!(team);
        let said = post(room, "/api/policies/evaluate", &room.api_key, &body).await;
        assert_eq!(said.json()["allowed"], json!(allowed), "{team}: {said:?}");
    }
    for (field, wrong) in [
        ("algorithm", json!("")),
        ("algorithm", json!("x".repeat(101))),
        ("team", json!("x".repeat(101))),
        ("frequency", json!("sometimes")),
        ("frameworks", json!(["x".repeat(17 << 10)])),
    ] {
        let mut body = plain();
        body[field] = wrong;
        let said = post(room, "/api/policies/evaluate", &room.api_key, &body).await;
        refused(&said, 422);
    }
}

async fn a_policy_of_another_tenant_says_nothing(room: Room) {
    let app = application(&room, &["general"]).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    keep(&other, json!({"name": "nothing", "rule": "false"})).await;
    app.seal(&room, "general", "x").await;
    let listed = read(&room, "/api/policies", &room.api_key).await;
    assert_eq!(listed.json(), json!([]));
}

async fn seal_in(room: &Room, app: &Application, context: &str, suite: Value) -> Reply {
    let body = json!({"plaintext": "eA==", "context": context, "algorithm_override": suite});
    post(room, "/api/v1/crypto/encrypt", &app.access, &body).await
}

async fn a_batch_names_the_policies_that_decided(room: Room) {
    let app = application(&room, &["general"]).await;
    let mut items = Vec::new();
    for (id, suite) in [
        ("chacha", json!({"cipher": "ChaCha20"})),
        (
            "gcm",
            json!({"cipher": "AES", "mode": "gcm", "key_bits": 256}),
        ),
        (
            "siv",
            json!({"cipher": "AES", "mode": "gcm-siv", "key_bits": 256}),
        ),
        (
            "gcm-again",
            json!({"cipher": "AES", "mode": "gcm", "key_bits": 256}),
        ),
    ] {
        let sealed = seal_in(&room, &app, "general", suite).await.json();
        items.push(json!({"id": id, "ciphertext": sealed["ciphertext"]}));
    }
    for (name, mode) in [("no-plain-gcm", "gcm"), ("no-stream", "poly1305")] {
        let rule = format!("operation != 'decrypt' || algorithm.mode != '{mode}'");
        let policy = json!({"name": name, "rule": rule, "message": format!("not {mode}")});
        keep(&room, policy).await;
    }
    let body = json!({"context": "general", "items": items});
    let batch = post(&room, "/api/v1/crypto/batch/decrypt", &app.access, &body).await;
    let answer = batch.json();
    assert_eq!(
        (&answer["successful"], &answer["failed"]),
        (&json!(1), &json!(3))
    );
    let error = |position: usize| answer["results"][position]["error"].to_string();
    assert!(error(0).contains("no-stream") && error(0).contains("not poly1305"));
    assert!(error(1).contains("no-plain-gcm") && error(3).contains("no-plain-gcm"));
    assert_eq!(answer["results"][2]["plaintext"], "eA==");
    // Each name once, in order, whatever the order of the items.
    let entry = room.entry(batch.entry().unwrap()).await;
    assert_eq!(entry.outcome, Outcome::Allowed);
    assert_eq!(entry.facts["guards"], "no-plain-gcm no-stream");
    // What is refused for another reason names none.
    let body = json!({"context": "general", "items": [{"id": "1", "ciphertext": "eA=="}]});
    let batch = post(&room, "/api/v1/crypto/batch/decrypt", &app.access, &body).await;
    assert_eq!(batch.json()["results"][0]["error"], super::NOT_OPENED);
    let entry = room.entry(batch.entry().unwrap()).await;
    assert!(!entry.facts.contains_key("guards"));
}

async fn the_entry_of_a_refusal_names_what_decided(room: Room) {
    let app = application(&room, &["general"]).await;
    let sealed = app.seal(&room, "general", "x").await;
    keep(
        &room,
        json!({"name": "seal-only", "rule": "operation == 'encrypt'"}),
    )
    .await;
    let reply = decrypt(&room, &app.access, "general", &sealed).await;
    refused(&reply, 403);
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(entry.reason, Some(Reason::PolicyDenied));
    assert_eq!(entry.facts["guard"], "seal-only");
    // A context's own policy as well.
    let critical = json!({"data_identity": {"sensitivity": "critical"}});
    assert_eq!(declare(&room, "cards", critical).await.status, 201);
    let other = Application::of(&register(&room, &room.api_key, "cards", &["cards"]).await);
    let weak = json!({"cipher": "AES", "mode": "gcm", "key_bits": 128});
    let reply = seal_in(&room, &other, "cards", weak.clone()).await;
    assert!(refused(&reply, 403).contains("algorithm_policy"));
    let entry = room.entry(reply.entry().unwrap()).await;
    assert_eq!(entry.facts["guard"], "algorithm_policy");
    let body = json!({"context": "cards", "algorithm_override": weak,
        "items": [{"id": "1", "plaintext": "eA=="}]});
    let batch = post(&room, "/api/v1/crypto/batch/encrypt", &other.access, &body).await;
    let error = batch.json()["results"][0]["error"].to_string();
    assert!(error.contains("algorithm_policy"), "{error}");
    let entry = room.entry(batch.entry().unwrap()).await;
    assert_eq!(entry.facts["guards"], "algorithm_policy");
}

async fn metadata_of_a_policy_is_kept(room: Room) {
    let metadata = json!({"ticket": "SEC-7", "weight": 1.5, "tags": ["pci"]});
    let policy = json!({"name": "noted", "rule": "true", "policy_metadata": metadata});
    keep(&room, policy).await;
    keep(
        &room,
        json!({"name": "plain", "rule": "true", "policy_metadata": null}),
    )
    .await;
    let of = async |name: &str| {
        let found = read(&room, &format!("/api/policies/{name}"), &room.api_key).await;
        found.json()["policy_metadata"].clone()
    };
    assert_eq!(of("noted").await, metadata);
    assert_eq!(of("plain").await, json!({}));
    let long = json!({"name": "long", "rule": "true", "policy_metadata": {"x": "y".repeat(4096)}});
    let reply = post(&room, "/api/policies", &room.api_key, &long).await;
    assert!(
        refused(&reply, 422).contains("policy_metadata"),
        "{reply:?}"
    );
}
