//! Access tokens of applications: each signed by a key of the application's own.
//!
//! ```text
//! header   { "typ": "application+jwt", "alg": "EdDSA", "kid": client id "." version of its key }
//! claims   { "iat", "exp", "strongroom": { "iss": the deployment, "ws", "client" },
//!            … what a surface writes for its clients, and nobody here reads }
//! ```
//!
//! What a token says chooses the row that is looked at, and nothing else: the row's key verifies it, the
//! row's `kid` must be the header's, and the claims must name that very row. So a token of another
//! application, workspace or version of the key is none, whoever signed it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_types::{ClientId, WorkspaceId};

use super::access::{BYTES_MAX, OWN};
use super::jwk::PublicKey;
use super::jwt::Token;
use super::token::TokenSigner;
use crate::denial::{Denial, TokenFault};
use crate::ports::Micros;
use crate::time::seconds;

/// No other token of ours passes for one of these, nor the other way round.
const TYPE: &str = "application+jwt";

/// The row that a token is of.
pub(crate) type ApplicationPlace = (WorkspaceId, ClientId);

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
}

/// A token that was read. Nothing of it is believed.
pub(crate) struct ShownToken<'a> {
    token: Token<'a>,
    payload: Payload,
}

/// Shows nothing of the token.
impl core::fmt::Debug for ShownToken<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ShownToken")
    }
}

/// What the row has to verify a token with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowKey<'a> {
    /// The name of its present key.
    pub(crate) kid: &'a str,
    /// The public half of that.
    pub(crate) public: &'a [u8],
}

impl<'a> ShownToken<'a> {
    /// Reads a text that means to be an access token of an application; `None` for every other.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let token = Token::parse(text, BYTES_MAX).ok()?;
        if token.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let payload = serde_json::from_value(Value::Object(token.claims.clone())).ok()?;
        Some(Self { token, payload })
    }

    /// Where its row is to be looked for.
    pub(crate) const fn place(&self) -> ApplicationPlace {
        (self.payload.strongroom.ws, self.payload.strongroom.client)
    }

    /// When the token ends, if it is of the row at this place, with this key, in the deployment `iss`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn verify(
        &self,
        place: ApplicationPlace,
        key: RowKey<'_>,
        iss: &str,
        now: Micros,
    ) -> Result<Micros, TokenFault> {
        if self.token.kid.as_deref() != Some(key.kid) {
            return Err(TokenFault::KeyUnknown);
        }
        if !PublicKey::ed25519(key.public).verifies(&self.token) {
            return Err(TokenFault::Signature);
        }
        if self.place() != place || self.payload.strongroom.iss != iss {
            return Err(TokenFault::Issuer);
        }
        let expires = seconds(self.payload.exp);
        if now >= expires {
            return Err(TokenFault::Expired);
        }
        Ok(expires)
    }
}

impl TokenSigner {
    /// Issues an access token of the application whose key this is, with what a surface writes for its
    /// clients.
    ///
    /// # Errors
    /// [`Denial::Internal`] when a claim of ours is among those, or the library does not sign.
    pub(crate) fn issue_to_application(
        &self,
        iss: &str,
        (ws, client): ApplicationPlace,
        (issued, expires): (Micros, Micros),
        shown: Map<String, Value>,
    ) -> Result<String, Denial> {
        if OWN.iter().any(|own| shown.contains_key(*own)) {
            return Err(Denial::Internal);
        }
        let iss = iss.to_owned();
        let payload = Payload {
            iat: issued.div_euclid(seconds(1)),
            exp: expires.div_euclid(seconds(1)),
            strongroom: Own { iss, ws, client },
        };
        let Ok(Value::Object(mut claims)) = serde_json::to_value(payload) else {
            return Err(Denial::Internal);
        };
        claims.extend(shown);
        self.sign(TYPE, &claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strongroom_crypto::secret::Secret;

    use super::*;
    use crate::identity::fixture::{Mutations, NOW, ed25519};

    const OURS: &str = "https://strongroom.example";
    const HOUR: Micros = seconds(3600);
    const PLACE: ApplicationPlace = (
        WorkspaceId::from_bytes([2; 16]),
        ClientId::from_bytes([3; 16]),
    );

    fn signer(seed: u8, kid: &str) -> TokenSigner {
        TokenSigner::of_application(&Secret::from_bytes([seed; 32]), kid.to_owned()).unwrap()
    }

    fn issue(signer: &TokenSigner, place: ApplicationPlace) -> String {
        let shown = json!({"sub": "app", "aud": "cryptoserve-api"});
        let shown = shown.as_object().unwrap().clone();
        let times = (NOW, NOW + HOUR);
        signer
            .issue_to_application(OURS, place, times, shown)
            .unwrap()
    }

    /// Whether the row at `PLACE` with the key of seed 9, named "app.1", takes the token.
    fn verify_at(text: &str, now: Micros) -> Result<Micros, TokenFault> {
        let row = signer(9, "app.1");
        let key = RowKey {
            kid: "app.1",
            public: row.public_bytes(),
        };
        let shown = ShownToken::read(text).ok_or(TokenFault::Malformed)?;
        shown.verify(PLACE, key, OURS, now)
    }

    fn verify(text: &str) -> Result<Micros, TokenFault> {
        verify_at(text, NOW)
    }

    #[test]
    fn a_token_counts_for_its_row_and_ends_without_skew() {
        let token = issue(&signer(9, "app.1"), PLACE);
        assert_eq!(ShownToken::read(&token).unwrap().place(), PLACE);
        assert_eq!(verify(&token), Ok(NOW + HOUR));
        assert!(verify_at(&token, NOW + HOUR - 1).is_ok());
        assert_eq!(verify_at(&token, NOW + HOUR), Err(TokenFault::Expired));
    }

    #[test]
    fn a_token_of_another_key_version_or_place_is_refused() {
        let fault = |seed, kid, place| verify(&issue(&signer(seed, kid), place)).unwrap_err();
        // Another application's key under this one's name, and this one's key under another name.
        assert_eq!(fault(8, "app.1", PLACE), TokenFault::Signature);
        assert_eq!(fault(8, "other.1", PLACE), TokenFault::KeyUnknown);
        assert_eq!(fault(9, "app.2", PLACE), TokenFault::KeyUnknown);
        // What the row's own key would sign for another application or workspace.
        let (workspace, client) = PLACE;
        for place in [
            (workspace, ClientId::from_bytes([4; 16])),
            (WorkspaceId::from_bytes([4; 16]), client),
        ] {
            assert_eq!(fault(9, "app.1", place), TokenFault::Issuer);
        }
    }

    #[test]
    fn a_signed_token_of_another_shape_is_refused() {
        let signed = |header: Value, changed: Value| {
            let token = issue(&signer(9, "app.1"), PLACE);
            let mut claims = Token::parse(&token, BYTES_MAX).unwrap().claims;
            claims.extend(changed.as_object().unwrap().clone());
            ed25519(9).sign_with(&header.to_string(), &Value::Object(claims))
        };
        let good = || json!({"alg": "EdDSA", "typ": TYPE, "kid": "app.1"});
        assert!(verify(&signed(good(), json!({}))).is_ok());
        let own = |iss: &str, more: &str| {
            let mut own = json!({"iss": iss, "ws": PLACE.0, "client": PLACE.1});
            if !more.is_empty() {
                own[more] = json!(1);
            }
            json!({ "strongroom": own })
        };
        for (header, changed, fault) in [
            (
                json!({"alg": "EdDSA", "typ": TYPE}),
                json!({}),
                TokenFault::KeyUnknown,
            ),
            (
                json!({"alg": "EdDSA", "typ": "access+jwt", "kid": "app.1"}),
                json!({}),
                TokenFault::Malformed,
            ),
            (
                json!({"alg": "none", "typ": TYPE, "kid": "app.1"}),
                json!({}),
                TokenFault::Malformed,
            ),
            (
                json!({"alg": "RS256", "typ": TYPE, "kid": "app.1"}),
                json!({}),
                TokenFault::Signature,
            ),
            (good(), own("another", ""), TokenFault::Issuer),
            (good(), own(OURS, "generation"), TokenFault::Malformed),
            (good(), json!({"exp": 1.5}), TokenFault::Malformed),
            (good(), json!({"strongroom": null}), TokenFault::Malformed),
        ] {
            assert_eq!(
                verify(&signed(header.clone(), changed)),
                Err(fault),
                "{header}"
            );
        }
    }

    #[test]
    fn no_surface_writes_a_claim_of_ours() {
        for own in OWN {
            let shown = Map::from_iter([(own.to_owned(), json!("x"))]);
            let times = (NOW, NOW + HOUR);
            let refused = signer(9, "app.1").issue_to_application(OURS, PLACE, times, shown);
            assert_eq!(refused, Err(Denial::Internal), "{own}");
        }
    }

    #[test]
    fn no_mutation_of_a_token_verifies_and_none_panics() {
        let token = issue(&signer(9, "app.1"), PLACE);
        for (seed, mutated) in Mutations::of(&token).take(20_000).enumerate() {
            assert!(verify(&mutated).is_err(), "mutation {seed}: {mutated}");
        }
    }
}
