//! `/api/v1/kex`: shared secrets by X25519 and ML-KEM, over the hybrid keys that `/v1/kem` has. Theirs are
//! in the memory of one process; ours are rows of a named context.
//!
//! `encapsulation` is ML-KEM's ciphertext and then X25519's ephemeral key, as in `docs/formats/hybrid.md`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, Denial, Invalid, PageQuery, Refused, Thing};
use strongroom_crypto::hybrid::{ciphertext_bytes, public_key_bytes};
use strongroom_types::body::{
    DecapsulateAnswer, DecapsulateRequest, EncapsulateAnswer, EncapsulateRequest, HybridKeyCreate,
    HybridKeyInfo, Page, Recipient, RecipientPublicKey,
};
use strongroom_types::{ContextId, ContextName, HybridAlgorithm};

use super::shape::{decode, encode, named};
use super::signatures::of_context;
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, ok};

/// Bytes of X25519's public keys.
const X25519_BYTES: usize = 32;
/// Bytes of a shared secret.
const SECRET_BYTES: usize = 32;
/// The context of whoever names none.
const DEFAULT: &str = "default";

/// The modes of this part.
const MODES: [HybridAlgorithm; 3] = [
    HybridAlgorithm::X25519MlKem512,
    HybridAlgorithm::X25519MlKem768,
    HybridAlgorithm::X25519MlKem1024,
];

/// A mode, as this part describes one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mode {
    name: HybridAlgorithm,
    classical_algorithm: &'static str,
    pqc_algorithm: &'static str,
    classical_security_bits: u16,
    quantum_security_bits: u16,
    nist_pqc_level: u8,
    x25519_public_key_bytes: usize,
    mlkem_public_key_bytes: usize,
    mlkem_ciphertext_bytes: usize,
    shared_secret_bytes: usize,
}

impl Mode {
    fn of(name: HybridAlgorithm) -> Self {
        let (nist_pqc_level, quantum_security_bits) = match name {
            HybridAlgorithm::X25519MlKem512 => (1, 128),
            HybridAlgorithm::X25519MlKem768 | HybridAlgorithm::P256MlKem768 => (3, 192),
            HybridAlgorithm::X25519MlKem1024 | HybridAlgorithm::P384MlKem1024 => (5, 256),
        };
        let pqc_algorithm = name.name().split_once('+').map_or("", |(_, ml_kem)| ml_kem);
        Self {
            name,
            classical_algorithm: "X25519",
            pqc_algorithm,
            classical_security_bits: 128,
            quantum_security_bits,
            nist_pqc_level,
            x25519_public_key_bytes: X25519_BYTES,
            mlkem_public_key_bytes: public_key_bytes(name) - X25519_BYTES,
            mlkem_ciphertext_bytes: ciphertext_bytes(name) - X25519_BYTES,
            shared_secret_bytes: SECRET_BYTES,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Modes {
    available: bool,
    modes: Vec<Mode>,
}

/// The modes that FIPS mode permits: none where it is `enabled`.
pub(super) async fn modes(State(app): State<App>) -> axum::Json<Modes> {
    let permitted = |mode: &HybridAlgorithm| app.room.permits_hybrid(*mode);
    let modes: Vec<_> = MODES.into_iter().filter(permitted).map(Mode::of).collect();
    let available = !modes.is_empty();
    axum::Json(Modes { available, modes })
}

/// The mode that a text names; theirs, if it names none.
fn mode_of(text: Option<&str>) -> Result<HybridAlgorithm, Denial> {
    let text = text.unwrap_or(HybridAlgorithm::X25519MlKem768.name());
    let mode = named(&MODES, HybridAlgorithm::name, text);
    mode.map_err(|_unknown| Invalid::Field("mode".into()).into())
}

/// The key that a text names.
fn key_of(text: &str) -> Result<ContextId, Denial> {
    let unknown = |_not_an_id| Denial::NotFound(Thing::HybridKey);
    text.parse().map_err(unknown)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    #[serde(default)]
    mode: Option<String>,
    /// Ours: whose key it is. Theirs are everybody's.
    #[serde(default)]
    context: Option<ContextName>,
}

/// A key, as this part writes one: the public keys of its newest version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    key_id: ContextId,
    mode: HybridAlgorithm,
    context: Option<String>,
    version: u64,
    x25519_public_key: String,
    mlkem_public_key: String,
    x25519_public_key_bytes: usize,
    mlkem_public_key_bytes: usize,
    created_at: String,
}

impl Described {
    fn of(info: &HybridKeyInfo) -> Self {
        let context = info.key_context.as_ref();
        let context = context.and_then(|map| map.value("context").map(str::to_owned));
        // There is always one.
        let newest = info.versions.last();
        let public = newest.map(|version| version.public_key.0.as_slice());
        let public = public.unwrap_or_default();
        let at = public.len().saturating_sub(X25519_BYTES);
        let (ml_kem, x25519) = public.split_at_checked(at).unwrap_or_default();
        Self {
            key_id: info.id,
            mode: info.algorithm,
            context,
            version: newest.map_or(0, |version| version.version),
            x25519_public_key: encode(x25519),
            mlkem_public_key: encode(ml_kem),
            x25519_public_key_bytes: x25519.len(),
            mlkem_public_key_bytes: ml_kem.len(),
            created_at: newest.map_or_else(String::new, |version| version.created.clone()),
        }
    }
}

/// The context of a key that is to be made: the one that is named, else `default`, else the caller's
/// first. Only of contexts that there are.
async fn context_of(
    app: &App,
    ask: &Ask,
    context: Option<ContextName>,
) -> Result<ContextName, Refused> {
    if let Some(context) = context {
        let known = app.room.named_context_info(ask, context).await?;
        return Ok(known.value.name);
    }
    let listed = app.room.named_contexts(ask).await?.value;
    let default = listed.iter().find(|one| one.name.as_str() == DEFAULT);
    match default.or_else(|| listed.first()) {
        Some(context) => Ok(context.name.clone()),
        None => Err(app.room.reject(ask, Denial::ContextUnknown).await),
    }
}

async fn generated(
    app: &App,
    ask: &Ask,
    body: Generate,
) -> Result<Answered<HybridKeyInfo>, Refused> {
    let algorithm = match mode_of(body.mode.as_deref()) {
        Ok(algorithm) => algorithm,
        Err(denial) => return Err(app.room.reject(ask, denial).await),
    };
    let context = context_of(app, ask, body.context).await?;
    let key_context = match of_context(&context) {
        Ok(map) => Some(map),
        Err(denial) => return Err(app.room.reject(ask, denial).await),
    };
    let request = HybridKeyCreate {
        // Theirs have no names: the request's id is one that no other has.
        name: ask.origin.request_id.to_string(),
        key_context,
        algorithm,
    };
    app.room.hybrid_key_create(ask, request).await
}

pub(super) async fn generate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Generate>,
) -> Reply<Document<Described>> {
    let made = generated(&app, &ask, body).await;
    ok(
        &ask,
        made.map(|answered| answered.map(|key| Described::of(&key))),
    )
}

#[derive(Serialize)]
pub(super) struct Keys {
    keys: Vec<Described>,
    /// Ours: where the next page begins.
    next: Option<String>,
}

/// Those of this part's modes. A page may hold fewer than asked for and still have a next one.
pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Keys>> {
    let listed = app.room.hybrid_keys(&ask, page).await;
    let of = |page: Page<HybridKeyInfo>| {
        let keys = page.items.into_iter();
        let own = keys.filter(|key| MODES.contains(&key.algorithm));
        Keys {
            keys: own.map(|key| Described::of(&key)).collect(),
            next: page.next,
        }
    };
    ok(&ask, listed.map(|answered| answered.map(of)))
}

/// A key of `/v1/kem` of another mode cannot be written in the fields of this part, and is neither listed nor
/// described; whoever knows its id may use and destroy it as there.
fn of_these_modes(info: &HybridKeyInfo) -> Result<(), Denial> {
    if MODES.contains(&info.algorithm) {
        return Ok(());
    }
    Err(Denial::NotFound(Thing::HybridKey))
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<Described>> {
    let info = app.room.hybrid_key_describe(&ask, id).await;
    if let Some(Err(denial)) = info.as_ref().ok().map(|known| of_these_modes(&known.value)) {
        return Err(app.refuse(&ask, denial).await);
    }
    ok(
        &ask,
        info.map(|answered| answered.map(|key| Described::of(&key))),
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deleted {
    deleted: bool,
    key_id: ContextId,
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<Deleted>> {
    let gone = app.room.hybrid_key_destroy(&ask, id).await;
    let of = |()| Deleted {
        deleted: true,
        key_id: id,
    };
    ok(&ask, gone.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Encapsulate {
    x25519_public_key: String,
    mlkem_public_key: String,
    #[serde(default)]
    mode: Option<String>,
}

impl Encapsulate {
    fn request(&self) -> Result<EncapsulateRequest, Denial> {
        let algorithm = mode_of(self.mode.as_deref())?;
        let x25519 = decode(X25519_PUBLIC_KEY, &self.x25519_public_key)?;
        let mut public_key = decode(MLKEM_PUBLIC_KEY, &self.mlkem_public_key)?;
        if x25519.len() != X25519_BYTES {
            return Err(Invalid::Field(X25519_PUBLIC_KEY.into()).into());
        }
        if public_key.len() != public_key_bytes(algorithm) - X25519_BYTES {
            return Err(Invalid::Field(MLKEM_PUBLIC_KEY.into()).into());
        }
        public_key.extend(x25519);
        Ok(EncapsulateRequest {
            to: Recipient::PublicKey(RecipientPublicKey {
                algorithm,
                public_key: public_key.into(),
            }),
            metadata: None,
        })
    }
}

/// Fields of what is sent in base64.
pub(super) const X25519_PUBLIC_KEY: &str = "x25519PublicKey";
pub(super) const MLKEM_PUBLIC_KEY: &str = "mlkemPublicKey";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Encapsulated {
    encapsulation: String,
    shared_secret: String,
    mode: HybridAlgorithm,
}

pub(super) async fn encapsulate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Encapsulate>,
) -> Reply<Document<Encapsulated>> {
    let made = match body.request() {
        Ok(request) => app.room.encapsulate(&ask, request).await,
        Err(denial) => Err(app.room.reject(&ask, denial).await),
    };
    let of = |made: EncapsulateAnswer| Encapsulated {
        encapsulation: encode(&made.ciphertext.0),
        shared_secret: encode(&made.shared_secret.0),
        mode: made.algorithm,
    };
    ok(&ask, made.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Decapsulate {
    encapsulation: String,
    key_id: String,
    /// Ours: to which version it was encapsulated; to the newest, if absent.
    #[serde(default)]
    version: Option<u64>,
}

impl Decapsulate {
    fn request(&self) -> Result<DecapsulateRequest, Denial> {
        // What is no base64 is no encapsulation either: it is refused and logged like every other.
        let ciphertext = decode("encapsulation", &self.encapsulation).unwrap_or_default();
        Ok(DecapsulateRequest {
            key: key_of(&self.key_id)?,
            ciphertext: ciphertext.into(),
            version: self.version,
            metadata: None,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decapsulated {
    shared_secret: String,
    key_id: String,
    mode: HybridAlgorithm,
    version: u64,
}

pub(super) async fn decapsulate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Decapsulate>,
) -> Reply<Document<Decapsulated>> {
    let opened = match body.request() {
        Ok(request) => app.room.decapsulate(&ask, request).await,
        Err(denial) => Err(app.room.reject(&ask, denial).await),
    };
    let of = |opened: DecapsulateAnswer| Decapsulated {
        shared_secret: encode(&opened.shared_secret.0),
        key_id: body.key_id,
        mode: opened.algorithm,
        version: opened.version,
    };
    ok(&ask, opened.map(|answered| answered.map(of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_described_by_their_standards() {
        for (mode, public, ciphertext, level) in [
            (HybridAlgorithm::X25519MlKem512, 800, 768, 1),
            (HybridAlgorithm::X25519MlKem768, 1184, 1088, 3),
            (HybridAlgorithm::X25519MlKem1024, 1568, 1568, 5),
        ] {
            let described = Mode::of(mode);
            assert_eq!(described.mlkem_public_key_bytes, public);
            assert_eq!(described.mlkem_ciphertext_bytes, ciphertext);
            assert_eq!(described.nist_pqc_level, level);
            assert!(described.pqc_algorithm.starts_with("ML-KEM-"));
            assert_eq!(mode_of(Some(mode.name())), Ok(mode));
            assert_eq!(mode_of(Some(&mode.name().to_lowercase())), Ok(mode));
        }
        assert_eq!(mode_of(None), Ok(HybridAlgorithm::X25519MlKem768));
        assert!(mode_of(Some("P-256+ML-KEM-768")).is_err());
    }
}
