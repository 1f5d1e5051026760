//! Refresh tokens as text.
//!
//! ```text
//! refresh token = "srr_" ‖ base32(workspace id, 16 bytes ‖ client id, 16 bytes ‖ secret, 32 bytes)
//! ```
//!
//! It is no credential but for refreshing: nothing else reads it.

use strongroom_crypto::secret::Secret;
use strongroom_types::{ClientId, WorkspaceId, base32};
use zeroize::Zeroizing;

use super::Kept;
use crate::access_token::AccessToken;
use crate::denial::Denial;
use crate::ports::Micros;
use crate::strongroom::Strongroom;
use crate::time::seconds;

/// What a refresh token starts with.
const PREFIX: &str = "srr_";
/// How long a refresh token lives.
const LIFETIME: Micros = seconds(30 * 86_400);

/// A refresh token that somebody shows.
pub(crate) struct RefreshToken {
    pub(crate) workspace: WorkspaceId,
    pub(crate) client: ClientId,
    pub(crate) secret: Secret<32>,
}

impl RefreshToken {
    /// Reads the text of a token; `None` for every other.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(base32::decode(text.strip_prefix(PREFIX)?)?);
        let (workspace, rest) = bytes.split_first_chunk::<16>()?;
        let (client, secret) = rest.split_first_chunk::<16>()?;
        Some(Self {
            workspace: WorkspaceId::from_bytes(*workspace),
            client: ClientId::from_bytes(*client),
            secret: Secret::from_bytes(secret.try_into().ok()?),
        })
    }

    fn format(&self) -> Zeroizing<String> {
        let (workspace, client) = (self.workspace.as_bytes(), self.client.as_bytes());
        let parts = [workspace.as_slice(), client, self.secret.expose()];
        let bytes = Zeroizing::new(parts.concat());
        Zeroizing::new(format!("{PREFIX}{}", base32::encode(&bytes)))
    }
}

/// A refresh token that was made now.
pub struct NewRefreshToken {
    /// The token.
    pub token: Zeroizing<String>,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// Without the token.
impl core::fmt::Debug for NewRefreshToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewRefreshToken")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The tokens of an application, shown once.
#[derive(Debug)]
pub struct ApplicationTokens {
    /// What it shows at each request.
    pub access: AccessToken,
    /// What it gets the next access token with.
    pub refresh: NewRefreshToken,
}

impl Strongroom {
    /// `HMAC-SHA-256(credentials key, label ‖ frame(client id, secret))`
    pub(crate) fn refresh_hash(&self, token: &RefreshToken) -> [u8; 32] {
        self.deployment
            .refresh_token_hash(token.client, token.secret.expose())
    }

    /// A new refresh token of an application, and what is kept of it.
    pub(crate) fn new_refresh_token(
        &self,
        (workspace, client): (WorkspaceId, ClientId),
        now: Micros,
    ) -> Result<(NewRefreshToken, Kept), Denial> {
        let secret =
            Secret::<32>::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let token = RefreshToken {
            workspace,
            client,
            secret,
        };
        let expires = now.saturating_add(LIFETIME);
        let kept = Kept {
            hash: strongroom_types::Bytes(self.refresh_hash(&token).to_vec()),
            expires,
        };
        let new = NewRefreshToken {
            token: token.format(),
            expires: expires.div_euclid(1_000_000),
        };
        Ok((new, kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_has_one_spelling_and_is_no_api_key() {
        let token = RefreshToken {
            workspace: WorkspaceId::from_bytes([1; 16]),
            client: ClientId::from_bytes([2; 16]),
            secret: Secret::from_bytes([3; 32]),
        };
        let text = token.format();
        let read = RefreshToken::parse(&text).unwrap();
        assert_eq!(
            (read.workspace, read.client),
            (token.workspace, token.client)
        );
        assert_eq!(read.secret.expose(), &[3; 32]);
        assert!(!crate::door::is_api_key(&text));
        for wrong in [
            text.replace("srr_", "sr_"),
            text.to_uppercase(),
            format!("{}0", *text),
            text.chars().take(60).collect(),
            String::new(),
        ] {
            assert!(RefreshToken::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
