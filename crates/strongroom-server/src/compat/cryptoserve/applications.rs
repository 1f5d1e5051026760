//! `/api/v1/applications/*`: applications, registered by their users.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use strongroom_core::{
    Answered, ApplicationCreate, ApplicationCreated, ApplicationUpdate, Invalid, Refused, Thing,
};
use strongroom_types::body::{ApplicationInfo, RefreshLine};
use strongroom_types::{ClientId, ContextName};

use super::auth::time;
use super::claims::claims;
use crate::edge::{
    App, Caller, Document, FromParameters, FromPath, Parameters, Query, Reply, Sent, Target,
    created, ok, removed,
};

/// An application that a path names.
#[derive(Debug)]
pub(super) struct ApplicationId(pub(super) ClientId);

impl FromPath for ApplicationId {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let id = segments.first().and_then(|text| text.parse().ok());
        id.map(Self).ok_or(Thing::Application)
    }
}

/// An application, as their answers write one.
#[derive(Serialize)]
pub(super) struct Application {
    id: ClientId,
    app_id: ClientId,
    name: String,
    team: String,
    environment: String,
    description: String,
    allowed_contexts: Vec<ContextName>,
    owner_id: ClientId,
    is_active: bool,
    status: &'static str,
    created_at: String,
    expires_at: Option<String>,
}

impl From<ApplicationInfo> for Application {
    fn from(info: ApplicationInfo) -> Self {
        Self {
            id: info.id,
            app_id: info.id,
            name: info.name,
            team: info.team,
            environment: info.environment,
            description: info.description,
            allowed_contexts: info.contexts,
            owner_id: info.owner,
            is_active: info.active,
            status: if info.active { "active" } else { "suspended" },
            created_at: info.created,
            expires_at: info.expires,
        }
    }
}

/// What is answered in the words of another type.
fn told<T, U: From<T>>(answered: Result<Answered<T>, Refused>) -> Result<Answered<U>, Refused> {
    answered.map(|answered| Answered {
        value: answered.value.into(),
        entry: answered.entry,
    })
}

fn default_team() -> String {
    "default".to_owned()
}

fn default_environment() -> String {
    "development".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    app_name: String,
    #[serde(default = "default_team")]
    team: String,
    #[serde(default = "default_environment")]
    environment: String,
    #[serde(default)]
    contexts: Vec<ContextName>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Registered {
    app_id: ClientId,
    app_name: String,
    environment: String,
    access_token: String,
    refresh_token: String,
    contexts: Vec<ContextName>,
    is_new: bool,
    message: &'static str,
}

impl From<ApplicationCreated> for Registered {
    fn from(made: ApplicationCreated) -> Self {
        Self {
            app_id: made.info.id,
            app_name: made.info.name,
            environment: made.info.environment,
            access_token: made.tokens.access.token.to_string(),
            refresh_token: made.tokens.refresh.token.to_string(),
            contexts: made.info.contexts,
            is_new: made.is_new,
            message: if made.is_new {
                "Application registered"
            } else {
                "Application known, new tokens issued"
            },
        }
    }
}

/// Their SDK's own registration. One that there is gets new tokens.
pub(super) async fn register(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Register>,
) -> Reply<Document<Registered>> {
    let request = ApplicationCreate {
        name: body.app_name,
        environment: body.environment,
        team: body.team,
        description: body.description.unwrap_or_default(),
        contexts: body.contexts,
        expires_in_days: None,
        again: true,
    };
    let made = app.room.application_register(&ask, request, claims).await;
    ok(&ask, told(made))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    #[serde(default = "default_team")]
    team: String,
    #[serde(default = "default_environment")]
    environment: String,
    #[serde(default)]
    allowed_contexts: Vec<ContextName>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    expires_in_days: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Created {
    application: Application,
    access_token: String,
    refresh_token: String,
    expires_at: String,
    setup_instructions: &'static str,
}

impl From<ApplicationCreated> for Created {
    fn from(made: ApplicationCreated) -> Self {
        Self {
            application: made.info.into(),
            access_token: made.tokens.access.token.to_string(),
            refresh_token: made.tokens.refresh.token.to_string(),
            expires_at: time(made.tokens.refresh.expires),
            setup_instructions: "Keep the refresh token: it is shown once",
        }
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<Created>> {
    let request = ApplicationCreate {
        name: body.name,
        environment: body.environment,
        team: body.team,
        description: body.description.unwrap_or_default(),
        contexts: body.allowed_contexts,
        expires_in_days: body.expires_in_days,
        again: false,
    };
    let made = app.room.application_register(&ask, request, claims).await;
    created(&ask, told(made))
}

/// `?name=`.
#[derive(Debug)]
pub(super) struct Named(Option<String>);

impl FromParameters for Named {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        parameters.text("name").map(Self)
    }
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Named(name)): Query<Named>,
) -> Reply<Document<Vec<Application>>> {
    let listed = app.room.applications(&ask, name).await;
    let listed = listed.map(|answered| Answered {
        value: answered.value.into_iter().map(Application::from).collect(),
        entry: answered.entry,
    });
    ok(&ask, listed)
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(ApplicationId(id)): Target<ApplicationId>,
) -> Reply<Document<Application>> {
    ok(&ask, told(app.room.application_info(&ask, id).await))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    allowed_contexts: Option<Vec<ContextName>>,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    expires_in_days: Option<u32>,
}

pub(super) async fn update(
    State(app): State<App>,
    Target(ApplicationId(id)): Target<ApplicationId>,
    Sent { ask, body, .. }: Sent<Update>,
) -> Reply<Document<Application>> {
    let request = ApplicationUpdate {
        team: body.team,
        description: body.description,
        contexts: body.allowed_contexts,
        active: body.is_active,
        expires_in_days: body.expires_in_days,
    };
    let changed = app.room.application_update(&ask, id, request).await;
    ok(&ask, told(changed))
}

/// `?confirm=<the application's name>`.
#[derive(Debug)]
pub(super) struct Confirmed(String);

impl FromParameters for Confirmed {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let name = parameters.text("confirm")?;
        Ok(Self(name.unwrap_or_default()))
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(ApplicationId(id)): Target<ApplicationId>,
    Query(Confirmed(name)): Query<Confirmed>,
) -> Reply<Response> {
    removed(&ask, app.room.application_delete(&ask, id, name).await)
}

/// A line of refresh tokens, as their answers write a token.
#[derive(Serialize)]
pub(super) struct Token {
    id: u32,
    created_at: String,
    last_used_at: Option<String>,
    expires_at: String,
}

impl From<RefreshLine> for Token {
    fn from(line: RefreshLine) -> Self {
        Self {
            id: line.number,
            created_at: line.created,
            last_used_at: line.used,
            expires_at: line.expires,
        }
    }
}

pub(super) async fn tokens(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(ApplicationId(id)): Target<ApplicationId>,
) -> Reply<Document<Vec<Token>>> {
    let lines = app.room.application_tokens(&ask, id).await;
    let tokens = lines.map(|answered| Answered {
        value: answered.value.into_iter().map(Token::from).collect(),
        entry: answered.entry,
    });
    ok(&ask, tokens)
}

#[derive(Serialize)]
pub(super) struct Rotated {
    refresh_token: String,
    expires_at: String,
    message: &'static str,
}

pub(super) async fn rotate(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(ApplicationId(id)): Target<ApplicationId>,
) -> Reply<Document<Rotated>> {
    let rotated = app.room.application_rotate(&ask, id).await;
    let rotated = rotated.map(|answered| Answered {
        value: Rotated {
            refresh_token: answered.value.token.to_string(),
            expires_at: time(answered.value.expires),
            message: "All former tokens have ended",
        },
        entry: answered.entry,
    });
    ok(&ask, rotated)
}

pub(super) async fn revoke(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(ApplicationId(id)): Target<ApplicationId>,
) -> Reply<Response> {
    removed(&ask, app.room.application_revoke(&ask, id).await)
}
