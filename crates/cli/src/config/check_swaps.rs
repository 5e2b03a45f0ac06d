//! The rules of the part about swaps. What only chains can tell is found out when they are opened.

use super::{Config, Problem, SwapChainConfig, SwapsConfig};

impl Config {
    pub(super) fn check_swaps(
        &self,
        swaps: &SwapsConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        for (index, chain) in swaps.chains.iter().enumerate() {
            let at = |key: &str| format!("swaps.chains[{index}].{key}");
            let id = chain.id.clone();
            let earlier = &swaps.chains[..index];
            if let Some(other) = earlier.iter().position(|other| other.id == id) {
                refuse(at("id"), Problem::DuplicateSwapChain { id, other });
                continue;
            }
            match id.namespace() {
                "bip122" => self.check_bitcoin(index, chain, refuse),
                _ if self.chains.iter().all(|known| known.id != id) => {
                    let known = self.chains.iter().map(|known| known.id.to_string());
                    let known = known.collect();
                    refuse(at("id"), Problem::UnknownChain { chain: id, known });
                }
                _ if swaps.key.is_none() => {
                    refuse("swaps.key".to_owned(), Problem::NoSwapKey(id));
                }
                _ => {}
            }
        }
        if swaps.chains.is_empty() {
            refuse("swaps.chains".to_owned(), Problem::NoSwapChains);
        }
    }

    /// Whoever tells us that money is there must not be one alone.
    fn check_bitcoin(
        &self,
        index: usize,
        chain: &SwapChainConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let prefix = format!("swaps.chains[{index}]");
        self.check_endpoints(&prefix, &chain.endpoints, chain.agreement, refuse);
        if chain.contract.is_some() {
            refuse(
                format!("{prefix}.contract"),
                Problem::NoContracts(chain.id.clone()),
            );
        }
    }
}
