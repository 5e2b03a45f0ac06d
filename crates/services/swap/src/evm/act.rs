//! What is done on the chain: locking, claiming, taking back.

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes, U256, hex},
    sol_types::{SolCall, SolInterface as _},
};
use causeway_contracts::{
    hash_time_lock::HashTimeLock::{self, HashTimeLockErrors},
    test_erc20::TestERC20::approveCall,
};
use causeway_evm::TxCall;
use causeway_ibc_evm::explain_revert;
use causeway_swap::Secret;
use tracing::debug;

use super::{
    EvmSide,
    lock::EvmLock,
    read::State,
    send::{Repeat, Sent},
};
use crate::{ChainError, Lock, Locked};

/// How long to wait for the follower before it is left for later.
const CATCH_UP: Duration = Duration::from_secs(5);

/// What a lock is spent by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spending<'a> {
    Claim(&'a Secret),
    Refund,
    RefundTogether(&'a str),
}

impl Spending<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Claim(_) => "claim",
            Self::Refund => "refund",
            Self::RefundTogether(_) => "refund-together",
        }
    }
}

fn key(lock: &Lock, action: &str) -> String {
    format!("swap/{}/{}/{action}", lock.swap, lock.leg.name())
}

impl EvmSide {
    /// Makes our lock, unless it was ever made.
    ///
    /// The contract forgets a lock once it is claimed, and would take the same again: into the hands of whoever knows
    /// the secret by then. So before anything is sent, everything that the chain has shown must have been read, and
    /// neither show the lock nor its end; that covers a store that was restored from an old copy. Beyond that, the
    /// lane's record of a lock that succeeded is never sent anew.
    pub(super) async fn make(&self, lock: &Lock) -> Result<(), ChainError> {
        let ours = self.served.read(lock.hash_lock, &lock.terms)?;
        let key_of_lock = (lock.swap, lock.leg);
        if ours.refunder != self.served.account {
            return Err(self.lasting(format!(
                "the lock is {}'s to make, and our account is {}",
                ours.refunder, self.served.account
            )));
        }
        if let Some(rival) = self.registry.rival(key_of_lock) {
            return Err(self.lasting(format!(
                "the swap {rival} has the same hash lock: one secret would open both, and only one would be paid for"
            )));
        }
        let head = self.newest().await?;
        if head
            .time
            .plus_secs(self.settings.lock_margin_secs)
            .as_secs()
            >= ours.timelock
        {
            return Err(self.lasting(format!(
                "it is {} on the chain, too late for a lock that expires at {}",
                head.time, ours.timelock
            )));
        }
        // That of the endpoint in use, which is also the one that is followed: another may be ahead of it for long.
        let height = self.reader.head().await?.height;
        self.registry.catch_up(height, CATCH_UP).await.map_err(|read| {
            let read = read.map_or("none".to_owned(), |height| format!("those up to {height}"));
            self.passing(format!(
                "blocks up to {height} are to be read before anything is locked, and {read} have been"
            ))
        })?;
        match self.registry.was_told(key_of_lock) {
            Some(false) => {}
            Some(true) => return Ok(()),
            None => return Err(self.passing("the lock is not looked out for".to_owned())),
        }
        if self.reader.state(ours.id()).await? != State::None {
            return Ok(());
        }
        if !ours.token.is_zero() && !self.allow(lock, &ours).await? {
            return Ok(());
        }
        let call = self.lock_call(&ours);
        match self
            .sender
            .send(&key(lock, "lock"), &call, Repeat::OnceAtMost)
            .await?
        {
            Sent::Included | Sent::UnderWay => Ok(()),
            Sent::Failed => Err(self.passing(
                "the lock reverted in its block, and is tried again when that block is final"
                    .to_owned(),
            )),
            Sent::Refused(data) => match HashTimeLockErrors::abi_decode(&data) {
                Ok(HashTimeLockErrors::SwapExists(_)) => Ok(()),
                Ok(
                    HashTimeLockErrors::TimelockOutOfRange(_)
                    | HashTimeLockErrors::NotAToken(_)
                    | HashTimeLockErrors::WrongBalance(_),
                ) => Err(self.lasting(format!("the lock is refused: {}", explain_revert(&data)))),
                _ => Err(self.passing(format!(
                    "the lock is refused: {}; does {} hold {} of the asset?",
                    explain_revert(&data),
                    ours.refunder,
                    ours.amount
                ))),
            },
        }
    }

    fn lock_call(&self, ours: &EvmLock) -> TxCall {
        let (hash_lock, window) = (ours.hash_lock, ours.window());
        if ours.token.is_zero() {
            let call = HashTimeLock::lockCoinCall {
                hashLock: hash_lock,
                window,
            };
            return TxCall {
                value: ours.amount,
                ..self.call(&call)
            };
        }
        self.call(&HashTimeLock::lockTokenCall {
            hashLock: hash_lock,
            token: ours.token,
            amount: ours.amount,
            window,
        })
    }

    /// Lets the contract take the amount, and says whether it may by now.
    ///
    /// It is allowed to take as much as it likes, once for each token: with exact allowances, swaps of one token would
    /// overwrite each other's, and each would pay for its own. The contract takes tokens from nobody but its caller
    /// and those who signed a permit, has no owner and cannot be changed, and that it is this contract was checked.
    async fn allow(&self, lock: &Lock, ours: &EvmLock) -> Result<bool, ChainError> {
        let _one_at_a_time = self.allowing.lock().await;
        let (token, owner) = (ours.token, ours.refunder);
        let allowed = self.reader.allowance(token, owner).await?;
        if allowed >= ours.amount {
            return Ok(true);
        }
        // Some tokens change an allowance only from or to nothing.
        let steps = [("disallow", U256::ZERO), ("allow", U256::MAX)];
        for (action, value) in steps.into_iter().skip(usize::from(allowed.is_zero())) {
            let spender = self.served.contract;
            let data = approveCall { spender, value }.abi_encode();
            let call = TxCall::new(token, data.into());
            match self
                .sender
                .send(&key(lock, action), &call, Repeat::Harmless)
                .await?
            {
                Sent::Included => {}
                Sent::UnderWay | Sent::Failed => return Ok(false),
                Sent::Refused(data) => {
                    let words = explain_revert(&data);
                    return Err(self.passing(format!("{token} refuses an allowance: {words}")));
                }
            }
        }
        Ok(true)
    }

    /// Spends a lock, unless it is spent. Whoever does it, the amount goes where the terms say.
    pub(super) async fn spend(
        &self,
        locked: Locked<'_>,
        spending: Spending<'_>,
    ) -> Result<(), ChainError> {
        let Locked { lock, at } = locked;
        let ours = self.agreed_lock(locked)?;
        match self.reader.state(ours.id()).await {
            Ok(State::Locked) => {}
            // The follower tells how.
            Ok(_) => {
                debug!(chain = %self.served.chain, at, "there is nothing left to spend");
                return Ok(());
            }
            // There is a deadline, and what is too late the contract refuses.
            Err(error) => debug!(%error, "the lock is spent without a look at it"),
        }
        let (hash_lock, terms) = (ours.hash_lock, ours.terms());
        let call = match spending {
            Spending::Claim(secret) => self.call(&HashTimeLock::claimCall {
                secret: secret.to_bytes().into(),
                terms,
            }),
            Spending::Refund => self.call(&HashTimeLock::refundCall {
                hashLock: hash_lock,
                terms,
            }),
            Spending::RefundTogether(signature) => {
                let signature = hex::decode(signature).map_err(|_| {
                    self.lasting("the consent is no signature in hexadecimal".to_owned())
                })?;
                self.call(&HashTimeLock::refundCooperativelyCall {
                    hashLock: hash_lock,
                    terms,
                    signature: signature.into(),
                })
            }
        };
        let (name, key) = (spending.name(), key(lock, spending.name()));
        let mut sent = self.sender.send(&key, &call, Repeat::Harmless).await?;
        if matches!(sent, Sent::Refused(_)) && self.reader.succeeds(&call).await {
            // One endpoint must not be able to hold us off until the expiry.
            let reason =
                format!("it says that the {name} of {at} reverts, the others that it does not");
            self.reader.chain.distrust_in_use(&reason);
            sent = self.sender.send(&key, &call, Repeat::Harmless).await?;
        }
        match sent {
            Sent::Included | Sent::UnderWay => Ok(()),
            Sent::Failed => Err(self.passing(format!("the {name} reverted in its block"))),
            Sent::Refused(data) => match HashTimeLockErrors::abi_decode(&data) {
                // Somebody was faster.
                Ok(HashTimeLockErrors::SwapNotLocked(_)) => Ok(()),
                Ok(HashTimeLockErrors::WrongSignature(_)) => {
                    Err(self.lasting(format!("the {name} is refused: {}", explain_revert(&data))))
                }
                // A token that is paused, say: what it refuses today it may do tomorrow.
                _ => Err(self.passing(format!("the {name} is refused: {}", explain_revert(&data)))),
            },
        }
    }

    /// The lock that was agreed on, if that is the one at this place.
    pub(super) fn agreed_lock(
        &self,
        Locked { lock, at }: Locked<'_>,
    ) -> Result<EvmLock, ChainError> {
        let ours = self.served.read(lock.hash_lock, &lock.terms)?;
        let expected = ours.id().to_string();
        if at != expected {
            return Err(self.lasting(format!("the lock at {at} is another, expected {expected}")));
        }
        Ok(ours)
    }

    fn call(&self, call: &impl SolCall) -> TxCall {
        let data = Bytes::from(call.abi_encode());
        let contract: Address = self.served.contract;
        TxCall::new(contract, data)
    }

    pub(super) fn passing(&self, words: String) -> ChainError {
        ChainError::passing(&self.served.chain, words)
    }

    pub(super) fn lasting(&self, words: String) -> ChainError {
        ChainError::lasting(&self.served.chain, words)
    }
}
