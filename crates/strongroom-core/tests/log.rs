//! The log through the door, on a real database: proofs, tiles, lists, rollback.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use strongroom_core::{
    AfterRollback, Denial, EntriesQuery, Invalid, OpenError, Settings, Strongroom, Thing,
};
use strongroom_log::{
    Checkpoint, EntryBundle, Frontier, NoteVerifier, Receipt, Tile, TileKind, leaf_hash,
};
use strongroom_types::body::{Batch, EncryptItem, EntriesPage};
use strongroom_types::{Operation, Outcome};
use support::{START, World, back_up, context, database, open};

impl World {
    fn verifier(&self) -> (NoteVerifier, String) {
        let origin = self.room.log_origin(self.workspace, 1);
        let published: NoteVerifier = self.room.log_key().parse().unwrap();
        (published.with_name(&origin).unwrap(), origin)
    }

    async fn checkpoint(&self) -> Checkpoint {
        let note = self.room.log_checkpoint(&self.ask).await.unwrap().value;
        let (verifier, origin) = self.verifier();
        Checkpoint::verify(&note, &verifier, &origin).unwrap()
    }

    async fn entry_bytes(&self, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for n in 0..size.div_ceil(256) {
            let tile = Tile::in_tree(TileKind::Entries, n, size).unwrap();
            let width = Some(tile.width()).filter(|width| *width < Tile::FULL);
            let bundle = self
                .room
                .log_bundle(&self.ask, n, width)
                .await
                .unwrap()
                .value;
            entries.extend(EntryBundle::entries(&bundle).map(|entry| entry.unwrap().to_vec()));
        }
        entries
    }

    async fn entries(&self, query: EntriesQuery) -> EntriesPage {
        self.room.log_entries(&self.ask, query).await.unwrap().value
    }

    async fn refused(&self, query: EntriesQuery) -> Denial {
        self.room
            .log_entries(&self.ask, query)
            .await
            .unwrap_err()
            .denial
    }
}

#[tokio::test]
async fn every_entry_of_a_log_of_any_size_has_a_receipt() {
    for size in [1, 255, 256, 257, 1000] {
        let world = World::new().await;
        if size > 1 {
            world.grow(size).await;
        }
        let checkpoint = world.checkpoint().await;
        assert_eq!(checkpoint.size(), size);
        let entries = world.entry_bytes(size).await;
        let (verifier, origin) = world.verifier();
        for (index, entry) in (0..size).zip(&entries) {
            let text = world.room.log_proof(&world.ask, index).await.unwrap().value;
            let receipt: Receipt = text.parse().unwrap();
            assert_eq!(receipt.index, index);
            let covered = receipt.verify(entry, &verifier, &origin).unwrap();
            assert_eq!(covered, checkpoint);
        }
    }
}

#[tokio::test]
async fn the_newest_entry_is_proven_by_a_checkpoint_signed_for_it() {
    let world = World::new().await;
    let index = world.seal("org_acme").await;
    let answered = world.room.log_proof(&world.ask, index).await.unwrap();
    assert_eq!(answered.value.parse::<Receipt>().unwrap().index, index);
    let beyond = answered.entry.unwrap().index + 1;
    let refused = world.room.log_proof(&world.ask, beyond).await.unwrap_err();
    assert_eq!(refused.denial, Denial::NotFound(Thing::Entry));
    assert!(refused.entry.is_some());
}

#[tokio::test]
async fn bundles_and_tiles_lead_to_the_signed_root() {
    let world = World::new().await;
    world.grow(600).await;
    world.room.tick().await;
    let checkpoint = world.checkpoint().await;
    let mut tree = Frontier::default();
    let entries = world.entry_bytes(checkpoint.size()).await;
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    for leaf in &leaves {
        tree.push(*leaf).unwrap();
    }
    assert_eq!(tree.root(), checkpoint.root());
    for (n, width) in [(0, None), (1, None), (2, Some(88)), (1, Some(3))] {
        let tile = world
            .room
            .log_tile(&world.ask, 0, n, width)
            .await
            .unwrap()
            .value;
        let start = usize::try_from(n * 256).unwrap();
        let expected = &leaves[start..start + usize::from(width.unwrap_or(256))];
        let bytes: Vec<u8> = expected.iter().flat_map(|hash| *hash.as_bytes()).collect();
        assert_eq!(tile, bytes, "{n} {width:?}");
    }
    let above = world
        .room
        .log_tile(&world.ask, 1, 0, Some(2))
        .await
        .unwrap()
        .value;
    let mut first = Frontier::default();
    for leaf in &leaves[..256] {
        first.push(*leaf).unwrap();
    }
    assert_eq!(above[..32], *first.root().as_bytes());
}

#[tokio::test]
async fn a_tile_beyond_the_log_is_not_found() {
    let world = World::new().await;
    for (level, n, width) in [
        (0, 0, None),
        (0, 1, Some(1)),
        (1, 0, Some(1)),
        (63, 0, Some(1)),
    ] {
        let refused = world
            .room
            .log_tile(&world.ask, level, n, width)
            .await
            .unwrap_err();
        assert_eq!(
            refused.denial,
            Denial::NotFound(Thing::Tile),
            "{level} {n} {width:?}"
        );
    }
    let refused = world
        .room
        .log_bundle(&world.ask, 0, None)
        .await
        .unwrap_err();
    assert_eq!(refused.denial, Denial::NotFound(Thing::Tile));
}

#[tokio::test]
async fn entries_are_filtered_before_and_behind_the_follower() {
    let world = World::new().await;
    let other = world.seal("org_other").await;
    world.grow(300).await;
    let later = world.seal("org_other").await;
    for follows in [false, true] {
        if follows {
            world.room.tick().await;
        }
        let query = EntriesQuery {
            operation: Some(Operation::Encrypt),
            key_context: Some(context("org_other")),
            ..EntriesQuery::default()
        };
        let page = world.entries(query).await;
        let indices: Vec<_> = page.entries.iter().map(|entry| entry.index).collect();
        assert_eq!(
            (indices, page.next),
            (vec![other, later], None),
            "{follows}"
        );
        let entry = &page.entries[0];
        assert_eq!(entry.key_context, Some(context("org_other")));
        assert_eq!(entry.key.as_ref().unwrap().version.0, 1);
        assert_eq!(entry.address.as_deref(), Some("192.0.2.1"));
        assert_eq!(entry.user_agent.as_deref(), Some("test/1"));
    }
    let denied = EntriesQuery {
        outcome: Some(Outcome::Denied),
        ..EntriesQuery::default()
    };
    assert!(world.entries(denied).await.entries.is_empty());
    let nobody = EntriesQuery {
        subject: Some("alice".to_owned()),
        ..EntriesQuery::default()
    };
    assert!(world.entries(nobody).await.entries.is_empty());
}

#[tokio::test]
async fn times_bound_a_list() {
    let world = World::new().await;
    world.grow(600).await;
    let all = world
        .entries(EntriesQuery {
            limit: Some(1000),
            ..EntriesQuery::default()
        })
        .await;
    let times: Vec<_> = all
        .entries
        .iter()
        .map(|entry| strongroom_core::parse_time(&entry.time).unwrap())
        .collect();
    assert!(times.iter().all(|time| *time >= START));
    let (from, to) = (times[100], times[400]);
    let query = EntriesQuery {
        from: Some(from),
        to: Some(to),
        limit: Some(1000),
        ..EntriesQuery::default()
    };
    let expected = times
        .iter()
        .filter(|time| (from..to).contains(time))
        .count();
    assert_eq!(world.entries(query).await.entries.len(), expected);
}

#[tokio::test]
async fn pages_hold_each_entry_once_and_end_where_the_log_ended() {
    let world = World::new().await;
    world.grow(300).await;
    let mut query = EntriesQuery {
        limit: Some(70),
        ..EntriesQuery::default()
    };
    let mut indices = Vec::new();
    loop {
        let page = world.entries(query.clone()).await;
        indices.extend(page.entries.iter().map(|entry| entry.index));
        let Some(next) = page.next else { break };
        query.page = Some(next);
    }
    assert!(indices.iter().copied().eq(0..300));
}

#[tokio::test]
async fn a_page_token_is_of_one_query_and_one_log() {
    let (world, stranger) = (World::new().await, World::new().await);
    world.grow(20).await;
    let query = EntriesQuery {
        limit: Some(5),
        ..EntriesQuery::default()
    };
    let mut token = world.entries(query.clone()).await.next.unwrap();
    let next = EntriesQuery {
        page: Some(token.clone()),
        ..query.clone()
    };
    let refusal = Denial::Invalid(Invalid::PageToken);
    let encrypts = EntriesQuery {
        operation: Some(Operation::Encrypt),
        ..next.clone()
    };
    assert_eq!(world.refused(encrypts).await, refusal);
    assert_eq!(stranger.refused(next.clone()).await, refusal);
    let shorter = EntriesQuery {
        page: Some(token.split_off(1)),
        ..query.clone()
    };
    assert_eq!(world.refused(shorter).await, refusal);
    let longer_pages = EntriesQuery {
        limit: Some(6),
        ..next
    };
    assert_eq!(world.entries(longer_pages).await.entries[0].index, 5);
}

#[tokio::test]
async fn a_batch_over_many_key_contexts_is_found_by_each_of_them() {
    let world = World::new().await;
    let item = |n| EncryptItem::new(context(&format!("org_{n}")), b"value".to_vec());
    let batch = Batch {
        items: (0..150).map(item).collect(),
        metadata: None,
    };
    let answered = world.room.encrypt_batch(&world.ask, batch).await.unwrap();
    let index = answered.entry.unwrap().index;
    let items = world.room.log_items(&world.ask, index).await.unwrap().value;
    assert_eq!((items.index, items.items.len()), (index, 150));
    let mut query = EntriesQuery {
        operation: Some(Operation::Encrypt),
        key_context: Some(context("org_149")),
        ..EntriesQuery::default()
    };
    let page = world.entries(query.clone()).await;
    assert_eq!((page.entries[0].index, page.entries[0].count), (index, 150));
    assert_eq!(page.entries[0].key_contexts.len(), 100);
    query.key_context = Some(context("org_150"));
    assert!(world.entries(query).await.entries.is_empty());
    let none = world.room.log_items(&world.ask, 0).await.unwrap_err();
    assert_eq!(none.denial, Denial::NotBatch);
}

#[tokio::test]
async fn items_that_are_not_those_of_the_entry_are_not_shown() {
    let world = World::new().await;
    let seal = async || {
        let batch = Batch {
            items: vec![EncryptItem::new(context("org_acme"), b"value".to_vec())],
            metadata: None,
        };
        let sealed = world.room.encrypt_batch(&world.ask, batch).await;
        sealed.unwrap().entry.unwrap().index
    };
    let [one, other] = [seal().await, seal().await];
    let show = async |index| world.room.log_items(&world.ask, index).await.map(drop);
    assert!(show(one).await.is_ok() && show(other).await.is_ok());
    let file = world.folder.path().join("strongroom.db");
    let url = format!("sqlite:{}", file.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let swap = "UPDATE items SET records = (SELECT records FROM items WHERE entry = ?1) \
        WHERE entry = ?2";
    let [one, other] = [one, other].map(|index| i64::try_from(index).unwrap());
    let swapped = sqlx::query(swap).bind(other).bind(one);
    let swapped = swapped.execute(&mut database).await.unwrap();
    assert_eq!(swapped.rows_affected(), 1);
    let [one, other] = [one, other].map(i64::unsigned_abs);
    assert_eq!(
        show(one).await.unwrap_err().denial,
        Denial::StoreUnavailable
    );
    assert!(show(other).await.is_ok());
}

#[tokio::test]
async fn the_follower_counts_what_a_key_sealed() {
    let world = World::new().await;
    world.grow(256).await;
    world.room.tick().await;
    let id = context_id(&world).await;
    let info = world.room.context(&world.ask, id).await.unwrap().value;
    // All but the entry of the workspace and that of the key context.
    assert_eq!(info.versions[0].sealed, 254);
}

async fn context_id(world: &World) -> strongroom_types::ContextId {
    let query = EntriesQuery {
        operation: Some(Operation::Encrypt),
        ..EntriesQuery::default()
    };
    world.entries(query).await.entries[0]
        .key
        .as_ref()
        .unwrap()
        .id
}

async fn head_of(room: &Strongroom, ask: &strongroom_core::Ask) -> String {
    room.log_checkpoint(ask).await.unwrap().value
}

#[tokio::test]
async fn a_database_older_than_its_checkpoint_is_refused_until_a_generation_begins_by_name() {
    let world = World::new().await;
    let (ask, workspace) = (world.ask.clone(), world.workspace);
    world.grow(5).await;
    let (folder, anchor) = world.close().await;
    let (file, backup) = (
        folder.path().join("strongroom.db"),
        folder.path().join("old.db"),
    );
    back_up(&file, &backup);

    let store = database(&file).await;
    let room = open(&store, &anchor, Settings::default()).await.unwrap();
    let newest = head_of(&room, &ask).await;
    assert_eq!(newest.lines().nth(1), Some("5"));
    let newest = head_of(&room, &ask).await;
    assert_eq!(newest.lines().nth(1), Some("6"));
    drop(room);

    let store = database(&backup).await;
    let refused = open(&store, &anchor, Settings::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            OpenError::RolledBack {
                stored: 5,
                signed: 6,
                ..
            }
        ),
        "{refused}"
    );
    let by_name = Settings {
        after_rollback: AfterRollback::NewGeneration,
        ..Settings::default()
    };
    let room = open(&store, &anchor, by_name).await.unwrap();
    let note = head_of(&room, &ask).await;
    assert_eq!(
        note.lines().next(),
        Some(room.log_origin(workspace, 2).as_str())
    );
    let query = EntriesQuery {
        operation: Some(Operation::LogGeneration),
        ..EntriesQuery::default()
    };
    let page = room.log_entries(&ask, query).await.unwrap().value;
    assert_eq!(page.entries[0].index, 5);
    assert_eq!(page.entries[0].facts["signed_size"], "6");
    drop(room);
    assert!(open(&store, &anchor, Settings::default()).await.is_ok());
}

#[tokio::test]
async fn a_log_that_is_not_the_signed_one_is_refused() {
    let (world, other) = (World::new().await, World::new().await);
    other.room.tick().await;
    let theirs = other.anchor.checkpoints.lock().unwrap()[&other.workspace].clone();
    world
        .anchor
        .checkpoints
        .lock()
        .unwrap()
        .insert(world.workspace, theirs);
    let refused = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap_err();
    assert!(matches!(refused, OpenError::OtherLog { .. }), "{refused}");
}

#[tokio::test]
async fn keys_that_a_restored_database_brought_back_are_destroyed_before_anything_is_served() {
    let world = World::new().await;
    world.seal("org_acme").await;
    let id = context_id(&world).await;
    let tombstone = strongroom_core::ports::Tombstone {
        workspace: world.workspace,
        context: id,
        version: strongroom_types::KeyVersion(1),
        only: false,
        destroyed: START + 3_600_000_000,
        final_after: START + 7_200_000_000,
    };
    world.anchor.tombstones.lock().unwrap().push(tombstone);
    let room = open(&world.store, &world.anchor, Settings::default())
        .await
        .unwrap();
    let info = room.context(&world.ask, id).await.unwrap().value;
    assert_eq!(info.state, strongroom_types::body::ContextState::Destroyed);
    let query = EntriesQuery {
        operation: Some(Operation::ContextDestroy),
        ..EntriesQuery::default()
    };
    let page = room.log_entries(&world.ask, query).await.unwrap().value;
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].client, None);
}

#[tokio::test]
async fn the_housekeeping_signs_each_log_once_a_second() {
    let world = World::new().await;
    let signed = |world: &World| {
        let held = world.anchor.checkpoints.lock().unwrap();
        held.get(&world.workspace)
            .and_then(|note| note.lines().nth(1).map(str::to_owned))
    };
    world.room.tick().await;
    assert_eq!(signed(&world).as_deref(), Some("1"));
    world.seal("org_acme").await;
    world.room.tick().await;
    assert_eq!(
        signed(&world).as_deref(),
        Some("1"),
        "not within the second"
    );
    world.room.close().await;
    assert_eq!(
        signed(&world).as_deref(),
        Some("3"),
        "the last one on closing"
    );
}

#[tokio::test]
async fn reading_the_log_needs_the_permission() {
    let world = World::new().await;
    let request = strongroom_types::body::ClientCreate {
        name: "writer".to_owned(),
        permissions: vec![strongroom_types::Permission::Encrypt],
        allowed_contexts: Vec::new(),
        expires_in: None,
    };
    let created = world
        .room
        .client_create(&world.ask, request)
        .await
        .unwrap()
        .value;
    let writer = support::ask(&created.api_key.secret);
    let refused = world.room.log_checkpoint(&writer).await.unwrap_err();
    let missing = Denial::PermissionMissing(strongroom_types::Permission::LogRead);
    assert_eq!(refused.denial, missing);
    let denied = EntriesQuery {
        outcome: Some(Outcome::Denied),
        ..EntriesQuery::default()
    };
    let page = world.entries(denied).await;
    assert_eq!(page.entries[0].index, refused.entry.unwrap().index);
}

#[tokio::test]
async fn an_entry_outlives_its_private_fields() {
    let world = World::new().await;
    let settings = Settings {
        openings_retention: Duration::ZERO,
        ..Settings::default()
    };
    let room = open(&world.store, &world.anchor, settings).await.unwrap();
    let world = World { room, ..world };
    let index = world.seal("org_acme").await;
    world.room.tick().await;
    let query = EntriesQuery {
        operation: Some(Operation::Encrypt),
        ..EntriesQuery::default()
    };
    let page = world.entries(query).await;
    let entry = &page.entries[0];
    assert_eq!((entry.index, entry.outcome), (index, Outcome::Allowed));
    assert!(entry.key.is_some());
    assert_eq!(
        (&entry.key_context, &entry.address, &entry.user_agent),
        (&None, &None, &None)
    );
    assert!(world.room.log_proof(&world.ask, index).await.is_ok());
}
