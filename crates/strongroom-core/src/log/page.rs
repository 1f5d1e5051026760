//! Page tokens: where a list of entries goes on, for the same filter and the same log only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strongroom_crypto::kdf;
use strongroom_crypto::keys::AuditKey;

use super::query::Filter;
use crate::denial::{Denial, Invalid};

/// A place in a list of entries.
///
/// ```text
/// base64url(position u64 ‖ bound u64 ‖ MAC(audit key, position, bound, filter), 16 bytes)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The next entry to look at.
    pub(super) position: u64,
    /// The size of the log at the first page: later entries are not listed.
    pub(super) bound: u64,
}

impl Page {
    /// Writes the token for the next page of the filter.
    pub(super) fn token(self, audit: &AuditKey, filter: &Filter<'_>) -> String {
        let place = [self.position.to_be_bytes(), self.bound.to_be_bytes()].concat();
        URL_SAFE_NO_PAD.encode([place.as_slice(), &self.mac(audit, filter)].concat())
    }

    /// Reads a token.
    ///
    /// # Errors
    /// It is not one of this filter and log.
    pub(super) fn read(token: &str, audit: &AuditKey, filter: &Filter<'_>) -> Result<Self, Denial> {
        let page = split(token)
            .and_then(|(page, mac)| kdf::verify(&page.mac(audit, filter), &mac).then_some(page));
        page.ok_or(Denial::Invalid(Invalid::PageToken))
    }

    fn mac(self, audit: &AuditKey, filter: &Filter<'_>) -> [u8; 16] {
        let (position, bound) = (self.position.to_be_bytes(), self.bound.to_be_bytes());
        let filter = filter.parts();
        let place = [b"page".as_slice(), &position, &bound];
        let parts: Vec<&[u8]> = place
            .into_iter()
            .chain(filter.iter().map(Vec::as_slice))
            .collect();
        audit.search_term(&parts)
    }
}

fn split(token: &str) -> Option<(Page, [u8; 16])> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (position, rest) = bytes.split_first_chunk()?;
    let (bound, mac) = rest.split_first_chunk()?;
    let page = Page {
        position: u64::from_be_bytes(*position),
        bound: u64::from_be_bytes(*bound),
    };
    Some((page, mac.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::keys::Seed;
    use strongroom_crypto::secret::Secret;
    use strongroom_types::{Operation, WorkspaceId};

    use super::*;
    use crate::log::query::EntriesQuery;

    const PAGE: Page = Page {
        position: 70_000,
        bound: u64::MAX,
    };

    fn audit(fill: u8) -> AuditKey {
        let seed = Seed::from_secret(Secret::from_bytes([fill; 32]));
        AuditKey::derive(&seed, WorkspaceId::from_bytes([2; 16]))
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let query = EntriesQuery::default();
        let filter = Filter::of(&query, None);
        let token = PAGE.token(&audit(1), &filter);
        assert_eq!(Page::read(&token, &audit(1), &filter), Ok(PAGE));
    }

    #[test]
    fn a_token_of_another_filter_or_log_is_refused() {
        let query = EntriesQuery::default();
        let other = EntriesQuery {
            operation: Some(Operation::Encrypt),
            ..query.clone()
        };
        let filter = Filter::of(&query, None);
        let token = PAGE.token(&audit(1), &filter);
        let refused = Err(Denial::Invalid(Invalid::PageToken));
        assert_eq!(
            Page::read(&token, &audit(1), &Filter::of(&other, None)),
            refused
        );
        assert_eq!(Page::read(&token, &audit(2), &filter), refused);
    }

    #[test]
    fn an_altered_token_is_refused() {
        let query = EntriesQuery::default();
        let filter = Filter::of(&query, None);
        let token = PAGE.token(&audit(1), &filter);
        for place in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(Page::read(&altered, &audit(1), &filter).is_err(), "{place}");
        }
        assert!(Page::read("", &audit(1), &filter).is_err());
    }
}
