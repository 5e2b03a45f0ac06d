//! A leg as the contract knows it.

use alloy::{
    primitives::{Address, B256, U256, aliases::U96, keccak256},
    sol_types::SolValue as _,
};
use causeway_contracts::{claim_window, hash_time_lock::IHashTimeLock, refund_right};
use causeway_swap::{Amount, Expiry, HashLock, LegTerms, LockForm};
use causeway_types::{AccountId, AssetId, ChainId};

use crate::ChainError;

/// What the contract calls `MAX_DURATION`, in seconds.
const MAX_DURATION: u64 = 30 * 24 * 3600;

/// A lock with the words of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EvmLock {
    pub(super) hash_lock: B256,
    /// Zero for the chain's own coin.
    pub(super) token: Address,
    pub(super) amount: U256,
    pub(super) claimer: Address,
    pub(super) refunder: Address,
    /// In Unix seconds.
    pub(super) timelock: u64,
}

/// What locks are served here.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) chain: ChainId,
    pub(super) contract: Address,
    /// Our account.
    pub(super) account: Address,
    /// The number of the chain's own coin in SLIP-44.
    pub(super) coin: u32,
}

impl EvmLock {
    pub(super) fn window(&self) -> U256 {
        claim_window(self.claimer, self.timelock)
    }

    pub(super) fn right(&self) -> U256 {
        refund_right(self.refunder, U96::ZERO)
    }

    pub(super) fn terms(&self) -> IHashTimeLock::Terms {
        IHashTimeLock::Terms {
            token: self.token,
            amount: self.amount,
            claimWindow: self.window(),
            refundRight: self.right(),
        }
    }

    /// What identifies it in the contract.
    pub(super) fn id(&self) -> B256 {
        id(self.hash_lock, &self.terms())
    }
}

/// What identifies a lock of these terms in the contract.
pub(super) fn id(hash_lock: B256, terms: &IHashTimeLock::Terms) -> B256 {
    keccak256((hash_lock, terms.clone()).abi_encode_params())
}

impl Served {
    /// The account as the others have to write it.
    pub(super) fn account_id(&self, address: Address) -> Result<AccountId, ChainError> {
        AccountId::new(self.chain.clone(), address.to_checksum(None))
            .map_err(|error| ChainError::lasting(&self.chain, error))
    }

    pub(super) fn form(&self) -> Result<LockForm, ChainError> {
        self.account_id(self.contract).map(LockForm::Contract)
    }

    /// The lock of these terms, unless it cannot be made here.
    pub(super) fn read(
        &self,
        hash_lock: HashLock,
        terms: &LegTerms,
    ) -> Result<EvmLock, ChainError> {
        let refuse = |words: String| Err(ChainError::lasting(&self.chain, words));
        let token = self.token(&terms.asset)?;
        let expected = self.form()?;
        if terms.form != expected {
            return refuse(format!(
                "the lock is to be made in {}, expected {}",
                form_name(&terms.form),
                form_name(&expected)
            ));
        }
        if terms.bond != Amount::ZERO {
            return refuse(format!(
                "a bond of {} is asked for, expected none: swaps with bonds are not served yet",
                terms.bond
            ));
        }
        if terms.amount == Amount::ZERO {
            return refuse("an amount of 0 is to be locked, expected more".to_owned());
        }
        let Expiry::Time(time) = terms.expiry else {
            return refuse(format!(
                "the lock expires at {}, expected a time",
                terms.expiry
            ));
        };
        let (claimer, refunder) = (self.party(&terms.claimer)?, self.party(&terms.refunder)?);
        if claimer == refunder {
            return refuse(format!(
                "{claimer} both claims and takes back, expected two parties"
            ));
        }
        Ok(EvmLock {
            hash_lock: hash_lock.hash(),
            token,
            amount: U256::from(terms.amount.units()),
            claimer,
            refunder,
            timelock: time.as_secs(),
        })
    }

    /// Whether a lock of these terms can be made from `now` on, by our clock in Unix seconds, and is one of ours.
    pub(super) fn check(&self, terms: &LegTerms, now: u64) -> Result<(), ChainError> {
        // Whatever it is locked with: the terms do not depend on it.
        let lock = self.read(HashLock::new(B256::repeat_byte(1)), terms)?;
        let refuse = |words: String| Err(ChainError::lasting(&self.chain, words));
        if ![lock.claimer, lock.refunder].contains(&self.account) {
            return refuse(format!(
                "neither {} nor {} is our account, which is {}",
                lock.claimer, lock.refunder, self.account
            ));
        }
        let latest = now.saturating_add(MAX_DURATION);
        if lock.timelock > latest {
            return refuse(format!(
                "the lock expires at {}, expected {latest} at the latest: the contract locks for 30 days at most",
                lock.timelock
            ));
        }
        Ok(())
    }

    /// The token of an asset; zero for the chain's own coin.
    pub(super) fn token(&self, asset: &AssetId) -> Result<Address, ChainError> {
        if *asset.chain() != self.chain {
            let words = format!("{asset} is on another chain, expected {}", self.chain);
            return Err(ChainError::lasting(&self.chain, words));
        }
        let is_coin = asset.namespace() == "slip44" && asset.reference() == self.coin.to_string();
        if is_coin {
            return Ok(Address::ZERO);
        }
        asset
            .erc20_address()
            .filter(|token| ![Address::ZERO, self.contract].contains(token))
            .ok_or_else(|| {
                let words = format!(
                    "{asset} cannot be locked, expected {}/slip44:{} or {}/erc20:<token>",
                    self.chain, self.coin, self.chain
                );
                ChainError::lasting(&self.chain, words)
            })
    }

    /// The address of a party: as EIP-55 writes it, so that one account has one name.
    fn party(&self, account: &AccountId) -> Result<Address, ChainError> {
        let refuse = || {
            let words = format!(
                "{account} cannot have a part in a lock, expected an account on {} with the checksum of EIP-55",
                self.chain
            );
            ChainError::lasting(&self.chain, words)
        };
        Address::parse_checksummed(account.address(), None)
            .ok()
            .filter(|address| ![Address::ZERO, self.contract].contains(address))
            .filter(|_| account.chain == self.chain)
            .ok_or_else(refuse)
    }
}

fn form_name(form: &LockForm) -> String {
    match form {
        LockForm::Contract(contract) => format!("the contract {contract}"),
        LockForm::Taproot | LockForm::WitnessScript => "an output of a transaction".to_owned(),
    }
}
