//! Sessions of users who prove who they are.

use strongroom_types::body::ApiKeyCreated;
use strongroom_types::{Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::Refused;
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::ports::Change;
use crate::strongroom::Strongroom;
use crate::user::{SESSION_LIFETIME_S, UserInfo};

/// How many sessions somebody keeps beside a new one.
const KEPT: usize = 1;

/// A new session of a user.
#[derive(Debug)]
pub struct UserSession {
    /// The user.
    pub user: UserInfo,
    /// An API key, shown once.
    pub session: ApiKeyCreated,
}

impl Strongroom {
    /// Gives a user that accepted an invitation another session, for a token that proves the same
    /// identity. The oldest session but one ends.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the user is known.
    pub async fn user_session(&self, ask: &Ask) -> Result<Answered<UserSession>, Refused> {
        self.enter(ask, &Begin).await
    }
}

struct Begin;

impl Use for Begin {
    const OPERATION: Operation = Operation::UserSession;
    const PERMISSION: Option<Permission> = None;
    type Work = UserSession;
    type Answer = UserSession;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<UserSession>, Stopped> {
        let (state, client) = (&caller.state, &caller.client);
        let mut known = room.store.api_keys(state.id, client.id).await?;
        known.sort_by_key(|key| core::cmp::Reverse(key.created));
        let ended = known.iter().skip(KEPT);
        let mut changes: Vec<_> = ended.map(|key| Change::DeleteApiKey(key.id)).collect();
        let (key, lives) = (room.generate_api_key()?, Some(SESSION_LIFETIME_S));
        let (row, session) = room.new_api_key(state.id, client.id, key, lives);
        changes.push(Change::InsertApiKey(row));
        let account = Account::of_changes(changes)
            .fact("client", &client.id.to_string())
            .fact("key", &session.info.id.to_string());
        let user = UserInfo::of(client);
        Ok(Planned {
            work: UserSession { user, session },
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        session: UserSession,
        _permit: Permit,
    ) -> Released<UserSession> {
        Released::of(Ok(session))
    }
}
