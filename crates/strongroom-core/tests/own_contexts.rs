//! What a client does in its own key contexts, and in none of others, by whatever door it comes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use serde_json::{Value, from_value, json};
use strongroom_core::{
    Ask, CiphertextFault, Denial, Idempotency, Invalid, KeysetCreate, KeysetKey, KeysetUse,
    LeaseRequest, NamedContextUpdate, PageQuery, WhichKeyset,
};
use strongroom_types::body::{
    ClientUpdate, ContextCreate, DataKeyCreate, DecryptRequest, ImportedKeysPut, KeyBundleSetting,
    ObjectCreate, ObjectUpsert, PolicyBody, SealedStoreCreate, WebhookCreate, WebhookUpdate,
};
use strongroom_types::{ClientId, ContextName, Permission};
use support::{World, context, why};

/// Leaves a client these key contexts.
async fn narrow(world: &World, id: ClientId, allowed: Value) {
    let update = ClientUpdate {
        allowed_contexts: Some(from_value(allowed).unwrap()),
        ..ClientUpdate::default()
    };
    let updated = world.room.client_update(&world.ask, id, update).await;
    updated.unwrap();
}

/// A repetition of the request under this key finds what the first one made.
fn once(ask: &Ask) -> Ask {
    Ask {
        idempotency: Some(Idempotency {
            key: "once".to_owned(),
            request_digest: [1; 32],
        }),
        ..ask.clone()
    }
}

fn general() -> ContextName {
    "general".parse().unwrap()
}

#[tokio::test]
async fn an_administrator_administers_its_own_key_contexts_only() {
    let world = World::new().await;
    world.declare_context("general").await;
    let permissions = [
        Permission::AdminContexts,
        Permission::AdminNamedContexts,
        Permission::AdminImports,
        Permission::AdminKeyBundles,
        Permission::AdminHybridKeys,
        Permission::ObjectsWrite,
    ];
    let mine = json!([{"organizationId": "mine"}]);
    let (_, narrow) = world.client(&permissions, &mine).await;
    let make = async |organization: &str| {
        let key_context = context(organization);
        let request = ContextCreate { key_context };
        world.room.context_create(&narrow, request).await
    };
    assert!(make("mine").await.is_ok());
    assert_eq!(why(make("theirs").await), Denial::ContextNotAllowed);
    let update = NamedContextUpdate {
        name: general(),
        display_name: Some("Mine".to_owned()),
        description: None,
        config: None,
        algorithm_policy: None,
        enforcement: None,
    };
    let updated = world.room.named_context_update(&narrow, update).await;
    assert_eq!(why(updated), Denial::ContextNotAllowed);
    let imports = ImportedKeysPut {
        keys: Vec::new(),
        formats: Vec::new(),
        replace: false,
    };
    let imported = world.room.imported_keys_put(&narrow, general(), imports);
    assert_eq!(why(imported.await), Denial::ContextNotAllowed);
    let setting = KeyBundleSetting { allowed: true };
    let allowed = world.room.key_bundle_allow(&narrow, general(), setting);
    assert_eq!(why(allowed.await), Denial::ContextNotAllowed);
    let pair = |organization: &str| {
        let key_context = context(organization);
        let pair =
            json!({"name": "k", "key_context": key_context, "algorithm": "X25519+ML-KEM-768"});
        world
            .room
            .hybrid_key_create(&narrow, from_value(pair).unwrap())
    };
    assert!(pair("mine").await.is_ok());
    assert_eq!(why(pair("theirs").await), Denial::ContextNotAllowed);
    let put = json!({"key_context": context("theirs"), "name": "n", "value": ""});
    let put: ObjectUpsert = from_value(put).unwrap();
    let put = world.room.object_upsert(&narrow, put).await;
    assert_eq!(why(put), Denial::ContextNotAllowed);
}

#[tokio::test]
async fn a_list_of_stores_tells_nothing_of_those_of_others() {
    let world = World::new().await;
    for store in ["mine", "theirs"] {
        let name = || store.parse().unwrap();
        let made = world.room.store_put(&world.ask, name(), None).await;
        made.unwrap();
        let request = SealedStoreCreate {
            name: name(),
            keep: None,
        };
        let made = world.room.sealed_store_create(&world.ask, request).await;
        made.unwrap();
    }
    let mine = json!([{"store": "mine"}, {"sealed_store": "mine"}]);
    let (_, narrow) = world.client(&[Permission::AdminStores], &mine).await;
    for (asked, count) in [(&world.ask, 2), (&narrow, 1)] {
        let listed = world.room.stores(asked, PageQuery::default()).await;
        let plain = listed.unwrap().value.items;
        let listed = world.room.sealed_stores(asked, PageQuery::default()).await;
        let sealed = listed.unwrap().value.items;
        assert_eq!((plain.len(), sealed.len()), (count, count));
        assert!(plain.iter().any(|store| store.name.as_str() == "mine"));
        assert!(sealed.iter().any(|store| store.name.as_str() == "mine"));
    }
}

#[tokio::test]
async fn a_wrapped_key_opens_for_nobody_else_while_its_keys_are_at_hand() {
    let world = World::new().await;
    let keys = &[Permission::DataKeys];
    let (_, owner) = world
        .client(keys, &json!([{"organizationId": "mine"}]))
        .await;
    let (_, other) = world
        .client(keys, &json!([{"organizationId": "theirs"}]))
        .await;
    let made = world
        .room
        .data_key_create(&owner, DataKeyCreate::new(context("mine")));
    let wrapped = made.await.unwrap().value.wrapped_key;
    let unwrap = async |ask: &Ask| {
        world
            .room
            .data_key_unwrap_unnamed(ask, wrapped.clone())
            .await
    };
    // The first opening leaves the keys unwrapped.
    assert!(unwrap(&owner).await.is_ok());
    let hidden = Denial::Ciphertext(CiphertextFault::OtherContext);
    assert_eq!(why(unwrap(&other).await), hidden);
    assert!(unwrap(&owner).await.is_ok());
}

#[tokio::test]
async fn a_key_context_that_is_shut_opens_no_wrapped_key_of_which_it_is_not_said() {
    let world = World::new().await;
    let made = world
        .room
        .data_key_create(&world.ask, DataKeyCreate::new(context("mine")));
    let made = made.await.unwrap().value;
    let unwrap = async || {
        let wrapped = made.wrapped_key.clone();
        world
            .room
            .data_key_unwrap_unnamed(&world.ask, wrapped)
            .await
    };
    let id = made.key.id;
    world.room.context_disable(&world.ask, id).await.unwrap();
    assert_eq!(why(unwrap().await), Denial::KeyDisabled);
    world.room.context_enable(&world.ask, id).await.unwrap();
    assert!(unwrap().await.is_ok());
}

#[tokio::test]
async fn what_a_policy_does_not_accept_is_not_opened_in_any_way() {
    let world = World::new().await;
    let sealed = json!({"key_context": context("mine"), "plaintext": ""});
    let sealed = world.room.encrypt(&world.ask, from_value(sealed).unwrap());
    let sealed = sealed.await.unwrap().value.ciphertext;
    let made = world
        .room
        .data_key_create(&world.ask, DataKeyCreate::new(context("mine")));
    let wrapped = made.await.unwrap().value.wrapped_key;
    let store = || "mine".parse().unwrap();
    world
        .room
        .store_put(&world.ask, store(), None)
        .await
        .unwrap();
    let set = world
        .room
        .store_set(&world.ask, store(), b"n".to_vec(), b"v".to_vec());
    set.await.unwrap();
    let policy = json!({"match": {}, "accepted_formats": ["cs-sdk-v4"]});
    let policy: PolicyBody = from_value(policy).unwrap();
    world.room.policy_create(&world.ask, policy).await.unwrap();
    let refused = Denial::FormatNotAccepted;
    let open = DecryptRequest::new(context("mine"), sealed);
    assert_eq!(why(world.room.decrypt(&world.ask, open).await), refused);
    let unwrapped = world.room.data_key_unwrap_unnamed(&world.ask, wrapped);
    assert_eq!(why(unwrapped.await), refused);
    let got = world.room.store_get(&world.ask, store(), b"n".to_vec());
    assert_eq!(why(got.await), refused);
}

#[tokio::test]
async fn what_was_made_once_is_not_shown_again_to_who_may_not_use_it_any_more() {
    let world = World::new().await;
    let permissions = [Permission::DataKeys, Permission::ObjectsWrite];
    let (id, client) = world
        .client(&permissions, &json!([{"organizationId": "*"}]))
        .await;
    let again = once(&client);
    let key = async || {
        let request = DataKeyCreate::new(context("mine"));
        world.room.data_key_create(&again, request).await
    };
    let first = key().await.unwrap().value;
    assert_eq!(key().await.unwrap().value.wrapped_key, first.wrapped_key);
    let mut again = once(&client);
    again.idempotency.as_mut().unwrap().key = "object".to_owned();
    let object = async || {
        let request = json!({"key_context": context("mine"), "name": "n", "value": ""});
        let request: ObjectCreate = from_value(request).unwrap();
        world.room.object_create(&again, request).await
    };
    let first = object().await.unwrap().value;
    assert_eq!(object().await.unwrap().value.id, first.id);
    narrow(&world, id, json!([{"organizationId": "another"}])).await;
    assert_eq!(why(key().await), Denial::ContextNotAllowed);
    assert_eq!(why(object().await), Denial::ContextNotAllowed);
}

#[tokio::test]
async fn a_data_key_is_not_moved_to_where_a_policy_demands_a_lock() {
    let world = World::new().await;
    let policy = json!({"match": {"organizationId": "strict"}, "required_lock": ["sub"]});
    let policy: PolicyBody = from_value(policy).unwrap();
    world.room.policy_create(&world.ask, policy).await.unwrap();
    let made = world
        .room
        .data_key_create(&world.ask, DataKeyCreate::new(context("mine")));
    let wrapped = made.await.unwrap().value.wrapped_key;
    let rekey = async |to| {
        let wrapped = wrapped.clone();
        world
            .room
            .data_key_rekey(&world.ask, wrapped, context(to))
            .await
    };
    assert!(rekey("theirs").await.is_ok());
    let claims = vec!["sub".to_owned()];
    assert_eq!(why(rekey("strict").await), Denial::LockRequired { claims });
}

#[tokio::test]
async fn what_a_policy_wants_locked_is_not_kept_without_a_lock() {
    let world = World::new().await;
    world.declare_context("general").await;
    let keyset = KeysetCreate {
        name: "users".parse().unwrap(),
        description: String::new(),
        client: Some("app".to_owned()),
    };
    let made = world.room.keyset_create(&world.ask, keyset).await;
    let client = made.unwrap().value.1.unwrap().info.id;
    let lease = async || {
        let request = LeaseRequest {
            secret: b"secret".to_vec().into(),
            seconds: 60,
            seconds_max: None,
            renewable: false,
            context: Some(general()),
        };
        world.room.lease_create(&world.ask, &request).await
    };
    let derive = async || {
        let asked = KeysetUse {
            client,
            keyset: WhichKeyset::Home,
        };
        let key = KeysetKey {
            iv: [1; 16],
            descriptor: "users/email".to_owned(),
            terms: Vec::new(),
            policy: None,
        };
        let keys = vec![key];
        world
            .room
            .keyset_generate(&world.ask, asked, keys, None)
            .await
    };
    assert!(lease().await.is_ok() && derive().await.is_ok());
    let policy = json!({"match": {}, "required_lock": ["sub"]});
    let policy: PolicyBody = from_value(policy).unwrap();
    world.room.policy_create(&world.ask, policy).await.unwrap();
    let claims = vec!["sub".to_owned()];
    let required = Denial::LockRequired { claims };
    assert_eq!(why(lease().await), required);
    assert_eq!(why(derive().await), required);
}

#[tokio::test]
async fn who_may_only_open_gets_no_key_that_seals() {
    let world = World::new().await;
    world.declare_context("general").await;
    let setting = KeyBundleSetting { allowed: true };
    let allowed = world.room.key_bundle_allow(&world.ask, general(), setting);
    allowed.await.unwrap();
    let decrypts = &[Permission::Decrypt];
    let (_, opens) = world.client(decrypts, &json!([{}])).await;
    let refused = why(world.room.key_bundle(&opens, general()).await);
    assert_eq!(refused, Denial::PermissionMissing(Permission::Encrypt));
    let both = &[Permission::Decrypt, Permission::Encrypt];
    let (_, seals) = world.client(both, &json!([{}])).await;
    assert!(world.room.key_bundle(&seals, general()).await.is_ok());
}

#[tokio::test]
async fn who_may_not_read_the_log_has_none_of_it_sent() {
    let world = World::new().await;
    let request = |url: &str| WebhookCreate {
        url: url.to_owned(),
        events: None,
    };
    let made = world
        .room
        .webhook_create(&world.ask, request("https://acme.example/hook"))
        .await;
    let id = made.unwrap().value.webhook.id;
    let (_, blind) = world
        .client(&[Permission::AdminWebhooks], &json!([{}]))
        .await;
    let missing = Denial::PermissionMissing(Permission::LogRead);
    let made = world
        .room
        .webhook_create(&blind, request("https://thief.example/hook"));
    assert_eq!(why(made.await), missing);
    let update = WebhookUpdate {
        url: Some("https://thief.example/hook".to_owned()),
        ..WebhookUpdate::default()
    };
    let updated = world.room.webhook_update(&blind, id, update).await;
    assert_eq!(why(updated), missing);
}

#[tokio::test]
async fn no_imported_key_is_called_like_one_of_ours() {
    let world = World::new().await;
    world.declare_context("general").await;
    let put = async |ids: &[&str]| {
        let keys = ids.iter().map(|id| json!({"id": id, "material": ""}));
        let keys: Vec<_> = keys.collect();
        let request = from_value(json!({ "keys": keys })).unwrap();
        let put = world.room.imported_keys_put(&world.ask, general(), request);
        why(put.await)
    };
    let wrong = |field: &str| Denial::Invalid(Invalid::Field(field.to_owned().into()));
    assert_eq!(put(&["theirs"]).await, wrong("material"));
    let long = "x".repeat(65);
    for id in ["general/1", "/", "", "a\n", long.as_str()] {
        assert_eq!(put(&[id]).await, wrong("id"), "{id:?}");
    }
    assert_eq!(put(&["theirs", "theirs"]).await, wrong("id"));
}
