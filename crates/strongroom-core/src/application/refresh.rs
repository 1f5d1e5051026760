//! A new access token for a refresh token.

use serde_json::{Map, Value};
use strongroom_types::body::ApplicationInfo;
use strongroom_types::{Operation, Permission};

use super::{ApplicationTokens, Presented, RefreshToken, info};
use crate::access_token::AccessToken;
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::identity::{Access, Acting};
use crate::ports::{Change, Micros};
use crate::strongroom::Strongroom;
use crate::time::seconds;

/// How long an access token of an application lives.
const ACCESS_LIFETIME: Micros = seconds(3600);

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

    /// An access token of an application, of its present generation.
    pub(crate) fn application_access<F>(
        &self,
        caller: &Caller,
        client: &Client,
        shown: &F,
    ) -> Result<AccessToken, Denial>
    where
        F: Fn(&ApplicationInfo) -> Map<String, Value>,
    {
        let application = client.body.application.as_ref();
        let application = application.ok_or(Denial::NotFound(Thing::Application))?;
        let now = self.time.now();
        let whole = now.div_euclid(seconds(1)).saturating_mul(seconds(1));
        let access = Access {
            workspace: caller.state.id,
            client: client.id,
            acting: Acting::Application(application.generation),
            expires: whole.saturating_add(ACCESS_LIFETIME),
        };
        let issuer = &self.settings.token_issuer;
        let claims = shown(&info(client, application));
        let tokens = &self.deployment.tokens;
        Ok(AccessToken {
            token: tokens.issue_access(issuer, &access, claims, now)?.into(),
            expires: access.expires.div_euclid(seconds(1)),
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
    type Work = Refreshed;
    type Answer = Refreshed;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Refreshed>, Stopped> {
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
            let access = room.application_access(caller, &client, &self.0)?;
            let account = put(caller, &client)?.fact("line", &line);
            return Ok(planned(&client, access, refresh, account)?);
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

    fn release(
        &self,
        _room: &Strongroom,
        refreshed: Refreshed,
        _permit: Permit,
    ) -> Released<Refreshed> {
        Released::of(Ok(refreshed))
    }
}

/// The account of a change to an application's tokens.
fn put(caller: &Caller, client: &Client) -> Result<Account, Denial> {
    let state = &caller.state;
    let record = crate::record::seal_client(&state.keys, state.id, client)?;
    let account = Account::of_changes(vec![Change::PutRecord(state.id, record)]);
    Ok(account.fact("application", &client.id.to_string()))
}

fn planned(
    client: &Client,
    access: AccessToken,
    refresh: crate::application::NewRefreshToken,
    account: Account,
) -> Result<Planned<Refreshed>, Denial> {
    let application = client.body.application.as_ref();
    let application = application.ok_or(Denial::Internal)?;
    let work = Refreshed {
        application: info(client, application),
        tokens: ApplicationTokens { access, refresh },
    };
    Ok(Planned { work, account })
}
