//! Our contract.

use alloy::{
    primitives::{Address, Bytes, U256, aliases::U96},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolConstructor as _, SolStruct as _, eip712_domain},
};
use anyhow::Result;
use causeway_contracts::{
    claim_window,
    hash_time_lock::{
        HashTimeLock,
        IHashTimeLock::{BatchEntry, Terms},
    },
    refund_right,
};

use super::{
    contract::{Call, Clock, Contracts, Swap},
    evm::Chain,
};

sol! {
    struct CooperativeRefund {
        bytes32 hashLock;
        address token;
        uint256 amount;
        address claimer;
        uint256 timelock;
        address refunder;
        uint256 bond;
    }
}

pub(super) struct Ours {
    chain_id: u64,
    contract: Address,
}

impl Ours {
    pub(super) async fn deploy(chain: &Chain) -> Result<Self> {
        // Nothing here is locked with Permit2.
        let permit2 = Address::ZERO;
        let arguments = HashTimeLock::constructorCall { permit2 }.abi_encode();
        let code: Bytes = [&HashTimeLock::BYTECODE[..], &arguments].concat().into();
        Ok(Self {
            chain_id: chain.id(),
            contract: chain.deploy(code).await?,
        })
    }

    fn call<C: SolCall>(&self, value: U256, call: &C) -> Call {
        Call {
            to: self.contract,
            value,
            data: call.abi_encode().into(),
        }
    }
}

impl Contracts for Ours {
    fn clock(&self) -> Clock {
        Clock::Timestamps
    }

    fn token_spender(&self) -> Address {
        self.contract
    }

    fn lock(&self, swap: &Swap) -> Call {
        let hash_lock = swap.hash_lock();
        let window = claim_window(swap.claimer, swap.timelock);
        match swap.token {
            None => self.call(
                swap.amount,
                &HashTimeLock::lockCoinCall {
                    hashLock: hash_lock,
                    window,
                },
            ),
            Some(token) => self.call(
                U256::ZERO,
                &HashTimeLock::lockTokenCall {
                    hashLock: hash_lock,
                    token,
                    amount: swap.amount,
                    window,
                },
            ),
        }
    }

    fn claim(&self, swap: &Swap) -> Call {
        let call = HashTimeLock::claimCall {
            secret: swap.secret,
            terms: terms(swap),
        };
        self.call(U256::ZERO, &call)
    }

    fn claim_batch(&self, swaps: &[Swap]) -> Call {
        let entries = swaps.iter().map(|swap| BatchEntry {
            secret: swap.secret,
            amount: swap.amount,
            timelock: swap.timelock,
            refunder: swap.refunder,
        });
        let call = HashTimeLock::claimBatchCall {
            token: Address::ZERO,
            claimer: swaps.first().map(|swap| swap.claimer).unwrap_or_default(),
            entries: entries.collect(),
        };
        self.call(U256::ZERO, &call)
    }

    fn refund(&self, swap: &Swap) -> Call {
        let call = HashTimeLock::refundCall {
            hashLock: swap.hash_lock(),
            terms: terms(swap),
        };
        self.call(U256::ZERO, &call)
    }

    fn refund_cooperatively(&self, swap: &Swap, claimer: &PrivateKeySigner) -> Result<Call> {
        let domain = eip712_domain! {
            name: "Causeway HashTimeLock",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.contract,
        };
        let consent = CooperativeRefund {
            hashLock: swap.hash_lock(),
            token: swap.token.unwrap_or_default(),
            amount: swap.amount,
            claimer: swap.claimer,
            timelock: U256::from(swap.timelock),
            refunder: swap.refunder,
            bond: U256::ZERO,
        };
        let signature = claimer.sign_hash_sync(&consent.eip712_signing_hash(&domain))?;
        let call = HashTimeLock::refundCooperativelyCall {
            hashLock: swap.hash_lock(),
            terms: terms(swap),
            signature: signature.as_bytes().into(),
        };
        Ok(self.call(U256::ZERO, &call))
    }
}

fn terms(swap: &Swap) -> Terms {
    Terms {
        token: swap.token.unwrap_or_default(),
        amount: swap.amount,
        claimWindow: claim_window(swap.claimer, swap.timelock),
        refundRight: refund_right(swap.refunder, U96::ZERO),
    }
}
