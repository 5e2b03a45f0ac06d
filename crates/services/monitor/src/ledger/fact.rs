//! What a chain shows of a route.

use alloy::primitives::Address;
use causeway_ibc::Packet;

/// Something that happened at one end, in a final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A packet left.
    Sent(Packet),
    /// A packet of the other end arrived.
    Received {
        /// The packet.
        packet: Packet,
        /// Whether the application took it.
        success: bool,
    },
    /// A packet that had left was acknowledged.
    Acknowledged {
        /// The packet.
        packet: Packet,
        /// Whether the acknowledgement says that the application took it.
        success: bool,
    },
    /// A packet that had left was timed out.
    TimedOut(Packet),
    /// A voucher was created for a token of the other end.
    VoucherCreated {
        /// What the token is called at the other end, its home.
        denom: String,
        /// The voucher's contract.
        voucher: Address,
    },
}
