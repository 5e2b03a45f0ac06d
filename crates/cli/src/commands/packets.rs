//! `causeway packets`: what the node's store knows of packets.

use std::{fmt, path::Path};

use causeway_engine::{Filter, Process};
use causeway_ibc::Phase;
use causeway_relayer::{FactTx, PacketMachine, PacketRecord};
use causeway_types::ChainId;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    config::{self, LoadedConfig},
    failure::Failure,
    network::find_chain,
    output::Output,
    store::open_existing,
};

/// How many processes are read at a time while a filter looks for its matches.
const PAGE: usize = 200;

/// The arguments of `causeway packets`.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the store of the configuration, whether its node runs or not.

Examples:
  causeway packets list
  causeway packets show eip155:31337/attest-31338-on-31337/1")]
pub(crate) struct PacketsArgs {
    #[command(subcommand)]
    command: PacketsCommand,
}

#[derive(Debug, Subcommand)]
enum PacketsCommand {
    /// List packets, newest first
    List(ListArgs),
    /// Show one packet: its life, its payloads and the transactions
    Show(ShowArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway packets list
  causeway packets list --open --from alpha
  causeway packets list --phase timed_out --limit 100 --json")]
struct ListArgs {
    /// Only packets in this phase: observed, final, proven, delivered, acknowledged, timing_out or
    /// timed_out
    #[arg(long)]
    phase: Vec<String>,
    /// Only packets whose story is not over
    #[arg(long)]
    open: bool,
    /// Only packets that leave this chain
    #[arg(long, value_name = "CHAIN")]
    from: Option<String>,
    /// Only packets that go to this chain
    #[arg(long, value_name = "CHAIN")]
    to: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway packets show eip155:31337/attest-31338-on-31337/1
  causeway packets show eip155:31337/attest-31338-on-31337/1 --json")]
struct ShowArgs {
    /// The packet, as the list names it: CHAIN/CLIENT/SEQUENCE of its source
    packet: String,
}

#[derive(Serialize)]
struct PacketLine {
    packet: String,
    phase: String,
    from: ChainId,
    to: ChainId,
    timeout: u64,
    done: bool,
    facts: Vec<FactTx>,
}

impl From<Process<PacketRecord>> for PacketLine {
    fn from(process: Process<PacketRecord>) -> Self {
        let record = process.state;
        Self {
            packet: process.key,
            phase: process.phase,
            timeout: record.life.packet().timeout.as_secs(),
            from: record.src,
            to: record.dst,
            done: process.done,
            facts: record.facts,
        }
    }
}

impl fmt::Display for PacketLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<13} {} → {}", self.phase, self.packet, self.to)
    }
}

#[derive(Serialize)]
struct PacketList {
    packets: Vec<PacketLine>,
}

impl fmt::Display for PacketList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.packets.is_empty() {
            return f.write_str("no packets");
        }
        let lines: Vec<String> = self.packets.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[derive(Serialize)]
struct PacketStory {
    #[serde(flatten)]
    line: PacketLine,
    record: PacketRecord,
}

impl fmt::Display for PacketStory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\ntimeout       {}", self.line, self.line.timeout)?;
        for fact in &self.line.facts {
            let FactTx {
                fact,
                tx,
                height,
                time,
            } = fact;
            let fact = fact.to_string();
            write!(f, "\n{fact:<13} block {height} at {time}  {tx}")?;
        }
        for payload in &self.record.life.packet().payloads {
            let (from, to) = (&payload.source_port, &payload.dest_port);
            write!(
                f,
                "\npayload       {from} → {to}, {}, {} bytes",
                payload.version,
                payload.value.len()
            )?;
        }
        Ok(())
    }
}

/// Runs `causeway packets`.
pub(crate) async fn execute(args: PacketsArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    match args.command {
        PacketsCommand::List(args) => {
            let packets = list(&args, &loaded).await?;
            output.print(&PacketList { packets });
        }
        PacketsCommand::Show(args) => output.print(&show(&args, &loaded).await?),
    }
    Ok(())
}

async fn list(args: &ListArgs, loaded: &LoadedConfig) -> Result<Vec<PacketLine>, Failure> {
    for phase in &args.phase {
        check_phase(phase)?;
    }
    let chain = |argument, text: &Option<String>| {
        let found = text
            .as_ref()
            .map(|text| find_chain(&loaded.config, argument, text));
        found
            .transpose()
            .map(|chain| chain.map(|chain| chain.id.clone()))
    };
    let (from, to) = (chain("--from", &args.from)?, chain("--to", &args.to)?);
    let engine = open_existing(loaded).await?;
    let mut found: Vec<PacketLine> = Vec::new();
    let mut after = None;
    while found.len() < args.limit {
        let filter = Filter {
            phases: args.phase.clone(),
            open_only: args.open,
            after,
            newest_first: true,
            limit: Some(PAGE),
            ..Filter::default()
        };
        let page = engine
            .processes::<PacketMachine>(filter)
            .await
            .map_err(|e| store(&e))?;
        after = page.last().map(|process| process.key.clone());
        let fits = |process: &Process<PacketRecord>| {
            from.as_ref().is_none_or(|from| &process.state.src == from)
                && to.as_ref().is_none_or(|to| &process.state.dst == to)
        };
        found.extend(page.into_iter().filter(fits).map(PacketLine::from));
        if after.is_none() {
            break;
        }
    }
    found.truncate(args.limit);
    Ok(found)
}

async fn show(args: &ShowArgs, loaded: &LoadedConfig) -> Result<PacketStory, Failure> {
    let engine = open_existing(loaded).await?;
    let process = engine
        .process::<PacketMachine>(&args.packet)
        .await
        .map_err(|e| store(&e))?;
    let process = process.ok_or_else(|| {
        Failure::usage(
            "PACKET",
            format!("the store knows no packet {:?}", args.packet),
            "name it as `causeway packets list` does: CHAIN/CLIENT/SEQUENCE of its source",
        )
    })?;
    let record = process.state.clone();
    Ok(PacketStory {
        line: process.into(),
        record,
    })
}

fn check_phase(text: &str) -> Result<(), Failure> {
    let known = [
        Phase::Observed,
        Phase::Final,
        Phase::Proven,
        Phase::Delivered,
        Phase::Acknowledged,
        Phase::TimingOut,
        Phase::TimedOut,
    ]
    .map(Phase::name);
    if known.contains(&text) {
        return Ok(());
    }
    let message = format!("{text:?} is no phase of a packet");
    Err(Failure::usage(
        "--phase",
        message,
        format!("known phases: {}", known.join(", ")),
    ))
}

fn store(error: &dyn std::error::Error) -> Failure {
    Failure::failed("store", error)
        .at("store")
        .remedy("check that the store is this node's own and whole")
}
