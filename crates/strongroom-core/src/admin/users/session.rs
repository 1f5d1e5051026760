//! Sessions of users who prove who they are.

use strongroom_types::body::ApiKeyCreated;
use strongroom_types::{KeyId, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::ports::{Change, Micros};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::user::{SESSION_LIFETIME_S, SessionBody, UserInfo};

/// How many sessions somebody keeps beside a new one.
const KEPT: usize = 1;
/// How many sessions somebody begins in an hour, at most: each makes every node read the workspace again.
const HOURLY_MAX: usize = 10;
const HOUR: Micros = seconds(3600);

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
    /// identity. The oldest session but one ends; its API keys that are no sessions stay.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the user is known; also when it has begun 10 in an hour.
    pub async fn user_session(&self, ask: &Ask) -> Result<Answered<UserSession>, Refused> {
        self.enter(ask, &Begin).await
    }
}

/// Takes a session up and gives those that end. The list stays as short as the limit.
///
/// # Errors
/// So many were begun in the last hour that there may be no more.
fn begin(sessions: &mut Vec<SessionBody>, begun: SessionBody) -> Result<Vec<KeyId>, Denial> {
    sessions.sort_by_key(|session| core::cmp::Reverse(session.began));
    let ended = sessions.iter().skip(KEPT).map(|session| session.key);
    let ended: Vec<_> = ended.collect();
    let lately = |session: &SessionBody| session.began.saturating_add(HOUR) > begun.began;
    if sessions.iter().filter(|one| lately(one)).count() >= HOURLY_MAX {
        let limit = "sessions_per_hour";
        return Err(Denial::RateLimited { limit });
    }
    sessions.retain(|session| lately(session) || !ended.contains(&session.key));
    sessions.insert(0, begun);
    Ok(ended)
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
        let (state, now) = (&caller.state, room.time.now());
        let mut client = Client::clone(&caller.client);
        let (key, lives) = (room.generate_api_key()?, Some(SESSION_LIFETIME_S));
        let (row, session) = room.new_api_key(state.id, client.id, key, lives);
        let user = client.body.user.as_mut().ok_or(Denial::Internal)?;
        let begun = SessionBody {
            key: row.id,
            began: now,
        };
        let ended = begin(&mut user.sessions, begun)?;
        let known = room.store.api_keys(state.id, client.id).await?;
        let ended = known.iter().filter(|key| ended.contains(&key.id));
        let mut changes: Vec<_> = ended.map(|key| Change::DeleteApiKey(key.id)).collect();
        let record = record::seal_client(&state.keys, state.id, &client)?;
        changes.extend([
            Change::PutRecord(state.id, record),
            Change::InsertApiKey(row),
        ]);
        let account = Account::of_changes(changes)
            .fact("client", &client.id.to_string())
            .fact("key", &session.info.id.to_string());
        let user = UserInfo::of(&client);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn session(turn: u8, began: Micros) -> SessionBody {
        SessionBody {
            key: KeyId::from_bytes([turn; 16]),
            began,
        }
    }

    #[test]
    fn the_newest_but_one_ends_and_ten_begin_in_an_hour() {
        let mut sessions = vec![session(0, 0)];
        assert_eq!(begin(&mut sessions, session(1, 1)), Ok(vec![]));
        let first = KeyId::from_bytes([0; 16]);
        assert_eq!(begin(&mut sessions, session(2, 2)), Ok(vec![first]));
        for turn in 3..10 {
            assert!(begin(&mut sessions, session(turn, turn.into())).is_ok());
        }
        let limit = "sessions_per_hour";
        let before = sessions.clone();
        for now in [10, HOUR - 1] {
            let refused = begin(&mut sessions, session(10, now));
            assert_eq!(refused, Err(Denial::RateLimited { limit }));
            assert_eq!(sessions, before);
        }
        // The first is an hour old.
        assert!(begin(&mut sessions, session(10, HOUR)).is_ok());
        assert_eq!(sessions.len(), HOURLY_MAX);
        // What is old is forgotten, but for the one that goes on.
        assert!(begin(&mut sessions, session(11, 3 * HOUR)).is_ok());
        assert_eq!(sessions, [session(11, 3 * HOUR), session(10, HOUR)]);
    }
}
