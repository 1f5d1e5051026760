//! `If-Match`: the version of an object that a change replaces.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use strongroom_core::Invalid;

use super::caller::ask;
use super::header::text;
use super::{App, Problem};

/// The version that a request names in `If-Match`; none if it says `*` or nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfMatch(Option<u64>);

impl IfMatch {
    /// The version that the request checks, by the header or by its body or query.
    ///
    /// # Errors
    /// They name two.
    pub(crate) fn check(self, other: Option<u64>) -> Result<Option<u64>, Invalid> {
        match (self.0, other) {
            (Some(header), Some(other)) if header != other => Err(Invalid::Header("If-Match")),
            (header, other) => Ok(header.or(other)),
        }
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match read(&parts.headers) {
            Ok(version) => Ok(Self(version)),
            Err(invalid) => Err(app.refuse(&ask(parts), invalid.into()).await),
        }
    }
}

/// One strong entity tag with a version in it, as `ETag` gives it.
fn read(headers: &HeaderMap) -> Result<Option<u64>, Invalid> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let tag = text(headers, header::IF_MATCH).ok_or(Invalid::Header("If-Match"))?;
    if tag == "*" {
        return Ok(None);
    }
    let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    version
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .map(Some)
        .ok_or(Invalid::Header("If-Match"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_strong_tag_names_a_version() {
        assert_eq!(read(&HeaderMap::new()), Ok(None));
        assert_eq!(read(&headers("*")), Ok(None));
        assert_eq!(read(&headers("\"7\"")), Ok(Some(7)));
        for wrong in ["7", "W/\"7\"", "\"7\", \"8\"", "\"+7\"", "\"\"", ""] {
            assert_eq!(
                read(&headers(wrong)),
                Err(Invalid::Header("If-Match")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn header_and_body_must_not_contradict() {
        assert_eq!(IfMatch(Some(7)).check(Some(7)), Ok(Some(7)));
        assert_eq!(IfMatch(None).check(Some(7)), Ok(Some(7)));
        assert_eq!(IfMatch(Some(7)).check(None), Ok(Some(7)));
        assert!(IfMatch(Some(7)).check(Some(8)).is_err());
    }
}
