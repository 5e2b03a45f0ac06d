// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IIBCAppCallbacks} from "../msgs/IIBCAppCallbacks.sol";

/// @title IIBCSenderCallbacks
/// @notice A contract that sends through an application and announces this interface by ERC-165 is told what became of
/// its packets. If it reverts, the acknowledgement or timeout reverts with it and can be submitted again.
interface IIBCSenderCallbacks {
    /// @notice A packet was acknowledged.
    /// @param success False if the acknowledgement is the error acknowledgement.
    /// @param msg_ The packet and the acknowledgement.
    function onAckPacket(bool success, IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_) external;

    /// @notice A packet timed out.
    /// @param msg_ The packet.
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_) external;
}
