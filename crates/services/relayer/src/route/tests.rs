use async_trait::async_trait;
use causeway_ibc::Sequence;
use causeway_types::Timestamp;

use super::*;
use crate::host::{ClientView, Follow, HostError, Message, Proof, SubmitError, Submitted};

/// A chain that is only asked for its name.
struct Named(ChainId);

#[async_trait]
impl Host for Named {
    fn chain(&self) -> &ChainId {
        &self.0
    }

    async fn follow(&self, _: Option<&str>) -> Result<Box<dyn Follow>, HostError> {
        unreachable!("routes ask a chain for nothing")
    }

    async fn client(&self, _: &ClientId) -> Result<ClientView, HostError> {
        unreachable!("routes ask a chain for nothing")
    }

    async fn moot(&self, _: &[&Message]) -> Result<Vec<bool>, HostError> {
        unreachable!("routes ask a chain for nothing")
    }

    async fn submit(
        &self,
        _: &str,
        _: &ClientView,
        _: &Proof,
        _: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>> {
        unreachable!("routes ask a chain for nothing")
    }
}

fn end(chain: u64, client: &str) -> ClientEnd {
    ClientEnd {
        chain: ChainId::eip155(chain),
        client: client.parse().unwrap(),
    }
}

fn routes(chains: &[u64], routes: &[[ClientEnd; 2]]) -> Result<Routes, RouteError> {
    let hosts = chains
        .iter()
        .map(|chain| Arc::new(Named(ChainId::eip155(*chain))) as Arc<dyn Host>);
    let routes = routes.iter().cloned().map(|[a, b]| Route { a, b });
    Routes::new(hosts.collect(), routes.collect())
}

fn packet(source_client: &str, dest_client: &str) -> Packet {
    Packet {
        sequence: Sequence::FIRST,
        source_client: source_client.parse().unwrap(),
        dest_client: dest_client.parse().unwrap(),
        timeout: Timestamp::from_secs(1),
        payloads: vec![],
    }
}

fn received() -> EventKind {
    EventKind::Received { acks: vec![] }
}

#[test]
fn a_packet_of_a_route_is_known_on_both_chains_and_in_both_directions() {
    let (a, b) = (end(1, "client-0"), end(2, "client-5"));
    let routes = routes(&[1, 2], &[[a.clone(), b.clone()]]).unwrap();
    let there = packet("client-0", "client-5");
    let back = packet("client-5", "client-0");
    let source_kinds = [
        EventKind::Sent,
        EventKind::TimedOut,
        EventKind::Acknowledged { acks: vec![] },
    ];
    for kind in source_kinds {
        assert_eq!(routes.ends_of(&a.chain, &kind, &there), Some((&a, &b)));
        assert_eq!(routes.ends_of(&b.chain, &kind, &back), Some((&b, &a)));
    }
    assert_eq!(
        routes.ends_of(&b.chain, &received(), &there),
        Some((&a, &b))
    );
    assert_eq!(routes.ends_of(&a.chain, &received(), &back), Some((&b, &a)));
}

#[test]
fn a_packet_of_nobodys_route_is_foreign() {
    let routes = routes(&[1, 2], &[[end(1, "client-0"), end(2, "client-5")]]).unwrap();
    let (one, two, three) = (ChainId::eip155(1), ChainId::eip155(2), ChainId::eip155(3));
    let sent = EventKind::Sent;
    assert_eq!(
        routes.ends_of(&one, &sent, &packet("client-1", "client-5")),
        None
    );
    assert_eq!(
        routes.ends_of(&three, &sent, &packet("client-0", "client-5")),
        None
    );
    // The right clients on the wrong chain.
    assert_eq!(
        routes.ends_of(&two, &sent, &packet("client-0", "client-5")),
        None
    );
    assert_eq!(
        routes.ends_of(&one, &received(), &packet("client-0", "client-5")),
        None
    );
}

#[test]
fn a_packet_that_claims_another_counterparty_is_foreign() {
    let routes = routes(&[1, 2], &[[end(1, "client-0"), end(2, "client-5")]]).unwrap();
    let (one, two) = (ChainId::eip155(1), ChainId::eip155(2));
    assert_eq!(
        routes.ends_of(&one, &EventKind::Sent, &packet("client-0", "client-6")),
        None
    );
    assert_eq!(
        routes.ends_of(&two, &received(), &packet("client-1", "client-5")),
        None
    );
}

#[test]
fn two_routes_cannot_share_a_client() {
    let shared = end(1, "client-0");
    let twice = [
        [shared.clone(), end(2, "client-5")],
        [end(3, "client-9"), shared.clone()],
    ];
    let error = routes(&[1, 2, 3], &twice).err();
    assert_eq!(error, Some(RouteError::ClientTwice(shared.clone())));
    let with_itself = routes(&[1], &[[shared.clone(), shared.clone()]]).err();
    assert_eq!(with_itself, Some(RouteError::ClientTwice(shared)));
}

#[test]
fn clients_of_one_name_on_different_chains_are_different_clients() {
    let pairs = [
        [end(1, "client-0"), end(2, "client-0")],
        [end(1, "client-1"), end(3, "client-0")],
    ];
    let routes = routes(&[1, 2, 3, 4], &pairs).unwrap();
    let kind = EventKind::Sent;
    let found = routes.ends_of(&ChainId::eip155(3), &kind, &packet("client-0", "client-1"));
    assert_eq!(found, Some((&end(3, "client-0"), &end(1, "client-1"))));
    let chains: Vec<_> = routes.hosts().map(|host| host.chain().clone()).collect();
    assert_eq!(
        chains,
        [1, 2, 3].map(ChainId::eip155),
        "a chain without a route is not followed"
    );
}

#[test]
fn a_route_to_an_unknown_chain_is_refused() {
    let error = routes(&[1], &[[end(1, "client-0"), end(2, "client-5")]]).err();
    assert_eq!(error, Some(RouteError::UnknownChain(ChainId::eip155(2))));
}
