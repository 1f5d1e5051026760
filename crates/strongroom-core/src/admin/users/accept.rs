//! Accepting an invitation.

use std::sync::Arc;

use strongroom_types::body::ApiKeyCreated;
use strongroom_types::{ContextPattern, Operation, Permission};

use crate::admin::body_digest;
use crate::admin::clients::permission_names;
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client, ClientBody};
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::identity::Identity;
use crate::named::{map_of, pattern_of};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::user::{
    Invitation, InvitationToken, SESSION_LIFETIME_S, SessionBody, UserBody, UserIdentityBody,
    UserInfo, identity_id,
};

/// A user who accepted an invitation.
#[derive(Debug)]
pub struct UserAccepted {
    /// The user.
    pub user: UserInfo,
    /// Its first session: an API key, shown once.
    pub session: ApiKeyCreated,
}

impl Strongroom {
    /// Accepts the invitation among the request's credentials for whoever the identity token beside it
    /// proves: its issuer is trusted and says that it has verified the e-mail that is invited. The
    /// invitation is used up.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the invitation is known.
    pub async fn invitation_accept(&self, ask: &Ask) -> Result<Answered<UserAccepted>, Refused> {
        self.enter(ask, &Accept).await
    }
}

struct Accept;

/// What whoever invited may still give.
struct Given {
    inviter: Arc<Client>,
    contexts: Vec<ContextPattern>,
}

impl Accept {
    async fn invitation(
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Invitation, Denial> {
        let token = ask.credentials.invitation.as_deref();
        let token = token.and_then(|token| InvitationToken::parse(token.expose()));
        let token = token.ok_or(Denial::Unauthenticated)?;
        room.invitation_of(&caller.state, &token).await
    }

    /// Who accepts, proven by the token of an issuer that the workspace trusts to sign users in.
    async fn invited(
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
        invitation: &Invitation,
    ) -> Result<Arc<Identity>, Denial> {
        let claims = || vec!["email".to_owned(), "email_verified".to_owned()];
        let token = ask.credentials.identity.as_deref();
        let missing = || Denial::IdentityMissing { claims: claims() };
        let token = token.ok_or_else(missing)?;
        let identity = room.verify_sign_in(&caller.state, token).await?;
        let email = identity.verified_email();
        if email.is_some_and(|email| email.eq_ignore_ascii_case(&invitation.body.email)) {
            return Ok(identity);
        }
        Err(Denial::LockNotMet { claims: claims() })
    }

    /// Looks again at what whoever invited may give: it may have less by now.
    async fn given(
        room: &Strongroom,
        caller: &Caller,
        invitation: &Invitation,
    ) -> Result<Given, Denial> {
        let body = &invitation.body;
        // The caller is made of it, and has no rights; this is the client itself.
        let inviter = room.load_client(&caller.state, body.inviter).await?;
        let now = Caller {
            client: Arc::clone(&inviter),
            ..caller.clone()
        };
        now.require(Permission::AdminUsers)?;
        room.check_grant(&now, &body.role.permissions())?;
        let contexts = match &body.contexts {
            None => inviter.body.allowed_contexts.clone(),
            Some(names) => {
                for name in names {
                    now.require_context(&map_of(name)?)?;
                }
                names.iter().map(pattern_of).collect::<Result<_, _>>()?
            }
        };
        Ok(Given { inviter, contexts })
    }

    fn body(
        invitation: &Invitation,
        identity: &Identity,
        given: Given,
        session: SessionBody,
    ) -> ClientBody {
        let email = &invitation.body.email;
        ClientBody {
            name: email.clone(),
            permissions: invitation.body.role.permissions(),
            allowed_contexts: given.contexts,
            disabled: false,
            everything: Some(false),
            application: None,
            user: Some(UserBody {
                email: email.clone(),
                issuer: identity.issuer,
                subject: identity.subject.clone(),
                invited_by: given.inviter.id,
                sessions: vec![session],
            }),
            registrations: None,
        }
    }
}

impl Use for Accept {
    const OPERATION: Operation = Operation::InvitationAccept;
    const PERMISSION: Option<Permission> = None;
    type Work = UserAccepted;
    type Answer = UserAccepted;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<UserAccepted>, Stopped> {
        let state = &caller.state;
        let invitation = Self::invitation(room, caller, ask).await?;
        let identity = Self::invited(room, caller, ask, &invitation).await?;
        let named = identity_id(state, identity.issuer, &identity.subject);
        let kind = RecordKind::UserIdentity;
        if room.store.record(state.id, kind, &named).await?.is_some() {
            return Err(Denial::Conflict(Thing::User).into());
        }
        let given = Self::given(room, caller, &invitation).await?;
        let (key, lives) = (room.generate_api_key()?, Some(SESSION_LIFETIME_S));
        let session = SessionBody {
            key: key.0,
            began: room.time.now(),
        };
        let body = Self::body(&invitation, &identity, given, session);
        let new = room.new_client(&state.keys, state.id, body.clone(), key, lives)?;
        let client = Client {
            id: new.info.id,
            created: room.time.now(),
            body,
        };
        let place = (kind, named, room.time.now());
        let user = UserIdentityBody { client: client.id };
        let record = record::seal(&state.keys, state.id, place, &user)?;
        let mut changes = new.changes;
        changes.push(Change::PutRecord(state.id, record));
        let accepted = (RecordKind::Invitation, invitation.id.to_string());
        changes.push(Change::DeleteRecord(accepted.0, accepted.1));
        let account = Account {
            identity: Some(identity),
            ..Account::of_changes(changes)
        };
        let account = account
            .fact("client", &client.id.to_string())
            .fact("invitation", &invitation.id.to_string())
            .fact("role", invitation.body.role.name())
            .fact("permissions", &permission_names(&client.body.permissions))
            .fact(
                "allowed_contexts",
                &body_digest(&state.keys, &client.body.allowed_contexts)?,
            );
        let work = UserAccepted {
            user: UserInfo::of(&client),
            session: new.api_key,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        accepted: UserAccepted,
        _permit: Permit,
    ) -> Released<UserAccepted> {
        Released::of(Ok(accepted))
    }
}
