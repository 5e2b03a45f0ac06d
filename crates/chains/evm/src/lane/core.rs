use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718 as _,
    network::TxSigner,
};
use alloy_primitives::{Address, Signature, TxKind, U256};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

use super::{
    LaneConfig, LaneError, LaneStore, SignedAttempt, StoreError, TxCall, TxOutcome, TxRecord,
    fees::{Fees, Market},
};
use crate::{EvmChain, EvmError};

pub(super) type Answer = Result<Arc<TxOutcome>, LaneError>;
pub(super) type DynSigner = dyn TxSigner<Signature> + Send + Sync;

/// A transaction whose outcome is not final.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) call: TxCall,
    /// What was signed and recorded, the latest last.
    pub(super) attempts: Vec<SignedAttempt>,
    /// What those who wait are told.
    pub(super) answer: watch::Sender<Option<Answer>>,
    /// The block that it is in now.
    pub(super) included: Option<Arc<TxOutcome>>,
    /// Whether an endpoint has taken the latest attempt.
    pub(super) accepted: bool,
    /// The head's height at the latest broadcast.
    pub(super) sent_at: u64,
    /// Being signed or sent right now by a task that will finish that.
    pub(super) busy: bool,
    /// Since when the chain has used the nonce without there being a receipt, and how often that
    /// was seen.
    pub(super) vanished: Option<(Instant, u32)>,
    /// Its place among those in flight.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Entry {
    pub(super) fn new(record: TxRecord, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            key: record.key,
            call: record.call,
            attempts: record.attempts,
            answer: watch::Sender::new(None),
            included: None,
            accepted: false,
            sent_at: 0,
            busy: false,
            vanished: None,
            permit,
        }
    }

    /// What the store is to keep of it.
    pub(super) fn record(&self, nonce: u64) -> TxRecord {
        TxRecord {
            nonce,
            key: self.key.clone(),
            call: self.call.clone(),
            attempts: self.attempts.clone(),
            settled: None,
        }
    }

    /// Whether the nonce is to be used up without the call.
    pub(super) fn cancelled(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.cancels)
    }
}

#[derive(Default)]
pub(super) struct State {
    /// By nonce.
    pub(super) entries: BTreeMap<u64, Entry>,
    /// The next nonce on the chain, as last seen.
    pub(super) chain_nonce: u64,
    pub(super) market: Option<Market>,
}

/// What the lane and its keeper share.
pub(super) struct Core<S> {
    pub(super) chain: EvmChain,
    pub(super) chain_number: u64,
    pub(super) signer: Arc<DynSigner>,
    pub(super) account: Address,
    /// The lane's name in the store.
    pub(super) name: String,
    pub(super) store: S,
    pub(super) config: LaneConfig,
    pub(super) state: Mutex<State>,
    /// Held while a nonce is reserved, so that nonces enter the state in their order.
    pub(super) reserving: tokio::sync::Mutex<()>,
    /// Wakes the keeper.
    pub(super) wake: Notify,
}

impl<S: LaneStore> Core<S> {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The height of the head, 0 before it is known.
    pub(super) fn head_height(&self) -> u64 {
        self.chain
            .pool()
            .current()
            .head()
            .map_or(0, |head| head.block.height)
    }

    /// Keeps an attempt in the store and then here, to be broadcast next.
    pub(super) async fn keep_attempt(
        &self,
        nonce: u64,
        signed: SignedAttempt,
    ) -> Result<(), StoreError> {
        let record = self.state().entries.get(&nonce).map(|entry| {
            let mut record = entry.record(nonce);
            record.attempts.push(signed.clone());
            record
        });
        let Some(record) = record else { return Ok(()) };
        self.store.record(&self.name, &record).await?;
        if let Some(entry) = self.state().entries.get_mut(&nonce) {
            entry.attempts.push(signed);
            entry.accepted = false;
        }
        Ok(())
    }

    pub(super) fn tell(&self, nonce: u64, answer: Answer) {
        if let Some(entry) = self.state().entries.get(&nonce) {
            entry.answer.send_replace(Some(answer));
        }
    }

    /// Prices for the next block, asked for at most once per block.
    pub(super) async fn market(&self) -> Result<Market, LaneError> {
        let height = self.head_height();
        if let Some(market) = self.state().market
            && market.height == height
        {
            return Ok(market);
        }
        let call = Market::call();
        let history = self.chain.rpc().request(call.method, call.params).await?;
        self.keep_market(Market::read(history, height))
    }

    pub(super) fn keep_market(&self, market: Option<Market>) -> Result<Market, LaneError> {
        let market = market.ok_or_else(|| EvmError::Config {
            chain: self.chain.id().clone(),
            field: "chain",
            reason: "it tells no base fee; only EIP-1559 chains are supported".to_owned(),
        })?;
        self.state().market = Some(market);
        Ok(market)
    }

    /// Signs the call, or what uses its nonce up.
    pub(super) async fn sign(
        &self,
        nonce: u64,
        call: &TxCall,
        fees: Fees,
        cancels: bool,
    ) -> Result<SignedAttempt, LaneError> {
        /// What a plain transfer costs on Ethereum; chains that charge more refuse it, and then
        /// the call's own limit is used.
        const TRANSFER_GAS: u64 = 21_000;
        let gas_limit = call.gas_limit.unwrap_or(TRANSFER_GAS);
        let mut tx = TxEip1559 {
            chain_id: self.chain_number,
            nonce,
            gas_limit,
            max_fee_per_gas: fees.max_fee,
            max_priority_fee_per_gas: fees.priority_fee,
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: call.value,
            access_list: alloy::eips::eip2930::AccessList::default(),
            input: call.data.clone(),
        };
        if cancels {
            tx.to = TxKind::Call(self.account);
            tx.value = U256::ZERO;
            tx.input = alloy_primitives::Bytes::new();
            tx.gas_limit = gas_limit.clamp(TRANSFER_GAS, 10 * TRANSFER_GAS);
        }
        let signature = self
            .signer
            .sign_transaction(&mut tx)
            .await
            .map_err(|error| LaneError::Signer {
                account: self.account,
                details: error.to_string(),
            })?;
        let gas_limit = tx.gas_limit;
        let signed = TxEnvelope::from(tx.into_signed(signature));
        Ok(SignedAttempt {
            raw: signed.encoded_2718().into(),
            hash: *signed.tx_hash(),
            max_fee: fees.max_fee,
            priority_fee: fees.priority_fee,
            gas_limit,
            cancels,
        })
    }
}
