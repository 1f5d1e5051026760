//! The permit: what the log's commit confirmation is turned into, and what opening takes.

use strongroom_log::Hash;
use strongroom_types::body::LogEntryId;
use strongroom_types::{ContextId, Operation, WorkspaceId};

use crate::ports::{Committed, Micros};
use crate::time::{Time, seconds};

/// How long a permit can be used after its entry became durable.
const LIFETIME: Micros = seconds(30);

/// Allows the uses that one durable entry names, for 30 seconds, each once.
///
/// It cannot be cloned, stored or made elsewhere: the only constructor is private to the door and
/// takes the log's [`Committed`].
#[derive(Debug)]
pub(crate) struct Permit {
    entry: LogEntryId,
    operation: Operation,
    uses: std::vec::IntoIter<ContextId>,
    expires: Micros,
    time: Time,
}

/// Allows one use of one context key.
#[derive(Debug)]
pub(crate) struct ItemPermit {
    operation: Operation,
    context: ContextId,
}

/// A permit that does not allow what was tried: a fault of ours, caught before a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("permit does not allow this use")]
pub(crate) struct NotPermitted;

impl Permit {
    /// Turns a commit confirmation into a permit for the uses that the entry names, in order.
    pub(super) fn of(
        committed: Committed,
        log: WorkspaceId,
        operation: Operation,
        uses: Vec<ContextId>,
        time: &Time,
    ) -> Self {
        Self {
            entry: LogEntryId {
                log,
                index: committed.index,
            },
            operation,
            uses: uses.into_iter(),
            expires: time.now().saturating_add(LIFETIME),
            time: time.clone(),
        }
    }

    /// The entry that allows it.
    pub(crate) const fn entry(&self) -> LogEntryId {
        self.entry
    }

    /// Takes out the permit for the next item, which must be of this key context.
    ///
    /// # Errors
    /// The entry names another key context there, or none; or the permit has expired.
    pub(crate) fn item(&mut self, context: ContextId) -> Result<ItemPermit, NotPermitted> {
        if self.time.now() > self.expires || self.uses.next() != Some(context) {
            return Err(NotPermitted);
        }
        Ok(ItemPermit {
            operation: self.operation,
            context,
        })
    }
}

impl Permit {
    /// Consumes the permit for a key that is of no key context.
    ///
    /// # Errors
    /// It is for another operation; or it has expired.
    pub(crate) fn consume(self, operation: Operation) -> Result<(), NotPermitted> {
        if self.time.now() <= self.expires && self.operation == operation {
            return Ok(());
        }
        Err(NotPermitted)
    }
}

impl ItemPermit {
    /// Consumes the permit for a use.
    ///
    /// # Errors
    /// It is for another operation or key context.
    pub(super) fn consume(
        self,
        operations: &[Operation],
        context: ContextId,
    ) -> Result<(), NotPermitted> {
        if self.context == context && operations.contains(&self.operation) {
            return Ok(());
        }
        Err(NotPermitted)
    }
}

/// What was sealed before its entry was durable: nobody gets at it without a permit.
pub(crate) struct Withheld<T> {
    operation: Operation,
    context: ContextId,
    digest: Hash,
    value: T,
}

impl<T> Withheld<T> {
    pub(super) const fn new(
        (operation, context): (Operation, ContextId),
        digest: Hash,
        value: T,
    ) -> Self {
        Self {
            operation,
            context,
            digest,
            value,
        }
    }

    /// SHA-256 of what is withheld, for its entry.
    pub(crate) const fn digest(&self) -> Hash {
        self.digest
    }

    /// Gives it out.
    ///
    /// # Errors
    /// The permit is for another use.
    pub(crate) fn release(self, permit: ItemPermit) -> Result<T, NotPermitted> {
        permit.consume(&[self.operation], self.context)?;
        Ok(self.value)
    }
}

impl Withheld<Vec<u8>> {
    /// A copy for a row that commits with the entry of its sealing, or not at all.
    pub(crate) fn to_row(&self) -> Vec<u8> {
        self.value.clone()
    }
}

impl<T> core::fmt::Debug for Withheld<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Withheld({})", self.context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::ports::{Clock, Reading};

    #[derive(Debug)]
    struct Fake(Mutex<Micros>);

    impl Clock for Fake {
        fn read(&self) -> Reading {
            Reading {
                wall: *self.0.lock().unwrap(),
                monotonic: Duration::ZERO,
            }
        }
    }

    const ONE: ContextId = ContextId::from_bytes([1; 32]);
    const TWO: ContextId = ContextId::from_bytes([2; 32]);

    fn permit(clock: &Arc<Fake>) -> Permit {
        let time = Time::start(Arc::<Fake>::clone(clock), None);
        let committed = Committed { index: 7, epoch: 1 };
        let log = WorkspaceId::from_bytes([9; 16]);
        Permit::of(committed, log, Operation::Decrypt, vec![ONE, TWO], &time)
    }

    #[test]
    fn each_use_of_the_entry_is_allowed_once_in_order() {
        let mut permit = permit(&Arc::new(Fake(Mutex::new(0))));
        let first = permit.item(ONE).unwrap();
        assert_eq!(first.consume(&[Operation::Decrypt], ONE), Ok(()));
        assert!(permit.item(ONE).is_err());
        assert!(
            permit.item(TWO).is_err(),
            "the second use was spent on a wrong key context"
        );
    }

    #[test]
    fn a_permit_is_bound_to_its_operation_and_context() {
        let clock = Arc::new(Fake(Mutex::new(0)));
        let item = permit(&clock).item(ONE).unwrap();
        assert_eq!(item.consume(&[Operation::Rewrap], ONE), Err(NotPermitted));
        let item = permit(&clock).item(ONE).unwrap();
        assert_eq!(item.consume(&[Operation::Decrypt], TWO), Err(NotPermitted));
    }

    #[test]
    fn what_is_withheld_is_released_by_its_own_permit_only() {
        let clock = Arc::new(Fake(Mutex::new(0)));
        let release = |operation, context| {
            let item = permit(&clock).item(ONE).unwrap();
            Withheld::new((operation, context), strongroom_log::empty_root(), ()).release(item)
        };
        assert_eq!(release(Operation::Decrypt, ONE), Ok(()));
        assert_eq!(release(Operation::Decrypt, TWO), Err(NotPermitted));
        assert_eq!(release(Operation::Encrypt, ONE), Err(NotPermitted));
    }

    #[test]
    fn a_permit_lives_thirty_seconds() {
        let clock = Arc::new(Fake(Mutex::new(0)));
        let mut late = permit(&clock);
        *clock.0.lock().unwrap() = 30_000_000;
        assert!(late.item(ONE).is_ok());
        *clock.0.lock().unwrap() = 30_000_001;
        assert!(late.item(TWO).is_err());
        assert_eq!(late.consume(Operation::Decrypt), Err(NotPermitted));
    }

    #[test]
    fn a_permit_for_a_key_of_no_key_context_is_bound_to_its_operation() {
        let fresh = || permit(&Arc::new(Fake(Mutex::new(0))));
        assert_eq!(fresh().consume(Operation::Decrypt), Ok(()));
        assert_eq!(fresh().consume(Operation::Encrypt), Err(NotPermitted));
    }
}
