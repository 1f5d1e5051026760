//! Work that is done once for a request, however often that is authorised.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::denial::Denial;

/// What a request's work gave. A request is authorised again when the state changes under it; its work
/// is not done again, so that nobody makes others' work grow by changing the state.
#[derive(Debug)]
pub(crate) struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Does the work unless it is done, and looks at what it gave.
    pub(crate) async fn of<R>(
        &self,
        work: impl Future<Output = Result<T, Denial>>,
        look: impl FnOnce(&T) -> R,
    ) -> Result<R, Denial> {
        if let Some(done) = &*self.locked() {
            return Ok(look(done));
        }
        let done = work.await?;
        Ok(look(self.locked().insert(done)))
    }

    fn locked(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what the work gave.
    pub(crate) fn take(&self) -> Result<T, Denial> {
        self.locked().take().ok_or(Denial::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_once() {
        let once = Once::new();
        assert_eq!(once.of(async { Ok(7) }, |done| *done).await, Ok(7));
        let again = async { Err(Denial::Internal) };
        assert_eq!(once.of(again, |done| *done).await, Ok(7));
        assert_eq!(once.take(), Ok(7));
        assert_eq!(once.take(), Err(Denial::Internal));
    }
}
