// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS27AccountMsgs
/// @notice Types of an ICS-27 account.
interface IICS27AccountMsgs {
    /// @notice One call of a batch.
    /// @param target The contract to call.
    /// @param data The calldata.
    /// @param value The native coin to send along.
    struct Call {
        address target;
        bytes data;
        uint256 value;
    }
}
