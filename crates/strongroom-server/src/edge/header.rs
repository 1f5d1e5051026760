//! The names of our headers, and reading them.

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_core::Invalid;

pub(crate) const IDENTITY: HeaderName = HeaderName::from_static("strongroom-identity");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const LOG_ENTRY: HeaderName = HeaderName::from_static("strongroom-log-entry");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("strongroom-request-id");
pub(crate) const KEY_CONTEXT: HeaderName = HeaderName::from_static("strongroom-key-context");
pub(crate) const LOCK: HeaderName = HeaderName::from_static("strongroom-lock");
pub(crate) const ASSOCIATED_DATA: HeaderName =
    HeaderName::from_static("strongroom-associated-data");
pub(crate) const METADATA: HeaderName = HeaderName::from_static("strongroom-metadata");
pub(crate) const REPLACED_BYTES: HeaderName = HeaderName::from_static("strongroom-replaced-bytes");

/// A header's text; `None` if it is absent, not text, or there twice: of two values, another
/// reader might have taken the other.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(())?;
    value.to_str().ok()
}

/// The bytes of a base64 header; `None` if it is absent.
pub(crate) fn bytes(headers: &HeaderMap, name: HeaderName) -> Result<Option<Vec<u8>>, Invalid> {
    if !headers.contains_key(&name) {
        return Ok(None);
    }
    let shown = shown(&name);
    text(headers, name)
        .and_then(|text| STANDARD.decode(text).ok())
        .map(Some)
        .ok_or(Invalid::Header(shown))
}

/// A header of base64 JSON; `None` if it is absent.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    name: HeaderName,
) -> Result<Option<T>, Invalid> {
    let shown = shown(&name);
    bytes(headers, name)?
        .map(|json| serde_json::from_slice(&json).map_err(|_error| Invalid::Header(shown)))
        .transpose()
}

/// The token of `Authorization: Bearer`; the scheme's name in any case, RFC 9110 section 11.1.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, header::AUTHORIZATION)?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A header's name as the documentation spells it.
fn shown(name: &HeaderName) -> &'static str {
    match name.as_str() {
        "strongroom-key-context" => "Strongroom-Key-Context",
        "strongroom-lock" => "Strongroom-Lock",
        "strongroom-associated-data" => "Strongroom-Associated-Data",
        _ => "Strongroom-Metadata",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn authorization(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for value in ["Bearer a.b", "bearer a.b", "BEARER  a.b "] {
            assert_eq!(bearer(&authorization(value)), Some("a.b"), "{value}");
        }
        for value in ["Basic a.b", "Bearer", "Bearer ", "a.b", ""] {
            assert_eq!(bearer(&authorization(value)), None, "{value}");
        }
    }

    #[test]
    fn a_header_given_twice_is_no_header() {
        let mut headers = authorization("Bearer a");
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert_eq!(bearer(&headers), None);
    }

    #[test]
    fn broken_base64_names_the_header() {
        let headers = HeaderMap::from_iter([(LOCK, HeaderValue::from_static("WyJzdWIiXQ="))]);
        assert_eq!(
            bytes(&headers, LOCK),
            Err(Invalid::Header("Strongroom-Lock"))
        );
        assert_eq!(bytes(&headers, KEY_CONTEXT), Ok(None));
    }
}
