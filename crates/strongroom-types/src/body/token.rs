//! `POST /v1/oauth/token`, RFC 8693.

use serde::{Deserialize, Serialize};

/// A token exchange, sent as `application/x-www-form-urlencoded`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenRequest {
    /// Always [`TokenRequest::GRANT_TYPE`].
    pub grant_type: String,
    /// The user's JWT.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub subject_token: String,
    /// [`TokenRequest::JWT`] or [`TokenRequest::ID_TOKEN`] or [`TokenRequest::ACCESS_TOKEN`].
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub subject_token_type: String,
    /// If given, [`TokenRequest::ACCESS_TOKEN`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<String>,
    /// If given, the `iss` of our tokens: they are for this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// As `audience`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Not supported: a token may do what its client may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Not supported: the client is who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_token: Option<String>,
    /// Not supported, as `actor_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_token_type: Option<String>,
}

/// Without the user's token.
impl core::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TokenRequest")
            .field("grant_type", &self.grant_type)
            .field("subject_token_type", &self.subject_token_type)
            .finish_non_exhaustive()
    }
}

impl TokenRequest {
    /// Asks for an access token of ours in exchange for a user's JWT.
    #[must_use]
    pub fn of_jwt(jwt: String) -> Self {
        Self {
            grant_type: Self::GRANT_TYPE.to_owned(),
            subject_token: jwt,
            subject_token_type: Self::JWT.to_owned(),
            requested_token_type: Some(Self::ACCESS_TOKEN.to_owned()),
            audience: None,
            resource: None,
            scope: None,
            actor_token: None,
            actor_token_type: None,
        }
    }

    /// The grant type of RFC 8693.
    pub const GRANT_TYPE: &'static str = "urn:ietf:params:oauth:grant-type:token-exchange";
    /// The type of any JWT.
    pub const JWT: &'static str = "urn:ietf:params:oauth:token-type:jwt";
    /// The type of an OpenID Connect ID token.
    pub const ID_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:id_token";
    /// The type of an OAuth access token.
    pub const ACCESS_TOKEN: &'static str = "urn:ietf:params:oauth:token-type:access_token";
}

/// An exchanged token, RFC 8693 section 2.2.1.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenAnswer {
    /// The token: carries client, identity and all lockable claims.
    pub access_token: String,
    /// Always [`TokenRequest::ACCESS_TOKEN`].
    pub issued_token_type: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds that it lives: at most 900, never past the user's token.
    pub expires_in: u64,
}

impl core::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TokenAnswer(expires in {} s)", self.expires_in)
    }
}

/// A refused exchange, RFC 6749 section 5.2.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type`, `invalid_target` or `invalid_scope`; what RFC 6749
    /// has no word for is `unauthorized_client`, `temporarily_unavailable` or `server_error`.
    pub error: String,
    /// A sentence for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}
