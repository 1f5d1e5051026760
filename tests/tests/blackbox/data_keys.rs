//! Data keys: handed out in the clear once, kept wrapped.

use serde_json::json;
use strongroom_client::{Client, Encoding};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    Batch, DataKeyAnswer, DataKeyCreate, DataKeyItem, DataKeyRewrap, DataKeyUnwrap, ItemResult,
    WrappedKeyItem,
};
use strongroom_types::{Code, Operation, Permission, Reason};

on_each_database!(
    a_wrapped_key_unwraps_to_the_key_handed_out,
    keys_have_the_length_asked_for,
    a_rewrapped_key_is_the_same_and_is_not_shown,
    a_locked_data_key_opens_for_its_person_only,
    the_key_context_must_be_named,
    keys_come_in_batches_in_json_and_cbor,
    an_item_of_a_batch_of_keys_fails_alone,
);

async fn a_wrapped_key_unwraps_to_the_key_handed_out(room: Room) {
    let one = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    let two = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    assert_ne!(one.plaintext, two.plaintext);
    let request = DataKeyUnwrap::new(tenant("acme"), one.wrapped_key);
    let opened = room.client.unwrap_data_key(request).await.unwrap();
    assert_eq!(opened.plaintext, one.plaintext);
    assert_eq!(opened.key, one.key);
    let entry = room.entry(opened.log_entry.unwrap()).await;
    assert_eq!(entry.operation.name(), "data-key.unwrap");
}

async fn keys_have_the_length_asked_for(room: Room) {
    for (asked, expected) in [(None, 32), (Some(16), 16), (Some(64), 64)] {
        let request = DataKeyCreate {
            bytes: asked,
            ..DataKeyCreate::new(tenant("acme"))
        };
        let made = room.client.create_data_key(request).await.unwrap();
        assert_eq!(made.plaintext.unwrap().0.len(), expected);
    }
    for wrong in [
        json!(0),
        json!(15),
        json!(65),
        json!(-1),
        json!(70_000),
        json!("32"),
        json!(32.5),
    ] {
        let body = json!({"key_context": {"tenant": "acme"}, "bytes": wrong});
        let reply = room.post("/v1/data-keys", body.to_string()).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn a_rewrapped_key_is_the_same_and_is_not_shown(room: Room) {
    let made = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    room.client.contexts().rotate(made.key.id).await.unwrap();
    let (mover, _) = room.make_client(&[Permission::Rewrap], &[&[]]).await;
    let request = DataKeyRewrap::new(tenant("acme"), made.wrapped_key);
    let moved = mover.rewrap_data_key(request).await.unwrap();
    assert_eq!((moved.plaintext, moved.key.version.0), (None, 2));
    let entry = room.entry(moved.log_entry.unwrap()).await;
    assert_eq!(entry.key.unwrap().version.0, 1);
    assert_eq!(entry.facts["moved_to"], "2");
    let request = DataKeyUnwrap::new(tenant("acme"), moved.wrapped_key);
    let opened = room.client.unwrap_data_key(request).await.unwrap();
    assert_eq!(opened.plaintext, made.plaintext);
}

async fn a_locked_data_key_opens_for_its_person_only(room: Room) {
    let alice = room.person("alice").await;
    let made = alice
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    let request = DataKeyUnwrap::new(tenant("acme"), made.wrapped_key);
    assert!(alice.unwrap_data_key(request.clone()).await.is_ok());
    let expected = (403, Code::IdentityMismatch);
    let refused = room.client.unwrap_data_key(request.clone()).await;
    room.assert_refused(refused, expected, Reason::IdentityMissing)
        .await;
    let refused = room.person("bob").await.unwrap_data_key(request).await;
    room.assert_refused(refused, expected, Reason::LockNotMet)
        .await;
}

async fn the_key_context_must_be_named(room: Room) {
    let made = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    let request = DataKeyUnwrap::new(tenant("other"), made.wrapped_key.clone());
    let refused = room.client.unwrap_data_key(request).await;
    let expected = (400, Code::ContextMismatch);
    room.assert_refused(refused, expected, Reason::ContextMismatch)
        .await;
    let permissions = [Permission::DataKeys];
    let (narrow, _) = room
        .make_client(&permissions, &[&[("tenant", "other")]])
        .await;
    let request = DataKeyUnwrap::new(tenant("other"), made.wrapped_key);
    let refused = narrow.unwrap_data_key(request).await;
    let expected = (400, Code::CannotDecrypt);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
}

fn batch<T>(items: Vec<T>) -> Batch<T> {
    Batch {
        items,
        metadata: None,
    }
}

fn answers(results: Vec<ItemResult<DataKeyAnswer>>) -> Vec<DataKeyAnswer> {
    let answer = |result| match result {
        ItemResult::Ok(answer) => answer,
        ItemResult::Err { error } => panic!("{error:?}"),
    };
    results.into_iter().map(answer).collect()
}

async fn keys_come_in_batches_in_json_and_cbor(room: Room) {
    for encoding in [Encoding::Json, Encoding::Cbor] {
        let client = Client::builder(&room.server.sheet().url)
            .api_key(&room.api_key)
            .batch_encoding(encoding)
            .build()
            .unwrap();
        let tenants = ["a", "b", "a"];
        let items = tenants.iter().map(|name| DataKeyItem::new(tenant(name)));
        let made = client
            .create_data_keys(batch(items.collect()))
            .await
            .unwrap();
        let entry = room.entry(made.log_entry).await;
        assert_eq!(
            (entry.operation, entry.count),
            (Operation::DataKeyCreate, 3)
        );
        let made = answers(made.results);
        let wrapped = || {
            let items = tenants.iter().zip(&made);
            let items = items
                .map(|(name, made)| WrappedKeyItem::new(tenant(name), made.wrapped_key.clone()));
            batch(items.collect())
        };
        let opened = client.unwrap_data_keys(wrapped()).await.unwrap();
        for (opened, made) in answers(opened.results).iter().zip(&made) {
            assert_eq!(opened.plaintext, made.plaintext);
            assert_eq!(opened.log_entry, None);
        }
        room.client.contexts().rotate(made[0].key.id).await.unwrap();
        let moved = client.rewrap_data_keys(wrapped()).await.unwrap();
        for ((moved, made), name) in answers(moved.results).iter().zip(&made).zip(tenants) {
            assert_eq!(moved.plaintext, None);
            assert_eq!(moved.key.version.0 > made.key.version.0, name == "a");
            let request = DataKeyUnwrap::new(tenant(name), moved.wrapped_key.clone());
            let opened = room.client.unwrap_data_key(request).await.unwrap();
            assert_eq!(opened.plaintext, made.plaintext);
        }
    }
}

async fn an_item_of_a_batch_of_keys_fails_alone(room: Room) {
    let made = room
        .client
        .create_data_key(DataKeyCreate::new(tenant("acme")))
        .await
        .unwrap();
    let wrapped = |name: &str, key: &[u8]| WrappedKeyItem::new(tenant(name), key.to_vec());
    let key = &made.wrapped_key.0;
    let items = vec![
        wrapped("acme", key),
        wrapped("other", key),
        wrapped("acme", b"x"),
    ];
    let opened = room.client.unwrap_data_keys(batch(items)).await.unwrap();
    let codes: Vec<_> = opened
        .results
        .iter()
        .map(|result| match result {
            ItemResult::Ok(_) => None,
            ItemResult::Err { error } => Some(error.code),
        })
        .collect();
    let expected = [None, Some(Code::ContextMismatch), Some(Code::CannotDecrypt)];
    assert_eq!(codes, expected);
    let items = room
        .client
        .log()
        .items(opened.log_entry.index)
        .await
        .unwrap();
    let reasons: Vec<_> = items.items.iter().map(|item| item.reason).collect();
    let expected = [None, Some(Reason::ContextMismatch), Some(Reason::Malformed)];
    assert_eq!(reasons, expected);
}
