use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::identity::fixture::{
    ISS, ISSUER, NOW, NOW_S, Signer, claims, ed25519, es256, issuer_with,
};

const URL: &str = "https://id.example/keys";
const MINUTE: Micros = seconds(60);

/// Documents by URL, a count of the calls, and an endpoint that answers when told.
#[derive(Debug, Default)]
struct Endpoint {
    documents: Mutex<HashMap<String, Value>>,
    calls: Mutex<usize>,
    slow: Mutex<Option<Arc<Notify>>>,
}

#[async_trait]
impl Fetch for Endpoint {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        *locked(&self.calls) += 1;
        let slow = locked(&self.slow).clone();
        if let Some(told) = slow {
            told.notified().await;
        }
        let document = locked(&self.documents).get(url).cloned();
        Ok(document
            .ok_or(FetchError::Unreachable)?
            .to_string()
            .into_bytes())
    }
}

impl Endpoint {
    fn publish(&self, signers: &[Signer]) {
        let keys: Vec<_> = signers.iter().map(Signer::public_jwk).collect();
        self.serve(URL, json!({ "keys": keys }));
    }

    fn serve(&self, url: &str, document: Value) {
        locked(&self.documents).insert(url.into(), document);
    }

    fn go_down(&self) {
        locked(&self.documents).clear();
    }

    fn become_slow(&self) -> Arc<Notify> {
        let told = Arc::new(Notify::new());
        *locked(&self.slow) = Some(Arc::clone(&told));
        told
    }

    fn calls(&self) -> usize {
        *locked(&self.calls)
    }
}

/// A cache over an endpoint with the key of `ed25519(1)`, and an issuer that publishes there.
struct World {
    endpoint: Arc<Endpoint>,
    cache: KeyCache,
    issuers: Issuers,
}

fn world(keys: IssuerKeys) -> World {
    let endpoint = Arc::new(Endpoint::default());
    endpoint.publish(&[ed25519(1)]);
    let cache = KeyCache::new(Arc::<Endpoint>::clone(&endpoint));
    World {
        endpoint,
        cache,
        issuers: Issuers::new(vec![issuer_with(keys)]),
    }
}

fn fetched() -> World {
    world(IssuerKeys::JwksUrl(URL.into()))
}

/// A token that is good for a year around now.
fn token(signer: &Signer) -> String {
    signer.sign(&claims(&json!({"exp": NOW_S + 31_536_000})))
}

impl World {
    async fn verify(&self, signer: &Signer, now: Micros) -> Result<(), TokenFault> {
        let found = self
            .cache
            .verify(&token(signer), &self.issuers, Purpose::Lock, now)
            .await;
        found.map(drop)
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn keys_are_fetched_once_in_ten_minutes() {
    let world = fetched();
    for (now, calls) in [(NOW, 1), (NOW + 10 * MINUTE - 1, 1), (NOW + 10 * MINUTE, 2)] {
        assert_eq!(world.verify(&ed25519(1), now).await, Ok(()));
        assert_eq!(world.endpoint.calls(), calls);
    }
}

#[tokio::test]
async fn fixed_keys_are_never_fetched() {
    let keys = json!({"keys": [ed25519(1).public_jwk()]});
    let world = world(IssuerKeys::Jwks(keys));
    assert_eq!(world.verify(&ed25519(1), NOW + 60 * MINUTE).await, Ok(()));
    assert_eq!(
        world.verify(&ed25519(2), NOW).await,
        Err(TokenFault::KeyUnknown)
    );
    assert_eq!(world.endpoint.calls(), 0);
}

#[tokio::test]
async fn a_rollover_is_followed_at_once() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    world.endpoint.publish(&[ed25519(1), es256()]);
    assert_eq!(world.verify(&es256(), NOW + 1).await, Ok(()));
    assert_eq!(world.verify(&ed25519(1), NOW + 2).await, Ok(()));
    assert_eq!(world.endpoint.calls(), 2);
}

#[tokio::test]
async fn a_rollover_is_followed_for_tokens_without_kid() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    world.endpoint.publish(&[ed25519(2)]);
    let unnamed = ed25519(2).sign_with(r#"{"alg":"EdDSA"}"#, &claims(&json!({})));
    assert!(
        world
            .cache
            .verify(&unnamed, &world.issuers, Purpose::Lock, NOW + 1)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn unknown_kids_make_one_fetch_in_30_seconds() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    for (after, calls) in [(1, 2), (2, 2), (PAUSE, 2), (PAUSE + 1, 3), (PAUSE + 2, 3)] {
        let unknown = world.verify(&ed25519(2), NOW + after).await;
        assert_eq!(unknown, Err(TokenFault::KeyUnknown));
        assert_eq!(world.endpoint.calls(), calls, "after {after} µs");
    }
}

#[tokio::test]
async fn failing_fetches_for_unknown_kids_are_limited_as_well() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    world.endpoint.go_down();
    for (after, calls) in [(1, 2), (2, 2), (PAUSE, 2), (PAUSE + 1, 3)] {
        let unknown = world.verify(&ed25519(2), NOW + after).await;
        assert_eq!(unknown, Err(TokenFault::KeyUnknown));
        assert_eq!(world.endpoint.calls(), calls, "after {after} µs");
    }
}

#[tokio::test]
async fn cached_keys_work_while_the_endpoint_is_down() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    world.endpoint.go_down();
    for days in 1..30 {
        assert_eq!(
            world
                .verify(&ed25519(1), NOW + days * 24 * 60 * MINUTE)
                .await,
            Ok(())
        );
    }
    world.endpoint.serve(URL, json!("not a key set"));
    assert_eq!(
        world.verify(&ed25519(1), NOW + 40 * 24 * 60 * MINUTE).await,
        Ok(())
    );
}

#[tokio::test]
async fn without_cached_keys_a_failing_endpoint_is_said_and_left_alone() {
    let world = fetched();
    world.endpoint.go_down();
    assert_eq!(
        world.verify(&ed25519(1), NOW).await,
        Err(TokenFault::Unreachable)
    );
    world.endpoint.publish(&[ed25519(1)]);
    assert_eq!(
        world.verify(&ed25519(1), NOW + 1).await,
        Err(TokenFault::Unreachable)
    );
    assert_eq!(world.endpoint.calls(), 1);
    assert_eq!(world.verify(&ed25519(1), NOW + PAUSE).await, Ok(()));
}

#[tokio::test]
async fn a_withdrawn_key_is_refused_after_ten_minutes() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    world.endpoint.publish(&[]);
    assert_eq!(
        world.verify(&ed25519(1), NOW + 10 * MINUTE - 1).await,
        Ok(())
    );
    let later = world.verify(&ed25519(1), NOW + 10 * MINUTE).await;
    assert_eq!(later, Err(TokenFault::KeyUnknown));
}

#[tokio::test]
async fn a_slow_endpoint_does_not_hold_up_known_kids() {
    let world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    let told = world.endpoint.become_slow();
    world.endpoint.publish(&[ed25519(1), es256()]);

    let new = es256();
    let mut rolled_over = pin!(world.verify(&new, NOW + 1));
    assert!(poll(rolled_over.as_mut()).is_pending());
    for later in [1, 10 * MINUTE, 24 * 60 * MINUTE] {
        assert_eq!(world.verify(&ed25519(1), NOW + later).await, Ok(()));
    }
    told.notify_waiters();
    assert_eq!(rolled_over.await, Ok(()));
    assert_eq!(world.endpoint.calls(), 2);
}

#[tokio::test]
async fn many_tokens_share_one_fetch() {
    let world = fetched();
    let told = world.endpoint.become_slow();
    let (first, second) = (ed25519(1), ed25519(1));
    let mut one = pin!(world.verify(&first, NOW));
    let mut other = pin!(world.verify(&second, NOW + 1));
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(other.as_mut()).is_pending());
    told.notify_waiters();
    assert_eq!((one.await, other.await), (Ok(()), Ok(())));
    assert_eq!(world.endpoint.calls(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_lift_the_limit() {
    let world = fetched();
    let told = world.endpoint.become_slow();
    {
        let signer = ed25519(1);
        let mut gone = pin!(world.verify(&signer, NOW));
        assert!(poll(gone.as_mut()).is_pending());
    }
    told.notify_one();
    assert_eq!(
        world.verify(&ed25519(1), NOW + 1).await,
        Err(TokenFault::Unreachable)
    );
    assert_eq!(world.verify(&ed25519(1), NOW + PAUSE).await, Ok(()));
}

#[tokio::test]
async fn a_new_key_source_is_never_served_old_keys() {
    let mut world = fetched();
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    let moved = "https://id.example/moved";
    world
        .endpoint
        .serve(moved, json!({"keys": [ed25519(2).public_jwk()]}));
    world.issuers = Issuers::new(vec![issuer_with(IssuerKeys::JwksUrl(moved.into()))]);
    assert_eq!(
        world.verify(&ed25519(1), NOW + 1).await,
        Err(TokenFault::KeyUnknown)
    );
    assert_eq!(world.verify(&ed25519(2), NOW + 1).await, Ok(()));
    world.endpoint.go_down();
    world.issuers = Issuers::new(vec![issuer_with(IssuerKeys::JwksUrl(URL.into()))]);
    assert_eq!(
        world.verify(&ed25519(1), NOW + 2).await,
        Err(TokenFault::Unreachable)
    );
}

#[tokio::test]
async fn discovery_leads_to_the_keys() {
    let world = world(IssuerKeys::Discovery {});
    let configuration = "https://id.example/tenant/.well-known/openid-configuration";
    world
        .endpoint
        .serve(configuration, json!({"issuer": ISS, "jwks_uri": URL}));
    assert_eq!(world.verify(&ed25519(1), NOW).await, Ok(()));
    assert_eq!(world.endpoint.calls(), 2);
}

#[tokio::test]
async fn discovery_refuses_other_issuers_and_other_places() {
    let configuration = "https://id.example/tenant/.well-known/openid-configuration";
    for wrong in [
        json!({"issuer": "https://id.example/tenant", "jwks_uri": URL}),
        json!({"jwks_uri": URL}),
        json!({"issuer": ISS}),
        json!({"issuer": ISS, "jwks_uri": "http://id.example/keys"}),
        json!({"issuer": ISS, "jwks_uri": "http://127.0.0.1/keys"}),
        json!({"issuer": ISS, "jwks_uri": "file:///etc/keys"}),
        json!([]),
    ] {
        let world = world(IssuerKeys::Discovery {});
        world.endpoint.serve(configuration, wrong.clone());
        let refused = world.verify(&ed25519(1), NOW).await;
        assert_eq!(refused, Err(TokenFault::Unreachable), "{wrong}");
        assert_eq!(world.endpoint.calls(), 1, "{wrong}");
    }
}

#[tokio::test]
async fn two_issuers_with_one_subject_are_two_identities() {
    let fixed = |signer: Signer| IssuerKeys::Jwks(json!({"keys": [signer.public_jwk()]}));
    let ours = issuer_with(fixed(ed25519(1)));
    let mut theirs = issuer_with(fixed(ed25519(2)));
    theirs.id = IssuerId::from_bytes([2; 16]);
    theirs.body.issuer = "https://other.example".into();
    let world = World {
        issuers: Issuers::new(vec![ours, theirs]),
        ..fetched()
    };

    let of = |signer: Signer, iss: &str| signer.sign(&claims(&json!({ "iss": iss })));
    let ours = of(ed25519(1), ISS);
    let theirs = of(ed25519(2), "https://other.example");
    let ours = world
        .cache
        .verify(&ours, &world.issuers, Purpose::Lock, NOW)
        .await
        .unwrap();
    let theirs = world
        .cache
        .verify(&theirs, &world.issuers, Purpose::Lock, NOW)
        .await
        .unwrap();
    assert_eq!(ours.subject, theirs.subject);
    let lock = serde_json::from_value(json!(["sub"])).unwrap();
    assert_ne!(ours.resolve(&lock), theirs.resolve(&lock));

    let impostor = of(ed25519(2), ISS);
    let refused = world
        .cache
        .verify(&impostor, &world.issuers, Purpose::Lock, NOW)
        .await;
    assert_eq!(refused, Err(TokenFault::KeyUnknown));
}

#[tokio::test]
async fn strangers_and_disabled_issuers_are_refused_without_a_fetch() {
    let mut world = fetched();
    let stranger = ed25519(1).sign(&claims(&json!({"iss": "https://evil.example"})));
    let refused = world
        .cache
        .verify(&stranger, &world.issuers, Purpose::Lock, NOW)
        .await;
    assert_eq!(refused, Err(TokenFault::Issuer));
    let mut disabled = issuer_with(IssuerKeys::JwksUrl(URL.into()));
    assert_eq!(disabled.id, ISSUER);
    disabled.body.disabled = true;
    world.issuers = Issuers::new(vec![disabled]);
    assert_eq!(
        world.verify(&ed25519(1), NOW).await,
        Err(TokenFault::Issuer)
    );
    assert_eq!(world.endpoint.calls(), 0);
}

#[tokio::test]
async fn discovery_leads_to_no_url_that_keys_are_not_fetched_from() {
    let verified = async |url: &str| {
        let world = world(IssuerKeys::Discovery {});
        let configuration = json!({"issuer": ISS, "jwks_uri": url});
        let place = format!("{ISS}.well-known/openid-configuration");
        world.endpoint.serve(&place, configuration);
        let keys = json!({"keys": [ed25519(1).public_jwk()]});
        world.endpoint.serve(url, keys);
        world.verify(&ed25519(1), NOW).await
    };
    assert_eq!(verified("https://id.example/others").await, Ok(()));
    for url in [
        "https://keys@id.example/",
        "https://id.example/#keys",
        "https://id.example\\@10.0.0.1/",
        "https://:443/keys",
        "https://",
        "http://id.example/keys",
    ] {
        let refused = Err(TokenFault::Unreachable);
        assert_eq!(verified(url).await, refused, "{url}");
    }
}
