//! A TCP proxy that can be cut: what lies behind it is gone for whoever talks through it.

#![expect(
    clippy::unwrap_used,
    reason = "a proxy that cannot be set up fails its test"
)]

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A running proxy to a port of this machine.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    /// Starts one.
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_cut, cut) = watch::channel(false);
        tokio::spawn(serve(listener, to, cut));
        Self { port, is_cut }
    }

    /// Breaks all connections, and refuses new ones.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Lets new connections through again.
    pub fn join(&self) {
        self.is_cut.send_replace(false);
    }
}

async fn serve(listener: TcpListener, to: u16, cut: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        if !*cut.borrow() {
            tokio::spawn(carry(client, to, cut.clone()));
        }
    }
}

/// Dropping both ends resets what is under way.
async fn carry(mut client: TcpStream, to: u16, mut cut: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    tokio::select! {
        _ended = copy_bidirectional(&mut client, &mut server) => {}
        _cut = cut.wait_for(|is_cut| *is_cut) => {}
    }
}
