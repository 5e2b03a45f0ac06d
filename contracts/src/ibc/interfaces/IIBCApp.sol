// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IIBCAppCallbacks} from "../msgs/IIBCAppCallbacks.sol";

/// @title IIBCApp
/// @notice What the router expects of an application. Applications must refuse every other caller.
interface IIBCApp {
    /// @notice Takes a packet. Reverting with a reason makes the router write the error acknowledgement.
    /// @param msg_ The packet.
    /// @return The acknowledgement; never empty.
    function onRecvPacket(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_) external returns (bytes memory);

    /// @notice Learns the answer to a packet it sent.
    /// @param msg_ The packet and the answer.
    function onAcknowledgementPacket(IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_) external;

    /// @notice Learns that a packet it sent will never be delivered.
    /// @param msg_ The packet.
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_) external;
}
