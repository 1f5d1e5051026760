//! Exchanged tokens, RFC 8693: what a client shows instead of the user's own token.
//!
//! ```text
//! header   { "typ": "at+jwt", "alg": "EdDSA" }
//! claims   { "iss", "aud": the deployment, "iat", "exp", "ws", "client", "key",
//!            "identity": { "issuer", "iss", "sub", "claims": {…}, "display": [names of claims] } }
//! ```
//!
//! An exchanged token serves one client in one workspace, and names the API key it was exchanged
//! with, so that it ends when that key does. It lives at most 15 minutes, never longer than key or
//! user's token, and is checked without clock skew: one deployment writes and reads it.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_crypto::secret::Secret;
use strongroom_types::{Bytes, ClientId, IssuerId, KeyId, WorkspaceId};
use zeroize::Zeroizing;

use super::jwk::PublicKey;
use super::jwt::{self, Token};
use super::{Identity, pick};
use crate::caller::ApiKey;
use crate::denial::{Denial, TokenFault};
use crate::ports::Micros;
use crate::time::seconds;

/// The longest life of an exchanged token.
const LIFETIME: Micros = seconds(15 * 60);
/// Room for all claims of the largest token of an issuer and for what we add.
const BYTES_MAX: usize = 2 * jwt::BYTES_MAX;
/// The media type of RFC 9068, so that no ID token passes for one of ours.
const TYPE: &str = "at+jwt";

/// An identity as one client may show it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exchanged {
    /// The workspace of the client.
    pub(crate) workspace: WorkspaceId,
    /// The client that exchanged the user's token.
    pub(crate) client: ClientId,
    /// The API key that the client authenticated with.
    pub(crate) api_key: KeyId,
    /// The identity; it expires with the exchanged token.
    pub(crate) identity: Identity,
}

impl Exchanged {
    /// Takes an identity that was just proven, and shortens its life to
    /// `min(now + 15 min, its own expiry, the API key's)`, in whole seconds.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] when nothing is left, which clock skew makes possible.
    pub(crate) fn new(
        workspace: WorkspaceId,
        client: ClientId,
        api_key: ApiKey,
        identity: Identity,
        now: Micros,
    ) -> Result<Self, TokenFault> {
        let key_expires = api_key.expires.unwrap_or(Micros::MAX);
        let expires = expiry(identity.expires.min(key_expires), now);
        let expires = expires.ok_or(TokenFault::Expired)?;
        Ok(Self {
            workspace,
            client,
            api_key: api_key.id,
            identity: Identity {
                expires,
                ..identity
            },
        })
    }
}

/// `min(now + 15 min, what ends first)` in whole seconds, if later than now.
pub(super) fn expiry(ends: Micros, now: Micros) -> Option<Micros> {
    let expires = ends.min(now.saturating_add(LIFETIME));
    let whole = seconds(expires.div_euclid(seconds(1)));
    (whole > now).then_some(whole)
}

/// The claims of an exchanged token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    ws: WorkspaceId,
    client: ClientId,
    key: KeyId,
    identity: Subject,
}

/// The identity in a token of ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    issuer: IssuerId,
    iss: String,
    sub: String,
    claims: Map<String, Value>,
    display: Vec<String>,
}

/// Issues and verifies tokens of ours, with Ed25519: the deployment's, or those of one application.
#[derive(Debug)]
pub(crate) struct TokenSigner {
    key: EncodingKey,
    public: PublicKey,
    public_bytes: Bytes,
    /// The name of the key, in the headers of what it signs. The deployment has one key, without.
    kid: Option<String>,
}

impl TokenSigner {
    /// Derives the key pair from its seed.
    ///
    /// # Errors
    /// [`Denial::Internal`] when the library refuses the seed, which it does for none.
    pub(crate) fn derive(seed: &Secret<32>) -> Result<Self, Denial> {
        let key = EncodingKey::from_ed_der(&ed25519_pkcs8(seed.expose()));
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose());
        let pair = pair.ok().ok_or(Denial::Internal)?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            key,
            public: PublicKey::ed25519(public),
            public_bytes: Bytes(public.to_vec()),
            kid: None,
        })
    }

    /// The key pair of an application, under the name that its tokens carry.
    ///
    /// # Errors
    /// As [`TokenSigner::derive`].
    pub(crate) fn of_application(seed: &Secret<32>, kid: String) -> Result<Self, Denial> {
        let kid = Some(kid);
        Ok(Self {
            kid,
            ..Self::derive(seed)?
        })
    }

    /// The public half, 32 bytes.
    pub(crate) fn public_bytes(&self) -> &[u8] {
        &self.public_bytes.0
    }

    /// Issues a token of the deployment `iss`. The user's own token is no part of it.
    ///
    /// # Errors
    /// [`Denial::Internal`] when the library does not sign.
    pub(crate) fn issue(
        &self,
        iss: &str,
        exchanged: &Exchanged,
        now: Micros,
    ) -> Result<String, Denial> {
        self.sign(TYPE, &payload(iss, exchanged, now))
    }

    /// Signs claims of a token of another kind.
    ///
    /// # Errors
    /// [`Denial::Internal`] when the library does not sign.
    pub(super) fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> Result<String, Denial> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: self.kid.clone(),
            ..Header::new(Algorithm::EdDSA)
        };
        let signed = jsonwebtoken::encode(&header, claims, &self.key);
        signed.ok().ok_or(Denial::Internal)
    }

    /// The claims of a token of a kind, once its signature verifies.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn signed_claims(
        &self,
        token: &str,
        typ: &str,
    ) -> Result<Map<String, Value>, TokenFault> {
        let token = Token::parse(token, BYTES_MAX)?;
        if token.algorithm != Algorithm::EdDSA {
            return Err(TokenFault::Algorithm);
        }
        if !self.public.verifies(&token) {
            return Err(TokenFault::Signature);
        }
        if token.typ.as_deref() != Some(typ) {
            return Err(TokenFault::Malformed);
        }
        Ok(token.claims)
    }

    /// Verifies a token of the deployment `iss`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn verify(
        &self,
        token: &str,
        iss: &str,
        now: Micros,
    ) -> Result<Exchanged, TokenFault> {
        let claims = self.signed_claims(token, TYPE)?;
        let payload = serde_json::from_value(Value::Object(claims));
        exchanged(payload.ok().ok_or(TokenFault::Malformed)?, iss, now)
    }
}

fn payload(iss: &str, exchanged: &Exchanged, now: Micros) -> Payload {
    let identity = &exchanged.identity;
    Payload {
        iss: iss.to_owned(),
        aud: iss.to_owned(),
        iat: now.div_euclid(seconds(1)),
        exp: identity.expires.div_euclid(seconds(1)),
        ws: exchanged.workspace,
        client: exchanged.client,
        key: exchanged.api_key,
        identity: Subject::of(identity),
    }
}

impl Subject {
    pub(super) fn of(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer,
            iss: identity.iss.clone(),
            sub: identity.subject.clone(),
            claims: identity.claims.clone(),
            display: identity.display.keys().cloned().collect(),
        }
    }

    /// The identity, whose proof ends with the token.
    pub(super) fn into_identity(self, expires: Micros) -> Identity {
        Identity {
            issuer: self.issuer,
            iss: self.iss,
            subject: self.sub,
            display: pick(&self.claims, &self.display),
            claims: self.claims,
            expires,
        }
    }
}

fn exchanged(payload: Payload, iss: &str, now: Micros) -> Result<Exchanged, TokenFault> {
    let expires = seconds(payload.exp);
    if payload.iss != iss {
        return Err(TokenFault::Issuer);
    }
    if payload.aud != iss {
        return Err(TokenFault::Audience);
    }
    if now >= expires {
        return Err(TokenFault::Expired);
    }
    Ok(Exchanged {
        workspace: payload.ws,
        client: payload.client,
        api_key: payload.key,
        identity: payload.identity.into_identity(expires),
    })
}

/// `30 2e 02 01 00 30 05 06 03 2b 65 70 04 22 04 20 ‖ seed`: PKCS #8 of an Ed25519 key, RFC 8410
/// section 7.
pub(super) fn ed25519_pkcs8(seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let prefix = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    Zeroizing::new([prefix.as_slice(), seed].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::fixture::{self, ISS, Mutations, NOW, ed25519};

    const OURS: &str = "https://strongroom.example";
    const MINUTE: Micros = seconds(60);

    fn signer() -> TokenSigner {
        TokenSigner::derive(&Secret::from_bytes([9; 32])).unwrap()
    }

    fn alice(expires: Micros) -> Result<Exchanged, TokenFault> {
        alice_with_key(expires, None)
    }

    fn alice_with_key(
        expires: Micros,
        key_expires: Option<Micros>,
    ) -> Result<Exchanged, TokenFault> {
        let identity = fixture::identity(json!({"sub": "alice", "email": "a@acme", "n": 1}));
        let [workspace, client] = [[2; 16], [3; 16]];
        let identity = Identity {
            expires,
            ..identity
        };
        Exchanged::new(
            WorkspaceId::from_bytes(workspace),
            ClientId::from_bytes(client),
            ApiKey {
                id: KeyId::from_bytes([4; 16]),
                expires: key_expires,
            },
            identity,
            NOW,
        )
    }

    fn issue(exchanged: &Exchanged) -> String {
        signer().issue(OURS, exchanged, NOW).unwrap()
    }

    /// Signs any header and claims with the deployment's key.
    fn sign(header: &str, changed: &Value) -> String {
        let good = serde_json::to_value(payload(OURS, &alice(NOW + MINUTE).unwrap(), NOW)).unwrap();
        let mut claims = good.as_object().unwrap().clone();
        claims.extend(changed.as_object().unwrap().clone());
        ed25519(9).sign_with(header, &Value::Object(claims))
    }

    #[test]
    fn an_issued_token_verifies_to_what_was_issued() {
        let exchanged = alice(NOW + MINUTE).unwrap();
        assert_eq!(
            signer().verify(&issue(&exchanged), OURS, NOW),
            Ok(exchanged)
        );
    }

    #[test]
    fn a_token_lives_15_minutes_and_never_longer_than_its_subject_token() {
        assert_eq!(expiry(NOW + 60 * MINUTE, NOW), Some(NOW + 15 * MINUTE));
        assert_eq!(expiry(NOW + MINUTE, NOW), Some(NOW + MINUTE));
        assert_eq!(expiry(NOW + MINUTE + 999_999, NOW), Some(NOW + MINUTE));
        assert_eq!(expiry(i64::MAX, NOW), Some(NOW + 15 * MINUTE));
        assert_eq!(expiry(NOW + 999_999, NOW), None);
        assert_eq!(expiry(i64::MIN, NOW), None);
        assert_eq!(alice(NOW), Err(TokenFault::Expired));
    }

    #[test]
    fn a_token_never_outlives_the_api_key_it_was_exchanged_with() {
        let ends = |key_expires| {
            let exchanged = alice_with_key(NOW + 10 * MINUTE, Some(key_expires));
            exchanged.map(|exchanged| exchanged.identity.expires)
        };
        assert_eq!(ends(NOW + 20 * MINUTE), Ok(NOW + 10 * MINUTE));
        assert_eq!(ends(NOW + MINUTE), Ok(NOW + MINUTE));
        assert_eq!(ends(NOW), Err(TokenFault::Expired));
    }

    #[test]
    fn a_token_ends_at_its_expiry_without_skew() {
        let token = issue(&alice(NOW + MINUTE).unwrap());
        assert!(signer().verify(&token, OURS, NOW + MINUTE - 1).is_ok());
        assert_eq!(
            signer().verify(&token, OURS, NOW + MINUTE),
            Err(TokenFault::Expired)
        );
    }

    #[test]
    fn a_token_of_another_deployment_or_key_is_refused() {
        let token = issue(&alice(NOW + MINUTE).unwrap());
        assert_eq!(signer().verify(&token, ISS, NOW), Err(TokenFault::Issuer));
        let other = TokenSigner::derive(&Secret::from_bytes([8; 32])).unwrap();
        assert_eq!(other.verify(&token, OURS, NOW), Err(TokenFault::Signature));
    }

    #[test]
    fn a_signed_token_of_another_shape_is_refused() {
        let good = r#"{"alg":"EdDSA","typ":"at+jwt"}"#;
        assert!(signer().verify(&sign(good, &json!({})), OURS, NOW).is_ok());
        for (header, changed, fault) in [
            (r#"{"alg":"EdDSA"}"#, json!({}), TokenFault::Malformed),
            (
                r#"{"alg":"EdDSA","typ":"JWT"}"#,
                json!({}),
                TokenFault::Malformed,
            ),
            (
                r#"{"alg":"RS256","typ":"at+jwt"}"#,
                json!({}),
                TokenFault::Algorithm,
            ),
            (
                r#"{"alg":"none","typ":"at+jwt"}"#,
                json!({}),
                TokenFault::Algorithm,
            ),
            (good, json!({"aud": "another"}), TokenFault::Audience),
            (good, json!({"exp": 1.5}), TokenFault::Malformed),
            (good, json!({"more": 1}), TokenFault::Malformed),
            (good, json!({"key": null}), TokenFault::Malformed),
        ] {
            let result = signer().verify(&sign(header, &changed), OURS, NOW);
            assert_eq!(result, Err(fault), "{header} {changed}");
        }
    }

    #[test]
    fn a_token_with_any_byte_altered_is_refused() {
        let token = issue(&alice(NOW + MINUTE).unwrap());
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let altered = String::from_utf8(bytes).unwrap();
                assert!(
                    signer().verify(&altered, OURS, NOW).is_err(),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }

    #[test]
    fn no_mutation_of_a_token_verifies_and_none_panics() {
        let signer = signer();
        let token = issue(&alice(NOW + MINUTE).unwrap());
        for (seed, mutated) in Mutations::of(&token).take(100_000).enumerate() {
            assert!(
                signer.verify(&mutated, OURS, NOW).is_err(),
                "mutation {seed}: {mutated}"
            );
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_person() {
        let shown = format!("{:?} {:?}", signer(), alice(NOW + MINUTE).unwrap());
        assert!(
            !shown.contains("alice") && !shown.contains("9, 9"),
            "{shown}"
        );
    }
}
