//! FIPS mode: which algorithms NIST approves, all of them in one table.
//!
//! It looks at the algorithm that is really used, never at what it was called: a suite when a key seals
//! or opens with it (`Account::check_fips`), everything else where it is about to be used, and the entry
//! of the use names it once more (`Account::using`). What this
//! says is about algorithms. Whether the module that implements them is validated is another question:
//! [`Report`].

use std::collections::BTreeSet;

use serde::Serialize;
use strongroom_crypto::agreement::Agreement;
use strongroom_types::body::DerivationFunction;
use strongroom_types::{
    FipsMode, Format, HashAlgorithm, HybridAlgorithm, MacAlgorithm, SigningAlgorithm, Suite,
};

use crate::denial::Denial;
use crate::door::Account;
use crate::guard::ImportedAlgorithm;
use crate::strongroom::Strongroom;

/// Something that is approved or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A suite of values.
    Suite(Suite),
    /// How another product sealed, where it is no suite of ours.
    Imported(ImportedCipher),
    /// A hash.
    Hash(HashAlgorithm),
    /// A MAC.
    Mac(MacAlgorithm),
    /// A key derivation.
    Derivation(Derivation),
    /// A signature.
    Signing(SigningAlgorithm),
    /// A hybrid key encapsulation.
    Hybrid(HybridAlgorithm),
    /// A key agreement, or sealing to a public key by one.
    Agreement(Agreement),
    /// A key exchange of TLS.
    TlsGroup(TlsGroup),
    /// The cipher of a TLS connection that is not AES.
    TlsChaCha20Poly1305,
    /// Argon2id over users' passwords.
    PasswordHash,
    /// Argon2id over the passphrase of a root.
    PassphraseRoot,
    /// The oblivious PRF of sealed stores, over ristretto255.
    ObliviousPrf,
    /// Shamir's sharing.
    SecretSharing,
}

/// How CryptoServe sealed what NIST does not approve and no suite of ours stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportedCipher {
    /// XTS, which SP 800-38E approves for sectors of disks, and not for messages.
    Xts,
    /// CBC of `cs-v2`, one key of which encrypts and authenticates.
    OneKeyCbc,
    /// AES under a shorter key that `cs-v2` filled up with zeros.
    FilledKey,
}

impl ImportedCipher {
    const ALL: [Self; 3] = [Self::Xts, Self::OneKeyCbc, Self::FilledKey];

    const fn name(self) -> &'static str {
        match self {
            Self::Xts => "AES-256-XTS",
            Self::OneKeyCbc => "AES-CBC of cs-v2",
            Self::FilledKey => "AES of cs-v2 under a filled key",
        }
    }
}

/// The key derivations, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// RFC 5869.
    Hkdf,
    /// RFC 8018.
    Pbkdf2,
    /// NIST SP 800-108.
    Kbkdf,
    /// RFC 9106.
    Argon2id,
    /// RFC 7914.
    Scrypt,
}

impl Derivation {
    const ALL: [Self; 5] = [
        Self::Hkdf,
        Self::Pbkdf2,
        Self::Kbkdf,
        Self::Argon2id,
        Self::Scrypt,
    ];

    /// The one that a request names.
    #[must_use]
    pub const fn of(function: &DerivationFunction) -> Self {
        match function {
            DerivationFunction::Hkdf { .. } => Self::Hkdf,
            DerivationFunction::Pbkdf2 { .. } => Self::Pbkdf2,
            DerivationFunction::Kbkdf { .. } => Self::Kbkdf,
            DerivationFunction::Argon2id { .. } => Self::Argon2id,
            DerivationFunction::Scrypt { .. } => Self::Scrypt,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hkdf => "HKDF",
            Self::Pbkdf2 => "PBKDF2",
            Self::Kbkdf => "KBKDF",
            Self::Argon2id => "Argon2id",
            Self::Scrypt => "scrypt",
        }
    }
}

/// The key exchanges that TLS may negotiate here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsGroup {
    /// ECDH over P-256.
    P256,
    /// ECDH over P-384.
    P384,
    /// P-256 and ML-KEM-768.
    P256MlKem768,
    /// X25519.
    X25519,
    /// X25519 and ML-KEM-768.
    X25519MlKem768,
}

impl TlsGroup {
    const ALL: [Self; 5] = [
        Self::P256,
        Self::P384,
        Self::P256MlKem768,
        Self::X25519,
        Self::X25519MlKem768,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "TLS secp256r1",
            Self::P384 => "TLS secp384r1",
            Self::P256MlKem768 => "TLS SecP256r1MLKEM768",
            Self::X25519 => "TLS x25519",
            Self::X25519MlKem768 => "TLS X25519MLKEM768",
        }
    }
}

impl Algorithm {
    /// The table: the standard that approves an algorithm, or `None`.
    #[must_use]
    pub const fn standard(self) -> Option<&'static str> {
        match self {
            Self::Suite(suite) => match suite {
                Suite::Aes256Gcm | Suite::Aes128Gcm => Some("SP 800-38D"),
                Suite::Aes256CbcHmac | Suite::Aes256CtrHmac => Some("SP 800-38A, FIPS 198-1"),
                Suite::Aes256Ccm => Some("SP 800-38C"),
                Suite::ChaCha20Poly1305 | Suite::Aes256GcmSiv => None,
            },
            Self::Hash(hash) => match hash {
                HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512 => {
                    Some("FIPS 180-4")
                }
                HashAlgorithm::Sha3_256 | HashAlgorithm::Sha3_384 | HashAlgorithm::Sha3_512 => {
                    Some("FIPS 202")
                }
                HashAlgorithm::Blake2b512 => None,
            },
            Self::Mac(
                MacAlgorithm::HmacSha256 | MacAlgorithm::HmacSha384 | MacAlgorithm::HmacSha512,
            ) => Some("FIPS 198-1"),
            Self::Derivation(function) => match function {
                Derivation::Hkdf => Some("SP 800-56C"),
                Derivation::Pbkdf2 => Some("SP 800-132"),
                Derivation::Kbkdf => Some("SP 800-108"),
                Derivation::Argon2id | Derivation::Scrypt => None,
            },
            Self::Signing(signing) => match signing {
                SigningAlgorithm::Ed25519
                | SigningAlgorithm::EcdsaP256
                | SigningAlgorithm::EcdsaP384
                | SigningAlgorithm::RsaPss2048
                | SigningAlgorithm::RsaPss3072
                | SigningAlgorithm::RsaPss4096 => Some("FIPS 186-5"),
                SigningAlgorithm::MlDsa44
                | SigningAlgorithm::MlDsa65
                | SigningAlgorithm::MlDsa87 => Some("FIPS 204"),
            },
            Self::Hybrid(hybrid) => match hybrid {
                HybridAlgorithm::P256MlKem768 | HybridAlgorithm::P384MlKem1024 => {
                    Some("FIPS 203, SP 800-56A, SP 800-56C")
                }
                HybridAlgorithm::X25519MlKem512
                | HybridAlgorithm::X25519MlKem768
                | HybridAlgorithm::X25519MlKem1024 => None,
            },
            Self::Agreement(agreement) => match agreement {
                Agreement::EcdhP256 | Agreement::EcdhP384 => Some("SP 800-56A"),
                Agreement::X25519 => None,
            },
            Self::TlsGroup(group) => match group {
                TlsGroup::P256 | TlsGroup::P384 => Some("SP 800-56A"),
                TlsGroup::P256MlKem768 => Some("FIPS 203, SP 800-56A"),
                TlsGroup::X25519 | TlsGroup::X25519MlKem768 => None,
            },
            Self::Imported(
                ImportedCipher::Xts | ImportedCipher::OneKeyCbc | ImportedCipher::FilledKey,
            )
            | Self::TlsChaCha20Poly1305
            | Self::PasswordHash
            | Self::PassphraseRoot
            | Self::ObliviousPrf
            | Self::SecretSharing => None,
        }
    }

    /// How another product sealed something (name, mode, and bits of the key), if it is not approved.
    #[must_use]
    pub(crate) fn unapproved_of(
        format: Format,
        (name, mode, key_bits): ImportedAlgorithm,
    ) -> Option<Self> {
        let early = format == Format::CsV2;
        match mode {
            _ if name.contains("ChaCha20") => Some(Self::Suite(Suite::ChaCha20Poly1305)),
            "xts" => Some(Self::Imported(ImportedCipher::Xts)),
            "cbc" if early => Some(Self::Imported(ImportedCipher::OneKeyCbc)),
            _ if early && key_bits < 256 => Some(Self::Imported(ImportedCipher::FilledKey)),
            _ => None,
        }
    }

    /// What reports and refusals call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suite(suite) => suite.name(),
            Self::Imported(cipher) => cipher.name(),
            Self::Hash(hash) => hash.name(),
            Self::Mac(mac) => mac.name(),
            Self::Derivation(function) => function.name(),
            Self::Signing(signing) => signing.name(),
            Self::Hybrid(hybrid) => hybrid.name(),
            Self::Agreement(agreement) => agreement.name(),
            Self::TlsGroup(group) => group.name(),
            Self::TlsChaCha20Poly1305 => "TLS ChaCha20-Poly1305",
            Self::PasswordHash => "Argon2id for passwords",
            Self::PassphraseRoot => "Argon2id for the root's passphrase",
            Self::ObliviousPrf => "OPRF over ristretto255",
            Self::SecretSharing => "Shamir's sharing",
        }
    }

    /// Every algorithm that there is here.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        all.extend(Suite::ALL.iter().copied().map(Self::Suite));
        all.extend(ImportedCipher::ALL.map(Self::Imported));
        all.extend(HashAlgorithm::ALL.iter().copied().map(Self::Hash));
        all.extend(MacAlgorithm::ALL.iter().copied().map(Self::Mac));
        all.extend(Derivation::ALL.map(Self::Derivation));
        all.extend(SigningAlgorithm::ALL.iter().copied().map(Self::Signing));
        all.extend(HybridAlgorithm::ALL.iter().copied().map(Self::Hybrid));
        let agreements = [Agreement::X25519, Agreement::EcdhP256, Agreement::EcdhP384];
        all.extend(agreements.map(Self::Agreement));
        all.extend(TlsGroup::ALL.map(Self::TlsGroup));
        all.extend([
            Self::TlsChaCha20Poly1305,
            Self::PasswordHash,
            Self::PassphraseRoot,
            Self::ObliviousPrf,
            Self::SecretSharing,
        ]);
        all
    }

    /// Whether a mode permits it.
    #[must_use]
    pub fn permitted(self, mode: FipsMode) -> bool {
        mode != FipsMode::Enabled || self.standard().is_some()
    }

    /// Itself, unless it is approved.
    pub(crate) fn unapproved(self) -> Option<Self> {
        self.standard().is_none().then_some(self)
    }

    /// # Errors
    /// The mode does not permit it.
    pub(crate) fn check(self, mode: FipsMode) -> Result<(), Denial> {
        if self.permitted(mode) {
            return Ok(());
        }
        Err(Denial::NotApproved {
            algorithm: self.name(),
        })
    }
}

impl Account {
    /// Whether the mode permits the suites that keys seal and open with, and what else is used. Where it
    /// only prefers others, the entry says so.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn check_fips(&mut self, mode: FipsMode) -> Result<(), Denial> {
        let suites = self.uses.iter().filter_map(|key_use| key_use.suite);
        let used = suites.map(Algorithm::Suite).chain(self.unapproved.clone());
        let mut names = BTreeSet::new();
        for algorithm in used.filter_map(Algorithm::unapproved) {
            algorithm.check(mode)?;
            names.insert(algorithm.name());
        }
        if mode == FipsMode::Preferred && !names.is_empty() {
            let names: Vec<_> = names.into_iter().collect();
            *self = core::mem::take(self).fact("not_approved", &names.join(", "));
        }
        Ok(())
    }
}

impl Strongroom {
    /// Whether FIPS mode permits an algorithm.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn check_fips(&self, algorithm: Algorithm) -> Result<(), Denial> {
        algorithm.check(self.settings.fips)
    }

    /// Whether FIPS mode permits a hybrid key encapsulation.
    #[must_use]
    pub fn permits_hybrid(&self, algorithm: HybridAlgorithm) -> bool {
        Algorithm::Hybrid(algorithm).permitted(self.settings.fips)
    }

    /// What FIPS mode does, and does not say.
    #[must_use]
    pub fn fips(&self) -> Report {
        Report::of(self.settings.fips)
    }
}

/// What FIPS mode does, and does not say.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The mode.
    pub mode: FipsMode,
    /// Whether this binary was built with the FIPS module of AWS-LC.
    pub fips_module: bool,
    /// Always false: Strongroom itself was never validated by anybody.
    pub validated: bool,
    /// In words.
    pub statement: &'static str,
    /// The algorithms that NIST approves, each with its standard.
    pub approved: Vec<Approved>,
    /// Those that it does not, refused while the mode is `enabled`.
    pub not_approved: Vec<&'static str>,
}

/// An algorithm that NIST approves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Approved {
    /// The algorithm.
    pub algorithm: &'static str,
    /// The standard that approves it.
    pub standard: &'static str,
}

const WITHOUT_MODULE: &str = "The mode restricts algorithms. The cryptographic module is not validated: \
     this binary was built without the FIPS module of AWS-LC.";
const WITH_MODULE: &str = "The mode restricts algorithms. This binary was built with the FIPS module of \
     AWS-LC; whether that version is validated on this platform, NIST's CMVP says. AES-CCM is of \
     another library and outside of the module, and Strongroom as a whole is not validated.";

impl Report {
    fn of(mode: FipsMode) -> Self {
        let fips_module = strongroom_crypto::uses_fips_module();
        let approved = Algorithm::all().into_iter().filter_map(|algorithm| {
            Some(Approved {
                algorithm: algorithm.name(),
                standard: algorithm.standard()?,
            })
        });
        let not_approved = Algorithm::all().into_iter();
        let not_approved = not_approved.filter(|algorithm| algorithm.standard().is_none());
        Self {
            mode,
            fips_module,
            validated: false,
            statement: if fips_module {
                WITH_MODULE
            } else {
                WITHOUT_MODULE
            },
            approved: approved.collect(),
            not_approved: not_approved.map(Algorithm::name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the specification names, once more and by hand.
    const REFUSED: [&str; 19] = [
        "AES-256-XTS",
        "AES-CBC of cs-v2",
        "AES of cs-v2 under a filled key",
        "ChaCha20-Poly1305",
        "AES-256-GCM-SIV",
        "BLAKE2b-512",
        "Argon2id",
        "scrypt",
        "X25519+ML-KEM-512",
        "X25519+ML-KEM-768",
        "X25519+ML-KEM-1024",
        "TLS x25519",
        "TLS X25519MLKEM768",
        "TLS ChaCha20-Poly1305",
        "Argon2id for passwords",
        "Argon2id for the root's passphrase",
        "OPRF over ristretto255",
        "X25519",
        "Shamir's sharing",
    ];

    #[test]
    fn table_approves_what_the_specification_names_and_nothing_else() {
        let refused: BTreeSet<_> = REFUSED.into_iter().collect();
        let all = Algorithm::all();
        for algorithm in &all {
            let name = algorithm.name();
            assert_eq!(
                algorithm.standard().is_none(),
                refused.contains(name),
                "{name}"
            );
        }
        let names: BTreeSet<_> = all.iter().map(|algorithm| algorithm.name()).collect();
        assert_eq!(names.len(), all.len(), "one name each");
        assert!(refused.is_subset(&names));
    }

    /// What CryptoServe sealed is told by its cipher, not by its format's name.
    #[test]
    fn ways_of_another_product_are_looked_at_one_by_one() {
        let name =
            |format, algorithm| Algorithm::unapproved_of(format, algorithm).map(Algorithm::name);
        for (format, algorithm, unapproved) in [
            (Format::CsV3, ("AES-256-GCM", "gcm", 256), None),
            (Format::CsV3, ("AES-128-GCM", "gcm", 128), None),
            (Format::CsV3, ("AES-256-CBC", "cbc", 256), None),
            (
                Format::CsHybridV1,
                ("AES-256-GCM+ML-KEM-768", "hybrid", 256),
                None,
            ),
            (Format::CsV2, ("AES-256-GCM", "gcm", 256), None),
            (
                Format::CsV2,
                ("AES-256-CBC", "cbc", 256),
                Some("AES-CBC of cs-v2"),
            ),
            (
                Format::CsV2,
                ("AES-128-GCM", "gcm", 128),
                Some("AES of cs-v2 under a filled key"),
            ),
            (
                Format::CsV3,
                ("AES-256-XTS", "xts", 256),
                Some("AES-256-XTS"),
            ),
            (
                Format::CsV3,
                ("ChaCha20-Poly1305", "poly1305", 256),
                Some("ChaCha20-Poly1305"),
            ),
        ] {
            assert_eq!(name(format, algorithm), unapproved, "{algorithm:?}");
        }
    }

    #[test]
    fn only_enabled_refuses_and_what_it_refuses_is_unapproved() {
        for algorithm in Algorithm::all() {
            let approved = algorithm.standard().is_some();
            for &mode in FipsMode::ALL {
                let expected = approved || mode != FipsMode::Enabled;
                assert_eq!(algorithm.permitted(mode), expected);
                assert_eq!(algorithm.check(mode).is_ok(), expected);
            }
        }
    }

    #[test]
    fn report_has_every_algorithm_once_and_claims_no_validation() {
        let report = Report::of(FipsMode::Enabled);
        let count = report.approved.len() + report.not_approved.len();
        assert_eq!(count, Algorithm::all().len());
        assert!(!report.validated);
        assert!(report.statement.contains("not validated"));
    }
}
