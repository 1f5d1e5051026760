//! What is left of a person in the database once the retention time is over.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection as _, Row as _};
use strongroom_core::{Ask, EntriesQuery};
use strongroom_types::Operation;
use strongroom_types::body::{EncryptRequest, IssuerCreate, IssuerKeys};
use support::{World, context};

const DAY: Duration = Duration::from_hours(24);
const ISS: &str = "https://id.example";

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Has the workspace trust an issuer, and gives a request on behalf of Alice.
async fn alice(world: &World) -> Ask {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())});
    let issuer = IssuerCreate {
        issuer: ISS.to_owned(),
        keys: IssuerKeys::Jwks(json!({ "keys": [key] })),
        audiences: vec!["strongroom".to_owned()],
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    world.room.issuer_create(&world.ask, issuer).await.unwrap();
    let claims = json!({"iss": ISS, "sub": "alice", "aud": "strongroom", "exp": 4_102_444_800_i64});
    let (header, claims) = (json!({"alg": "EdDSA"}).to_string(), claims.to_string());
    let text = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes())
    );
    let signature = encode(pair.sign(text.as_bytes()).as_ref());
    let mut ask = world.ask.clone();
    ask.credentials.identity = Some(format!("{text}.{signature}"));
    ask
}

/// How many search terms there are, and how many of them are of people.
async fn terms(world: &World) -> (i64, i64) {
    install_default_drivers();
    let file = world.folder.path().join("strongroom.db");
    let url = format!("sqlite:{}", file.display());
    let mut conn = AnyConnection::connect(&url).await.unwrap();
    let row = sqlx::query("SELECT COUNT(*), COALESCE(SUM(private), 0) FROM term");
    let row = row.fetch_one(&mut conn).await.unwrap();
    (row.get(0), row.get(1))
}

async fn found(world: &World, query: EntriesQuery) -> usize {
    let page = world.room.log_entries(&world.ask, query).await.unwrap();
    page.value.entries.len()
}

#[tokio::test]
async fn search_terms_of_people_go_with_their_openings() {
    let world = World::new().await;
    let alice = alice(&world).await;
    let request = EncryptRequest::new(context("org_acme"), b"value".to_vec());
    world.room.encrypt(&alice, request).await.unwrap();
    world.grow(300).await;
    world.room.tick().await;
    let (all, of_people) = terms(&world).await;
    assert_eq!(of_people, 2, "her issuer and her subject");
    let hers = EntriesQuery {
        subject: Some("alice".to_owned()),
        ..EntriesQuery::default()
    };
    assert_eq!(
        found(&world, hers.clone()).await,
        2,
        "the key context and the value"
    );

    world.clock.pass(89 * DAY);
    world.room.tick().await;
    assert_eq!(terms(&world).await, (all, 2));
    world.clock.pass(2 * DAY);
    world.room.tick().await;
    assert_eq!(terms(&world).await, (all - 2, 0));
    assert_eq!(found(&world, hers).await, 0);
    let sealed = EntriesQuery {
        operation: Some(Operation::Encrypt),
        limit: Some(1000),
        ..EntriesQuery::default()
    };
    assert!(
        found(&world, sealed).await > 290,
        "entries are found by what is public"
    );
}
