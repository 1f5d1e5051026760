//! A new access token for a refresh token.

use std::sync::Arc;

use serde_json::{Map, Value};
use strongroom_types::body::ApplicationInfo;
use strongroom_types::{Operation, Permission};

use super::{AccessDue, ApplicationTokens, NewRefreshToken, Presented, RefreshToken, info};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::ports::Change;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// What an application gets for a refresh token.
#[derive(Debug)]
pub struct Refreshed {
    /// The application.
    pub application: ApplicationInfo,
    /// Its new tokens. The refresh token that was shown counts until the new one is used.
    pub tokens: ApplicationTokens,
}

impl Strongroom {
    /// Issues an access token for the refresh token among the request's credentials, and a successor
    /// of that. A token whose successor was used a while ago ends all tokens of the application.
    /// `shown` adds what a surface's clients read of the access token.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the application is known.
    pub async fn application_refresh<F>(
        &self,
        ask: &Ask,
        shown: F,
    ) -> Result<Answered<Refreshed>, Refused>
    where
        F: Fn(&ApplicationInfo) -> Map<String, Value> + Send + Sync,
    {
        self.enter(ask, &Refresh(shown)).await
    }

    /// The application whose access token this is, if it counts now. Writes nothing: no key is used.
    ///
    /// # Errors
    /// It is none, or counts no more; or what is needed to know does not answer.
    pub async fn application_of_token(&self, ask: &Ask) -> Result<ApplicationInfo, Denial> {
        let client = self.client_of(ask).await?;
        let application = client.body.application.as_ref();
        let application = application.ok_or(Denial::Unauthenticated)?;
        Ok(info(&client, application))
    }

    /// An access token that is due to an application, under its key: made now if it has none, so that
    /// the client's record must be kept with the entry.
    pub(crate) fn application_access<F>(
        &self,
        state: &WorkspaceState,
        client: &mut Client,
        shown: &F,
    ) -> Result<AccessDue, Denial>
    where
        F: Fn(&ApplicationInfo) -> Map<String, Value>,
    {
        let place = (state.id, client.id);
        let application = client.body.application.as_mut();
        let application = application.ok_or(Denial::NotFound(Thing::Application))?;
        let key = application.give_key(&state.keys.roots, place, &*self.entropy)?;
        let key = key.clone();
        let application = client.body.application.as_ref();
        let application = application.ok_or(Denial::NotFound(Thing::Application))?;
        Ok(AccessDue {
            place,
            key,
            claims: shown(&info(client, application)),
            now: self.time.now(),
        })
    }
}

struct Refresh<F>(F);

impl<F> Refresh<F> {
    /// The application as it stands, and the hash of the token that was shown.
    async fn found(
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<(Client, [u8; 32]), Denial> {
        let token = ask.credentials.refresh.as_deref();
        let token = token.and_then(|token| RefreshToken::parse(token.expose()));
        let token = token.ok_or(Denial::Unauthenticated)?;
        // What the caller is made of has no rights; this is the client itself.
        let client = room.load_client(&caller.state, token.client).await?;
        Ok((Client::clone(&client), room.refresh_hash(&token)))
    }
}

impl<F> Use for Refresh<F>
where
    F: Fn(&ApplicationInfo) -> Map<String, Value> + Send + Sync,
{
    const OPERATION: Operation = Operation::ApplicationRefresh;
    const PERMISSION: Option<Permission> = None;
    type Work = Due;
    type Answer = Refreshed;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Due>, Stopped> {
        let (mut client, hash) = Self::found(room, caller, ask).await?;
        let now = room.time.now();
        let place = (caller.state.id, client.id);
        let application = client.body.application.as_mut();
        let application = application.filter(|application| application.lasts(now));
        let application = application.ok_or(Denial::Unauthenticated)?;
        let lines = &mut application.lines;
        let known =
            |presented| move |line: &&mut super::Line| line.presented(&hash, now) == presented;
        let (refresh, kept) = room.new_refresh_token(place, now)?;
        if let Some(line) = lines.iter_mut().find(known(Presented::Counts)) {
            line.use_token(&hash, kept, now);
            let line = line.number.to_string();
            let access = room.application_access(&caller.state, &mut client, &self.0)?;
            let account = put(caller, &client)?.fact("line", &line);
            let work = Due {
                state: Arc::clone(&caller.state),
                client,
                access,
                refresh,
            };
            return Ok(Planned { work, account });
        }
        if lines.iter_mut().any(|line| known(Presented::Reused)(&line)) {
            application.end_tokens();
            let account = put(caller, &client)?;
            room.append(caller, ask, Operation::ApplicationReuse, account)
                .await?;
            return Err(Denial::CredentialRevoked.into());
        }
        Err(Denial::Unauthenticated.into())
    }

    fn release(&self, room: &Strongroom, due: Due, permit: Permit) -> Released<Refreshed> {
        Released::of(due.give(room, permit))
    }
}

/// What an application is given once the entry is durable.
struct Due {
    state: Arc<WorkspaceState>,
    client: Client,
    access: AccessDue,
    refresh: NewRefreshToken,
}

impl Due {
    fn give(self, room: &Strongroom, permit: Permit) -> Result<Refreshed, Denial> {
        let permitted = (permit, Operation::ApplicationRefresh);
        let access = self.access.sign(room, &self.state.keys.roots, permitted)?;
        let application = self.client.body.application.as_ref();
        let application = application.ok_or(Denial::Internal)?;
        let refresh = self.refresh;
        Ok(Refreshed {
            application: info(&self.client, application),
            tokens: ApplicationTokens { access, refresh },
        })
    }
}

/// The account of a change to an application's tokens.
fn put(caller: &Caller, client: &Client) -> Result<Account, Denial> {
    let state = &caller.state;
    let record = crate::record::seal_client(&state.keys, state.id, client)?;
    let account = Account::of_changes(vec![Change::PutRecord(state.id, record)]);
    Ok(account.fact("application", &client.id.to_string()))
}
