//! Which clients belong together.

use std::{collections::BTreeMap, sync::Arc};

use causeway_ibc::{ClientId, Packet};
use causeway_types::ChainId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::host::{EventKind, Host};

/// One end of a route: a light client on a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientEnd {
    /// The chain that the client is on.
    pub chain: ChainId,
    /// The client, which verifies the route's other chain.
    pub client: ClientId,
}

impl std::fmt::Display for ClientEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.chain, self.client)
    }
}

/// A connection between two chains: a client on each that verifies the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// One end.
    pub a: ClientEnd,
    /// The other end.
    pub b: ClientEnd,
}

/// Routes that make no sense together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RouteError {
    /// A route names a chain that is not configured.
    #[error("a route names the chain {0}, which is not configured")]
    UnknownChain(ChainId),
    /// A client is part of two routes.
    #[error("the client {0} is part of two routes")]
    ClientTwice(ClientEnd),
}

/// Which ends belong together, whatever is known of their chains.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
    other_end: BTreeMap<ClientEnd, ClientEnd>,
}

impl RouteTable {
    /// The table of these routes; a client may be part of one only.
    pub fn new(routes: Vec<Route>) -> Result<Self, RouteError> {
        let mut other_end = BTreeMap::new();
        for Route { a, b } in &routes {
            for (here, there) in [(a, b), (b, a)] {
                if other_end.insert(here.clone(), there.clone()).is_some() {
                    return Err(RouteError::ClientTwice(here.clone()));
                }
            }
        }
        Ok(Self { routes, other_end })
    }

    /// All routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// All ends of all routes, each with its other end.
    pub fn ends(&self) -> impl Iterator<Item = (&ClientEnd, &ClientEnd)> {
        self.other_end.iter()
    }

    /// The end that belongs to this one.
    pub fn other_end(&self, end: &ClientEnd) -> Option<&ClientEnd> {
        self.other_end.get(end)
    }

    /// The ends (source, destination) that a packet seen on a chain travels between, if it is one
    /// of ours. A packet that claims a counterparty other than the route's is not.
    pub fn ends_of(
        &self,
        seen_on: &ChainId,
        kind: &EventKind,
        packet: &Packet,
    ) -> Option<(&ClientEnd, &ClientEnd)> {
        let seen_at_dst = matches!(kind, EventKind::Received { .. });
        let (client_here, client_there) = if seen_at_dst {
            (&packet.dest_client, &packet.source_client)
        } else {
            (&packet.source_client, &packet.dest_client)
        };
        let here = ClientEnd {
            chain: seen_on.clone(),
            client: client_here.clone(),
        };
        let (here, there) = self.other_end.get_key_value(&here)?;
        if &there.client != client_there {
            return None;
        }
        Some(if seen_at_dst {
            (there, here)
        } else {
            (here, there)
        })
    }
}

/// All routes of a relayer, with the chains they join.
pub struct Routes {
    hosts: BTreeMap<ChainId, Arc<dyn Host>>,
    table: RouteTable,
}

impl Routes {
    /// Joins hosts by routes.
    pub fn new(hosts: Vec<Arc<dyn Host>>, routes: Vec<Route>) -> Result<Self, RouteError> {
        let hosts: BTreeMap<_, _> = hosts
            .into_iter()
            .map(|host| (host.chain().clone(), host))
            .collect();
        for end in routes.iter().flat_map(|route| [&route.a, &route.b]) {
            if !hosts.contains_key(&end.chain) {
                return Err(RouteError::UnknownChain(end.chain.clone()));
            }
        }
        let table = RouteTable::new(routes)?;
        Ok(Self { hosts, table })
    }

    /// The chain of this name.
    pub fn host(&self, chain: &ChainId) -> Option<&Arc<dyn Host>> {
        self.hosts.get(chain)
    }

    /// All chains that a route touches.
    pub fn hosts(&self) -> impl Iterator<Item = &Arc<dyn Host>> {
        self.hosts
            .values()
            .filter(|host| self.ends().any(|(end, _)| &end.chain == host.chain()))
    }

    /// All routes.
    pub fn routes(&self) -> &[Route] {
        self.table.routes()
    }

    /// All ends of all routes: every one is a light client to which messages are carried.
    pub fn ends(&self) -> impl Iterator<Item = (&ClientEnd, &ClientEnd)> {
        self.table.ends()
    }

    /// See [`RouteTable::ends_of`].
    pub fn ends_of(
        &self,
        seen_on: &ChainId,
        kind: &EventKind,
        packet: &Packet,
    ) -> Option<(&ClientEnd, &ClientEnd)> {
        self.table.ends_of(seen_on, kind, packet)
    }
}

#[cfg(test)]
mod tests;
