//! One chain with the hash time lock, and swaps between Alice, who locks, and Bob, who claims.

use alloy::primitives::{Address, B256, Bytes, U256, aliases::U96};
use alloy::sol_types::SolCall;
use causeway_contracts::hash_time_lock::HashTimeLock;
use causeway_contracts::hash_time_lock::IHashTimeLock::{BatchEntry, Terms};
use causeway_contracts::test_erc20::TestERC20;
use causeway_contracts::{claim_window, refund_right};
use sha2::{Digest, Sha256};

use super::chain::{ALICE, BOB, Chain, Failure, Receipt};
use super::fixtures::TestWitnessPermit2;

/// Six hours: what swaps in these tests have until they are refunded.
pub const SIX_HOURS: u64 = 6 * 3600;

/// The states of a swap as the contract numbers them.
pub const NONE: u8 = 0;
pub const BOND_POSTED: u8 = 1;
pub const LOCKED: u8 = 2;
pub const CANCELLED: u8 = 3;

#[derive(Clone)]
pub struct Swaps {
    pub chain: Chain,
    pub contract: Address,
    pub permit2: Address,
}

/// A swap as both parties know it.
#[derive(Clone, Debug)]
pub struct Swap {
    pub secret: B256,
    pub amount: U256,
    pub token: Address,
    pub claimer: Address,
    pub timelock: u64,
    pub refunder: Address,
    pub bond: u64,
}

impl Swap {
    pub fn hash_lock(&self) -> B256 {
        sha256(self.secret)
    }

    pub fn window(&self) -> U256 {
        claim_window(self.claimer, self.timelock)
    }

    pub fn terms(&self) -> Terms {
        Terms {
            amount: self.amount,
            token: self.token,
            claimWindow: self.window(),
            refundRight: refund_right(self.refunder, U96::from(self.bond)),
        }
    }

    pub fn entry(&self) -> BatchEntry {
        BatchEntry {
            secret: self.secret,
            amount: self.amount,
            timelock: self.timelock,
            refunder: self.refunder,
        }
    }
}

pub fn sha256(secret: B256) -> B256 {
    B256::from_slice(&Sha256::digest(secret))
}

/// A secret like no other number's.
pub fn secret(number: u8) -> B256 {
    B256::from_slice(&Sha256::digest([number]))
}

impl Swaps {
    pub fn new() -> Self {
        let mut chain = Chain::empty(31337);
        let permit2 = chain.deploy_plain(&TestWitnessPermit2::BYTECODE);
        let contract = chain.deploy(
            &HashTimeLock::BYTECODE,
            &HashTimeLock::constructorCall { permit2 },
        );
        Self {
            chain,
            contract,
            permit2,
        }
    }

    /// A swap of native coin from Alice to Bob.
    pub fn native(&self, number: u8, amount: u64) -> Swap {
        self.of_token(number, Address::ZERO, amount)
    }

    /// A swap of tokens from Alice to Bob.
    pub fn of_token(&self, number: u8, token: Address, amount: u64) -> Swap {
        Swap {
            secret: secret(number),
            amount: U256::from(amount),
            token,
            claimer: BOB,
            timelock: self.chain.timestamp + SIX_HOURS,
            refunder: ALICE,
            bond: 0,
        }
    }

    /// A token of which Alice holds a million million units, all of them approved.
    pub fn new_token(&mut self) -> Address {
        let token = self.chain.deploy(
            &TestERC20::BYTECODE,
            &TestERC20::constructorCall {
                name_: "Harbour".into(),
                symbol_: "HBR".into(),
                decimals_: 6,
            },
        );
        self.endow(token);
        token
    }

    /// Mints to Alice what she holds of a token, and approves it.
    pub fn endow(&mut self, token: Address) {
        let amount = U256::from(10u64.pow(12));
        let mint = TestERC20::mintCall { to: ALICE, amount };
        self.chain.must(ALICE, token, &mint);
        self.approve(token, U256::MAX);
    }

    /// Lets the contract take as much of Alice's.
    pub fn approve(&mut self, token: Address, value: U256) {
        let spender = self.contract;
        let approve = TestERC20::approveCall { spender, value };
        self.chain.must(ALICE, token, &approve);
    }

    /// Calls the contract with native coin.
    pub fn call<C: SolCall>(
        &mut self,
        from: Address,
        value: U256,
        call: &C,
    ) -> Result<Receipt, Failure> {
        let data: Bytes = call.abi_encode().into();
        self.chain.send_raw(from, self.contract, value, data)
    }

    /// Locks a swap without bond, as its refunder.
    pub fn lock(&mut self, swap: &Swap) -> Result<Receipt, Failure> {
        let (hashLock, window) = (swap.hash_lock(), swap.window());
        let (amount, token, refunder) = (swap.amount, swap.token, swap.refunder);
        if token == Address::ZERO {
            let call = HashTimeLock::lockCoinCall { hashLock, window };
            return self.call(refunder, amount, &call);
        }
        let call = HashTimeLock::lockTokenCall {
            hashLock,
            token,
            amount,
            window,
        };
        self.call(refunder, U256::ZERO, &call)
    }

    /// Posts the bond, as the claimer.
    pub fn post_bond(&mut self, swap: &Swap, lock_by: u64) -> Result<Receipt, Failure> {
        let call = HashTimeLock::postBondCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
            lockBy: U256::from(lock_by),
        };
        self.call(swap.claimer, U256::from(swap.bond), &call)
    }

    pub fn withdraw_bond(&mut self, by: Address, swap: &Swap) -> Result<Receipt, Failure> {
        let call = HashTimeLock::withdrawBondCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
        };
        self.call(by, U256::ZERO, &call)
    }

    /// Locks a swap whose bond is posted, as its refunder.
    pub fn lock_bonded(&mut self, swap: &Swap) -> Result<Receipt, Failure> {
        let call = HashTimeLock::lockBondedCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
        };
        let native = swap.token == Address::ZERO;
        let value = if native { swap.amount } else { U256::ZERO };
        self.call(swap.refunder, value, &call)
    }

    pub fn claim(&mut self, by: Address, swap: &Swap) -> Result<Receipt, Failure> {
        let call = HashTimeLock::claimCall {
            secret: swap.secret,
            terms: swap.terms(),
        };
        self.call(by, U256::ZERO, &call)
    }

    /// Claims Bob's swaps.
    pub fn claim_batch(&mut self, token: Address, swaps: &[Swap]) -> Result<Receipt, Failure> {
        self.claim_batch_for(BOB, token, swaps)
    }

    pub fn claim_batch_for(
        &mut self,
        claimer: Address,
        token: Address,
        swaps: &[Swap],
    ) -> Result<Receipt, Failure> {
        let call = HashTimeLock::claimBatchCall {
            token,
            claimer,
            entries: swaps.iter().map(Swap::entry).collect(),
        };
        self.call(claimer, U256::ZERO, &call)
    }

    pub fn refund(&mut self, by: Address, swap: &Swap) -> Result<Receipt, Failure> {
        let call = HashTimeLock::refundCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
        };
        self.call(by, U256::ZERO, &call)
    }

    pub fn refund_cooperatively(
        &mut self,
        by: Address,
        swap: &Swap,
        signature: Bytes,
    ) -> Result<Receipt, Failure> {
        let call = HashTimeLock::refundCooperativelyCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
            signature,
        };
        self.call(by, U256::ZERO, &call)
    }

    /// Where a swap stands.
    pub fn state(&self, swap: &Swap) -> u8 {
        self.chain.view(
            self.contract,
            &HashTimeLock::stateOfCall {
                swapId: self.id(swap),
            },
        )
    }

    pub fn id(&self, swap: &Swap) -> B256 {
        let call = HashTimeLock::idOfCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
        };
        self.chain.view(self.contract, &call)
    }

    /// What an account holds: native coin for the zero address.
    pub fn balance(&self, token: Address, account: Address) -> U256 {
        if token == Address::ZERO {
            self.chain.native_balance(account)
        } else {
            self.chain.balance(token, account)
        }
    }

    /// Lets a swap's timelock pass.
    pub fn expire(&mut self, swap: &Swap) {
        self.chain.timestamp = swap.timelock;
    }
}
