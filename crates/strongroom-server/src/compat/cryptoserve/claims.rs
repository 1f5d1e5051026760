//! What their clients read of an access token. Nothing of it decides here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use strongroom_types::body::ApplicationInfo;

/// The claims beside those of every access token.
pub(super) fn claims(application: &ApplicationInfo) -> Map<String, Value> {
    let claims = json!({
        "iss": "cryptoserve",
        "sub": application.id,
        "aud": "cryptoserve-api",
        "type": "access",
        "name": application.name,
        "team": application.team,
        "env": application.environment,
        "contexts": application.contexts,
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

/// When an access token ends, in seconds since 1970: for those that were verified, as text alone says
/// nothing.
pub(super) fn expiry(token: &str) -> Option<i64> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("exp")?.as_i64()
}
