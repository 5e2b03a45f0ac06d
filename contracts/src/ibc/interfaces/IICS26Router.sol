// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26RouterMsgs} from "../msgs/IICS26RouterMsgs.sol";
import {IIBCApp} from "./IIBCApp.sol";

/// @title IICS26Router
/// @notice Sends, delivers, acknowledges and times out packets. Relaying is open to everyone.
interface IICS26Router {
    /// @notice Initializes the proxy.
    /// @param authority The access manager.
    function initialize(address authority) external;

    /// @notice The application bound to a port.
    /// @param portId The port.
    /// @return The application.
    function getIBCApp(string calldata portId) external view returns (IIBCApp);

    /// @notice Binds an application to the port that is its own address. Open to everyone.
    /// @param app The application.
    function addIBCApp(address app) external;

    /// @notice Binds an application to a named port. Restricted.
    /// @param portId The port.
    /// @param app The application.
    function addIBCApp(string calldata portId, address app) external;

    /// @notice Sends a packet. The caller must be the application of the payload's source port.
    /// @param msg_ The packet.
    /// @return The packet's sequence.
    function sendPacket(IICS26RouterMsgs.MsgSendPacket calldata msg_) external returns (uint64);

    /// @notice Delivers a packet; a packet delivered before is a `Noop`.
    /// @param msg_ The packet and its proof.
    function recvPacket(IICS26RouterMsgs.MsgRecvPacket calldata msg_) external;

    /// @notice Brings an acknowledgement back; a packet that is settled is a `Noop`.
    /// @param msg_ The packet, its acknowledgement and the proof.
    function ackPacket(IICS26RouterMsgs.MsgAckPacket calldata msg_) external;

    /// @notice Ends a packet that was not delivered in time; a packet that is settled is a `Noop`.
    /// @param msg_ The packet and the proof.
    function timeoutPacket(IICS26RouterMsgs.MsgTimeoutPacket calldata msg_) external;

    /// @notice An application was bound.
    /// @param portId The port.
    /// @param app The application.
    event IBCAppAdded(string portId, address app);

    /// @notice An application refused a packet; the error acknowledgement was written.
    /// @param reason What it reverted with.
    event IBCAppRecvPacketCallbackError(bytes reason);

    /// @notice A packet was sent.
    /// @param clientId Its source client.
    /// @param sequence Its sequence.
    /// @param packet The packet.
    event SendPacket(string indexed clientId, uint256 indexed sequence, IICS26RouterMsgs.Packet packet);

    /// @notice A packet was delivered.
    /// @param clientId Its destination client.
    /// @param sequence Its sequence.
    /// @param packet The packet.
    /// @param acknowledgements One answer per payload.
    event WriteAcknowledgement(
        string indexed clientId, uint256 indexed sequence, IICS26RouterMsgs.Packet packet, bytes[] acknowledgements
    );

    /// @notice A packet was acknowledged.
    /// @param clientId Its source client.
    /// @param sequence Its sequence.
    /// @param packet The packet.
    /// @param acknowledgement The answer.
    event AckPacket(
        string indexed clientId, uint256 indexed sequence, IICS26RouterMsgs.Packet packet, bytes acknowledgement
    );

    /// @notice A packet timed out.
    /// @param clientId Its source client.
    /// @param sequence Its sequence.
    /// @param packet The packet.
    event TimeoutPacket(string indexed clientId, uint256 indexed sequence, IICS26RouterMsgs.Packet packet);

    /// @notice The message had been carried out before.
    event Noop();
}
