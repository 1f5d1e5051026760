//! FIPS mode and contexts that were declared under another one: the suite follows from what is said of the
//! data, and from the mode of now.

use serde_json::{Value, json};
use strongroom_tests::cryptoserve::{
    Application, declare, decrypt, encrypt, opened, post, read, register,
};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room};
use strongroom_types::Reason;

use super::{alone, restart};

alone_on_each_database!(
    a_context_of_before_seals_in_a_suite_that_the_mode_approves,
    a_suite_that_was_asked_for_by_name_is_not_replaced,
    a_context_of_before_can_be_changed,
);

const CHACHA: &str = "ChaCha20-Poly1305";
/// From each of these another suite follows than an approved one.
const SAID: [(&str, &str, &str); 2] = [
    (
        "memory",
        r#"{"data_identity": {"usage_context": "in_use"}}"#,
        CHACHA,
    ),
    (
        "writers",
        r#"{"access_patterns": {"frequency": "extreme"}}"#,
        "AES-256-GCM-SIV",
    ),
];

/// An application for contexts that are declared.
async fn app(room: &Room, contexts: &[&str]) -> Application {
    Application::of(&register(room, &room.api_key, "app", contexts).await)
}

/// Seals, and says in which suite, with what the entry says is not approved.
async fn seal(room: &Room, app: &Application, context: &str) -> (String, Option<String>, String) {
    let sealed = encrypt(room, &app.access, context, "text").await;
    assert_eq!(sealed.status, 200, "{sealed:?}");
    let suite = sealed.json()["algorithm"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    (
        suite,
        unapproved(room, &sealed).await,
        sealed.text("ciphertext"),
    )
}

async fn unapproved(room: &Room, reply: &Reply) -> Option<String> {
    let entry = room.entry(reply.entry().unwrap()).await;
    entry.facts.get("not_approved").cloned()
}

/// What is said of a context's suite, where it is described, listed and asked for.
async fn said(room: &Room, context: &str) -> Vec<Value> {
    let path = format!("/api/contexts/{context}");
    let described = read(room, &path, &room.api_key).await.json();
    let listed = read(room, "/api/contexts", &room.api_key).await.json();
    let listed = listed.as_array().unwrap().iter();
    let listed = listed.clone().find(|one| one["name"] == context).unwrap();
    let path = format!("{path}/resolve");
    let mut resolved = read(room, &path, &room.api_key).await.json();
    assert_eq!(resolved["allowed"], true, "{resolved}");
    let fields = resolved.as_object_mut().unwrap();
    fields.retain(|name, _| name != "allowed" && name != "warnings");
    vec![
        described["derived"].clone(),
        listed["derived"].clone(),
        resolved,
    ]
}

async fn refused(room: &Room, reply: &Reply) {
    assert_eq!(reply.status, 403, "{reply:?}");
    let (_, why) = room.ending(reply.entry().unwrap()).await;
    assert_eq!(why, Some(Reason::NotApproved), "{reply:?}");
}

async fn a_context_of_before_seals_in_a_suite_that_the_mode_approves(mut room: Room) {
    for (name, config, _) in SAID {
        let config = serde_json::from_str(config).unwrap();
        assert_eq!(declare(&room, name, config).await.status, 201);
    }
    let app = app(&room, &SAID.map(|(name, ..)| name)).await;
    let mut old = Vec::new();
    for (name, _, suite) in SAID {
        let (sealed_in, _, ciphertext) = seal(&room, &app, name).await;
        assert_eq!(sealed_in, suite);
        old.push(ciphertext);
    }
    let mut new = Vec::new();
    for mode in ["preferred", "enabled"] {
        restart(&mut room, mode);
        for ((name, _, suite), old) in SAID.iter().zip(&old) {
            let (sealed_in, unapproved_in, ciphertext) = seal(&room, &app, name).await;
            assert_eq!(sealed_in, "AES-256-GCM", "{mode} {name}");
            assert_eq!(unapproved_in, None, "{mode} {name}");
            let open = decrypt(&room, &app.access, name, &ciphertext).await;
            assert_eq!(opened(&open), "text");
            new.push((*name, ciphertext));
            for said in said(&room, name).await {
                assert_eq!(said["resolved_mode"], "gcm", "{said}");
                let why = said["rationale"].to_string();
                assert!(why.contains("fips mode"), "{why}");
            }
            // What was sealed before is what it was.
            let open = decrypt(&room, &app.access, name, old).await;
            if mode == "preferred" {
                assert_eq!(opened(&open), "text");
                assert_eq!(unapproved(&room, &open).await.as_deref(), Some(*suite));
            } else {
                refused(&room, &open).await;
            }
        }
    }
    restart(&mut room, "disabled");
    for ((name, _, suite), old) in SAID.iter().zip(&old) {
        assert_eq!(seal(&room, &app, name).await.0, *suite);
        for said in said(&room, name).await {
            let why = said["rationale"].to_string();
            assert!(!why.contains("fips mode"), "{why}");
        }
        let open = decrypt(&room, &app.access, name, old).await;
        assert_eq!(opened(&open), "text");
    }
    for (name, ciphertext) in new {
        let open = decrypt(&room, &app.access, name, &ciphertext).await;
        assert_eq!(opened(&open), "text");
    }
}

async fn a_suite_that_was_asked_for_by_name_is_not_replaced(mut room: Room) {
    let asked = json!({"algorithm": {"cipher": "ChaCha20"}});
    assert_eq!(declare(&room, "asked", asked).await.status, 201);
    // No other one is allowed here: a policy is not bent.
    let narrow = json!({"name": "narrow", "display_name": "narrow", "policy_enforcement": "enforce",
        "config": {"data_identity": {"usage_context": "in_use"}},
        "algorithm_policy": {"allowed_ciphers": ["ChaCha20"]}});
    let declared = post(&room, "/api/contexts", &room.api_key, &narrow).await;
    assert_eq!(declared.status, 201, "{declared:?}");
    let app = app(&room, &["asked", "narrow"]).await;
    for name in ["asked", "narrow"] {
        assert_eq!(seal(&room, &app, name).await.0, CHACHA);
    }
    restart(&mut room, "preferred");
    for name in ["asked", "narrow"] {
        let (suite, unapproved, _) = seal(&room, &app, name).await;
        assert_eq!(
            (suite.as_str(), unapproved.as_deref()),
            (CHACHA, Some(CHACHA))
        );
    }
    restart(&mut room, "enabled");
    let sealed = encrypt(&room, &app.access, "narrow", "text").await;
    assert_eq!(sealed.status, 403, "{sealed:?}");
    let detail = sealed.text("detail");
    assert!(
        detail.contains("AES-256-GCM is not among the allowed ciphers"),
        "{detail}"
    );
    let sealed = encrypt(&room, &app.access, "asked", "text").await;
    refused(&room, &sealed).await;
    let detail = sealed.text("detail");
    assert!(detail.contains(CHACHA), "{detail}");
}

/// Also of what a change does not touch: nothing that is not approved stands in its way.
async fn a_context_of_before_can_be_changed(mut room: Room) {
    let (name, config, _) = SAID[0];
    let config = serde_json::from_str(config).unwrap();
    assert_eq!(declare(&room, name, config).await.status, 201);
    restart(&mut room, "enabled");
    let path = format!("/api/contexts/{name}");
    let change = json!({"description": "of before"});
    let request = (reqwest::Method::PUT, path.as_str());
    let changed = strongroom_tests::cryptoserve::call(&room, request, &room.api_key, &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.json()["derived"]["resolved_mode"], "gcm");
}
