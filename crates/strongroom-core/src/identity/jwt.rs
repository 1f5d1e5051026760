//! JSON Web Tokens, RFC 7519, as compact JWS, RFC 7515.
//!
//! ```text
//! base64url(header) . base64url(claims) . base64url(signature)       ≤ 16 KiB, no padding
//! header   { "alg": "RS256" | "ES256" | "EdDSA", "kid"?, "typ"?, … }  never "crit", "b64"
//! claims   { "iss", "sub", "aud", "exp", "nbf"?, "iat"?, … }
//! ```
//!
//! [`Token::parse`] reads, `KeySet::verify` checks the signature, [`identity`] checks the claims;
//! nothing of a token but `iss`, which chooses the issuer, is used before its signature verifies.
//! JSON with duplicate keys is refused. Times are whole seconds: a fraction (allowed by RFC 7519,
//! written by next to nobody) is refused rather than rounded in somebody's favour. Keys that a
//! header carries or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use strongroom_types::parse_strict;

use super::issuer::{Issuer, IssuerBody};
use super::{Identity, Purpose, lockable, pick};
use crate::denial::TokenFault;
use crate::ports::Micros;
use crate::time::seconds;

/// The largest token of an issuer.
pub(super) const BYTES_MAX: usize = 16 * 1024;
const SUBJECT_BYTES_MAX: usize = 1024;
/// How long after its issue a token signs somebody in.
const SIGN_IN: Micros = seconds(10 * 60);

/// A token that has been read, and not verified.
pub(super) struct Token<'a> {
    /// The algorithm of its header.
    pub(super) algorithm: Algorithm,
    /// The key that its header names.
    pub(super) kid: Option<String>,
    /// The type that its header states.
    pub(super) typ: Option<String>,
    /// Its claims.
    pub(super) claims: Map<String, Value>,
    /// The text that is signed: header, dot and claims.
    pub(super) signed: &'a str,
    /// The signature, base64url.
    pub(super) signature: &'a str,
}

impl<'a> Token<'a> {
    /// Reads a token of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`TokenFault::Malformed`], or [`TokenFault::Algorithm`] for any other than RS256, ES256 and
    /// `EdDSA`.
    pub(super) fn parse(text: &'a str, bytes_max: usize) -> Result<Self, TokenFault> {
        if text.len() > bytes_max {
            return Err(TokenFault::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let header = object(header)?;
        let algorithm = algorithm(&header)?;
        if header.contains_key("crit")
            || header.contains_key("b64")
            || decode(signature)?.is_empty()
        {
            return Err(TokenFault::Malformed);
        }
        Ok(Self {
            algorithm,
            kid: optional_text(&header, "kid")?,
            typ: optional_text(&header, "typ")?,
            claims: object(claims)?,
            signed,
            signature,
        })
    }

    /// Its `iss`.
    ///
    /// # Errors
    /// [`TokenFault::Issuer`] when it names none.
    pub(super) fn iss(&self) -> Result<&str, TokenFault> {
        self.claims
            .get("iss")
            .and_then(Value::as_str)
            .ok_or(TokenFault::Issuer)
    }
}

/// Checks the claims of a token whose signature was verified with a key of `issuer`.
///
/// # Errors
/// The first rule that the claims break.
pub(super) fn identity(
    token: Token<'_>,
    issuer: &Issuer,
    purpose: Purpose,
    now: Micros,
) -> Result<Identity, TokenFault> {
    let body = &issuer.body;
    if token.iss()? != body.issuer {
        return Err(TokenFault::Issuer);
    }
    check_audience(&token.claims, body, purpose)?;
    let expires = check_times(&token.claims, body.skew(), now)?;
    if purpose == Purpose::SignIn {
        check_fresh(&token.claims, now)?;
    }
    let subject = subject(&token.claims)?;
    let claims = lockable(token.claims);
    Ok(Identity {
        issuer: issuer.id,
        iss: body.issuer.clone(),
        subject,
        display: pick(&claims, &body.display_claims),
        claims,
        expires,
    })
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .ok_or(TokenFault::Malformed)
}

fn object(part: &str) -> Result<Map<String, Value>, TokenFault> {
    match parse_strict(&decode(part)?) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err(TokenFault::Malformed),
    }
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, TokenFault> {
    match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => Ok(Algorithm::RS256),
        Some("ES256") => Ok(Algorithm::ES256),
        Some("EdDSA") => Ok(Algorithm::EdDSA),
        Some(_) => Err(TokenFault::Algorithm),
        None => Err(TokenFault::Malformed),
    }
}

fn optional_text(header: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenFault> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenFault::Malformed),
    }
}

/// `aud` is a string or a list of strings. For locks it names an audience of the issuer, and not the one
/// that signs in; to sign in it is that one alone, so that nobody else was meant to get the token.
fn check_audience(
    claims: &Map<String, Value>,
    body: &IssuerBody,
    purpose: Purpose,
) -> Result<(), TokenFault> {
    let named = match claims.get("aud") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => core::slice::from_ref(one),
        None => &[],
    };
    let for_locks = |aud: &Value| body.audiences.iter().any(|audience| aud == audience);
    let sign_in = body.sign_in_audience.as_ref();
    let signs_in = |aud: &Value| sign_in.is_some_and(|audience| aud == audience);
    let ours = match purpose {
        Purpose::Lock => named.iter().any(for_locks) && !named.iter().any(signs_in),
        Purpose::SignIn => !named.is_empty() && named.iter().all(signs_in),
    };
    ours.then_some(()).ok_or(TokenFault::Audience)
}

/// `iat` is there and at most ten minutes ago, without skew.
fn check_fresh(claims: &Map<String, Value>, now: Micros) -> Result<(), TokenFault> {
    let issued = time(claims, "iat")?.ok_or(TokenFault::Malformed)?;
    if now > issued.saturating_add(SIGN_IN) {
        return Err(TokenFault::Expired);
    }
    Ok(())
}

/// `now < exp + skew`, `nbf ≤ now + skew`, `iat ≤ now + skew`. Gives `exp`.
fn check_times(
    claims: &Map<String, Value>,
    skew: Micros,
    now: Micros,
) -> Result<Micros, TokenFault> {
    let expires = time(claims, "exp")?.ok_or(TokenFault::Malformed)?;
    if now >= expires.saturating_add(skew) {
        return Err(TokenFault::Expired);
    }
    let latest = now.saturating_add(skew);
    for start in ["nbf", "iat"] {
        if time(claims, start)?.is_some_and(|start| start > latest) {
            return Err(TokenFault::NotYetValid);
        }
    }
    Ok(expires)
}

/// A time in whole seconds, where the claim is present.
pub(super) fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Micros>, TokenFault> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    value
        .as_i64()
        .map(seconds)
        .map(Some)
        .ok_or(TokenFault::Malformed)
}

fn subject(claims: &Map<String, Value>) -> Result<String, TokenFault> {
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX {
        return Err(TokenFault::Malformed);
    }
    Ok(subject.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::fixture::{
        Mutations, NOW, NOW_S, Signer, claims, ed25519, es256, issuer, rs256,
    };
    use crate::identity::jwk::KeySet;

    fn verify(text: &str, signers: &[Signer], now: Micros) -> Result<Identity, TokenFault> {
        let jwks: Vec<_> = signers.iter().map(Signer::public_jwk).collect();
        let token = Token::parse(text, BYTES_MAX)?;
        KeySet::read(&json!({"keys": jwks}))
            .unwrap()
            .verify(&token)?;
        identity(token, &issuer(&jwks), Purpose::Lock, now)
    }

    /// Whom claims that differ from good ones in those given sign in.
    fn signed_in(changed: &Value, issuer: &Issuer, now: Micros) -> Result<String, TokenFault> {
        let text = ed25519(1).sign(&claims(changed));
        let token = Token::parse(&text, BYTES_MAX)?;
        identity(token, issuer, Purpose::SignIn, now).map(|identity| identity.subject)
    }

    #[test]
    fn a_token_signs_in_by_an_audience_of_its_own_or_opens_locks_and_never_both() {
        let mut opted = issuer(&[ed25519(1).public_jwk()]);
        let closed = opted.clone();
        opted.body.sign_in_audience = Some("door".into());
        let refused = Err(TokenFault::Audience);
        for aud in [json!("door"), json!(["door"])] {
            let claims = json!({ "aud": aud });
            assert_eq!(signed_in(&claims, &opted, NOW), Ok("alice".to_owned()));
            assert_eq!(signed_in(&claims, &closed, NOW), refused);
        }
        for aud in [
            json!("app"),
            json!(["door", "app"]),
            json!(["door", "x"]),
            json!([]),
            json!(""),
            json!({"door": "door"}),
            Value::Null,
        ] {
            assert_eq!(
                signed_in(&json!({ "aud": aud }), &opted, NOW),
                refused,
                "{aud}"
            );
        }
        for aud in [
            json!("door"),
            json!(["door", "app"]),
            json!(["app", "door"]),
        ] {
            let text = ed25519(1).sign(&claims(&json!({ "aud": aud })));
            let token = Token::parse(&text, BYTES_MAX).unwrap();
            let found = identity(token, &opted, Purpose::Lock, NOW);
            assert_eq!(found, Err(TokenFault::Audience), "{aud}");
        }
    }

    #[test]
    fn a_token_signs_in_for_ten_minutes_after_its_issue() {
        let mut opted = issuer(&[ed25519(1).public_jwk()]);
        opted.body.sign_in_audience = Some("door".into());
        let at = |iat: Value, now| {
            let changed = json!({"aud": "door", "iat": iat, "exp": NOW_S + 86_400});
            signed_in(&changed, &opted, now)
        };
        assert!(at(json!(NOW_S), NOW + SIGN_IN).is_ok());
        assert_eq!(
            at(json!(NOW_S), NOW + SIGN_IN + 1),
            Err(TokenFault::Expired)
        );
        assert_eq!(at(json!(NOW_S - 601), NOW), Err(TokenFault::Expired));
        assert_eq!(at(Value::Null, NOW), Err(TokenFault::Malformed));
        assert_eq!(at(json!(NOW_S + 61), NOW), Err(TokenFault::NotYetValid));
    }

    /// Verifies claims that differ from good ones in those given; `null` removes one.
    fn verify_claims(changed: &Value, now: Micros) -> Result<Identity, TokenFault> {
        let signer = ed25519(1);
        verify(&signer.sign(&claims(changed)), &[signer], now)
    }

    fn fault(changed: &Value) -> Option<TokenFault> {
        verify_claims(changed, NOW).err()
    }

    #[test]
    fn tokens_of_the_three_algorithms_verify() {
        for signer in [rs256(), es256(), ed25519(1)] {
            let token = signer.sign(&claims(&json!({"email": "a@acme", "aud": ["x", "app"]})));
            let found = verify(&token, &[signer], NOW).unwrap();
            assert_eq!(found.subject, "alice");
            assert_eq!(
                Value::from(found.claims),
                json!({"sub": "alice", "email": "a@acme"})
            );
            assert_eq!(Value::from(found.display), json!({"email": "a@acme"}));
            assert_eq!(found.expires, NOW + 600_000_000);
        }
    }

    #[test]
    fn what_is_not_a_token_is_malformed() {
        let good = ed25519(1).sign(&claims(&json!({})));
        let [header, body, signature] = *good.split('.').collect::<Vec<_>>() else {
            panic!()
        };
        for wrong in [
            String::new(),
            "..".into(),
            format!("{header}.{body}"),
            format!("{header}.{body}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!("{header}=.{body}.{signature}"),
            format!(" {good}"),
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode("[]")),
            format!(
                "{header}.{}.{signature}",
                URL_SAFE_NO_PAD.encode(r#"{"sub":1,"sub":1}"#)
            ),
            format!("{good}{}", "A".repeat(BYTES_MAX)),
        ] {
            assert_eq!(
                verify(&wrong, &[ed25519(1)], NOW),
                Err(TokenFault::Malformed),
                "{wrong}"
            );
        }
    }

    #[test]
    fn headers_with_more_than_is_understood_are_malformed() {
        for header in [
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","b64":false}"#,
            r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","kid":1}"#,
            r#"{"alg":["EdDSA"]}"#,
            "{}",
        ] {
            let token = ed25519(1).sign_with(header, &claims(&json!({})));
            assert_eq!(
                verify(&token, &[ed25519(1)], NOW),
                Err(TokenFault::Malformed),
                "{header}"
            );
        }
    }

    #[test]
    fn other_algorithms_are_refused() {
        for alg in [
            "none", "None", "HS256", "HS512", "RS384", "PS256", "ES384", "Ed448", "",
        ] {
            let header = json!({"alg": alg, "kid": ed25519(1).kid}).to_string();
            let token = ed25519(1).sign_with(&header, &claims(&json!({})));
            assert_eq!(
                verify(&token, &[ed25519(1)], NOW),
                Err(TokenFault::Algorithm),
                "{alg}"
            );
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let body = URL_SAFE_NO_PAD.encode(claims(&json!({})).to_string());
        let token = format!("{header}.{body}.");
        assert_eq!(
            verify(&token, &[ed25519(1)], NOW),
            Err(TokenFault::Algorithm)
        );
    }

    #[test]
    fn a_public_key_is_no_hmac_secret() {
        let signer = rs256();
        let token = signer.sign_hs256_with_public_key(&claims(&json!({})));
        assert_eq!(verify(&token, &[signer], NOW), Err(TokenFault::Algorithm));
    }

    #[test]
    fn a_key_serves_its_own_algorithm_only() {
        let rsa = rs256().named(&es256().kid);
        let token = rsa.sign(&claims(&json!({})));
        assert_eq!(verify(&token, &[es256()], NOW), Err(TokenFault::Algorithm));
    }

    #[test]
    fn a_signature_of_another_key_or_text_is_refused() {
        for (signer, other) in [(ed25519(1), ed25519(2)), (es256(), ed25519(2))] {
            let token = signer.sign(&claims(&json!({})));
            let forged = other.named(&signer.kid).sign(&claims(&json!({})));
            let (signed, _) = token.rsplit_once('.').unwrap();
            let (_, signature) = forged.rsplit_once('.').unwrap();
            let mixed = format!("{signed}.{signature}");
            assert_eq!(verify(&mixed, &[signer], NOW), Err(TokenFault::Signature));
        }
    }

    #[test]
    fn an_unknown_kid_is_refused_though_the_key_would_verify() {
        let token = ed25519(1).named("other").sign(&claims(&json!({})));
        assert_eq!(
            verify(&token, &[ed25519(1)], NOW),
            Err(TokenFault::KeyUnknown)
        );
    }

    #[test]
    fn a_token_without_kid_is_tried_with_the_keys_of_its_type() {
        let token = ed25519(2).sign_with(r#"{"alg":"EdDSA"}"#, &claims(&json!({})));
        assert!(verify(&token, &[rs256(), ed25519(1), ed25519(2)], NOW).is_ok());
        let without = verify(&token, &[rs256(), ed25519(1)], NOW);
        assert_eq!(without, Err(TokenFault::KeyUnknown));
        let others: Vec<_> = (100..116).map(ed25519).chain([ed25519(2)]).collect();
        assert_eq!(verify(&token, &others, NOW), Err(TokenFault::KeyUnknown));
    }

    #[test]
    fn a_wrong_issuer_or_audience_is_refused() {
        assert_eq!(
            fault(&json!({"iss": "https://evil.example"})),
            Some(TokenFault::Issuer)
        );
        assert_eq!(fault(&json!({"iss": null})), Some(TokenFault::Issuer));
        for aud in [
            json!("other"),
            json!(["other"]),
            json!([]),
            json!(null),
            json!({"app": 1}),
        ] {
            assert_eq!(
                fault(&json!({"aud": aud})),
                Some(TokenFault::Audience),
                "{aud}"
            );
        }
    }

    #[test]
    fn expiry_is_exact_to_the_skew() {
        let expired_since =
            |past_s: i64, now: Micros| verify_claims(&json!({"exp": NOW_S - past_s}), now).err();
        assert_eq!(expired_since(60, NOW), Some(TokenFault::Expired));
        assert_eq!(expired_since(60, NOW - 1), None);
    }

    #[test]
    fn a_future_start_is_exact_to_the_skew() {
        for claim in ["nbf", "iat"] {
            let starts = |s: i64, now: Micros| verify_claims(&json!({claim: NOW_S + s}), now).err();
            assert_eq!(starts(60, NOW), None);
            assert_eq!(starts(60, NOW - 1), Some(TokenFault::NotYetValid));
        }
    }

    #[test]
    fn times_are_whole_seconds_and_exp_is_needed() {
        for (claim, value) in [
            ("exp", json!(null)),
            ("exp", json!("1")),
            ("exp", json!(4_000_000_000.5)),
            ("exp", json!(u64::MAX)),
            ("nbf", json!(1.0)),
            ("iat", json!("now")),
        ] {
            assert_eq!(
                fault(&json!({claim: value})),
                Some(TokenFault::Malformed),
                "{claim} {value}"
            );
        }
        assert_eq!(fault(&json!({"exp": i64::MAX})), None);
        assert_eq!(fault(&json!({"exp": i64::MIN})), Some(TokenFault::Expired));
    }

    #[test]
    fn a_subject_is_a_string_of_1_to_1024_bytes() {
        assert_eq!(fault(&json!({"sub": "x".repeat(1024)})), None);
        for sub in [json!(null), json!(""), json!(7), json!("x".repeat(1025))] {
            assert_eq!(
                fault(&json!({"sub": sub})),
                Some(TokenFault::Malformed),
                "{sub}"
            );
        }
    }

    #[test]
    fn no_mutation_of_a_token_verifies_and_none_panics() {
        let token = ed25519(1).sign(&claims(&json!({"groups": ["a", "b"]})));
        let jwks = [ed25519(1).public_jwk()];
        let keys = KeySet::read(&json!({"keys": jwks})).unwrap();
        let issuer = issuer(&jwks);
        for (seed, mutated) in Mutations::of(&token).take(100_000).enumerate() {
            let result = Token::parse(&mutated, BYTES_MAX).and_then(|token| {
                keys.verify(&token)?;
                identity(token, &issuer, Purpose::Lock, NOW)
            });
            assert!(result.is_err(), "mutation {seed}: {mutated}");
        }
    }
}
