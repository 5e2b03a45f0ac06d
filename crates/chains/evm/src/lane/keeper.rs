use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64};
use causeway_types::BlockRef;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{
    LaneError, LaneStore, Settled, TxOutcome,
    core::{Core, Entry},
    receipt::Receipt,
};
use crate::{
    EvmError, RpcError, RpcErrorKind,
    rpc::{Call, WireHeader, WireReceipt},
};

/// How often a used nonce without a receipt must be seen, and for how many poll intervals, before
/// it counts as used by somebody else: receipts may appear a little later than the nonce.
const VANISHED_TIMES: u32 = 3;

impl<S: LaneStore> Core<S> {
    /// Looks after everything in flight at each new block, until cancelled.
    pub(super) async fn keep(self: Arc<Self>, cancel: CancellationToken) {
        let work = async {
            let mut heads = self.chain.watch_head();
            loop {
                let poll = self.chain.config().poll_interval;
                let wait = if self.waits() {
                    poll
                } else {
                    poll.max(Duration::from_secs(10))
                };
                let woken = async {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        _ = heads.changed() => {}
                    }
                };
                let _ = timeout(wait, woken).await;
                if let Err(error) = self.tick().await {
                    self.blame(&error);
                    debug!(lane = %self.name, %error, "transactions could not be looked after");
                }
            }
        };
        cancel.run_until_cancelled(work).await;
    }

    /// Holds receipts that make no sense against the endpoint in use.
    fn blame(&self, error: &LaneError) {
        if let LaneError::Chain(error) = error
            && let EvmError::Rpc(RpcError {
                kind: RpcErrorKind::Malformed(reason),
                ..
            }) = &**error
        {
            self.chain.pool().current().distrust(reason);
        }
    }

    /// Whether anything is not included yet.
    fn waits(&self) -> bool {
        self.state()
            .entries
            .values()
            .any(|entry| entry.included.is_none())
    }

    /// One look: what was mined, what fell out of the chain, what is final, what must be sent.
    pub(super) async fn tick(&self) -> Result<(), LaneError> {
        let final_height = self.chain.pool().current().health().final_height;
        let hashes = self.open_questions(final_height);
        if self.state().entries.is_empty() {
            return Ok(());
        }
        let (next_nonce, found) = self.ask(&hashes).await?;
        let outcomes = self.locate(found).await?;
        let mut settled = Vec::new();
        let mut to_send = Vec::new();
        {
            let mut state = self.state();
            state.chain_nonce = state.chain_nonce.max(next_nonce);
            for (nonce, entry) in &mut state.entries {
                let mined = entry
                    .attempts
                    .iter()
                    .find_map(|each| outcomes.get(&each.hash));
                if let Some(outcome) = mined {
                    self.include(*nonce, entry, outcome);
                } else if *nonce >= next_nonce || asked_for(entry, &hashes) {
                    self.exclude(*nonce, entry);
                }
                if let Some(outcome) = &entry.included {
                    if final_height.is_some_and(|height| outcome.block.height <= height) {
                        settled.push((*nonce, ending(entry, outcome)));
                    }
                } else if *nonce < next_nonce {
                    if self.vanished(entry) {
                        settled.push((*nonce, Settled::Superseded));
                    }
                } else if !entry.busy {
                    to_send.push(*nonce);
                }
            }
        }
        self.settle(settled).await?;
        for nonce in to_send {
            self.push_on(nonce, next_nonce).await;
        }
        Ok(())
    }

    /// The transactions whose receipts are to be looked up: all that are not known to be included,
    /// and those whose block is final now.
    fn open_questions(&self, final_height: Option<u64>) -> Vec<B256> {
        let state = self.state();
        let mut hashes = Vec::new();
        for entry in state.entries.values() {
            match &entry.included {
                None => hashes.extend(entry.attempts.iter().map(|attempt| attempt.hash)),
                Some(outcome) if final_height.is_some_and(|f| outcome.block.height <= f) => {
                    hashes.push(outcome.hash);
                }
                Some(_) => {}
            }
        }
        hashes
    }

    /// The next nonce on the chain and the receipts that there are, in one round trip.
    async fn ask(&self, hashes: &[B256]) -> Result<(u64, Vec<Receipt>), LaneError> {
        let rpc = self.chain.rpc();
        let mut calls = vec![Call::new(
            "eth_getTransactionCount",
            json!([self.account, "latest"]),
        )];
        let receipt = |hash: &B256| Call::new("eth_getTransactionReceipt", json!([hash]));
        calls.extend(hashes.iter().map(receipt));
        let mut answers = rpc.batch(calls).await?.into_iter();
        let next_nonce = match answers.next() {
            Some(answer) => answer.read::<U64>()?.to(),
            None => return Ok((0, Vec::new())),
        };
        let mut receipts = Vec::new();
        for (answer, hash) in answers.zip(hashes) {
            if let Some(wire) = answer.read::<Option<WireReceipt>>()? {
                receipts.extend(Receipt::checked(rpc, *hash, wire)?);
            }
        }
        Ok((next_nonce, receipts))
    }

    /// The outcomes by transaction hash: the receipts with the headers of their blocks.
    async fn locate(
        &self,
        receipts: Vec<Receipt>,
    ) -> Result<HashMap<B256, Arc<TxOutcome>>, LaneError> {
        let mut blocks: HashMap<B256, BlockRef> = HashMap::new();
        if let Some(head) = self.chain.pool().current().head() {
            blocks.insert(head.block.hash, head.block);
        }
        let mut unknown: Vec<_> = receipts.iter().map(|receipt| receipt.block_hash).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|hash| !blocks.contains_key(hash));
        let call = |hash: &B256| Call::new("eth_getBlockByHash", json!([hash, false]));
        let answers = self
            .chain
            .rpc()
            .batch(unknown.iter().map(call).collect())
            .await?;
        for answer in answers {
            let header = answer
                .read::<Option<WireHeader>>()?
                .and_then(WireHeader::checked);
            blocks.extend(header.map(|header| (header.block.hash, header.block)));
        }
        let mut outcomes = HashMap::with_capacity(receipts.len());
        for receipt in receipts {
            let block = blocks.get(&receipt.block_hash).copied();
            let block = block.filter(|block| block.height == receipt.block_height);
            // Without its block a receipt says nothing, and it must not count as absent either.
            let block = block.ok_or_else(|| {
                let reason = format!(
                    "there is a receipt in it, but no block {}",
                    receipt.block_hash
                );
                RpcError::malformed(self.chain.rpc().endpoint(), "eth_getBlockByHash", reason)
            })?;
            outcomes.insert(receipt.hash, Arc::new(receipt.in_block(block)));
        }
        Ok(outcomes)
    }

    fn include(&self, nonce: u64, entry: &mut Entry, outcome: &Arc<TxOutcome>) {
        let known = entry
            .included
            .as_ref()
            .is_some_and(|known| known.block == outcome.block);
        if !known {
            debug!(
                lane = %self.name, nonce, hash = %outcome.hash, height = outcome.block.height,
                success = outcome.success, "transaction included"
            );
        }
        entry.included = Some(Arc::clone(outcome));
        entry.vanished = None;
        entry.permit = None;
        // Those who wait for a cancelled transaction have been told why.
        let cancelled = entry
            .attempts
            .iter()
            .any(|attempt| attempt.cancels && attempt.hash == outcome.hash);
        if !known && !cancelled {
            entry.answer.send_replace(Some(Ok(Arc::clone(outcome))));
        }
    }

    /// Takes back an inclusion that the chain took back.
    fn exclude(&self, nonce: u64, entry: &mut Entry) {
        if let Some(outcome) = entry.included.take() {
            warn!(
                lane = %self.name, nonce, hash = %outcome.hash, height = outcome.block.height,
                "transaction left the chain with its block, sending it again"
            );
            entry.accepted = false;
        }
    }

    fn vanished(&self, entry: &mut Entry) -> bool {
        let (since, times) = entry.vanished.unwrap_or((Instant::now(), 0));
        entry.vanished = Some((since, times + 1));
        times + 1 >= VANISHED_TIMES
            && since.elapsed() >= self.chain.config().poll_interval * VANISHED_TIMES
    }

    /// Writes the outcomes down and lets the entries go.
    async fn settle(&self, settled: Vec<(u64, Settled)>) -> Result<(), LaneError> {
        for (nonce, ending) in settled {
            let record = self.state().entries.get(&nonce).map(|e| e.record(nonce));
            let Some(record) = record else { continue };
            self.store.settle(&self.name, &record, &ending).await?;
            let Some(entry) = self.state().entries.remove(&nonce) else {
                continue;
            };
            if ending == Settled::Superseded && !entry.cancelled() {
                warn!(lane = %self.name, nonce, "nonce was used by somebody else");
                let account = self.account;
                entry
                    .answer
                    .send_replace(Some(Err(LaneError::NonceTaken { account, nonce })));
            }
        }
        Ok(())
    }

    /// Sends what is not included: for the first time, again, or with higher fees.
    async fn push_on(&self, nonce: u64, next_nonce: u64) {
        let height = self.head_height();
        let (latest, accepted, sent_at) = {
            let state = self.state();
            let Some(entry) = state.entries.get(&nonce) else {
                return;
            };
            (
                entry.attempts.last().cloned(),
                entry.accepted,
                entry.sent_at,
            )
        };
        let Some(latest) = latest else {
            return self.resume(nonce).await;
        };
        if !accepted {
            return self.broadcast(nonce).await;
        }
        if height < sent_at.saturating_add(self.config.replace_after_blocks.max(1)) {
            return;
        }
        let stuck = match self.market().await {
            Ok(market) => nonce == next_nonce || market.too_low(&latest),
            Err(_) => false,
        };
        if stuck {
            self.raise(nonce, &latest).await;
        }
        self.broadcast(nonce).await;
        self.spread(nonce);
    }

    /// Signs what was reserved before a crash and never signed; if it reverts by now, the nonce is
    /// used up by an empty transaction instead.
    async fn resume(&self, nonce: u64) {
        let Some(call) = self
            .state()
            .entries
            .get(&nonce)
            .map(|entry| entry.call.clone())
        else {
            return;
        };
        info!(lane = %self.name, nonce, "taking up a transaction that was never signed");
        match self.estimate(&call).await {
            Ok((_, fees)) => self.attempt(nonce, fees, false).await,
            Err(error @ (LaneError::Reverted { .. } | LaneError::TooMuchGas { .. })) => {
                self.tell(nonce, Err(error));
                match self.market().await {
                    Ok(market) => self.attempt(nonce, market.offer(&self.config), true).await,
                    Err(error) => debug!(lane = %self.name, nonce, %error, "fees are not known"),
                }
            }
            Err(error) => self.tell(nonce, Err(error)),
        }
    }
}

/// Whether the receipt of any attempt was looked up.
fn asked_for(entry: &Entry, hashes: &[B256]) -> bool {
    entry
        .attempts
        .iter()
        .any(|attempt| hashes.contains(&attempt.hash))
}

fn ending(entry: &Entry, outcome: &TxOutcome) -> Settled {
    if entry
        .attempts
        .iter()
        .any(|attempt| attempt.cancels && attempt.hash == outcome.hash)
    {
        return Settled::Superseded;
    }
    Settled::Confirmed {
        hash: outcome.hash,
        block: outcome.block,
        success: outcome.success,
        gas_used: outcome.gas_used,
    }
}
