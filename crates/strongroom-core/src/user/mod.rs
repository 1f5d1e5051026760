//! Users: clients that stand for people, each with a role.
//!
//! ```text
//! user         a client, and no application, whose permissions are those of a role or more
//!   ├─ role        is not kept: it is the greatest whose permissions the user has
//!   ├─ session     an API key of the client that its record names as one
//!   └─ identity    of whoever accepted an invitation: issuer and subject of the token that proved it
//! invitation   e-mail · role · contexts · when it ends · keyed hash of its secret; gone once accepted
//! ```
//!
//! Whoever invites gives nothing that it may not do itself, when it invites and when the invitation is
//! accepted. An invitation alone makes nobody a user: only a token of a trusted issuer says whose the
//! e-mail is. Who has accepted one gets further sessions for such a token, without another invitation.

mod invitation;
mod role;

use serde::{Deserialize, Serialize};
use strongroom_types::{ClientId, IssuerId, KeyId, Permission, base32};

pub(crate) use invitation::{Invitation, InvitationBody, InvitationToken};
pub use role::Role;

use crate::caller::Client;
use crate::ports::Micros;
use crate::time::{format_time, seconds};
use crate::workspace::WorkspaceState;

/// How long a session lives that somebody gets for a proof of who it is, in seconds.
pub(crate) const SESSION_LIFETIME_S: u64 = 7 * 86_400;
/// How long an invitation lives, in days, if nothing else is said.
pub(crate) const INVITATION_DAYS: u32 = 7;
/// The longest that one lives, in days.
pub(crate) const INVITATION_DAYS_MAX: u32 = 30;
/// A day.
pub(crate) const DAY: Micros = seconds(86_400);

/// The part of a client's record that says who accepted the invitation that made it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UserBody {
    pub(crate) email: String,
    pub(crate) issuer: IssuerId,
    pub(crate) subject: String,
    pub(crate) invited_by: ClientId,
    /// The sessions that it keeps, and those of the last hour.
    #[serde(default)]
    pub(crate) sessions: Vec<SessionBody>,
}

/// Which of a user's API keys is a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionBody {
    pub(crate) key: KeyId,
    pub(crate) began: Micros,
}

/// What the record of an identity says: which user it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct UserIdentityBody {
    pub(crate) client: ClientId,
}

/// What a user is looked up by when somebody shows a token: the database shows neither issuer nor
/// subject.
pub(crate) fn identity_id(state: &WorkspaceState, issuer: IssuerId, subject: &str) -> String {
    let names = &state.keys.context_id;
    base32::encode(&names.user_identity(issuer.as_bytes(), subject))
}

/// What is said of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Its e-mail, if it accepted an invitation.
    pub email: Option<String>,
    /// Its role; `None` for a client that has no role's permissions.
    pub role: Option<Role>,
    /// All that it may do.
    pub permissions: Vec<Permission>,
    /// Whether it may do anything.
    pub active: bool,
    /// Who invited it.
    pub invited_by: Option<ClientId>,
    /// When it was made.
    pub created: String,
}

impl UserInfo {
    pub(crate) fn of(client: &Client) -> Self {
        let user = client.body.user.as_ref();
        Self {
            id: client.id,
            name: client.body.name.clone(),
            email: user.map(|user| user.email.clone()),
            role: role_of(client),
            permissions: client.body.permissions.clone(),
            active: !client.body.disabled,
            invited_by: user.map(|user| user.invited_by),
            created: format_time(client.created),
        }
    }
}

/// The role of a client; `None` for applications, and for who has no role's permissions.
pub(crate) fn role_of(client: &Client) -> Option<Role> {
    let person = client.body.application.is_none();
    Role::of(&client.body.permissions).filter(|_| person)
}
