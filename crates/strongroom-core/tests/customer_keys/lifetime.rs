//! How long what a customer's key unwrapped is used: its cache lifetime from the last successful
//! unwrap, never sliding, and not at all when that is 0.

use strongroom_core::{Ask, CiphertextFault, Denial};
use strongroom_types::body::{
    ClientCreate, CustomerKeyEnable, DataKeyCreate, ObjectCreate, ObjectRead,
};
use strongroom_types::{Code, ContextPattern, KeyContext, Lock, Operation, Permission, Reason};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::{ask, context};
use crate::world::{World, denial, open_at};

on_each_database!(
    a_disabled_key_stops_opening_within_its_lifetime_and_nobody_else_notices,
    the_lifetime_counts_from_the_unwrap_and_never_slides,
    a_key_without_lifetime_is_asked_at_every_use,
    nobody_makes_a_customers_key_unwrap_what_is_not_its_own,
    a_shorter_lifetime_holds_at_once,
    other_changes_in_the_workspace_do_not_ask_the_provider_again,
    a_key_that_is_away_is_another_error_than_one_that_refuses,
    everything_under_the_key_context_is_closed_with_the_key,
    what_was_unwrapped_leaves_the_memory_with_its_lifetime,
    a_key_disabled_here_closes_at_once,
);

fn acme() -> KeyContext {
    context("acme")
}

fn code(result: Result<String, Denial>) -> Result<String, (Code, Reason)> {
    result.map_err(|denial| (denial.code(), denial.reason()))
}

const REFUSED: Result<String, (Code, Reason)> =
    Err((Code::KeyDisabled, Reason::CustomerKeyRefused));

async fn a_disabled_key_stops_opening_within_its_lifetime_and_nobody_else_notices(world: World) {
    let (acme_key, beta_key) = (world.key("acme", None).await, world.key("beta", None).await);
    world.attach_all(acme_key, "acme").await;
    world.attach_all(beta_key, "beta").await;
    let acmes = world.seal(&acme(), "acme's").await.ciphertext;
    let betas = world.seal(&context("beta"), "beta's").await.ciphertext;
    let others = world.seal(&context("gamma"), "gamma's").await.ciphertext;
    assert_eq!(world.open(&acme(), &acmes).await.unwrap(), "acme's");
    world.at_provider("acme").set(Mood::Disabled);
    // The default lifetime is a minute.
    world.pass(60);
    assert_eq!(code(world.open(&acme(), &acmes).await), REFUSED);
    let sealed = world.try_seal(&acme(), "more").await.map(|_| String::new());
    assert_eq!(code(sealed), REFUSED);
    let fresh = world.node().await;
    for room in [&world.room, &fresh] {
        assert_eq!(
            code(open_at(room, &world.ask, &acme(), &acmes).await),
            REFUSED
        );
        let beta = open_at(room, &world.ask, &context("beta"), &betas).await;
        assert_eq!(beta.unwrap(), "beta's");
        let gamma = open_at(room, &world.ask, &context("gamma"), &others).await;
        assert_eq!(gamma.unwrap(), "gamma's");
    }
    world.at_provider("acme").set(Mood::Serves);
    assert_eq!(world.open(&acme(), &acmes).await.unwrap(), "acme's");
    let denied = world.entries(Operation::Decrypt).await;
    let denied: Vec<_> = denied.iter().filter_map(|entry| entry.reason).collect();
    assert_eq!(denied, [Reason::CustomerKeyRefused; 3]);
}

async fn the_lifetime_counts_from_the_unwrap_and_never_slides(world: World) {
    let key = world.key("acme", Some(60)).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    world.pass(60);
    let unwraps = world.at_provider("acme").unwraps();
    // Used every ten seconds; the provider is asked once a minute all the same.
    for use_ in 0..12 {
        assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
        let asked = world.at_provider("acme").unwraps() - unwraps;
        assert_eq!(asked, 1 + use_ / 6, "use {use_}");
        world.pass(10);
    }
    // In use until a moment ago, and closed when the minute is over.
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    world.at_provider("acme").set(Mood::Disabled);
    for _ in 0..5 {
        world.pass(10);
        assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    }
    world.pass(10);
    assert_eq!(code(world.open(&acme(), &sealed).await), REFUSED);
}

async fn a_key_without_lifetime_is_asked_at_every_use(world: World) {
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let asked = world.at_provider("acme").unwraps();
    for _ in 0..5 {
        assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
        world.seal(&acme(), "another").await;
    }
    // Concurrent uses do not share what one of them asked for.
    let map = acme();
    let open = || world.open(&map, &sealed);
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(world.at_provider("acme").unwraps() - asked, 14);
    world.at_provider("acme").set(Mood::Disabled);
    assert_eq!(code(world.open(&acme(), &sealed).await), REFUSED);
}

async fn nobody_makes_a_customers_key_unwrap_what_is_not_its_own(world: World) {
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    let made = world
        .room
        .data_key_create(&world.ask, DataKeyCreate::new(acme()));
    let wrapped = made.await.unwrap().value.wrapped_key;
    let other = ClientCreate {
        name: "other".to_owned(),
        permissions: vec![Permission::DataKeys],
        allowed_contexts: vec![ContextPattern::new([("organizationId", "beta")]).unwrap()],
        expires_in: None,
    };
    let other = world.room.client_create(&world.ask, other).await.unwrap();
    let other = ask(&other.value.api_key.secret);
    let asked = world.at_provider("acme").unwraps();
    let unwrap = async |ask: &Ask| {
        let wrapped = wrapped.clone();
        let opened = world.room.data_key_unwrap_unnamed(ask, wrapped).await;
        opened.map(drop).map_err(denial)
    };
    let hidden = Denial::Ciphertext(CiphertextFault::OtherContext);
    assert_eq!(unwrap(&other).await, Err(hidden));
    assert_eq!(world.at_provider("acme").unwraps(), asked);
    assert_eq!(unwrap(&world.ask).await, Ok(()));
    assert!(world.at_provider("acme").unwraps() > asked);
}

async fn a_shorter_lifetime_holds_at_once(world: World) {
    let key = world.key("acme", Some(3600)).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    world.pass(30);
    let update = serde_json::from_value(serde_json::json!({"cache_s": 20})).unwrap();
    let updated = world
        .room
        .customer_key_update(&world.ask, key, update)
        .await;
    assert_eq!(updated.unwrap().value.cache_s, 20);
    world.at_provider("acme").set(Mood::Disabled);
    assert_eq!(code(world.open(&acme(), &sealed).await), REFUSED);
}

async fn other_changes_in_the_workspace_do_not_ask_the_provider_again(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let asked = world.at_provider("acme").unwraps();
    for name in ["one", "two", "three"] {
        world.key(name, None).await;
        assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    }
    assert_eq!(world.at_provider("acme").unwraps(), asked);
    world.pass(60);
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
    assert_eq!(world.at_provider("acme").unwraps(), asked + 1);
}

async fn a_key_that_is_away_is_another_error_than_one_that_refuses(world: World) {
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    world.at_provider("acme").set(Mood::Away);
    let away = world.open(&acme(), &sealed).await.unwrap_err();
    assert_eq!(away.code(), Code::RootUnavailable);
    assert_eq!(away.reason(), Reason::CustomerKeyUnreachable);
    assert!(away.retry_after().is_some());
    assert!(away.detail().unwrap().contains("aws_kms"));
    world.at_provider("acme").set(Mood::Disabled);
    let refused = world.open(&acme(), &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Code::KeyDisabled);
    assert!(refused.retry_after().is_none());
}

async fn everything_under_the_key_context_is_closed_with_the_key(world: World) {
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    let (room, ask) = (&world.room, &world.ask);
    let value = world.seal(&acme(), "value").await.ciphertext;
    let create = DataKeyCreate::new(acme());
    let data_key = room.data_key_create(ask, create).await.unwrap().value;
    let object = ObjectCreate::new(acme(), "name", b"object".to_vec());
    let object = room.object_create(ask, object).await.unwrap().value;
    world.at_provider("acme").set(Mood::Disabled);
    let unwrap = strongroom_types::body::DataKeyUnwrap::new(acme(), data_key.wrapped_key.clone());
    let stream = strongroom_core::stream::StreamSeal {
        key_context: acme(),
        lock: Lock::default(),
        associated_data: None,
    };
    for denial in [
        world.open(&acme(), &value).await.map(drop).unwrap_err(),
        world.try_seal(&acme(), "x").await.map(drop).unwrap_err(),
        denial(
            room.data_key_create(ask, DataKeyCreate::new(acme()))
                .await
                .unwrap_err(),
        ),
        denial(room.data_key_unwrap(ask, unwrap.clone()).await.unwrap_err()),
        denial(
            room.stream_encrypt(ask, stream)
                .await
                .map(drop)
                .unwrap_err(),
        ),
        denial(
            room.object_read(ask, ObjectRead::by_id(object.id))
                .await
                .unwrap_err(),
        ),
        denial(
            room.object_create(ask, ObjectCreate::new(acme(), "other", b"x".to_vec()))
                .await
                .unwrap_err(),
        ),
    ] {
        assert_eq!(denial.code(), Code::KeyDisabled);
        assert_eq!(denial.reason(), Reason::CustomerKeyRefused);
    }
    world.at_provider("acme").set(Mood::Serves);
    let read = room.object_read(ask, ObjectRead::by_id(object.id)).await;
    assert_eq!(read.unwrap().value.value.unwrap().0, b"object");
    let unwrapped = room.data_key_unwrap(ask, unwrap).await.unwrap().value;
    assert_eq!(unwrapped.plaintext, data_key.plaintext);
}

async fn what_was_unwrapped_leaves_the_memory_with_its_lifetime(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    world.seal(&acme(), "value").await;
    world.seal(&context("gamma"), "value").await;
    world.room.tick().await;
    assert_eq!(world.room.kept_contexts(), 2);
    world.pass(60);
    world.room.tick().await;
    assert_eq!(
        world.room.kept_contexts(),
        1,
        "that of the workspace's root stays"
    );
}

async fn a_key_disabled_here_closes_at_once(world: World) {
    let key = world.key("acme", Some(3600)).await;
    world.attach_all(key, "acme").await;
    let sealed = world.seal(&acme(), "value").await.ciphertext;
    let other = world.node().await;
    let opened = open_at(&other, &world.ask, &acme(), &sealed).await;
    assert_eq!(opened.unwrap(), "value");
    world
        .room
        .customer_key_disable(&world.ask, key)
        .await
        .unwrap();
    for room in [&world.room, &other] {
        let closed = open_at(room, &world.ask, &acme(), &sealed).await;
        let expected = Err((Code::KeyDisabled, Reason::CustomerKeyDisabled));
        assert_eq!(code(closed), expected);
    }
    let enabled = world
        .room
        .customer_key_enable(&world.ask, key, CustomerKeyEnable::default())
        .await;
    enabled.unwrap();
    assert_eq!(world.open(&acme(), &sealed).await.unwrap(), "value");
}
