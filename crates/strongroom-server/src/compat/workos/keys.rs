//! `/vault/v1/keys`: data keys for values that the caller encrypts itself.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, CiphertextFault, Denial, Invalid, Refused};
use strongroom_crypto::foreign::workos::data_key_id;
use strongroom_log::sha256;
use strongroom_types::body::{DataKeyAnswer, DataKeyCreate, DataKeyUnwrap};
use strongroom_types::{Bytes, KeyContext};

use super::field::{self, Field};
use crate::edge::{App, Document, KEY_CONTEXT, Problem, Reply, Sent, ask_of, header_json, ok};
use crate::routes::endpoint::{Endpoint, post};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/vault/v1/keys/data-key", create),
        post("/vault/v1/keys/decrypt", decrypt),
        post("/vault/v1/keys/rekey", rekey),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    context: Field,
}

/// `context` is ours: what the caller expects, where it is to be checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decrypt {
    keys: Field,
    context: Field,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rekey {
    context: Field,
    encrypted_keys: Field,
}

/// A data key with its wrapped form.
#[derive(Serialize)]
struct DataKeyPair {
    id: String,
    data_key: Bytes,
    encrypted_keys: Bytes,
    context: KeyContext,
}

/// A data key.
#[derive(Serialize)]
struct DataKey {
    id: String,
    data_key: Bytes,
}

async fn create(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Create>,
) -> Reply<Document<DataKeyPair>> {
    let context = field::key_context(&body.context, "context");
    let context = acceptable(&app, &ask, context).await?;
    let request = DataKeyCreate::new(context.clone());
    let made = app.room.data_key_create(&ask, request).await;
    ok(&ask, shown(made, |key| pair(key, context)))
}

async fn decrypt(
    State(app): State<App>,
    ExpectedContext(expected): ExpectedContext,
    Sent { ask, body, .. }: Sent<Decrypt>,
) -> Reply<Document<DataKey>> {
    let wrapped_key = blob(&app, &ask, &body.keys, "keys").await?;
    let named = field::optional_key_context(&body.context, "context");
    let opened = match expected.or(acceptable(&app, &ask, named).await?) {
        None => app.room.data_key_unwrap_unnamed(&ask, wrapped_key).await,
        Some(context) => {
            let request = DataKeyUnwrap::new(context, wrapped_key);
            app.room.data_key_unwrap(&ask, request).await
        }
    };
    let key = |key: DataKeyAnswer| DataKey {
        id: data_key_id(sha256(&key.wrapped_key.0).as_bytes()),
        data_key: key.plaintext.unwrap_or_default(),
    };
    ok(&ask, shown(opened, key))
}

async fn rekey(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Rekey>,
) -> Reply<Document<DataKeyPair>> {
    let context = field::key_context(&body.context, "context");
    let context = acceptable(&app, &ask, context).await?;
    let wrapped_key = blob(&app, &ask, &body.encrypted_keys, "encrypted_keys").await?;
    let to = context.clone();
    let moved = app.room.data_key_rekey(&ask, wrapped_key, to).await;
    ok(&ask, shown(moved, |key| pair(key, context)))
}

fn pair(key: DataKeyAnswer, context: KeyContext) -> DataKeyPair {
    DataKeyPair {
        id: data_key_id(sha256(&key.wrapped_key.0).as_bytes()),
        data_key: key.plaintext.unwrap_or_default(),
        encrypted_keys: key.wrapped_key,
        context,
    }
}

fn shown<T>(
    answered: Result<Answered<DataKeyAnswer>, Refused>,
    show: impl FnOnce(DataKeyAnswer) -> T,
) -> Result<Answered<T>, Refused> {
    answered.map(|answered| Answered {
        value: show(answered.value),
        entry: answered.entry,
    })
}

/// What was read, or its refusal with an entry.
async fn acceptable<T>(app: &App, ask: &Ask, read: Result<T, Invalid>) -> Result<T, Problem> {
    match read {
        Ok(value) => Ok(value),
        Err(invalid) => Err(app.refuse(ask, invalid.into()).await),
    }
}

/// A wrapped key. One that is no base64 looks like one that is not ours.
async fn blob(app: &App, ask: &Ask, field: &Field, name: &'static str) -> Result<Bytes, Problem> {
    let text = acceptable(app, ask, field::text(field, name)).await?;
    match STANDARD.decode(text) {
        Ok(bytes) => Ok(bytes.into()),
        Err(_not_base64) => {
            let denial = Denial::Ciphertext(CiphertextFault::NotOurs);
            Err(app.refuse(ask, denial).await)
        }
    }
}

/// The key context that a caller expects, in the header `Strongroom-Key-Context`: for callers whose
/// library has no place for it in the body.
struct ExpectedContext(Option<KeyContext>);

impl FromRequestParts<App> for ExpectedContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match header_json(&parts.headers, KEY_CONTEXT) {
            Ok(context) => Ok(Self(context)),
            Err(invalid) => Err(app.refuse(&ask_of(parts), invalid.into()).await),
        }
    }
}
