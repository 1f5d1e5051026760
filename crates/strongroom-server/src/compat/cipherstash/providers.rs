//! OIDC providers: issuers whose identities act by themselves.
//!
//! Each gets a client of its own, which may use data keys and list keysets. An audience must be named:
//! without one, a token that a user got for another application would do.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, PageQuery, Refused};
use strongroom_types::body::{ClientCreate, IssuerCreate, IssuerInfo, IssuerKeys, IssuerUpdate};
use strongroom_types::{ContextPattern, IssuerId};

use super::keysets::{Nothing, nothing};
use super::scope::Role;
use crate::edge::{App, Caller, Document, Reply, Sent, Target, ok};

#[derive(Serialize)]
pub(super) struct Listed {
    id: IssuerId,
    issuer: String,
    audiences: Vec<String>,
    disabled: bool,
}

impl From<IssuerInfo> for Listed {
    fn from(info: IssuerInfo) -> Self {
        Self {
            id: info.id,
            issuer: info.issuer,
            audiences: info.audiences,
            disabled: info.disabled,
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<Listed>>> {
    let query = PageQuery {
        limit: Some(1000),
        page: None,
    };
    let listed = app.room.issuers(&ask, query).await;
    let listed = listed.map(|answered| Answered {
        value: answered.value.items.into_iter().map(Listed::from).collect(),
        entry: answered.entry,
    });
    ok(&ask, listed)
}

/// Who their provider is; all are found by discovery alike.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Vendor {
    Auth0,
    Okta,
    Clerk,
    Supabase,
    Generic,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[serde(rename = "vendor")]
    _vendor: Vendor,
    issuer: String,
    audience: Audience,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Listed>> {
    let audiences = match body.audience {
        Audience::One(audience) => vec![audience],
        Audience::Many(audiences) => audiences,
    };
    let request = IssuerCreate {
        issuer: body.issuer,
        keys: IssuerKeys::Discovery {},
        audiences,
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    let trusted = trust(&app, &ask, request).await;
    ok(
        &ask,
        trusted.map(|answered| Answered {
            value: Listed::from(answered.value),
            entry: answered.entry,
        }),
    )
}

/// Makes a client for an issuer's identities, trusts the issuer and lets them act as it. Each is an entry; what
/// a refusal leaves undone lets nobody do anything.
async fn trust(
    app: &App,
    ask: &Ask,
    request: IssuerCreate,
) -> Result<Answered<IssuerInfo>, Refused> {
    let client = ClientCreate {
        name: "identities of a provider".to_owned(),
        permissions: Role::Member.permissions(),
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: None,
    };
    let client = app.room.client_create(ask, client).await?.value.client.id;
    let issuer = app.room.issuer_create(ask, request).await?.value;
    app.room.issuer_act_as(ask, issuer.id, Some(client)).await
}

pub(super) async fn remove(
    State(app): State<App>,
    Target(id): Target<IssuerId>,
    Caller(ask): Caller,
) -> Reply<Document<Nothing>> {
    let update = IssuerUpdate {
        disabled: Some(true),
        ..IssuerUpdate::default()
    };
    let disabled = app.room.issuer_update(&ask, id, update).await;
    let disabled = disabled.map(|answered| Answered {
        value: (),
        entry: answered.entry,
    });
    ok(&ask, nothing(disabled))
}
