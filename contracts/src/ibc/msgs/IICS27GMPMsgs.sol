// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS27GMPMsgs
/// @notice Types of general message passing (ICS-27, version `ics27-2`).
interface IICS27GMPMsgs {
    /// @notice Sends a call to another chain.
    /// @param sourceClient The client of the receiving chain.
    /// @param receiver The contract to call there.
    /// @param salt Lets one sender own several accounts.
    /// @param payload The calldata of the call.
    /// @param timeoutTimestamp In Unix seconds of the receiving chain.
    /// @param memo Free text.
    struct SendCallMsg {
        string sourceClient;
        string receiver;
        bytes salt;
        bytes payload;
        uint64 timeoutTimestamp;
        string memo;
    }

    /// @notice The value of a call payload.
    /// @param sender The caller on the sending chain.
    /// @param receiver The contract to call.
    /// @param salt Part of the account's identity.
    /// @param payload The calldata of the call.
    /// @param memo Free text.
    struct GMPPacketData {
        string sender;
        string receiver;
        bytes salt;
        bytes payload;
        string memo;
    }

    /// @notice The acknowledgement of a call that succeeded.
    /// @param result What the call returned.
    struct GMPAcknowledgement {
        bytes result;
    }

    /// @notice Names an account. Its CREATE2 salt is `keccak256(abi.encode(AccountIdentifier))`.
    /// @param clientId This chain's client of the sender's chain.
    /// @param sender The sender there.
    /// @param salt The salt chosen by the sender.
    struct AccountIdentifier {
        string clientId;
        string sender;
        bytes salt;
    }
}
