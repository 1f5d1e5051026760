//! Objects in a whole deployment on SQLite: kept, replaced, deleted, purged, moved, checked.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use strongroom_core::Denial;
use strongroom_types::body::{ObjectCreate, ObjectRead, ObjectUpdate, StoredObject};

use support::{World, context};

async fn keep(world: &World, name: &str, value: &str) -> StoredObject {
    let request = ObjectCreate::new(context("org_acme"), name, value.as_bytes().to_vec());
    let created = world.room.object_create(&world.ask, request).await;
    created.unwrap().value
}

async fn read(world: &World, item: ObjectRead) -> Result<Vec<u8>, Denial> {
    let read = world.room.object_read(&world.ask, item).await;
    read.map(|read| read.value.value.unwrap().0)
        .map_err(|refused| refused.denial)
}

#[tokio::test]
async fn what_is_kept_can_be_read_by_id_and_by_name() {
    let world = World::new().await;
    let object = keep(&world, "a/b \u{0}é", "one").await;
    assert_eq!((object.version, object.size), (1, 3));
    assert_eq!(
        read(&world, ObjectRead::by_id(object.id)).await.unwrap(),
        b"one"
    );
    assert_eq!(
        read(&world, ObjectRead::by_name("a/b \u{0}é"))
            .await
            .unwrap(),
        b"one"
    );
    let updated = world
        .room
        .object_update(&world.ask, object.id, ObjectUpdate::new(b"two".to_vec()))
        .await
        .unwrap()
        .value;
    assert_eq!(updated.version, 2);
    assert_eq!(
        read(&world, ObjectRead::by_id(object.id)).await.unwrap(),
        b"two"
    );
    let old = ObjectRead {
        version: Some(1),
        ..ObjectRead::by_id(object.id)
    };
    assert_eq!(read(&world, old).await.unwrap(), b"one");
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}
