//! The contract's events, read strictly.

use alloy::{
    primitives::{Address, B256, Log, U256},
    sol_types::{self, SolEvent as _},
};
use causeway_contracts::hash_time_lock::{
    HashTimeLock::{BondedLocked, Claimed, CoinLocked, Refunded, TokenLocked},
    IHashTimeLock::Terms,
};

use super::lock::id;

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Locked { hash_lock: B256, terms: Terms },
    Claimed { id: B256, secret: B256 },
    Refunded { id: B256 },
}

impl Event {
    /// The signatures of the events that swaps are told by. Bonds that are posted and withdrawn move no lock.
    pub(super) fn topics() -> Vec<B256> {
        vec![
            CoinLocked::SIGNATURE_HASH,
            TokenLocked::SIGNATURE_HASH,
            BondedLocked::SIGNATURE_HASH,
            Claimed::SIGNATURE_HASH,
            Refunded::SIGNATURE_HASH,
        ]
    }

    /// Reads a log of the contract; `None` if it is another event. The caller has checked that the log is the
    /// contract's own.
    pub(super) fn read(log: &Log) -> sol_types::Result<Option<Self>> {
        let Some(topic) = log.topics().first() else {
            return Ok(None);
        };
        let event = match *topic {
            CoinLocked::SIGNATURE_HASH => {
                let event = CoinLocked::decode_log_validate(log)?.data;
                let parties = (event.window, event.refunder);
                locked(event.hashLock, Address::ZERO, event.amount, parties)
            }
            TokenLocked::SIGNATURE_HASH => {
                let event = TokenLocked::decode_log_validate(log)?.data;
                let parties = (event.window, event.refunder);
                locked(event.hashLock, event.token, event.amount, parties)
            }
            BondedLocked::SIGNATURE_HASH => {
                let event = BondedLocked::decode_log_validate(log)?.data;
                Self::Locked {
                    hash_lock: event.hashLock,
                    terms: event.terms,
                }
            }
            Claimed::SIGNATURE_HASH => {
                let event = Claimed::decode_log_validate(log)?.data;
                Self::Claimed {
                    id: event.swapId,
                    secret: event.secret,
                }
            }
            Refunded::SIGNATURE_HASH => Self::Refunded {
                id: Refunded::decode_log_validate(log)?.data.swapId,
            },
            _ => return Ok(None),
        };
        Ok(Some(event))
    }

    /// Which lock it is about.
    pub(super) fn id(&self) -> B256 {
        match self {
            Self::Locked { hash_lock, terms } => id(*hash_lock, terms),
            Self::Claimed { id, .. } | Self::Refunded { id } => *id,
        }
    }
}

fn locked(
    hash_lock: B256,
    token: Address,
    amount: U256,
    (window, refunder): (U256, Address),
) -> Event {
    let terms = Terms {
        token,
        amount,
        claimWindow: window,
        refundRight: causeway_contracts::refund_right(
            refunder,
            alloy::primitives::aliases::U96::ZERO,
        ),
    };
    Event::Locked { hash_lock, terms }
}
