//! Carries messages to one light client: claim effects, gather a proof, submit.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{B256, Keccak256};
use causeway_engine::{Claimed, EffectId, Engine, EngineError, UnitError, UnixMillis};
use causeway_ibc::{Claim, Input, PacketAttestation};
use causeway_types::BlockRef;
use thiserror::Error;
use tokio::{
    sync::{Mutex, Semaphore, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    attestations::{Committees, GatherError},
    host::{ClientView, Host, HostError, Message, SubmitError, Submitted},
    packet::{PacketInput, PacketMachine, RelayEffect, lane},
    relayer::{RelayerConfig, RelayerError},
    route::ClientEnd,
    status::LaneWatch,
};

/// How long a claim holds without being renewed.
const LEASE: Duration = Duration::from_secs(60);

/// How often a claim is renewed while its batch is under way.
const RENEWAL: Duration = Duration::from_secs(20);

/// How long the fact that a delivered message brings about may stay unseen before the message is
/// looked at again. Following the chain normally shows it at once and so cancels the effect.
const RECHECK: Duration = Duration::from_secs(15);

/// How often the claims are looked at when nothing announces a change, for effects that become due.
const IDLE: Duration = Duration::from_millis(250);

/// Carries all messages to one light client.
pub(crate) struct Carrier {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) end: ClientEnd,
    /// The counterparty's newest final block, as its observer sees it.
    pub(crate) counterparty: watch::Receiver<Option<BlockRef>>,
    pub(crate) committees: Committees,
    pub(crate) config: RelayerConfig,
    pub(crate) lane: LaneWatch,
    /// The light client as read last; read again after any batch that did not go well.
    pub(crate) client: Mutex<Option<ClientView>>,
}

/// Why nothing of a batch could be delivered, through no fault of its messages.
#[derive(Debug, Error)]
enum Stall {
    #[error("the counterparty's final height is {have}, this needs {need}")]
    NotFinal { have: u64, need: u64 },
    #[error(transparent)]
    Gather(#[from] GatherError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What came of one message.
enum Outcome {
    /// It is in a block, or was needed no more: wait for the chain to show the fact.
    Arrived,
    /// The message itself is refused: try again ever more rarely.
    Refused(String),
    /// The chain could not be used: try again soon.
    Stalled(String),
}

impl Carrier {
    /// Works until stopped; then finishes what is in flight.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), RelayerError> {
        let lane = lane(&self.end);
        let places = Arc::new(Semaphore::new(self.config.in_flight));
        let mut changed = self.engine.changed();
        let mut batches: JoinSet<Result<(), RelayerError>> = JoinSet::new();
        loop {
            while let Some(ended) = batches.try_join_next() {
                ended.map_err(|_| RelayerError::Crashed)??;
            }
            changed.borrow_and_update();
            let Ok(place) = places.clone().acquire_owned().await else { break };
            if stop.is_cancelled() {
                break;
            }
            let now = UnixMillis::now();
            let cargo = self
                .engine
                .claim::<RelayEffect>(&lane, &self.config.owner, self.config.batch, LEASE, now)
                .await?;
            if cargo.is_empty() {
                drop(place);
                tokio::select! {
                    () = stop.cancelled() => break,
                    _ = changed.changed() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
                continue;
            }
            let carrier = self.clone();
            batches.spawn(async move {
                let done = carrier.carry(cargo).await;
                drop(place);
                done
            });
        }
        while let Some(ended) = batches.join_next().await {
            ended.map_err(|_| RelayerError::Crashed)??;
        }
        Ok(())
    }

    /// One batch, from claim to the record of what came of it.
    async fn carry(&self, cargo: Vec<Claimed<RelayEffect>>) -> Result<(), RelayerError> {
        let ids: Vec<EffectId> = cargo.iter().map(|claimed| claimed.id).collect();
        let outcomes = tokio::select! {
            outcomes = self.deliver(&cargo) => outcomes,
            error = self.keep_claim(&ids) => return Err(error),
        };
        let now = UnixMillis::now();
        let owner = &self.config.owner;
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(stall) => ids.iter().map(|_| Outcome::Stalled(stall.to_string())).collect(),
        };
        let (mut arrived, mut stalled, mut why) = (Vec::new(), Vec::new(), None);
        for (claimed, outcome) in cargo.iter().zip(outcomes) {
            match outcome {
                Outcome::Arrived => arrived.push(claimed.id),
                Outcome::Refused(reason) => {
                    warn!(process = claimed.process.key, message = claimed.effect.message.name(),
                        lane = %self.end, attempt = claimed.attempts, reason, "message refused");
                    metrics::counter!("causeway_messages_refused_total", "client" => self.end.to_string())
                        .increment(1);
                    // A claim lost meanwhile is somebody else's to judge.
                    let _ = self.engine.retry(&[claimed.id], owner, &reason, now).await?;
                }
                Outcome::Stalled(reason) => {
                    stalled.push(claimed.id);
                    why.get_or_insert(reason);
                }
            }
        }
        if !arrived.is_empty() {
            self.lane.moved();
            let _ = self.engine.postpone(&arrived, owner, now.plus(RECHECK), now).await?;
        }
        if let Some(reason) = why {
            let delay = self.lane.stalled(&reason);
            *self.client.lock().await = None;
            warn!(lane = %self.end, messages = stalled.len(), reason, ?delay, "nothing moves");
            let _ = self.engine.postpone(&stalled, owner, now.plus(delay), now).await?;
        }
        Ok(())
    }

    /// Renews a claim for as long as its batch takes; returns only when that fails.
    async fn keep_claim(&self, ids: &[EffectId]) -> RelayerError {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = UnixMillis::now();
            if let Err(error) = self.engine.renew(ids, &self.config.owner, LEASE, now).await {
                return error.into();
            }
        }
    }

    async fn deliver(&self, cargo: &[Claimed<RelayEffect>]) -> Result<Vec<Outcome>, Stall> {
        let messages: Vec<&Message> = cargo.iter().map(|claimed| &claimed.effect.message).collect();
        let height = self.provable_height(cargo)?;
        let client = self.client().await?;
        let paths: Vec<B256> = messages.iter().map(|message| message.proven_path().key()).collect();
        let (moot, gathered) = tokio::join!(
            self.host.moot(&messages),
            self.committees.gather(&self.end, &client, height, &paths)
        );
        let (moot, (proof, attested)) = (moot?, gathered?);

        let mut outcomes: Vec<Option<Outcome>> = moot
            .into_iter()
            .map(|moot| moot.then_some(Outcome::Arrived))
            .collect();
        refuse_unproven(&messages, &attested, height, &mut outcomes);
        let open: Vec<usize> = (0..messages.len()).filter(|i| outcomes[*i].is_none()).collect();
        if !open.is_empty() {
            self.record_proven(open.iter().map(|i| &cargo[*i]), height).await?;
            let batch: Vec<Message> = open.iter().map(|i| messages[*i].clone()).collect();
            let answers = self.host.submit(&attempt_key(cargo, height), &client, &proof, &batch).await;
            for (i, answer) in open.into_iter().zip(answers) {
                outcomes[i] = Some(self.judge(&cargo[i], answer));
            }
        }
        let lost = || Outcome::Stalled("the chain's driver gave no answer".to_owned());
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect())
    }

    /// The counterparty height to prove at: its newest final one.
    fn provable_height(&self, cargo: &[Claimed<RelayEffect>]) -> Result<u64, Stall> {
        let have = self.counterparty.borrow().map_or(0, |block| block.height);
        let need = cargo.iter().map(|claimed| claimed.effect.provable_from).max().unwrap_or(0);
        if have < need {
            return Err(Stall::NotFinal { have, need });
        }
        Ok(have)
    }

    async fn client(&self) -> Result<ClientView, HostError> {
        let mut known = self.client.lock().await;
        if let Some(client) = &*known {
            return Ok(client.clone());
        }
        let client = self.host.client(&self.end.client).await?;
        *known = Some(client.clone());
        Ok(client)
    }

    /// Notes in each packet's life that its proof is in hand.
    async fn record_proven(
        &self,
        cargo: impl Iterator<Item = &Claimed<RelayEffect>>,
        height: u64,
    ) -> Result<(), EngineError> {
        let mut unit = self.engine.begin(UnixMillis::now()).await?;
        for claimed in cargo {
            let claim = match claimed.effect.message {
                Message::Receive { .. } => Claim::Deliver,
                Message::Acknowledge { .. } => Claim::Acknowledge,
                Message::Timeout { .. } => Claim::Timeout,
            };
            let key = &claimed.process.key;
            let Some(process) = unit.process::<PacketMachine>(key).await? else { continue };
            let input = PacketInput::bare(&process.state, Input::Proven { claim, height });
            match unit.handle::<PacketMachine>(key, input).await {
                Ok(()) => {}
                Err(UnitError::Engine(error)) => return Err(error),
                Err(error) => debug!(process = key, %error, "proof not recorded"),
            }
        }
        unit.commit().await
    }

    fn judge(
        &self,
        claimed: &Claimed<RelayEffect>,
        answer: Result<Submitted, SubmitError>,
    ) -> Outcome {
        match answer {
            Ok(submitted) => {
                let message = claimed.effect.message.name();
                info!(process = claimed.process.key, message,
                    on = %self.end.chain, tx = %submitted.tx, height = submitted.height, "message in block");
                metrics::counter!("causeway_messages_submitted_total",
                    "client" => self.end.to_string(), "message" => message)
                .increment(1);
                Outcome::Arrived
            }
            Err(SubmitError::Refused { reason }) => Outcome::Refused(reason),
            Err(SubmitError::Host(error)) => Outcome::Stalled(error.to_string()),
        }
    }
}

/// Sets aside the messages whose fact the counterparty does not show at the proven height: the
/// proof would fail and take the whole batch with it.
fn refuse_unproven(
    messages: &[&Message],
    attested: &PacketAttestation,
    height: u64,
    outcomes: &mut [Option<Outcome>],
) {
    for ((message, entry), outcome) in messages.iter().zip(&attested.packets).zip(outcomes) {
        let expected = message.proven_commitment();
        if outcome.is_none() && entry.commitment != expected {
            *outcome = Some(Outcome::Refused(format!(
                "the counterparty shows {} at height {height}, the message needs {expected}",
                entry.commitment
            )));
        }
    }
}

/// Names an attempt, so that after a crash the same attempt is not made twice.
fn attempt_key(cargo: &[Claimed<RelayEffect>], height: u64) -> String {
    let mut hasher = Keccak256::new();
    hasher.update(height.to_be_bytes());
    for claimed in cargo {
        hasher.update(format!("{}#{};", claimed.key, claimed.attempts));
    }
    format!("{:x}", hasher.finalize())
}
