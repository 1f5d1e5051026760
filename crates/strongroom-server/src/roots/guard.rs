//! What stands around every key that is kept elsewhere: a time limit, retries, a circuit breaker,
//! and a memory of when it last answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use strongroom_core::ports::{Clock, Outage, Root, RootError};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::KeyContext;
use tokio::time::{sleep, timeout};

use super::binding::Binding;
use super::breaker::{Breaker, Turn};
use super::remote::{Fault, Remote};

/// How long one attempt may take.
pub(super) const ATTEMPT: Duration = Duration::from_secs(3);
/// How often it is tried in all.
pub(super) const ATTEMPTS: u32 = 3;
/// The longest wait before the second attempt; each further one waits up to twice as long.
pub(super) const WAIT: Duration = Duration::from_millis(200);
/// How long an answer tells that the key works.
pub(super) const ANSWER_COUNTS: Duration = Duration::from_secs(10);

/// Where a probe wraps its throw-away seed.
const PROBE: Place = Place::Deployment("probe");

/// A key kept elsewhere, as a root.
#[derive(Debug)]
pub(super) struct Guarded<R> {
    remote: R,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    breaker: Breaker,
    last_answer: Mutex<Option<Duration>>,
}

impl<R: Remote> Guarded<R> {
    pub(super) fn new(remote: R, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            remote,
            clock,
            entropy,
            breaker: Breaker::new(),
            last_answer: Mutex::new(None),
        }
    }

    /// Repeats what may help to repeat. A refusal is final: a wrong PIN tried thrice locks a token.
    async fn call<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, RootError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut tried = 1;
        loop {
            match self.once(attempt()).await {
                Err(Fault::Outage(outage)) if may_repeat(outage) && tried < ATTEMPTS => {
                    sleep(self.wait(tried)?).await;
                    tried += 1;
                }
                answer => return answer.map_err(|fault| fault.of(self.remote.kind())),
            }
        }
    }

    async fn once<T>(&self, attempt: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        if !self.breaker.admits(self.now()) {
            return Err(Outage::CircuitOpen.into());
        }
        let answer = timeout(ATTEMPT, attempt).await;
        let answer = answer.unwrap_or_else(|_elapsed| Err(Outage::Timeout.into()));
        self.report(answer.as_ref().err());
        answer
    }

    fn report(&self, fault: Option<&Fault>) {
        let (provider, now) = (self.remote.kind(), self.now());
        let turn = match fault {
            // Nobody was asked.
            Some(Fault::Outage(Outage::Entropy)) => Turn::None,
            Some(Fault::Outage(outage)) => {
                tracing::warn!(provider, outage = %outage, "key provider failed");
                self.breaker.failed(now)
            }
            Some(Fault::Refusal(refusal)) => {
                tracing::warn!(provider, refusal = %refusal, "key provider refused");
                self.breaker.answered()
            }
            Some(Fault::WrongRoot) | None => self.breaker.answered(),
        };
        match turn {
            Turn::Opened => tracing::error!(provider, "key provider is left alone for a while"),
            Turn::Closed => tracing::info!(provider, "key provider answers again"),
            Turn::None => {}
        }
        *self
            .last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fault.is_none().then_some(now);
    }

    /// Between half and all of the longest wait, so that nodes that failed together do not come
    /// back together.
    fn wait(&self, tried: u32) -> Result<Duration, RootError> {
        let mut drawn = [0; 1];
        self.entropy
            .fill(&mut drawn)
            .map_err(|_no_entropy| Fault::from(Outage::Entropy).of(self.remote.kind()))?;
        let [drawn] = drawn;
        let longest = WAIT * 2u32.pow(tried - 1);
        Ok(longest / 2 + longest / 2 * u32::from(drawn) / u32::from(u8::MAX))
    }

    fn now(&self) -> Duration {
        self.clock.read().monotonic
    }

    fn answered_lately(&self) -> bool {
        let last = *self
            .last_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| self.now().saturating_sub(last) < ANSWER_COUNTS)
    }
}

const fn may_repeat(outage: Outage) -> bool {
    match outage {
        Outage::Unreachable | Outage::Timeout | Outage::Throttled | Outage::Fault => true,
        Outage::CircuitOpen | Outage::Entropy => false,
    }
}

#[async_trait]
impl<R: Remote> Root for Guarded<R> {
    fn kind(&self) -> &'static str {
        self.remote.kind()
    }

    fn is_symmetric(&self) -> bool {
        self.remote.is_symmetric()
    }

    async fn wrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        let binding = Binding { place, context };
        self.call(|| self.remote.wrap(binding, seed)).await
    }

    async fn unwrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        let binding = Binding { place, context };
        self.call(|| self.remote.unwrap(binding, wrapped)).await
    }

    /// Wraps and unwraps a throw-away seed, unless the key did either within [`ANSWER_COUNTS`].
    async fn probe(&self) -> Result<(), RootError> {
        if self.answered_lately() {
            return Ok(());
        }
        let seed = Seed::generate(&*self.entropy)
            .map_err(|_no_entropy| Fault::from(Outage::Entropy).of(self.kind()))?;
        let wrapped = self.wrap(&PROBE, None, &seed).await?;
        let unwrapped = self.unwrap(&PROBE, None, &wrapped).await?;
        if unwrapped == seed {
            return Ok(());
        }
        Err(Fault::WrongRoot.of(self.kind()))
    }
}

#[cfg(test)]
mod tests;
