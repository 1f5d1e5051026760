//! `/api/v1/pqc`: ML-DSA, by the signing keys that `/api/v1/signatures` has, in the words of this part
//! of their API. It makes and lists keys of ML-DSA; whoever names a key of another kind signs with that.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::PageQuery;
use strongroom_types::body::{Page, SignAnswer, SigningKeyInfo};
use strongroom_types::{ContextId, ContextName, SigningAlgorithm};

use super::shape::{encode, named};
use super::signatures::{
    Generate as Request, PublicSigningKey, Sign as Signing, Verify as Verifying,
};
use super::signatures::{generated, verified};
use crate::edge::{App, Caller, Document, Query, Reply, Sent, Target, ok};

/// The algorithms of this part.
const ALGORITHMS: [SigningAlgorithm; 3] = [
    SigningAlgorithm::MlDsa44,
    SigningAlgorithm::MlDsa65,
    SigningAlgorithm::MlDsa87,
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Algorithm {
    name: SigningAlgorithm,
    security_level: u8,
    standard: &'static str,
}

#[derive(Serialize)]
pub(super) struct Algorithms {
    algorithms: [Algorithm; 3],
}

pub(super) async fn algorithms() -> axum::Json<Algorithms> {
    let level = |name| match name {
        SigningAlgorithm::MlDsa44 => 2,
        SigningAlgorithm::MlDsa65 => 3,
        _ => 5,
    };
    let algorithms = ALGORITHMS.map(|name| Algorithm {
        name,
        security_level: level(name),
        standard: "FIPS 204",
    });
    axum::Json(Algorithms { algorithms })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    #[serde(default)]
    algorithm: Option<String>,
    context: ContextName,
}

/// A key, as this part writes one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    key_id: ContextId,
    algorithm: SigningAlgorithm,
    context: Option<String>,
    /// `SubjectPublicKeyInfo`, in base64.
    public_key: String,
    created_at: String,
}

impl Made {
    fn of(info: SigningKeyInfo) -> Self {
        let newest = info.versions.last();
        let public = newest.map(|version| encode(&version.public_key.0));
        let public_key = public.unwrap_or_default();
        let key = PublicSigningKey::of(info);
        Self {
            key_id: key.key_id,
            algorithm: key.algorithm,
            context: key.context,
            public_key,
            created_at: key.created_at,
        }
    }
}

pub(super) async fn generate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Generate>,
) -> Reply<Document<Made>> {
    let name = body.algorithm.as_deref();
    let name = name.unwrap_or(SigningAlgorithm::MlDsa65.name());
    let algorithm = match named(&ALGORITHMS, SigningAlgorithm::name, name) {
        Ok(algorithm) => algorithm.name().to_owned(),
        Err(invalid) => return Err(app.refuse(&ask, invalid.into()).await),
    };
    let context = body.context;
    let made = generated(&app, &ask, Request { algorithm, context }).await;
    ok(&ask, made.map(|answered| answered.map(Made::of)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sign {
    message: String,
    key_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signed {
    signature: String,
    algorithm: SigningAlgorithm,
    key_id: String,
}

pub(super) async fn sign(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Sign>,
) -> Reply<Document<Signed>> {
    let signed = match Signing::of(body.message, body.key_id.clone()).request() {
        Ok(request) => app.room.sign(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |signed: SignAnswer| Signed {
        signature: encode(&signed.signature.0),
        algorithm: signed.algorithm,
        key_id: body.key_id,
    };
    ok(&ask, signed.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Verify {
    message: String,
    signature: String,
    key_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verified {
    valid: bool,
    key_id: String,
}

pub(super) async fn verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Verify>,
) -> Reply<Document<Verified>> {
    let request = Verifying::of(body.message, body.signature, body.key_id.clone());
    let held = verified(&app, &ask, &request).await;
    let of = |valid| Verified {
        valid,
        key_id: body.key_id,
    };
    ok(&ask, held.map(|answered| answered.map(of)))
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Document<Vec<Made>>> {
    let listed = app.room.signing_keys(&ask, page).await;
    let of = |page: Page<SigningKeyInfo>| {
        let keys = page.items.into_iter();
        let own = keys.filter(|key| ALGORITHMS.contains(&key.algorithm));
        own.map(Made::of).collect()
    };
    ok(&ask, listed.map(|answered| answered.map(of)))
}

pub(super) async fn describe(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<ContextId>,
) -> Reply<Document<Made>> {
    let info = app.room.signing_key_describe(&ask, id).await;
    ok(&ask, info.map(|answered| answered.map(Made::of)))
}
