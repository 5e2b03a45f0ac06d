//! What can be wrong with a route.

use std::fmt;

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};

use crate::asset::{Asset, Side};

/// Something that cannot be where contracts, attestors and chains keep their rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "breach")]
pub enum Breach {
    /// A packet was received that the other end never sent, or whose life was over.
    NeverSent {
        /// The end that is said to have sent it.
        from: Side,
        /// Its sequence.
        sequence: u64,
    },
    /// A packet was received or settled that is not the one that was sent.
    Altered {
        /// The end that sent it.
        from: Side,
        /// Its sequence.
        sequence: u64,
    },
    /// A packet was timed out at its source although the destination received it.
    RefundedAndReceived {
        /// The end that sent it.
        from: Side,
        /// Its sequence.
        sequence: u64,
    },
    /// The source was shown an acknowledgement that the destination never wrote.
    FalseAcknowledgement {
        /// The end that sent it.
        from: Side,
        /// Its sequence.
        sequence: u64,
    },
    /// More vouchers exist than packets account for.
    Unbacked {
        /// The token.
        asset: Asset,
        /// How much of the voucher there is.
        minted: U256,
        /// How much of it packets account for.
        accounted: U256,
    },
    /// Less is locked than is minted and in flight.
    Uncovered {
        /// The token.
        asset: Asset,
        /// How much of the voucher there is.
        minted: U256,
        /// How much is on its way, in either direction.
        in_flight: U256,
        /// How much the escrow holds.
        locked: U256,
    },
}

impl Breach {
    /// The token whose own contract may be to blame: it alone says what the escrow holds of it.
    pub const fn blames_token(&self) -> Option<&Asset> {
        match self {
            Self::Uncovered { asset, .. } => Some(asset),
            _ => None,
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSent { from, sequence } => write!(
                f,
                "packet {sequence} from {from} was received without having been sent, or again after its end"
            ),
            Self::Altered { from, sequence } => {
                write!(
                    f,
                    "packet {sequence} from {from} is not the one that was sent"
                )
            }
            Self::RefundedAndReceived { from, sequence } => {
                write!(
                    f,
                    "packet {sequence} from {from} was both refunded and received"
                )
            }
            Self::FalseAcknowledgement { from, sequence } => write!(
                f,
                "packet {sequence} from {from} was acknowledged with what the destination never wrote"
            ),
            Self::Unbacked {
                asset,
                minted,
                accounted,
            } => write!(
                f,
                "{minted} vouchers of {asset} exist, but packets account for {accounted}"
            ),
            Self::Uncovered {
                asset,
                minted,
                in_flight,
                locked,
            } => write!(
                f,
                "of {asset}, {minted} minted and {in_flight} in flight are more than {locked} locked"
            ),
        }
    }
}
