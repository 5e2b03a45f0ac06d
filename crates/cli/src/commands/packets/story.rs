//! `causeway packets show`: a packet's whole story.

use std::fmt;

use causeway_engine::{EffectFilter, EffectStatus, EffectView, Machine, ProcessId, UnixMillis};
use causeway_relayer::{FactTx, PacketMachine, PacketRecord};
use clap::Args;
use serde::Serialize;

use super::{PacketLine, known, message_of, store};
use crate::{config::LoadedConfig, failure::Failure, store::open_to_read};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway packets show eip155:31337/attest-31338-on-31337/1
  causeway packets show eip155:31337/attest-31338-on-31337/1 --json")]
pub(super) struct ShowArgs {
    /// The packet, as the list names it: CHAIN/CLIENT/SEQUENCE of its source
    packet: String,
}

#[derive(Serialize)]
pub(super) struct PacketStory {
    #[serde(flatten)]
    line: PacketLine,
    /// The messages that had or have to be carried, oldest first.
    messages: Vec<MessageLine>,
    record: PacketRecord,
}

/// One message: where it goes and how that went.
#[derive(Serialize)]
struct MessageLine {
    message: String,
    to: String,
    state: &'static str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When it is tried next, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<UnixMillis>,
    /// Who carries it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_by: Option<String>,
}

impl MessageLine {
    fn of(effect: EffectView, now: UnixMillis) -> Self {
        let message = message_of(&effect).to_owned();
        let carried = effect.lease.filter(|(_, until)| *until > now);
        let waits = effect.status == EffectStatus::Pending;
        let held = effect.due_at == UnixMillis::NEVER;
        let state = match effect.status {
            EffectStatus::Done => "done",
            EffectStatus::Cancelled => "no longer needed",
            EffectStatus::Pending if carried.is_some() => "being carried",
            EffectStatus::Pending if held => "skipped",
            EffectStatus::Pending => "waiting",
        };
        Self {
            message,
            to: effect.lane.trim_start_matches("relay/").to_owned(),
            state,
            attempts: effect.attempts,
            last_error: effect.last_error,
            next_try: (waits && !held).then_some(effect.due_at),
            carried_by: carried.map(|(owner, _)| owner),
        }
    }
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
        for line in &self.messages {
            let message = &line.message;
            write!(f, "\n{message:<13} to {}: {}", line.to, line.state)?;
            if line.attempts > 0 {
                write!(f, ", failed {} times", line.attempts)?;
            }
            if let Some(next) = line.next_try.filter(|_| line.state == "waiting") {
                let wait = next.since(UnixMillis::now());
                let wait = std::time::Duration::from_secs(wait.as_secs());
                write!(f, ", next try in {}", humantime::format_duration(wait))?;
            }
            if let Some(error) = &line.last_error {
                write!(f, "\n              {error}")?;
            }
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

pub(super) async fn show(args: &ShowArgs, loaded: &LoadedConfig) -> Result<PacketStory, Failure> {
    let engine = open_to_read(loaded).await?;
    let process = known(&engine, &args.packet).await?;
    let filter = EffectFilter {
        process: Some(ProcessId {
            kind: PacketMachine::KIND.to_owned(),
            key: args.packet.clone(),
        }),
        ..EffectFilter::default()
    };
    let effects = engine.effects(filter).await.map_err(|e| store(&e))?;
    let now = UnixMillis::now();
    let messages = effects.into_iter();
    let record = process.state.clone();
    Ok(PacketStory {
        line: process.into(),
        messages: messages
            .map(|effect| MessageLine::of(effect, now))
            .collect(),
        record,
    })
}
