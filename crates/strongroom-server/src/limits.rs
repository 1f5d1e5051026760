//! What one caller may take: sizes, rates, concurrency and time. `docs/limits.md` lists them.

use core::num::NonZeroU32;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as RateClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use strongroom_core::ports::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limits of the edge, with their defaults. Errors name the field that was reached.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a JSON body; default 8 MiB.
    pub body_bytes: u64,
    /// Bytes of a batch's body; default 64 MiB.
    pub batch_bytes: u64,
    /// Bytes of all bodies that are being read or worked on; default 1 GiB.
    pub bodies_in_flight_bytes: u64,
    /// Bytes of all header names and values of a request; default 32 KiB.
    pub header_bytes: usize,
    /// Requests per second of one credential; default 50,000.
    pub requests_per_second_per_client: NonZeroU32,
    /// Requests per second of one address; default 100,000.
    pub requests_per_second_per_address: NonZeroU32,
    /// Requests in work at once, streams included; default 4,096.
    pub concurrent_requests: u32,
    /// Time for the header of a request to arrive, idle time before it included; default 60 s.
    pub header_timeout: Duration,
    /// Time for a body to arrive as a whole; default 60 s.
    pub body_timeout: Duration,
    /// Time between two pieces of a stream, in either direction; default 30 s.
    pub stream_idle_timeout: Duration,
    /// Time that accepted requests have after a shutdown began; default 30 s.
    pub shutdown_timeout: Duration,
}

const MIB: u64 = 1024 * 1024;

/// A rate that is not zero by the way it is written.
const fn per_second(rate: u32) -> NonZeroU32 {
    match NonZeroU32::new(rate) {
        Some(rate) => rate,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * MIB,
            batch_bytes: 64 * MIB,
            bodies_in_flight_bytes: 1024 * MIB,
            header_bytes: 32 * 1024,
            requests_per_second_per_client: per_second(50_000),
            requests_per_second_per_address: per_second(100_000),
            concurrent_requests: 4096,
            header_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_mins(1),
            stream_idle_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// A limit that was reached, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached(pub(crate) &'static str);

/// The product's clock, as the rate limiter wants it.
#[derive(Clone, Debug)]
struct Monotonic(Arc<dyn Clock>);

impl RateClock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.read().monotonic
    }
}

type Rate<K> = RateLimiter<K, DashMapStateStore<K>, Monotonic, NoOpMiddleware<Duration>>;

/// Counts requests against the [`Limits`].
#[derive(Debug)]
pub(crate) struct Meter {
    clients: Rate<u64>,
    addresses: Rate<IpAddr>,
    hasher: RandomState,
    requests: Arc<Semaphore>,
    requests_max: u32,
    /// Kibibytes of bodies.
    bodies: Arc<Semaphore>,
}

/// Bodies up to this size are not worth counting.
const SMALL_BODY: u64 = 64 * 1024;

impl Meter {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        let kibibytes = usize::try_from(limits.bodies_in_flight_bytes / 1024);
        let requests = usize::try_from(limits.concurrent_requests);
        Self {
            clients: rate(limits.requests_per_second_per_client, clock),
            addresses: rate(limits.requests_per_second_per_address, clock),
            hasher: RandomState::new(),
            requests: Arc::new(Semaphore::new(bounded(requests.ok()))),
            requests_max: limits.concurrent_requests,
            bodies: Arc::new(Semaphore::new(bounded(kibibytes.ok()))),
        }
    }

    /// Counts a request against its address and its credential, which has been verified before: each
    /// takes a row of the table.
    pub(crate) fn count(&self, address: IpAddr, bearer: Option<&[u8]>) -> Result<(), Reached> {
        if self.addresses.check_key(&address).is_err() {
            return Err(Reached("requests_per_second_per_address"));
        }
        // A keyed hash stands for the credential: the table must not hold secrets.
        let client = bearer.map(|bearer| self.hasher.hash_one(bearer));
        match client.map(|client| self.clients.check_key(&client)) {
            Some(Err(_)) => Err(Reached("requests_per_second_per_client")),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// A place among the requests in work, until it is dropped.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Reached> {
        Arc::clone(&self.requests)
            .try_acquire_owned()
            .map_err(|_full| Reached("concurrent_requests"))
    }

    /// Room for a body of at most `bytes`, until it is dropped.
    pub(crate) fn hold(&self, bytes: u64) -> Result<Option<OwnedSemaphorePermit>, Reached> {
        if bytes <= SMALL_BODY {
            return Ok(None);
        }
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Arc::clone(&self.bodies)
            .try_acquire_many_owned(kibibytes)
            .map(Some)
            .map_err(|_full| Reached("bodies_in_flight_bytes"))
    }

    /// Waits until no request is in work.
    pub(crate) async fn idle(&self) {
        let all = self.requests.acquire_many(self.requests_max).await;
        drop(all);
    }

    /// Forgets clients and addresses that have been quiet long enough to have their full quota.
    pub(crate) fn forget_quiet(&self) {
        self.clients.retain_recent();
        self.addresses.retain_recent();
    }
}

fn rate<K: core::hash::Hash + Eq + Clone>(rate: NonZeroU32, clock: &Arc<dyn Clock>) -> Rate<K> {
    let state = DashMapStateStore::default();
    RateLimiter::new(Quota::per_second(rate), state, Monotonic(Arc::clone(clock)))
}

fn bounded(permits: Option<usize>) -> usize {
    permits.map_or(Semaphore::MAX_PERMITS, |permits| {
        permits.min(Semaphore::MAX_PERMITS)
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Mutex;

    use strongroom_core::ports::Reading;

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(Mutex<Duration>);

    impl Clock for Hand {
        fn read(&self) -> Reading {
            Reading {
                wall: 0,
                monotonic: *self.0.lock().unwrap(),
            }
        }
    }

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn meter(change: impl FnOnce(&mut Limits)) -> (Meter, Arc<Hand>) {
        let mut limits = Limits::default();
        change(&mut limits);
        let hand = Arc::new(Hand::default());
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&hand);
        (Meter::new(&limits, &clock), hand)
    }

    #[test]
    fn each_credential_has_a_rate_of_its_own() {
        let (meter, hand) = meter(|limits| limits.requests_per_second_per_client = per_second(1));
        assert_eq!(meter.count(HOME, Some(b"a")), Ok(()));
        assert_eq!(meter.count(HOME, Some(b"b")), Ok(()));
        let reached = Err(Reached("requests_per_second_per_client"));
        assert_eq!(meter.count(HOME, Some(b"a")), reached);
        *hand.0.lock().unwrap() += Duration::from_secs(1);
        assert_eq!(meter.count(HOME, Some(b"a")), Ok(()));
    }

    #[test]
    fn callers_without_a_credential_count_by_address() {
        let (meter, _) = meter(|limits| limits.requests_per_second_per_address = per_second(1));
        assert_eq!(meter.count(HOME, None), Ok(()));
        let reached = Err(Reached("requests_per_second_per_address"));
        assert_eq!(meter.count(HOME, None), reached);
    }

    #[test]
    fn places_return_when_they_are_dropped() {
        let (meter, _) = meter(|limits| limits.concurrent_requests = 1);
        let place = meter.enter().unwrap();
        assert_eq!(meter.enter().unwrap_err(), Reached("concurrent_requests"));
        drop(place);
        assert!(meter.enter().is_ok());
    }

    #[test]
    fn large_bodies_share_one_room() {
        let (meter, _) = meter(|limits| limits.bodies_in_flight_bytes = MIB);
        assert!(meter.hold(1).unwrap().is_none());
        let held = meter.hold(MIB).unwrap();
        assert!(held.is_some());
        assert!(meter.hold(MIB).is_err());
        drop(held);
        assert!(meter.hold(MIB).is_ok());
    }
}
