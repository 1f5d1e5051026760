//! Keeping a secret for a time.

use strongroom_crypto::secret::SecretBytes;
use strongroom_types::{ContextName, LeaseId, Lock, Operation, Permission};

use super::{LIFETIME_MAX, Lease, LeaseBody, LeaseInfo, SECRET_BYTES_MAX, bound};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::named::map_of;
use crate::ports::{Change, LeaseChange, LeaseRow, Micros};
use crate::strongroom::Strongroom;
use crate::time::{format_time, seconds};

/// The named context of callers that are not told one and may use it.
const DEFAULT: &str = "default";

/// A secret to be kept for a time.
#[derive(Debug)]
pub struct LeaseRequest {
    /// The secret.
    pub secret: SecretBytes,
    /// For how many seconds.
    pub seconds: u32,
    /// For how many seconds at the latest, renewals and all.
    pub seconds_max: Option<u32>,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// Under which named context; if absent under `default`, or under the application's first.
    pub context: Option<ContextName>,
}

impl Strongroom {
    /// Keeps a secret for a time.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn lease_create(
        &self,
        ask: &Ask,
        request: &LeaseRequest,
    ) -> Result<Answered<LeaseInfo>, Refused> {
        self.enter(ask, &Create(request)).await
    }
}

impl Strongroom {
    /// # Errors
    /// The caller has as many living leases as it may.
    async fn check_leases(&self, caller: &Caller, now: Micros) -> Result<(), Denial> {
        let count = self
            .store
            .count_leases(caller.state.id, caller.client.id, now);
        if count.await? < self.settings.leases_per_client {
            return Ok(());
        }
        let limit = "leases_per_client";
        Err(Denial::RateLimited { limit })
    }
}

struct Create<'a>(&'a LeaseRequest);

impl Create<'_> {
    /// When it expires, and when at the latest.
    fn times(&self, now: i64) -> Result<(i64, i64), Denial> {
        let wrong = |field: &'static str| Denial::from(Invalid::Field(field.into()));
        let lifetime = seconds(self.0.seconds.into());
        let longest = self.0.seconds_max.map(|longest| seconds(longest.into()));
        let longest = longest.unwrap_or(LIFETIME_MAX);
        if lifetime == 0 || lifetime > LIFETIME_MAX {
            return Err(wrong("ttl_seconds"));
        }
        if longest < lifetime || longest > LIFETIME_MAX {
            return Err(wrong("max_ttl_seconds"));
        }
        Ok((now.saturating_add(lifetime), now.saturating_add(longest)))
    }

    fn context(&self, caller: &Caller) -> Result<ContextName, Denial> {
        if let Some(context) = &self.0.context {
            return Ok(context.clone());
        }
        let unnamed = || Denial::from(Invalid::Field("context".into()));
        let default: ContextName = DEFAULT.parse().map_err(|_never| Denial::Internal)?;
        if caller.may_use(&map_of(&default)?) {
            return Ok(default);
        }
        let application = caller.client.body.application.as_ref();
        let first = application.and_then(|application| application.contexts.first());
        first.cloned().ok_or_else(unnamed)
    }
}

impl Use for Create<'_> {
    const OPERATION: Operation = Operation::LeaseCreate;
    const PERMISSION: Option<Permission> = Some(Permission::Leases);
    type Work = LeaseInfo;
    type Answer = LeaseInfo;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<LeaseInfo>, Stopped> {
        let (request, now) = (self.0, room.time.now());
        let (expires, until) = self.times(now)?;
        if !(1..=SECRET_BYTES_MAX).contains(&request.secret.expose().len()) {
            return Err(Denial::from(Invalid::Field("secret".into())).into());
        }
        room.check_leases(caller, now).await?;
        let name = self.context(caller)?;
        let named = room.named_context(&caller.state, &name).await?;
        let map = map_of(&name)?;
        let keys = room.named_keys_for_sealing(caller, &map).await?;
        caller.lock_for_sealing(&keys, &Lock::default(), None)?;
        let suite = named.body.resolved.suite;
        let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
        named.admit_sealing(room, caller, suite, symmetric)?;
        let id = LeaseId::from_bytes(room.generate_id()?);
        let (place, secret) = (bound(caller.state.id, id), request.secret.expose());
        let sealed = keys.seal_for_lease(&place, secret, suite, &*room.entropy)?;
        let lease = Lease {
            id,
            body: LeaseBody {
                client: caller.client.id,
                context: name,
                sealed: sealed.into(),
                expires,
                until,
                renewable: request.renewable,
            },
        };
        let inserted = LeaseChange::Insert {
            row: LeaseRow {
                id,
                client: caller.client.id,
                context: keys.id,
                key_version: keys.active,
                created: now,
                expires,
                body: lease.seal(&caller.state)?,
            },
            most: room.settings.leases_per_client,
        };
        let mut account = Account::of_changes(vec![Change::Lease(inserted)])
            .fact("lease", &id.to_string())
            .fact("expires", &format_time(expires));
        account.use_key(KeyUse::sealing_in(&keys, suite), &keys.map);
        let work = lease.info(now);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, info: LeaseInfo, _permit: Permit) -> Released<LeaseInfo> {
        Released::of(Ok(info))
    }
}
