//! `/api/v1/auth/*`: new access tokens for refresh tokens, and what an access token is worth.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Credentials, Denial, Refreshed, format_time};
use strongroom_types::body::ApplicationInfo;
use strongroom_types::{ClientId, ContextName};

use super::claims::{claims, expiry};
use crate::edge::{App, Document, Problem, Reply, SentByAnyone, ok};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    refresh_token: String,
}

#[derive(Serialize)]
pub(super) struct Tokens {
    access_token: String,
    refresh_token: String,
    expires_at: String,
    token_type: &'static str,
}

/// Seconds since 1970 as their answers write a time.
pub(super) fn time(seconds: i64) -> String {
    format_time(seconds.saturating_mul(1_000_000))
}

impl From<Refreshed> for Tokens {
    fn from(refreshed: Refreshed) -> Self {
        let tokens = refreshed.tokens;
        Self {
            access_token: tokens.access.token.to_string(),
            refresh_token: tokens.refresh.token.to_string(),
            expires_at: time(tokens.access.expires),
            token_type: "Bearer",
        }
    }
}

pub(super) async fn refresh(
    State(app): State<App>,
    SentByAnyone { mut ask, body }: SentByAnyone<Refresh>,
) -> Reply<Document<Tokens>> {
    ask.credentials = Credentials {
        refresh: Some(Arc::new(strongroom_core::Bearer::new(body.refresh_token))),
        ..Credentials::default()
    };
    let refreshed = app.room.application_refresh(&ask, claims).await;
    let refreshed = refreshed.map(|answered| Answered {
        value: answered.value.into(),
        entry: answered.entry,
    });
    ok(&ask, refreshed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    access_token: String,
}

/// What an access token is worth now.
#[derive(Serialize)]
pub(super) struct Verified {
    valid: bool,
    app_id: Option<ClientId>,
    app_name: Option<String>,
    team: Option<String>,
    environment: Option<String>,
    contexts: Option<Vec<ContextName>>,
    expires_at: Option<String>,
    error: Option<&'static str>,
}

impl Verified {
    fn of(application: ApplicationInfo, token: &str) -> Self {
        Self {
            valid: true,
            app_id: Some(application.id),
            app_name: Some(application.name),
            team: Some(application.team),
            environment: Some(application.environment),
            contexts: Some(application.contexts),
            expires_at: expiry(token).map(time),
            error: None,
        }
    }

    const fn refused() -> Self {
        Self {
            valid: false,
            app_id: None,
            app_name: None,
            team: None,
            environment: None,
            contexts: None,
            expires_at: None,
            error: Some("Invalid or expired token"),
        }
    }
}

pub(super) async fn verify(
    State(app): State<App>,
    SentByAnyone { mut ask, body }: SentByAnyone<Verify>,
) -> Result<axum::Json<Verified>, Problem> {
    ask.credentials = Credentials {
        bearer: Some(Arc::new(app.room.recall(&body.access_token))),
        ..Credentials::default()
    };
    match app.room.application_of_token(&ask).await {
        Ok(application) => Ok(axum::Json(Verified::of(application, &body.access_token))),
        Err(Denial::Unauthenticated | Denial::CredentialRevoked | Denial::CredentialExpired) => {
            Ok(axum::Json(Verified::refused()))
        }
        Err(denial) => Err(Problem::unlogged(denial, ask.origin.request_id)),
    }
}
