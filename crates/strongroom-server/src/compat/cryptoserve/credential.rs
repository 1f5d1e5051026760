//! Where their clients put a credential: a bearer token, or a cookie.

use axum::http::{HeaderMap, header};

use crate::edge::bearer;

/// The names of their session's cookie: their SDK uses the one, their command line both.
const COOKIES: [&str; 2] = ["access_token", "session"];

/// The credential of a request. A bearer token comes first; two cookies that differ are none, and so is
/// a cookie that a browser sends for a page of another origin.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers);
    }
    if !is_of_own_origin(headers) {
        return None;
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

/// Whether no browser says that another origin, be it of the same site, made the request (Fetch Metadata
/// Request Headers, 2.3). What is no browser says nothing.
fn is_of_own_origin(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.all(|site| site == "same-origin" || site == "none")
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

    #[test]
    fn no_cookie_counts_that_a_page_of_another_origin_made_a_browser_send() {
        let site = header::HeaderName::from_static("sec-fetch-site");
        let cookie = (header::COOKIE, "session=sr_1");
        for (value, counts) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("", false),
        ] {
            let found = of(&[cookie.clone(), (site.clone(), value)]);
            assert_eq!(found.is_some(), counts, "{value}");
        }
        // A bearer token is none that a browser adds by itself.
        let bearer = (header::AUTHORIZATION, "Bearer sr_2");
        let found = of(&[bearer, (site, "cross-site")]);
        assert_eq!(found.as_deref(), Some("sr_2"));
    }
}
