//! Where the server may connect to when a tenant names the URL: not into the network that it is in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// Where the server may connect to, beyond public addresses. Whoever may add an issuer, a webhook or
/// a customer's key chooses the URL: without this, a tenant could make the server ask its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// This machine, over plain HTTP too.
    pub loopback: bool,
    /// Private, link-local and other addresses that are not of the public internet.
    pub private: bool,
}

impl Reach {
    fn permits(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if address.is_loopback() {
            return self.loopback;
        }
        self.private || is_public(address)
    }
}

/// Resolves names, without the addresses that are out of reach. The connection goes to what was
/// checked: a name that resolves differently the next time gains nothing.
#[derive(Debug)]
pub(crate) struct Resolver(pub(crate) Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = lookup_host((name.as_str().to_owned(), 0)).await?;
            Ok(Box::new(found.filter(move |found| reach.permits(found.ip()))) as Addrs)
        })
    }
}

/// HTTPS; plain HTTP only where no network is crossed. An address in the URL is never resolved, so
/// it is checked here.
pub(crate) fn acceptable(url: &str, reach: Reach) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let address = address(host);
    let local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let scheme = match url.scheme() {
        "https" => true,
        "http" => local && reach.loopback,
        _ => false,
    };
    let reachable = address.is_none_or(|address| reach.permits(address));
    let anonymous = url.username().is_empty() && url.password().is_none();
    (scheme && reachable && anonymous).then_some(url)
}

fn address(host: &str) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Not in the registry of special-purpose addresses (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let shared = |[a, b, ..]: [u8; 4]| a == 100 && (64..128).contains(&b);
    let protocol = |[a, b, c, _]: [u8; 4]| a == 192 && b == 0 && c == 0;
    let benchmark = |[a, b, ..]: [u8; 4]| a == 198 && (18..20).contains(&b);
    let octets = address.octets();
    let [first, ..] = octets;
    !(first == 0
        || first == 127
        || first >= 224
        || address.is_private()
        || address.is_link_local()
        || shared(octets)
        || protocol(octets)
        || benchmark(octets))
}

/// Within the block of global unicast, `2000::/3`, or a public IPv4 address behind NAT64 (RFC 6052).
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // 6to4 and Teredo carry an IPv4 address.
        [0x2002, ..] | [0x2001, 0, ..] => false,
        [first, ..] => first >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: Reach = Reach {
        loopback: false,
        private: false,
    };
    const HOME: Reach = Reach {
        loopback: true,
        private: false,
    };

    #[test]
    fn only_https_or_loopback_is_acceptable() {
        for url in [
            "https://issuer.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            assert!(acceptable(url, HOME).is_some(), "{url}");
        }
        for url in [
            "http://issuer.example/keys",
            "http://127.0.0.1.example/keys",
            "http://localhost.example/",
            "ftp://127.0.0.1/keys",
            "file:///etc/passwd",
            "https://user:word@issuer.example/",
            "issuer.example",
        ] {
            assert!(acceptable(url, HOME).is_none(), "{url}");
        }
    }

    #[test]
    fn addresses_of_the_inside_are_out_of_reach() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "[::]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "[fe80::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
        ] {
            let url = format!("https://{host}/keys");
            assert!(acceptable(&url, PUBLIC).is_none(), "{url}");
        }
        for host in ["192.0.2.1", "8.8.8.8", "[2606:4700::1111]"] {
            let url = format!("https://{host}/keys");
            assert!(acceptable(&url, PUBLIC).is_some(), "{url}");
        }
        assert!(acceptable("http://localhost/", PUBLIC).is_none());
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_only_where_it_may() {
        let resolve = |reach| Resolver(reach).resolve("localhost".parse().unwrap());
        assert_eq!(resolve(PUBLIC).await.unwrap().count(), 0);
        assert!(resolve(HOME).await.unwrap().count() > 0);
    }
}
