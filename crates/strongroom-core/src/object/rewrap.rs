//! Moving stored versions to the active version of their key. Needs nobody's claims.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_log::{Item, Items};
use strongroom_types::{ContextId, Kind, Operation, Outcome, Purpose, WorkspaceId};

use crate::batch::object_item;
use crate::denial::{CiphertextFault, Denial};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, ItemPermit, KeyUse, Need, Stopped, check_purpose, format_fault};
use crate::ports::{Change, RewrappedVersion, StaleVersion, VersionPlace};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How far a walk over the stored versions of one key context came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Versions that are under the active key version now.
    pub moved: u64,
    /// Versions that do not open; they stay as they are.
    pub failed: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<VersionPlace>,
}

impl Strongroom {
    /// Moves some of the stored versions of a key context that are under an older key version, as a
    /// use of the deployment: their opening and the change of their rows are two entries, the second
    /// linked to the first. `about` is a public fact of both, for example the job that it is for.
    /// Who may ask for it is decided, and logged, where the job begins.
    ///
    /// # Errors
    /// The key context is disabled or destroyed, its keys cannot be had now, or another changed the
    /// rows first ([`Denial::Unavailable`]): the same call may be repeated.
    pub async fn rewrap_objects(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        range: (Option<VersionPlace>, u32),
        about: (&'static str, &str),
    ) -> Result<Rewrapped, Denial> {
        let alone = |_: &WorkspaceState, _: &Rewrapped| Ok(Vec::new());
        self.rewrap_objects_with(workspace, context, range, about, alone)
            .await
    }

    /// The same, with what is to commit beside the rows that were moved, if there are any.
    pub(crate) async fn rewrap_objects_with(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        (after, limit): (Option<VersionPlace>, u32),
        about: (&'static str, &str),
        beside: impl FnOnce(&WorkspaceState, &Rewrapped) -> Result<Vec<Change>, Denial> + Send,
    ) -> Result<Rewrapped, Denial> {
        let state = &self.state(workspace).await?;
        let keys = self
            .known_keys(state, context, Need::moving_all())
            .await
            .map_err(denial)?;
        keys.check_sealing()?;
        let stale = self
            .store
            .stale_versions(state.id, context, keys.active, after, limit)
            .await?;
        let full = u32::try_from(stale.len()).is_ok_and(|found| found >= limit);
        let last = stale.last().map(|last| (last.object, last.version));
        let mut rewrapped = Rewrapped {
            moved: 0,
            failed: 0,
            next: last.filter(|_| full),
        };
        if stale.is_empty() {
            return Ok(rewrapped);
        }
        let account = opening(&keys, &stale, about);
        let mut permit = self
            .permit_own(state, Operation::ObjectRewrap, account)
            .await?;
        let mut changes = Vec::with_capacity(stale.len());
        let mut items = Vec::with_capacity(stale.len());
        for version in &stale {
            let moved = permit
                .item(context)
                .map_err(Denial::from)
                .and_then(|item| self.rewrap_version(&keys, version, item));
            items.push(ending(&keys, version, &moved));
            match moved {
                Ok(change) => changes.push(Change::RewrapObjectVersion(change)),
                Err(denial) => {
                    tracing::error!(object = %version.object, %denial, "version not rewrapped");
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
        self.append_own(state, Operation::ObjectRewrap, account)
            .await?;
        Ok(rewrapped)
    }

    fn rewrap_version(
        &self,
        keys: &ContextKeys,
        stale: &StaleVersion,
        permit: ItemPermit,
    ) -> Result<RewrappedVersion, Denial> {
        let prefix = keys.rewrap_object(permit, &envelope(stale)?, &*self.entropy)?;
        Ok(RewrappedVersion {
            object: stale.object,
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

/// The header and key part of a stored version, which must be those of its row.
fn envelope(stale: &StaleVersion) -> Result<Envelope<'_>, Denial> {
    let altered = Denial::Ciphertext(CiphertextFault::Altered);
    let parsed = Envelope::parse_prefix(&stale.prefix).map_err(format_fault)?;
    let (envelope, rest) = parsed.ok_or_else(|| altered.clone())?;
    check_purpose(&envelope, Purpose::Object)?;
    let its_own = envelope.header.object == Some((stale.object, stale.version))
        && envelope.key_part.version == stale.key_version
        && rest.is_empty();
    if its_own { Ok(envelope) } else { Err(altered) }
}

/// The account of opening the key parts.
fn opening(
    keys: &Arc<ContextKeys>,
    stale: &[StaleVersion],
    (name, value): (&'static str, &str),
) -> Account {
    let mut account = Account {
        count: u32::try_from(stale.len()).unwrap_or(u32::MAX),
        ..Account::default()
    };
    let mut items = Vec::with_capacity(stale.len());
    for version in stale {
        let key_use = KeyUse {
            context: keys.id,
            kind: keys.kind,
            version: version.key_version,
            suite: None,
            moved_to: Some(keys.active),
        };
        account.use_key(key_use, &keys.map);
        items.push(Item {
            id: object_item(version.object, Some(version.version)),
            context: Some((Kind::Context, keys.id, version.key_version)),
            outcome: Outcome::Allowed,
            reason: None,
            digest: Some(version.digest),
            moved_to: Some(keys.active),
        });
    }
    account.items = Some(Items(items));
    account.fact(name, value)
}

/// What became of a version.
fn ending(
    keys: &ContextKeys,
    version: &StaleVersion,
    moved: &Result<RewrappedVersion, Denial>,
) -> Item {
    let (outcome, reason) = match moved {
        Ok(_) => (Outcome::Completed, None),
        Err(denial) => (Outcome::Failed, Some(denial.reason())),
    };
    Item {
        id: object_item(version.object, Some(version.version)),
        context: Some((Kind::Context, keys.id, keys.active)),
        outcome,
        reason,
        digest: Some(version.digest),
        moved_to: None,
    }
}
