//! `causeway relay`: delivers the packets of one transaction, without a daemon.

mod carry;
mod say;

use std::{path::Path, time::Duration};

use alloy::primitives::{Address, B256};
use causeway_engine::Engine;
use causeway_oneshot::OneShot;
use clap::Args;
use tokio::time::Instant;
use url::Url;

use self::carry::{Carry, Sending};
use crate::{
    address::parse_address,
    config::{self, LoadedConfig},
    failure::Failure,
    keys::KeyArgs,
    network::find_chain,
    one_shot,
    output::Output,
    progress::Progress,
};

/// The arguments of `causeway relay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Finds the packets of the transaction, waits until its block is final, asks the attestors for their
signatures and delivers: a packet to its destination, an acknowledgement to its source, and a packet
whose time is over back to its sender as a refund. What is delivered already is left alone, so the
command may be repeated. The relayer's own key must not be used while the relayer runs with it.

Examples:
  causeway relay --tx 0x7f3c6c1b1c5e0a4d6f1c2b3a495867768594a3b2c1d0e0f0011223344556677a
  causeway relay --tx 0x7f3c6c1b1c5e0a4d6f1c2b3a495867768594a3b2c1d0e0f0011223344556677a --chain alpha --ack --key alice
  causeway relay --tx 0x7f3c6c1b1c5e0a4d6f1c2b3a495867768594a3b2c1d0e0f0011223344556677a --dry-run
  causeway relay --tx 0x7f3c6c1b1c5e0a4d6f1c2b3a495867768594a3b2c1d0e0f0011223344556677a --unsigned --from 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json

Ends with 0 when nothing of the transaction is left to deliver, with 3 when the waiting ended first.")]
pub(crate) struct RelayArgs {
    /// The transaction that sent the packets, or wrote their acknowledgements
    #[arg(long, value_name = "HASH")]
    tx: String,
    /// The transaction's chain: its name or CAIP-2 id [default: whichever has it]
    #[arg(long, value_name = "CHAIN")]
    chain: Option<String>,
    /// Also bring the acknowledgements back
    #[arg(long, conflicts_with_all = ["dry_run", "unsigned"])]
    ack: bool,
    /// Show what would be sent and what it would take, and send nothing
    #[arg(long, conflicts_with = "unsigned")]
    dry_run: bool,
    /// Print the transactions for a wallet of one's own, and send nothing
    #[arg(long)]
    unsigned: bool,
    /// The account that will send, where no key is given
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Attestor to ask; may be given several times [default: those of the relayer's configuration]
    #[arg(long, value_name = "URL")]
    attestor: Vec<Url>,
    /// How long to wait for finality and signatures
    #[arg(long, value_name = "TIME", default_value = "30m")]
    wait: String,
    #[command(flatten)]
    key: KeyArgs,
}

/// Runs `causeway relay`.
pub(crate) async fn execute(args: RelayArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let tx = parse_tx(&args.tx)?;
    let wait = parse_wait(&args.wait)?;
    let from = args.from.as_deref().map(parse_from).transpose()?;
    let chain = args
        .chain
        .as_deref()
        .map(|text| find_chain(&loaded.config, "--chain", text))
        .transpose()?
        .map(|chain| chain.id.clone());
    let attestors = attestors(&args, &loaded)?;
    let key = if args.dry_run || args.unsigned {
        None
    } else {
        Some(args.key.open()?)
    };
    let one_shot: OneShot = one_shot::open(&loaded.config, &attestors).await?;
    let sending = match key {
        Some(key) => {
            // The lanes' records are of no use once the command has ended: whoever repeats it finds
            // on the chain what was delivered.
            let store = Engine::open("sqlite::memory:")
                .await
                .map_err(|error| Failure::failed("store", error))?;
            Sending::Sign { key, store }
        }
        None if args.unsigned => Sending::Print { from },
        None => Sending::Estimate { from },
    };
    let carry = Carry {
        one_shot: &one_shot,
        config: &loaded.config,
        progress: &Progress::new(output),
        sending,
        deadline: Instant::now() + wait,
        ack: args.ack,
    };
    carry.transaction(tx, chain.as_ref()).await
}

fn parse_tx(text: &str) -> Result<B256, Failure> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.parse().map_err(|_| {
        Failure::usage(
            "--tx",
            format!("{text:?} is no transaction hash"),
            "write 0x and the 64 hexadecimal digits of the hash",
        )
    })
}

fn parse_from(text: &str) -> Result<Address, Failure> {
    parse_address(text).map_err(|error| Failure::address("--from", &error))
}

fn parse_wait(text: &str) -> Result<Duration, Failure> {
    humantime::parse_duration(text).map_err(|_| {
        Failure::usage(
            "--wait",
            format!("{text:?} is no duration"),
            "write a number with its unit, such as 10m or 2h",
        )
    })
}

/// The attestors of the command line, or those of the configuration.
fn attestors(args: &RelayArgs, loaded: &LoadedConfig) -> Result<Vec<Url>, Failure> {
    if !args.attestor.is_empty() {
        return Ok(args.attestor.clone());
    }
    let configured = loaded.config.relayer.as_ref();
    configured
        .map(|relayer| relayer.attestors.clone())
        .ok_or_else(|| {
            Failure::usage(
                "--attestor",
                "the configuration has no [relayer], and so names no attestors",
                "give --attestor URL for each of them, or add them to [relayer]",
            )
        })
}
