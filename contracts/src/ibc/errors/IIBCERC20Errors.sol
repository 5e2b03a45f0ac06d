// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IIBCERC20Errors
/// @notice Errors of a voucher token.
interface IIBCERC20Errors {
    /// @notice The caller is not the transfer application.
    /// @param caller The caller.
    error IBCERC20Unauthorized(address caller);

    /// @notice The voucher's metadata is set, and is set only once.
    error IBCERC20MetadataAlreadySet();
}
