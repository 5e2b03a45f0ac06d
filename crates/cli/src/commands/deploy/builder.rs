//! What is built on one chain: the contracts and the light client of the other chain.

use std::fmt;

use alloy::{primitives::Address, providers::Provider, signers::local::PrivateKeySigner};
use causeway_evm::EvmChain;
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::{
    Account, ClientSpec, ContractsError, IbcContracts, RoleHolders, client_view, deploy_client,
    deploy_stack,
};
use causeway_relayer::ClientView;
use causeway_types::ChainId;
use serde::Serialize;

use crate::{
    address::checksummed,
    commands::crossing::chain_failure,
    config::{ChainConfig, Config},
    failure::{Failure, chain_of},
    network::connect,
    progress::Progress,
};

#[derive(Serialize)]
struct Deployed {
    event: &'static str,
    chain: ChainId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(serialize_with = "checksummed")]
    address: Address,
    gas: u64,
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.client.as_ref().map_or("router", ClientId::as_str);
        let Self {
            event,
            chain,
            address,
            gas,
            ..
        } = self;
        write!(f, "{event:<9} {chain}  {what} at {address}")?;
        if *gas > 0 {
            write!(f, "  {gas} gas")
        } else {
            Ok(())
        }
    }
}

/// The contracts of a chain, and, if they are new, the block before them.
pub(super) struct Stack {
    pub(super) contracts: IbcContracts,
    pub(super) start: Option<u64>,
}

/// One chain on which something is built, and what it has already.
pub(super) struct Builder<'a> {
    config: &'a ChainConfig,
    chain: EvmChain,
    key: PrivateKeySigner,
    id: &'a ClientId,
    committee: &'a Committee,
    contracts: Option<IbcContracts>,
    client: Option<ClientView>,
}

impl<'a> Builder<'a> {
    /// Connects, and makes sure of everything that can be known before the first transaction: that
    /// the account can pay at all, and that what is there already fits.
    pub(super) async fn open(
        config: &Config,
        chain: &'a ChainConfig,
        key: &PrivateKeySigner,
        id: &'a ClientId,
        committee: &'a Committee,
    ) -> Result<Self, Failure> {
        let connected = connect(config, chain).await?;
        let account = key.address();
        let balance = connected
            .balance(account)
            .await
            .map_err(|error| chain_failure(&error))?;
        if balance.is_zero() {
            let message = format!("{account} has no coin on {} to pay with", chain.id);
            return Err(Failure::usage(
                "--key",
                message,
                "send it some, or use another key",
            ));
        }
        let key = key.clone();
        let (contracts, client) = (None, None);
        let mut builder = Self {
            config: chain,
            chain: connected,
            key,
            id,
            committee,
            contracts,
            client,
        };
        if let Some(router) = chain.router {
            builder.find(router).await?;
        }
        Ok(builder)
    }

    async fn find(&mut self, router: Address) -> Result<(), Failure> {
        let provider = self.chain.provider();
        let contracts = IbcContracts::discover(&provider, router)
            .await
            .map_err(|error| {
                Failure::failed("contracts", error)
                    .at(format!("router of {}", self.config.id))
                    .remedy("correct the address, or remove it to deploy new contracts")
            })?;
        self.contracts = Some(contracts);
        self.client = match client_view(&provider, router, self.id).await {
            Ok(view) if view.committee == *self.committee => Some(view),
            Ok(view) => {
                let (m, n) = (view.committee.threshold(), view.committee.members().len());
                let (id, chain) = (self.id, &self.config.id);
                let message =
                    format!("{id} on {chain} exists and trusts another committee ({m} of {n})");
                let remedy = "name that committee, or remove the routers from the configuration to begin anew";
                return Err(Failure::usage("--attestors", message, remedy));
            }
            Err(ContractsError::NoClient { .. }) => None,
            Err(error) => return Err(chain_failure(&error)),
        };
        Ok(())
    }

    /// Refuses to keep a client here if the other chain is to get new contracts: it has believed the
    /// old ones, and attestors that still read those would prove to it what never happened.
    pub(super) fn check_counterparty(&self, other: &Builder<'_>) -> Result<(), Failure> {
        if self.client.is_none() || other.contracts.is_some() {
            return Ok(());
        }
        let (id, here, there) = (self.id, &self.config.id, &other.config.id);
        let message = format!("{there} has no router, but {id} on {here} follows an earlier one");
        let remedy = "set that router again, or remove both routers to begin anew";
        let field = format!("router of {there}");
        Err(Failure::usage(&field, message, remedy))
    }

    fn account(&self, contracts: IbcContracts) -> Account {
        Account::new(&self.chain, contracts, self.key.clone())
    }

    fn step(
        &self,
        progress: &Progress,
        client: bool,
        event: &'static str,
        address: Address,
        gas: u64,
    ) {
        let client = client.then(|| self.id.clone());
        progress.step(&Deployed {
            event,
            chain: self.config.id.clone(),
            client,
            address,
            gas,
        });
    }

    /// The chain's contracts: those it has, or new ones.
    pub(super) async fn stack(
        &self,
        progress: &Progress,
        holders: &RoleHolders,
    ) -> Result<Stack, Failure> {
        if let Some(contracts) = self.contracts {
            self.step(progress, false, "kept", contracts.router, 0);
            return Ok(Stack {
                contracts,
                start: None,
            });
        }
        progress.waiting("deploying the contracts");
        let start = self
            .chain
            .head()
            .await
            .map_err(|error| chain_failure(&error))?
            .height;
        let [router, transfer, gmp] = [Address::ZERO; 3];
        let account = self.account(IbcContracts {
            router,
            transfer,
            gmp,
        });
        let stack = deploy_stack(&account, holders)
            .await
            .map_err(|error| deploy_failure(&error))?;
        self.step(
            progress,
            false,
            "deployed",
            stack.contracts.router,
            stack.gas_used,
        );
        Ok(Stack {
            contracts: stack.contracts,
            start: Some(start),
        })
    }

    /// The light client here that follows the other chain: the one there is, or a new one.
    pub(super) async fn client(
        &self,
        progress: &Progress,
        contracts: IbcContracts,
        other: &Builder<'_>,
    ) -> Result<(), Failure> {
        if let Some(view) = &self.client {
            self.step(progress, true, "kept", view.address, 0);
            return Ok(());
        }
        progress.waiting("deploying the light clients");
        // The client believes this height and its time unsigned: a time from the future would let
        // packets time out that still can be delivered.
        let genesis = other.chain.agreed_newest_final_block().await;
        let genesis = genesis.map_err(|error| chain_failure(&error))?;
        let spec = ClientSpec {
            id: self.id.clone(),
            counterparty: other.id.clone(),
            committee: self.committee.clone(),
            genesis,
        };
        let number = self.chain.provider().get_chain_id().await;
        let number = number.map_err(|error| chain_failure(&error))?;
        let client = deploy_client(&self.account(contracts), number, contracts.router, &spec).await;
        let client = client.map_err(|error| deploy_failure(&error))?;
        self.step(progress, true, "deployed", client.address, client.gas_used);
        Ok(())
    }
}

fn deploy_failure(error: &dyn std::error::Error) -> Failure {
    Failure::failed("deploy", chain_of(error))
        .remedy("run the same command again: what was finished is in the configuration and is kept")
}
