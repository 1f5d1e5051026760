//! TLS on the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, NamedGroup, RootCertStore, StreamOwned};
use strongroom_server::{Config, Server, TlsFiles};

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
    let config = Config {
        tls: Some(TlsFiles {
            certificates: fixture("localhost.pem"),
            key: fixture("localhost.key.pem"),
        }),
        ..Config::development(folder.path().to_owned())
    };
    let server = Server::start(config).await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let address = server.local_addr();
    let (group, answer) = tokio::task::spawn_blocking(move || ask(address))
        .await
        .unwrap();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.shutdown().await;
}
