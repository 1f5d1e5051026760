//! Who may give what to whom, what entries say of it, and what lists show, on a real database.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use strongroom_core::{Ask, Denial, EntriesQuery};
use strongroom_types::body::{ClientCreate, ClientCreated, ClientUpdate, EntryView};
use strongroom_types::{ContextPattern, Operation, Permission};
use support::{World, ask};

async fn make(
    world: &World,
    by: &Ask,
    permissions: &[Permission],
    allowed: Vec<ContextPattern>,
) -> Result<ClientCreated, Denial> {
    let request = ClientCreate {
        name: "program".to_owned(),
        permissions: permissions.to_vec(),
        allowed_contexts: allowed,
        expires_in: None,
    };
    let made = world.room.client_create(by, request).await;
    made.map(|answered| answered.value)
        .map_err(|refused| refused.denial)
}

async fn newest(world: &World, operation: Operation) -> EntryView {
    let query = EntriesQuery {
        operation: Some(operation),
        ..EntriesQuery::default()
    };
    let page = world.room.log_entries(&world.ask, query).await;
    page.unwrap().value.entries.remove(0)
}

#[tokio::test]
async fn nobody_grants_what_it_may_not_do_itself() {
    let world = World::new().await;
    let own = [Permission::AdminClients, Permission::Encrypt];
    let made = make(&world, &world.ask, &own, Vec::new()).await.unwrap();
    let lesser = ask(&made.api_key.secret);
    let missing = Denial::PermissionMissing(Permission::Decrypt);
    let more = [Permission::Encrypt, Permission::Decrypt];
    let refused = make(&world, &lesser, &more, Vec::new()).await.unwrap_err();
    assert_eq!(refused, missing);
    let made = make(&world, &lesser, &own, Vec::new()).await.unwrap();
    let update = ClientUpdate {
        permissions: Some(more.to_vec()),
        ..ClientUpdate::default()
    };
    let refused = world
        .room
        .client_update(&lesser, made.client.id, update)
        .await;
    assert_eq!(refused.unwrap_err().denial, missing);
}

#[tokio::test]
async fn nobody_gets_an_api_key_of_a_client_that_may_do_more() {
    let world = World::new().await;
    let own = [Permission::AdminClients];
    let made = make(&world, &world.ask, &own, Vec::new()).await.unwrap();
    let lesser = ask(&made.api_key.secret);
    let more = [Permission::Decrypt];
    let other = make(&world, &world.ask, &more, Vec::new()).await.unwrap();
    let id = other.client.id;
    let missing = Denial::PermissionMissing(Permission::Decrypt);
    let key = world.room.client_key_create(&lesser, id, None).await;
    assert_eq!(key.unwrap_err().denial, missing);
    let refused = world
        .room
        .client_update(&lesser, id, ClientUpdate::default());
    assert_eq!(refused.await.unwrap_err().denial, missing);
    // Taking away is not giving.
    let revoked = world
        .room
        .client_key_revoke(&lesser, id, other.api_key.info.id)
        .await;
    assert!(revoked.is_ok());
}

#[tokio::test]
async fn the_entry_of_an_update_names_what_changed_and_tells_no_value() {
    let world = World::new().await;
    let made = make(&world, &world.ask, &[], Vec::new()).await.unwrap();
    let before = newest(&world, Operation::ClientCreate).await;
    let update = ClientUpdate {
        allowed_contexts: Some(vec![ContextPattern::default()]),
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    let updated = world.room.client_update(&world.ask, made.client.id, update);
    updated.await.unwrap();
    let entry = newest(&world, Operation::ClientUpdate).await;
    assert_eq!(entry.facts["changed"], "allowed_contexts disabled");
    let digest = &entry.facts["allowed_contexts"];
    assert_ne!(digest, &before.facts["allowed_contexts"]);
    assert_eq!(digest.len(), 26, "{digest}");
}
