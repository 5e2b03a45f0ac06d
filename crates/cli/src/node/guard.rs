//! From the configuration to a running monitor.

use std::sync::Arc;

use causeway_evm::{EvmChain, LaneConfig};
use causeway_ibc_evm::SharedLane;
use causeway_monitor::{
    Monitor, MonitorConfig as Config, MonitorError, OutflowLimit, WatchedChain, discover,
};
use causeway_relayer::Route;
use causeway_types::ChainId;
use futures::future::try_join_all;

use super::Node;
use crate::{
    config::MonitorConfig,
    failure::Failure,
    keys::NodeSigner,
    network::{client_end, connect_to, driver_config},
};

impl Node {
    /// The monitor, with chains of its own where it has endpoints of its own.
    pub(super) async fn wire_monitor(
        &self,
        part: &MonitorConfig,
        key: Option<NodeSigner>,
    ) -> Result<Monitor, Failure> {
        let watch = |id| self.watched_chain(part, id, key.clone());
        let chains = try_join_all(self.chains.keys().map(watch)).await?;
        let routes = self.config.routes.iter().map(|route| Route {
            a: client_end(&route.a),
            b: client_end(&route.b),
        });
        let outflow = OutflowLimit {
            window: part.outflow_window,
            percent: part.outflow_percent,
        };
        let tokens = part.tokens.as_ref();
        let config = Config {
            patience: part.patience,
            pause_when_blind: part.pause_when_blind,
            tokens: tokens.map(|tokens| {
                let named = tokens
                    .iter()
                    .map(|token| (token.chain.clone(), token.token));
                named.collect()
            }),
            outflow: (part.outflow_percent < 100).then_some(outflow),
            owner: format!("{}/monitor", self.replica(None)),
        };
        Monitor::new(self.engine.clone(), chains, routes.collect(), config)
            .map_err(|error: MonitorError| Failure::failed("monitor", error))
    }

    async fn watched_chain(
        &self,
        part: &MonitorConfig,
        id: &ChainId,
        key: Option<NodeSigner>,
    ) -> Result<WatchedChain, Failure> {
        let (config, router) = self.chain_config(id)?;
        let own = part.chains.iter().position(|chain| chain.id == *id);
        let chain = match own {
            None => self.chain(id)?.clone(),
            Some(index) => {
                let own = &part.chains[index];
                let mut driver = driver_config(config);
                driver.endpoints.clone_from(&own.endpoints);
                driver.agreement = own.agreement.unwrap_or(own.endpoints.len() / 2 + 1);
                connect_to(driver, &format!("monitor.chains[{index}].endpoints")).await?
            }
        };
        let contracts = discover(&chain, router).await.map_err(|error| {
            Failure::failed("contracts", error)
                .at(format!("router of {id}"))
                .remedy("check the monitor's endpoints and the router's address")
        })?;
        let lane = match key {
            Some(key) => Some(self.pausing_lane(&chain, key).await?),
            None => None,
        };
        Ok(WatchedChain {
            chain,
            contracts,
            start: config.start_height,
            lane,
        })
    }

    async fn pausing_lane(
        &self,
        chain: &EvmChain,
        key: NodeSigner,
    ) -> Result<Arc<SharedLane>, Failure> {
        let (engine, replica) = (self.engine.clone(), self.replica(None));
        SharedLane::open(chain.clone(), key, engine, replica, LaneConfig::default())
            .await
            .map(Arc::new)
            .map_err(|error| {
                Failure::failed("lane", error).at("monitor.key").remedy(
                    "let this node alone send with its key, and keep its store with its chain",
                )
            })
    }
}

/// One key cannot serve two lanes: each would take the other's nonces.
pub(super) fn check_keys(
    relayer: Option<&NodeSigner>,
    monitor: Option<&NodeSigner>,
) -> Result<(), Failure> {
    match (relayer, monitor) {
        (Some(relayer), Some(monitor)) if relayer.address() == monitor.address() => {
            let message = "it is the relayer's key";
            let remedy = "give the monitor a key of its own, with the pauser role";
            Err(Failure::usage("monitor.key", message, remedy))
        }
        _ => Ok(()),
    }
}
