//! Starts chains and puts the contracts on them.

use alloy::primitives::Address;
use anyhow::Result;
use causeway_evm::{EvmChain, EvmConfig, Finality};
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::{
    Account, ClientSpec, IbcContracts, RoleHolders, deploy_client, deploy_stack,
};
use causeway_types::ChainId;

use crate::{
    anvil::{Anvil, AnvilBinary, AnvilOptions, dev_key},
    options::{NetworkOptions, roles},
};

/// Starts a chain and connects to it.
pub(crate) async fn start_chain(
    binary: &AnvilBinary,
    options: &NetworkOptions,
    chain_id: u64,
    name: &str,
) -> Result<(Anvil, EvmChain)> {
    let usual = if chain_id == 31337 { 8545 } else { 8546 };
    let anvil = Anvil::spawn(
        binary,
        &AnvilOptions {
            block_time: options.block_time,
            port: Some(options.address(usual)?.port()),
            log: Some(options.dir.join(format!("{name}.log"))),
            ..AnvilOptions::new(chain_id)
        },
    )
    .await?;
    let mut config = EvmConfig::new(ChainId::eip155(chain_id), vec![anvil.ws_url()]);
    config.finality = Finality::Depth(options.depth);
    Ok((anvil, EvmChain::connect(config).await?))
}

/// Deploys the contracts on both chains and a light client on each that verifies the other.
pub(crate) async fn connect(
    a: &EvmChain,
    b: &EvmChain,
    committee: &Committee,
) -> Result<((IbcContracts, ClientId), (IbcContracts, ClientId))> {
    // Sending needs no contracts yet.
    let nothing = IbcContracts {
        router: Address::ZERO,
        transfer: Address::ZERO,
        gmp: Address::ZERO,
    };
    let account = |chain| Account::new(chain, nothing, dev_key(roles::DEPLOYER));
    let (on_a, on_b) = (account(a), account(b));
    let holders = RoleHolders::all(on_a.address());
    let (stack_a, stack_b) =
        tokio::try_join!(deploy_stack(&on_a, &holders), deploy_stack(&on_b, &holders))?;
    let id = |of: &EvmChain, on: &EvmChain| -> Result<ClientId> {
        Ok(format!("attest-{}-on-{}", of.id().reference(), on.id().reference()).parse()?)
    };
    let (client_on_a, client_on_b) = (id(b, a)?, id(a, b)?);
    let (head_a, head_b) = tokio::try_join!(a.final_block(), b.final_block())?;
    let spec = |id: &ClientId, counterparty: &ClientId, genesis| ClientSpec {
        id: id.clone(),
        counterparty: counterparty.clone(),
        committee: committee.clone(),
        genesis,
    };
    let spec_a = spec(&client_on_a, &client_on_b, head_b);
    let spec_b = spec(&client_on_b, &client_on_a, head_a);
    tokio::try_join!(
        deploy_client(&on_a, 31337, stack_a.contracts.router, &spec_a),
        deploy_client(&on_b, 31338, stack_b.contracts.router, &spec_b)
    )?;
    Ok((
        (stack_a.contracts, client_on_a),
        (stack_b.contracts, client_on_b),
    ))
}
