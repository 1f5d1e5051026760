//! Making keys, and naming them (RFC 7517, 7638, 8037).

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Map, Value};

use super::{JoseError, encode, text};
use crate::agreement::Agreement;
use crate::entropy::Entropy;
use crate::secret::{Secret, SecretBytes};

/// A key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// An EC key on P-256.
    P256,
    /// An EC key on P-384.
    P384,
    /// A key that signs.
    Ed25519,
    /// A key that agrees.
    X25519,
    /// So many bytes.
    Symmetric(u8),
}

/// A key that was made.
pub struct MadeKey {
    /// With its private part.
    pub private: Map<String, Value>,
    /// Without; none of a symmetric key.
    pub public: Option<Map<String, Value>>,
}

/// Without the key.
impl core::fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MadeKey")
    }
}

/// Makes a key, with `use` where it is said. Its `kid` is its thumbprint.
///
/// # Errors
/// There is no randomness.
pub fn generate(
    new: NewKey,
    used_for: Option<&str>,
    entropy: &dyn Entropy,
) -> Result<MadeKey, JoseError> {
    let (mut public, (name, private)) = match new {
        NewKey::P256 => ec("P-256", Agreement::EcdhP256, entropy)?,
        NewKey::P384 => ec("P-384", Agreement::EcdhP384, entropy)?,
        NewKey::X25519 => {
            let pair = Agreement::X25519.generate(entropy).map_err(none)?;
            (okp("X25519", &pair.public), ("d", pair.private))
        }
        NewKey::Ed25519 => {
            let seed = Secret::<32>::generate(entropy).map_err(none)?;
            let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(none)?;
            let public = okp("Ed25519", pair.public_key().as_ref());
            (public, ("d", seed.expose().to_vec().into()))
        }
        NewKey::Symmetric(bytes) => {
            let mut key = vec![0; usize::from(bytes)];
            entropy.fill(&mut key).map_err(none)?;
            (members([("kty", "oct".to_owned())]), ("k", key.into()))
        }
    };
    if let Some(used_for) = used_for {
        public.insert("use".to_owned(), used_for.into());
    }
    let mut key = public.clone();
    key.insert(name.to_owned(), encode(private.expose()).into());
    // That of a symmetric key would tell a guesser whether it is right.
    let public = if matches!(new, NewKey::Symmetric(_)) {
        None
    } else {
        let kid = thumbprint(&public).ok_or(JoseError::Key)?;
        key.insert("kid".to_owned(), kid.clone().into());
        public.insert("kid".to_owned(), kid.into());
        Some(public)
    };
    Ok(MadeKey {
        private: key,
        public,
    })
}

type Parts = (Map<String, Value>, (&'static str, SecretBytes));

fn ec(curve: &str, agreement: Agreement, entropy: &dyn Entropy) -> Result<Parts, JoseError> {
    let pair = agreement.generate(entropy).map_err(none)?;
    let point = pair.public.get(1..).ok_or(JoseError::Key)?;
    let (x, y) = point.split_at(point.len() / 2);
    let public = members([
        ("kty", "EC".to_owned()),
        ("crv", curve.to_owned()),
        ("x", encode(x)),
        ("y", encode(y)),
    ]);
    Ok((public, ("d", pair.private)))
}

fn okp(curve: &str, public: &[u8]) -> Map<String, Value> {
    members([
        ("kty", "OKP".to_owned()),
        ("crv", curve.to_owned()),
        ("x", encode(public)),
    ])
}

fn members<const N: usize>(members: [(&str, String); N]) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}

fn none<E>(_refused: E) -> JoseError {
    JoseError::Entropy
}

/// `base64url(SHA-256(JSON of the members that make the key, in the order of their names))`; `None`
/// for what is no key.
#[must_use]
pub fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let names: &[&str] = match text(jwk, "kty")? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        "oct" => &["k", "kty"],
        _ => return None,
    };
    let member = |name: &&'static str| text(jwk, name).map(|value| (*name, value));
    let members: BTreeMap<&str, &str> = names.iter().map(member).collect::<Option<_>>()?;
    let json = serde_json::to_vec(&members).ok()?;
    Some(encode(digest(&SHA256, &json).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn of(json: &str) -> Option<String> {
        thumbprint(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn thumbprints_of_the_rfcs() {
        // RFC 7638, section 3.1.
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(of(rsa).as_deref(), Some(expected));
        // RFC 8037, appendix A.3.
        let okp =
            r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(of(okp).as_deref(), Some(expected));
        for wrong in [
            "{}",
            r#"{"kty":"EC","crv":"P-256","x":"A"}"#,
            r#"{"kty":"oct","k":1}"#,
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_public_key_has_no_private_part() {
        for new in [NewKey::P256, NewKey::P384, NewKey::Ed25519, NewKey::X25519] {
            let made = generate(new, Some("sig"), &SystemEntropy).unwrap();
            let public = made.public.unwrap();
            assert!(!public.contains_key("d"), "{new:?}");
            assert!(made.private.contains_key("d"));
            assert_eq!(public["kid"], made.private["kid"]);
            assert_eq!(public["use"], "sig");
        }
        let made = generate(NewKey::Symmetric(32), None, &SystemEntropy).unwrap();
        assert!(made.public.is_none());
        assert!(!made.private.contains_key("kid"));
    }
}
