//! `/api/v1/crypto/password/*`: Argon2id only.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Invalid, PasswordCheck, PasswordHash, PasswordMeasure};
use strongroom_crypto::password::Checked;
use strongroom_crypto::strength;
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Measure {
    password: String,
}

/// How strong a password is; nothing of it is repeated.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one alphabet occurs, as in their answer"
)]
pub(super) struct Measured {
    score: u32,
    strength: &'static str,
    length: usize,
    entropy_bits: u32,
    has_lowercase: bool,
    has_uppercase: bool,
    has_digits: bool,
    has_special: bool,
    suggestions: Vec<&'static str>,
}

impl Measured {
    /// A password of 80 bits is as strong as any need be.
    fn of(found: strength::Strength) -> Self {
        let score = (found.bits * 100 / 80).min(100);
        let strength = match score {
            0..40 => "weak",
            40..60 => "fair",
            60..80 => "good",
            _ => "strong",
        };
        let suggestions = [
            (found.common, "it is among those that are tried first"),
            (found.length < 12, "use 12 characters or more"),
            (
                !found.upper || !found.lower,
                "mix small and capital letters",
            ),
            (!found.digits, "use digits"),
            (!found.symbols, "use other characters"),
        ];
        let open = suggestions.iter().filter(|(is, _)| *is && score < 100);
        Self {
            score,
            strength,
            length: found.length,
            entropy_bits: found.bits,
            has_lowercase: found.lower,
            has_uppercase: found.upper,
            has_digits: found.digits,
            has_special: found.symbols,
            suggestions: open.map(|(_, suggestion)| *suggestion).collect(),
        }
    }
}

pub(super) async fn measure(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Measure>,
) -> Reply<Document<Measured>> {
    let password = PasswordMeasure(Zeroizing::new(body.password));
    let measured = app.room.use_tool(&ask, password).await;
    ok(&ask, measured.map(|answered| answered.map(Measured::of)))
}
