//! Leases of a whole deployment on SQLite, while time passes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use strongroom_core::ports::{RecordKind, Store as _};
use strongroom_core::{Denial, LeaseRequest, NamedContextCreate, Refused, Thing};
use strongroom_types::LeaseId;
use strongroom_types::body::{AlgorithmPolicy, NamedContextConfig, PolicyEnforcement};

use support::World;

const MINUTE: Duration = Duration::from_mins(1);
const GONE: Denial = Denial::NotFound(Thing::Lease);

fn of<T>(result: Result<T, Refused>) -> Denial {
    result.err().unwrap().denial
}

impl World {
    async fn with_context() -> Self {
        let world = Self::new().await;
        let request = NamedContextCreate {
            name: "default".parse().unwrap(),
            display_name: "Default".to_owned(),
            description: String::new(),
            config: NamedContextConfig::default(),
            algorithm_policy: AlgorithmPolicy::default(),
            enforcement: PolicyEnforcement::default(),
        };
        let made = world.room.named_context_create(&world.ask, request).await;
        made.unwrap();
        world
    }

    async fn keep(&self, request: &LeaseRequest) -> Result<LeaseId, Denial> {
        let made = self.room.lease_create(&self.ask, request).await;
        let made = made.map_err(|refused| refused.denial);
        made.map(|answered| answered.value.id)
    }

    async fn read(&self, id: LeaseId) -> Result<Vec<u8>, Denial> {
        let read = self.room.lease_read(&self.ask, id).await;
        let read = read.map_err(|refused| refused.denial);
        read.map(|answered| answered.value.secret.expose().to_vec())
    }

    /// How many leases there are in the database, over or not.
    async fn kept(&self) -> usize {
        let kind = RecordKind::Lease;
        let rows = self.store.records(self.workspace, kind, None, 1000).await;
        rows.unwrap().len()
    }
}

fn request(seconds: u32) -> LeaseRequest {
    LeaseRequest {
        secret: b"secret".to_vec().into(),
        seconds,
        seconds_max: Some(600),
        renewable: true,
        context: None,
    }
}

#[tokio::test]
async fn a_lease_ends_when_its_time_is_over() {
    let world = World::with_context().await;
    let id = world.keep(&request(120)).await.unwrap();
    world.clock.pass(MINUTE);
    assert_eq!(world.read(id).await.unwrap(), b"secret");
    world.clock.pass(MINUTE);
    assert_eq!(world.read(id).await, Err(GONE));
    // What is over cannot be brought back.
    assert_eq!(of(world.room.lease_renew(&world.ask, id, 60).await), GONE);
}

#[tokio::test]
async fn renewal_ends_where_it_was_said_at_first() {
    let world = World::with_context().await;
    let id = world.keep(&request(120)).await.unwrap();
    for _ in 0..9 {
        world.clock.pass(MINUTE);
        let renewed = world.room.lease_renew(&world.ask, id, 120).await;
        assert!(renewed.is_ok());
    }
    assert!(world.read(id).await.is_ok());
    world.clock.pass(MINUTE);
    assert_eq!(world.read(id).await, Err(GONE));
    let once = LeaseRequest {
        renewable: false,
        ..request(60)
    };
    let id = world.keep(&once).await.unwrap();
    let renewed = world.room.lease_renew(&world.ask, id, 60).await;
    assert_eq!(of(renewed), Denial::Conflict(Thing::Lease));
}

#[tokio::test]
async fn secrets_that_are_over_are_erased_when_others_are_kept() {
    let world = World::with_context().await;
    for _ in 0..20 {
        world.keep(&request(60)).await.unwrap();
    }
    assert_eq!(world.kept().await, 20);
    world.clock.pass(2 * MINUTE);
    for _ in 0..40 {
        world.keep(&request(1)).await.unwrap();
        world.clock.pass(Duration::from_secs(2));
    }
    let left = world.kept().await;
    assert!(left < 20, "{left}");
}

#[tokio::test]
async fn times_that_cannot_be_are_refused() {
    let world = World::with_context().await;
    let year = 365 * 24 * 3600;
    for (seconds, seconds_max) in [(0, None), (year, None), (60, Some(59)), (60, Some(year))] {
        let wrong = LeaseRequest {
            seconds_max,
            ..request(seconds)
        };
        let refused = world.keep(&wrong).await;
        assert!(matches!(refused, Err(Denial::Invalid(_))), "{seconds}");
    }
    let empty = LeaseRequest {
        secret: Vec::new().into(),
        ..request(60)
    };
    assert!(world.keep(&empty).await.is_err());
}
