//! Who is asking: from a credential to a [`Caller`].
//!
//! ```text
//! api key = "sr_" ‖ base32(key id, 16 bytes ‖ secret, 32 bytes)
//!         | "CSAK" ‖ base32(key id) ‖ "." ‖ base32(secret)
//! ```

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use strongroom_crypto::kdf;
use strongroom_log::{Hash, sha256};
use strongroom_types::{ClientId, KeyId, Operation, WorkspaceId, base32};
use zeroize::Zeroizing;

use crate::ask::{Ask, Bearer};
use crate::caller::{ApiKey, Caller, Client};
use crate::denial::{Denial, Refused, TokenFault};
use crate::identity::{Access, Acting, Identity, Issuer, Purpose, ShownToken};
use crate::ports::{Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::user::UserBody;
use crate::workspace::WorkspaceState;

/// How many clients are kept.
const CLIENTS_MAX: u64 = 100_000;
/// How many bytes of credentials, and of identities, are kept verified.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a verified credential is kept.
const BEARER_LIFETIME: Duration = Duration::from_mins(10);
/// How long a verified identity is kept: a key that its issuer withdrew counts no longer than that.
const IDENTITY_LIFETIME: Duration = Duration::from_mins(10);
/// What an API key starts with.
pub(crate) const API_KEY_PREFIX: &str = "sr_";
/// What it starts with where its id and its secret are written apart.
const ACCESS_KEY_PREFIX: &str = "CSAK";

/// Verified credentials, so that the hot path reads no database and checks no signature twice. What
/// depends on the workspace's state is kept under its epoch.
#[derive(Debug)]
pub(crate) struct Sessions {
    bearers: Cache<Hash, Arc<Session>>,
    clients: Cache<(WorkspaceId, ClientId, u64), Arc<Client>>,
    identities: Cache<(WorkspaceId, u64, Hash), Verified>,
}

/// An identity and what it weighs.
#[derive(Clone, Debug)]
struct Verified {
    identity: Arc<Identity>,
    bytes: u32,
}

/// What a credential or token takes in memory, about: its claims are maps and strings, and each has
/// its place in a cache.
fn kept_bytes(text: &str) -> u32 {
    u32::try_from(text.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(4)
        .saturating_add(512)
}

/// What a bearer credential stands for, as long as the state under which it was looked up holds.
#[derive(Debug)]
struct Session {
    state: Arc<WorkspaceState>,
    client: Arc<Client>,
    /// The API key that was shown, or that the token was exchanged with.
    api_key: Option<ApiKey>,
    expires: Option<Micros>,
    /// The identity inside an exchanged token.
    identity: Option<Arc<Identity>>,
    /// What it weighs.
    bytes: u32,
}

/// A session that was found when the request arrived.
#[derive(Debug, Clone)]
pub(crate) struct Recalled(Arc<Session>);

impl Sessions {
    pub(crate) fn new() -> Self {
        Self {
            bearers: Cache::builder()
                .max_capacity(BYTES_MAX)
                .weigher(|_, session: &Arc<Session>| session.bytes)
                .time_to_live(BEARER_LIFETIME)
                .build(),
            clients: Cache::new(CLIENTS_MAX),
            identities: Cache::builder()
                .max_capacity(BYTES_MAX)
                .weigher(|_, verified: &Verified| verified.bytes)
                .time_to_live(IDENTITY_LIFETIME)
                .build(),
        }
    }
}

impl Strongroom {
    /// Finds out who asks. A failure of a known client is an entry; any other is a metric.
    pub(crate) async fn authenticate(&self, ask: &Ask) -> Result<Caller, Refused> {
        let credentials = &ask.credentials;
        if let (None, Some(workspace)) = (&credentials.bearer, credentials.workspace) {
            // Boxed, so that the common case does not carry the rare one's state about.
            let acting = Box::pin(self.acting_identity(ask, workspace)).await;
            let acting = acting.map_err(Refused::unlogged)?;
            return Box::pin(self.not_disabled(ask, acting)).await;
        }
        if let Some(token) = &credentials.refresh {
            let refreshing = Box::pin(self.refreshing_application(token)).await;
            let refreshing = refreshing.map_err(Refused::unlogged)?;
            return Box::pin(self.not_disabled(ask, refreshing)).await;
        }
        if let Some(token) = &credentials.invitation {
            let invited = Box::pin(self.invited(ask, token)).await;
            let invited = invited.map_err(Refused::unlogged)?;
            return Box::pin(self.not_disabled(ask, invited)).await;
        }
        if let Some(workspace) = credentials.user_in {
            let proven = Box::pin(self.proven_user(ask, workspace)).await;
            let proven = proven.map_err(Refused::unlogged)?;
            return Box::pin(self.not_disabled(ask, proven)).await;
        }
        let (caller, live) = self.client(ask).await.map_err(Refused::unlogged)?;
        let identified = match live {
            Ok(()) => self.identify(&caller, ask).await,
            Err(denial) => Err(denial),
        };
        match identified {
            Ok(Some(identity)) => Ok(Caller {
                identity: Some(identity),
                ..caller
            }),
            Ok(None) => Ok(caller),
            Err(denial) => {
                let asked = super::Asked::default();
                let denied = self.deny(&caller, ask, Operation::Request, asked, denial);
                Err(Box::pin(denied).await)
            }
        }
    }

    /// The caller who is known, unless its client or its workspace is disabled, which is an entry.
    async fn not_disabled(&self, ask: &Ask, caller: Caller) -> Result<Caller, Refused> {
        if !caller.client.body.disabled && !caller.state.body.disabled {
            return Ok(caller);
        }
        let (asked, denial) = (super::Asked::default(), Denial::CredentialRevoked);
        let denied = self.deny(&caller, ask, Operation::Request, asked, denial);
        Err(denied.await)
    }

    /// Whether the bearer credential is a client's and counts, for an edge that asks before it reads
    /// what is large. Writes nothing; whoever is not known is refused when the request goes on.
    pub async fn knows(&self, ask: &Ask) -> bool {
        match self.session(ask).await {
            Ok(session) => self.check_live(&session).is_ok(),
            Err(_unknown) => false,
        }
    }

    /// The workspace of the bearer credential, for an edge whose requests name one. Writes nothing.
    ///
    /// # Errors
    /// The credential is unknown or does not count any more; or what is needed to know does not
    /// answer.
    pub async fn workspace_of(&self, ask: &Ask) -> Result<WorkspaceId, Denial> {
        let session = self.session(ask).await?;
        self.check_live(&session)?;
        Ok(session.state.id)
    }

    /// Looks a bearer credential up among those that were verified lately. Asks no database, so that
    /// an edge can do it for whoever comes.
    #[must_use]
    pub fn recall(&self, text: &str) -> Bearer {
        let recalled = self.sessions.bearers.get(&sha256(text.as_bytes()));
        Bearer {
            text: Zeroizing::new(text.to_owned()),
            recalled: recalled.map(Recalled),
        }
    }

    /// The client behind the bearer credential, and whether the credential still counts.
    async fn client(&self, ask: &Ask) -> Result<(Caller, Result<(), Denial>), Denial> {
        let session = self.session(ask).await?;
        let caller = Caller {
            state: Arc::clone(&session.state),
            client: Arc::clone(&session.client),
            api_key: session.api_key,
            identity: session.identity.clone(),
        };
        Ok((caller, self.check_live(&session)))
    }

    fn check_live(&self, session: &Session) -> Result<(), Denial> {
        let now = self.time.now();
        let expired = session.expires.is_some_and(|expires| expires <= now);
        let key = session.api_key.and_then(|key| key.expires);
        let disabled = session.client.body.disabled || session.state.body.disabled;
        if expired && session.expires != key && !disabled {
            return Err(Denial::CredentialExpired);
        }
        if expired || disabled {
            return Err(Denial::CredentialRevoked);
        }
        Ok(())
    }

    /// The session of the bearer credential under a state that is not known to have changed.
    async fn session(&self, ask: &Ask) -> Result<Arc<Session>, Denial> {
        let bearer = ask.credentials.bearer.as_deref();
        let Bearer { text, recalled } = bearer.ok_or(Denial::Unauthenticated)?;
        if let Some(Recalled(session)) = recalled
            && !session.state.is_outdated()
        {
            return Ok(Arc::clone(session));
        }
        let digest = sha256(text.as_bytes());
        match self.sessions.bearers.get(&digest) {
            Some(session) if !session.state.is_outdated() => Ok(session),
            // Boxed, so that the common case does not carry the rare one's state about.
            _ => Box::pin(self.new_session(text, digest)).await,
        }
    }

    async fn new_session(&self, bearer: &str, digest: Hash) -> Result<Arc<Session>, Denial> {
        let session = if is_api_key(bearer) {
            self.api_key_session(bearer).await?
        } else if let Some(shown) = ShownToken::read(bearer) {
            self.application_session(&shown, bearer).await?
        } else if Access::is_meant(bearer) {
            self.access_session(bearer).await?
        } else {
            self.token_session(bearer).await?
        };
        let session = Arc::new(session);
        self.sessions.bearers.insert(digest, Arc::clone(&session));
        Ok(session)
    }

    /// Looks an API key up by its id and compares the keyed hash of its secret in constant time.
    async fn api_key_session(&self, bearer: &str) -> Result<Session, Denial> {
        let (id, secret) = parse_api_key(bearer).ok_or(Denial::Unauthenticated)?;
        let found = self
            .store
            .api_key(id)
            .await?
            .ok_or(Denial::Unauthenticated)?;
        // The epoch is read before the row is read again, so that the row is at least as new.
        let state = self.state(found.workspace).await?;
        let row = self
            .store
            .api_key(id)
            .await?
            .ok_or(Denial::Unauthenticated)?;
        let hash = self.deployment.api_key_hash(id, &secret);
        if !kdf::verify(&hash, &row.hash) {
            return Err(Denial::Unauthenticated);
        }
        let client = self.load_client(&state, row.client).await?;
        if !is_of_trusted_issuer(&state, &client, id) {
            return Err(Denial::Unauthenticated);
        }
        Ok(Session {
            client,
            state,
            api_key: Some(ApiKey {
                id,
                expires: row.expires,
            }),
            expires: row.expires,
            identity: None,
            bytes: kept_bytes(bearer),
        })
    }

    /// Verifies an exchanged token. Its identity's issuer must still be trusted, and the API key
    /// that it was exchanged with still be there; the token expires before that key does.
    async fn token_session(&self, bearer: &str) -> Result<Session, Denial> {
        let issuer = &self.settings.token_issuer;
        let token = self
            .deployment
            .tokens
            .verify(bearer, issuer, self.time.now())
            .map_err(unverified)?;
        let state = self.state(token.workspace).await?;
        let issuer = state.issuers.by_id(token.identity.issuer);
        if issuer.is_none_or(|issuer| issuer.body.disabled) {
            return Err(Denial::Unauthenticated);
        }
        let row = self.store.api_key(token.api_key).await?;
        let row = row
            .filter(|row| (row.workspace, row.client) == (token.workspace, token.client))
            .ok_or(Denial::Unauthenticated)?;
        Ok(Session {
            client: self.load_client(&state, token.client).await?,
            state,
            api_key: Some(ApiKey {
                id: row.id,
                expires: row.expires,
            }),
            expires: Some(token.identity.expires),
            identity: Some(Arc::new(token.identity)),
            bytes: kept_bytes(bearer),
        })
    }

    /// Verifies an access token: it counts as long as what it was issued for does.
    async fn access_session(&self, bearer: &str) -> Result<Session, Denial> {
        let issuer = &self.settings.token_issuer;
        let access = self
            .deployment
            .tokens
            .verify_access(bearer, issuer, self.time.now())
            .map_err(unverified)?;
        let state = self.state(access.workspace).await?;
        let client = self.load_client(&state, access.client).await?;
        let (api_key, identity) = match access.acting {
            Acting::Key(id) => {
                let row = self.store.api_key(id).await?;
                let row = row
                    .filter(|row| (row.workspace, row.client) == (access.workspace, access.client))
                    .ok_or(Denial::Unauthenticated)?;
                let expires = row.expires;
                (Some(ApiKey { id, expires }), None)
            }
            Acting::Identity(identity) => {
                let issuer = state.issuers.by_id(identity.issuer);
                let acts = |issuer: &&Issuer| {
                    !issuer.body.disabled && issuer.body.acts_as == Some(access.client)
                };
                issuer.filter(acts).ok_or(Denial::Unauthenticated)?;
                (None, Some(Arc::new(identity)))
            }
        };
        let key_expires = api_key.and_then(|key| key.expires).unwrap_or(Micros::MAX);
        Ok(Session {
            client,
            state,
            api_key,
            expires: Some(access.expires.min(key_expires)),
            identity,
            bytes: kept_bytes(bearer),
        })
    }

    /// Verifies an access token of an application by the key in the application's row. The token only
    /// says which row: its key, and that it is its own, the row decides.
    async fn application_session(
        &self,
        shown: &ShownToken<'_>,
        bearer: &str,
    ) -> Result<Session, Denial> {
        let (workspace, id) = shown.place();
        let state = self.state(workspace).await?;
        let client = self.load_client(&state, id).await?;
        let now = self.time.now();
        let application = client.body.application.as_ref();
        let application = application.filter(|application| application.lasts(now));
        let application = application.ok_or(Denial::Unauthenticated)?;
        let key = application.key.as_ref().ok_or(Denial::Unauthenticated)?;
        let (kid, issuer) = (key.kid(client.id), &self.settings.token_issuer);
        let expires = shown
            .verify((state.id, client.id), key.verifying(&kid), issuer, now)
            .map_err(unverified)?;
        let own_expires = application.expires.unwrap_or(Micros::MAX);
        Ok(Session {
            expires: Some(expires.min(own_expires)),
            client: Arc::clone(&client),
            state,
            api_key: None,
            identity: None,
            bytes: kept_bytes(bearer),
        })
    }

    /// The client of the bearer credential, if that counts.
    pub(crate) async fn client_of(&self, ask: &Ask) -> Result<Arc<Client>, Denial> {
        let session = self.session(ask).await?;
        self.check_live(&session)?;
        Ok(Arc::clone(&session.client))
    }

    pub(crate) async fn load_client(
        &self,
        state: &WorkspaceState,
        id: ClientId,
    ) -> Result<Arc<Client>, Denial> {
        let kept = (state.id, id, state.epoch);
        if let Some(client) = self.sessions.clients.get(&kept) {
            return Ok(client);
        }
        let row = self
            .store
            .record(state.id, RecordKind::Client, &id.to_string())
            .await?;
        let row = row.ok_or(Denial::Unauthenticated)?;
        let client = Arc::new(record::client(&state.keys, state.id, &row)?);
        self.sessions.clients.insert(kept, Arc::clone(&client));
        Ok(client)
    }

    /// The identity of the user's JWT beside an API key. A token of ours already carries one.
    async fn identify(&self, caller: &Caller, ask: &Ask) -> Result<Option<Arc<Identity>>, Denial> {
        let Some(token) = ask.credentials.identity.as_deref() else {
            return Ok(caller.identity.clone());
        };
        if caller.identity.is_some() {
            return Err(crate::denial::Invalid::Header("Strongroom-Identity").into());
        }
        self.verify_identity(caller, token).await.map(Some)
    }

    /// Verifies a user's JWT, or finds it among those verified under the same state.
    pub(crate) async fn verify_identity(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Arc<Identity>, Denial> {
        let state = &caller.state;
        let kept = (state.id, state.epoch, sha256(token.as_bytes()));
        let now = self.time.now();
        let fresh = |verified: &Verified| verified.identity.expires > now;
        if let Some(verified) = self.sessions.identities.get(&kept).filter(fresh) {
            return Ok(verified.identity);
        }
        let purpose = Purpose::Lock;
        let verified = self.issuer_keys.verify(token, &state.issuers, purpose, now);
        let identity = Box::pin(verified).await?;
        let identity = Arc::new(identity);
        let verified = Verified {
            identity: Arc::clone(&identity),
            bytes: kept_bytes(token),
        };
        self.sessions.identities.insert(kept, verified);
        Ok(identity)
    }

    /// Verifies a JWT to sign in with. None is kept: one that is for locks must not be found as one.
    pub(crate) async fn verify_sign_in(
        &self,
        state: &WorkspaceState,
        token: &str,
    ) -> Result<Arc<Identity>, Denial> {
        let (now, purpose) = (self.time.now(), Purpose::SignIn);
        let verified = self.issuer_keys.verify(token, &state.issuers, purpose, now);
        Ok(Arc::new(Box::pin(verified).await?))
    }
}

/// Whether an API key that is a user's session was begun by an identity of an issuer that is still
/// trusted. What is no session is of none.
fn is_of_trusted_issuer(state: &WorkspaceState, client: &Client, key: KeyId) -> bool {
    let is_session = |user: &&UserBody| user.sessions.iter().any(|session| session.key == key);
    let user = client.body.user.as_ref().filter(is_session);
    user.is_none_or(|user| {
        let issuer = state.issuers.by_id(user.issuer);
        issuer.is_some_and(|issuer| !issuer.body.disabled)
    })
}

/// How a token of ours is refused: who shows an old one learns that it is no more than that.
fn unverified(fault: TokenFault) -> Denial {
    match fault {
        TokenFault::Expired => Denial::CredentialExpired,
        _ => Denial::Unauthenticated,
    }
}

/// Whether the text means to be an API key, in either spelling.
pub(crate) fn is_api_key(text: &str) -> bool {
    text.starts_with(API_KEY_PREFIX) || text.starts_with(ACCESS_KEY_PREFIX)
}

/// Splits an API key into its id and its secret.
pub(crate) fn parse_api_key(text: &str) -> Option<(KeyId, [u8; 32])> {
    if let Some(rest) = text.strip_prefix(ACCESS_KEY_PREFIX) {
        let (id, secret) = rest.split_once('.')?;
        let id: [u8; 16] = base32::decode(id)?.try_into().ok()?;
        let secret = base32::decode(secret)?.try_into().ok()?;
        return Some((KeyId::from_bytes(id), secret));
    }
    let bytes = base32::decode(text.strip_prefix(API_KEY_PREFIX)?)?;
    let (id, secret) = bytes.split_first_chunk::<16>()?;
    Some((KeyId::from_bytes(*id), secret.try_into().ok()?))
}

/// Writes an API key.
pub(crate) fn format_api_key(id: KeyId, secret: &[u8; 32]) -> String {
    format!(
        "{API_KEY_PREFIX}{}",
        base32::encode(&[id.as_bytes().as_slice(), secret].concat())
    )
}

/// An API key in the spelling in which id and secret stand apart.
#[must_use]
pub fn access_key(api_key: &str) -> Option<String> {
    let (id, secret) = parse_api_key(api_key)?;
    let (id, secret) = (base32::encode(id.as_bytes()), base32::encode(&secret));
    Some(format!("{ACCESS_KEY_PREFIX}{id}.{secret}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_is_an_api_key_in_another_spelling() {
        let (id, secret) = (KeyId::from_bytes([3; 16]), [0xa5; 32]);
        let text = access_key(&format_api_key(id, &secret)).unwrap();
        assert_eq!(text.len(), 4 + 26 + 1 + 52);
        assert_eq!(parse_api_key(&text), Some((id, secret)));
        for wrong in [
            text.replace('.', ""),
            text.replace('.', ".."),
            format!("{text}0"),
            text.to_lowercase(),
            "CSAK.".to_owned(),
        ] {
            assert_eq!(parse_api_key(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn api_keys_round_trip_and_have_one_spelling() {
        let (id, secret) = (KeyId::from_bytes([3; 16]), [0xa5; 32]);
        let text = format_api_key(id, &secret);
        assert_eq!(parse_api_key(&text), Some((id, secret)));
        for wrong in [
            text.to_uppercase(),
            format!("{text}0"),
            text.replace("sr_", "key_"),
        ] {
            assert_eq!(parse_api_key(&wrong), None, "{wrong}");
        }
    }
}
