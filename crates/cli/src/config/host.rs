//! When two URLs lead to one machine, however they are written.

use std::net::IpAddr;

use url::{Host, Url};

/// One name for all the ways to write the host of a URL: ports, users, paths, capitals, a dot at the
/// end of a name, and the IPv6 form of an IPv4 address make no difference. All names and addresses
/// of one's own machine are one.
pub(super) fn host_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => of_name(name),
        Some(Host::Ipv4(ip)) => of_address(ip.into()),
        Some(Host::Ipv6(ip)) => of_address(ip.into()),
        None => String::new(),
    }
}

const THIS_MACHINE: &str = "localhost";

fn of_name(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // RFC 6761: these names never leave the machine.
    if name == THIS_MACHINE || name.ends_with(".localhost") {
        return THIS_MACHINE.to_owned();
    }
    name
}

fn of_address(ip: IpAddr) -> String {
    let ip = ip.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return THIS_MACHINE.to_owned();
    }
    ip.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_host(a: &str, b: &str) -> bool {
        host_of(&a.parse().unwrap()) == host_of(&b.parse().unwrap())
    }

    #[test]
    fn one_machine_written_in_two_ways_is_one() {
        for (a, b) in [
            ("https://rpc.example/a", "wss://rpc.example/b"),
            ("https://rpc.example", "https://rpc.example:8545"),
            ("https://rpc.example", "https://user:pass@rpc.example"),
            ("https://rpc.example", "https://rpc.example."),
            ("https://rpc.example", "https://RPC.Example"),
            ("https://rpc.example", "https://rpc%2eexample"),
            ("http://192.0.2.7", "http://[::ffff:192.0.2.7]"),
            ("http://192.0.2.7", "http://3221225991"),
            ("http://192.0.2.7", "http://0xc0.0.2.7:1"),
            ("http://[2001:db8::1]", "http://[2001:0db8:0:0:0:0:0:1]:9"),
            ("http://localhost:1", "http://127.0.0.1:2"),
            ("http://localhost:1", "http://localhost.:2"),
            ("http://127.0.0.1", "http://127.1.2.3"),
            ("http://127.0.0.1", "http://[::1]"),
            ("http://127.0.0.1", "http://0.0.0.0"),
            ("http://127.0.0.1", "http://[::ffff:127.0.0.1]"),
            ("http://127.0.0.1", "http://node.localhost"),
        ] {
            assert!(one_host(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn two_machines_are_two() {
        for (a, b) in [
            ("https://rpc.example", "https://rpc.example.org"),
            ("https://a.example", "https://b.example"),
            ("http://192.0.2.7", "http://192.0.2.8"),
            ("http://[2001:db8::1]", "http://[2001:db8::2]"),
            ("http://localhost", "http://localhost.example"),
        ] {
            assert!(!one_host(a, b), "{a} and {b}");
        }
    }
}
