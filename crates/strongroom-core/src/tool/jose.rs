//! JWS, JWE and JWK.

use serde_json::{Map, Value};
use strongroom_crypto::agreement::Agreement;
use strongroom_crypto::jose::{
    Encryption, JoseError, JwsAlgorithm, Key, MadeKey, NewKey, Opened, Signed, Verified, decrypt,
    encrypt, generate, sign, thumbprint, verify,
};
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::Operation;

use super::{Bench, Tool};
use crate::denial::{CiphertextFault, Denial, Invalid};
use crate::fips::Algorithm;

fn fault(error: JoseError) -> Denial {
    match error {
        JoseError::Key => Invalid::Field("key".into()).into(),
        JoseError::Header => Invalid::Field("additional_headers".into()).into(),
        JoseError::Entropy => Denial::Unavailable,
    }
}

/// A payload to be signed.
#[derive(Debug)]
pub struct JwsSign {
    /// How.
    pub algorithm: JwsAlgorithm,
    /// With which key.
    pub key: Key,
    /// What.
    pub payload: SecretBytes,
    /// What the header says besides.
    pub header: Map<String, Value>,
}

impl Tool for JwsSign {
    const OPERATION: Operation = Operation::JwsSign;
    type Answer = Signed;

    fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// RSA is checked and signs for up to a second.
    fn is_slow(&self) -> bool {
        self.algorithm.is_rsa()
    }

    fn work(&self, _bench: &Bench) -> Result<Signed, Denial> {
        let (payload, header) = (self.payload.expose(), self.header.clone());
        sign(self.algorithm, &self.key, payload, header).map_err(fault)
    }
}

/// A JWS to be checked.
#[derive(Debug)]
pub struct JwsVerify {
    /// What.
    pub jws: String,
    /// With which key.
    pub key: Key,
    /// The algorithms that it may name, where the caller says.
    pub allowed: Option<Vec<JwsAlgorithm>>,
}

impl Tool for JwsVerify {
    const OPERATION: Operation = Operation::JwsVerify;
    /// None if it does not hold.
    type Answer = Option<Verified>;

    fn algorithm(&self) -> &'static str {
        "JWS"
    }

    fn work(&self, _bench: &Bench) -> Result<Option<Verified>, Denial> {
        Ok(verify(&self.jws, &self.key, self.allowed.as_deref()).ok())
    }

    fn held(answer: &Option<Verified>) -> Option<bool> {
        Some(answer.is_some())
    }
}

/// A value to be encrypted with a direct key.
#[derive(Debug)]
pub struct JweEncrypt {
    /// How.
    pub encryption: Encryption,
    /// With which key.
    pub key: Key,
    /// What.
    pub plaintext: SecretBytes,
}

impl Tool for JweEncrypt {
    const OPERATION: Operation = Operation::JweEncrypt;
    type Answer = (String, Map<String, Value>);

    fn algorithm(&self) -> &'static str {
        self.encryption.name()
    }

    fn work(&self, bench: &Bench) -> Result<Self::Answer, Denial> {
        let (text, entropy) = (self.plaintext.expose(), &*bench.entropy);
        encrypt(self.encryption, &self.key, text, entropy).map_err(fault)
    }
}

/// A JWE to be opened.
#[derive(Debug)]
pub struct JweDecrypt {
    /// What.
    pub jwe: String,
    /// With which key.
    pub key: Key,
}

impl Tool for JweDecrypt {
    const OPERATION: Operation = Operation::JweDecrypt;
    type Answer = Opened;

    fn algorithm(&self) -> &'static str {
        "JWE"
    }

    fn work(&self, _bench: &Bench) -> Result<Opened, Denial> {
        let opened = decrypt(&self.jwe, &self.key);
        opened.map_err(|_not_valid| Denial::Ciphertext(CiphertextFault::Altered))
    }
}

/// A JWK to be made.
#[derive(Debug)]
pub struct JwkMake {
    /// Of which kind.
    pub new: NewKey,
    /// What it says of its use.
    pub used_for: Option<&'static str>,
}

impl Tool for JwkMake {
    const OPERATION: Operation = Operation::JwkGenerate;
    type Answer = MadeKey;

    fn algorithm(&self) -> &'static str {
        match self.new {
            NewKey::P256 => "P-256",
            NewKey::P384 => "P-384",
            NewKey::Ed25519 => "Ed25519",
            NewKey::X25519 => "X25519",
            NewKey::Symmetric(_) => "oct",
        }
    }

    fn in_question(&self) -> Option<Algorithm> {
        match self.new {
            NewKey::X25519 => Some(Algorithm::Agreement(Agreement::X25519)),
            NewKey::P256 | NewKey::P384 | NewKey::Ed25519 | NewKey::Symmetric(_) => None,
        }
    }

    fn work(&self, bench: &Bench) -> Result<MadeKey, Denial> {
        generate(self.new, self.used_for, &*bench.entropy).map_err(fault)
    }
}

/// A JWK to be named.
pub struct JwkThumbprint(pub Map<String, Value>);

/// Without the key.
impl core::fmt::Debug for JwkThumbprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("JwkThumbprint")
    }
}

impl Tool for JwkThumbprint {
    const OPERATION: Operation = Operation::JwkThumbprint;
    type Answer = String;

    fn algorithm(&self) -> &'static str {
        "SHA-256"
    }

    fn work(&self, _bench: &Bench) -> Result<String, Denial> {
        thumbprint(&self.0).ok_or_else(|| Invalid::Field("kty".into()).into())
    }
}
