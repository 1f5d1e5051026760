//! A key under test, and what every key must do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use strongroom_core::ports::{Clock, Outage, Providers as _, Reading, Refusal, Root, RootError};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_server::Reach;
use strongroom_server::roots::{CustomerKeys, KeyProviders};
use strongroom_types::{ContextId, FipsMode, KeyContext, KeyVersion, WorkspaceId};

/// 2026-11-23T00:00:00Z.
const WALL: i64 = 1_795_392_000_000_000;

/// Stands still until it is told.
#[derive(Debug, Default)]
pub(crate) struct Still(AtomicU64);

impl Still {
    pub(crate) fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Still {
    fn read(&self) -> Reading {
        let monotonic = Duration::from_secs(self.0.load(Ordering::SeqCst));
        let since = i64::try_from(monotonic.as_micros()).unwrap();
        Reading {
            wall: WALL + since,
            monotonic,
        }
    }
}

/// What makes keys, with a clock that stands still and customers' keys on this machine.
#[derive(Debug)]
pub(crate) struct Maker {
    pub(crate) clock: Arc<Still>,
    pub(crate) providers: KeyProviders,
}

impl Maker {
    pub(crate) fn new() -> Self {
        Self::with(None, &[])
    }

    pub(crate) fn with(module: Option<PathBuf>, tokens: &[&str]) -> Self {
        Self::permitting(module, tokens, false)
    }

    pub(crate) fn permitting(
        module: Option<PathBuf>,
        tokens: &[&str],
        machine_credentials: bool,
    ) -> Self {
        let permitted = CustomerKeys {
            reach: Reach {
                loopback: true,
                private: false,
            },
            machine_credentials,
            tokens: tokens.iter().map(|it| (*it).to_owned()).collect(),
        };
        let clock = Arc::new(Still::default());
        let shared = Arc::<Still>::clone(&clock);
        let entropy = Arc::new(SystemEntropy);
        let providers =
            KeyProviders::new(shared, entropy, module, permitted, FipsMode::Disabled).unwrap();
        Self { clock, providers }
    }

    pub(crate) fn make(&self, description: &Value) -> Arc<dyn Root> {
        let description = serde_json::from_value(description.clone()).unwrap();
        self.providers.connect(&description).unwrap()
    }
}

/// Where a customer's key wraps.
pub(crate) const PLACE: Place = Place::ContextKey(
    WorkspaceId::from_bytes([1; 16]),
    ContextId::from_bytes([2; 32]),
    KeyVersion(3),
);

/// A place of another workspace.
pub(crate) const ELSEWHERE: Place = Place::ContextKey(
    WorkspaceId::from_bytes([4; 16]),
    ContextId::from_bytes([2; 32]),
    KeyVersion(3),
);

pub(crate) fn context(organization: &str) -> KeyContext {
    KeyContext::new([("organizationId", organization)]).unwrap()
}

pub(crate) fn seed() -> Seed {
    Seed::generate(&SystemEntropy).unwrap()
}

/// Wraps a seed where a customer's key would.
pub(crate) async fn wrap(key: &dyn Root) -> Result<Vec<u8>, RootError> {
    key.wrap(&PLACE, Some(&context("org_acme")), &seed()).await
}

/// Unwraps what [`wrap`] gave.
pub(crate) async fn unwrap(key: &dyn Root, wrapped: &[u8]) -> Result<Seed, RootError> {
    key.unwrap(&PLACE, Some(&context("org_acme")), wrapped)
        .await
}

/// What every key must do.
pub(crate) async fn wraps_for_one_place_and_context(key: &dyn Root) {
    let (drawn, acme, beta) = (seed(), context("org_acme"), context("org_beta"));
    let wrapped = key.wrap(&PLACE, Some(&acme), &drawn).await.unwrap();
    let contains = |part: &[u8]| wrapped.windows(part.len()).any(|it| it == part);
    assert!(!contains(drawn.as_secret().expose()));
    assert_eq!(unwrap(key, &wrapped).await.unwrap(), drawn);
    let wrong = RootError::WrongRoot {
        provider: key.kind(),
    };
    for (place, context) in [
        (&PLACE, Some(&beta)),
        (&PLACE, None),
        (&ELSEWHERE, Some(&acme)),
    ] {
        let unwrapped = key.unwrap(place, context, &wrapped).await;
        assert_eq!(unwrapped.unwrap_err(), wrong, "{place:?} {context:?}");
    }
    let mut altered = wrapped.clone();
    *altered.last_mut().unwrap() ^= 1;
    for bytes in [
        altered.as_slice(),
        &wrapped[..wrapped.len() / 2],
        &[],
        &[7; 80],
    ] {
        assert_eq!(unwrap(key, bytes).await.unwrap_err(), wrong, "{bytes:?}");
    }
    assert_eq!(key.probe().await, Ok(()));
    let bare = key.wrap(&PLACE, None, &drawn).await.unwrap();
    assert_eq!(key.unwrap(&PLACE, None, &bare).await.unwrap(), drawn);
}

pub(crate) fn refused(key: &dyn Root, refusal: Refusal) -> RootError {
    RootError::Refused {
        provider: key.kind(),
        refusal,
    }
}

pub(crate) fn unavailable(key: &dyn Root, outage: Outage) -> RootError {
    RootError::Unavailable {
        provider: key.kind(),
        outage,
    }
}

/// Nothing that a key or its error prints has the secret in it.
pub(crate) fn never_shows(key: &dyn Root, error: &RootError, secret: &str) {
    let shown = format!("{key:?} {error:?} {error}");
    assert!(!shown.contains(secret), "{shown}");
    assert!(error.to_string().contains(key.kind()), "{error}");
}
