// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IBCRoles
/// @notice Role numbers in the access manager, as in the public IBC v2 deployments. Relaying needs no role.
library IBCRoles {
    /// @notice May do everything that has no role of its own: upgrades, client migration, granting roles.
    uint64 internal constant ADMIN = 0;
    /// @notice Unused here: relaying is open to everyone.
    uint64 internal constant RELAYER = 1;
    /// @notice May pause the applications.
    uint64 internal constant PAUSER = 2;
    /// @notice May resume the applications.
    uint64 internal constant UNPAUSER = 3;
    /// @notice May send transfers in another account's name.
    uint64 internal constant DELEGATE_SENDER = 4;
    /// @notice May set rate limits, and which transfers are held.
    uint64 internal constant RATE_LIMITER = 5;
    /// @notice May choose client and port identifiers.
    uint64 internal constant ID_CUSTOMIZER = 6;
    /// @notice May let existing tokens stand for denominations, and set what the native coin is called.
    uint64 internal constant ERC20_CUSTOMIZER = 7;
    /// @notice May veto transfers that are held.
    uint64 internal constant GUARDIAN = 8;
    /// @notice May say which contracts may be called over a client.
    uint64 internal constant CALL_CUSTOMIZER = 9;
}
