//! What their clients read of an access token. Nothing of it is read here.

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
