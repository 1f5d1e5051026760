//! Who asks without a bearer credential: by the token of an issuer, an application's refresh token, or an
//! invitation.

use std::sync::Arc;

use strongroom_types::WorkspaceId;

use crate::application::{Presented, RefreshToken};
use crate::ask::{Ask, Bearer};
use crate::caller::Caller;
use crate::denial::{Denial, TokenFault};
use crate::identity::Purpose;
use crate::ports::RecordKind;
use crate::record;
use crate::strongroom::Strongroom;
use crate::user::{InvitationToken, UserIdentityBody, identity_id};

impl Strongroom {
    /// Who acts by a user's JWT alone: the client as which the issuer's identities may act.
    pub(super) async fn acting_identity(
        &self,
        ask: &Ask,
        workspace: WorkspaceId,
    ) -> Result<Caller, Denial> {
        let token = ask.credentials.identity.as_deref();
        let token = token.ok_or(Denial::Unauthenticated)?;
        let state = self.state(workspace).await?;
        let (now, purpose) = (self.time.now(), Purpose::Lock);
        let verified = self.issuer_keys.verify(token, &state.issuers, purpose, now);
        let identity = Box::pin(verified).await?;
        let issuer = state.issuers.by_id(identity.issuer);
        let acts_as = issuer.and_then(|issuer| issuer.body.acts_as);
        let client = acts_as.ok_or(Denial::Identity(TokenFault::Issuer))?;
        let client = self.load_client(&state, client).await?;
        Ok(Caller {
            state,
            client,
            api_key: None,
            identity: Some(Arc::new(identity)),
        })
    }

    /// Who shows an application's refresh token: the client, without anything that it may do.
    pub(super) async fn refreshing_application(&self, token: &Bearer) -> Result<Caller, Denial> {
        let token = RefreshToken::parse(&token.text).ok_or(Denial::Unauthenticated)?;
        let state = self.state(token.workspace).await?;
        let client = self.load_client(&state, token.client).await?;
        let (hash, now) = (self.refresh_hash(&token), self.time.now());
        let application = client.body.application.as_ref();
        let mut lines = application.iter().flat_map(|known| &known.lines);
        let known = lines.any(|line| line.presented(&hash, now) != Presented::Unknown);
        if !known || client.body.disabled {
            return Err(Denial::Unauthenticated);
        }
        Ok(Caller {
            state,
            client: Arc::new(client.without_rights()),
            api_key: None,
            identity: None,
        })
    }

    /// Who shows an invitation: whoever invited, without anything that it may do, and with the identity
    /// that the token beside it proves, so that a refusal names who tried.
    pub(super) async fn invited(&self, ask: &Ask, token: &Bearer) -> Result<Caller, Denial> {
        let token = InvitationToken::parse(&token.text).ok_or(Denial::Unauthenticated)?;
        let state = self.state(token.workspace).await?;
        let invitation = self.invitation_of(&state, &token).await?;
        let client = self.load_client(&state, invitation.body.inviter).await?;
        if client.body.disabled {
            return Err(Denial::Unauthenticated);
        }
        let identity = match ask.credentials.identity.as_deref() {
            Some(proof) => self.verify_sign_in(&state, proof).await.ok(),
            None => None,
        };
        Ok(Caller {
            state,
            client: Arc::new(client.without_rights()),
            api_key: None,
            identity,
        })
    }

    /// The user that the user's JWT proves: the one that the same identity became by an invitation. The
    /// JWT is one to sign in with, and none that applications get for locks.
    pub(super) async fn proven_user(
        &self,
        ask: &Ask,
        workspace: WorkspaceId,
    ) -> Result<Caller, Denial> {
        let token = ask.credentials.identity.as_deref();
        let token = token.ok_or(Denial::Unauthenticated)?;
        let state = self.state(workspace).await?;
        // Whom a workspace trusts is not told to whom it does not know.
        let unknown = |denial| match denial {
            Denial::Identity(fault) if fault != TokenFault::Unreachable => Denial::Unauthenticated,
            denial => denial,
        };
        let verified = self.verify_sign_in(&state, token).await;
        let identity = verified.map_err(unknown)?;
        let named = identity_id(&state, identity.issuer, &identity.subject);
        let kind = RecordKind::UserIdentity;
        let row = self.store.record(state.id, kind, &named).await?;
        let row = row.ok_or(Denial::Unauthenticated)?;
        let user: UserIdentityBody = record::body(&state.keys, state.id, &row)?;
        let client = self.load_client(&state, user.client).await?;
        Ok(Caller {
            state,
            client,
            api_key: None,
            identity: Some(identity),
        })
    }
}
