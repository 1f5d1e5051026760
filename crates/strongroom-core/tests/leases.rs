//! Leases of a whole deployment on SQLite, while time passes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::time::Duration;

use strongroom_core::ports::Store as _;
use strongroom_core::{Denial, LeaseRequest, Refused, Settings, Thing};
use strongroom_types::body::{JobCreate, JobKind, JobState};
use strongroom_types::{LeaseId, Operation};

use support::World;

const MINUTE: Duration = Duration::from_mins(1);
const GONE: Denial = Denial::NotFound(Thing::Lease);

fn of<T>(result: Result<T, Refused>) -> Denial {
    result.err().unwrap().denial
}

impl World {
    async fn with_context() -> Self {
        Self::new().await.declared().await
    }

    /// With the context that leases are kept under.
    async fn declared(self) -> Self {
        self.declare_context("default").await;
        self
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

    /// Whether the database still has it, over or not.
    async fn has(&self, id: LeaseId) -> bool {
        let row = self.store.lease(self.workspace, id).await;
        row.unwrap().is_some()
    }

    /// The number of changes of state in the workspace.
    async fn epoch(&self) -> u64 {
        let head = self.store.head(self.workspace).await;
        head.unwrap().unwrap().epoch
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
async fn secrets_that_are_over_are_erased() {
    let world = World::with_context().await;
    let short = world.keep(&request(60)).await.unwrap();
    let long = world.keep(&request(600)).await.unwrap();
    world.room.tick().await;
    assert!(world.has(short).await && world.has(long).await);
    world.clock.pass(2 * MINUTE);
    world.room.tick().await;
    assert!(!world.has(short).await && world.has(long).await);
}

#[tokio::test]
async fn leases_hold_nobody_else_up() {
    let world = World::with_context().await;
    let before = world.epoch().await;
    let id = world.keep(&request(60)).await.unwrap();
    let renewed = world.room.lease_renew(&world.ask, id, 120).await;
    assert!(renewed.is_ok());
    assert!(world.read(id).await.is_ok());
    assert!(world.room.lease_revoke(&world.ask, id).await.is_ok());
    assert_eq!(world.epoch().await, before);
    assert_eq!(world.read(id).await, Err(GONE));
}

/// Whoever has read it before it is revoked may not change or read it after.
#[tokio::test]
async fn of_what_happens_to_a_lease_at_once_a_revocation_is_the_last() {
    let world = World::with_context().await;
    for _ in 0..20 {
        let id = world.keep(&request(60)).await.unwrap();
        let (room, ask) = (&world.room, &world.ask);
        let (renewed, read, revoked) = tokio::join!(
            room.lease_renew(ask, id, 120),
            room.lease_read(ask, id),
            room.lease_revoke(ask, id),
        );
        let revoked = revoked.unwrap().entry.unwrap().index;
        for entry in [
            renewed.map(|answered| answered.entry),
            read.map(|answered| answered.entry),
        ] {
            match entry {
                Ok(entry) => assert!(entry.unwrap().index < revoked),
                Err(refused) => assert_eq!(refused.denial, GONE),
            }
        }
        assert!(!world.has(id).await);
    }
}

#[tokio::test]
async fn a_client_has_so_many_living_leases() {
    let settings = Settings {
        leases_per_client: 3,
        ..Settings::default()
    };
    let world = World::under(settings).await.declared().await;
    let (room, ask) = (&world.room, &world.ask);
    let (one, two, three, four) = (request(60), request(60), request(60), request(60));
    let made = tokio::join!(
        room.lease_create(ask, &one),
        room.lease_create(ask, &two),
        room.lease_create(ask, &three),
        room.lease_create(ask, &four),
    );
    let made = [made.0, made.1, made.2, made.3];
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 3);
    let refused = made.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(refused.denial, Denial::RateLimited { .. }));
    assert!(refused.entry.is_some());
    world.clock.pass(2 * MINUTE);
    assert!(world.keep(&request(60)).await.is_ok());
}

#[tokio::test]
async fn a_trail_is_whole_however_many_leases_there_are() {
    let world = World::with_context().await;
    for _ in 0..2100 {
        world.keep(&request(600)).await.unwrap();
    }
    let id = world.keep(&request(600)).await.unwrap();
    world.read(id).await.unwrap();
    let trail = world.room.lease_trail(&world.ask, id).await.unwrap().value;
    let operations: Vec<_> = trail.events.iter().map(|event| event.operation).collect();
    assert_eq!(operations, [Operation::LeaseCreate, Operation::LeaseRead]);
    assert!(trail.complete);
    let unknown = LeaseId::from_bytes([7; 16]);
    assert_eq!(of(world.room.lease_trail(&world.ask, unknown).await), GONE);
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

#[tokio::test]
async fn a_job_counts_living_leases_of_older_versions_as_remaining() {
    let world = World::with_context().await;
    for seconds in [60, 600] {
        world.keep(&request(seconds)).await.unwrap();
    }
    let contexts = world.store.contexts(world.workspace, None, 10).await;
    let id = contexts.unwrap().first().unwrap().id;
    assert!(world.room.context_rotate(&world.ask, id).await.is_ok());
    world.keep(&request(600)).await.unwrap();
    for remaining in [2, 1] {
        let request = JobCreate::of(JobKind::Rewrap);
        let begun = world.room.job_create(&world.ask, request).await.unwrap();
        world.room.work().await;
        let done = world.room.job(&world.ask, begun.value.id).await.unwrap();
        assert_eq!(done.value.state, JobState::Done);
        assert_eq!(done.value.remaining, remaining);
        world.clock.pass(2 * MINUTE);
    }
}
