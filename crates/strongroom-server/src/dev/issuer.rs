//! The built-in issuer of development mode: OpenID discovery, keys, and a mint.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use strongroom_crypto::secret::Secret;

use super::DevError;
use crate::edge::App;
use crate::routes::endpoint::{Endpoint, get, post};

/// The `aud` of tokens that name no other.
pub(crate) const AUDIENCE: &str = "strongroom";
/// The `aud` of tokens that sign users in.
pub(crate) const SIGN_IN_AUDIENCE: &str = "strongroom-sign-in";
/// Seconds that a token lives if nothing else is asked for.
const LIFETIME_S: i64 = 3600;

/// Signs whatever it is asked to.
pub(crate) struct Issuer {
    name: String,
    key: Ed25519KeyPair,
    key_id: String,
}

impl core::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Issuer({})", self.name)
    }
}

impl Issuer {
    pub(super) fn new(name: String, seed: &Secret<32>) -> Result<Self, DevError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_rejected| DevError::Damaged)?;
        let digest = digest(&SHA256, key.public_key().as_ref());
        let key_id = URL_SAFE_NO_PAD.encode(digest.as_ref());
        Ok(Self { name, key, key_id })
    }

    /// The `iss` of its tokens.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its keys, RFC 7517 and RFC 8037.
    pub(super) fn jwks(&self) -> Value {
        json!({"keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref()),
        }]})
    }

    fn discovery(&self) -> Value {
        json!({
            "issuer": self.name,
            "jwks_uri": format!("{}/jwks.json", self.name),
            "token_endpoint": format!("{}/token", self.name),
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "subject_types_supported": ["public"],
            "response_types_supported": ["id_token"],
        })
    }

    /// A signed JWT. The asked claims replace the usual ones, so that bad tokens can be made.
    pub(super) fn mint(&self, asked: MintRequest, now_s: i64) -> String {
        let lifetime = asked.expires_in.unwrap_or(LIFETIME_S);
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", json!(self.name)),
            ("sub", json!(asked.sub)),
            ("aud", asked.aud.unwrap_or_else(|| json!(AUDIENCE))),
            ("iat", json!(now_s)),
            ("exp", json!(now_s.saturating_add(lifetime))),
        ] {
            claims.insert(name.to_owned(), value);
        }
        claims.extend(asked.claims);
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": self.key_id});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&Value::Object(claims)));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// `POST /dev/oidc/token`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MintRequest {
    pub(super) sub: String,
    #[serde(default)]
    pub(super) aud: Option<Value>,
    #[serde(default)]
    pub(super) claims: Map<String, Value>,
    /// Seconds; negative for a token that has expired.
    #[serde(default)]
    pub(super) expires_in: Option<i64>,
}

/// Its routes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/dev/oidc/.well-known/openid-configuration", discovery),
        get("/dev/oidc/jwks.json", jwks),
        post("/dev/oidc/token", token),
    ]
}

fn issuer(app: &App) -> Option<&Issuer> {
    let development = app.development.as_ref();
    development.map(|development| &development.issuer)
}

async fn discovery(State(app): State<App>) -> Json<Value> {
    Json(issuer(&app).map(Issuer::discovery).unwrap_or_default())
}

async fn jwks(State(app): State<App>) -> Json<Value> {
    Json(issuer(&app).map(Issuer::jwks).unwrap_or_default())
}

async fn token(State(app): State<App>, body: Bytes) -> Response {
    let Some(issuer) = issuer(&app) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match serde_json::from_slice(&body) {
        Ok(asked) => {
            let now_s = app.clock.read().wall.div_euclid(1_000_000);
            Json(json!({"token": issuer.mint(asked, now_s)})).into_response()
        }
        Err(error) => {
            let fault = json!({"error": "invalid_request", "error_description": error.to_string()});
            (StatusCode::BAD_REQUEST, Json(fault)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    fn issuer() -> Issuer {
        let seed = Secret::from_bytes([7; 32]);
        Issuer::new("http://127.0.0.1:1/dev/oidc".to_owned(), &seed).unwrap()
    }

    fn claims(asked: Value) -> Value {
        let token = issuer().mint(serde_json::from_value(asked).unwrap(), 1000);
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    #[test]
    fn tokens_verify_under_the_published_key() {
        let issuer = issuer();
        let asked = serde_json::from_value(json!({"sub": "alice"})).unwrap();
        let token = issuer.mint(asked, 1000);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = issuer.jwks()["keys"][0]["x"].as_str().unwrap().to_owned();
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, key)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn claims_have_defaults_and_can_be_made_bad() {
        let usual = claims(json!({"sub": "alice"}));
        assert_eq!(usual["aud"], "strongroom");
        assert_eq!(usual["exp"], 1000 + LIFETIME_S);
        let bad = json!({"sub": "a", "expires_in": -5, "claims": {"iss": "x", "nbf": 9}});
        let bad = claims(bad);
        assert_eq!((&bad["iss"], &bad["nbf"]), (&json!("x"), &json!(9)));
        assert_eq!(bad["exp"], 995);
    }
}
