//! Which suite seals under a named context, and whether it would: asked without a use.

use strongroom_types::body::NamedContextInfo;
use strongroom_types::{ContextName, Kind, Operation, Permission};

use super::{Administration, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::{Account, Stopped};
use crate::fips::Algorithm;
use crate::named::{NamedContext, map_of};
use crate::strongroom::Strongroom;

/// The suite that would seal for the caller, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct NamedContextResolution {
    /// The named context, with its suite and the reasons for it.
    pub info: NamedContextInfo,
    /// Whether sealing would be in order: nothing of FIPS mode, of the context's policy or of guards
    /// refuses it.
    pub allowed: bool,
    /// What refuses it, or what sealing would warn of.
    pub findings: Vec<String>,
}

impl Strongroom {
    /// Says which suite seals under a named context, and whether it would for the caller. No key is used.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_context_resolve(
        &self,
        ask: &Ask,
        name: ContextName,
    ) -> Result<Answered<NamedContextResolution>, Refused> {
        self.administer(ask, Resolve(name)).await
    }

    /// What sealing would warn of.
    fn would_seal(&self, caller: &Caller, named: &NamedContext) -> Result<Vec<String>, Denial> {
        let (suite, state) = (named.body.resolved.suite, &caller.state);
        self.check_fips(Algorithm::Suite(suite))?;
        let symmetric = self.will_wrap_symmetrically(state, &map_of(&named.body.name)?);
        named.admit_sealing(self, caller, suite, symmetric)
    }
}

struct Resolve(ContextName);

impl Administration for Resolve {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = NamedContextResolution;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NamedContextResolution, Account), Stopped> {
        let named = room.named_context(&caller.state, &self.0).await?;
        let map = map_of(&self.0)?;
        caller.require_context(&map)?;
        let (allowed, findings) = match room.would_seal(caller, &named) {
            Ok(warnings) => (true, warnings),
            Err(Denial::Guarded { name, message }) => (false, vec![format!("{name}: {message}")]),
            Err(Denial::NotApproved { algorithm }) => (
                false,
                vec![format!("FIPS mode does not permit {algorithm}")],
            ),
            Err(denial) => return Err(denial.into()),
        };
        let resolution = NamedContextResolution {
            info: room.named_info(&caller.state, &named)?,
            allowed,
            findings,
        };
        let account = reading("named-context resolved").of_kind(Kind::Named, named.id, &map);
        Ok((resolution, account))
    }
}
