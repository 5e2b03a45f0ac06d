//! From the configuration's words to connected chains and the routes between them.

use std::{path::Path, time::Duration};

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use causeway_attestor::AttestorClient;
use causeway_evm::{EvmChain, EvmConfig, EvmError, Finality};
use causeway_ibc::ClientId;
use causeway_ibc_evm::{Account, IbcContracts};
use causeway_relayer::ClientEnd;
use url::Url;

use crate::{
    config::{ChainConfig, Config, FinalityConfig, RouteEnd},
    failure::Failure,
};

/// The chain of this name or id.
pub(crate) fn find_chain<'a>(
    config: &'a Config,
    argument: &str,
    text: &str,
) -> Result<&'a ChainConfig, Failure> {
    let named =
        |chain: &&ChainConfig| chain.name.as_deref() == Some(text) || chain.id.as_str() == text;
    config.chains.iter().find(named).ok_or_else(|| {
        let known: Vec<String> = config
            .chains
            .iter()
            .map(|chain| match &chain.name {
                Some(name) => format!("{name} ({})", chain.id),
                None => chain.id.to_string(),
            })
            .collect();
        Failure::usage(
            argument,
            format!("{text:?} is no chain of the configuration"),
            format!(
                "known chains: {}; add others as [[chains]]",
                known.join(", ")
            ),
        )
    })
}

/// What the driver is told about the chain.
pub(crate) fn driver_config(chain: &ChainConfig) -> EvmConfig {
    let mut config = EvmConfig::new(chain.id.clone(), chain.endpoints.clone());
    config.agreement = chain.required_agreement();
    config.poll_interval = chain.poll_interval;
    config.finality = match chain.finality {
        FinalityConfig::Finalized => Finality::Finalized,
        FinalityConfig::Safe => Finality::Safe,
        FinalityConfig::Depth(depth) => Finality::Depth(depth),
    };
    config
}

/// Connects to the chain.
pub(crate) async fn connect(config: &Config, chain: &ChainConfig) -> Result<EvmChain, Failure> {
    let index = config
        .chains
        .iter()
        .position(|c| c.id == chain.id)
        .unwrap_or_default();
    connect_to(driver_config(chain), &format!("chains[{index}].endpoints")).await
}

/// Connects to a chain through the endpoints that this key of the configuration names.
pub(crate) async fn connect_to(config: EvmConfig, field: &str) -> Result<EvmChain, Failure> {
    let failed =
        |code, error: &EvmError, remedy| Failure::failed(code, error).at(field).remedy(remedy);
    EvmChain::connect(config)
        .await
        .map_err(|error| match error {
            EvmError::WrongChain { .. } => failed(
                "wrong-chain",
                &error,
                "correct the endpoint or the chain's id",
            ),
            _ => failed(
                "unreachable",
                &error,
                "check the URLs, and that the nodes are running and reachable from here",
            ),
        })
}

/// The router of the chain, or the way to get one.
pub(crate) fn router(chain: &ChainConfig) -> Result<Address, Failure> {
    chain.router.ok_or_else(|| {
        Failure::usage(
            "router",
            format!("{} has no router yet", chain.id),
            "run `causeway deploy`",
        )
    })
}

/// A chain that is connected, with its contracts.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) chain: EvmChain,
    pub(crate) label: String,
    pub(crate) contracts: IbcContracts,
}

impl Side {
    /// Connects to a chain and finds its contracts.
    pub(crate) async fn open(config: &Config, chain: &ChainConfig) -> Result<Self, Failure> {
        let address = router(chain)?;
        let connected = connect(config, chain).await?;
        let contracts = IbcContracts::discover(&connected.provider(), address)
            .await
            .map_err(|error| {
                Failure::failed("contracts", &error)
                    .at(format!("router of {}", chain.id))
                    .remedy("correct the address, or remove it and run `causeway deploy`")
            })?;
        Ok(Self {
            chain: connected,
            label: chain.label().to_owned(),
            contracts,
        })
    }

    /// The account of this key here.
    pub(crate) fn account(&self, key: PrivateKeySigner) -> Account {
        Account::new(&self.chain, self.contracts, key)
    }
}

/// One direction of a route.
#[derive(Clone, Debug)]
pub(crate) struct Direction {
    /// The source's client of the destination.
    pub(crate) source: RouteEnd,
    /// The destination's client of the source.
    pub(crate) destination: RouteEnd,
}

/// The route from one chain to another; `client` chooses when there are several.
pub(crate) fn find_route(
    config: &Config,
    path: &Path,
    from: &ChainConfig,
    to: &ChainConfig,
    client: Option<&ClientId>,
) -> Result<Direction, Failure> {
    if from.id == to.id {
        return Err(Failure::usage(
            "--to",
            format!("{} is also the source", to.label()),
            "name two different chains",
        ));
    }
    let all = config.routes.iter().flat_map(|route| {
        [(&route.a, &route.b), (&route.b, &route.a)].map(|(source, destination)| Direction {
            source: source.clone(),
            destination: destination.clone(),
        })
    });
    let leaving: Vec<Direction> = all.filter(|d| d.source.chain == from.id).collect();
    let mut fitting: Vec<Direction> = leaving
        .iter()
        .filter(|d| d.destination.chain == to.id)
        .cloned()
        .collect();
    if fitting.is_empty() {
        let reached: Vec<String> = leaving
            .iter()
            .map(|d| d.destination.chain.to_string())
            .collect();
        let elsewhere = if reached.is_empty() {
            String::new()
        } else {
            format!("; routes lead from there to {}", reached.join(", "))
        };
        let (from, to) = (from.label(), to.label());
        return Err(Failure::usage(
            "--to",
            format!(
                "{} has no route from {from} to {to}{elsewhere}",
                path.display()
            ),
            format!("make one with `causeway deploy --from {from} --to {to}`"),
        ));
    }
    let clients: Vec<String> = fitting
        .iter()
        .map(|d| d.source.client.to_string())
        .collect();
    if let Some(client) = client {
        fitting.retain(|d| &d.source.client == client);
    }
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (found, _) => {
            let message = if found.is_some() {
                "several routes lead there"
            } else {
                "no route has this client"
            };
            let remedy = format!("choose one by the source's client: {}", clients.join(", "));
            Err(Failure::usage("--client", message, remedy))
        }
    }
}

/// Clients of these attestors that wait so long for an answer.
pub(crate) fn attestor_clients(
    urls: &[Url],
    patience: Duration,
) -> Result<Vec<AttestorClient>, Failure> {
    let clients = urls
        .iter()
        .map(|url| AttestorClient::new(url.clone(), patience));
    clients
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::failed("http", error))
}

/// An end of a route as the relayer knows it.
pub(crate) fn client_end(end: &RouteEnd) -> ClientEnd {
    ClientEnd {
        chain: end.chain.clone(),
        client: end.client.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RouteConfig, STARTER, parse};

    fn config(routes: &[(&str, u64, &str, u64)]) -> Config {
        let mut config = parse(STARTER, []).unwrap();
        let end = |chain, client: &str| RouteEnd {
            chain: causeway_types::ChainId::eip155(chain),
            client: client.parse().unwrap(),
        };
        config.routes = routes
            .iter()
            .map(|(a, on_a, b, on_b)| RouteConfig {
                a: end(*on_a, a),
                b: end(*on_b, b),
            })
            .collect();
        config
    }

    fn route(
        config: &Config,
        from: usize,
        to: usize,
        client: Option<&str>,
    ) -> Result<String, String> {
        let client = client.map(|c| c.parse().unwrap());
        let (from, to) = (&config.chains[from], &config.chains[to]);
        find_route(config, Path::new("c.toml"), from, to, client.as_ref())
            .map(|d| format!("{} {}", d.source.client, d.destination.client))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_route_is_found_in_both_directions() {
        let config = config(&[("on-a", 31337, "on-b", 31338)]);
        assert_eq!(route(&config, 0, 1, None), Ok("on-a on-b".to_owned()));
        assert_eq!(route(&config, 1, 0, None), Ok("on-b on-a".to_owned()));
        assert!(
            route(&config, 0, 0, None)
                .unwrap_err()
                .contains("also the source")
        );
        assert!(
            route(&config, 0, 1, Some("on-c"))
                .unwrap_err()
                .contains("on-a")
        );
    }

    #[test]
    fn no_route_and_several_routes_are_told_apart() {
        let none = route(&config(&[]), 0, 1, None).unwrap_err();
        assert!(
            none.contains("no route from alpha to beta") && none.contains("causeway deploy"),
            "{none}"
        );
        let two = config(&[
            ("on-a1", 31337, "on-b1", 31338),
            ("on-a2", 31337, "on-b2", 31338),
        ]);
        let several = route(&two, 0, 1, None).unwrap_err();
        assert!(
            several.contains("several") && several.contains("on-a1, on-a2"),
            "{several}"
        );
        assert_eq!(
            route(&two, 0, 1, Some("on-a2")),
            Ok("on-a2 on-b2".to_owned())
        );
    }

    #[test]
    fn an_unknown_chain_is_answered_with_the_known_ones() {
        let config = config(&[]);
        assert_eq!(
            find_chain(&config, "--from", "beta").unwrap().id.as_str(),
            "eip155:31338"
        );
        assert_eq!(
            find_chain(&config, "--from", "eip155:31337")
                .unwrap()
                .label(),
            "alpha"
        );
        let error = find_chain(&config, "--from", "gamma")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("--from: \"gamma\"") && error.contains("beta (eip155:31338)"),
            "{error}"
        );
    }
}
