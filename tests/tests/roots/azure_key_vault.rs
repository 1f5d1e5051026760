//! Azure Key Vault and Managed HSM, as a server of the test answers for them.

use serde_json::json;
use strongroom_core::ports::{Outage, Refusal};

use crate::azure::{Azure, SECRET};
use crate::keys::{
    Maker, never_shows, refused, unavailable, unwrap, wrap, wraps_for_one_place_and_context,
};

const ALGORITHMS: [&str; 2] = ["RSA-OAEP-256", "A256GCM"];

#[tokio::test]
async fn both_algorithms_wrap_for_one_place_and_context() {
    for algorithm in ALGORITHMS {
        let azure = Azure::start().await;
        let key = Maker::new().make(&azure.description(algorithm));
        wraps_for_one_place_and_context(&*key).await;
        // RSA does not last against quantum computers.
        assert_eq!(key.is_symmetric(), algorithm == "A256GCM");
        assert_eq!(azure.state().granted, 1, "one token serves many calls");
    }
}

#[tokio::test]
async fn a_rotated_key_unwraps_what_its_old_version_wrapped() {
    for algorithm in ALGORITHMS {
        let azure = Azure::start().await;
        let key = Maker::new().make(&azure.description(algorithm));
        let old = wrap(&*key).await.unwrap();
        azure.state().versions.push("v2");
        let new = wrap(&*key).await.unwrap();
        azure.state().disabled.push("v1");
        let disabled = refused(&*key, Refusal::KeyDisabled);
        assert_eq!(unwrap(&*key, &old).await.unwrap_err(), disabled);
        assert!(unwrap(&*key, &new).await.is_ok());
        azure.state().disabled.clear();
        assert!(unwrap(&*key, &old).await.is_ok());
    }
}

#[tokio::test]
async fn a_version_that_is_named_wraps() {
    let azure = Azure::start().await;
    azure.state().versions.push("v2");
    let mut description = azure.description("A256GCM");
    description["version"] = json!("v1");
    let key = Maker::new().make(&description);
    let wrapped = wrap(&*key).await.unwrap();
    azure.state().disabled.push("v2");
    assert!(unwrap(&*key, &wrapped).await.is_ok());
}

#[tokio::test]
async fn a_disabled_or_missing_key_and_a_wrong_secret_are_refused() {
    let azure = Azure::start().await;
    let maker = Maker::new();
    let key = maker.make(&azure.description("RSA-OAEP-256"));
    azure.state().disabled.push("v1");
    let error = wrap(&*key).await.unwrap_err();
    assert_eq!(error, refused(&*key, Refusal::KeyDisabled));
    never_shows(&*key, &error, "hunter2");

    let mut missing = azure.description("RSA-OAEP-256");
    missing["key"] = json!("other");
    let missing = maker.make(&missing);
    let refusal = refused(&*missing, Refusal::KeyMissing);
    assert_eq!(wrap(&*missing).await, Err(refusal));

    let mut stranger = azure.description("RSA-OAEP-256");
    stranger["client_secret"] = json!("hunter2-wrong");
    let stranger = maker.make(&stranger);
    let error = wrap(&*stranger).await.unwrap_err();
    assert_eq!(error, refused(&*stranger, Refusal::AccessDenied));
    never_shows(&*stranger, &error, "hunter2");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_when_it_is_not_taken() {
    let azure = Azure::start().await;
    let maker = Maker::new();
    let key = maker.make(&azure.description("A256GCM"));
    wrap(&*key).await.unwrap();
    maker.clock.forward(3540);
    wrap(&*key).await.unwrap();
    assert_eq!(azure.state().granted, 2);
    azure.state().granted += 1;
    wrap(&*key).await.unwrap();
    assert_eq!(azure.state().granted, 4);
}

#[tokio::test]
async fn failures_are_tried_again_and_then_open_the_circuit() {
    let azure = Azure::start().await;
    let maker = Maker::new();
    let key = maker.make(&azure.description("A256GCM"));
    azure.state().failing = (2, 429);
    assert!(wrap(&*key).await.is_ok());
    azure.state().failing = (3, 429);
    let throttled = unavailable(&*key, Outage::Throttled);
    assert_eq!(wrap(&*key).await, Err(throttled));
    azure.state().failing = (2, 500);
    let open = unavailable(&*key, Outage::CircuitOpen);
    assert_eq!(wrap(&*key).await, Err(open));
    never_shows(&*key, &open, SECRET);
    maker.clock.forward(10);
    assert!(wrap(&*key).await.is_ok());
}
