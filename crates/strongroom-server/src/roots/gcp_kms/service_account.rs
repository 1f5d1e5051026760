//! A service account's key file, and the token that it asks for (RFC 7523).
//!
//! The assertion is put together here and not by a library for tokens: that would keep a copy of the
//! private key which nobody wipes.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use strongroom_core::ports::{Clock, ConnectError, Outage};
use strongroom_types::Credential;
use zeroize::Zeroizing;

use super::super::remote::Fault;
use super::super::rest::{self, Request, Rest};
use super::KIND;

const SCOPE: &str = "https://www.googleapis.com/auth/cloudkms";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion is valid; the longest that the service takes.
const SECONDS: i64 = 3600;

/// An account that signs for itself.
pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token_uri: Url,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// What is read of a key file; it has more fields.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key_id: String,
    private_key: Credential,
    token_uri: String,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    assertion: &'a str,
}

impl ServiceAccount {
    /// Reads a key file. It names where tokens come from, so that address must be acceptable too.
    pub(super) fn read(
        text: &str,
        rest: &Rest,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let malformed = ConnectError::Credential { provider: KIND };
        let Ok(file) = serde_json::from_str::<KeyFile>(text) else {
            return Err(malformed);
        };
        let token_uri = rest.acceptable(&file.token_uri);
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key: key_pair(file.private_key.expose()).ok_or(malformed)?,
            token_uri: token_uri.ok_or(ConnectError::Address { provider: KIND })?,
            clock: Arc::clone(clock),
        })
    }

    /// The request for a token.
    pub(super) fn ask(&self) -> Result<Request, Fault> {
        let assertion = self.assertion().ok_or(Outage::Fault)?;
        let form = Form {
            grant_type: GRANT,
            assertion: &assertion,
        };
        Request::post_form(self.token_uri.clone(), &form)
    }

    fn assertion(&self) -> Option<Zeroizing<String>> {
        let iat = self.clock.read().wall / 1_000_000;
        let header = Header {
            alg: "RS256",
            typ: "JWT",
            kid: &self.key_id,
        };
        let claims = Claims {
            iss: &self.email,
            scope: SCOPE,
            aud: self.token_uri.as_str(),
            iat,
            exp: iat + SECONDS,
        };
        let header = rest::base64_url(&serde_json::to_vec(&header).ok()?);
        let claims = rest::base64_url(&serde_json::to_vec(&claims).ok()?);
        let signed = format!("{}.{}", *header, *claims);
        let mut signature = vec![0; self.key.public_modulus_len()];
        #[expect(
            clippy::disallowed_methods,
            reason = "PKCS #1 v1.5 signatures draw nothing"
        )]
        let random = SystemRandom::new();
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            )
            .ok()?;
        let signature = rest::base64_url(&signature);
        Some(Zeroizing::new(format!("{signed}.{}", *signature)))
    }
}

/// The key in a PEM text (RFC 7468) of PKCS #8.
fn key_pair(pem: &str) -> Option<RsaKeyPair> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(&*body).ok()?);
    RsaKeyPair::from_pkcs8(&der).ok()
}
