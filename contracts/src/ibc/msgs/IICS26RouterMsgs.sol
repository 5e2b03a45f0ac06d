// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS02ClientMsgs} from "./IICS02ClientMsgs.sol";

/// @title IICS26RouterMsgs
/// @notice Packets and the messages that move them (ICS-04 and ICS-26, version 2).
interface IICS26RouterMsgs {
    /// @notice A packet as it is committed to, sent and received.
    /// @param sequence Counts from 1 per source client.
    /// @param sourceClient The sending chain's client of the receiving chain.
    /// @param destClient The receiving chain's client of the sending chain.
    /// @param timeoutTimestamp In Unix seconds of the receiving chain; from this second on it is too late.
    /// @param payloads One entry per application; this implementation takes exactly one.
    struct Packet {
        uint64 sequence;
        string sourceClient;
        string destClient;
        uint64 timeoutTimestamp;
        Payload[] payloads;
    }

    /// @notice What one application tells its counterpart.
    /// @param sourcePort The sending application.
    /// @param destPort The receiving application.
    /// @param version The application protocol's version.
    /// @param encoding How `value` is encoded.
    /// @param value The application's data.
    struct Payload {
        string sourcePort;
        string destPort;
        string version;
        string encoding;
        bytes value;
    }

    /// @notice Sends a packet; called by the application that owns the payload's source port.
    /// @param sourceClient The client of the receiving chain.
    /// @param timeoutTimestamp In Unix seconds of the receiving chain.
    /// @param payload The payload.
    struct MsgSendPacket {
        string sourceClient;
        uint64 timeoutTimestamp;
        Payload payload;
    }

    /// @notice Delivers a packet.
    /// @param packet The packet.
    /// @param proofCommitment Proof that the sending chain committed to it.
    /// @param proofHeight The sending chain's height of the proof.
    struct MsgRecvPacket {
        Packet packet;
        bytes proofCommitment;
        IICS02ClientMsgs.Height proofHeight;
    }

    /// @notice Brings an acknowledgement back to the sender.
    /// @param packet The packet that was delivered.
    /// @param acknowledgement The receiving application's answer.
    /// @param proofAcked Proof that the receiving chain committed to the answer.
    /// @param proofHeight The receiving chain's height of the proof.
    struct MsgAckPacket {
        Packet packet;
        bytes acknowledgement;
        bytes proofAcked;
        IICS02ClientMsgs.Height proofHeight;
    }

    /// @notice Ends a packet that was not delivered in time.
    /// @param packet The packet.
    /// @param proofTimeout Proof that the receiving chain has no receipt for it, at a height at or after the timeout.
    /// @param proofHeight The receiving chain's height of the proof.
    struct MsgTimeoutPacket {
        Packet packet;
        bytes proofTimeout;
        IICS02ClientMsgs.Height proofHeight;
    }
}
