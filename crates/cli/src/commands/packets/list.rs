//! `causeway packets list`.

use std::{collections::BTreeSet, fmt};

use causeway_engine::{EffectFilter, Engine, Filter, Process};
use causeway_ibc::Phase;
use causeway_relayer::{PacketMachine, PacketRecord};
use clap::Args;
use serde::Serialize;

use super::{PacketLine, store};
use crate::{config::LoadedConfig, failure::Failure, network::find_chain, store::open_to_read};

/// How many processes are read at a time while a filter looks for its matches.
const PAGE: usize = 200;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway packets list
  causeway packets list --open --from alpha
  causeway packets list --stuck
  causeway packets list --client attest-31338-on-31337 --phase timed_out --limit 100 --json
  causeway packets list --limit 100 --after eip155:31337/attest-31338-on-31337/101")]
pub(super) struct ListArgs {
    /// Only packets in this phase: observed, final, proven, delivered, acknowledged, timing_out or
    /// timed_out
    #[arg(long)]
    phase: Vec<String>,
    /// Only packets whose story is not over
    #[arg(long)]
    open: bool,
    /// Only packets with a message that has failed or was skipped
    #[arg(long)]
    stuck: bool,
    /// Only packets that leave this chain
    #[arg(long, value_name = "CHAIN")]
    from: Option<String>,
    /// Only packets that go to this chain
    #[arg(long, value_name = "CHAIN")]
    to: Option<String>,
    /// Only packets over this light client, at either end
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Only packets that follow this one in the list: the next page
    #[arg(long, value_name = "PACKET")]
    after: Option<String>,
}

#[derive(Serialize)]
pub(super) struct PacketList {
    packets: Vec<PacketLine>,
    /// The last of them, if there may be more: the `--after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl fmt::Display for PacketList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.packets.is_empty() {
            return f.write_str("no packets");
        }
        let lines: Vec<String> = self.packets.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        self.next
            .as_ref()
            .map_or(Ok(()), |next| write!(f, "\nmore with --after {next}"))
    }
}

pub(super) async fn list(args: &ListArgs, loaded: &LoadedConfig) -> Result<PacketList, Failure> {
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
    let engine = open_to_read(loaded).await?;
    let stuck = if args.stuck {
        Some(stuck(&engine).await?)
    } else {
        None
    };
    let mut packets: Vec<PacketLine> = Vec::new();
    let mut after = args.after.clone();
    let mut more = true;
    while more && packets.len() <= args.limit {
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
        more = page.len() == PAGE;
        after = page.last().map(|process| process.key.clone());
        let fits = |process: &Process<PacketRecord>| {
            let packet = process.state.life.packet();
            let client = |id: &String| {
                packet.source_client.as_str() == id || packet.dest_client.as_str() == id
            };
            from.as_ref().is_none_or(|from| &process.state.src == from)
                && to.as_ref().is_none_or(|to| &process.state.dst == to)
                && args.client.as_ref().is_none_or(client)
                && stuck
                    .as_ref()
                    .is_none_or(|keys| keys.contains(&process.key))
        };
        packets.extend(page.into_iter().filter(fits).map(PacketLine::from));
    }
    let further = packets.len() > args.limit;
    packets.truncate(args.limit);
    let next = packets.last().filter(|_| further);
    let next = next.map(|line| line.packet.clone());
    Ok(PacketList { packets, next })
}

/// The packets with a message that has failed or is held back.
async fn stuck(engine: &Engine) -> Result<BTreeSet<String>, Failure> {
    let filter = EffectFilter {
        open_only: true,
        troubled_only: true,
        ..EffectFilter::default()
    };
    let effects = engine.effects(filter).await.map_err(|e| store(&e))?;
    let processes = effects.into_iter().map(|effect| effect.process.key);
    Ok(processes.collect())
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
