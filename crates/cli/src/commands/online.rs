//! Whether what the configuration points to is there: `causeway config validate --online`.

use causeway_evm::{EvmChain, EvmError};
use causeway_ibc_evm::{ContractsError, IbcContracts, client_view};
use futures::future::join_all;

use crate::{
    config::{ChainConfig, Config, ConfigError, ConfigErrors, Problem},
    failure::chain_of,
    network::driver_config,
    redact::redact_url,
};

/// Asks every endpoint for its chain, every router for its applications and for the clients of the
/// routes; answers everything that is wrong at once.
pub(super) async fn check(config: &Config) -> Result<(), ConfigErrors> {
    let chains = config.chains.iter().enumerate();
    let found = join_all(chains.map(|(index, chain)| check_chain(config, index, chain))).await;
    ConfigErrors::none_in(found.into_iter().flatten().collect())
}

async fn check_chain(config: &Config, index: usize, chain: &ChainConfig) -> Vec<ConfigError> {
    let mut found = Vec::new();
    let mut connected = None;
    // One at a time: together they would cover for each other.
    for (number, url) in chain.endpoints.iter().enumerate() {
        let mut alone = driver_config(chain);
        alone.endpoints = vec![url.clone()];
        alone.agreement = 1;
        match EvmChain::connect(alone).await {
            Ok(chain) => connected = connected.or(Some(chain)),
            Err(error) => {
                let address = redact_url(url);
                let problem = match error {
                    EvmError::WrongChain { got, .. } => Problem::WrongChain {
                        address,
                        actual: format!("eip155:{got}"),
                    },
                    error => Problem::Unreachable {
                        address,
                        reason: chain_of(&error),
                    },
                };
                let field = format!("chains[{index}].endpoints[{number}]");
                found.push(ConfigError::new(field, problem));
            }
        }
    }
    if let Some(connected) = connected {
        found.extend(check_contracts(config, index, chain, &connected).await);
    }
    found
}

async fn check_contracts(
    config: &Config,
    index: usize,
    chain: &ChainConfig,
    connected: &EvmChain,
) -> Vec<ConfigError> {
    let Some(router) = chain.router else {
        return Vec::new();
    };
    let provider = connected.provider();
    let refuse = |field: String, error: &ContractsError| {
        let problem = match error {
            ContractsError::NoRouter(_) => Problem::NoContract {
                router,
                chain: chain.id.clone(),
            },
            error => Problem::Contracts(chain_of(error)),
        };
        ConfigError::new(field, problem)
    };
    if let Err(error) = IbcContracts::discover(&provider, router).await {
        return vec![refuse(format!("chains[{index}].router"), &error)];
    }
    let mut found = Vec::new();
    for (number, route) in config.routes.iter().enumerate() {
        for (side, end) in route.ends() {
            if end.chain == chain.id
                && let Err(error) = client_view(&provider, router, &end.client).await
            {
                found.push(refuse(format!("routes[{number}].{side}.client"), &error));
            }
        }
    }
    found
}
