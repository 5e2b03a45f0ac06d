// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IEscrowErrors
/// @notice Errors of the escrow.
interface IEscrowErrors {
    /// @notice The caller is not the transfer application.
    /// @param caller The caller.
    error EscrowUnauthorized(address caller);

    /// @notice The receiver refused the native coin.
    /// @param receiver The receiver.
    error EscrowNativeCoinRefused(address receiver);
}
