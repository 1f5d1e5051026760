//! Issuing access tokens, for an API key or for an identity that acts by itself.

use serde_json::{Map, Value};
use strongroom_types::{ClientId, KeyId, Operation, Permission, WorkspaceId};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::identity::{Access, Acting};
use crate::ports::Micros;
use crate::strongroom::Strongroom;
use crate::time::format_time;

/// Whom an access token is issued to.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The client.
    pub client: ClientId,
    /// The API key that was shown, if one was.
    pub key: Option<KeyId>,
    /// What the client may do now.
    pub permissions: Vec<Permission>,
    /// The `sub` of the identity that acts, if one does.
    pub subject: Option<String>,
}

/// An access token.
pub struct AccessToken {
    /// The token, as it is shown as bearer.
    pub token: zeroize::Zeroizing<String>,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// Without the token.
impl core::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Strongroom {
    /// Issues an access token. It lives at most 15 minutes, and ends with the API key or the identity
    /// that it is issued for. `shown` adds what a surface's clients read of it.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A token is not issued for a token.
    pub async fn access_token<F>(
        &self,
        ask: &Ask,
        shown: F,
    ) -> Result<Answered<AccessToken>, Refused>
    where
        F: Fn(&TokenHolder) -> Map<String, Value> + Send + Sync,
    {
        self.enter(ask, &Issue(shown)).await
    }

    /// The one workspace whose id begins with these bytes, for an edge whose requests name
    /// workspaces by them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn workspace_beginning(
        &self,
        first: [u8; 10],
    ) -> Result<Option<WorkspaceId>, Denial> {
        let begins = |id: &WorkspaceId| id.as_bytes().starts_with(&first);
        let rows = self.store.workspaces(before(first), 2).await?;
        let mut found = rows.into_iter().map(|row| row.id).filter(begins);
        Ok(match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        })
    }
}

/// The greatest id below all that begin with these bytes.
fn before(first: [u8; 10]) -> Option<WorkspaceId> {
    let mut id = [0xff; 16];
    let mut borrow = true;
    for (to, from) in id.iter_mut().zip(first).take(10).rev() {
        *to = if borrow { from.wrapping_sub(1) } else { from };
        borrow = borrow && from == 0;
    }
    (!borrow).then(|| WorkspaceId::from_bytes(id))
}

struct Issue<F>(F);

impl<F> Use for Issue<F>
where
    F: Fn(&TokenHolder) -> Map<String, Value> + Send + Sync,
{
    const OPERATION: Operation = Operation::AccessTokenIssue;
    const PERMISSION: Option<Permission> = None;
    type Work = AccessToken;
    type Answer = AccessToken;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<AccessToken>, Stopped> {
        let now = room.time.now();
        let (acting, first) = acting(caller, ask)?;
        let expires = Access::ends(first, now).map_err(Denial::from)?;
        let holder = holder(caller);
        let access = Access {
            workspace: holder.workspace,
            client: holder.client,
            acting,
            expires,
        };
        let issuer = &room.settings.token_issuer;
        let shown = (self.0)(&holder);
        let tokens = &room.deployment.tokens;
        let token = tokens.issue_access(issuer, &access, shown, now)?;
        let account = Account::of_one().fact("expires", &format_time(expires));
        let account = match holder.key {
            Some(key) => account.fact("key", &key.to_string()),
            None => account,
        };
        let work = AccessToken {
            token: token.into(),
            expires: expires.div_euclid(1_000_000),
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        token: AccessToken,
        _permit: Permit,
    ) -> Released<AccessToken> {
        Released::of(Ok(token))
    }
}

fn holder(caller: &Caller) -> TokenHolder {
    let identity = caller.identity.as_ref();
    TokenHolder {
        workspace: caller.state.id,
        client: caller.client.id,
        key: caller.api_key.map(|key| key.id),
        permissions: caller.client.body.permissions.clone(),
        subject: identity.map(|identity| identity.subject.clone()),
    }
}

/// Whom the token stands for, and when that ends. It must have been shown itself: who shows a token
/// gets no other for it, so that each ends in time.
fn acting(caller: &Caller, ask: &Ask) -> Result<(Acting, Micros), Denial> {
    match (&ask.credentials.bearer, caller.api_key, &caller.identity) {
        (None, None, Some(identity)) => {
            let expires = identity.expires;
            Ok((Acting::Identity(identity.as_ref().clone()), expires))
        }
        (Some(bearer), Some(key), None) if crate::door::is_api_key(bearer.expose()) => {
            Ok((Acting::Key(key.id), key.expires.unwrap_or(Micros::MAX)))
        }
        _ => Err(Denial::Unauthenticated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_begins_before_all_ids_that_begin_so() {
        let id = |bytes: &[u8]| Some(WorkspaceId::from_bytes(bytes.try_into().unwrap()));
        let mut first = [7; 10];
        let expected = [[7; 9].as_slice(), &[6], &[0xff; 6]].concat();
        assert_eq!(before(first), id(&expected));
        first[9] = 0;
        let expected = [[7; 8].as_slice(), &[6, 0xff], &[0xff; 6]].concat();
        assert_eq!(before(first), id(&expected));
        assert_eq!(before([0; 10]), None);
    }
}
