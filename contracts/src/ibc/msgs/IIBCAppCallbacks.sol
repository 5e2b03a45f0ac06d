// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26RouterMsgs} from "./IICS26RouterMsgs.sol";

/// @title IIBCAppCallbacks
/// @notice What the router hands to an application.
interface IIBCAppCallbacks {
    /// @notice A packet has arrived.
    /// @param sourceClient The packet's source client.
    /// @param destinationClient The packet's destination client, on this chain.
    /// @param sequence The packet's sequence.
    /// @param payload The application's payload.
    /// @param relayer Who delivered it.
    struct OnRecvPacketCallback {
        string sourceClient;
        string destinationClient;
        uint64 sequence;
        IICS26RouterMsgs.Payload payload;
        address relayer;
    }

    /// @notice A sent packet was acknowledged.
    /// @param sourceClient The packet's source client, on this chain.
    /// @param destinationClient The packet's destination client.
    /// @param sequence The packet's sequence.
    /// @param payload The application's payload.
    /// @param acknowledgement The other side's answer.
    /// @param relayer Who brought it.
    struct OnAcknowledgementPacketCallback {
        string sourceClient;
        string destinationClient;
        uint64 sequence;
        IICS26RouterMsgs.Payload payload;
        bytes acknowledgement;
        address relayer;
    }

    /// @notice A sent packet will never be delivered.
    /// @param sourceClient The packet's source client, on this chain.
    /// @param destinationClient The packet's destination client.
    /// @param sequence The packet's sequence.
    /// @param payload The application's payload.
    /// @param relayer Who proved the timeout.
    struct OnTimeoutPacketCallback {
        string sourceClient;
        string destinationClient;
        uint64 sequence;
        IICS26RouterMsgs.Payload payload;
        address relayer;
    }
}
