//! Registering customers' keys: verified before use, credentials never shown, always the same key.

use core::fmt::Write as _;

use serde_json::json;
use strongroom_core::{CustomerKeyFault, Denial, EventsQuery, PageQuery};
use strongroom_types::body::{
    ClientCreate, CustomerKeyAttach, CustomerKeyDetach, CustomerKeyEnable, CustomerKeyReplace,
    CustomerKeyState, CustomerKeyUpdate, EventData, KeyProvider,
};
use strongroom_types::{
    Code, ContextPattern, CustomerKeyId, Operation, Outcome, Permission, Reason,
};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::{ask, context};
use crate::world::{World, denial, description, way};

on_each_database!(
    a_key_is_used_only_after_it_was_verified,
    a_key_that_does_not_wrap_does_not_become_active,
    neither_answers_nor_entries_show_credentials,
    new_credentials_must_lead_to_the_same_key,
    a_key_is_forgotten_only_when_it_wraps_nothing,
    customer_keys_are_administered_with_a_permission_of_their_own,
    every_act_has_its_entry,
    bad_descriptions_are_refused,
    each_act_is_an_event,
    a_failed_trial_of_a_key_that_is_gone_is_a_denial,
);

async fn attach(world: &World, id: CustomerKeyId) -> Result<(), Denial> {
    let request = CustomerKeyAttach {
        matches: ContextPattern::new([("organizationId", "acme")]).unwrap(),
    };
    let attached = world
        .room
        .customer_key_attach(&world.ask, id, request)
        .await;
    attached.map(drop).map_err(denial)
}

async fn register(world: &World, name: &str) -> CustomerKeyId {
    let request = description(name, None);
    let registered = world.room.customer_key_register(&world.ask, request).await;
    registered.unwrap().value.id
}

async fn state(world: &World, id: CustomerKeyId) -> CustomerKeyState {
    let described = world.room.customer_key(&world.ask, id).await;
    described.unwrap().value.state
}

async fn a_key_is_used_only_after_it_was_verified(world: World) {
    let id = register(&world, "acme").await;
    assert_eq!(state(&world, id).await, CustomerKeyState::Unverified);
    let unverified = Denial::CustomerKeyTried(CustomerKeyFault::Unverified);
    assert_eq!(attach(&world, id).await, Err(unverified.clone()));
    let enabled = world
        .room
        .customer_key_enable(&world.ask, id, CustomerKeyEnable::default())
        .await;
    assert_eq!(enabled.map_err(denial).unwrap_err(), unverified);
    assert_eq!(world.at_provider("acme").wraps(), 0);
    let verified = world.room.customer_key_verify(&world.ask, id).await;
    let verified = verified.unwrap().value;
    assert_eq!(verified.state, CustomerKeyState::Active);
    assert!(verified.verified.is_some());
    let key = world.at_provider("acme");
    assert_eq!((key.wraps(), key.unwraps()), (1, 1));
    assert_eq!(attach(&world, id).await, Ok(()));
}

async fn a_key_that_does_not_wrap_does_not_become_active(world: World) {
    let id = register(&world, "acme").await;
    for (mood, code, reason) in [
        (
            Mood::Disabled,
            Code::KeyDisabled,
            Reason::CustomerKeyRefused,
        ),
        (
            Mood::Away,
            Code::RootUnavailable,
            Reason::CustomerKeyUnreachable,
        ),
        // It wraps, and then it is gone.
        (
            Mood::ServesOnly(1),
            Code::RootUnavailable,
            Reason::CustomerKeyUnreachable,
        ),
    ] {
        world.at_provider("acme").set(mood);
        let refused = world.room.customer_key_verify(&world.ask, id).await;
        let denial = refused.map_err(denial).unwrap_err();
        assert_eq!((denial.code(), denial.reason()), (code, reason));
        assert!(denial.detail().unwrap().contains("aws_kms"));
        assert_eq!(state(&world, id).await, CustomerKeyState::Unverified);
    }
    let entries = world.entries(Operation::CustomerKeyVerify).await;
    assert!(entries.iter().all(|entry| entry.outcome == Outcome::Denied));
    assert_eq!(entries.len(), 3);
}

async fn neither_answers_nor_entries_show_credentials(world: World) {
    let id = world.key("acme", None).await;
    let described = world.room.customer_key(&world.ask, id).await.unwrap().value;
    let listed = world
        .room
        .customer_keys(&world.ask, PageQuery::default())
        .await;
    let listed = listed.unwrap().value;
    let mut shown = serde_json::to_string(&(&described, &listed)).unwrap();
    for operation in Operation::ALL {
        let entries = world.entries(*operation).await;
        shown.push_str(&serde_json::to_string(&entries).unwrap());
    }
    write!(shown, "{described:?}").unwrap();
    assert!(shown.contains("\"secret_access_key\":\"hidden\""));
    assert!(!shown.contains("hunter2"));
}

async fn update(world: &World, id: CustomerKeyId, json: serde_json::Value) -> Result<(), Denial> {
    let request: CustomerKeyUpdate = serde_json::from_value(json).unwrap();
    let updated = world
        .room
        .customer_key_update(&world.ask, id, request)
        .await;
    updated.map(drop).map_err(denial)
}

async fn new_credentials_must_lead_to_the_same_key(world: World) {
    let id = world.key("acme", None).await;
    world.attach_all(id, "acme").await;
    let sealed = world.seal(&context("acme"), "value").await;
    let other = update(&world, id, json!({"key": way("other", "new")})).await;
    assert_eq!(
        other,
        Err(Denial::CustomerKeyTried(CustomerKeyFault::Other))
    );
    let same = json!({"key": way("acme", "new"), "name": "renamed", "cache_s": 5});
    assert_eq!(update(&world, id, same).await, Ok(()));
    let described = world.room.customer_key(&world.ask, id).await.unwrap().value;
    assert_eq!((described.name.as_str(), described.cache_s), ("renamed", 5));
    assert_eq!(described.state, CustomerKeyState::Active);
    let opened = world.open(&context("acme"), &sealed.ciphertext).await;
    assert_eq!(opened.unwrap(), "value");
    // One that was never verified may still be described anew.
    let fresh = register(&world, "typo").await;
    let described_anew = update(&world, fresh, json!({"key": way("right", "new")})).await;
    assert_eq!(described_anew, Ok(()));
    assert_eq!(state(&world, fresh).await, CustomerKeyState::Unverified);
}

async fn a_key_is_forgotten_only_when_it_wraps_nothing(world: World) {
    let id = world.key("acme", None).await;
    world.attach_all(id, "acme").await;
    let forget = async || {
        let forgotten = world.room.customer_key_delete(&world.ask, id).await;
        forgotten.map(drop).map_err(|refused| refused.denial.code())
    };
    assert_eq!(forget().await, Err(Code::Conflict), "it is to wrap");
    world.seal(&context("acme"), "value").await;
    assert_eq!(forget().await, Err(Code::Conflict));
    let detached = world
        .room
        .customer_key_detach(&world.ask, id, CustomerKeyDetach::default())
        .await;
    let job = detached.unwrap().value.job.id;
    assert_eq!(forget().await, Err(Code::Conflict), "it still wraps");
    assert_eq!(world.done(job).await.moved, 1);
    assert_eq!(forget().await, Ok(()));
    assert_eq!(forget().await, Err(Code::NotFound));
}

async fn customer_keys_are_administered_with_a_permission_of_their_own(world: World) {
    let id = world.key("acme", None).await;
    let permissions: Vec<_> = Permission::ALL
        .iter()
        .filter(|one| ![Permission::AdminCustomerKeys, Permission::AdminWorkspaces].contains(one))
        .copied()
        .collect();
    let request = ClientCreate {
        name: "program".to_owned(),
        permissions,
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: None,
    };
    let created = world.room.client_create(&world.ask, request).await;
    let other = ask(&created.unwrap().value.api_key.secret);
    let missing = Denial::PermissionMissing(Permission::AdminCustomerKeys);
    let room = &world.room;
    let register = room.customer_key_register(&other, description("x", None));
    assert_eq!(register.await.map_err(denial).unwrap_err(), missing);
    let described = room.customer_key(&other, id).await;
    assert_eq!(described.map_err(denial).unwrap_err(), missing);
    let disabled = room.customer_key_disable(&other, id).await;
    assert_eq!(disabled.map_err(denial).unwrap_err(), missing);
    let detached = room
        .customer_key_detach(&other, id, CustomerKeyDetach::default())
        .await;
    assert_eq!(detached.map_err(denial).unwrap_err(), missing);
}

async fn every_act_has_its_entry(world: World) {
    let old = world.key("old", None).await;
    let new = world.key("new", None).await;
    world.attach_all(old, "acme").await;
    let by = CustomerKeyReplace { by: new };
    let room = &world.room;
    let replaced = room.customer_key_replace(&world.ask, old, by).await;
    world.done(replaced.unwrap().value.job.id).await;
    room.customer_key_disable(&world.ask, old).await.unwrap();
    let enable = CustomerKeyEnable::default();
    room.customer_key_enable(&world.ask, old, enable)
        .await
        .unwrap();
    update(&world, old, json!({"name": "gone soon"}))
        .await
        .unwrap();
    room.customer_key_delete(&world.ask, old).await.unwrap();
    let detached = room.customer_key_detach(&world.ask, new, CustomerKeyDetach::default());
    world.done(detached.await.unwrap().value.job.id).await;
    for (operation, entries) in [
        (Operation::CustomerKeyRegister, 2),
        (Operation::CustomerKeyVerify, 2),
        (Operation::CustomerKeyUpdate, 1),
        (Operation::CustomerKeyDisable, 1),
        (Operation::CustomerKeyEnable, 1),
        (Operation::CustomerKeyDelete, 1),
        // Their beginnings and the ends of their jobs.
        (Operation::CustomerKeyAttach, 2),
        (Operation::CustomerKeyReplace, 2),
        (Operation::CustomerKeyDetach, 2),
    ] {
        assert_eq!(world.entries(operation).await.len(), entries, "{operation}");
    }
    let replaced = &world.entries(Operation::CustomerKeyReplace).await[0];
    assert_eq!(replaced.facts["customer_key"], new.to_string());
    assert_eq!(replaced.facts["replaces"], old.to_string());
    let ends = world.entries(Operation::CustomerKeyDetach).await;
    assert_eq!(ends[1].outcome, Outcome::Completed);
    assert_eq!(ends[0].facts["job"], ends[1].facts["job"]);
}

async fn bad_descriptions_are_refused(world: World) {
    for json in [
        json!({"name": "", "key": way("acme", "x")}),
        json!({"name": "n", "key": way("acme", "x"), "cache_s": 86_401}),
        json!({"name": "n", "key": {"provider": "transit", "address": "https://vault.example",
            "key": "k", "token": "t"}}),
    ] {
        let request = serde_json::from_value(json.clone()).unwrap();
        let refused = world.room.customer_key_register(&world.ask, request).await;
        let code = refused.map_err(denial).unwrap_err().code();
        assert_eq!(code, Code::InvalidRequest, "{json}");
    }
}

async fn each_act_is_an_event(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let by = world.key("new", None).await;
    world.at_provider("new").set(Mood::Away);
    let tried = world.room.customer_key_verify(&world.ask, by).await;
    assert!(tried.is_err());
    world.at_provider("new").set(Mood::Serves);
    let replace = CustomerKeyReplace { by };
    let replaced = world.room.customer_key_replace(&world.ask, key, replace);
    world.done(replaced.await.unwrap().value.job.id).await;
    let disabled = world.room.customer_key_disable(&world.ask, key).await;
    disabled.unwrap();
    let deleted = world.room.customer_key_delete(&world.ask, key).await;
    deleted.unwrap();
    let detach = CustomerKeyDetach::default();
    let detached = world.room.customer_key_detach(&world.ask, by, detach).await;
    detached.unwrap();

    let page = world.room.events(&world.ask, EventsQuery::default()).await;
    let told = page.unwrap().value.data.into_iter().filter_map(|event| {
        let told = match event.data {
            EventData::ByokKeyVerificationCompleted(tried) if !tried.verified => {
                ("not verified", tried.key)
            }
            EventData::ByokKeyVerificationCompleted(tried) => ("verified", tried.key),
            EventData::ByokKeyDeleted(key) => ("detached", key),
            EventData::CustomerKeyChanged(changed) => (changed.operation.name(), changed.key),
            _ => return None,
        };
        assert_eq!(told.1.key_provider, KeyProvider::AwsKms);
        Some((told.0, told.1.organization_id))
    });
    let told: Vec<_> = told.collect();
    // The first key is gone by now, and with it its name.
    let expected = [
        ("customer-key.register", ""),
        ("verified", ""),
        ("customer-key.attach", "acme"),
        ("customer-key.register", "key new"),
        ("verified", "key new"),
        ("not verified", "key new"),
        ("customer-key.replace", "acme"),
        ("customer-key.disable", ""),
        ("customer-key.delete", ""),
        ("detached", "acme"),
    ];
    let told: Vec<_> = told.iter().map(|(what, whose)| (*what, &**whose)).collect();
    assert_eq!(told, expected);
}

async fn a_failed_trial_of_a_key_that_is_gone_is_a_denial(world: World) {
    let key = world.key("acme", None).await;
    world.at_provider("acme").set(Mood::Away);
    let tried = world.room.customer_key_verify(&world.ask, key).await;
    assert!(tried.is_err());
    let deleted = world.room.customer_key_delete(&world.ask, key).await;
    deleted.unwrap();
    let page = world.room.events(&world.ask, EventsQuery::default()).await;
    let denied = page.unwrap().value.data.into_iter().find_map(|event| {
        let EventData::AccessDenied(denied) = event.data else {
            return None;
        };
        Some((denied.operation, denied.reason))
    });
    let trial = Operation::CustomerKeyVerify;
    assert_eq!(denied, Some((trial, Reason::CustomerKeyUnreachable)));
}
