//! Watching a packet until its sender knows what became of it.

use std::{
    fmt,
    time::{Duration, Instant},
};

use alloy::primitives::{B256, Bytes};
use causeway_evm::EvmChain;
use causeway_ibc::{Acknowledgement, Packet};
use causeway_ibc_evm::{SeenOn, Sent, TrackError, Tracker};
use causeway_relayer::EventKind;
use causeway_types::ChainId;
use serde::Serialize;

use super::crossing::Crossing;
use crate::{
    failure::{Exit, Failure},
    network::Side,
    progress::Progress,
};

/// What is waited beyond the packet's own time: a refund must be proven first.
const REFUND_PATIENCE: Duration = Duration::from_mins(10);

/// A step of a crossing.
#[derive(Serialize)]
struct Step {
    event: &'static str,
    chain: ChainId,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gas: Option<u64>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Bytes>,
    #[serde(skip)]
    label: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<13} {:<8} {:>6.1} s",
            self.event, self.label, self.seconds
        )?;
        if let Some(gas) = self.gas {
            write!(f, "  {gas:>9} gas")?;
        }
        if let Some(tx) = self.tx {
            write!(f, "  {tx}")?;
        }
        self.result
            .as_ref()
            .map_or(Ok(()), |result| write!(f, "\n{:<13} {result}", "result"))
    }
}

/// One packet being watched.
pub(super) struct Watch<'a> {
    pub(super) crossing: &'a Crossing,
    pub(super) progress: &'a Progress,
    pub(super) started: Instant,
    pub(super) packet: &'a Packet,
}

impl Watch<'_> {
    /// Tells of a step.
    pub(super) fn step(
        &self,
        event: &'static str,
        side: &Side,
        seen: Option<(B256, u64, u64)>,
        result: Option<Bytes>,
    ) {
        self.progress.step(&Step {
            event,
            chain: side.chain.id().clone(),
            tx: seen.map(|(tx, _, _)| tx),
            height: seen.map(|(_, height, _)| height),
            gas: seen.map(|(_, _, gas)| gas),
            seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            sequence: (event == "sent").then(|| self.packet.sequence.get()),
            result,
            label: side.label.clone(),
        });
    }

    /// Tells of every step until the sender's chain has the outcome.
    pub(super) async fn until_known(
        &self,
        sent: &Sent,
        on_source: &Tracker,
        on_destination: &Tracker,
        read: impl Fn(&[Bytes]) -> Option<Bytes>,
    ) -> Result<(), Failure> {
        let Crossing {
            source,
            destination,
            timeout,
            ..
        } = self.crossing;
        let patience = *timeout + REFUND_PATIENCE;
        let finality = wait_final(&source.chain, sent.height);
        let received = on_destination.received(self.packet, patience);
        let concluded = on_source.concluded(self.packet, patience);
        tokio::pin!(finality, received, concluded);
        let (mut is_final, mut is_received) = (false, false);
        self.progress
            .waiting(format!("until {} calls it final", source.label));
        let conclusion = loop {
            tokio::select! {
                () = &mut finality, if !is_final && !is_received => {
                    is_final = true;
                    self.step("final", source, None, None);
                    self.progress.waiting(format!("for delivery on {}", destination.label));
                }
                seen = &mut received, if !is_received => {
                    is_received = true;
                    if let Ok(seen) = seen {
                        self.step("delivered", destination, Some(place(&seen)), None);
                        self.progress.waiting(format!("for the acknowledgement on {}", source.label));
                    }
                }
                seen = &mut concluded => break seen,
            }
        };
        let conclusion = conclusion.map_err(|error| self.unknown(&error))?;
        self.conclude(&conclusion, read)
    }

    fn conclude(
        &self,
        conclusion: &SeenOn,
        read: impl Fn(&[Bytes]) -> Option<Bytes>,
    ) -> Result<(), Failure> {
        let source = &self.crossing.source;
        let refused = Acknowledgement::universal_error();
        match &conclusion.kind {
            EventKind::Acknowledged { acks } if acks != refused.app_acknowledgements() => {
                self.step("acknowledged", source, Some(place(conclusion)), read(acks));
                Ok(())
            }
            EventKind::Acknowledged { .. } => {
                self.step("refunded", source, Some(place(conclusion)), None);
                let label = &self.crossing.destination.label;
                Err(Failure::new(
                    Exit::NotDelivered,
                    "refused",
                    format!("the application on {label} refused it, and what was sent is refunded"),
                )
                .remedy("check the receiver or the call; the destination's transaction shows why"))
            }
            _ => {
                self.step("refunded", source, Some(place(conclusion)), None);
                let time = humantime::format_duration(self.crossing.timeout);
                Err(Failure::new(
                    Exit::NotDelivered,
                    "timed-out",
                    format!("it was not delivered within {time}, and what was sent is refunded"),
                )
                .remedy("see `causeway status` for what held it up, then send again"))
            }
        }
    }

    fn unknown(&self, error: &TrackError) -> Failure {
        let (client, sequence) = (&self.packet.source_client, self.packet.sequence);
        Failure::new(
            Exit::NotDelivered,
            "unknown",
            format!("packet {sequence} of {client} is sent, but what became of it is not known: {error}"),
        )
        .remedy(format!(
            "it will still be delivered or refunded; look with `causeway packets show {}/{client}/{sequence}`",
            self.crossing.source.chain.id()
        ))
    }
}

fn place(seen: &SeenOn) -> (B256, u64, u64) {
    (seen.tx, seen.height, seen.gas_used)
}

/// Waits until the chain calls this height final. A chain that does not answer is asked again: this
/// only informs, the outcome is watched for elsewhere.
async fn wait_final(chain: &EvmChain, height: u64) {
    let mut heads = chain.watch_head();
    loop {
        heads.borrow_and_update();
        if chain
            .final_block()
            .await
            .is_ok_and(|block| block.height >= height)
        {
            return;
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), heads.changed()).await;
    }
}
