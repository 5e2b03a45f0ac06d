//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    api, attestors, call, client, config, deploy, doctor, held, keys, limits, packets, pause,
    relay, run, status, store, swap, transfer,
};

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
    /// Deliver the packets of one transaction, without a running relayer
    Relay(relay::RelayArgs),
    /// List and show packets
    Packets(packets::PacketsArgs),
    /// Exchange coins and tokens with others across chains, trusting nobody
    Swap(swap::SwapArgs),
    /// Make, list and revoke keys of the node's API, and print its document
    Api(api::ApiArgs),
    /// Copy the node's store
    Store(store::StoreArgs),
    /// Show what the running node does, and if nothing moves, why
    Status(status::StatusArgs),
    /// Show and set how much of a token may pass
    Limits(limits::LimitsArgs),
    /// List, release, veto and return transfers that are held
    Transfers(held::TransfersArgs),
    /// Stop transfers and calls on a chain, or over one route
    Pause(pause::PauseArgs),
    /// Resume what was stopped
    Unpause(pause::UnpauseArgs),
    /// Show whom the light clients trust, and hand over to other attestors
    Attestors(attestors::AttestorsArgs),
    /// Freeze a light client whose attestors contradicted themselves
    Client(client::ClientArgs),
    /// Check everything that a node needs, and say what to do about what is wrong
    Doctor(doctor::DoctorArgs),
    /// Make, list and show encrypted keys
    Keys(keys::KeysArgs),
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    /// Every command, with the words that lead to it.
    fn commands(path: &str, command: &Command) -> Vec<(String, Command)> {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        let below = command
            .get_subcommands()
            .flat_map(|below| commands(&path, below));
        let below: Vec<_> = below.collect();
        [(path, command.clone())].into_iter().chain(below).collect()
    }

    fn examples(command: &Command) -> Vec<String> {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples = help
            .split_once("Examples:")
            .map(|(_, rest)| rest.to_owned());
        let lines = examples.unwrap_or_default();
        lines
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .map(|line| line.trim().to_owned())
            .collect()
    }

    /// Splits a line as a shell would, as far as the examples go.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap_or_default();
        let parts = line.split('\'').enumerate();
        parts
            .flat_map(|(index, part)| match index % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_help_with_examples_that_are_accepted() {
        let all = commands("", &Cli::command());
        assert!(all.len() > 15, "{}", all.len());
        for (path, command) in all {
            assert!(
                command.get_about().is_some(),
                "{path} does not say what it does"
            );
            let examples = examples(&command);
            assert!(!examples.is_empty(), "{path} has no example");
            for example in examples {
                assert!(
                    example.starts_with(&path),
                    "{example} is no example of {path}"
                );
                let parsed = Cli::try_parse_from(words(&example));
                assert!(
                    parsed.is_ok(),
                    "{example}: {}",
                    parsed.err().map_or(String::new(), |e| e.to_string())
                );
            }
        }
    }

    #[test]
    fn every_argument_says_what_it_is() {
        for (path, command) in commands("", &Cli::command()) {
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{path} {}",
                    argument.get_id()
                );
            }
        }
    }
}
