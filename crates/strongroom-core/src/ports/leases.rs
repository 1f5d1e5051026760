//! Rows of leases.

use strongroom_types::{ClientId, ContextId, KeyVersion, LeaseId};

use super::Micros;

/// A secret that is kept for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its id.
    pub id: LeaseId,
    /// Whose it is.
    pub client: ClientId,
    /// Under which key context its secret is sealed.
    pub context: ContextId,
    /// Under which version of its key.
    pub key_version: KeyVersion,
    /// When it was made.
    pub created: Micros,
    /// When it is over; the body says it too, and decides.
    pub expires: Micros,
    /// What is said of it, and its secret, sealed.
    pub body: Vec<u8>,
}

/// A change of a lease. Only its end ever changes, so that its end tells whether it is as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseChange {
    /// Inserts a lease. Outdated when its client has as many living ones as it may.
    Insert {
        /// The lease.
        row: LeaseRow,
        /// How many.
        most: u64,
    },
    /// Puts another end in the place of this one. Outdated unless it is as it was read.
    Renew {
        /// Which.
        id: LeaseId,
        /// The end as it was read.
        from: Micros,
        /// The end.
        to: Micros,
        /// The body that says so.
        body: Vec<u8>,
    },
    /// Changes nothing. Outdated unless it is there.
    Stands(LeaseId),
    /// Erases a lease. Outdated unless it is there.
    Erase(LeaseId),
}
