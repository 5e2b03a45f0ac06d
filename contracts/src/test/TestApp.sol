// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IIBCApp} from "../ibc/interfaces/IIBCApp.sol";
import {IICS26Router} from "../ibc/interfaces/IICS26Router.sol";
import {IIBCAppCallbacks} from "../ibc/msgs/IIBCAppCallbacks.sol";
import {IICS26RouterMsgs} from "../ibc/msgs/IICS26RouterMsgs.sol";

/// @title TestApp
/// @notice An application, for tests, that answers what it is told to and remembers what it was given.
contract TestApp is IIBCApp {
    /// @notice What to answer.
    bytes public answer = "ok";
    /// @notice Whether to revert with the answer.
    bool public reverts;
    /// @notice The hash of the last callback's arguments, encoded.
    bytes32 public lastCallback;

    /// @notice Says what to answer.
    /// @param answer_ The answer.
    /// @param reverts_ Whether to revert with it.
    function set(bytes calldata answer_, bool reverts_) external {
        (answer, reverts) = (answer_, reverts_);
    }

    /// @notice Sends a packet.
    /// @param router The router.
    /// @param msg_ The packet.
    function send(IICS26Router router, IICS26RouterMsgs.MsgSendPacket calldata msg_) external {
        router.sendPacket(msg_);
    }

    /// @inheritdoc IIBCApp
    function onRecvPacket(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_) external returns (bytes memory result) {
        lastCallback = keccak256(abi.encode(msg_));
        result = answer;
        if (reverts) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    /// @inheritdoc IIBCApp
    function onAcknowledgementPacket(IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_) external {
        lastCallback = keccak256(abi.encode(msg_));
    }

    /// @inheritdoc IIBCApp
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_) external {
        lastCallback = keccak256(abi.encode(msg_));
    }
}
