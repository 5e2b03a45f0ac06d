//! `causeway packets retry` and `causeway packets skip`: what an operator does about messages that
//! wait.

use std::fmt;

use causeway_engine::{
    EffectFilter, EffectView, EngineError, Machine, ProcessId, Unit, UnixMillis,
};
use causeway_relayer::PacketMachine;
use clap::Args;
use serde::Serialize;

use super::{known, message_of, store};
use crate::{config::LoadedConfig, failure::Failure, store::open_existing};

#[derive(Debug, Args)]
#[command(after_help = "\
What waits after failures is tried at once and counts as fresh; what was skipped is taken up again.
Works while the node runs, which takes it up within a second.

Examples:
  causeway packets retry eip155:31337/attest-31338-on-31337/1
  causeway packets retry --all-failed --json")]
#[group(required = true, multiple = false)]
pub(super) struct RetryArgs {
    /// The packet, as the list names it
    packet: Option<String>,
    /// All packets with a message that has failed; what was skipped stays skipped
    #[arg(long)]
    all_failed: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The delivery that waits is held back until `causeway packets retry`. Only deliveries can be skipped:
an acknowledgement or a timeout may be somebody's refund. When the packet's time is over, its timeout
is carried as always. What is being sent at this moment may still arrive.

Examples:
  causeway packets skip eip155:31337/attest-31338-on-31337/1 --yes
  causeway packets skip eip155:31337/attest-31338-on-31337/1 --yes --reason 'reverts, see #12'")]
pub(super) struct SkipArgs {
    /// The packet, as the list names it
    packet: String,
    /// Why, for whoever looks later
    #[arg(long, default_value = "by hand")]
    reason: String,
    /// Really do it
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
pub(super) struct Changed {
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<String>,
    action: &'static str,
    messages: u64,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, s) = (self.messages, if self.messages == 1 { "" } else { "s" });
        match (&self.packet, self.action) {
            (Some(packet), "skipped") => write!(f, "{packet}: {n} message{s} held back"),
            (Some(packet), _) => write!(f, "{packet}: {n} message{s} tried again now"),
            (None, _) => write!(f, "{n} message{s} tried again now"),
        }
    }
}

pub(super) async fn retry(args: RetryArgs, loaded: &LoadedConfig) -> Result<Changed, Failure> {
    let engine = open_existing(loaded).await?;
    if let Some(packet) = &args.packet {
        known(&engine, packet).await?;
    }
    let work = async {
        let mut unit = engine.begin(UnixMillis::now()).await?;
        let messages = match &args.packet {
            Some(packet) => unit.hasten(&process(packet)).await?,
            None => unit.hasten_failed(PacketMachine::KIND).await?,
        };
        unit.commit().await?;
        Ok::<_, EngineError>(messages)
    };
    let messages = work.await.map_err(|error| store(&error))?;
    if let (0, Some(packet)) = (messages, &args.packet) {
        return Err(Failure::failed(
            "nothing-waits",
            format!("no message of {packet} waits, or it is being carried right now"),
        )
        .at("PACKET")
        .remedy("see `causeway packets show` for where it stands"));
    }
    Ok(Changed {
        packet: args.packet,
        action: "retried",
        messages,
    })
}

pub(super) async fn skip(args: SkipArgs, loaded: &LoadedConfig) -> Result<Changed, Failure> {
    if !args.yes {
        return Err(Failure::usage(
            "--yes",
            format!("nobody will deliver {} after this", args.packet),
            "add --yes if that is meant; `causeway packets retry` takes it back",
        ));
    }
    let engine = open_existing(loaded).await?;
    known(&engine, &args.packet).await?;
    let reason = format!("skipped: {}", args.reason);
    let work = async {
        let open = EffectFilter {
            process: Some(process(&args.packet)),
            open_only: true,
            ..EffectFilter::default()
        };
        let deliveries = engine.effects(open).await?.into_iter();
        let deliveries = deliveries.filter(may_be_skipped);
        let mut unit: Unit<'_> = engine.begin(UnixMillis::now()).await?;
        let mut held = 0;
        for delivery in deliveries {
            held += u64::from(unit.hold(delivery.id, &reason).await?);
        }
        unit.commit().await?;
        Ok::<_, EngineError>(held)
    };
    let messages = work.await.map_err(|error| store(&error))?;
    if messages == 0 {
        let message = format!(
            "{} waits for no delivery that could be skipped",
            args.packet
        );
        return Err(Failure::failed("nothing-waits", message)
            .at("PACKET")
            .remedy("see `causeway packets show` for where it stands"));
    }
    Ok(Changed {
        packet: Some(args.packet),
        action: "skipped",
        messages,
    })
}

/// Deliveries alone: what else waits may be somebody's refund.
fn may_be_skipped(effect: &EffectView) -> bool {
    message_of(effect) == "receive"
}

fn process(packet: &str) -> ProcessId {
    ProcessId {
        kind: PacketMachine::KIND.to_owned(),
        key: packet.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use causeway_engine::EffectStatus;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_delivery_may_be_skipped_and_nothing_that_may_be_a_refund() {
        let skippable = ["receive", "acknowledge", "timeout"].map(|message| {
            may_be_skipped(&EffectView {
                id: serde_json::from_value(json!(1)).unwrap(),
                key: String::new(),
                lane: String::new(),
                process: process("eip155:1/client-on-1/7"),
                body: json!({ "message": { "message": message } }),
                status: EffectStatus::Pending,
                attempts: 1,
                last_error: None,
                due_at: UnixMillis::NEVER,
                lease: None,
                created_at: UnixMillis::NEVER,
                updated_at: UnixMillis::NEVER,
            })
        });
        assert_eq!(skippable, [true, false, false]);
    }
}
