//! `/api/v1/crypto/password/*`: Argon2id only.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Invalid, PasswordCheck, PasswordHash};
use strongroom_crypto::password::Checked;
use zeroize::Zeroizing;

use crate::edge::{App, Document, Reply, Sent, ok};

/// The one function that is served.
const ARGON2ID: &str = "argon2id";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    password: String,
    #[serde(default)]
    algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    password: String,
    hash: String,
}

#[derive(Serialize)]
pub(super) struct Hashed {
    hash: String,
    algorithm: &'static str,
    params: Parameters,
}

/// What the text of a hash says as well.
#[derive(Serialize)]
struct Parameters {
    memory_cost: u32,
    time_cost: u32,
    parallelism: u32,
}

const PARAMETERS: Parameters = Parameters {
    memory_cost: 65_536,
    time_cost: 3,
    parallelism: 4,
};

#[derive(Serialize)]
pub(super) struct Verified {
    valid: bool,
    needs_rehash: bool,
    algorithm: &'static str,
}

pub(super) async fn hash(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Hash>,
) -> Reply<Document<Hashed>> {
    let served = body.algorithm.as_deref().unwrap_or(ARGON2ID) == ARGON2ID;
    let hashed = if served {
        app.room
            .password_hash(&ask, PasswordHash(Zeroizing::new(body.password)))
            .await
    } else {
        let invalid = Invalid::Field("algorithm".into());
        Err(app.room.reject(&ask, invalid.into()).await)
    };
    let of = |hash| Hashed {
        hash,
        algorithm: ARGON2ID,
        params: PARAMETERS,
    };
    ok(&ask, hashed.map(|answered| answered.map(of)))
}

pub(super) async fn verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Verify>,
) -> Reply<Document<Verified>> {
    let request = PasswordCheck {
        password: Zeroizing::new(body.password),
        hash: body.hash,
    };
    let checked = app.room.password_check(&ask, request).await;
    let of = |checked: Checked| Verified {
        valid: checked.valid,
        needs_rehash: checked.outdated,
        algorithm: ARGON2ID,
    };
    ok(&ask, checked.map(|answered| answered.map(of)))
}
