//! TLS from certificate files, with the hybrid post-quantum key exchange preferred.

use std::path::PathBuf;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
pub(crate) fn configure(files: &TlsFiles) -> Result<RustlsConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(certificates(files)?, key(files)?)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// AWS-LC's primitives. X25519MLKEM768 comes first by the feature `prefer-post-quantum`.
fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
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
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_hybrid_key_exchange_is_preferred() {
        let provider = provider();
        let first = provider.kx_groups.first().unwrap();
        assert_eq!(first.name(), NamedGroup::X25519MLKEM768);
    }

    #[test]
    fn a_missing_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificates: folder.path().join("chain.pem"),
            key: folder.path().join("key.pem"),
        };
        let error = configure(&files).unwrap_err().to_string();
        assert!(error.contains("chain.pem"), "{error}");
    }
}
