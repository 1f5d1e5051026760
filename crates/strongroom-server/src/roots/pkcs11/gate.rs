//! Who is inside the module: many with sessions, or one who starts it anew.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct Inside {
    visitors: usize,
    closing: bool,
}

/// Counts who is inside.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
    changed: Condvar,
}

/// Being inside, until this is dropped.
#[derive(Debug)]
pub(super) struct Visit<'a>(&'a Gate);

impl Gate {
    /// Goes in; waits while it is closed.
    pub(super) fn enter(&self) -> Visit<'_> {
        let open = |inside: &mut Inside| inside.closing;
        let waited = self.changed.wait_while(self.lock(), open);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        inside.visitors += 1;
        Visit(self)
    }

    /// Does something while nobody is inside; `None` if somebody does not leave in time. A call that
    /// hangs never leaves.
    pub(super) fn alone<T>(&self, patience: Duration, work: impl FnOnce() -> T) -> Option<T> {
        let mut inside = self.lock();
        if inside.closing {
            return None;
        }
        inside.closing = true;
        let occupied = |inside: &mut Inside| inside.visitors > 0;
        let waited = self.changed.wait_timeout_while(inside, patience, occupied);
        let (inside, elapsed) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(inside);
        let done = (!elapsed.timed_out()).then(work);
        self.lock().closing = false;
        self.changed.notify_all();
        done
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.lock().visitors -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_mins(2);

    #[test]
    fn one_is_alone_and_the_others_come_after() {
        let (gate, inside) = (Gate::default(), AtomicUsize::new(0));
        let start = Barrier::new(9);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..100 {
                        let visit = gate.enter();
                        inside.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(visit);
                    }
                });
            }
            start.wait();
            for _ in 0..100 {
                let found = gate.alone(LONG, || inside.load(Ordering::SeqCst));
                assert_eq!(found, Some(0));
            }
        });
    }

    #[test]
    fn who_does_not_leave_is_not_waited_for_for_ever() {
        let gate = Gate::default();
        let visit = gate.enter();
        assert_eq!(gate.alone(Duration::ZERO, || ()), None);
        drop(visit);
        assert_eq!(gate.alone(Duration::ZERO, || ()), Some(()));
        drop(gate.enter());
    }
}
