//! What a stolen tenant key looks like, step by step: Acme and Beta have keys of their own, and
//! somebody steals Acme's.

use strongroom_core::ports::{ContextRow, Store as _};
use strongroom_core::{EntriesQuery, PageQuery};
use strongroom_crypto::keys::Place;
use strongroom_types::body::{
    CustomerKeyEnable, CustomerKeyReplace, EnableFor, EntryView, ObjectCreate, ObjectRead,
};
use strongroom_types::{KeyContext, Operation, Reason};

use crate::on_each_database;
use crate::provider::{FakeKey, Mood};
use crate::support::context;
use crate::world::{World, data, open_at};

on_each_database!(a_stolen_customer_key_opens_its_tenant_only_and_is_contained);

/// All key contexts, as a thief of the database has them, with their maps.
async fn stolen(world: &World) -> Vec<(ContextRow, KeyContext)> {
    let listed = world.room.contexts(&world.ask, PageQuery::default()).await;
    let mut all = Vec::new();
    for info in listed.unwrap().value.items {
        let row = world.store.context(world.workspace, info.id).await.unwrap();
        all.push((row.unwrap(), info.key_context));
    }
    all
}

/// Of which organisations a thief with this key opens keys, the newest versions among them.
fn opened_by(world: &World, key: &FakeKey, database: &[(ContextRow, KeyContext)]) -> Vec<String> {
    let opens = |(row, map): &&(ContextRow, KeyContext)| {
        let newest = row.keys.last().unwrap();
        let place = Place::ContextKey(world.workspace, row.id, newest.version);
        key.opens(&place, map, &newest.seed)
    };
    let mut names: Vec<_> = database
        .iter()
        .filter(opens)
        .map(|(_, map)| map.value("organizationId").unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

async fn log_of(world: &World, map: &KeyContext) -> Vec<EntryView> {
    let query = EntriesQuery {
        key_context: Some(map.clone()),
        limit: Some(1000),
        ..EntriesQuery::default()
    };
    let page = world.room.log_entries(&world.ask, query).await;
    page.unwrap().value.entries
}

async fn a_stolen_customer_key_opens_its_tenant_only_and_is_contained(world: World) {
    let (acme, beta) = (world.key("acme", None).await, world.key("beta", None).await);
    world.attach_all(acme, "acme").await;
    world.attach_all(beta, "beta").await;
    let token = ObjectCreate::new(context("acme"), "oauth-token", b"secret".to_vec());
    let token = world
        .room
        .object_create(&world.ask, token)
        .await
        .unwrap()
        .value;
    let pii = world.seal(&data("acme", "pii"), "ssn").await.ciphertext;
    let betas = world.seal(&context("beta"), "beta's").await.ciphertext;
    let gammas = world.seal(&context("gamma"), "gamma's").await.ciphertext;

    // The thief has Acme's key, and even a copy of the database: Acme's keys open, nobody else's.
    let thief = world.at_provider("acme");
    let database = stolen(&world).await;
    assert_eq!(opened_by(&world, &thief, &database), ["acme"]);
    assert_eq!(
        opened_by(&world, &world.at_provider("beta"), &database),
        ["beta"]
    );

    // Containment: a new key; the old one is limited to moving away from it.
    let new = world.key("acme-2", None).await;
    let by = CustomerKeyReplace { by: new };
    let replaced = world.room.customer_key_replace(&world.ask, acme, by).await;
    let enable = CustomerKeyEnable {
        purpose: EnableFor::Rewrap,
    };
    world
        .room
        .customer_key_enable(&world.ask, acme, enable)
        .await
        .unwrap();
    let opened = world.open(&data("acme", "pii"), &pii).await;
    assert_eq!(opened.unwrap_err().reason(), Reason::CustomerKeyDisabled);
    let job = world.done(replaced.unwrap().value.job.id).await;
    assert_eq!((job.moved, job.failed, job.stored), (2, 0, 1));

    // Then the old one is disabled, here and at its provider. Acme goes on under the new one.
    world
        .room
        .customer_key_disable(&world.ask, acme)
        .await
        .unwrap();
    world.at_provider("acme").set(Mood::Disabled);
    let fresh = world.node().await;
    for room in [&world.room, &fresh] {
        let opened = open_at(room, &world.ask, &data("acme", "pii"), &pii).await;
        assert_eq!(opened.unwrap(), "ssn");
        let read = room
            .object_read(&world.ask, ObjectRead::by_id(token.id))
            .await;
        assert_eq!(read.unwrap().value.value.unwrap().0, b"secret");
        // Nobody else has noticed anything.
        let opened = open_at(room, &world.ask, &context("beta"), &betas).await;
        assert_eq!(opened.unwrap(), "beta's");
        let opened = open_at(room, &world.ask, &context("gamma"), &gammas).await;
        assert_eq!(opened.unwrap(), "gamma's");
    }

    // What the thief has is worth nothing against the database of now.
    let database = stolen(&world).await;
    assert_eq!(opened_by(&world, &thief, &database), [""; 0]);
    assert_eq!(
        opened_by(&world, &world.at_provider("acme-2"), &database),
        ["acme"]
    );
    assert_the_log_tells(&world).await;
}

/// The log shows each use of Acme's data, and the moves; for Beta nothing of it.
async fn assert_the_log_tells(world: &World) {
    let acmes: Vec<_> = log_of(world, &data("acme", "pii")).await;
    let operations: Vec<_> = acmes.iter().map(|entry| entry.operation).collect();
    assert_eq!(
        operations,
        [
            Operation::ContextCreate,
            Operation::Encrypt,
            Operation::Decrypt,
            Operation::ContextRewrap,
            Operation::Decrypt,
            Operation::Decrypt,
        ]
    );
    assert_eq!(acmes[2].reason, Some(Reason::CustomerKeyDisabled));
    let betas = log_of(world, &context("beta")).await;
    let moved = betas
        .iter()
        .any(|entry| entry.operation == Operation::ContextRewrap);
    assert!(!moved);
}
