use std::{fmt, sync::Arc};

use alloy::network::TxSigner;
use alloy_primitives::{Address, B256, Signature, U64};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use super::{
    LaneConfig, LaneError, LaneStore, Settled, TxCall, TxOutcome, TxRecord,
    core::{Answer, Core, Entry, State},
    fees::Fees,
    receipt::Receipt,
};
use crate::{
    EvmChain, EvmError,
    rpc::{WireHeader, WireReceipt},
};

/// How often a submission starts over after somebody else used its nonce.
const MAX_RESTARTS: usize = 5;

/// The transactions of one signer on one chain, one nonce after the other without gaps, each
/// recorded before it is sent. Clones share everything.
///
/// Nobody else may send transactions of this signer while a lane is open. If somebody does, what
/// was to take the same nonce is submitted again under another.
pub struct TxLane<S> {
    pub(super) core: Arc<Core<S>>,
    in_flight: Arc<Semaphore>,
    /// Ends the keeper with the last clone.
    stop: Arc<DropGuard>,
}

impl<S> Clone for TxLane<S> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            in_flight: Arc::clone(&self.in_flight),
            stop: Arc::clone(&self.stop),
        }
    }
}

impl<S> fmt::Debug for TxLane<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxLane")
            .field("name", &self.core.name)
            .finish_non_exhaustive()
    }
}

impl<S: LaneStore> TxLane<S> {
    /// Opens the lane and takes up what the store holds without an outcome: learns what was mined
    /// meanwhile, and sends the rest again.
    pub async fn open(
        chain: EvmChain,
        signer: impl TxSigner<Signature> + Send + Sync + 'static,
        store: S,
        config: LaneConfig,
    ) -> Result<Self, LaneError> {
        let account = signer.address();
        let chain_number = chain.id().eip155_id().ok_or_else(|| EvmError::Config {
            chain: chain.id().clone(),
            field: "chain",
            reason: "not an EVM chain".to_owned(),
        })?;
        let next: U64 = chain
            .rpc()
            .request("eth_getTransactionCount", (account, "latest"))
            .await?;
        let name = format!("{}:{account}", chain.id());
        let pending = store.pending(&name).await?;
        if !pending.is_empty() {
            info!(lane = %name, transactions = pending.len(), "taking up what was left open");
        }
        let entries = pending
            .into_iter()
            .map(|record| (record.nonce, Entry::new(record, None)))
            .collect();
        let in_flight = Arc::new(Semaphore::new(config.max_in_flight.max(1)));
        let core = Arc::new(Core {
            chain,
            chain_number,
            signer: Arc::new(signer),
            account,
            name,
            store,
            config,
            state: State {
                entries,
                chain_nonce: next.to(),
                market: None,
            }
            .into(),
            reserving: tokio::sync::Mutex::default(),
            wake: Notify::new(),
        });
        core.tick().await?;
        let cancel = CancellationToken::new();
        tokio::spawn(Arc::clone(&core).keep(cancel.clone()));
        Ok(Self {
            core,
            in_flight,
            stop: Arc::new(cancel.drop_guard()),
        })
    }

    /// The account that signs.
    pub fn account(&self) -> Address {
        self.core.account
    }

    /// The lane's name in the store: the account's CAIP-10 id.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The chain that the lane leads to.
    pub fn chain(&self) -> &EvmChain {
        &self.core.chain
    }

    /// How many transactions wait for inclusion.
    pub fn waiting(&self) -> usize {
        self.core
            .state()
            .entries
            .values()
            .filter(|entry| entry.included.is_none())
            .count()
    }

    /// Whether the call would revert now, given all the gas that a transaction may have, without
    /// sending anything.
    ///
    /// # Errors
    /// What [`Self::submit`] would refuse before sending.
    pub async fn simulate(&self, call: &TxCall) -> Result<(), LaneError> {
        let call = TxCall {
            gas_limit: Some(self.core.gas_cap()),
            ..call.clone()
        };
        self.core.try_guess(&call).await.map(drop)
    }

    /// What the store holds of the transaction with this key; `None` if it holds nothing, or if the
    /// transaction never happened and the key is free.
    pub async fn record(&self, key: &str) -> Result<Option<TxRecord>, LaneError> {
        Ok(self.core.store.find(&self.core.name, key).await?)
    }

    /// The most gas that one transaction of this lane may take.
    pub fn gas_cap(&self) -> u64 {
        self.core.gas_cap()
    }

    /// Sends a transaction and waits until it is in a block. The same key means the same
    /// transaction: submitted again, also after a crash, it is found and not sent twice. Dropping
    /// the future does not stop what was sent.
    ///
    /// A gas limit that the call has is a guess: it is tried, and if it is not enough, another is
    /// estimated.
    ///
    /// The outcome may have reverted; look at [`TxOutcome::success`]. If the block is taken back by
    /// the chain, the lane sends the same transaction again by itself.
    ///
    /// # Errors
    /// [`LaneError::severity`] says whether the same key may be submitted again. A call that
    /// reverts when estimated uses no nonce.
    pub async fn submit(&self, key: &str, call: TxCall) -> Answer {
        let mut taken = LaneError::Closed;
        for _ in 0..MAX_RESTARTS {
            let receiver = match self.find(key).await? {
                Some(Found::Settled(outcome)) => return Ok(outcome),
                Some(Found::Waiting(receiver)) => receiver,
                None => {
                    let (call, fees) = self.core.try_guess(&call).await?;
                    let permit = Arc::clone(&self.in_flight).acquire_owned().await;
                    let permit = permit.map_err(|_| LaneError::Closed)?;
                    let entering =
                        enter(Arc::clone(&self.core), key.to_owned(), call, fees, permit);
                    // A task of its own: a reserved nonce must get its transaction even if the
                    // caller stops waiting.
                    let entered = tokio::spawn(entering)
                        .await
                        .map_err(|_| LaneError::Closed)??;
                    let Some(receiver) = entered else { continue };
                    receiver
                }
            };
            match wait(receiver).await {
                Err(error @ LaneError::NonceTaken { .. }) => {
                    warn!(lane = %self.core.name, key, %error, "submitting again");
                    taken = error;
                }
                answer => return answer,
            }
        }
        Err(taken)
    }

    /// What became of an earlier submission with this key.
    async fn find(&self, key: &str) -> Result<Option<Found>, LaneError> {
        let core = &self.core;
        let Some(record) = core.store.find(&core.name, key).await? else {
            return Ok(None);
        };
        match &record.settled {
            Some(Settled::Confirmed { hash, block, .. }) => {
                let outcome = core.outcome_of(*hash, block.hash).await?;
                Ok(Some(Found::Settled(Arc::new(outcome))))
            }
            Some(Settled::Superseded) => Ok(None),
            None => Ok(Some(Found::Waiting(core.attach(record).await))),
        }
    }
}

enum Found {
    Settled(Arc<TxOutcome>),
    Waiting(watch::Receiver<Option<Answer>>),
}

async fn wait(mut receiver: watch::Receiver<Option<Answer>>) -> Answer {
    match receiver.wait_for(Option::is_some).await {
        Ok(answer) => answer.clone().unwrap_or(Err(LaneError::Closed)),
        Err(_) => Err(LaneError::Closed),
    }
}

/// Reserves a nonce for a call and sends it. `None` if another submission with the key came first.
async fn enter<S: LaneStore>(
    core: Arc<Core<S>>,
    key: String,
    call: TxCall,
    fees: Fees,
    permit: OwnedSemaphorePermit,
) -> Result<Option<watch::Receiver<Option<Answer>>>, LaneError> {
    let (nonce, receiver) = {
        let _in_order = core.reserving.lock().await;
        let expected = core.state().chain_nonce;
        let reserved = core
            .store
            .reserve(&core.name, &key, &call, expected)
            .await?;
        if !reserved.fresh {
            return Ok(None);
        }
        let nonce = reserved.record.nonce;
        let gap = {
            let state = core.state();
            nonce > state.chain_nonce && !state.entries.contains_key(&(nonce - 1))
        };
        if gap {
            core.store
                .settle(&core.name, &reserved.record, &Settled::Superseded)
                .await?;
            let (account, got) = (core.account, nonce);
            return Err(LaneError::NonceGap {
                account,
                expected,
                got,
            });
        }
        let mut entry = Entry::new(reserved.record, Some(permit));
        entry.busy = true;
        let receiver = entry.answer.subscribe();
        core.state().entries.insert(nonce, entry);
        (nonce, receiver)
    };
    core.attempt(nonce, fees, false).await;
    if let Some(entry) = core.state().entries.get_mut(&nonce) {
        entry.busy = false;
    }
    core.wake.notify_one();
    Ok(Some(receiver))
}

impl<S: LaneStore> Core<S> {
    /// Joins those who wait for a transaction that is under way.
    async fn attach(&self, record: TxRecord) -> watch::Receiver<Option<Answer>> {
        // Whoever reserved the nonce may be about to enter it.
        let _in_order = self.reserving.lock().await;
        let mut state = self.state();
        let entry = state
            .entries
            .entry(record.nonce)
            .or_insert_with(|| Entry::new(record, None));
        let failed = entry.answer.borrow().as_ref().is_some_and(Result::is_err);
        if failed && !entry.cancelled() {
            // An earlier error, such as an empty account, may be over.
            entry.answer.send_replace(None);
            entry.accepted = false;
        }
        let receiver = entry.answer.subscribe();
        drop(state);
        self.wake.notify_one();
        receiver
    }

    /// The outcome of a transaction that is known to have been mined.
    async fn outcome_of(&self, hash: B256, block: B256) -> Result<TxOutcome, LaneError> {
        let rpc = self.chain.rpc();
        let receipt: Option<WireReceipt> =
            rpc.request("eth_getTransactionReceipt", (hash,)).await?;
        let receipt = match receipt {
            Some(wire) => Receipt::checked(rpc, hash, wire)?,
            None => None,
        };
        let receipt = receipt.filter(|receipt| receipt.block_hash == block);
        let receipt = receipt.ok_or(LaneError::ReceiptGone(hash))?;
        let header: Option<WireHeader> = rpc.request("eth_getBlockByHash", (block, false)).await?;
        let header = header.and_then(WireHeader::checked);
        let header = header.filter(|header| header.block.hash == block);
        let header = header.ok_or(LaneError::ReceiptGone(hash))?;
        Ok(receipt.in_block(header.block))
    }
}
