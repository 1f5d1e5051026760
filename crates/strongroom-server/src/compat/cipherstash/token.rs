//! `/api/authorise`, in either spelling: an access token for an access key, or for a user's own token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use strongroom_core::{
    AccessToken, Answered, Ask, Credentials, Denial, Refused, TokenFault, TokenHolder,
};

use super::answer::OfTokenService;
use super::scope::{Role, scopes};
use super::workspace::{self, workspace_id};
use crate::edge::{App, Document, Problem, SentByAnyone, ok};

/// One of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    access_key: Option<String>,
    oidc_token: Option<String>,
    workspace_id: Option<String>,
}

/// An access token, and when it ends in seconds since 1970.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_token: String,
    expiry: i64,
}

/// What the token service refused.
struct OfTokens(Problem);

impl IntoResponse for OfTokens {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(OfTokenService);
        response
    }
}

pub(super) async fn authorise(
    State(app): State<App>,
    sent: Result<SentByAnyone<Request>, Problem>,
) -> Response {
    let issued = match sent {
        Ok(SentByAnyone { ask, body }) => issue(&app, ask, body).await,
        Err(problem) => Err(problem),
    };
    issued.map_err(OfTokens).into_response()
}

async fn issue(app: &App, mut ask: Ask, body: Request) -> Result<Document<Token>, Problem> {
    ask.credentials = match credentials(app, body).await {
        Ok(credentials) => credentials,
        // Nobody is known yet: there is no log that it would belong to.
        Err(denial) => return Err(Problem::unlogged(denial, ask.origin.request_id)),
    };
    let issued = issue_to(app, &ask).await.map(|answered| Answered {
        value: Token {
            access_token: answered.value.token.to_string(),
            expiry: answered.value.expires,
        },
        entry: answered.entry,
    });
    ok(&ask, issued)
}

/// An access token for who asks, as their clients read it.
pub(super) async fn issue_to(app: &App, ask: &Ask) -> Result<Answered<AccessToken>, Refused> {
    let services = app.surfaces.key_service();
    let issued = app
        .room
        .access_token(ask, |holder| shown(holder, &services));
    issued.await
}

/// Who is to get the token. A workspace that there is not looks like one that does not trust the
/// user's token.
async fn credentials(app: &App, body: Request) -> Result<Credentials, Denial> {
    match (body.access_key, body.oidc_token, body.workspace_id) {
        (Some(key), None, _) => Ok(Credentials {
            bearer: Some(Arc::new(app.room.recall(&key))),
            ..Credentials::default()
        }),
        (None, Some(token), Some(named)) => {
            let found = workspace::named(app, &named).await?;
            Ok(Credentials {
                identity: Some(token),
                workspace: Some(found.ok_or(Denial::Identity(TokenFault::Issuer))?),
                ..Credentials::default()
            })
        }
        _ => Err(strongroom_core::Invalid::Field("accessKey".into()).into()),
    }
}

/// What their clients read of a token. Nothing of it is read here.
fn shown(holder: &TokenHolder, key_service: &str) -> Map<String, Value> {
    let workspace = workspace_id(holder.workspace);
    let role = Role::of(&holder.permissions).name();
    let key = holder.key.map(|key| key.to_string());
    let key = key.as_deref().and_then(|key| key.strip_prefix("key_"));
    let subject = match (&holder.subject, key) {
        (Some(subject), _) => format!("CS|{subject}"),
        (None, Some(key)) => format!("CS|CSAK{key}"),
        (None, None) => "CS|".to_owned(),
    };
    let claims = json!({
        "workspace": workspace,
        "iss": key_service,
        "aud": key_service,
        "org_id": workspace,
        "sub": subject,
        "scope": scopes(&holder.permissions),
        "role": role,
        "services": {"zerokms": key_service},
    });
    let mut claims = match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    };
    if holder.subject.is_some() {
        // Their clients parse it strictly; an access key's tokens have none.
        claims.insert("azp".to_owned(), Value::from("OIDC"));
    }
    claims
}
