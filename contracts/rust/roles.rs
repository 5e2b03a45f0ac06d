//! Roles in the access manager, and which functions need them.
//!
//! The numbers are those of the public IBC v2 deployments. Relaying needs no role. A function that is restricted and
//! not listed here belongs to [`ADMIN`], which is what the access manager does with functions that it was not told of.

use alloy::sol_types::SolCall;

use crate::ics20_transfer::ICS20Transfer;
use crate::ics26_router::ICS26Router;
use crate::ics27_gmp::ICS27GMP;
use crate::transfer_safeguards::TransferSafeguards;

/// May do everything that has no role of its own: upgrades, client migration, granting roles.
pub const ADMIN: u64 = 0;
/// Unused here: relaying is open to everyone.
pub const RELAYER: u64 = 1;
/// May pause the applications, whole or over one client.
pub const PAUSER: u64 = 2;
/// May resume the applications.
pub const UNPAUSER: u64 = 3;
/// May send transfers in another account's name.
pub const DELEGATE_SENDER: u64 = 4;
/// May set rate limits, and which transfers are held.
pub const RATE_LIMITER: u64 = 5;
/// May choose client and port identifiers.
pub const ID_CUSTOMIZER: u64 = 6;
/// May let existing tokens stand for denominations, and set what the native coin is called.
pub const ERC20_CUSTOMIZER: u64 = 7;
/// May veto transfers that are held.
pub const GUARDIAN: u64 = 8;
/// May say which contracts may be called over a client.
pub const CALL_CUSTOMIZER: u64 = 9;

/// What each role may call on the router.
pub const ROUTER: [(u64, &[[u8; 4]]); 1] = [(
    ID_CUSTOMIZER,
    &[
        ICS26Router::addIBCApp_1Call::SELECTOR,
        ICS26Router::addClient_0Call::SELECTOR,
    ],
)];

/// What each role may call on the transfer application.
pub const TRANSFER: [(u64, &[[u8; 4]]); 6] = [
    (
        PAUSER,
        &[
            ICS20Transfer::pauseCall::SELECTOR,
            TransferSafeguards::pauseClientCall::SELECTOR,
        ],
    ),
    (
        UNPAUSER,
        &[
            ICS20Transfer::unpauseCall::SELECTOR,
            TransferSafeguards::unpauseClientCall::SELECTOR,
        ],
    ),
    (
        RATE_LIMITER,
        &[
            TransferSafeguards::setLimitCall::SELECTOR,
            TransferSafeguards::requireLimitsCall::SELECTOR,
            TransferSafeguards::setHoldCall::SELECTOR,
        ],
    ),
    (GUARDIAN, &[TransferSafeguards::vetoHeldCall::SELECTOR]),
    (
        DELEGATE_SENDER,
        &[ICS20Transfer::sendTransferWithSenderCall::SELECTOR],
    ),
    (
        ERC20_CUSTOMIZER,
        &[
            ICS20Transfer::setCustomERC20Call::SELECTOR,
            TransferSafeguards::setNativeMetadataCall::SELECTOR,
        ],
    ),
];

/// What each role may call on the message-passing application.
pub const GMP: [(u64, &[[u8; 4]]); 3] = [
    (
        PAUSER,
        &[
            ICS27GMP::pauseCall::SELECTOR,
            ICS27GMP::pauseClientCall::SELECTOR,
        ],
    ),
    (
        UNPAUSER,
        &[
            ICS27GMP::unpauseCall::SELECTOR,
            ICS27GMP::unpauseClientCall::SELECTOR,
        ],
    ),
    (
        CALL_CUSTOMIZER,
        &[
            ICS27GMP::listTargetsCall::SELECTOR,
            ICS27GMP::setTargetCall::SELECTOR,
        ],
    ),
];
