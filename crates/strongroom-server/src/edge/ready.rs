//! The deployment's health, looked at by one caller at a time and kept for a second.

use std::time::Duration;

use strongroom_core::Health;
use tokio::sync::Mutex;

/// How long a look counts.
const COUNTS: Duration = Duration::from_secs(1);

/// The last look and when it was taken. A look writes, and whoever asks for it is anyone: callers
/// must not be able to order more of them than one.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Duration, Health)>>);

impl Readiness {
    /// The health at the monotonic time `now`, at most a second old. Callers that come while one
    /// looks wait for what it finds.
    pub(crate) async fn health(&self, now: Duration, look: impl Future<Output = Health>) -> Health {
        let mut last = self.0.lock().await;
        if let Some((taken, health)) = *last
            && now.saturating_sub(taken) < COUNTS
        {
            return health;
        }
        let health = look.await;
        *last = Some((now, health));
        health
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(store: bool) -> impl Future<Output = Health> {
        std::future::ready(Health {
            store,
            root: true,
            root_kind: "test",
            anchor: true,
        })
    }

    #[tokio::test]
    async fn a_look_counts_for_a_second() {
        let readiness = Readiness::default();
        let at = Duration::from_millis;
        assert!(readiness.health(at(5000), found(true)).await.store);
        assert!(readiness.health(at(5999), found(false)).await.store);
        assert!(!readiness.health(at(6000), found(false)).await.store);
    }
}
