//! Closed names, so that a misspelt value never falls back, and which key a key context would use.

use strongroom_core::{CustomerKeyFault, Denial, PageQuery};
use strongroom_types::body::{
    CustomerKeyAttach, CustomerKeyDetach, CustomerKeyEnable, PolicyBody, PolicyInfo, WhichKey,
    WhichKeyBecause, WhichKeyRequest, WrappingKind,
};
use strongroom_types::{Code, ContextPattern, KeyContext, Operation, Reason};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::{ask, context};
use crate::world::{World, data, denial};

on_each_database!(
    a_misspelt_value_of_a_closed_name_is_refused,
    closing_a_name_closes_what_exists_without_a_key,
    detaching_under_a_closed_name_never_falls_back,
    which_key_says_what_would_be_used_and_why,
    bad_names_cannot_be_closed,
    a_misspelt_value_does_not_fall_to_the_key_of_another_pair,
    where_a_key_is_required_no_misspelt_name_falls_back,
    a_disabled_key_closes_what_its_job_has_not_moved,
    which_key_is_told_only_of_key_contexts_that_are_the_callers,
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

async fn a_misspelt_value_does_not_fall_to_the_key_of_another_pair(world: World) {
    let acmes = world.key("acme", None).await;
    let attached = world.attach(acmes, "acme").await;
    close(&world, &attached.policies[0], "organizationId")
        .await
        .unwrap();
    // The key of all gold data is not the one that the misspelt organisation is to have.
    let golds = world.key("gold", None).await;
    let request = CustomerKeyAttach {
        matches: ContextPattern::new([("tier", "gold"), ("region", "eu")]).unwrap(),
    };
    let attached = world.room.customer_key_attach(&world.ask, golds, request);
    attached.await.unwrap();
    let gold = |organization| {
        let pairs = [
            ("organizationId", organization),
            ("tier", "gold"),
            ("region", "eu"),
        ];
        KeyContext::new(pairs).unwrap()
    };
    let misspelt = world.try_seal(&gold("acmee"), "value").await;
    assert_eq!(misspelt.unwrap_err(), Denial::ContextClosed);
    let told = which(&world, gold("acmee")).await;
    assert_eq!(told.because, WhichKeyBecause::ClosedName);
    world.seal(&gold("acme"), "value").await;
}

async fn where_a_key_is_required_no_misspelt_name_falls_back(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let body = PolicyBody {
        customer_key_required: true,
        ..serde_json::from_value(serde_json::json!({ "match": {} })).unwrap()
    };
    let created = world.room.policy_create(&world.ask, body).await;
    let policy = created.unwrap().value.id;
    world.seal(&acme(), "value").await;
    let misspelt = KeyContext::new([("organisationId", "acme")]).unwrap();
    let refused = world.try_seal(&misspelt, "value").await;
    assert_eq!(refused.unwrap_err(), Denial::ContextClosed);
    let told = which(&world, misspelt).await;
    assert_eq!(told.wrapped_by, WrappingKind::Refused);
    assert_eq!(told.because, WhichKeyBecause::CustomerKeyRequired);
    assert_eq!(told.policy, Some(policy));
}

async fn a_disabled_key_closes_what_its_job_has_not_moved(world: World) {
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job.id;
    let disabled = world.room.customer_key_disable(&world.ask, key).await;
    disabled.unwrap();
    // It is under the workspace's root still, and not to be used without the customer's consent.
    let closed = Denial::from(CustomerKeyFault::Disabled);
    assert_eq!(world.open(&acme(), &sealed).await, Err(closed.clone()));
    assert_eq!(world.try_seal(&acme(), "value").await.unwrap_err(), closed);
    world.room.work().await;
    assert_eq!(world.job(job).await.moved, 0);
    let enable = CustomerKeyEnable::default();
    let enabled = world
        .room
        .customer_key_enable(&world.ask, key, enable)
        .await;
    enabled.unwrap();
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    world.pass(60);
    assert_eq!(world.done(job).await.moved, 1);
}

async fn which_key_is_told_only_of_key_contexts_that_are_the_callers(world: World) {
    world.seal(&acme(), "value").await;
    let request = serde_json::json!({
        "name": "keys of beta",
        "permissions": ["admin:customer-keys"],
        "allowed_contexts": [{ "organizationId": "beta" }],
    });
    let request = serde_json::from_value(request).unwrap();
    let created = world.room.client_create(&world.ask, request).await;
    let betas = ask(&created.unwrap().value.api_key.secret);
    let ask_for = async |map| {
        let request = WhichKeyRequest { key_context: map };
        let told = world.room.which_key(&betas, request).await;
        told.map(drop).map_err(denial)
    };
    assert_eq!(ask_for(acme()).await, Err(Denial::ContextNotAllowed));
    let unknown = context("nobody");
    assert_eq!(ask_for(unknown).await, Err(Denial::ContextNotAllowed));
    assert_eq!(ask_for(context("beta")).await, Ok(()));
}
