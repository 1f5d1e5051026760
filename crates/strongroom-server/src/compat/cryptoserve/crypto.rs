//! `/api/v1/crypto/*`, one value at a time.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Denial, NamedItem, NamedSealed};
use strongroom_types::body::{AskedAlgorithm, DataUsage, KeyRef};
use strongroom_types::{ContextName, Suite};

use super::shape::{Algorithm, decode, encode};
use crate::edge::{App, Document, Reply, Sent, ok};

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
    /// The suite that the caller wants instead of the context's, if the context's policy allows it.
    #[serde(default)]
    algorithm_override: Option<AskedAlgorithm>,
}

impl Encrypt {
    fn item(&self) -> Result<NamedItem, Denial> {
        let field = ("plaintext", self.plaintext.as_str());
        let item = item(&self.context, field, self.associated_data.as_deref())?;
        item.with_algorithm(self.algorithm_override)
    }
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
    let item = match body.item() {
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

#[derive(Deserialize)]
pub(super) struct BundleAsked {
    context: ContextName,
}

/// A key, as their SDK reads one.
#[derive(Serialize)]
pub(super) struct Bundle {
    key: String,
    key_id: String,
    algorithm: &'static str,
    version: u32,
    /// For how many seconds it is to be kept.
    ttl: u32,
}

/// For how many seconds their SDK is to keep a key: as long as their own server says.
const BUNDLE_SECONDS: u32 = 300;

/// Keys are given only where an administrator allowed it for the context. Their SDK asks after each operation
/// and goes on without.
pub(super) async fn key_bundle(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<BundleAsked>,
) -> Reply<Document<Bundle>> {
    let given = app.room.key_bundle(&ask, body.context).await;
    let given = given.map(|answered| Answered {
        value: Bundle {
            key: encode(answered.value.key.expose()),
            key_id: answered.value.key_id,
            algorithm: Suite::Aes256Gcm.name(),
            version: answered.value.version,
            ttl: BUNDLE_SECONDS,
        },
        entry: answered.entry,
    });
    ok(&ask, given)
}
