//! One act on an object: what it needs, what it changes, what it answers.

use std::sync::Arc;

use strongroom_types::{Operation, Permission};

use super::turns::Turn;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::Refused;
use crate::door::keyring::ContextKeys;
use crate::door::{Account, Asked, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;

/// What an act decided.
pub(super) struct Decided<A> {
    /// What the caller gets once the entry is durable.
    pub(super) answer: A,
    /// What the entry says, and the rows that change with it.
    pub(super) account: Account,
    /// The keys that a new version was sealed under.
    pub(super) sealed: Option<Arc<ContextKeys>>,
    /// The turn at the object, which lasts until the entry is durable.
    pub(super) turn: Option<Turn>,
}

impl<A> Decided<A> {
    /// An act that seals nothing.
    pub(super) const fn new(answer: A, account: Account) -> Self {
        Self {
            answer,
            account,
            sealed: None,
            turn: None,
        }
    }

    pub(super) fn in_turn(mut self, turn: Option<Turn>) -> Self {
        self.turn = turn;
        self
    }
}

/// An act on an object that opens nothing: what it seals goes into rows.
pub(super) trait Act: Send + Sync {
    const OPERATION: Operation;
    const PERMISSION: Permission;
    type Answer: Send;

    /// What the request names, for the entry of a denial.
    fn asked(&self) -> Asked;

    /// Decides, and says what changes. Runs again when another was first.
    fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> impl Future<Output = Result<Decided<Self::Answer>, Stopped>> + Send;
}

struct Acting<T>(T);

impl<T: Act> Use for Acting<T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = Some(T::PERMISSION);
    type Work = (T::Answer, Option<Arc<ContextKeys>>, Option<Turn>);
    type Answer = T::Answer;

    fn asked(&self) -> Asked {
        self.0.asked()
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let decided = self.0.decide(room, caller, ask).await?;
        Ok(Planned {
            work: (decided.answer, decided.sealed, decided.turn),
            account: decided.account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        (answer, sealed, _turn): Self::Work,
        _permit: Permit,
    ) -> Released<T::Answer> {
        if let Some(keys) = sealed {
            keys.sealed_one();
        }
        Released::of(Ok(answer))
    }
}

impl Strongroom {
    /// The door, for an act on an object.
    pub(super) async fn act<T: Act>(
        &self,
        ask: &Ask,
        act: T,
    ) -> Result<Answered<T::Answer>, Refused> {
        self.enter(ask, &Acting(act)).await
    }
}
