//! `/api/onboarding/*`: invitations, and the sessions of those who accepted one.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Bearer, Credentials, InvitationCreate, InvitationCreated, InvitationInfo};
use strongroom_types::body::ApiKeyCreated;
use strongroom_types::{ClientId, ContextName, InvitationId, WorkspaceId};

use super::users::{User, role};
use crate::edge::{App, Caller, Document, Reply, Sent, SentByAnyone, Target, created, ok};

fn default_role() -> String {
    "developer".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Create {
    email: String,
    #[serde(default = "default_role")]
    role: String,
    #[serde(default)]
    expires_days: Option<u32>,
    /// Ours: which named contexts the user is to have.
    #[serde(default)]
    contexts: Option<Vec<ContextName>>,
}

/// An invitation, as their answers write one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invitation {
    id: InvitationId,
    email: String,
    role: &'static str,
    status: &'static str,
    /// In the answer that makes it, and in no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    created_at: String,
    expires_at: String,
    invited_by: ClientId,
}

impl From<InvitationInfo> for Invitation {
    fn from(info: InvitationInfo) -> Self {
        Self {
            id: info.id,
            email: info.email,
            role: info.role.name(),
            status: if info.ended { "expired" } else { "pending" },
            token: None,
            created_at: info.created,
            expires_at: info.expires,
            invited_by: info.inviter,
        }
    }
}

impl From<InvitationCreated> for Invitation {
    fn from(made: InvitationCreated) -> Self {
        Self {
            token: Some(made.token.to_string()),
            ..made.info.into()
        }
    }
}

pub(super) async fn invite(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Invitation>> {
    let request = InvitationCreate {
        role: role(&app, &ask, &body.role).await?,
        email: body.email,
        contexts: body.contexts,
        expires_in_days: body.expires_days,
    };
    let made = app.room.invitation_create(&ask, request).await;
    ok(&ask, made.map(|answered| answered.map(Invitation::from)))
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Invitation>>> {
    let listed = app.room.invitations(&ask).await;
    let shown = |infos: Vec<InvitationInfo>| infos.into_iter().map(Invitation::from).collect();
    ok(&ask, listed.map(|answered| answered.map(shown)))
}

#[derive(Serialize)]
pub(super) struct Withdrawn {
    message: &'static str,
}

pub(super) async fn withdraw(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<InvitationId>,
) -> Reply<Document<Withdrawn>> {
    let withdrawn = app.room.invitation_revoke(&ask, id).await;
    let told = |()| Withdrawn {
        message: "Invitation revoked",
    };
    ok(&ask, withdrawn.map(|answered| answered.map(told)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    /// The invitation's token.
    token: String,
    /// A JWT of an issuer that the tenant trusts.
    identity_token: String,
}

/// A user and a session.
#[derive(Serialize)]
pub(super) struct Joined {
    user: User,
    /// What its clients show as cookie or bearer, shown once.
    session_cookie: String,
    expires_at: Option<String>,
}

impl Joined {
    fn of(user: User, session: ApiKeyCreated) -> Self {
        Self {
            user,
            session_cookie: session.secret,
            expires_at: session.info.expires,
        }
    }
}

/// Their login is what made somebody a user; ours is the token of an issuer.
pub(super) async fn accept(
    State(app): State<App>,
    SentByAnyone { mut ask, body }: SentByAnyone<Accept>,
) -> Reply<Document<Joined>> {
    ask.credentials = Credentials {
        invitation: Some(Arc::new(Bearer::new(body.token))),
        identity: Some(body.identity_token),
        ..Credentials::default()
    };
    let accepted = app.room.invitation_accept(&ask).await;
    let accepted = accepted.map(|answered| {
        let tenant = answered.entry.map(|entry| entry.log);
        answered.map(|accepted| Joined::of(User::of(accepted.user, tenant), accepted.session))
    });
    created(&ask, accepted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    tenant_id: WorkspaceId,
    /// A JWT of the issuer and subject that accepted an invitation.
    identity_token: String,
}

pub(super) async fn begin(
    State(app): State<App>,
    SentByAnyone { mut ask, body }: SentByAnyone<Begin>,
) -> Reply<Document<Joined>> {
    ask.credentials = Credentials {
        identity: Some(body.identity_token),
        user_in: Some(body.tenant_id),
        ..Credentials::default()
    };
    let begun = app.room.user_session(&ask).await;
    let tenant = Some(body.tenant_id);
    let begun = begun.map(|answered| {
        answered.map(|begun| Joined::of(User::of(begun.user, tenant), begun.session))
    });
    created(&ask, begun)
}
