//! Moving values of stores to the active version of their key. Needs nobody's claims.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_log::{Item, ItemId, ItemName, Items};
use strongroom_types::{ContextId, Kind, Operation, Outcome, Purpose, WorkspaceId};

use super::place::tag;
use crate::denial::{CiphertextFault, Denial};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, ItemPermit, KeyUse, Need, Stopped, check_purpose, format_fault};
use crate::ports::{Change, RewrappedStoreValue, StaleStoreValue, StoreValuePlace};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How far a walk over the values of one store came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RewrappedInStore {
    /// Values that are under the active key version now.
    pub(crate) moved: u64,
    /// Where to go on; `None` at the end.
    pub(crate) next: Option<StoreValuePlace>,
}

impl Strongroom {
    /// Moves some of the values of a store that are under an older key version, as a use of the
    /// deployment: their opening and the change of their rows are two entries, the second linked to
    /// the first. `about` is a public fact of both; what is `beside` commits with what was moved.
    pub(crate) async fn rewrap_store_with(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        (after, limit): (Option<StoreValuePlace>, u32),
        about: (&'static str, &str),
        beside: impl FnOnce(&WorkspaceState, &RewrappedInStore) -> Result<Vec<Change>, Denial> + Send,
    ) -> Result<RewrappedInStore, Denial> {
        let state = &self.state(workspace).await?;
        let keys = self.known_keys(state, context, Need::moving_all()).await;
        let keys = keys.map_err(denial)?;
        keys.check_sealing()?;
        let stale = self
            .store
            .stale_store_values(state.id, context, keys.active, after, limit)
            .await?;
        let full = u32::try_from(stale.len()).is_ok_and(|found| found >= limit);
        let last = stale.last().map(|last| (last.name.clone(), last.version));
        let mut rewrapped = RewrappedInStore {
            moved: 0,
            next: last.filter(|_| full),
        };
        if stale.is_empty() {
            return Ok(rewrapped);
        }
        let walk = Walk { state, keys: &keys };
        let account = walk.opening(&stale).fact(about.0, about.1);
        let operation = Operation::StoreRewrap;
        let mut permit = self.permit_own(state, operation, account).await?;
        let mut changes = Vec::with_capacity(stale.len());
        let mut items = Vec::with_capacity(stale.len());
        for value in &stale {
            let moved = permit
                .item(context)
                .map_err(Denial::from)
                .and_then(|item| self.rewrap_value(&keys, value, item));
            items.push(walk.ending(value, &moved));
            match moved {
                Ok(change) => changes.push(Change::RewrapStoreValue(change)),
                Err(denial) => tracing::error!(%context, %denial, "value not rewrapped"),
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
        self.append_own(state, operation, account).await?;
        Ok(rewrapped)
    }

    fn rewrap_value(
        &self,
        keys: &ContextKeys,
        stale: &StaleStoreValue,
        permit: ItemPermit,
    ) -> Result<RewrappedStoreValue, Denial> {
        let prefix = keys.rewrap_in_store(permit, &envelope(stale)?, &*self.entropy)?;
        Ok(RewrappedStoreValue {
            context: keys.id,
            name: stale.name.clone(),
            version: stale.version,
            from: stale.key_version,
            to: keys.active,
            prefix,
        })
    }
}

fn denial(stopped: Stopped) -> Denial {
    match stopped {
        Stopped::Stale => Denial::Unavailable,
        Stopped::Denied(denial) => denial,
    }
}

/// The header and key part of a value, which must be those of its row.
fn envelope(stale: &StaleStoreValue) -> Result<Envelope<'_>, Denial> {
    let altered = Denial::Ciphertext(CiphertextFault::Altered);
    let parsed = Envelope::parse_prefix(&stale.prefix).map_err(format_fault)?;
    let (envelope, rest) = parsed.ok_or_else(|| altered.clone())?;
    check_purpose(&envelope, Purpose::Store)?;
    if rest.is_empty() && envelope.key_part.version == stale.key_version {
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
    fn opening(&self, stale: &[StaleStoreValue]) -> Account {
        let mut account = Account {
            count: u32::try_from(stale.len()).unwrap_or(u32::MAX),
            ..Account::default()
        };
        let mut items = Vec::with_capacity(stale.len());
        for value in stale {
            let key_use = KeyUse {
                context: self.keys.id,
                kind: self.keys.kind,
                version: value.key_version,
                suite: None,
                moved_to: Some(self.keys.active),
            };
            account.use_key(key_use, &self.keys.map);
            items.push(Item {
                id: self.item(value),
                context: Some((Kind::Store, self.keys.id, value.key_version)),
                outcome: Outcome::Allowed,
                reason: None,
                digest: Some(value.digest),
                moved_to: Some(self.keys.active),
            });
        }
        account.items = Some(Items(items));
        account
    }

    /// What became of a value.
    fn ending(&self, value: &StaleStoreValue, moved: &Result<RewrappedStoreValue, Denial>) -> Item {
        let (outcome, reason) = match moved {
            Ok(_) => (Outcome::Completed, None),
            Err(denial) => (Outcome::Failed, Some(denial.reason())),
        };
        Item {
            id: self.item(value),
            context: Some((Kind::Store, self.keys.id, self.keys.active)),
            outcome,
            reason,
            digest: Some(value.digest),
            moved_to: None,
        }
    }

    fn item(&self, value: &StaleStoreValue) -> ItemId {
        let tag = tag(self.state, self.keys.id, &value.name);
        let name = format!("{tag}/{}", value.version);
        // A tag and a number are far shorter than a name may be.
        ItemName::new(&name).map_or(ItemId::Position(u32::MAX), ItemId::Name)
    }
}
