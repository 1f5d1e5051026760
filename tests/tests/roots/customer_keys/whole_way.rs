//! A customer's key from its registration to its end.

use serde_json::{Value, json};
use strongroom_client::PageQuery;
use strongroom_tests::openbao::OpenBao;
use strongroom_tests::softhsm::SoftHsm;
use strongroom_types::body::{
    CustomerKeyState, CustomerKeyUpdate, ObjectCreate, WhichKey, WhichKeyBecause, WrappingKind,
};
use strongroom_types::{Code, CustomerKeyId, Outcome, Reason};

use super::providers::{Kms, in_token};
use super::world::{World, pattern};
use crate::deployment::silent_about;
use crate::keys::context;

/// A server that writes all it knows about itself.
const TALKATIVE: (&str, &str) = ("STRONGROOM_LOG", "trace");

#[tokio::test]
async fn a_key_in_kms_goes_its_whole_way() {
    let kms = Kms::start().await;
    let first = kms.description(&kms.make_key().await);
    let second = kms.description(&kms.make_key().await);
    let world = World::start_with(None, &[TALKATIVE]).await;
    goes_its_whole_way(world, &first, &second).await;
}

#[tokio::test]
async fn a_key_in_a_token_goes_its_whole_way() {
    let hsm = SoftHsm::start();
    let (first, second) = (in_token(&hsm, "acme"), in_token(&hsm, "acme-2"));
    let world = World::start_with(Some(&hsm), &[TALKATIVE]).await;
    goes_its_whole_way(world, &first, &second).await;
}

#[tokio::test]
async fn a_tenant_goes_from_one_provider_to_another() {
    let (kms, hsm) = (Kms::start().await, SoftHsm::start());
    let bao = OpenBao::start(json!({"derived": true})).await;
    let world = World::start_with(Some(&hsm), &[TALKATIVE]).await;
    let (acme, keys) = (context("org_acme"), world.client.customer_keys());
    let arn = kms.make_key().await;
    let first = world.key(&kms.description(&arn), 0).await;
    world.attach(first, "org_acme").await;
    let sealed = world.seal(&acme, "value").await;

    let second = world.key(&in_token(&hsm, "acme"), 0).await;
    let replaced = keys.replace(first, second).await.unwrap();
    assert_eq!(world.done(replaced.job.id).await.moved, 1);
    kms.disable(&arn).await;
    world.opens(&acme, &sealed, "value").await;

    let mut description = bao.description();
    description["derived"] = json!(true);
    let third = world.key(&description, 0).await;
    let shown = keys.describe(third).await.unwrap();
    assert!(!serde_json::to_string(&shown).unwrap().contains(&bao.token));
    let replaced = keys.replace(second, third).await.unwrap();
    assert_eq!(world.done(replaced.job.id).await.moved, 1);
    hsm.delete_key_named("acme");
    world.opens(&acme, &sealed, "value").await;
    assert_wrapped_by(&world, Some(third)).await;
    silent_about(&world.server.stop(), &bao.token);
}

/// Nothing that an answer, or the server about itself, says on the way has a secret in it.
async fn goes_its_whole_way(world: World, first: &Value, second: &Value) {
    let (acme, keys) = (context("org_acme"), world.client.customer_keys());
    let before = world.seal(&acme, "before").await;
    let stored = ObjectCreate::new(acme.clone(), "token", "stored");
    let stored = world.client.objects().create(stored).await.unwrap();
    let everything_opens = async || {
        world.opens(&acme, &before, "before").await;
        let sealed = world.seal(&acme, "now").await;
        world.opens(&acme, &sealed, "now").await;
        assert_eq!(world.read(stored.id).await, b"stored");
    };

    let old = registered(&world, first, second).await;
    let attached = keys.attach(old, pattern("org_acme")).await.unwrap();
    assert_eq!(attached.policies[0].customer_key, Some(old));
    let job = world.done(attached.job.id).await;
    assert_eq!((job.moved, job.stored), (1, 1));
    assert_wrapped_by(&world, Some(old)).await;
    everything_opens().await;

    let new = world.key(second, 60).await;
    let replaced = keys.replace(old, new).await.unwrap();
    let job = world.done(replaced.job.id).await;
    assert_eq!((job.moved, job.stored), (1, 1));
    assert_wrapped_by(&world, Some(new)).await;
    everything_opens().await;
    assert_eq!(keys.describe(old).await.unwrap().contexts, 0);
    keys.delete(old).await.unwrap();

    // A key that is in use cannot be forgotten.
    let refused = keys.delete(new).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict));
    let detached = keys.detach(new, None).await.unwrap();
    let job = world.done(detached.job.id).await;
    assert_eq!((job.moved, job.stored), (1, 1));
    keys.delete(new).await.unwrap();
    assert_wrapped_by(&world, None).await;
    everything_opens().await;
    let left = keys.list(&PageQuery::default()).await.unwrap();
    assert!(left.items.is_empty());
    assert_the_log_tells(&world).await;
    silent_about(&world.server.stop(), super::providers::SECRET);
}

/// Registers and verifies the first key: it is used for nothing before, and stays the same key.
async fn registered(world: &World, first: &Value, second: &Value) -> CustomerKeyId {
    let keys = world.client.customer_keys();
    let id = world.register(first, 60).await.id;
    let refused = keys.attach(id, pattern("org_acme")).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict));
    let verified = keys.verify(id).await.unwrap();
    assert_eq!(verified.state, CustomerKeyState::Active);
    let way = |key: &Value| CustomerKeyUpdate {
        key: Some(serde_json::from_value(key.clone()).unwrap()),
        ..CustomerKeyUpdate::default()
    };
    let refused = keys.update(id, &way(second)).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Conflict), "another key");
    keys.update(id, &way(first)).await.unwrap();
    id
}

/// Checks what wraps the keys of Acme's key context, and what would.
async fn assert_wrapped_by(world: &World, key: Option<CustomerKeyId>) {
    let keys = world.client.customer_keys();
    let told: WhichKey = keys.which_key(context("org_acme")).await.unwrap();
    let (kind, because) = match key {
        Some(_) => (
            WrappingKind::CustomerKey,
            WhichKeyBecause::PolicyWithMostPairs,
        ),
        None => (
            WrappingKind::WorkspaceRoot,
            WhichKeyBecause::NoPolicyWithKey,
        ),
    };
    assert_eq!((told.wrapped_by, told.because), (kind, because));
    assert_eq!(told.wrapped_now, Some(kind));
    assert_eq!((told.customer_key, told.customer_key_now), (key, key));
}

async fn assert_the_log_tells(world: &World) {
    let (allowed, denied) = (Outcome::Allowed, Outcome::Denied);
    let steps = world.steps().await;
    let moving = |operation| {
        [
            (operation, allowed),
            ("context.rewrap", allowed),
            (operation, Outcome::Completed),
        ]
    };
    let mut expected = vec![
        ("customer-key.register", allowed),
        ("customer-key.attach", denied),
        ("customer-key.verify", allowed),
        ("customer-key.update", denied),
        ("customer-key.update", allowed),
    ];
    expected.extend(moving("customer-key.attach"));
    expected.push(("customer-key.register", allowed));
    expected.push(("customer-key.verify", allowed));
    expected.extend(moving("customer-key.replace"));
    expected.push(("customer-key.delete", allowed));
    expected.push(("customer-key.delete", denied));
    expected.extend(moving("customer-key.detach"));
    expected.push(("customer-key.delete", allowed));
    assert_eq!(steps, expected);
    let entries = world.entries().await;
    let reasons: Vec<_> = entries.iter().filter_map(|entry| entry.reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::CustomerKeyUnverified,
            Reason::CustomerKeyOther,
            Reason::Conflict
        ]
    );
}
