//! Batches whose key contexts are not there yet.

use std::time::Duration;

use strongroom_types::Operation;
use strongroom_types::body::{Batch, EncryptItem, EncryptRequest, ItemResult};
use tokio::time::timeout;

use crate::on_each_database;
use crate::world::{World, data};

on_each_database!(
    first_writes_of_a_batch_are_made_side_by_side,
    loading_ahead_makes_no_key_unwrap,
);

/// Far longer than anything here takes.
const HUNG: Duration = Duration::from_mins(1);

fn batch(kinds: &[&str]) -> Batch<EncryptItem> {
    let item = |kind: &&str| EncryptRequest::new(data("acme", kind), *kind).into_item().0;
    Batch {
        items: kinds.iter().map(item).collect(),
        metadata: None,
    }
}

impl World {
    async fn seal_all(&self, kinds: &[&str]) {
        let sealing = self.room.encrypt_batch(&self.ask, batch(kinds));
        let answered = timeout(HUNG, sealing).await.unwrap().unwrap();
        assert_eq!(answered.value.results.len(), kinds.len());
        for (kind, result) in kinds.iter().zip(answered.value.results) {
            let ItemResult::Ok(answer) = result else {
                panic!("{kind} was refused");
            };
            let opened = self.open(&data("acme", kind), &answer.ciphertext).await;
            assert_eq!(opened.unwrap(), *kind);
        }
    }
}

async fn first_writes_of_a_batch_are_made_side_by_side(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    // A key and a lock secret of each: one key context after the other, they would wait for ever.
    world.at_provider("acme").wraps_together(6);
    world.seal_all(&["a", "b", "c"]).await;
    assert_eq!(world.entries(Operation::ContextCreate).await.len(), 3);
}

async fn loading_ahead_makes_no_key_unwrap(world: World) {
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    world.seal_all(&["a", "b", "c"]).await;
    let asked = world.at_provider("acme").unwraps();
    let batch = batch(&["a", "b", "c"]);
    world.room.encrypt_batch(&world.ask, batch).await.unwrap();
    // Once for each item, although nothing of it was kept.
    assert_eq!(world.at_provider("acme").unwraps() - asked, 3);
}
