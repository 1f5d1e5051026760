//! Attaching to key contexts that exist, replacing a key in either order, detaching.

use strongroom_core::ports::{Store as _, Wrapper};
use strongroom_core::{Ask, Denial, PageQuery};
use strongroom_crypto::keys::Place;
use strongroom_types::body::{
    ContextInfo, CustomerKeyDetach, CustomerKeyEnable, CustomerKeyInfo, CustomerKeyReplace,
    EnableFor, JobInfo, JobState, KeyState, ObjectCreate, ObjectRead, ObjectUpdate, PolicyBody,
    Rotation, StoredObject,
};
use strongroom_types::{
    Bytes, Code, ContextPattern, CustomerKeyId, KeyContext, KeyVersion, Operation, Outcome, Reason,
};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::context;
use crate::world::{World, data, denial, open_at};

on_each_database!(
    attaching_moves_what_exists_and_destroys_the_old_wrapping,
    a_new_key_context_is_wrapped_by_the_customers_key_only,
    what_is_sealed_after_attaching_is_never_under_the_root,
    stored_objects_move_to_the_new_version,
    a_key_is_replaced_through_the_old_one_and_then_the_old_is_nothing,
    the_other_order_stays_closed_until_the_old_key_is_enabled_for_rewrap_only,
    detaching_puts_everything_back_under_the_root,
    the_policy_with_most_pairs_and_a_key_wins,
    an_attached_policy_keeps_its_pairs_and_its_place,
    rotation_stays_under_the_customers_key,
    keys_rotate_by_age_and_by_uses_under_either_key,
);

fn acme() -> KeyContext {
    context("acme")
}

async fn described(world: &World, map: &KeyContext) -> ContextInfo {
    let page = world.room.contexts(&world.ask, PageQuery::default()).await;
    let mut items = page.unwrap().value.items;
    items.retain(|info| info.key_context == *map);
    items.pop().unwrap()
}

async fn key_info(world: &World, id: CustomerKeyId) -> CustomerKeyInfo {
    world.room.customer_key(&world.ask, id).await.unwrap().value
}

async fn replace(world: &World, old: CustomerKeyId, by: CustomerKeyId) -> JobInfo {
    let by = CustomerKeyReplace { by };
    let replaced = world.room.customer_key_replace(&world.ask, old, by).await;
    replaced.unwrap().value.job
}

async fn attaching_moves_what_exists_and_destroys_the_old_wrapping(world: World) {
    let old = world.seal(&acme(), "before").await.ciphertext;
    world.seal(&context("beta"), "beta's").await;
    let id = described(&world, &acme()).await.id;
    let before = world
        .store
        .context(world.workspace, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(before.wrapper, Wrapper::Root(KeyVersion(1)));

    let key = world.key("acme", None).await;
    let job = world.attach_all(key, "acme").await;
    assert_eq!((job.total, job.done, job.moved, job.failed), (2, 2, 1, 0));

    let after = world
        .store
        .context(world.workspace, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(after.wrapper, Wrapper::Customer(key));
    assert_ne!(after.lock_secret, before.lock_secret);
    assert_ne!(after.keys[0].seed, before.keys[0].seed);
    let states: Vec<_> = after.keys.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::Rotated, KeyState::Active]);
    // All of it is the customer's key's now.
    let at_provider = world.at_provider("acme");
    let lock_secret = Place::LockSecret(world.workspace, id);
    assert!(at_provider.opens(&lock_secret, &acme(), &after.lock_secret));
    for version in &after.keys {
        let place = Place::ContextKey(world.workspace, id, version.version);
        assert!(at_provider.opens(&place, &acme(), &version.seed));
    }
    assert_eq!(world.open(&acme(), &old).await.unwrap(), "before");
    let new = world.seal(&acme(), "after").await;
    assert_eq!(new.key.version, KeyVersion(2));
    assert_eq!(described(&world, &acme()).await.customer_key, Some(key));
    assert_eq!(described(&world, &context("beta")).await.customer_key, None);
    assert_eq!(key_info(&world, key).await.contexts, 1);
    let entries = world.entries(Operation::ContextRewrap).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].key_context, Some(acme()));
    assert_eq!(entries[0].facts["from"], "root/1");
    assert_eq!(entries[0].facts["to"], key.to_string());
}

async fn a_new_key_context_is_wrapped_by_the_customers_key_only(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let wraps = world.at_provider("acme").wraps();
    for kind in ["pii", "logs"] {
        world.seal(&data("acme", kind), "value").await;
        let info = described(&world, &data("acme", kind)).await;
        assert_eq!(info.customer_key, Some(key));
    }
    // Key and lock secret of each.
    assert_eq!(world.at_provider("acme").wraps() - wraps, 4);
}

async fn what_is_sealed_after_attaching_is_never_under_the_root(world: World) {
    let old = world.seal(&acme(), "before").await.ciphertext;
    let key = world.key("acme", None).await;
    // The job has not begun.
    let job = world.attach(key, "acme").await.job;
    assert_eq!(world.open(&acme(), &old).await.unwrap(), "before");
    world.at_provider("acme").set(Mood::Away);
    let refused = world.try_seal(&acme(), "x").await.unwrap_err();
    assert_eq!(refused.code(), Code::RootUnavailable);
    world.at_provider("acme").set(Mood::Serves);
    let sealed = world.seal(&acme(), "after").await;
    assert_eq!(sealed.key.version, KeyVersion(2));
    assert_eq!(described(&world, &acme()).await.customer_key, Some(key));
    // The job finds nothing left to move.
    let done = world.done(job.id).await;
    assert_eq!((done.moved, done.failed), (0, 0));
    let entry = &world.entries(Operation::ContextRewrap).await[0];
    assert_eq!(entry.facts["because"], "policy");
}

async fn keep(world: &World, map: &KeyContext, name: &str) -> StoredObject {
    let request = ObjectCreate::new(map.clone(), name, format!("{name} 1").into_bytes());
    let created = world.room.object_create(&world.ask, request).await;
    let object = created.unwrap().value;
    let update = ObjectUpdate::new(format!("{name} 2").into_bytes());
    let updated = world
        .room
        .object_update(&world.ask, object.id, update)
        .await;
    updated.unwrap().value
}

async fn read(world: &World, object: &StoredObject, version: u64) -> Result<String, Denial> {
    let item = ObjectRead {
        version: Some(version),
        ..ObjectRead::by_id(object.id)
    };
    let read = world.room.object_read(&world.ask, item).await;
    let value = read.map_err(denial)?.value.value.unwrap();
    Ok(String::from_utf8(value.0).unwrap())
}

/// How many stored versions are under an older version of their key.
async fn stale(world: &World, map: &KeyContext) -> u64 {
    let info = described(world, map).await;
    let active = info.versions[0].version;
    let count = world
        .store
        .count_stale_versions(world.workspace, info.id, active);
    count.await.unwrap()
}

async fn stored_objects_move_to_the_new_version(world: World) {
    let map = data("acme", "pii");
    let object = keep(&world, &map, "card").await;
    // This one is moved by a write that comes before the job, its object by the job.
    let early = keep(&world, &acme(), "token").await;
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job;
    world.seal(&acme(), "value").await;
    assert_eq!(stale(&world, &acme()).await, 2);
    let job = world.done(job.id).await;
    assert_eq!((job.moved, job.stored), (1, 4));
    for (map, object, name) in [(&map, &object, "card"), (&acme(), &early, "token")] {
        assert_eq!(stale(&world, map).await, 0);
        assert_eq!(read(&world, object, 1).await.unwrap(), format!("{name} 1"));
        assert_eq!(read(&world, object, 2).await.unwrap(), format!("{name} 2"));
    }
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

async fn a_key_is_replaced_through_the_old_one_and_then_the_old_is_nothing(world: World) {
    let (old, new) = (world.key("old", None).await, world.key("new", None).await);
    world.attach_all(old, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let job = replace(&world, old, new).await;
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    let job = world.done(job.id).await;
    assert_eq!((job.moved, job.failed), (1, 0));
    world.at_provider("old").set(Mood::Disabled);
    world.pass(60);
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    world.seal(&acme(), "more").await;
    assert_eq!(key_info(&world, old).await.contexts, 0);
    assert_eq!(key_info(&world, new).await.contexts, 1);
}

async fn opened(
    world: &World,
    room: &strongroom_core::Strongroom,
    sealed: &Bytes,
) -> Result<String, Reason> {
    let ask: &Ask = &world.ask;
    let opened = open_at(room, ask, &acme(), sealed).await;
    opened.map_err(|denial| denial.reason())
}

async fn the_other_order_stays_closed_until_the_old_key_is_enabled_for_rewrap_only(world: World) {
    let (old, new) = (world.key("old", None).await, world.key("new", None).await);
    world.attach_all(old, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    world
        .room
        .customer_key_disable(&world.ask, old)
        .await
        .unwrap();
    let job = replace(&world, old, new).await;
    world.room.work().await;
    let waiting = world.job(job.id).await;
    assert_eq!(waiting.state, JobState::Waiting);
    assert_eq!((waiting.moved, waiting.failed), (0, 1));
    assert_eq!(waiting.reason, Some(Reason::CustomerKeyDisabled));
    let fresh = world.node().await;
    for room in [&world.room, &fresh] {
        let closed = opened(&world, room, &sealed).await;
        assert_eq!(closed, Err(Reason::CustomerKeyDisabled));
    }
    assert!(world.try_seal(&acme(), "x").await.is_err());

    let enable = CustomerKeyEnable {
        purpose: EnableFor::Rewrap,
    };
    world
        .room
        .customer_key_enable(&world.ask, old, enable)
        .await
        .unwrap();
    let closed = opened(&world, &world.room, &sealed).await;
    assert_eq!(closed, Err(Reason::CustomerKeyDisabled), "for rewrap only");
    // It tries again by itself.
    world.pass(60);
    let done = world.done(job.id).await;
    assert_eq!((done.moved, done.failed, done.reason), (1, 0, None));
    assert_eq!(opened(&world, &world.room, &sealed).await.unwrap(), "value");
    world.at_provider("old").set(Mood::Disabled);
    assert_eq!(opened(&world, &fresh, &sealed).await.unwrap(), "value");
}

async fn detaching_puts_everything_back_under_the_root(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let detached = world
        .room
        .customer_key_detach(&world.ask, key, CustomerKeyDetach::default())
        .await
        .unwrap()
        .value;
    assert_eq!(detached.policies[0].customer_key, None);
    assert_eq!(world.done(detached.job.id).await.moved, 1);
    world.at_provider("acme").set(Mood::Disabled);
    world.pass(60);
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    let info = described(&world, &acme()).await;
    assert_eq!(info.customer_key, None);
    let row = world
        .store
        .context(world.workspace, info.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.wrapper, Wrapper::Root(KeyVersion(1)));
    let ends = world.entries(Operation::CustomerKeyDetach).await;
    assert_eq!(ends.last().unwrap().outcome, Outcome::Completed);
}

fn policy(pairs: &[(&str, &str)]) -> PolicyBody {
    PolicyBody::of(ContextPattern::new(pairs.iter().copied()).unwrap())
}

async fn the_policy_with_most_pairs_and_a_key_wins(world: World) {
    let (acmes, piis) = (world.key("acme", None).await, world.key("pii", None).await);
    world.attach_all(acmes, "acme").await;
    // A policy about something else has more pairs and takes the key from nobody.
    let about_logs = policy(&[("organizationId", "acme"), ("dataType", "logs")]);
    world
        .room
        .policy_create(&world.ask, about_logs)
        .await
        .unwrap();
    world.seal(&data("acme", "logs"), "value").await;
    world.seal(&data("acme", "pii"), "value").await;
    let wrapped = async |kind| described(&world, &data("acme", kind)).await.customer_key;
    assert_eq!(wrapped("logs").await, Some(acmes));
    let request = strongroom_types::body::CustomerKeyAttach {
        matches: policy(&[("organizationId", "acme"), ("dataType", "pii")]).matches,
    };
    let attached = world
        .room
        .customer_key_attach(&world.ask, piis, request)
        .await;
    let job = world.done(attached.unwrap().value.job.id).await;
    assert_eq!(job.moved, 1);
    assert_eq!(wrapped("pii").await, Some(piis));
    assert_eq!(wrapped("logs").await, Some(acmes));
    // Without it, the key of the policy with fewer pairs counts again.
    let detached = world
        .room
        .customer_key_detach(&world.ask, piis, CustomerKeyDetach::default())
        .await;
    world.done(detached.unwrap().value.job.id).await;
    assert_eq!(wrapped("pii").await, Some(acmes));
}

async fn an_attached_policy_keeps_its_pairs_and_its_place(world: World) {
    let key = world.key("acme", None).await;
    let attached = world.attach(key, "acme").await.policies.remove(0);
    let room = &world.room;
    let update = room.policy_update(&world.ask, attached.id, policy(&[("organizationId", "b")]));
    assert_eq!(
        update.await.map_err(denial).unwrap_err(),
        Denial::KeyAttached
    );
    let delete = room.policy_delete(&world.ask, attached.id).await;
    assert_eq!(delete.map_err(denial).unwrap_err(), Denial::KeyAttached);
    let again = strongroom_types::body::CustomerKeyAttach {
        matches: attached.policy.matches.clone(),
    };
    let again = room.customer_key_attach(&world.ask, key, again).await;
    assert_eq!(again.map_err(denial).unwrap_err(), Denial::KeyAttached);
    let rotating = PolicyBody {
        rotation: Rotation {
            age_s: None,
            uses: Some(9),
        },
        ..attached.policy
    };
    let updated = room.policy_update(&world.ask, attached.id, rotating).await;
    assert_eq!(updated.unwrap().value.customer_key, Some(key));
}

async fn rotation_stays_under_the_customers_key(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let first = world.seal(&acme(), "one").await;
    let id = described(&world, &acme()).await.id;
    let rotated = world
        .room
        .context_rotate(&world.ask, id)
        .await
        .unwrap()
        .value;
    assert_eq!(rotated.customer_key, Some(key));
    let second = world.seal(&acme(), "two").await;
    assert_eq!(second.key.version, first.key.version.next().unwrap());
    world.pass(60);
    assert_eq!(world.open(&acme(), &first.ciphertext).await.unwrap(), "one");
    assert_eq!(
        world.open(&acme(), &second.ciphertext).await.unwrap(),
        "two"
    );
    world.room.context_destroy(&world.ask, id).await.unwrap();
    let gone = world.open(&acme(), &first.ciphertext).await.unwrap_err();
    assert_eq!(gone.code(), Code::CannotDecrypt);
    assert_eq!(key_info(&world, key).await.contexts, 0);
}

async fn keys_rotate_by_age_and_by_uses_under_either_key(world: World) {
    let key = world.key("acme", Some(0)).await;
    let attached = world.attach(key, "acme").await.policies.remove(0);
    let rotation = Rotation {
        age_s: Some(3600),
        uses: Some(3),
    };
    for (id, policy) in [(Some(attached.id), attached.policy.clone()), {
        let beta = ContextPattern::new([("organizationId", "beta")]).unwrap();
        (None, PolicyBody::of(beta))
    }] {
        let policy = PolicyBody {
            rotation: rotation.clone(),
            ..policy
        };
        let saved = match id {
            Some(id) => world.room.policy_update(&world.ask, id, policy).await,
            None => world.room.policy_create(&world.ask, policy).await,
        };
        saved.unwrap();
    }
    for organization in ["acme", "beta"] {
        let map = context(organization);
        let mut versions = Vec::new();
        for _ in 0..4 {
            versions.push(world.seal(&map, "value").await.key.version.0);
        }
        assert_eq!(versions, [1, 1, 1, 2], "by uses");
        world.pass(3600);
        assert_eq!(world.seal(&map, "value").await.key.version, KeyVersion(3));
        assert_eq!(world.seal(&map, "value").await.key.version, KeyVersion(3));
    }
}
