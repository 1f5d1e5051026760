//! Access tokens: what a client shows that knows this server under another product's rules.
//!
//! ```text
//! header   { "typ": "access+jwt", "alg": "EdDSA" }
//! claims   { "iat", "exp", "strongroom": { "iss": the deployment, "ws", "client",
//!            "key" | "identity": {…} },
//!            … what a surface writes for its clients, and nobody here reads }
//! ```
//!
//! An access token stands for an API key, or for an identity that acts by itself. Those of applications
//! are of another type, and signed by other keys (`application`). It lives at most 15 minutes, never
//! longer than what it stands for, and is checked without clock skew. What it permits is not in it: the
//! client's permissions are looked up when it is shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_types::{ClientId, KeyId, WorkspaceId};

use super::Identity;
use super::jwt::Token;
use super::token::{Subject, TokenSigner, expiry};
use crate::denial::{Denial, TokenFault};
use crate::ports::Micros;
use crate::time::seconds;

/// No exchanged token passes for one of these, nor the other way round.
const TYPE: &str = "access+jwt";
/// The longest token: all claims of the largest token of an issuer, and what we and a surface add.
pub(super) const BYTES_MAX: usize = 32 * 1024;
/// The claims that are the deployment's own.
pub(super) const OWN: [&str; 3] = ["iat", "exp", "strongroom"];

/// Whom an access token stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Acting {
    /// Whoever has an API key of the client.
    Key(KeyId),
    /// An identity that acts as the client.
    Identity(Identity),
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Access {
    pub(crate) workspace: WorkspaceId,
    pub(crate) client: ClientId,
    pub(crate) acting: Acting,
    pub(crate) expires: Micros,
}

/// The part of an access token that is read here.
#[derive(Serialize, Deserialize)]
struct Payload {
    iat: i64,
    exp: i64,
    strongroom: Own,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    iss: String,
    ws: WorkspaceId,
    client: ClientId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<Subject>,
}

impl Access {
    /// When a token ends that is issued now: `min(now + 15 min, what ends first)`, in whole seconds.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] when nothing is left.
    pub(crate) fn ends(first: Micros, now: Micros) -> Result<Micros, TokenFault> {
        expiry(first, now).ok_or(TokenFault::Expired)
    }

    /// Whether the text means to be an access token. It is not verified by that.
    pub(crate) fn is_meant(text: &str) -> bool {
        let token = Token::parse(text, BYTES_MAX);
        token.is_ok_and(|token| token.typ.as_deref() == Some(TYPE))
    }
}

impl TokenSigner {
    /// Issues an access token of the deployment `iss`, with what a surface writes for its clients.
    ///
    /// # Errors
    /// [`Denial::Internal`] when a claim of ours is among those, or the library does not sign.
    pub(crate) fn issue_access(
        &self,
        iss: &str,
        access: &Access,
        shown: Map<String, Value>,
        now: Micros,
    ) -> Result<String, Denial> {
        if OWN.iter().any(|own| shown.contains_key(*own)) {
            return Err(Denial::Internal);
        }
        let (key, identity) = match &access.acting {
            Acting::Key(id) => (Some(*id), None),
            Acting::Identity(identity) => (None, Some(Subject::of(identity))),
        };
        let payload = Payload {
            iat: now.div_euclid(seconds(1)),
            exp: access.expires.div_euclid(seconds(1)),
            strongroom: Own {
                iss: iss.to_owned(),
                ws: access.workspace,
                client: access.client,
                key,
                identity,
            },
        };
        let Ok(Value::Object(mut claims)) = serde_json::to_value(payload) else {
            return Err(Denial::Internal);
        };
        claims.extend(shown);
        self.sign(TYPE, &claims)
    }

    /// Verifies an access token of the deployment `iss`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn verify_access(
        &self,
        token: &str,
        iss: &str,
        now: Micros,
    ) -> Result<Access, TokenFault> {
        let claims = self.signed_claims(token, TYPE)?;
        let payload = serde_json::from_value(Value::Object(claims));
        let payload: Payload = payload.ok().ok_or(TokenFault::Malformed)?;
        let expires = seconds(payload.exp);
        let own = payload.strongroom;
        if own.iss != iss {
            return Err(TokenFault::Issuer);
        }
        if now >= expires {
            return Err(TokenFault::Expired);
        }
        let acting = match (own.key, own.identity) {
            (Some(key), None) => Acting::Key(key),
            (None, Some(subject)) => Acting::Identity(subject.into_identity(expires)),
            _ => return Err(TokenFault::Malformed),
        };
        Ok(Access {
            workspace: own.ws,
            client: own.client,
            acting,
            expires,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strongroom_crypto::secret::Secret;

    use super::*;
    use crate::identity::fixture::{self, Mutations, NOW, ed25519};

    const OURS: &str = "https://strongroom.example";
    const MINUTE: Micros = seconds(60);

    fn signer() -> TokenSigner {
        TokenSigner::derive(&Secret::from_bytes([9; 32])).unwrap()
    }

    fn access(acting: Acting) -> Access {
        Access {
            workspace: WorkspaceId::from_bytes([2; 16]),
            client: ClientId::from_bytes([3; 16]),
            acting,
            expires: NOW + MINUTE,
        }
    }

    fn of_key() -> Access {
        access(Acting::Key(KeyId::from_bytes([4; 16])))
    }

    fn of_alice() -> Access {
        let identity = fixture::identity(json!({"sub": "alice", "n": 1}));
        let expires = NOW + MINUTE;
        access(Acting::Identity(Identity {
            expires,
            ..identity
        }))
    }

    fn issue(access: &Access) -> String {
        let shown = json!({"scope": "a b", "sub": "CS|x"});
        let shown = shown.as_object().unwrap().clone();
        signer().issue_access(OURS, access, shown, NOW).unwrap()
    }

    /// How an application's tokens looked while the deployment signed them.
    fn of_generation(mut claims: Value) -> Value {
        claims["strongroom"]["generation"] = json!(1);
        claims
    }

    fn signed(typ: &str, changed: &Value) -> String {
        let token = Token::parse(&issue(&of_key()), BYTES_MAX).unwrap().claims;
        let mut claims = token;
        claims.extend(changed.as_object().unwrap().clone());
        let header = format!(r#"{{"alg":"EdDSA","typ":"{typ}"}}"#);
        ed25519(9).sign_with(&header, &Value::Object(claims))
    }

    #[test]
    fn an_access_token_verifies_to_what_was_issued() {
        for access in [of_key(), of_alice()] {
            let token = issue(&access);
            assert!(Access::is_meant(&token));
            assert_eq!(signer().verify_access(&token, OURS, NOW), Ok(access));
        }
    }

    #[test]
    fn no_surface_writes_a_claim_of_ours() {
        for own in OWN {
            let shown = Map::from_iter([(own.to_owned(), json!("x"))]);
            let refused = signer().issue_access(OURS, &of_key(), shown, NOW);
            assert_eq!(refused, Err(Denial::Internal), "{own}");
        }
    }

    #[test]
    fn an_access_token_is_no_exchanged_token_and_ends_without_skew() {
        let token = issue(&of_key());
        let signer = signer();
        assert_eq!(signer.verify(&token, OURS, NOW), Err(TokenFault::Malformed));
        let at = |now| signer.verify_access(&token, OURS, now).map(drop);
        assert_eq!(at(NOW + MINUTE - 1), Ok(()));
        assert_eq!(at(NOW + MINUTE), Err(TokenFault::Expired));
        assert_eq!(Access::ends(Micros::MAX, NOW), Ok(NOW + 15 * MINUTE));
        assert_eq!(Access::ends(NOW, NOW), Err(TokenFault::Expired));
    }

    #[test]
    fn a_signed_token_of_another_shape_is_refused() {
        let fine = signed(TYPE, &json!({}));
        assert!(signer().verify_access(&fine, OURS, NOW).is_ok());
        let own = |iss: &str| {
            json!({"strongroom": {"iss": iss, "ws": WorkspaceId::from_bytes([2; 16]),
                "client": ClientId::from_bytes([3; 16])}})
        };
        for (typ, changed, fault) in [
            ("at+jwt", json!({}), TokenFault::Malformed),
            ("JWT", json!({}), TokenFault::Malformed),
            (TYPE, own("another"), TokenFault::Issuer),
            (TYPE, json!({"exp": 1.5}), TokenFault::Malformed),
            (TYPE, own(OURS), TokenFault::Malformed),
            (TYPE, of_generation(own(OURS)), TokenFault::Malformed),
        ] {
            let refused = signer().verify_access(&signed(typ, &changed), OURS, NOW);
            assert_eq!(refused, Err(fault), "{typ} {changed}");
        }
    }

    #[test]
    fn no_mutation_of_a_token_verifies_and_none_panics() {
        let signer = signer();
        let token = issue(&of_alice());
        for (seed, mutated) in Mutations::of(&token).take(20_000).enumerate() {
            let verified = signer.verify_access(&mutated, OURS, NOW);
            assert!(verified.is_err(), "mutation {seed}: {mutated}");
        }
    }
}
