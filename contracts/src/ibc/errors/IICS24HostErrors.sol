// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS24HostErrors
/// @notice Errors of the commitment store.
interface IICS24HostErrors {
    /// @notice A different packet was received under this client and sequence.
    /// @param expected The stored receipt.
    /// @param actual The receipt of the packet at hand.
    error IBCPacketReceiptMismatch(bytes32 expected, bytes32 actual);

    /// @notice The packet at hand is not the one that was sent under this client and sequence.
    /// @param expected The stored commitment.
    /// @param actual The commitment of the packet at hand.
    error IBCPacketCommitmentMismatch(bytes32 expected, bytes32 actual);

    /// @notice Packets carry exactly one payload here.
    error IBCMultiPayloadPacketNotSupported();
}
