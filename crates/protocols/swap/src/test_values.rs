//! Values that many tests use.

use alloy_primitives::{Address, B256};
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};

use crate::{Amount, Expiry, LegTerms, LockForm, PerLeg, QuoteId, Secret, Terms};

pub(crate) fn bitcoin() -> ChainId {
    "bip122:000000000019d6689c085ae165831e93".parse().unwrap()
}

pub(crate) fn ethereum() -> ChainId {
    ChainId::eip155(1)
}

pub(crate) fn token() -> AssetId {
    AssetId::erc20(ethereum(), Address::repeat_byte(0x70))
}

/// A party on Ethereum.
pub(crate) fn account(number: u8) -> AccountId {
    let address = Address::repeat_byte(number).to_checksum(None);
    AccountId::new(ethereum(), address).unwrap()
}

/// A party on Bitcoin.
pub(crate) fn key(number: u8) -> AccountId {
    AccountId::new(bitcoin(), format!("02{number:064x}")).unwrap()
}

pub(crate) fn secret() -> Secret {
    Secret::from_bytes([0x5e; 32])
}

/// Bitcoin on the first leg, until height 1,144; ether on the second, until six hours after 0.
pub(crate) fn terms() -> Terms {
    Terms {
        quote: QuoteId(B256::repeat_byte(1)),
        hash_lock: secret().hash_lock(),
        legs: PerLeg {
            first: LegTerms {
                asset: AssetId::coin(bitcoin(), 0),
                amount: Amount::new(100_000),
                bond: Amount::ZERO,
                claimer: key(1),
                refunder: key(2),
                form: LockForm::Taproot,
                expiry: Expiry::Height(1_144),
            },
            second: LegTerms {
                asset: AssetId::coin(ethereum(), 60),
                amount: Amount::new(2_000_000_000_000_000_000),
                bond: Amount::ZERO,
                claimer: account(3),
                refunder: account(4),
                form: LockForm::Contract(account(5)),
                expiry: Expiry::Time(Timestamp::from_secs(6 * 3_600)),
            },
        },
    }
}
