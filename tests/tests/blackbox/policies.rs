//! Context policies: which rules hold for which key contexts.

use serde_json::json;
use strongroom_client::{Client, ClientError, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    DataKeyCreate, DecryptRequest, EncryptAnswer, EncryptRequest, PolicyBody, PolicyInfo,
};
use strongroom_types::{Code, ContextPattern, Format, KeyContext, KeyVersion, Lock, Reason, Suite};

on_each_database!(
    every_suite_seals_and_opens,
    a_required_lock_is_demanded_of_every_seal,
    the_policy_with_most_pairs_wins,
    a_policy_for_any_value_is_refused,
    policies_that_could_tie_are_refused,
    keys_rotate_after_so_many_uses,
    the_accepted_format_opens,
    a_removed_policy_no_longer_holds,
    unknown_suites_and_formats_are_refused,
);

fn policy(pairs: &[(&str, &str)]) -> PolicyBody {
    PolicyBody::of(ContextPattern::new(pairs.iter().copied()).unwrap())
}

async fn save(room: &Room, policy: &PolicyBody) -> PolicyInfo {
    room.client.policies().create(policy).await.unwrap()
}

async fn seal(client: &Client, map: &KeyContext) -> Result<EncryptAnswer, ClientError> {
    client.encrypt(EncryptRequest::new(map.clone(), "v")).await
}

fn sub() -> Lock {
    serde_json::from_value(json!(["sub"])).unwrap()
}

async fn every_suite_seals_and_opens(room: Room) {
    for suite in Suite::ALL {
        let policy = PolicyBody {
            suite: Some(*suite),
            ..policy(&[("tenant", suite.name())])
        };
        save(&room, &policy).await;
        let map = tenant(suite.name());
        for client in [room.client.clone(), room.person("alice").await] {
            let sealed = seal(&client, &map).await.unwrap();
            let entry = room.entry(sealed.log_entry.unwrap()).await;
            assert_eq!(entry.suite, Some(*suite));
            let request = DecryptRequest::new(map.clone(), sealed.ciphertext);
            assert_eq!(client.decrypt(request).await.unwrap().plaintext.0, b"v");
        }
    }
}

async fn a_required_lock_is_demanded_of_every_seal(room: Room) {
    let policy = PolicyBody {
        required_lock: sub(),
        ..policy(&[("dataType", "pii")])
    };
    save(&room, &policy).await;
    let map = context(&[("tenant", "acme"), ("dataType", "pii")]);
    let refused = seal(&room.client, &map).await;
    assert_eq!(
        refused.as_ref().unwrap_err().refusal().unwrap().claims(),
        ["sub"]
    );
    let expected = (400, Code::LockRequired);
    room.assert_refused(refused, expected, Reason::LockRequired)
        .await;
    let refused = room
        .client
        .create_data_key(DataKeyCreate::new(map.clone()))
        .await;
    room.assert_refused(refused, expected, Reason::LockRequired)
        .await;
    assert!(seal(&room.person("alice").await, &map).await.is_ok());
    assert!(seal(&room.client, &tenant("acme")).await.is_ok());
}

async fn the_policy_with_most_pairs_wins(room: Room) {
    let suite = |suite, pairs: &[(&str, &str)]| PolicyBody {
        suite: Some(suite),
        ..policy(pairs)
    };
    save(&room, &suite(Suite::Aes128Gcm, &[])).await;
    save(&room, &suite(Suite::ChaCha20Poly1305, &[("t", "a")])).await;
    save(
        &room,
        &suite(Suite::Aes256GcmSiv, &[("t", "a"), ("d", "x")]),
    )
    .await;
    for (pairs, expected) in [
        (&[("t", "b")] as &[_], Suite::Aes128Gcm),
        (&[("t", "a")], Suite::ChaCha20Poly1305),
        (&[("t", "a"), ("d", "y")], Suite::ChaCha20Poly1305),
        (&[("t", "a"), ("d", "x"), ("e", "z")], Suite::Aes256GcmSiv),
    ] {
        let sealed = seal(&room.client, &context(pairs)).await.unwrap();
        let entry = room.entry(sealed.log_entry.unwrap()).await;
        assert_eq!(entry.suite, Some(expected), "{pairs:?}");
    }
}

async fn a_policy_for_any_value_is_refused(room: Room) {
    let any = policy(&[("tenant", "*")]);
    let expected = (400, Code::InvalidRequest);
    let refused = room.client.policies().create(&any).await;
    let detail = refused.as_ref().unwrap_err().refusal().unwrap().detail();
    assert!(detail.unwrap().contains("exact values"), "{detail:?}");
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    let saved = save(&room, &policy(&[("tenant", "acme")])).await;
    let refused = room.client.policies().replace(saved.id, &any).await;
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
}

async fn policies_that_could_tie_are_refused(room: Room) {
    save(&room, &policy(&[("a", "1")])).await;
    for tie in [policy(&[("b", "1")]), policy(&[("a", "1")])] {
        let refused = room.client.policies().create(&tie).await;
        let status = refused.as_ref().unwrap_err().refusal().unwrap().status();
        assert!(status == 400 || status == 409, "{refused:?}");
    }
    // One key context cannot have both values.
    let apart = save(&room, &policy(&[("a", "2")])).await;
    let refused = room
        .client
        .policies()
        .replace(apart.id, &policy(&[("b", "2")]))
        .await;
    assert!(refused.is_err());
    save(&room, &policy(&[("a", "1"), ("b", "1")])).await;
    let all = room
        .client
        .policies()
        .list(&PageQuery::default())
        .await
        .unwrap();
    assert_eq!(all.items.len(), 3);
}

async fn keys_rotate_after_so_many_uses(room: Room) {
    let rotation = strongroom_types::body::Rotation {
        uses: Some(3),
        age_s: None,
    };
    let policy = PolicyBody {
        rotation,
        ..policy(&[("tenant", "acme")])
    };
    save(&room, &policy).await;
    let mut versions = Vec::new();
    for _ in 0..7 {
        let sealed = seal(&room.client, &tenant("acme")).await.unwrap();
        versions.push(sealed.key.version.0);
        let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
        assert!(room.client.decrypt(request).await.is_ok());
    }
    assert_eq!(versions, [1, 1, 1, 2, 2, 2, 3]);
    let sealed = seal(&room.client, &tenant("other")).await.unwrap();
    assert_eq!(sealed.key.version, KeyVersion(1));
}

async fn the_accepted_format_opens(room: Room) {
    let sealed = seal(&room.client, &tenant("acme")).await.unwrap();
    let ours = PolicyBody {
        accepted_formats: Some(vec![Format::Sr1]),
        ..policy(&[("tenant", "acme")])
    };
    save(&room, &ours).await;
    let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
    assert!(room.client.decrypt(request).await.is_ok());
}

async fn a_removed_policy_no_longer_holds(room: Room) {
    let locked = PolicyBody {
        required_lock: sub(),
        ..policy(&[("tenant", "acme")])
    };
    let saved = save(&room, &locked).await;
    assert!(seal(&room.client, &tenant("acme")).await.is_err());
    room.client.policies().delete(saved.id).await.unwrap();
    assert!(seal(&room.client, &tenant("acme")).await.is_ok());
    let refused = room.client.policies().describe(saved.id).await;
    room.assert_refused(refused, (404, Code::NotFound), Reason::NotFound)
        .await;
}

async fn unknown_suites_and_formats_are_refused(room: Room) {
    for (field, value) in [
        ("suite", json!("AES-256-CBC")),
        ("accepted_formats", json!(["sr2"])),
        ("accepted_formats", json!([])),
        ("required_lock", json!(["exp"])),
        ("rotation", json!({"age_s": 59})),
        ("rotation", json!({"uses": 0})),
        ("priority", json!(1)),
    ] {
        let mut body = json!({"match": {"tenant": "acme"}});
        body[field] = value;
        let reply = room.post("/v1/context-policies", body.to_string()).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}
