//! Key contexts: never one key for two of them, and what happens to them.

use std::collections::HashMap;

use serde_json::json;
use strongroom_client::{Client, ClientError, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    ContextState, DecryptAnswer, DecryptRequest, EncryptAnswer, EncryptRequest, KeyState,
    WorkspaceUpdate,
};
use strongroom_types::{Bytes, Code, KeyContext, KeyVersion, Operation, Reason};

on_each_database!(
    look_alike_contexts_never_share_a_key,
    the_order_of_pairs_is_no_difference,
    the_largest_contexts_are_accepted,
    one_map_in_two_workspaces_is_two_contexts,
    a_disabled_context_neither_seals_nor_opens,
    a_destroyed_context_opens_nothing_ever_again,
    a_destroyed_context_is_refused_until_made_again_by_name,
    a_destroyed_version_opens_nothing,
    an_active_version_cannot_be_destroyed,
    new_contexts_count_against_the_quota,
    contexts_of_other_workspaces_do_not_exist,
    versions_tell_when_they_last_opened,
);

async fn seal(client: &Client, map: &KeyContext) -> Result<EncryptAnswer, ClientError> {
    client.encrypt(EncryptRequest::new(map.clone(), "v")).await
}

async fn open(
    client: &Client,
    map: &KeyContext,
    sealed: &Bytes,
) -> Result<DecryptAnswer, ClientError> {
    client
        .decrypt(DecryptRequest::new(map.clone(), sealed.clone()))
        .await
}

const NOT_FOUND: (u16, Code) = (404, Code::ContextNotFound);
const CANNOT_DECRYPT: (u16, Code) = (400, Code::CannotDecrypt);

async fn look_alike_contexts_never_share_a_key(room: Room) {
    let maps = [
        context(&[("a", "b")]),
        context(&[("b", "a")]),
        context(&[("A", "b")]),
        context(&[("a", "B")]),
        context(&[("a", "b ")]),
        context(&[(" a", "b")]),
        context(&[("a", "")]),
        context(&[("a:b", "")]),
        context(&[("a", ":b")]),
        context(&[("a:", "b")]),
        context(&[("a", "b"), ("c", "")]),
        context(&[("a", ""), ("b", "")]),
        context(&[("a", "b\0")]),
        context(&[("a\0", "b")]),
        context(&[("a", "\0b")]),
        context(&[("a/b", "")]),
        context(&[("a", "/b")]),
        context(&[("a", r#"b","c":"d"#)]),
        context(&[("a", "b"), ("c", "d")]),
        context(&[("a", "b,c=d")]),
        context(&[("a", "*")]),
        // é composed and decomposed; Kelvin sign and K; Cyrillic a; zero-width space.
        context(&[("a", "\u{e9}")]),
        context(&[("a", "e\u{301}")]),
        context(&[("a", "\u{212a}")]),
        context(&[("a", "K")]),
        context(&[("\u{430}", "b")]),
        context(&[("a", "b\u{200b}")]),
        context(&[("kind", "context"), ("a", "b")]),
    ];
    let mut ids = HashMap::new();
    let mut sealed = Vec::new();
    for (number, map) in maps.iter().enumerate() {
        let answer = seal(&room.client, map).await.unwrap();
        let before = ids.insert(answer.key.id, number);
        assert_eq!(before, None, "{number} has the key of another");
        sealed.push(answer.ciphertext);
    }
    for (number, map) in maps.iter().enumerate() {
        assert!(open(&room.client, map, &sealed[number]).await.is_ok());
        let other = (number + 1) % maps.len();
        let refused = open(&room.client, map, &sealed[other]).await;
        assert!(refused.unwrap_err().is_context_mismatch(), "{number}");
    }
}

async fn the_order_of_pairs_is_no_difference(room: Room) {
    let ids = [r#"{"a":"1","b":"2"}"#, r#"{"b":"2","a":"1"}"#].map(async |map| {
        let body = format!(r#"{{"key_context":{map},"plaintext":""}}"#);
        room.post("/v1/encrypt", body).await.json()["key"]["id"].clone()
    });
    let [one, two] = ids;
    assert_eq!(one.await, two.await);
}

async fn the_largest_contexts_are_accepted(room: Room) {
    let key = "\u{1d54f}".repeat(119);
    let value = "\u{1d54f}".repeat(500);
    let pairs: Vec<_> = (0..10)
        .map(|n| (format!("{n}{key}"), value.clone()))
        .collect();
    let map = KeyContext::new(pairs).unwrap();
    let sealed = seal(&room.client, &map).await.unwrap().ciphertext;
    assert!(open(&room.client, &map, &sealed).await.is_ok());
}

async fn one_map_in_two_workspaces_is_two_contexts(room: Room) {
    let ours = seal(&room.client, &tenant("acme")).await.unwrap();
    let other = room.server.second_client().unwrap();
    let theirs = seal(&other, &tenant("acme")).await.unwrap();
    assert_ne!(ours.key.id, theirs.key.id);
    let refused = open(&room.client, &tenant("acme"), &theirs.ciphertext).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::OtherWorkspace)
        .await;
}

async fn a_disabled_context_neither_seals_nor_opens(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map).await.unwrap();
    let contexts = room.client.contexts();
    let info = contexts.disable(sealed.key.id).await.unwrap();
    assert_eq!(info.state, ContextState::Disabled);
    let expected = (409, Code::KeyDisabled);
    let refused = seal(&room.client, &map).await;
    room.assert_refused(refused, expected, Reason::KeyDisabled)
        .await;
    let refused = open(&room.client, &map, &sealed.ciphertext).await;
    room.assert_refused(refused, expected, Reason::KeyDisabled)
        .await;
    let refused = contexts.rotate(sealed.key.id).await;
    room.assert_refused(refused, expected, Reason::KeyDisabled)
        .await;
    contexts.enable(sealed.key.id).await.unwrap();
    assert!(open(&room.client, &map, &sealed.ciphertext).await.is_ok());
}

async fn a_destroyed_context_opens_nothing_ever_again(room: Room) {
    let map = tenant("acme");
    let (sealed, other) = (
        seal(&room.client, &map).await.unwrap(),
        seal(&room.client, &tenant("other")).await.unwrap(),
    );
    let contexts = room.client.contexts();
    let info = contexts.destroy(sealed.key.id).await.unwrap();
    assert_eq!(info.state, ContextState::Destroyed);
    assert!(info.final_after.is_some());
    assert!(
        info.versions
            .iter()
            .all(|version| version.state == KeyState::Destroyed)
    );
    let refused = open(&room.client, &map, &sealed.ciphertext).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::ContextDestroyed)
        .await;
    let again = contexts.create(map.clone()).await.unwrap();
    assert_eq!(again.id, sealed.key.id);
    let refused = open(&room.client, &map, &sealed.ciphertext).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::KeyVersionUnknown)
        .await;
    // Only that tenant's data is gone.
    assert!(
        open(&room.client, &tenant("other"), &other.ciphertext)
            .await
            .is_ok()
    );
}

async fn a_destroyed_context_is_refused_until_made_again_by_name(room: Room) {
    let map = tenant("acme");
    let id = seal(&room.client, &map).await.unwrap().key.id;
    room.client.contexts().destroy(id).await.unwrap();
    let refused = seal(&room.client, &map).await;
    room.assert_refused(refused, NOT_FOUND, Reason::ContextDestroyed)
        .await;
    let contexts = room.client.contexts();
    for refused in [
        contexts.rotate(id).await,
        contexts.enable(id).await,
        contexts.destroy(id).await,
    ] {
        room.assert_refused(refused, NOT_FOUND, Reason::ContextDestroyed)
            .await;
    }
    contexts.create(map.clone()).await.unwrap();
    let sealed = seal(&room.client, &map).await.unwrap();
    assert!(open(&room.client, &map, &sealed.ciphertext).await.is_ok());
    let refused = contexts.create(map).await;
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
}

async fn a_destroyed_version_opens_nothing(room: Room) {
    let map = tenant("acme");
    let old = seal(&room.client, &map).await.unwrap();
    let contexts = room.client.contexts();
    contexts.rotate(old.key.id).await.unwrap();
    let new = seal(&room.client, &map).await.unwrap();
    contexts
        .destroy_version(old.key.id, KeyVersion(1))
        .await
        .unwrap();
    let refused = open(&room.client, &map, &old.ciphertext).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::KeyVersionUnknown)
        .await;
    assert!(open(&room.client, &map, &new.ciphertext).await.is_ok());
}

async fn an_active_version_cannot_be_destroyed(room: Room) {
    let id = seal(&room.client, &tenant("acme")).await.unwrap().key.id;
    let contexts = room.client.contexts();
    let refused = contexts.destroy_version(id, KeyVersion(1)).await;
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
    let refused = contexts.destroy_version(id, KeyVersion(7)).await;
    room.assert_refused(refused, (404, Code::NotFound), Reason::NotFound)
        .await;
}

async fn new_contexts_count_against_the_quota(room: Room) {
    let quota = WorkspaceUpdate {
        context_quota: Some(2),
        ..WorkspaceUpdate::default()
    };
    room.system()
        .workspaces()
        .update(room.workspace, &quota)
        .await
        .unwrap();
    for name in ["a", "b", "a"] {
        seal(&room.client, &tenant(name)).await.unwrap();
    }
    let refused = seal(&room.client, &tenant("c")).await;
    room.assert_refused(refused, (409, Code::ContextQuota), Reason::ContextQuota)
        .await;
    let refused = room.client.contexts().create(tenant("c")).await;
    room.assert_refused(refused, (409, Code::ContextQuota), Reason::ContextQuota)
        .await;
}

async fn contexts_of_other_workspaces_do_not_exist(room: Room) {
    let other = room.server.second_client().unwrap();
    let theirs = seal(&other, &tenant("acme")).await.unwrap().key.id;
    let contexts = room.client.contexts();
    for refused in [
        contexts.describe(theirs).await,
        contexts.rotate(theirs).await,
        contexts.disable(theirs).await,
        contexts.destroy(theirs).await,
    ] {
        room.assert_refused(refused, NOT_FOUND, Reason::ContextUnknown)
            .await;
    }
    let ours = contexts.list(&PageQuery::default()).await.unwrap();
    assert!(ours.items.iter().all(|info| info.id != theirs));
    assert!(
        open(
            &other,
            &tenant("acme"),
            &seal(&other, &tenant("acme")).await.unwrap().ciphertext
        )
        .await
        .is_ok()
    );
}

async fn versions_tell_when_they_last_opened(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map).await.unwrap();
    let id = sealed.key.id;
    open(&room.client, &map, &sealed.ciphertext).await.unwrap();
    let info = strongroom_tests::poll::poll(async || {
        let info = room.client.contexts().describe(id).await.unwrap();
        info.versions[0].last_opened.is_some().then_some(info)
    });
    let info = info.await;
    assert_eq!((info.versions[0].sealed, info.key_context), (1, map));
    let entries = room.entries(strongroom_client::EntryFilter {
        operation: Some(Operation::ContextCreate),
        ..Default::default()
    });
    assert_eq!(entries.await.len(), 1);
    assert_eq!(json!(info.versions[0].state), json!("active"));
}
