//! Moving what is stored, objects and values of stores, to the active versions of its keys. Needs
//! nobody's claims.

use std::sync::Arc;

use async_trait::async_trait;
use strongroom_crypto::envelope::{Envelope, Header};
use strongroom_log::{Hash, Item, ItemId, Items};
use strongroom_types::{ContextId, KeyVersion, Operation, Outcome, Purpose, WorkspaceId};

use crate::denial::{CiphertextFault, Denial};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, ItemPermit, KeyUse, Need, Stopped, check_purpose, format_fault};
use crate::ports::{Change, Store, StoreError};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Which rows of a workspace are stale: those of a key context under a key version below this one.
pub(crate) type Below = (WorkspaceId, ContextId, KeyVersion);

/// A stored row whose key part is under an older version of its context key.
#[async_trait]
pub(crate) trait Stale: Sized + Send + Sync {
    /// What the entries call it.
    const OPERATION: Operation;
    /// What the ciphertext is for.
    const PURPOSE: Purpose;
    /// Where a walk over such rows stands.
    type Place: Clone + Send;

    /// The first rows after a place, in order.
    async fn read(
        store: &dyn Store,
        below: Below,
        after: Option<Self::Place>,
        limit: u32,
    ) -> Result<Vec<Self>, StoreError>;

    /// Where it stands.
    fn place(&self) -> Self::Place;

    /// The version of the key that it is under, its header and key part, and the digest of its body.
    fn parts(&self) -> (KeyVersion, &[u8], Hash);

    /// Whether the header is of this row.
    fn is_of(&self, header: &Header) -> bool;

    /// What the entries call the row.
    fn item(&self, state: &WorkspaceState, context: ContextId) -> ItemId;

    /// The change that puts another key part in the place of its own.
    fn moved(&self, context: ContextId, to: KeyVersion, prefix: Vec<u8>) -> Change;
}

/// How far a walk over what is stored under one key context came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped<Place> {
    /// Rows that are under the active key version now.
    pub moved: u64,
    /// Rows that do not open; they stay as they are.
    pub failed: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

impl Strongroom {
    /// Moves some of what is stored under a key context and an older key version, as a use of the
    /// deployment: their opening and the change of their rows are two entries, the second linked to
    /// the first. `about` is a public fact of both, for example the job that it is for; what is
    /// `beside` commits with the rows that were moved, if there are any. Who may ask for it is decided,
    /// and logged, where the job begins.
    ///
    /// # Errors
    /// The key context is disabled or destroyed, its keys cannot be had now, or another changed the
    /// rows first ([`Denial::Unavailable`]): the same call may be repeated.
    pub(crate) async fn rewrap_stored<S: Stale>(
        &self,
        (workspace, context): (WorkspaceId, ContextId),
        (after, limit): (Option<S::Place>, u32),
        about: (&'static str, &str),
        beside: impl FnOnce(&WorkspaceState, &Rewrapped<S::Place>) -> Result<Vec<Change>, Denial> + Send,
    ) -> Result<Rewrapped<S::Place>, Denial> {
        let state = &self.state(workspace).await?;
        let keys = self.known_keys(state, context, Need::moving_all()).await;
        let keys = keys.map_err(denial)?;
        keys.check_sealing()?;
        let below = (state.id, context, keys.active);
        let stale = S::read(&*self.store, below, after, limit).await?;
        let full = u32::try_from(stale.len()).is_ok_and(|found| found >= limit);
        let mut rewrapped = Rewrapped {
            moved: 0,
            failed: 0,
            next: stale.last().filter(|_| full).map(S::place),
        };
        if stale.is_empty() {
            return Ok(rewrapped);
        }
        let walk = Walk { state, keys: &keys };
        let account = walk.opening(&stale).fact(about.0, about.1);
        let mut permit = self.permit_own(state, S::OPERATION, account).await?;
        let mut changes = Vec::with_capacity(stale.len());
        let mut items = Vec::with_capacity(stale.len());
        for row in &stale {
            let moved = permit
                .item(context)
                .map_err(Denial::from)
                .and_then(|item| self.rewrap_row(&keys, row, item));
            items.push(walk.ending(row, moved.as_ref().err()));
            match moved {
                Ok(change) => changes.push(change),
                Err(denial) => {
                    tracing::error!(%context, %denial, "stored row not rewrapped");
                    rewrapped.failed += 1;
                }
            }
        }
        rewrapped.moved = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        changes.extend(beside(state, &rewrapped)?);
        let account = Account {
            outcome: Outcome::Completed,
            count: u32::try_from(items.len()).unwrap_or(u32::MAX),
            items: Some(Items(items)),
            changes,
            of: Some(permit.entry().index),
            ..Account::default()
        }
        .fact(about.0, about.1);
        self.append_own(state, S::OPERATION, account).await?;
        Ok(rewrapped)
    }

    fn rewrap_row<S: Stale>(
        &self,
        keys: &ContextKeys,
        stale: &S,
        permit: ItemPermit,
    ) -> Result<Change, Denial> {
        let prefix = envelope(stale)?;
        let prefix = keys.rewrap_prefix(permit, &prefix, &*self.entropy)?;
        Ok(stale.moved(keys.id, keys.active, prefix))
    }
}

fn denial(stopped: Stopped) -> Denial {
    match stopped {
        Stopped::Stale => Denial::Unavailable,
        Stopped::Denied(denial) => denial,
    }
}

/// The header and key part of a row, which must be its own.
fn envelope<S: Stale>(stale: &S) -> Result<Envelope<'_>, Denial> {
    let altered = Denial::Ciphertext(CiphertextFault::Altered);
    let (version, prefix, _) = stale.parts();
    let parsed = Envelope::parse_prefix(prefix).map_err(format_fault)?;
    let (envelope, rest) = parsed.ok_or_else(|| altered.clone())?;
    check_purpose(&envelope, S::PURPOSE)?;
    let its_own = stale.is_of(&envelope.header) && envelope.key_part.version == version;
    if its_own && rest.is_empty() {
        return Ok(envelope);
    }
    Err(altered)
}

/// What the entries of a walk say.
struct Walk<'a> {
    state: &'a WorkspaceState,
    keys: &'a Arc<ContextKeys>,
}

impl Walk<'_> {
    /// The account of opening the key parts.
    fn opening<S: Stale>(&self, stale: &[S]) -> Account {
        let mut account = Account {
            count: u32::try_from(stale.len()).unwrap_or(u32::MAX),
            ..Account::default()
        };
        let mut items = Vec::with_capacity(stale.len());
        for row in stale {
            let (version, _, _) = row.parts();
            let key_use = KeyUse {
                context: self.keys.id,
                kind: self.keys.kind,
                version,
                suite: None,
                moved_to: Some(self.keys.active),
            };
            account.use_key(key_use, &self.keys.map);
            items.push(Item {
                outcome: Outcome::Allowed,
                moved_to: Some(self.keys.active),
                ..self.item(row, version)
            });
        }
        account.items = Some(Items(items));
        account
    }

    /// What became of a row.
    fn ending<S: Stale>(&self, row: &S, denial: Option<&Denial>) -> Item {
        Item {
            outcome: denial.map_or(Outcome::Completed, |_| Outcome::Failed),
            reason: denial.map(Denial::reason),
            ..self.item(row, self.keys.active)
        }
    }

    fn item<S: Stale>(&self, row: &S, version: KeyVersion) -> Item {
        let (_, _, digest) = row.parts();
        Item {
            id: row.item(self.state, self.keys.id),
            context: Some((self.keys.kind, self.keys.id, version)),
            outcome: Outcome::Completed,
            reason: None,
            digest: Some(digest),
            moved_to: None,
        }
    }
}
