use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use strongroom_core::ports::{Reading, Refusal};
use strongroom_crypto::entropy::{EntropyUnavailable, SystemEntropy};
use tokio::time::Instant;

use super::super::breaker::{FAILURES, OPEN};
use super::*;

const UNREACHABLE: Fault = Fault::Outage(Outage::Unreachable);
const PLACE: Place = Place::Deployment("test");

/// Stands still until it is told.
#[derive(Debug, Default)]
struct Still(AtomicU64);

impl Still {
    fn forward(&self, by: Duration) {
        let seconds = by.as_secs();
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Still {
    fn read(&self) -> Reading {
        Reading {
            wall: 0,
            monotonic: Duration::from_secs(self.0.load(Ordering::SeqCst)),
        }
    }
}

/// A key that wraps nothing, and answers what it was told to; when that is used up, it answers.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Option<Fault>>>,
    calls: AtomicU32,
    hangs: bool,
}

impl Scripted {
    async fn answer(&self) -> Result<(), Fault> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.hangs {
            return core::future::pending().await;
        }
        let answer = self.answers.lock().unwrap().pop_front().flatten();
        answer.map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Remote for Arc<Scripted> {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(&self, _binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        self.answer().await?;
        Ok(seed.as_secret().expose().to_vec())
    }

    async fn unwrap(&self, _binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        self.answer().await?;
        super::super::remote::seed(wrapped)
    }
}

struct Stage {
    remote: Arc<Scripted>,
    clock: Arc<Still>,
    root: Guarded<Arc<Scripted>>,
}

impl Stage {
    fn new(answers: &[Option<Fault>]) -> Self {
        Self::of(Scripted {
            answers: Mutex::new(answers.iter().copied().collect()),
            ..Scripted::default()
        })
    }

    fn of(remote: Scripted) -> Self {
        let (remote, clock) = (Arc::new(remote), Arc::new(Still::default()));
        let root = Guarded::new(
            Arc::clone(&remote),
            Arc::<Still>::clone(&clock),
            Arc::new(SystemEntropy),
        );
        Self {
            remote,
            clock,
            root,
        }
    }

    async fn wrap(&self) -> Result<Vec<u8>, RootError> {
        let seed = Seed::generate(&SystemEntropy).unwrap();
        self.root.wrap(&PLACE, None, &seed).await
    }

    fn calls(&self) -> u32 {
        self.remote.calls.swap(0, Ordering::SeqCst)
    }

    /// Fails until the circuit opens.
    async fn open(&self) {
        let failures = vec![Some(UNREACHABLE); FAILURES as usize];
        self.remote.answers.lock().unwrap().extend(failures);
        while self.wrap().await != Err(unavailable(Outage::CircuitOpen)) {}
        assert_eq!(self.calls(), FAILURES);
    }
}

fn unavailable(outage: Outage) -> RootError {
    Fault::Outage(outage).of("scripted")
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_not_for_ever() {
    for outage in [Outage::Unreachable, Outage::Throttled, Outage::Fault] {
        let fault = Some(Fault::Outage(outage));
        let passes = Stage::new(&[fault, fault]);
        assert!(passes.wrap().await.is_ok());
        assert_eq!(passes.calls(), ATTEMPTS);
        let stays = Stage::new(&[fault, fault, fault]);
        assert_eq!(stays.wrap().await, Err(unavailable(outage)));
        assert_eq!(stays.calls(), ATTEMPTS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_a_wrong_root_are_final() {
    for fault in [
        Fault::Refusal(Refusal::WrongPin),
        Fault::Refusal(Refusal::KeyDisabled),
        Fault::WrongRoot,
    ] {
        let stage = Stage::new(&[Some(fault)]);
        assert_eq!(stage.wrap().await, Err(fault.of("scripted")));
        assert_eq!(stage.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_grow_and_are_spread() {
    let stage = Stage::new(&[Some(UNREACHABLE), Some(UNREACHABLE)]);
    let start = Instant::now();
    stage.wrap().await.unwrap();
    let waited = start.elapsed();
    assert!(waited >= WAIT / 2 + WAIT, "{waited:?}");
    assert!(
        waited <= WAIT + WAIT * 2 + Duration::from_millis(2),
        "{waited:?}"
    );
    let waits = (0..64).map(|_| stage.root.wait(1).unwrap());
    let waits: std::collections::BTreeSet<_> = waits.collect();
    assert!(waits.len() > 1);
    assert!(waits.iter().all(|wait| (WAIT / 2..=WAIT).contains(wait)));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_hangs_is_given_up() {
    let stage = Stage::of(Scripted {
        hangs: true,
        ..Scripted::default()
    });
    assert_eq!(stage.wrap().await, Err(unavailable(Outage::Timeout)));
    assert_eq!(stage.calls(), ATTEMPTS);
}

#[tokio::test(start_paused = true)]
async fn the_circuit_opens_and_closes_by_the_clock() {
    let stage = Stage::new(&[]);
    stage.open().await;
    stage
        .clock
        .forward(OPEN.saturating_sub(Duration::from_secs(1)));
    assert_eq!(stage.wrap().await, Err(unavailable(Outage::CircuitOpen)));
    assert_eq!(stage.calls(), 0, "nobody was asked");
    stage.clock.forward(Duration::from_secs(1));
    assert!(stage.wrap().await.is_ok());
    assert!(stage.wrap().await.is_ok());
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_do_not_open_the_circuit() {
    let refusal = Some(Fault::Refusal(Refusal::KeyDisabled));
    let stage = Stage::new(&vec![refusal; 3 * FAILURES as usize]);
    for _ in 0..3 * FAILURES {
        assert!(matches!(stage.wrap().await, Err(RootError::Refused { .. })));
    }
    assert!(stage.wrap().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_asks_only_when_nothing_answered_lately() {
    let stage = Stage::new(&[]);
    stage.root.probe().await.unwrap();
    assert_eq!(stage.calls(), 2, "a wrap and an unwrap");
    stage.root.probe().await.unwrap();
    assert_eq!(stage.calls(), 0);
    stage.clock.forward(ANSWER_COUNTS);
    stage.root.probe().await.unwrap();
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_probe_tells_a_refusal_at_once_when_the_last_answer_was_one() {
    let refusal = Fault::Refusal(Refusal::KeyDisabled);
    let stage = Stage::new(&[None, Some(refusal), Some(refusal)]);
    stage.wrap().await.unwrap();
    stage.wrap().await.unwrap_err();
    assert_eq!(stage.root.probe().await, Err(refusal.of("scripted")));
}

/// There is none.
#[derive(Debug)]
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, _out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        Err(EntropyUnavailable)
    }
}

#[tokio::test(start_paused = true)]
async fn without_randomness_nothing_is_repeated_or_probed() {
    let remote = Arc::new(Scripted {
        answers: Mutex::new([Some(UNREACHABLE)].into()),
        ..Scripted::default()
    });
    let clock = Arc::new(Still::default());
    let root = Guarded::new(Arc::clone(&remote), clock, Arc::new(NoEntropy));
    let seed = Seed::generate(&SystemEntropy).unwrap();
    let wrapped = root.wrap(&PLACE, None, &seed).await;
    assert_eq!(wrapped, Err(unavailable(Outage::Entropy)));
    assert_eq!(root.probe().await, Err(unavailable(Outage::Entropy)));
    assert_eq!(remote.calls.load(Ordering::SeqCst), 1);
}
