//! Everything that a node needs to work and to be safe, looked at once: `causeway doctor`.

mod attestors;
mod chains;
mod contracts;
mod finding;
mod roles;
mod settings;
mod store;
mod swap_chains;
mod swap_maker;
mod swaps;

use std::collections::BTreeMap;

use causeway_evm::EvmChain;
use causeway_ibc_evm::IbcContracts;
use causeway_types::ChainId;

pub(crate) use finding::{Level, Report};

use crate::config::LoadedConfig;

/// What is known of a chain once it was looked at.
pub(crate) struct Patient {
    chain: EvmChain,
    contracts: Option<IbcContracts>,
}

/// Looks at everything, the local things first.
pub(crate) async fn examine(loaded: &LoadedConfig) -> Report {
    let mut report = Report::default();
    let config = &loaded.config;
    settings::examine(config, &mut report);
    store::examine(loaded, &mut report).await;
    let signers = settings::open_keys(loaded, &mut report).await;
    let mut patients: BTreeMap<ChainId, Patient> = BTreeMap::new();
    for (index, chain) in config.chains.iter().enumerate() {
        if let Some(connected) = chains::examine(index, chain, &mut report).await {
            let contracts = contracts::examine_router(chain, &connected, &mut report).await;
            let patient = Patient {
                chain: connected,
                contracts,
            };
            patients.insert(chain.id.clone(), patient);
        }
    }
    let least = &config.alerts.low_balance;
    chains::examine_balances(&patients, &signers, least, &mut report).await;
    roles::examine(config, &patients, &signers, &mut report).await;
    let clients = contracts::examine_routes(config, &patients, &mut report).await;
    attestors::examine(config, &clients, &mut report).await;
    swaps::examine(loaded, &patients, &mut report).await;
    report
}
