//! TLS on the wire.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    AlertDescription, CipherSuite, ClientConfig, ClientConnection, Error, NamedGroup,
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};
use strongroom_core::ports::{Deliver as _, Fetch as _};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_server::roots::{CustomerKeys, KeyProviders};
use strongroom_server::{Config, HttpDeliver, HttpFetch, Reach, Server, SystemClock, TlsFiles};
use strongroom_types::FipsMode;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata")).join(name)
}

/// Asks for `/healthz`; gives the key exchange and the answer.
fn ask(address: SocketAddr) -> (NamedGroup, String) {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(fixture("localhost.pem")).unwrap();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::from(address.ip());
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let group = stream.conn.negotiated_key_exchange_group().unwrap().name();
    (group, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_the_hybrid_key_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path(), FipsMode::Disabled).await;
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let address = server.local_addr();
    let (group, answer) = tokio::task::spawn_blocking(move || ask(address))
        .await
        .unwrap();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.shutdown().await;
}

/// What became of a client that offers these key exchanges and ciphers alone: what was negotiated, or nothing,
/// because the server has none of them.
fn negotiate(
    address: SocketAddr,
    group: &'static dyn SupportedKxGroup,
    ciphers: impl Fn(CipherSuite) -> bool,
) -> Option<(NamedGroup, CipherSuite)> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(fixture("localhost.pem")).unwrap();
    roots.add(certificate).unwrap();
    let mut provider = default_provider();
    provider.kx_groups = vec![group];
    let suites = &mut provider.cipher_suites;
    suites.retain(|suite| ciphers(suite.suite()));
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::from(address.ip());
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let error = error.get_ref().unwrap().downcast_ref::<Error>();
            let expected = Error::AlertReceived(AlertDescription::HandshakeFailure);
            assert_eq!(error, Some(&expected));
            return None;
        }
    }
    let group = connection.negotiated_key_exchange_group().unwrap().name();
    let cipher = connection.negotiated_cipher_suite().unwrap().suite();
    Some((group, cipher))
}

fn is_chacha(cipher: CipherSuite) -> bool {
    format!("{cipher:?}").contains("CHACHA20")
}

/// A server on the loopback with TLS, in a FIPS mode.
async fn serve(folder: &Path, fips: FipsMode) -> Server {
    let mut config = Config {
        tls: Some(TlsFiles {
            certificates: fixture("localhost.pem"),
            key: fixture("localhost.key.pem"),
        }),
        ..Config::development(folder.to_owned())
    };
    config.settings.fips = fips;
    Server::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_negotiate_what_fips_mode_permits() {
    for (fips, permitted) in [
        (FipsMode::Enabled, false),
        (FipsMode::Preferred, true),
        (FipsMode::Disabled, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(folder.path(), fips).await;
        let address = server.local_addr();
        let offers = move || {
            let x25519 = negotiate(address, kx_group::X25519, |_any| true);
            assert_eq!(x25519.is_some(), permitted, "{fips:?}");
            let hybrid = negotiate(address, kx_group::X25519MLKEM768, |_any| true);
            assert_eq!(hybrid.is_some(), permitted, "{fips:?}");
            let chacha = negotiate(address, kx_group::SECP256R1, is_chacha);
            assert_eq!(chacha.is_some(), permitted, "{fips:?}");
            let approved = CipherSuite::TLS13_AES_128_GCM_SHA256;
            let aes = negotiate(address, kx_group::SECP256R1, |cipher| cipher == approved);
            assert_eq!(aes, Some((NamedGroup::secp256r1, approved)), "{fips:?}");
            // By TLS 1.2 alike.
            let before = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
            let aes = negotiate(address, kx_group::SECP384R1, |cipher| cipher == before);
            assert_eq!(aes, Some((NamedGroup::secp384r1, before)), "{fips:?}");
        };
        tokio::task::spawn_blocking(offers).await.unwrap();
        server.shutdown().await;
    }
}

/// What a server of the test saw of a handshake.
#[derive(Debug, PartialEq, Eq)]
enum Saw {
    /// No key exchange or cipher that both have: the client offers none of the server's.
    NothingInCommon,
    /// They agreed, and the client looked at the certificate, which it does not trust.
    Certificate,
}

/// A server that has these key exchanges and ciphers alone. It says what it saw of the first connection.
fn listen(
    groups: Vec<&'static dyn SupportedKxGroup>,
    ciphers: impl Fn(CipherSuite) -> bool,
) -> (SocketAddr, JoinHandle<Saw>) {
    let mut provider = default_provider();
    provider.kx_groups = groups;
    provider
        .cipher_suites
        .retain(|suite| ciphers(suite.suite()));
    let key = PrivateKeyDer::from_pem_file(fixture("localhost.key.pem")).unwrap();
    let chain = vec![CertificateDer::from_pem_file(fixture("localhost.pem")).unwrap()];
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handshake = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        while connection.is_handshaking() {
            if let Err(error) = connection.complete_io(&mut stream) {
                return saw(&error);
            }
        }
        // TLS 1.3: the client's alert comes after the server's part is over.
        match connection.complete_io(&mut stream) {
            // A client that is gone already, its alert with it, has seen the certificate too.
            Err(error) if error.get_ref().is_some() => saw(&error),
            _ => Saw::Certificate,
        }
    };
    (address, std::thread::spawn(handshake))
}

fn saw(error: &std::io::Error) -> Saw {
    let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    match error {
        Error::PeerIncompatible(_) => Saw::NothingInCommon,
        Error::AlertReceived(_) => Saw::Certificate,
        other => panic!("{other:?}"),
    }
}

const HOME: Reach = Reach {
    loopback: true,
    private: true,
};

/// Asks the server by each way out: issuers' keys, events, and key services.
async fn ask_outside(way: usize, url: &str, fips: FipsMode) {
    match way {
        0 => assert!(HttpFetch::new(HOME, fips).unwrap().get(url).await.is_err()),
        1 => {
            let deliver = HttpDeliver::new(HOME, fips).unwrap();
            assert!(deliver.post(url, "signature", Vec::new()).await.is_err());
        }
        _ => {
            let description = serde_json::json!({"provider": "transit", "address": url,
                "mount": "transit", "key": "key", "token": "token"});
            let providers = KeyProviders::new(
                Arc::new(SystemClock::start()),
                Arc::new(SystemEntropy),
                None,
                CustomerKeys::default(),
                fips,
            );
            let description = serde_json::from_value(description).unwrap();
            let key = providers.unwrap().root(&description).unwrap();
            assert!(key.probe().await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_others_negotiate_what_fips_mode_permits() {
    let any = |_cipher| true;
    let chacha = |cipher| cipher == CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;
    for way in 0..3 {
        for (fips, expected) in [
            (FipsMode::Enabled, Saw::NothingInCommon),
            (FipsMode::Preferred, Saw::Certificate),
            (FipsMode::Disabled, Saw::Certificate),
        ] {
            let servers = [
                listen(vec![kx_group::X25519, kx_group::X25519MLKEM768], any),
                listen(vec![kx_group::SECP256R1], chacha),
            ];
            for (address, saw) in servers {
                ask_outside(way, &format!("https://{address}/"), fips).await;
                assert_eq!(saw.join().unwrap(), expected, "{way} {fips:?}");
            }
        }
        let (address, saw) = listen(vec![kx_group::SECP256R1], any);
        ask_outside(way, &format!("https://{address}/"), FipsMode::Enabled).await;
        assert_eq!(saw.join().unwrap(), Saw::Certificate, "{way}");
    }
}
