//! Packets that have not come to an end for longer than they should: each is an alarm.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use causeway_engine::{Engine, EngineError, Filter};
use causeway_ibc::Phase;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    clock::Clock,
    packet::{PacketMachine, PacketRecord},
    relayer::RelayerError,
    route::ClientEnd,
};

/// How often the open packets are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How many packets are looked at together. Where more are overdue, their number is at least this.
const MOST: usize = 1_000;

/// Packets of one client that wait for the same thing, longer than they should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    /// The client on the source that they were sent through.
    pub client: ClientEnd,
    /// What they wait for.
    pub waits_for: String,
    /// How many there are.
    pub packets: u64,
    /// The lowest sequence among them.
    pub first: u64,
}

/// Where what is overdue is kept for people.
#[derive(Clone, Default)]
pub(crate) struct OverdueWatch(Arc<Mutex<Vec<Overdue>>>);

impl OverdueWatch {
    pub(crate) fn get(&self) -> Vec<Overdue> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone()
    }

    /// Keeps what is overdue now. What was and is no more is reported as none.
    fn set(&self, found: Vec<Overdue>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &Overdue, other: &Overdue| {
            one.client == other.client && one.waits_for == other.waits_for
        };
        for gone in known
            .iter()
            .filter(|gone| !found.iter().any(|now| same(gone, now)))
        {
            gauge(gone).set(0.0);
        }
        for overdue in &found {
            #[expect(clippy::cast_precision_loss, reason = "a metric")]
            gauge(overdue).set(overdue.packets as f64);
            if !known.iter().any(|known| same(known, overdue)) {
                error!(
                    client = %overdue.client, packets = overdue.packets, first = overdue.first,
                    waits_for = overdue.waits_for, "packets have not come to an end for too long"
                );
            }
        }
        *known = found;
    }
}

fn gauge(overdue: &Overdue) -> metrics::Gauge {
    metrics::gauge!("causeway_packets_stuck",
        "client" => overdue.client.to_string(), "reason" => overdue.waits_for.clone())
}

/// Looks at the open packets again and again until stopped.
pub(crate) async fn watch(
    engine: Engine,
    clock: Clock,
    after: Duration,
    overdue: OverdueWatch,
    stop: CancellationToken,
) -> Result<(), RelayerError> {
    let pause = LOOK_AGAIN.min(after.max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
        match find(&engine, &clock, after).await {
            Ok(found) => overdue.set(found),
            Err(error) if error.is_transient() => {
                warn!(%error, "overdue packets could not be looked for");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The open packets that were first seen longer ago than this.
pub(crate) async fn find(
    engine: &Engine,
    clock: &Clock,
    after: Duration,
) -> Result<Vec<Overdue>, EngineError> {
    let filter = Filter {
        open_only: true,
        created_before: Some(clock.now().minus(after)),
        limit: Some(MOST),
        ..Filter::default()
    };
    let mut found: BTreeMap<(ClientEnd, &str), (u64, u64)> = BTreeMap::new();
    for process in engine.processes::<PacketMachine>(filter).await? {
        let record = &process.state;
        let sequence = record.life.packet().sequence.get();
        let (count, first) = found
            .entry((record.source(), waits_for(record)))
            .or_insert((0, sequence));
        *count += 1;
        *first = sequence.min(*first);
    }
    let found = found.into_iter();
    Ok(found
        .map(|((client, waits_for), (packets, first))| Overdue {
            client,
            waits_for: waits_for.to_owned(),
            packets,
            first,
        })
        .collect())
}

/// What has to happen next for a packet to come to its end.
fn waits_for(record: &PacketRecord) -> &'static str {
    match record.life.phase() {
        Phase::Observed => "finality of its send",
        Phase::Final => "attestations or its delivery",
        Phase::Proven => "its delivery",
        Phase::Delivered => "its acknowledgement",
        Phase::TimingOut => "its refund",
        Phase::Acknowledged | Phase::TimedOut => "finality of its end",
    }
}
