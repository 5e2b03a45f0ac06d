//! An EVM chain as the relayer's host.

use std::{collections::BTreeMap, sync::Arc};

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::SolCall as _,
};
use async_trait::async_trait;
use causeway_evm::{
    Cursor, EvmChain, EvmError, Follower, LaneError, LogFilter, Severity, TxCall, TxOutcome, Update,
};
use causeway_ibc::{ClientId, Misbehaviour, evm::storage_key};
use causeway_relayer::{
    ClientView, Follow, Host, HostError, HostUpdate, Message, PacketEvent, Proof, SubmitError,
    Submitted,
};
use causeway_types::ChainId;
use tracing::warn;

use crate::{
    contracts::client_view,
    events::{decode_event, event_topics},
    messages::encode_batch,
    meter::Meter,
    revert::explain_revert,
    rotation::misbehaviour_call,
    shared_lane::{OpenLane, SharedLane},
};

/// Why nothing is submitted from here.
#[derive(Debug, thiserror::Error)]
#[error("another replica sends with this signer")]
struct Elsewhere;

/// An EVM chain with a router on it and signers that pay for messages.
pub struct EvmHost {
    chain: EvmChain,
    router: Address,
    /// The height to read from if nothing was read before.
    start: u64,
    /// One per signer, at least one.
    lanes: Vec<SharedLane>,
    meter: Meter,
}

impl EvmHost {
    /// Reads this router's events from `start` on, and sends through this lane.
    pub fn new(chain: EvmChain, router: Address, start: u64, lane: SharedLane) -> Self {
        Self {
            chain,
            router,
            start,
            lanes: vec![lane],
            meter: Meter::default(),
        }
    }

    /// Sends through this lane as well: the work is spread over all.
    #[must_use]
    pub fn with_lane(mut self, lane: SharedLane) -> Self {
        self.lanes.push(lane);
        self
    }

    /// The lane of an attempt, among those that this replica has: the same as long as these are the
    /// same, so that what was sent before is found again. What is sent twice all the same is delivered
    /// once by the contracts.
    fn lane(&self, key: &str) -> Option<OpenLane> {
        let mut open: Vec<_> = self.lanes.iter().filter_map(SharedLane::current).collect();
        let place = usize::from(keccak256(key)[0]).checked_rem(open.len())?;
        Some(open.swap_remove(place))
    }

    fn error(&self, error: EvmError) -> HostError {
        match error.severity() {
            Severity::Retry => HostError::passing(self.chain.id(), error),
            Severity::Stop => HostError::lasting(self.chain.id(), error),
        }
    }
}

impl EvmHost {
    /// What a lane's answer means for the message.
    fn judge(&self, outcome: Result<Arc<TxOutcome>, LaneError>) -> Result<Submitted, SubmitError> {
        outcome
            .map(|outcome| Submitted {
                tx: outcome.hash,
                height: outcome.block.height,
            })
            .map_err(|error| match error {
                LaneError::Reverted { data, .. } => SubmitError::Refused {
                    reason: explain_revert(&data),
                },
                // Alone in its transaction by then, so it is the message's own doing.
                LaneError::TooMuchGas { .. } => SubmitError::Refused {
                    reason: error.to_string(),
                },
                error => SubmitError::Host(match error.severity() {
                    Severity::Retry => HostError::passing(self.chain.id(), error),
                    Severity::Stop => HostError::lasting(self.chain.id(), error),
                }),
            })
    }
}

/// Which of these messages have nothing left to do by the newest state of the chain that they are
/// for; see [`Host::moot`].
pub async fn moot(
    chain: &EvmChain,
    router: Address,
    messages: &[&Message],
) -> Result<Vec<bool>, EvmError> {
    let keys: Vec<B256> = messages
        .iter()
        .map(|message| {
            let packet = message.packet();
            let path = match message {
                Message::Receive { .. } => packet.receipt_path(),
                Message::Acknowledge { .. } | Message::Timeout { .. } => packet.commitment_path(),
            };
            storage_key(path.key())
        })
        .collect();
    let head = chain.head().await?;
    let words = chain.storage_at(router, &keys, &head).await?;
    let moot = messages
        .iter()
        .zip(words)
        .map(|(message, word)| match message {
            Message::Receive { .. } => !word.is_zero(),
            Message::Acknowledge { .. } | Message::Timeout { .. } => word.is_zero(),
        });
    Ok(moot.collect())
}

struct EvmFollow {
    chain: EvmChain,
    router: Address,
    follower: Follower,
}

#[async_trait]
impl Follow for EvmFollow {
    async fn next(&mut self) -> Result<HostUpdate, HostError> {
        let update = self
            .follower
            .next()
            .await
            .map_err(|error| match error.severity() {
                Severity::Retry => HostError::passing(self.chain.id(), error),
                Severity::Stop => HostError::lasting(self.chain.id(), error),
            })?;
        Ok(match update {
            Update::Block { block, logs } => {
                let events = logs.iter().filter_map(|log| self.event(log)).collect();
                HostUpdate::Block { block, events }
            }
            Update::Withdrawn { block } => HostUpdate::Withdrawn { block },
            Update::Final { block } => HostUpdate::Final { block },
        })
    }

    fn cursor(&self) -> String {
        // A cursor is numbers and hashes: it always has a JSON form.
        serde_json::to_string(&self.follower.cursor()).unwrap_or_default()
    }
}

impl EvmFollow {
    /// The packet event in a log. One that cannot be read is left out, loudly: nobody could carry
    /// it, and it must not hold up the others.
    fn event(&self, log: &causeway_evm::Log) -> Option<PacketEvent> {
        if log.address() != self.router {
            return None;
        }
        decode_event(&log.inner, log.tx_hash, log.log_index).unwrap_or_else(|error| {
            warn!(chain = %self.chain.id(), tx = %log.tx_hash, log = log.log_index, %error, "packet event cannot be read");
            metrics::counter!("causeway_unreadable_events_total", "chain" => self.chain.id().to_string())
                .increment(1);
            None
        })
    }
}

#[async_trait]
impl Host for EvmHost {
    fn chain(&self) -> &ChainId {
        self.chain.id()
    }

    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, HostError> {
        let cursor = match cursor {
            None => Cursor::at(self.start),
            Some(saved) => serde_json::from_str(saved)
                .map_err(|error| HostError::lasting(self.chain.id(), error))?,
        };
        let filter = LogFilter {
            addresses: vec![self.router],
            topics0: event_topics(),
        };
        let follower = self.chain.follow(filter, cursor);
        Ok(Box::new(EvmFollow {
            chain: self.chain.clone(),
            router: self.router,
            follower,
        }))
    }

    async fn client(&self, client: &ClientId) -> Result<ClientView, HostError> {
        client_view(&self.chain.provider(), self.router, client)
            .await
            .map_err(|error| HostError::passing(self.chain.id(), error))
    }

    fn submits(&self) -> bool {
        self.lanes.iter().any(|lane| lane.current().is_some())
    }

    fn batch(&self, client: &ClientId) -> Option<usize> {
        let block = self.chain.block_gas_limit()?;
        let open = self.lanes.iter().filter_map(SharedLane::current);
        let transaction = open.map(|open| open.lane.gas_cap()).min()?;
        Some(self.meter.fill(client, block, transaction))
    }

    async fn stand_down(&self) {
        futures::future::join_all(self.lanes.iter().map(SharedLane::close)).await;
    }

    async fn moot(&self, messages: &[&Message]) -> Result<Vec<bool>, HostError> {
        let moot = moot(&self.chain, self.router, messages).await;
        moot.map_err(|error| self.error(error))
    }

    async fn submit(
        &self,
        key: &str,
        client: &ClientView,
        proof: &Proof,
        messages: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>> {
        let elsewhere = || {
            let all = messages.iter();
            all.map(|_| {
                let error = HostError::passing(self.chain.id(), Elsewhere);
                Err(SubmitError::Host(error))
            })
            .collect()
        };
        let Some(open) = self.lane(key) else {
            return elsewhere();
        };
        let cap = open.lane.gas_cap();
        let encode = |batch: &[Message]| TxCall {
            gas_limit: self.meter.guess(&client.id, batch.len(), cap),
            ..TxCall::new(self.router, encode_batch(client, proof, batch))
        };
        let submitting = open.lane.submit_batch(key, messages.to_vec(), encode);
        let Some(outcomes) = open.over.run_until_cancelled(submitting).await else {
            return elsewhere();
        };
        for (gas_used, messages) in by_transaction(&outcomes) {
            self.meter.note(&client.id, messages, gas_used);
        }
        outcomes
            .into_iter()
            .map(|(_, outcome)| self.judge(outcome))
            .collect()
    }

    async fn freeze(
        &self,
        key: &str,
        client: &ClientId,
        evidence: &Misbehaviour,
    ) -> Result<Submitted, SubmitError> {
        let data = misbehaviour_call(client, evidence).abi_encode().into();
        let elsewhere = || SubmitError::Host(HostError::passing(self.chain.id(), Elsewhere));
        let open = self.lane(key).ok_or_else(elsewhere)?;
        let submitting = open.lane.submit(key, TxCall::new(self.router, data));
        let outcome = open.over.run_until_cancelled(submitting).await;
        match outcome.ok_or_else(elsewhere)? {
            Ok(outcome) if !outcome.success => Err(SubmitError::Refused {
                reason: "it reverted when it was mined".to_owned(),
            }),
            outcome => self.judge(outcome),
        }
    }
}

/// The gas that each transaction used and the messages that it held.
fn by_transaction(
    outcomes: &[(Message, Result<Arc<TxOutcome>, LaneError>)],
) -> impl Iterator<Item = (u64, usize)> {
    let mut transactions: BTreeMap<B256, (u64, usize)> = BTreeMap::new();
    for outcome in outcomes
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().ok())
    {
        let counted = transactions.entry(outcome.hash).or_default();
        *counted = (outcome.gas_used, counted.1 + 1);
    }
    transactions.into_values()
}
