//! Carries messages to one light client: claim effects, gather a proof, submit.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use causeway_attestor::{MAX_PATHS, on_behalf_of};
use causeway_engine::{Claimed, EffectId, Engine, EngineError, UnitError, UnixMillis};
use causeway_ibc::{Claim, Input};
use causeway_types::{BlockRef, ChainId};
use thiserror::Error;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    attempt::{Outcome, attempt_key, not_final_yet, open, unproven},
    attestations::{Committees, GatherError, Gathered},
    clock::Clock,
    host::{ClientView, Host, HostError, Message, SubmitError, Submitted},
    observer::last_reading,
    packet::{PacketInput, PacketMachine, RelayEffect, lane},
    relayer::{RelayerConfig, RelayerError},
    route::ClientEnd,
    status::LaneWatch,
    trace::{self, PacketTrace},
};

/// How long a claim holds without being renewed, and so how long the messages of a replica that was
/// killed wait for another.
const LEASE: Duration = Duration::from_secs(10);

/// How often a claim is renewed while its batch is under way.
const RENEWAL: Duration = Duration::from_secs(3);

/// How long a batch may be under way before people are told that it waits.
const OVERDUE: Duration = Duration::from_secs(20);

/// How long the fact that a delivered message brings about may stay unseen before the message is
/// looked at again. Following the chain normally shows it at once and so cancels the effect.
const RECHECK: Duration = Duration::from_secs(15);

/// How often the claims are looked at when nothing announces a change, for effects that become due.
const IDLE: Duration = Duration::from_millis(250);

/// How long to leave the database alone after it failed.
const DATABASE_AGAIN: Duration = Duration::from_secs(1);

/// How long batches in flight may take to end once the relayer is to stop. What has not ended by
/// then is taken up again after the next start.
const FAREWELL: Duration = Duration::from_secs(10);

/// Messages that failed before are carried so many at a time, and one such batch after the other:
/// most of them will fail again, and finding out which costs the chain's endpoint a question or more
/// for each.
const FAILED_BATCH: usize = 10;

/// Which messages to carry. Those that never failed wait for none that did, so that nobody is delayed
/// by a packet that cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    Fresh,
    Failed,
}

/// Carries all messages to one light client.
pub(crate) struct Carrier {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Clock,
    pub(crate) end: ClientEnd,
    pub(crate) counterparty_chain: ChainId,
    /// The counterparty's newest final block, as its observer sees it.
    pub(crate) counterparty: watch::Receiver<Option<BlockRef>>,
    pub(crate) committees: Committees,
    pub(crate) config: RelayerConfig,
    pub(crate) lane: LaneWatch,
    /// The light client as read last; read again after any batch that did not go well.
    pub(crate) client: Mutex<Option<ClientView>>,
}

/// Effects that were claimed together and are carried together.
pub(crate) type Cargo = Vec<Claimed<RelayEffect>>;

/// Why nothing of a batch could be delivered, through no fault of its messages.
#[derive(Debug, Error)]
enum Stall {
    #[error(transparent)]
    Gather(#[from] GatherError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Carrier {
    /// Works until stopped; then finishes what is in flight.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), RelayerError> {
        tokio::try_join!(
            self.work(Share::Fresh, &stop),
            self.work(Share::Failed, &stop)
        )?;
        Ok(())
    }

    /// Carries one share of the messages.
    async fn work(
        self: &Arc<Self>,
        share: Share,
        stop: &CancellationToken,
    ) -> Result<(), RelayerError> {
        let places = Arc::new(Semaphore::new(match share {
            Share::Fresh => self.config.in_flight.max(1),
            Share::Failed => 1,
        }));
        let mut changed = self.engine.changed();
        let mut batches: JoinSet<Result<(), RelayerError>> = JoinSet::new();
        loop {
            while let Some(ended) = batches.try_join_next() {
                ended.map_err(|_| RelayerError::Crashed)??;
            }
            changed.borrow_and_update();
            if !self.host.submits() {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(IDLE) => continue,
                }
            }
            let place = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                place = places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { break };
            let cargo = match self.claim(share).await {
                Ok(cargo) => cargo,
                Err(error) if error.is_transient() => {
                    warn!(lane = %self.end, %error, "nothing can be claimed");
                    self.lane.stalled(&error.to_string());
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(DATABASE_AGAIN) => continue,
                    }
                }
                Err(error) => return Err(error.into()),
            };
            if cargo.is_empty() {
                drop(place);
                tokio::select! {
                    () = stop.cancelled() => break,
                    // What has just been asked for has never failed.
                    _ = changed.changed(), if share == Share::Fresh => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
                continue;
            }
            let span = info_span!("carry", lane = %self.end, messages = cargo.len());
            let carrier = self.clone();
            let carry = async move {
                let done = carrier.carry(cargo).await;
                drop(place);
                done
            };
            batches.spawn(carry.instrument(span));
        }
        let last = async {
            while let Some(ended) = batches.join_next().await {
                ended.map_err(|_| RelayerError::Crashed)??;
            }
            Ok(())
        };
        tokio::time::timeout(FAREWELL, last)
            .await
            .unwrap_or_else(|_| {
                warn!(lane = %self.end, "stopped with messages in flight; they are taken up again");
                Ok(())
            })
    }

    /// Takes the next messages that are due, no more than one proof may cover.
    pub(crate) async fn claim(&self, share: Share) -> Result<Cargo, EngineError> {
        let fits = self.host.batch(&self.end.client).unwrap_or(usize::MAX);
        let max = self.config.batch.min(fits).clamp(1, MAX_PATHS);
        let (attempts, max) = match share {
            Share::Fresh => (0..=0, max),
            Share::Failed => (1..=u32::MAX, max.min(FAILED_BATCH)),
        };
        let (lane, owner) = (lane(&self.end), &self.config.owner);
        self.engine
            .claim_attempted(&lane, owner, attempts, max, LEASE, self.clock.now())
            .await
    }

    /// One batch, with its claim kept up for as long as it takes.
    async fn carry(&self, cargo: Cargo) -> Result<(), RelayerError> {
        let ids: Vec<EffectId> = cargo.iter().map(|claimed| claimed.id).collect();
        let began = Instant::now();
        let outcome = tokio::select! {
            outcome = self.carry_out(&cargo) => outcome,
            error = self.keep_claim(&ids, began) => Err(error),
        };
        metrics::histogram!("causeway_batch_seconds", "client" => self.end.to_string())
            .record(began.elapsed().as_secs_f64());
        match outcome {
            // The claims run out by themselves, and then the messages are taken up again.
            Err(error) if error.passes() => {
                warn!(lane = %self.end, %error, "what came of a batch could not be kept");
                self.lane.stalled(&error.to_string());
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Renews a claim for as long as its batch takes; returns only when that fails for good.
    async fn keep_claim(&self, ids: &[EffectId], began: Instant) -> RelayerError {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let waited = began.elapsed();
            if waited >= OVERDUE {
                let (messages, waited) = (ids.len(), waited.as_secs());
                warn!(lane = %self.end, messages, waited, "a batch is not in a block yet");
                self.lane.waiting(&format!(
                    "{messages} messages wait for a block for {waited} s"
                ));
            }
            let renewed = self
                .engine
                .renew(ids, &self.config.owner, LEASE, self.clock.now())
                .await;
            match renewed {
                Err(error) if !error.is_transient() => return error.into(),
                Err(error) => warn!(lane = %self.end, %error, "a claim could not be renewed"),
                Ok(_) => {}
            }
        }
    }

    /// One batch, from claim to the record of what came of it.
    pub(crate) async fn carry_out(&self, cargo: &Cargo) -> Result<(), RelayerError> {
        let outcomes = match self.deliver(cargo).await {
            Ok(outcomes) => outcomes,
            Err(stall) => vec![Outcome::Stalled(stall.to_string()); cargo.len()],
        };
        let (mut arrived, mut refused, mut stalled) = (Vec::new(), Vec::new(), Vec::new());
        for (claimed, outcome) in cargo.iter().zip(outcomes) {
            match outcome {
                Outcome::Arrived => arrived.push(claimed.id),
                Outcome::Refused(reason) => {
                    warn!(process = claimed.process.key, message = claimed.effect.message.name(),
                        lane = %self.end, attempt = claimed.attempts, reason, "message refused");
                    refused.push((claimed.id, reason));
                }
                Outcome::Stalled(reason) => stalled.push((claimed.id, reason)),
            }
        }
        if !(refused.is_empty() && stalled.is_empty()) {
            *self.known_client() = None;
        }
        // A claim lost meanwhile is somebody else's to judge, or nobody's any more.
        let (now, owner) = (self.clock.now(), &self.config.owner);
        let client = self.end.to_string();
        if !arrived.is_empty() {
            self.lane.moved();
            let _ = self
                .engine
                .postpone(&arrived, owner, now.plus(RECHECK), now)
                .await?;
        }
        for (id, reason) in &refused {
            metrics::counter!("causeway_messages_refused_total", "client" => client.clone())
                .increment(1);
            if arrived.is_empty() {
                self.lane
                    .waiting(&format!("messages are refused: {reason}"));
            }
            let _ = self.engine.retry(&[*id], owner, reason, now).await?;
        }
        if let Some((_, reason)) = stalled.first() {
            let delay = self.lane.stalled(reason);
            warn!(lane = %self.end, messages = stalled.len(), reason, ?delay, "nothing moves");
            metrics::counter!("causeway_lane_stalls_total", "client" => client).increment(1);
            let ids: Vec<EffectId> = stalled.iter().map(|(id, _)| *id).collect();
            let _ = self
                .engine
                .postpone(&ids, owner, now.plus(delay), now)
                .await?;
        }
        Ok(())
    }

    async fn deliver(&self, cargo: &[Claimed<RelayEffect>]) -> Result<Vec<Outcome>, Stall> {
        let height = self.final_height(cargo).await?;
        let mut outcomes: Vec<Option<Outcome>> = cargo
            .iter()
            .map(|claimed| not_final_yet(&claimed.effect, height))
            .collect();
        let provable = open(&outcomes);
        if !provable.is_empty() {
            self.prove_and_submit(cargo, height, &provable, &mut outcomes)
                .await?;
        }
        let lost = || Outcome::Stalled("the chain's driver gave no answer".to_owned());
        Ok(outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(lost))
            .collect())
    }

    /// The counterparty's newest final height. Where another replica observes the counterparty, the
    /// database may know of a later one than we were told.
    async fn final_height(&self, cargo: &[Claimed<RelayEffect>]) -> Result<u64, EngineError> {
        let told = self.counterparty.borrow().map_or(0, |block| block.height);
        let needed = cargo
            .iter()
            .map(|claimed| claimed.effect.provable_from)
            .max();
        if needed.is_none_or(|needed| needed <= told) {
            return Ok(told);
        }
        let stored = last_reading(&self.engine, &self.counterparty_chain).await?;
        Ok(stored.map_or(told, |block| block.height.max(told)))
    }

    /// Brings those of the messages that can be proven at this height, the counterparty's newest
    /// final one.
    async fn prove_and_submit(
        &self,
        cargo: &[Claimed<RelayEffect>],
        height: u64,
        provable: &[usize],
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), Stall> {
        let messages: Vec<&Message> = provable.iter().map(|i| &cargo[*i].effect.message).collect();
        let paths: Vec<B256> = messages
            .iter()
            .map(|message| message.proven_path().key())
            .collect();
        let client = self.client().await?;
        let began = self.clock.now();
        let (moot, gathered) = tokio::join!(
            self.host.moot(&messages),
            self.gather(&cargo[provable[0]].process.key, &client, height, &paths)
        );
        let (moot, (proof, attested)) = (moot?, gathered?);
        for (i, moot) in provable.iter().zip(moot) {
            outcomes[*i] = moot.then_some(Outcome::Arrived);
        }
        for (i, entry) in provable.iter().zip(&attested.packets) {
            if outcomes[*i].is_none() {
                outcomes[*i] = unproven(&cargo[*i].effect.message, entry.commitment, height);
            }
        }
        let open = open(outcomes);
        if open.is_empty() {
            return Ok(());
        }
        self.record_proven(open.iter().map(|i| &cargo[*i]), height)
            .await?;
        if trace::followed() {
            let proven = open.iter().map(|i| &cargo[*i]);
            trace::attested(proven, &self.end, height, began);
        }
        let began = self.clock.now();
        let batch: Vec<Message> = open
            .iter()
            .map(|i| cargo[*i].effect.message.clone())
            .collect();
        let key = attempt_key(open.iter().map(|i| &cargo[*i]), height);
        let answers = self.host.submit(&key, &client, &proof, &batch).await;
        for (i, answer) in open.into_iter().zip(answers) {
            outcomes[i] = Some(self.judge(&cargo[i], answer, began));
        }
        Ok(())
    }

    /// Asks on behalf of the trace of the batch's first packet, if anybody follows packets.
    async fn gather(
        &self,
        first: &str,
        client: &ClientView,
        height: u64,
        paths: &[B256],
    ) -> Result<Gathered, GatherError> {
        let work = self.committees.gather(&self.end, client, height, paths);
        if trace::followed() {
            on_behalf_of(PacketTrace::of(first).traceparent(), work).await
        } else {
            work.await
        }
    }

    /// No lock is held while the chain is asked: a slow answer to one batch is no reason for the
    /// others to wait, and two answers are as good as one.
    async fn client(&self) -> Result<ClientView, HostError> {
        let known = self.known_client().clone();
        if let Some(client) = known {
            return Ok(client);
        }
        let client = self.host.client(&self.end.client).await?;
        *self.known_client() = Some(client.clone());
        Ok(client)
    }

    fn known_client(&self) -> MutexGuard<'_, Option<ClientView>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes in each packet's life that its proof is in hand.
    async fn record_proven(
        &self,
        cargo: impl Iterator<Item = &Claimed<RelayEffect>>,
        height: u64,
    ) -> Result<(), EngineError> {
        let cargo: Vec<_> = cargo.collect();
        let keys: Vec<&str> = cargo.iter().map(|c| c.process.key.as_str()).collect();
        let mut unit = self.engine.begin(self.clock.now()).await?;
        unit.preload::<PacketMachine>(&keys).await?;
        for claimed in cargo {
            let claim = match claimed.effect.message {
                Message::Receive { .. } => Claim::Deliver,
                Message::Acknowledge { .. } => Claim::Acknowledge,
                Message::Timeout { .. } => Claim::Timeout,
            };
            let key = &claimed.process.key;
            let Some(process) = unit.process::<PacketMachine>(key).await? else {
                continue;
            };
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
        began: UnixMillis,
    ) -> Outcome {
        match answer {
            Ok(submitted) => {
                let message = claimed.effect.message.name();
                info!(process = claimed.process.key, message,
                    on = %self.end.chain, tx = %submitted.tx, height = submitted.height, "message in block");
                metrics::counter!("causeway_messages_submitted_total",
                    "client" => self.end.to_string(), "message" => message)
                .increment(1);
                let place = (self.end.chain.as_str(), submitted.height);
                let message = &claimed.effect.message;
                trace::submitted(&claimed.process.key, message, place, submitted.tx, began);
                Outcome::Arrived
            }
            Err(SubmitError::Refused { reason }) => Outcome::Refused(reason),
            Err(SubmitError::Host(error)) if error.retry => Outcome::Stalled(error.to_string()),
            // Trying soon will not help, and its neighbours may fare better without it.
            Err(SubmitError::Host(error)) => Outcome::Refused(error.to_string()),
        }
    }
}
