//! The tokens of applications, administered.

use strongroom_types::body::RefreshLine;
use strongroom_types::{ClientId, Operation, Permission};

use super::{account, body_of, body_of_mut, put};
use crate::admin::{Administration, reading};
use crate::application::{Line, NewRefreshToken};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::Refused;
use crate::door::{Account, Stopped};
use crate::strongroom::Strongroom;
use crate::time::format_time;

impl Strongroom {
    /// Lists an application's lines of refresh tokens.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_tokens(
        &self,
        ask: &Ask,
        id: ClientId,
    ) -> Result<Answered<Vec<RefreshLine>>, Refused> {
        self.administer(ask, List(id)).await
    }

    /// Ends all tokens of an application and gives it a new refresh token.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_rotate(
        &self,
        ask: &Ask,
        id: ClientId,
    ) -> Result<Answered<NewRefreshToken>, Refused> {
        self.administer(ask, Rotate(id)).await
    }

    /// Ends all tokens of an application: ordered by its entry, on all nodes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_revoke(
        &self,
        ask: &Ask,
        id: ClientId,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Revoke(id)).await
    }
}

struct List(ClientId);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsList);
    type Answer = Vec<RefreshLine>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<RefreshLine>, Account), Stopped> {
        let client = room.application(caller, self.0).await?;
        let shown = |line: &Line| RefreshLine {
            number: line.number,
            created: format_time(line.created),
            used: line.used.map(format_time),
            expires: format_time(line.expires()),
        };
        let lines = body_of(&client)?.lines.iter().map(shown).collect();
        let account = reading("tokens").fact("application", &self.0.to_string());
        Ok((lines, account))
    }
}

struct Rotate(ClientId);

impl Administration for Rotate {
    const OPERATION: Operation = Operation::ApplicationRotate;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = NewRefreshToken;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NewRefreshToken, Account), Stopped> {
        let mut client = room.administered_application(caller, self.0).await?;
        let contexts = &body_of(&client)?.contexts;
        room.check_reach(caller, &client, contexts).await?;
        let now = room.time.now();
        let place = (caller.state.id, client.id);
        let (refresh, kept) = room.new_refresh_token(place, now)?;
        let application = body_of_mut(&mut client)?;
        application.end_tokens();
        application.give_key(&caller.state.keys.roots, place, &*room.entropy)?;
        application.begin_line(kept, now);
        let changes = vec![put(caller, &client)?];
        Ok((refresh, account(caller, &client, changes)?))
    }
}

struct Revoke(ClientId);

impl Administration for Revoke {
    const OPERATION: Operation = Operation::ApplicationRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let mut client = room.administered_application(caller, self.0).await?;
        body_of_mut(&mut client)?.end_tokens();
        let changes = vec![put(caller, &client)?];
        Ok(((), account(caller, &client, changes)?))
    }
}
