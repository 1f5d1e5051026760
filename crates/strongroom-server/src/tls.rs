//! TLS in both directions, with the hybrid post-quantum key exchange preferred: of the server from
//! certificate files, and of what it connects to.

use std::path::PathBuf;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CipherSuite, ClientConfig, NamedGroup, ServerConfig};
use rustls_platform_verifier::BuilderVerifierExt as _;
use strongroom_core::fips::{Algorithm, TlsGroup};
use strongroom_types::FipsMode;

use crate::file;

/// Where the server's certificate is.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain, PEM, the server's own first.
    pub certificates: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Certificate files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or not PEM.
    #[error("cannot read `{}` as PEM", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// The key does not fit the certificate, or is of an unknown kind.
    #[error("certificate and key cannot be used together")]
    Pair(#[source] rustls::Error),
}

/// Reads the files into a configuration: TLS 1.3 and 1.2, HTTP/2 and HTTP/1.1.
pub(crate) fn configure(files: &TlsFiles, fips: FipsMode) -> Result<RustlsConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider(fips)))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(certificates(files)?, key(files)?)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// What connections to others are restricted to, by the certificates that the system trusts; `None`
/// where FIPS mode asks for nothing.
pub(crate) fn outbound(fips: FipsMode) -> Result<Option<ClientConfig>, rustls::Error> {
    if fips == FipsMode::Disabled {
        return Ok(None);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider(fips)))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(Some(config))
}

/// AWS-LC's primitives. X25519MLKEM768 comes first by the feature `prefer-post-quantum`; in FIPS mode,
/// P-256 with ML-KEM-768, and what is not approved not at all.
fn provider(fips: FipsMode) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if fips == FipsMode::Disabled {
        return provider;
    }
    provider.kx_groups.insert(0, kx_group::SECP256R1MLKEM768);
    let permitted = |name| group(name).is_some_and(|group| permitted(group, fips));
    provider.kx_groups.retain(|group| permitted(group.name()));
    let chacha = Algorithm::TlsChaCha20Poly1305.permitted(fips);
    let suites = &mut provider.cipher_suites;
    suites.retain(|suite| chacha || !is_chacha20(suite.suite()));
    provider
}

fn permitted(group: TlsGroup, fips: FipsMode) -> bool {
    Algorithm::TlsGroup(group).permitted(fips)
}

/// The group as FIPS mode's table has it; `None` for one that the table does not know.
const fn group(name: NamedGroup) -> Option<TlsGroup> {
    match name {
        NamedGroup::secp256r1 => Some(TlsGroup::P256),
        NamedGroup::secp384r1 => Some(TlsGroup::P384),
        NamedGroup::secp256r1MLKEM768 => Some(TlsGroup::P256MlKem768),
        NamedGroup::X25519 => Some(TlsGroup::X25519),
        NamedGroup::X25519MLKEM768 => Some(TlsGroup::X25519MlKem768),
        _ => None,
    }
}

const fn is_chacha20(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

fn certificates(files: &TlsFiles) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(&files.certificates)
        .and_then(Iterator::collect)
        .map_err(|source| TlsError::File {
            path: files.certificates.clone(),
            source,
        })
}

fn key(files: &TlsFiles) -> Result<PrivateKeyDer<'static>, TlsError> {
    file::warn_if_shared(&files.key);
    PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::File {
        path: files.key.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use rustls::crypto::SupportedKxGroup;

    use super::*;

    #[test]
    fn the_hybrid_key_exchange_is_preferred() {
        let provider = provider(FipsMode::Disabled);
        let first = provider.kx_groups.first().unwrap();
        assert_eq!(first.name(), NamedGroup::X25519MLKEM768);
    }

    #[test]
    fn fips_mode_negotiates_approved_groups_and_ciphers_only() {
        let provider = provider(FipsMode::Enabled);
        let names: Vec<_> = provider
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(
            names,
            [
                NamedGroup::secp256r1MLKEM768,
                NamedGroup::secp256r1,
                NamedGroup::secp384r1
            ]
        );
        let suites = provider.cipher_suites.iter();
        assert!(suites.clone().count() >= 2);
        for suite in suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("AES") && !name.contains("CHACHA"), "{name}");
        }
    }

    #[test]
    fn connections_to_others_are_restricted_alike() {
        assert!(outbound(FipsMode::Disabled).unwrap().is_none());
        let config = outbound(FipsMode::Enabled).unwrap().unwrap();
        let groups = &config.crypto_provider().kx_groups;
        let (inbound, names) = (
            provider(FipsMode::Enabled),
            |group: &&dyn SupportedKxGroup| group.name(),
        );
        assert!(
            groups
                .iter()
                .map(names)
                .eq(inbound.kx_groups.iter().map(names))
        );
        let suites = config.crypto_provider().cipher_suites.iter();
        assert!(suites.clone().count() >= 2);
        assert!(suites.clone().all(|suite| !is_chacha20(suite.suite())));
    }

    #[test]
    fn a_missing_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificates: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
        };
        let error = configure(&files, FipsMode::Disabled)
            .unwrap_err()
            .to_string();
        assert!(error.contains("chain.pem"), "{error}");
    }
}
