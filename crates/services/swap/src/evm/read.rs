//! What the chain says now, as several endpoints tell it alike.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::SolCall,
};
use causeway_contracts::{
    PERMIT2,
    hash_time_lock::HashTimeLock::stateOfCall,
    hash_time_lock_code,
    test_erc20::TestERC20::{allowanceCall, balanceOfCall},
};
use causeway_evm::{EvmChain, StateQuery, TxCall};
use causeway_types::BlockRef;
use tokio::time::sleep;

use super::error;
use crate::ChainError;

/// How often the newest state is asked for until enough endpoints tell it alike: they see a block at slightly
/// different moments.
const TRIES: usize = 4;
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(150);

/// Where a lock stands, by the contract's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Never made, or claimed, or taken back.
    None,
    Locked,
    /// Taken back cooperatively, and refused for ever, or a bond that we did not ask for.
    Other,
}

#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) chain: EvmChain,
    pub(super) contract: Address,
}

impl Reader {
    /// Makes sure that what stands at the address is the contract: coins that are locked in anything else are lost.
    pub(super) async fn verify(&self) -> Result<(), ChainError> {
        let refuse = |words: String| ChainError::lasting(self.chain.id(), words);
        let number = self.chain.id().eip155_id();
        let number = number.ok_or_else(|| refuse("not an EVM chain".to_owned()))?;
        let code = self
            .one(StateQuery::Code(self.contract))
            .await?
            .unwrap_or_default();
        let contract = self.contract;
        if code.is_empty() {
            return Err(refuse(format!(
                "there is no contract at {contract}, which is to hold locks; deploy it or correct the address"
            )));
        }
        let known = [Address::ZERO, PERMIT2]
            .into_iter()
            .any(|permit2| code == hash_time_lock_code(contract, number, permit2));
        if !known {
            return Err(refuse(format!(
                "the contract at {contract} is not the hash time lock of this release, with the canonical Permit2 or \
                 none; what would be locked there could be lost, so correct the address"
            )));
        }
        Ok(())
    }

    /// The newest block of the endpoint in use.
    pub(super) async fn head(&self) -> Result<BlockRef, ChainError> {
        let head = self.chain.head().await;
        head.map_err(|error| error::of_chain(self.chain.id(), &error))
    }

    /// Where a lock stands.
    pub(super) async fn state(&self, id: B256) -> Result<State, ChainError> {
        let state = self
            .ask(self.contract, stateOfCall { swapId: id }, false)
            .await?;
        Ok(match state {
            0 => State::None,
            2 => State::Locked,
            _ => State::Other,
        })
    }

    /// An account's coin in wei.
    pub(super) async fn coin(&self, account: Address) -> Result<U256, ChainError> {
        let balance = self
            .one(StateQuery::Balance(account))
            .await?
            .unwrap_or_default();
        Ok(U256::try_from_be_slice(&balance).unwrap_or_default())
    }

    /// An account's tokens in their smallest unit.
    pub(super) async fn tokens(
        &self,
        token: Address,
        account: Address,
    ) -> Result<U256, ChainError> {
        self.ask(token, balanceOfCall { account }, true).await
    }

    /// How many of an account's tokens the contract may take.
    pub(super) async fn allowance(
        &self,
        token: Address,
        owner: Address,
    ) -> Result<U256, ChainError> {
        let spender = self.contract;
        self.ask(token, allowanceCall { owner, spender }, true)
            .await
    }

    /// What a read-only call returns; `None` if it fails.
    pub(super) async fn call(&self, to: Address, data: Bytes) -> Result<Option<Bytes>, ChainError> {
        let stranger = true;
        self.one(StateQuery::Call { to, data, stranger }).await
    }

    /// Whether a call that anybody may make, and that sends no coin, succeeds by the word of as many endpoints as have
    /// to agree.
    pub(super) async fn succeeds(&self, call: &TxCall) -> bool {
        let Some(to) = call.to else { return false };
        let (data, stranger) = (call.data.clone(), false);
        let query = StateQuery::Call { to, data, stranger };
        matches!(self.one(query).await, Ok(Some(_)))
    }

    async fn ask<C: SolCall>(
        &self,
        to: Address,
        call: C,
        stranger: bool,
    ) -> Result<C::Return, ChainError> {
        let data = call.abi_encode().into();
        let answer = self.one(StateQuery::Call { to, data, stranger }).await?;
        answer
            .and_then(|answer| C::abi_decode_returns_validate(&answer).ok())
            .ok_or_else(|| {
                let words = format!("{to} does not answer to {}", C::SIGNATURE);
                ChainError::passing(self.chain.id(), words)
            })
    }

    async fn one(&self, query: StateQuery) -> Result<Option<Bytes>, ChainError> {
        let queries = [query];
        let mut tries = 1;
        loop {
            let head = self.head().await?;
            match self.chain.agreed_state(&queries, &head).await {
                Ok(answers) => return Ok(answers.into_iter().next().flatten()),
                Err(error) if tries >= TRIES => {
                    return Err(error::of_agreement(self.chain.id(), &error));
                }
                Err(_) => {
                    tries += 1;
                    sleep(PAUSE_BETWEEN_TRIES).await;
                }
            }
        }
    }
}
