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
