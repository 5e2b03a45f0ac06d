//! Whom a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{extract::connect_info::Connected, http::HeaderMap, serve::IncomingStream};
use ipnet::IpNet;
use tokio::net::TcpListener;

/// The other end of a connection; the server puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for ClientAddress {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Addresses that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Reads `10.0.0.0/8`, or one address.
    pub fn read(text: &str) -> Option<Self> {
        let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse().ok().or_else(one).map(Self)
    }
}

/// The client behind the proxies that are trusted: the last address in `X-Forwarded-For` that none of them
/// has. What anybody else says there is not believed, and so the header of a stranger changes nothing.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.0.contains(address));
    let mut client = peer.to_canonical();
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let mut said = lines.iter().rev().flat_map(|line| {
        let text = line.to_str().unwrap_or_default();
        text.rsplit(',').map(str::trim)
    });
    while is_trusted(&client) {
        match said.next().map(str::parse::<IpAddr>) {
            Some(Ok(before)) => client = before.to_canonical(),
            // What cannot be read, the proxy itself answers for.
            Some(Err(_)) | None => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], trusted: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<_> = trusted
            .iter()
            .map(|net| Network::read(net).unwrap())
            .collect();
        let found = client(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxy = &["10.0.0.0/8"];
        check("192.0.2.1", &["1.1.1.1"], &[], "192.0.2.1");
        check("192.0.2.1", &["1.1.1.1"], proxy, "192.0.2.1");
        check("10.0.0.1", &["1.1.1.1"], proxy, "1.1.1.1");
        check("10.0.0.1", &[], proxy, "10.0.0.1");
        // What stands before the address that our proxy saw is the client's own invention.
        check("10.0.0.1", &["8.8.8.8, 1.1.1.1"], proxy, "1.1.1.1");
        check("10.0.0.1", &["8.8.8.8", "1.1.1.1"], proxy, "1.1.1.1");
        check("10.0.0.1", &["1.1.1.1, 10.0.0.2"], proxy, "1.1.1.1");
        check("10.0.0.1", &["1.1.1.1, nonsense"], proxy, "10.0.0.1");
        check("::ffff:10.0.0.1", &["1.1.1.1"], proxy, "1.1.1.1");
    }
}
