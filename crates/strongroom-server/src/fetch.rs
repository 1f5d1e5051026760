//! Fetching issuers' keys behind the Fetch port: HTTPS, small, quick, same host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, Url};
use strongroom_core::ports::{Fetch, FetchError};
use tokio::net::lookup_host;

/// A document takes no longer than this, connecting included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document.
const BYTES_MAX: usize = 256 * 1024;
/// The most redirects, all of them on one host.
const REDIRECTS_MAX: usize = 3;

/// Where documents may be fetched from, beyond public addresses. Whoever may add an issuer chooses
/// the URL: without this, a tenant could make the server ask its neighbours.
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

/// Fetches over HTTPS, or over plain HTTP from this machine itself where [`Reach`] permits it.
/// Follows redirects only where scheme, host and port stay the same, and knows no proxy.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
    reach: Reach,
}

impl HttpFetch {
    /// Builds the client.
    ///
    /// # Errors
    /// The system's certificate store cannot be read.
    pub fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::custom(same_origin))
            .no_proxy()
            .dns_resolver(Arc::new(Resolver(reach)))
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, reach })
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url = acceptable(url, self.reach)?;
        let answer = self.client.get(url).send().await;
        let answer = answer.map_err(|_error| FetchError::Unreachable)?;
        match answer.status().as_u16() {
            200 => read(answer).await,
            status => Err(FetchError::Status { status }),
        }
    }
}

/// Reads the body chunk by chunk, so that a false or missing length cannot exceed the limit.
async fn read(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|_error| FetchError::Unreachable)?
    {
        if document.len() + chunk.len() > BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

/// Resolves names, without the addresses that are out of reach. The connection goes to what was
/// checked: a name that resolves differently the next time gains nothing.
#[derive(Debug)]
struct Resolver(Reach);

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
fn acceptable(url: &str, reach: Reach) -> Result<Url, FetchError> {
    let url = Url::parse(url).map_err(|_error| FetchError::Url)?;
    let host = url.host_str().ok_or(FetchError::Url)?;
    let address = address(host);
    let local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let scheme = match url.scheme() {
        "https" => true,
        "http" => local && reach.loopback,
        _ => false,
    };
    let reachable = address.is_none_or(|address| reach.permits(address));
    let anonymous = url.username().is_empty() && url.password().is_none();
    if scheme && reachable && anonymous {
        return Ok(url);
    }
    Err(FetchError::Url)
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

/// Follows a redirect within one origin. One elsewhere is not followed: its 3xx is the answer.
fn same_origin(attempt: Attempt<'_>) -> Action {
    let stays = attempt
        .previous()
        .last()
        .is_some_and(|previous| previous.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
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
            assert!(acceptable(url, HOME).is_ok(), "{url}");
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
            assert_eq!(acceptable(url, HOME).unwrap_err(), FetchError::Url, "{url}");
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
            assert_eq!(
                acceptable(&url, PUBLIC).unwrap_err(),
                FetchError::Url,
                "{url}"
            );
        }
        for host in ["192.0.2.1", "8.8.8.8", "[2606:4700::1111]"] {
            let url = format!("https://{host}/keys");
            assert!(acceptable(&url, PUBLIC).is_ok(), "{url}");
        }
        assert!(acceptable("http://localhost/", PUBLIC).is_err());
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_only_where_it_may() {
        let resolve = |reach| Resolver(reach).resolve("localhost".parse().unwrap());
        assert_eq!(resolve(PUBLIC).await.unwrap().count(), 0);
        assert!(resolve(HOME).await.unwrap().count() > 0);
    }
}
