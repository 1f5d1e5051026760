//! Closed names, so that a misspelt value never falls back, and which key a key context would use.

use strongroom_core::{Denial, PageQuery};
use strongroom_types::body::{
    CustomerKeyDetach, PolicyBody, PolicyInfo, WhichKey, WhichKeyBecause, WhichKeyRequest,
    WrappingKind,
};
use strongroom_types::{Code, KeyContext, Operation, Reason};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::context;
use crate::world::{World, data, denial};

on_each_database!(
    a_misspelt_value_of_a_closed_name_is_refused,
    closing_a_name_closes_what_exists_without_a_key,
    detaching_under_a_closed_name_never_falls_back,
    which_key_says_what_would_be_used_and_why,
    bad_names_cannot_be_closed,
);

fn acme() -> KeyContext {
    context("acme")
}

/// Closes a name by a policy.
async fn close(world: &World, policy: &PolicyInfo, name: &str) -> Result<(), Denial> {
    let body = PolicyBody {
        closed_names: vec![name.to_owned()],
        ..policy.policy.clone()
    };
    let updated = world.room.policy_update(&world.ask, policy.id, body).await;
    updated.map(drop).map_err(denial)
}

async fn which(world: &World, map: KeyContext) -> WhichKey {
    let request = WhichKeyRequest { key_context: map };
    world
        .room
        .which_key(&world.ask, request)
        .await
        .unwrap()
        .value
}

async fn a_misspelt_value_of_a_closed_name_is_refused(world: World) {
    let key = world.key("acme", None).await;
    let attached = world.attach(key, "acme").await;
    world.done(attached.job.id).await;
    close(&world, &attached.policies[0], "organizationId")
        .await
        .unwrap();
    world.seal(&acme(), "value").await;
    for misspelt in [context("acmee"), data("Acme", "pii")] {
        let refused = world.try_seal(&misspelt, "value").await.unwrap_err();
        assert_eq!(refused.code(), Code::ContextClosed);
        let created = strongroom_types::body::ContextCreate {
            key_context: misspelt.clone(),
        };
        let created = world.room.context_create(&world.ask, created).await;
        assert_eq!(created.map_err(denial).unwrap_err(), Denial::ContextClosed);
    }
    // Other names are open.
    let other = KeyContext::new([("project", "acmee")]).unwrap();
    world.seal(&other, "value").await;
    let denied = world.entries(Operation::Encrypt).await;
    let denied: Vec<_> = denied.iter().filter_map(|entry| entry.reason).collect();
    assert_eq!(denied, [Reason::ContextClosed; 2]);
}

async fn closing_a_name_closes_what_exists_without_a_key(world: World) {
    let betas = world.seal(&context("beta"), "beta's").await.ciphertext;
    let key = world.key("acme", None).await;
    let attached = world.attach(key, "acme").await;
    close(&world, &attached.policies[0], "organizationId")
        .await
        .unwrap();
    let closed = world.open(&context("beta"), &betas).await;
    assert_eq!(closed, Err(Denial::ContextClosed));
    let beta = world.key("beta", None).await;
    world.attach_all(beta, "beta").await;
    let opened = world.open(&context("beta"), &betas).await;
    assert_eq!(opened.unwrap(), "beta's");
}

async fn detaching_under_a_closed_name_never_falls_back(world: World) {
    let key = world.key("acme", None).await;
    let attached = world.attach(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    close(&world, &attached.policies[0], "organizationId")
        .await
        .unwrap();
    let detached = world
        .room
        .customer_key_detach(&world.ask, key, CustomerKeyDetach::default())
        .await;
    let job = world.done(detached.unwrap().value.job.id).await;
    assert_eq!((job.moved, job.failed), (0, 0));
    assert_eq!(
        world.open(&acme(), &sealed).await,
        Err(Denial::ContextClosed)
    );
    let which = which(&world, acme()).await;
    assert_eq!(which.wrapped_by, WrappingKind::Refused);
    assert_eq!(which.customer_key_now, Some(key));
    // Attached again, all is as before.
    world.attach_all(key, "acme").await;
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
}

async fn which_key_says_what_would_be_used_and_why(world: World) {
    world.seal(&acme(), "value").await;
    let key = world.key("acme", None).await;
    let attached = world.attach(key, "acme").await;
    let policy = &attached.policies[0];
    close(&world, policy, "organizationId").await.unwrap();
    let asked = world.at_provider("acme").unwraps();
    world.at_provider("acme").set(Mood::Away);

    let acmes = which(&world, acme()).await;
    assert_eq!(acmes.wrapped_by, WrappingKind::CustomerKey);
    assert_eq!(acmes.because, WhichKeyBecause::PolicyWithMostPairs);
    assert_eq!(
        (acmes.customer_key, acmes.policy),
        (Some(key), Some(policy.id))
    );
    assert_eq!(acmes.considered[0].pairs, 1);
    assert_eq!(
        acmes.wrapped_now,
        Some(WrappingKind::WorkspaceRoot),
        "until it is moved"
    );

    let misspelt = which(&world, context("acmee")).await;
    assert_eq!(misspelt.wrapped_by, WrappingKind::Refused);
    assert_eq!(misspelt.because, WhichKeyBecause::ClosedName);
    assert_eq!(misspelt.closed_name.as_deref(), Some("organizationId"));
    assert_eq!((misspelt.customer_key, misspelt.wrapped_now), (None, None));

    let other = which(&world, KeyContext::new([("project", "x")]).unwrap()).await;
    assert_eq!(other.wrapped_by, WrappingKind::WorkspaceRoot);
    assert_eq!(other.because, WhichKeyBecause::NoPolicyWithKey);
    assert!(other.considered.is_empty());
    // It asked nobody and made nothing.
    assert_eq!(world.at_provider("acme").unwraps(), asked);
    let contexts = world.room.contexts(&world.ask, PageQuery::default()).await;
    assert_eq!(contexts.unwrap().value.items.len(), 1);
}

async fn bad_names_cannot_be_closed(world: World) {
    let key = world.key("acme", None).await;
    let policy = world.attach(key, "acme").await.policies.remove(0);
    for name in ["", &"x".repeat(121)] {
        let refused = close(&world, &policy, name).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest);
    }
}
