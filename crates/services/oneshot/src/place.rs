use std::collections::BTreeMap;

use alloy::primitives::Address;
use causeway_evm::EvmChain;
use causeway_relayer::{ClientEnd, Committees, RouteTable};
use causeway_types::ChainId;

use crate::OneShotError;

/// A chain, with the router that packets go through there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The chain.
    pub chain: EvmChain,
    /// Its ICS-26 router. Packet events of any other contract are not believed.
    pub router: Address,
    /// The height of the router's first block: nothing is looked for below it.
    pub start: u64,
}

/// Delivers the packets of one transaction at a time; see the crate.
#[derive(Clone)]
pub struct OneShot {
    places: BTreeMap<ChainId, Place>,
    pub(crate) routes: RouteTable,
    pub(crate) committees: Committees,
}

impl OneShot {
    /// Over these chains and routes, with proofs from these attestors.
    pub fn new(places: Vec<Place>, routes: RouteTable, committees: Committees) -> Self {
        let places = places
            .into_iter()
            .map(|place| (place.chain.id().clone(), place));
        Self {
            places: places.collect(),
            routes,
            committees,
        }
    }

    /// All chains.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    /// All routes.
    pub fn routes(&self) -> &RouteTable {
        &self.routes
    }

    /// One chain.
    ///
    /// # Errors
    /// [`OneShotError::UnknownChain`].
    pub fn place(&self, chain: &ChainId) -> Result<&Place, OneShotError> {
        self.places
            .get(chain)
            .ok_or_else(|| OneShotError::UnknownChain(chain.clone()))
    }

    /// The end that belongs to this one.
    ///
    /// # Errors
    /// [`OneShotError::NoRoute`] if it is part of no route.
    pub fn counterparty(&self, end: &ClientEnd) -> Result<&ClientEnd, OneShotError> {
        self.routes
            .other_end(end)
            .ok_or_else(|| OneShotError::NoRoute(end.clone()))
    }
}
