//! `/api/v1/signatures` and `/api/v1/crypto/{sign,verify}`: signing keys of named contexts.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, Denial, Invalid, PageQuery, Refused, Thing};
use strongroom_types::body::{
    Page, SignAnswer, SignRequest, SigningKeyCreate, SigningKeyInfo, SigningKeyVersion,
    VerifyAnswer, VerifyRequest,
};
use strongroom_types::{ContextId, ContextName, KeyContext, SigningAlgorithm};

use super::jwk::{jwk, pem};
use super::shape::{decode, encode, named};
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, ok, removed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    pub(super) algorithm: String,
    pub(super) context: ContextName,
}

#[derive(Serialize)]
pub(super) struct PublicSigningKey {
    pub(super) key_id: ContextId,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) context: Option<String>,
    version: u64,
    public_key_jwk: Option<serde_json::Value>,
    public_key_pem: String,
    pub(super) created_at: String,
}

impl PublicSigningKey {
    /// The newest version of a key.
    pub(super) fn of(info: SigningKeyInfo) -> Self {
        let context = info.key_context.as_ref();
        let context = context.and_then(|map| map.value(PAIR).map(str::to_owned));
        let newest = info.versions.into_iter().next_back();
        // There is always one.
        let newest = newest.unwrap_or_else(|| SigningKeyVersion {
            version: 0,
            public_key: Vec::new().into(),
            created: String::new(),
        });
        Self {
            key_id: info.id,
            algorithm: info.algorithm,
            context,
            version: newest.version,
            public_key_jwk: jwk(info.algorithm, &newest.public_key.0),
            public_key_pem: pem(&newest.public_key.0),
            created_at: newest.created,
        }
    }
}

/// The pair by which a named context is one.
const PAIR: &str = "context";

/// The named context's pair, for a key of it.
pub(super) fn of_context(name: &ContextName) -> Result<KeyContext, Denial> {
    KeyContext::new([(PAIR, name.as_str())]).map_err(|_too_long| Denial::Internal)
}

pub(super) async fn generate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Generate>,
) -> Reply<Document<PublicSigningKey>> {
    let made = generated(&app, &ask, body).await;
    // Their client takes 200 for an answer, and nothing else.
    ok(
        &ask,
        made.map(|answered| answered.map(PublicSigningKey::of)),
    )
}

pub(super) async fn generated(
    app: &App,
    ask: &Ask,
    body: Generate,
) -> Result<Answered<SigningKeyInfo>, Refused> {
    let names = SigningAlgorithm::ALL;
    let algorithm = named(names, SigningAlgorithm::name, &body.algorithm);
    let request = algorithm.map_err(Denial::from).and_then(|algorithm| {
        Ok(SigningKeyCreate {
            // Theirs have no names: the request's id is one that no other has.
            name: ask.origin.request_id.to_string(),
            key_context: Some(of_context(&body.context)?),
            algorithm,
        })
    });
    let request = match request {
        Ok(request) => request,
        Err(denial) => return Err(app.room.reject(ask, denial).await),
    };
    // Only of contexts that there are.
    app.room.named_context_info(ask, body.context).await?;
    app.room.signing_key_create(ask, request).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    message: String,
    key_id: String,
    #[serde(default)]
    output_format: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Signed {
    signature: String,
    algorithm: SigningAlgorithm,
    key_id: String,
    version: u64,
}

/// The key that a text names.
fn key_of(text: &str) -> Result<ContextId, Denial> {
    let unknown = |_not_an_id| Denial::NotFound(Thing::SigningKey);
    text.parse().map_err(unknown)
}

/// Whether a form of a signature is one that is served: the bytes that the algorithm gives, in base64.
fn check_format(format: Option<&str>) -> Result<(), Invalid> {
    match format {
        None | Some("base64" | "raw") => Ok(()),
        Some(_) => Err(Invalid::Field("output_format".into())),
    }
}

impl Sign {
    pub(super) const fn of(message: String, key_id: String) -> Self {
        Self {
            message,
            key_id,
            output_format: None,
        }
    }

    pub(super) fn request(&self) -> Result<SignRequest, Denial> {
        check_format(self.output_format.as_deref())?;
        Ok(SignRequest {
            key: key_of(&self.key_id)?,
            message: decode("message", &self.message)?.into(),
            metadata: None,
        })
    }
}

pub(super) async fn sign(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Sign>,
) -> Reply<Document<Signed>> {
    let signed = match body.request() {
        Ok(request) => app.room.sign(&ask, request).await,
        Err(denial) => Err(app.room.reject(&ask, denial).await),
    };
    let of = |signed: SignAnswer| Signed {
        signature: encode(&signed.signature.0),
        algorithm: signed.algorithm,
        key_id: body.key_id,
        version: signed.version,
    };
    ok(&ask, signed.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    message: String,
    signature: String,
    key_id: String,
    #[serde(default)]
    signature_format: Option<String>,
    /// The public key that the caller expects: DER, or the bare bytes at its end.
    #[serde(default)]
    public_key: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Verified {
    valid: bool,
    key_id: String,
}

impl Verify {
    pub(super) const fn of(message: String, signature: String, key_id: String) -> Self {
        Self {
            message,
            signature,
            key_id,
            signature_format: None,
            public_key: None,
        }
    }

    fn request(&self) -> Result<VerifyRequest, Denial> {
        check_format(self.signature_format.as_deref())?;
        Ok(VerifyRequest {
            key: key_of(&self.key_id)?,
            message: decode("message", &self.message)?.into(),
            // What is no base64 is no signature that holds.
            signature: decode("signature", &self.signature)
                .unwrap_or_default()
                .into(),
            version: None,
            metadata: None,
        })
    }

    /// Whether the key under which it holds is the one that the caller expects.
    async fn is_expected(
        &self,
        (app, ask): (&App, &Ask),
        key: ContextId,
        version: Option<u64>,
    ) -> Result<bool, Refused> {
        let (Some(expected), Some(version)) = (&self.public_key, version) else {
            return Ok(true);
        };
        let expected = decode("public_key", expected).unwrap_or_default();
        let info = app.room.signing_key_describe(ask, key).await?.value;
        let mut versions = info.versions.iter();
        let found = versions.find(|one| one.version == version);
        let is = |one: &SigningKeyVersion| {
            let der = &one.public_key.0;
            *der == expected || (expected.len() >= 32 && der.ends_with(&expected))
        };
        Ok(found.is_some_and(is))
    }
}

pub(super) async fn verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Verify>,
) -> Reply<Document<Verified>> {
    let verified = verified(&app, &ask, &body).await;
    let of = |valid| Verified {
        valid,
        key_id: body.key_id,
    };
    ok(&ask, verified.map(|answered| answered.map(of)))
}

pub(super) async fn verified(
    app: &App,
    ask: &Ask,
    body: &Verify,
) -> Result<Answered<bool>, Refused> {
    let request = match body.request() {
        Ok(request) => request,
        Err(denial) => return Err(app.room.reject(ask, denial).await),
    };
    let key = request.key;
    let answered = app.room.verify(ask, request).await?;
    let VerifyAnswer { valid, version, .. } = answered.value;
    let expected = body.is_expected((app, ask), key, version).await?;
    Ok(Answered {
        value: valid && expected,
        entry: answered.entry,
    })
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Vec<PublicSigningKey>>> {
    let listed = app.room.signing_keys(&ask, page).await;
    let of =
        |page: Page<SigningKeyInfo>| page.items.into_iter().map(PublicSigningKey::of).collect();
    ok(&ask, listed.map(|answered| answered.map(of)))
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<PublicSigningKey>> {
    let info = app.room.signing_key_describe(&ask, id).await;
    ok(
        &ask,
        info.map(|answered| answered.map(PublicSigningKey::of)),
    )
}

#[derive(Serialize)]
pub(super) struct Public {
    public_key_pem: String,
    public_key_jwk: Option<serde_json::Value>,
}

pub(super) async fn public(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<Public>> {
    let info = app.room.signing_key_describe(&ask, id).await;
    let of = |info| {
        let key = PublicSigningKey::of(info);
        Public {
            public_key_pem: key.public_key_pem,
            public_key_jwk: key.public_key_jwk,
        }
    };
    ok(&ask, info.map(|answered| answered.map(of)))
}

pub(super) async fn rotate(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<PublicSigningKey>> {
    let info = app.room.signing_key_rotate(&ask, id).await;
    ok(
        &ask,
        info.map(|answered| answered.map(PublicSigningKey::of)),
    )
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Response> {
    removed(&ask, app.room.signing_key_destroy(&ask, id).await)
}
