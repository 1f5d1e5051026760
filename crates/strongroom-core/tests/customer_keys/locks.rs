//! Identity locks under a customer's key: the lock secret is the customer key's too.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use strongroom_core::{Ask, Denial};
use strongroom_types::body::{DecryptRequest, EncryptRequest, IssuerCreate, IssuerKeys};
use strongroom_types::{Bytes, Code, KeyContext, Reason};

use crate::on_each_database;
use crate::provider::Mood;
use crate::support::{START, context};
use crate::world::{World, denial};

on_each_database!(
    a_locked_value_opens_for_its_person_before_and_after_the_move,
    only_a_locked_value_asks_for_the_lock_secret,
);

const ISSUER: &str = "https://issuer.example";

fn acme() -> KeyContext {
    context("acme")
}

fn signing_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

async fn trust(world: &World) {
    let x = URL_SAFE_NO_PAD.encode(signing_key().public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k", "x": x});
    let request = IssuerCreate {
        issuer: ISSUER.to_owned(),
        keys: IssuerKeys::Jwks(json!({ "keys": [jwk] })),
        audiences: vec!["strongroom".to_owned()],
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    world.room.issuer_create(&world.ask, request).await.unwrap();
}

/// The administrator, for a person.
fn person(world: &World, subject: &str) -> Ask {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(json!({"alg": "EdDSA", "kid": "k", "typ": "JWT"}));
    let expires = START / 1_000_000 + 86_400;
    let claims = json!({"iss": ISSUER, "aud": "strongroom", "sub": subject, "exp": expires});
    let text = format!("{header}.{}", part(claims));
    let signature = URL_SAFE_NO_PAD.encode(signing_key().sign(text.as_bytes()));
    let mut ask = world.ask.clone();
    ask.credentials.identity = Some(format!("{text}.{signature}"));
    ask
}

async fn seal(world: &World, ask: &Ask) -> Bytes {
    let request = EncryptRequest {
        lock: serde_json::from_value(json!(["sub"])).unwrap(),
        ..EncryptRequest::new(acme(), "for alice")
    };
    world
        .room
        .encrypt(ask, request)
        .await
        .unwrap()
        .value
        .ciphertext
}

async fn open(world: &World, ask: &Ask, sealed: &Bytes) -> Result<Vec<u8>, Denial> {
    let request = DecryptRequest::new(acme(), sealed.clone());
    let opened = world.room.decrypt(ask, request).await;
    opened
        .map(|answered| answered.value.plaintext.0)
        .map_err(denial)
}

async fn a_locked_value_opens_for_its_person_before_and_after_the_move(world: World) {
    trust(&world).await;
    let (alice, bob) = (person(&world, "alice"), person(&world, "bob"));
    let before = seal(&world, &alice).await;
    let key = world.key("acme", Some(0)).await;
    let job = world.attach(key, "acme").await.job;
    assert_eq!(open(&world, &alice, &before).await.unwrap(), b"for alice");
    world.done(job.id).await;
    let after = seal(&world, &alice).await;
    for sealed in [&before, &after] {
        assert_eq!(open(&world, &alice, sealed).await.unwrap(), b"for alice");
        let refused = open(&world, &bob, sealed).await.unwrap_err();
        assert_eq!(refused.code(), Code::IdentityMismatch);
    }
    world.at_provider("acme").set(Mood::Disabled);
    let refused = open(&world, &alice, &before).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::CustomerKeyRefused);
}

async fn only_a_locked_value_asks_for_the_lock_secret(world: World) {
    trust(&world).await;
    let key = world.key("acme", Some(0)).await;
    world.attach_all(key, "acme").await;
    let alice = person(&world, "alice");
    let locked = seal(&world, &alice).await;
    let unlocked = world.seal(&acme(), "value").await.ciphertext;
    let asked = world.at_provider("acme").unwraps();
    world.open(&acme(), &unlocked).await.unwrap();
    assert_eq!(world.at_provider("acme").unwraps() - asked, 1);
    open(&world, &alice, &locked).await.unwrap();
    assert_eq!(world.at_provider("acme").unwraps() - asked, 3);
}
