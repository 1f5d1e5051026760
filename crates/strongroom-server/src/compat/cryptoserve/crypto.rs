//! `/api/v1/crypto/*`, one value at a time.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, Denial, NamedItem, NamedSealed, Refused};
use strongroom_types::body::{AskedAlgorithm, DataUsage, KeyRef};
use strongroom_types::{ContextName, Permission};

use super::shape::{Algorithm, decode, encode};
use crate::edge::{App, Caller, Document, Problem, Reply, Sent, ok};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encrypt {
    plaintext: String,
    context: ContextName,
    /// A hint, repeated in the answer: the context says which suite seals.
    #[serde(default)]
    usage: Option<DataUsage>,
    #[serde(default)]
    associated_data: Option<String>,
    /// Another suite than the context's, by cipher, mode and length.
    #[serde(default)]
    algorithm_override: Option<AskedAlgorithm>,
}

#[derive(Serialize)]
pub(super) struct Encrypted {
    ciphertext: String,
    algorithm: Algorithm,
    key_id: String,
    usage: DataUsage,
    warnings: Vec<String>,
}

/// The name of a key, as an answer writes it.
fn key_id(key: &KeyRef) -> String {
    format!("{}/{}", key.id, key.version.0)
}

impl Encrypted {
    fn of(sealed: &NamedSealed, usage: Option<DataUsage>) -> Self {
        Self {
            ciphertext: encode(&sealed.ciphertext),
            algorithm: Algorithm::of(sealed.suite),
            key_id: key_id(&sealed.key),
            usage: usage.unwrap_or(DataUsage::AtRest),
            warnings: sealed.warnings.clone(),
        }
    }
}

/// A value with its associated data, as it is sent.
pub(super) fn item(
    name: &ContextName,
    (field, text): (&'static str, &str),
    associated_data: Option<&str>,
) -> Result<NamedItem, Denial> {
    let bytes = match decode(field, text) {
        Ok(bytes) => bytes,
        // What is no base64 is no ciphertext either: it goes to the door like every other, to be
        // refused and logged alike.
        Err(_) if field == CIPHERTEXT => Vec::new(),
        Err(invalid) => return Err(invalid.into()),
    };
    let associated_data = associated_data
        .map(|text| decode("associated_data", text))
        .transpose()?;
    NamedItem::new(name.clone(), bytes, associated_data)
}

/// The field of what is opened.
pub(super) const CIPHERTEXT: &str = "ciphertext";

pub(super) async fn encrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Encrypt>,
) -> Reply<Document<Encrypted>> {
    let field = ("plaintext", body.plaintext.as_str());
    let item = item(&body.context, field, body.associated_data.as_deref())
        .and_then(|item| item.with_algorithm(body.algorithm_override));
    let item = match item {
        Ok(item) => item,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let sealed = app.room.named_encrypt(&ask, item).await;
    let sealed = sealed.map(|answered| Answered {
        value: Encrypted::of(&answered.value, body.usage),
        entry: answered.entry,
    });
    ok(&ask, sealed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decrypt {
    ciphertext: String,
    context: ContextName,
    #[serde(default)]
    associated_data: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Decrypted {
    plaintext: String,
}

pub(super) async fn decrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Decrypt>,
) -> Reply<Document<Decrypted>> {
    let field = (CIPHERTEXT, body.ciphertext.as_str());
    let item = match item(&body.context, field, body.associated_data.as_deref()) {
        Ok(item) => item,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let opened = app.room.named_decrypt(&ask, item).await;
    let opened = opened.map(|answered| Answered {
        value: Decrypted {
            plaintext: encode(answered.value.expose()),
        },
        entry: answered.entry,
    });
    ok(&ask, opened)
}

/// Keys are given to nobody. Their SDK asks after each operation and goes on without: the answer costs
/// nothing and is no entry, because no key context is looked at.
pub(super) async fn key_bundle(State(app): State<App>, Caller(ask): Caller) -> Problem {
    let denial = if app.room.knows(&ask).await {
        Denial::PermissionMissing(Permission::DataKeys)
    } else {
        Denial::Unauthenticated
    };
    unlogged(&ask, denial)
}

/// A refusal of which no entry is made.
pub(super) fn unlogged(ask: &Ask, denial: Denial) -> Problem {
    let refused = Refused {
        retry_after: denial.retry_after(),
        denial,
        entry: None,
    };
    Problem::new(refused, ask.origin.request_id)
}
