//! The two spellings of their headers.

use axum::http::{HeaderMap, HeaderName};

/// A spelling of their headers. Their clients send one, and know answers by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `x-stack-*`, up to 2.8.102.
    Stack,
    /// `x-hexclave-*`, since 2.8.108.
    Hexclave,
}

impl Family {
    /// The spelling of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let newer = Self::Hexclave.prefix();
        let is_newer = headers.keys().any(|name| name.as_str().starts_with(newer));
        if is_newer {
            Self::Hexclave
        } else {
            Self::Stack
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Stack => "x-stack-",
            Self::Hexclave => "x-hexclave-",
        }
    }

    /// The value of a header; `None` if it is absent, no text, or there twice.
    pub(super) fn text<'h>(self, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        let mut values = headers.get_all(self.header(name)).iter();
        let value = values.next()?;
        values.next().is_none().then_some(())?;
        value.to_str().ok()
    }

    /// A header's name in this spelling.
    pub(super) fn header(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// The header by which clients know an error.
    pub(super) const fn known_error(self) -> HeaderName {
        match self {
            Self::Stack => HeaderName::from_static("x-stack-known-error"),
            Self::Hexclave => HeaderName::from_static("x-hexclave-known-error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_request_is_of_one_family() {
        assert_eq!(Family::of(&headers(&[])), Family::Stack);
        let older = headers(&[("x-stack-project-id", "p")]);
        assert_eq!(Family::of(&older), Family::Stack);
        let newer = headers(&[("x-stack-project-id", "p"), ("x-hexclave-project-id", "q")]);
        assert_eq!(Family::of(&newer), Family::Hexclave);
        assert_eq!(Family::Hexclave.text(&newer, "project-id"), Some("q"));
    }

    #[test]
    fn a_header_given_twice_is_no_header() {
        let twice = headers(&[("x-stack-project-id", "p"), ("x-stack-project-id", "q")]);
        assert_eq!(Family::Stack.text(&twice, "project-id"), None);
    }
}
