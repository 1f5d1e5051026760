//! Signing and verifying (RFC 7515, 7518 section 3, 8037).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
    RsaEncoding, RsaParameters, UnparsedPublicKey,
};
use serde_json::{Map, Value};
use strongroom_types::MacAlgorithm;

use super::key::{Curve, Material, RsaPrivate, Wanted};
use super::{JoseError, Key, NotValid, decode, encode, read, text, written};
use crate::secret::SecretBytes;
use crate::{digest, kdf};

/// How a JWS is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
}

/// What a JWS is made with.
enum Family {
    Hmac(MacAlgorithm),
    Ecdsa(
        Curve,
        &'static EcdsaSigningAlgorithm,
        &'static EcdsaVerificationAlgorithm,
    ),
    Ed25519,
    Rsa(&'static dyn RsaEncoding, &'static RsaParameters),
}

/// A JWS that was made.
#[derive(Debug)]
pub struct Signed {
    /// In the compact serialisation.
    pub jws: String,
    /// Its header.
    pub header: Map<String, Value>,
}

/// A JWS that holds.
#[derive(Debug)]
pub struct Verified {
    /// What was signed.
    pub payload: SecretBytes,
    /// Its header.
    pub header: Map<String, Value>,
    /// How it was signed.
    pub algorithm: JwsAlgorithm,
}

impl JwsAlgorithm {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// The name in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }

    /// The algorithm of a name, which is written in one way only.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|algorithm| algorithm.name() == name)
    }

    /// Whether its keys are those of RSA, which is slow.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Ps256 | Self::Ps384 | Self::Ps512)
    }

    fn family(self) -> Family {
        match self {
            Self::Hs256 => Family::Hmac(MacAlgorithm::HmacSha256),
            Self::Hs384 => Family::Hmac(MacAlgorithm::HmacSha384),
            Self::Hs512 => Family::Hmac(MacAlgorithm::HmacSha512),
            Self::Es256 => Family::Ecdsa(
                Curve::P256,
                &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                &signature::ECDSA_P256_SHA256_FIXED,
            ),
            Self::Es384 => Family::Ecdsa(
                Curve::P384,
                &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                &signature::ECDSA_P384_SHA384_FIXED,
            ),
            Self::EdDsa => Family::Ed25519,
            Self::Ps256 => Family::Rsa(
                &signature::RSA_PSS_SHA256,
                &signature::RSA_PSS_2048_8192_SHA256,
            ),
            Self::Ps384 => Family::Rsa(
                &signature::RSA_PSS_SHA384,
                &signature::RSA_PSS_2048_8192_SHA384,
            ),
            Self::Ps512 => Family::Rsa(
                &signature::RSA_PSS_SHA512,
                &signature::RSA_PSS_2048_8192_SHA512,
            ),
        }
    }

    /// The fewest bytes of a symmetric key: those of the hash (RFC 7518 section 3.2).
    const fn key_bytes_min(self) -> usize {
        match self {
            Self::Hs384 => 48,
            Self::Hs512 => 64,
            _ => 32,
        }
    }

    const fn wanted(self, operation: &'static str) -> Wanted<'static> {
        Wanted {
            used_for: "sig",
            algorithm: self.name(),
            operation,
        }
    }
}

/// Signs a payload; `more` is added to the header.
///
/// # Errors
/// The key is no private one of the algorithm, or the header is not the caller's to set.
pub fn sign(
    algorithm: JwsAlgorithm,
    key: &Key,
    payload: &[u8],
    more: Map<String, Value>,
) -> Result<Signed, JoseError> {
    // What says how to verify, or with which key, is not for a caller to write.
    let not_theirs = [
        "alg", "enc", "crit", "zip", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256",
    ];
    if not_theirs.iter().any(|name| more.contains_key(*name)) {
        return Err(JoseError::Header);
    }
    key.check(&algorithm.wanted("sign"))?;
    let mut header = more;
    header.insert("alg".to_owned(), algorithm.name().into());
    let signed = format!("{}.{}", written(&header)?, encode(payload));
    let signature = signature(algorithm, &key.material, signed.as_bytes());
    let signature = signature.ok_or(JoseError::Key)?;
    Ok(Signed {
        jws: format!("{signed}.{}", encode(&signature)),
        header,
    })
}

/// Verifies a JWS. `allowed` are the algorithms that it may name, where the caller says.
///
/// # Errors
/// [`NotValid`], for all reasons.
pub fn verify(
    jws: &str,
    key: &Key,
    allowed: Option<&[JwsAlgorithm]>,
) -> Result<Verified, NotValid> {
    verified(jws, key, allowed).ok_or(NotValid)
}

fn verified(jws: &str, key: &Key, allowed: Option<&[JwsAlgorithm]>) -> Option<Verified> {
    let (signed, signature) = jws.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let (header, payload) = (read(header)?, decode(payload)?);
    let algorithm = JwsAlgorithm::from_name(text(&header, "alg")?)?;
    if allowed.is_some_and(|allowed| !allowed.contains(&algorithm)) {
        return None;
    }
    // Whoever has a private key may verify with the public one that is in it.
    let wanted = ["verify", "sign"].map(|operation| algorithm.wanted(operation));
    wanted.iter().find(|wanted| key.check(wanted).is_ok())?;
    holds(
        algorithm,
        &key.material,
        signed.as_bytes(),
        &decode(signature)?,
    )?;
    Some(Verified {
        payload: payload.into(),
        header,
        algorithm,
    })
}

/// The signature of a message; `None` if the key is no private one of the algorithm.
fn signature(algorithm: JwsAlgorithm, key: &Material, message: &[u8]) -> Option<Vec<u8>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "AWS-LC signs with no other generator"
    )]
    let random = SystemRandom::new();
    match (algorithm.family(), key) {
        (Family::Hmac(mac), Material::Symmetric(key)) => {
            let long = key.expose().len() >= algorithm.key_bytes_min();
            long.then(|| digest::mac(mac, key.expose(), message))
        }
        (
            Family::Ecdsa(wanted, signing, _),
            Material::Ec {
                curve,
                public,
                scalar,
            },
        ) => {
            let scalar = scalar.as_ref().filter(|_| *curve == wanted)?.expose();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, scalar, public);
            let signature = pair.ok()?.sign(&random, message).ok()?;
            Some(signature.as_ref().to_vec())
        }
        (Family::Ed25519, Material::Ed25519 { public, seed }) => {
            let seed = seed.as_ref()?.expose();
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()?;
            Some(pair.sign(message).as_ref().to_vec())
        }
        (Family::Rsa(encoding, _), Material::Rsa { public, private }) => {
            let RsaPrivate(parts) = private.as_ref()?;
            let [d, p, q, dp, dq, qi] = parts.each_ref().map(SecretBytes::expose);
            let public_key = aws_lc_rs::rsa::PublicKeyComponents {
                n: public.n.as_slice(),
                e: public.e.as_slice(),
            };
            let pair = RsaKeyPair::from_components(&KeyPairComponents {
                public_key,
                d,
                p,
                q,
                dP: dp,
                dQ: dq,
                qInv: qi,
            });
            let pair = pair.ok()?;
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &random, message, &mut signature).ok()?;
            Some(signature)
        }
        _ => None,
    }
}

/// `None` if the signature does not hold, or the key is none of the algorithm.
fn holds(algorithm: JwsAlgorithm, key: &Material, message: &[u8], signature: &[u8]) -> Option<()> {
    match (algorithm.family(), key) {
        (Family::Hmac(mac), Material::Symmetric(key)) => {
            let long = key.expose().len() >= algorithm.key_bytes_min();
            let expected = digest::mac(mac, key.expose(), message);
            (long && kdf::verify(&expected, signature)).then_some(())
        }
        (Family::Ecdsa(wanted, _, verification), Material::Ec { curve, public, .. }) => {
            let key = (*curve == wanted).then(|| UnparsedPublicKey::new(verification, public))?;
            key.verify(message, signature).ok()
        }
        (Family::Ed25519, Material::Ed25519 { public, .. }) => {
            let key = UnparsedPublicKey::new(&signature::ED25519, public);
            key.verify(message, signature).ok()
        }
        (Family::Rsa(_, parameters), Material::Rsa { public, .. }) => {
            public.verify(parameters, message, signature).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::jose::{NewKey, generate};

    /// RFC 7515, appendix A.1.
    const RFC_HS256: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const RFC_HS256_KEY: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    /// RFC 8037, appendix A.4.
    const RFC_EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const RFC_EDDSA_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn key(text: &str) -> Key {
        Key::read(text).unwrap()
    }

    fn made(new: NewKey) -> (String, String) {
        let made = generate(new, None, &SystemEntropy).unwrap();
        let text = |map: Map<String, Value>| Value::from(map).to_string();
        (
            text(made.private),
            made.public.map(text).unwrap_or_default(),
        )
    }

    #[test]
    fn signatures_of_the_rfcs() {
        let verified = verify(RFC_HS256, &key(RFC_HS256_KEY), None).unwrap();
        assert!(verified.payload.expose().starts_with(br#"{"iss":"joe""#));
        let signed = sign(
            JwsAlgorithm::EdDsa,
            &key(RFC_EDDSA_KEY),
            b"Example of Ed25519 signing",
            Map::new(),
        );
        assert_eq!(signed.unwrap().jws, RFC_EDDSA);
    }

    #[test]
    fn what_one_key_signs_its_public_key_verifies() {
        let symmetric = made(NewKey::Symmetric(64)).0;
        for &algorithm in JwsAlgorithm::ALL {
            let (private, public) = match algorithm {
                JwsAlgorithm::Es256 => made(NewKey::P256),
                JwsAlgorithm::Es384 => made(NewKey::P384),
                JwsAlgorithm::EdDsa => made(NewKey::Ed25519),
                JwsAlgorithm::Ps256 | JwsAlgorithm::Ps384 | JwsAlgorithm::Ps512 => continue,
                _ => (symmetric.clone(), symmetric.clone()),
            };
            let signed = sign(algorithm, &key(&private), b"payload", Map::new()).unwrap();
            for reader in [&public, &private] {
                let verified = verify(&signed.jws, &key(reader), Some(&[algorithm])).unwrap();
                assert_eq!(verified.payload.expose(), b"payload");
                assert_eq!(verified.algorithm, algorithm);
            }
            for other in JwsAlgorithm::ALL
                .iter()
                .filter(|other| **other != algorithm)
            {
                let confused = verify(&signed.jws, &key(&public), Some(&[*other]));
                assert_eq!(confused.map(|_| ()), Err(NotValid));
            }
            let mut altered = signed.jws.clone().into_bytes();
            altered[30] ^= 1;
            let altered = String::from_utf8(altered).unwrap();
            assert!(verify(&altered, &key(&public), None).is_err());
        }
    }

    /// A JWS in the words of a forger: any header, and HMAC with whatever the forger knows.
    fn forged(header: &Value, hmac_key: &[u8]) -> String {
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(b"x"));
        let mac = digest::mac(MacAlgorithm::HmacSha256, hmac_key, signed.as_bytes());
        format!("{signed}.{}", encode(&mac))
    }

    #[test]
    fn a_public_key_is_no_secret_to_sign_with() {
        for new in [NewKey::Ed25519, NewKey::P256] {
            let (_, public) = made(new);
            let jwk: Map<String, Value> = serde_json::from_str(&public).unwrap();
            let x = decode(text(&jwk, "x").unwrap()).unwrap();
            for known in [public.as_bytes(), &x] {
                let jws = forged(&json!({"alg": "HS256"}), known);
                assert!(verify(&jws, &key(&public), None).is_err());
            }
        }
    }

    #[test]
    fn no_algorithm_is_no_signature() {
        let key = key(RFC_HS256_KEY);
        for alg in ["none", "None", "NONE", "", "hs256"] {
            let jws = format!(
                "{}.{}.",
                encode(json!({"alg": alg}).to_string().as_bytes()),
                encode(b"x")
            );
            assert!(verify(&jws, &key, None).is_err(), "{alg}");
        }
        for jws in ["", ".", "..", "a.b", RFC_HS256.trim_end_matches('k')] {
            assert!(verify(jws, &key, None).is_err(), "{jws}");
        }
        assert!(verify(&format!("{RFC_HS256}="), &key, None).is_err());
    }

    #[test]
    fn a_header_that_demands_or_brings_a_key_does_not_hold() {
        let secret = [7; 32];
        let key = key(&STANDARD.encode(secret));
        assert!(verify(&forged(&json!({"alg": "HS256"}), &secret), &key, None).is_ok());
        for header in [
            json!({"alg": "HS256", "crit": ["exp"], "exp": 1}),
            json!({"alg": "HS256", "b64": false}),
            json!({"alg": "HS256", "zip": "DEF"}),
            json!({"alg": ["HS256"]}),
            json!({}),
        ] {
            assert!(
                verify(&forged(&header, &secret), &key, None).is_err(),
                "{header}"
            );
        }
        // Its own key is not listened to.
        let brought = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": encode(&[1; 32])}});
        assert!(verify(&forged(&brought, &[1; 32]), &key, None).is_err());
        let more = |name: &str| Map::from_iter([(name.to_owned(), json!("x"))]);
        for name in ["alg", "jwk", "jku", "crit", "b64"] {
            let signed = sign(JwsAlgorithm::Hs256, &key, b"x", more(name));
            assert_eq!(signed.map(|_| ()), Err(JoseError::Header));
        }
        assert!(sign(JwsAlgorithm::Hs256, &key, b"x", more("typ")).is_ok());
    }

    #[test]
    fn a_key_is_for_what_it_says() {
        let private: Map<String, Value> = serde_json::from_str(RFC_EDDSA_KEY).unwrap();
        for (name, value, fits) in [
            ("use", json!("sig"), true),
            ("use", json!("enc"), false),
            ("alg", json!("EdDSA"), true),
            ("alg", json!("ES256"), false),
            ("key_ops", json!(["sign"]), true),
            ("key_ops", json!(["verify"]), false),
            ("key_ops", json!([]), false),
        ] {
            let mut said = private.clone();
            said.insert(name.to_owned(), value);
            let key = key(&Value::from(said).to_string());
            let signed = sign(JwsAlgorithm::EdDsa, &key, b"x", Map::new());
            assert_eq!(signed.is_ok(), fits, "{name}");
        }
        // The public part of another key.
        let mut mixed = private;
        mixed.insert("x".to_owned(), encode(&[9; 32]).into());
        let key = key(&Value::from(mixed).to_string());
        assert!(sign(JwsAlgorithm::EdDsa, &key, b"x", Map::new()).is_err());
    }

    #[test]
    fn a_short_symmetric_key_neither_signs_nor_verifies() {
        for (algorithm, bytes) in [
            (JwsAlgorithm::Hs256, 31),
            (JwsAlgorithm::Hs384, 47),
            (JwsAlgorithm::Hs512, 63),
        ] {
            let short = key(&STANDARD.encode(vec![7; bytes]));
            assert!(sign(algorithm, &short, b"x", Map::new()).is_err());
        }
        let jws = forged(&json!({"alg": "HS256"}), &[7; 31]);
        assert!(verify(&jws, &key(&STANDARD.encode([7; 31])), None).is_err());
    }
}
