//! Approving a device that is to be signed in.

use strongroom_types::body::ClientInfo;
use strongroom_types::{Operation, Permission};

use super::clients::permission_names;
use super::{Administration, body_digest};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, ClientBody};
use crate::denial::Refused;
use crate::door::{Account, Stopped};
use crate::strongroom::Strongroom;

/// How long a device stays signed in, in seconds.
const LIFETIME: u64 = 30 * 86_400;

/// A device that somebody approves.
#[derive(Clone, Debug)]
pub struct DeviceApproval {
    /// What it showed.
    pub user_code: String,
    /// What its client is to be called.
    pub name: String,
    /// What it may do: nothing that who approves may not.
    pub permissions: Vec<Permission>,
}

impl Strongroom {
    /// Makes the client of a device, with the allowed key contexts of who approves it and an API key
    /// that lasts 30 days, which only the device's code leads to. A code is approved once, as long as
    /// that key is not taken back.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn device_approve(
        &self,
        ask: &Ask,
        approval: DeviceApproval,
    ) -> Result<Answered<ClientInfo>, Refused> {
        self.administer(ask, Approve(approval)).await
    }
}

struct Approve(DeviceApproval);

impl Administration for Approve {
    const OPERATION: Operation = Operation::DeviceApprove;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ClientInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ClientInfo, Account), Stopped> {
        let (state, approval) = (&caller.state, &self.0);
        let key = room.approvable(&approval.user_code)?;
        room.check_grant(caller, &approval.permissions)?;
        let body = ClientBody {
            name: approval.name.clone(),
            permissions: approval.permissions.clone(),
            allowed_contexts: caller.client.body.allowed_contexts.clone(),
            disabled: false,
            everything: Some(false),
            application: None,
            user: None,
            registrations: None,
        };
        let new = room.new_client(&state.keys, state.id, body, key, Some(LIFETIME))?;
        let account = Account::of_changes(new.changes)
            .fact("client", &new.info.id.to_string())
            .fact("permissions", &permission_names(&new.info.permissions))
            .fact(
                "allowed_contexts",
                &body_digest(&state.keys, &new.info.allowed_contexts)?,
            );
        Ok((new.info, account))
    }

    fn made(answer: &ClientInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}
