//! Google Cloud KMS, as a server of the test answers for it.

use serde_json::json;
use strongroom_core::ports::{ConnectError, Outage, Providers as _, Refusal};

use crate::gcp::Gcp;
use crate::keys::{
    Maker, never_shows, refused, unavailable, unwrap, wrap, wraps_for_one_place_and_context,
};

#[tokio::test]
async fn a_key_wraps_for_one_place_and_context() {
    let gcp = Gcp::start().await;
    let key = Maker::new().make(&gcp.description());
    wraps_for_one_place_and_context(&*key).await;
    assert_eq!(gcp.state().granted, 1, "one token serves many calls");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_when_it_is_not_taken() {
    let gcp = Gcp::start().await;
    let maker = Maker::new();
    let key = maker.make(&gcp.description());
    wrap(&*key).await.unwrap();
    maker.clock.forward(3500);
    wrap(&*key).await.unwrap();
    assert_eq!(gcp.state().granted, 1);
    maker.clock.forward(60);
    wrap(&*key).await.unwrap();
    assert_eq!(gcp.state().granted, 2);
    gcp.state().granted += 1;
    wrap(&*key).await.unwrap();
    assert_eq!(gcp.state().granted, 4);
}

#[tokio::test]
async fn an_access_token_may_be_given_instead() {
    let gcp = Gcp::start().await;
    gcp.state().granted = 1;
    let mut description = gcp.description();
    description
        .as_object_mut()
        .unwrap()
        .remove("service_account");
    description["access_token"] = json!("granted-1");
    let key = Maker::new().make(&description);
    assert!(wrap(&*key).await.is_ok());
    gcp.state().granted = 2;
    let error = wrap(&*key).await.unwrap_err();
    assert_eq!(error, refused(&*key, Refusal::AccessDenied));
    never_shows(&*key, &error, "granted-1");
}

#[tokio::test]
async fn a_disabled_or_missing_key_and_an_unknown_account_are_refused() {
    let gcp = Gcp::start().await;
    let maker = Maker::new();
    let key = maker.make(&gcp.description());
    let wrapped = wrap(&*key).await.unwrap();
    gcp.state().disabled = true;
    let error = unwrap(&*key, &wrapped).await.unwrap_err();
    assert_eq!(error, refused(&*key, Refusal::KeyDisabled));
    never_shows(&*key, &error, "hunter2");
    never_shows(&*key, &error, gcp.private_key().get(100..200).unwrap());
    gcp.state().disabled = false;
    assert!(unwrap(&*key, &wrapped).await.is_ok());

    let mut elsewhere = gcp.description();
    elsewhere["key"] = json!("projects/p/locations/l/keyRings/r/cryptoKeys/other");
    let elsewhere = maker.make(&elsewhere);
    let missing = refused(&*elsewhere, Refusal::KeyMissing);
    assert_eq!(wrap(&*elsewhere).await, Err(missing));

    let mut stranger = Gcp::start().await.key_file();
    stranger["token_uri"] = gcp.key_file()["token_uri"].clone();
    let mut described = gcp.description();
    described["service_account"] = json!(stranger.to_string());
    let stranger = maker.make(&described);
    let denied = refused(&*stranger, Refusal::AccessDenied);
    assert_eq!(wrap(&*stranger).await, Err(denied));
}

#[tokio::test]
async fn failures_and_throttling_are_tried_again_and_not_for_ever() {
    let gcp = Gcp::start().await;
    for (status, outage) in [(429, Outage::Throttled), (503, Outage::Fault)] {
        // Of its own, because five failures in a row open the circuit.
        let key = Maker::new().make(&gcp.description());
        gcp.state().failing = (2, status);
        assert!(wrap(&*key).await.is_ok());
        gcp.state().failing = (3, status);
        assert_eq!(wrap(&*key).await, Err(unavailable(&*key, outage)));
    }
}

#[tokio::test]
async fn an_answer_that_was_garbled_on_its_way_is_not_used() {
    let gcp = Gcp::start().await;
    let maker = Maker::new();
    let key = maker.make(&gcp.description());
    let wrapped = wrap(&*key).await.unwrap();
    gcp.state().garbles = true;
    let garbled = unavailable(&*key, Outage::Fault);
    assert_eq!(wrap(&*key).await, Err(garbled));
    let opened = unwrap(&*key, &wrapped).await.unwrap_err();
    assert!(matches!(
        opened,
        strongroom_core::ports::RootError::Unavailable { .. }
    ));
}

#[tokio::test]
async fn five_failures_open_the_circuit_and_the_clock_closes_it() {
    let gcp = Gcp::start().await;
    let maker = Maker::new();
    let key = maker.make(&gcp.description());
    wrap(&*key).await.unwrap();
    gcp.state().calls = 0;
    gcp.state().failing = (5, 503);
    while wrap(&*key).await != Err(unavailable(&*key, Outage::CircuitOpen)) {}
    assert_eq!(gcp.state().calls, 5);
    assert!(wrap(&*key).await.is_err());
    assert_eq!(gcp.state().calls, 5, "left alone");
    maker.clock.forward(10);
    assert!(wrap(&*key).await.is_ok());
}

#[tokio::test]
async fn a_key_file_of_another_form_is_refused_when_it_is_given() {
    let gcp = Gcp::start().await;
    let maker = Maker::new();
    let malformed = ConnectError::Credential {
        provider: "gcp_kms",
    };
    for (field, value) in [
        (
            "private_key",
            json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ),
        ("private_key", json!("AAAA")),
        ("client_email", json!(null)),
    ] {
        let mut file = gcp.key_file();
        file[field] = value;
        let mut description = gcp.description();
        description["service_account"] = json!(file.to_string());
        let description = serde_json::from_value(description).unwrap();
        let error = maker.providers.connect(&description).unwrap_err();
        assert_eq!(error, malformed, "{field}");
    }
}
