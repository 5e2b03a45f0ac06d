//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{call, config, deploy, keys, packets, run, status, transfer};

/// Connects blockchains: tokens and calls cross between them over IBC v2, verified on arrival.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Configuration file
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        env = "CAUSEWAY_CONFIG",
        default_value = "causeway.toml"
    )]
    pub(crate) config: PathBuf,
    /// Print one JSON object per line instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  causeway config init
  causeway deploy --from alpha --to beta --key env:DEPLOYER_KEY
  causeway run
  causeway transfer --from alpha --to beta --token native --amount 1.5 --receiver 0x70997970C51812dc3A010C7d01b50e0d17dc79C8

Exit codes:
  0  done
  1  understood, but it could not be done
  2  the command line, the configuration or a key is wrong; nothing was done
  3  sent, but not delivered in time: refunded, or still on its way when the waiting ended

Environment:
  CAUSEWAY_CONFIG           the configuration file
  CAUSEWAY__SECTION__KEY    overrides a key of the configuration
  CAUSEWAY_KEY              private key that signs when --key is not given
  CAUSEWAY_PASSWORD         password of the keystore
  CAUSEWAY_KEYS_DIR         directory of the encrypted keys";

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write, check and describe the configuration
    Config(config::ConfigArgs),
    /// Run the node: relay, attest, or both, as configured
    Run(run::RunArgs),
    /// Deploy the contracts on two chains and connect them
    Deploy(deploy::DeployArgs),
    /// Send tokens to another chain
    Transfer(transfer::TransferArgs),
    /// Call a contract on another chain
    Call(call::CallArgs),
    /// List and show packets
    Packets(packets::PacketsArgs),
    /// Show what the running node does, and if nothing moves, why
    Status(status::StatusArgs),
    /// Make, list and show encrypted keys
    Keys(keys::KeysArgs),
}
