//! Where their clients put a credential: a bearer token, or a cookie.

use axum::http::{HeaderMap, header};

use crate::edge::bearer;

/// The names of their session's cookie: their SDK uses the one, their command line both.
const COOKIES: [&str; 2] = ["access_token", "session"];

/// The credential of a request. A bearer token comes first; two cookies that differ are none.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers);
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = pairs.filter(|(name, _)| COOKIES.contains(name));
    let (_, first) = sessions.next()?;
    let first = first.trim_matches('"');
    sessions
        .all(|(_, other)| other.trim_matches('"') == first)
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(pairs: &[(header::HeaderName, &'static str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        credential(&headers).map(str::to_owned)
    }

    #[test]
    fn either_cookie_counts_and_two_that_differ_do_not() {
        let cookie = header::COOKIE;
        let found = Some("sr_1".to_owned());
        for value in [
            "access_token=sr_1",
            "session=sr_1",
            "theme=dark; session=\"sr_1\"",
            "access_token=sr_1; session=sr_1",
        ] {
            assert_eq!(of(&[(cookie.clone(), value)]), found, "{value}");
        }
        for value in ["", "other=sr_1", "access_token=sr_1; session=sr_2"] {
            assert_eq!(of(&[(cookie.clone(), value)]), None, "{value}");
        }
        let both = [
            (cookie, "session=sr_1"),
            (header::AUTHORIZATION, "Bearer sr_2"),
        ];
        assert_eq!(of(&both).as_deref(), Some("sr_2"));
        assert_eq!(of(&[(header::AUTHORIZATION, "Basic x")]), None);
    }
}
