//! `causeway swap deploy`: the contract that holds locks on an EVM chain.

use std::fmt;

use alloy::{primitives::Address, providers::Provider as _};
use causeway_contracts::PERMIT2;
use causeway_ibc_evm::{Account, IbcContracts};
use causeway_swap_service::evm::deploy_hash_time_lock;
use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use crate::{
    address::checksummed,
    config::{ConfigEdit, LoadedConfig},
    failure::Failure,
    keys::KeyArgs,
    network::{connect, find_chain},
    output::Output,
    progress::Progress,
};

/// The arguments of `causeway swap deploy`.
#[derive(Debug, Args)]
#[command(after_help = "\
One contract serves everybody on a chain, and has no owner. If the configuration has the chain among
[[swaps.chains]], its address is written there.

Examples:
  causeway swap deploy --on alpha --key env:DEPLOYER_KEY
  causeway swap deploy --on eip155:31337 --key deployer --json")]
pub(super) struct DeployArgs {
    /// The chain: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: String,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Serialize)]
struct Deployed {
    event: &'static str,
    chain: ChainId,
    #[serde(serialize_with = "checksummed")]
    contract: Address,
    /// Whether the configuration names it now.
    written: bool,
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deployed    {} on {}", self.contract, self.chain)?;
        if self.written {
            return f.write_str(", written to the configuration");
        }
        write!(
            f,
            "\nadd it to the configuration:\n[[swaps.chains]]\nid = \"{}\"\ncontract = \"{}\"",
            self.chain, self.contract
        )
    }
}

/// Runs `causeway swap deploy`.
pub(super) async fn execute(
    args: DeployArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let config = find_chain(&loaded.config, "--on", &args.on)?;
    let key = args.key.open()?;
    let chain = connect(&loaded.config, config).await?;
    let failed = |error: &dyn std::error::Error| {
        Failure::failed("deploy", crate::failure::chain_of(error))
            .remedy("check that the key's account has coin to pay with")
    };
    let code = chain.provider().get_code_at(PERMIT2).await;
    let has_permit2 = !code.map_err(|error| failed(&error))?.is_empty();
    let permit2 = if has_permit2 { PERMIT2 } else { Address::ZERO };
    // Nothing of IBC is needed for this.
    let none = IbcContracts {
        router: Address::ZERO,
        transfer: Address::ZERO,
        gmp: Address::ZERO,
    };
    let progress = Progress::new(output);
    progress.waiting(format!("the contract on {}", config.label()));
    let account = Account::new(&chain, none, key);
    let contract = deploy_hash_time_lock(&account, permit2).await;
    let contract = contract.map_err(|error| failed(&error))?;
    let mut edit = ConfigEdit::open(&loaded.path)?;
    let written = edit.set_swap_contract(&config.id, contract);
    if written {
        edit.save()?;
    }
    progress.step(&Deployed {
        event: "deployed",
        chain: config.id.clone(),
        contract,
        written,
    });
    Ok(())
}
