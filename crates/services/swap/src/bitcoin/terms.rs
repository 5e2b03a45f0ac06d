//! What is agreed about a leg, as the driver understands it.

use bitcoin::{Amount, OutPoint, ScriptBuf, secp256k1::PublicKey};
use causeway_bitcoin::{BitcoinChain, HashTimeLock, LockForm, LockTerms, LockedCoin};
use causeway_swap::{Expiry, HashLock, LegTerms};
use causeway_types::{AccountId, AssetId};

use super::settings::BitcoinSettings;
use crate::{ChainError, Lock, Locked};

/// The largest spend of a lock that one party makes alone, in virtual bytes.
const LARGEST_SPEND: u64 = 143;

/// The chain's own coin.
pub(super) fn coin(chain: &BitcoinChain) -> AssetId {
    AssetId::coin(chain.id().clone(), chain.network().coin_type)
}

/// What [`crate::SwapChain::check`] promises.
pub(super) fn check(
    chain: &BitcoinChain,
    settings: &BitcoinSettings,
    terms: &LegTerms,
) -> Result<(), ChainError> {
    let expected = coin(chain);
    if terms.asset != expected {
        let message = format!(
            "the asset is {} (expected the chain's own coin, {expected})",
            terms.asset
        );
        return Err(ChainError::lasting(chain.id(), message));
    }
    if terms.bond != causeway_swap::Amount::ZERO {
        let message = format!(
            "the bond is {} (expected 0: an output cannot hold one)",
            terms.bond
        );
        return Err(ChainError::lasting(chain.id(), message));
    }
    let value = value(chain, terms)?;
    let least = least(chain, settings);
    if value < least {
        let message = format!(
            "the amount is {} (expected {} or more, or the fees of spending it would eat it)",
            terms.amount,
            least.to_sat()
        );
        return Err(ChainError::lasting(chain.id(), message));
    }
    // Any hash makes the same kind of lock.
    let hash_lock = HashLock::new(alloy_primitives::B256::ZERO);
    hash_time_lock(chain, terms, hash_lock).map(|_| ())
}

/// What a lock must hold so that the least fee is within the share that it may cost, and what is left
/// can be paid out.
fn least(chain: &BitcoinChain, settings: &BitcoinSettings) -> Amount {
    let fee = settings.least_sat_per_vb.saturating_mul(LARGEST_SPEND);
    let share = fee
        .saturating_mul(100)
        .div_ceil(settings.most_percent.max(1));
    let rate = chain.network().dust_relay_rate;
    // A witness program of 32 bytes, which is the largest kind that is used here.
    let program = ScriptBuf::from_bytes([&[0x51, 32][..], &[0; 32]].concat());
    let dust = program.minimal_non_dust_custom(rate).to_sat();
    Amount::from_sat(share.max(dust.saturating_add(fee)))
}

/// The lock that these terms and this hash make.
pub(super) fn hash_time_lock(
    chain: &BitcoinChain,
    terms: &LegTerms,
    hash_lock: HashLock,
) -> Result<HashTimeLock, ChainError> {
    use bitcoin::hashes::{Hash as _, sha256};

    let form = match &terms.form {
        causeway_swap::LockForm::Taproot => LockForm::Taproot,
        causeway_swap::LockForm::WitnessScript => LockForm::WitnessScript,
        causeway_swap::LockForm::Contract(contract) => {
            let message = format!(
                "the lock's form is the contract {contract} (expected taproot or witness_script)"
            );
            return Err(ChainError::lasting(chain.id(), message));
        }
    };
    let terms = LockTerms {
        network: chain.network(),
        form,
        hash: sha256::Hash::from_byte_array(hash_lock.hash().0),
        claim_key: key(chain, &terms.claimer)?,
        refund_key: key(chain, &terms.refunder)?,
        refund_height: height(chain, terms.expiry)?,
    };
    HashTimeLock::new(terms).map_err(|error| ChainError::lasting(chain.id(), error))
}

/// Where the lock is and what it holds, of which only the agreed amount is a lock at all.
pub(super) fn locked_coin(
    chain: &BitcoinChain,
    locked: Locked<'_>,
) -> Result<LockedCoin, ChainError> {
    let value = value(chain, &locked.lock.terms)?;
    let outpoint = outpoint(chain, locked.at)?;
    Ok(LockedCoin { outpoint, value })
}

pub(super) fn outpoint(chain: &BitcoinChain, at: &str) -> Result<OutPoint, ChainError> {
    at.parse().map_err(|error| {
        let message = format!("{at:?} is no place of a lock (expected an outpoint): {error}");
        ChainError::lasting(chain.id(), message)
    })
}

/// The agreed amount.
pub(super) fn value(chain: &BitcoinChain, terms: &LegTerms) -> Result<Amount, ChainError> {
    let units = terms.amount.units();
    // No coin of the family has more than 84 million of 100 million units.
    let most = 84_000_000 * 100_000_000;
    match u64::try_from(units) {
        Ok(sat) if sat <= most => Ok(Amount::from_sat(sat)),
        _ => {
            let message = format!("the amount is {units} (expected {most} or less)");
            Err(ChainError::lasting(chain.id(), message))
        }
    }
}

/// The height from which on the lock can be taken back.
pub(super) fn height(chain: &BitcoinChain, expiry: Expiry) -> Result<u32, ChainError> {
    let number = match expiry {
        Expiry::Height(height) => u32::try_from(height).ok(),
        Expiry::Time(_) => None,
    };
    number.ok_or_else(|| {
        let message = format!("the lock expires at {expiry} (expected a height below 500000000)");
        ChainError::lasting(chain.id(), message)
    })
}

/// The key of a party, of which there is only one writing.
fn key(chain: &BitcoinChain, party: &AccountId) -> Result<PublicKey, ChainError> {
    let parsed = party.address().parse::<PublicKey>().ok();
    let ours = parsed.filter(|key| key.to_string() == party.address());
    let ours = ours.filter(|_| party.chain == *chain.id());
    ours.ok_or_else(|| {
        let message = format!(
            "a party is {party} (expected a compressed public key in lower-case hexadecimal on {})",
            chain.id()
        );
        ChainError::lasting(chain.id(), message)
    })
}

/// The lock as the driver has it.
pub(super) fn of(chain: &BitcoinChain, lock: &Lock) -> Result<HashTimeLock, ChainError> {
    if *lock.terms.asset.chain() != *chain.id() {
        let message = format!("a lock of {} is on another chain", lock.terms.asset);
        return Err(ChainError::lasting(chain.id(), message));
    }
    hash_time_lock(chain, &lock.terms, lock.hash_lock)
}
