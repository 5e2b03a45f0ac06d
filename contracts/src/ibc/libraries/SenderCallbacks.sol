// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {IIBCAppCallbacks} from "../msgs/IIBCAppCallbacks.sol";
import {IIBCSenderCallbacks} from "../interfaces/IIBCSenderCallbacks.sol";

/// @title SenderCallbacks
/// @notice Tells senders that are contracts, and want to know, what became of their packets.
library SenderCallbacks {
    /// @notice Tells a sender about an acknowledgement.
    /// @param sender The sender.
    /// @param success False for the error acknowledgement.
    /// @param msg_ The packet and the acknowledgement.
    function acknowledged(
        address sender,
        bool success,
        IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_
    ) internal {
        if (_wantsToKnow(sender)) IIBCSenderCallbacks(sender).onAckPacket(success, msg_);
    }

    /// @notice Tells a sender about a timeout.
    /// @param sender The sender.
    /// @param msg_ The packet.
    function timedOut(address sender, IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_) internal {
        if (_wantsToKnow(sender)) IIBCSenderCallbacks(sender).onTimeoutPacket(msg_);
    }

    /// @dev Most senders are plain accounts: asking for code first spares them the ERC-165 calls.
    function _wantsToKnow(address sender) private view returns (bool) {
        return sender.code.length != 0
            && ERC165Checker.supportsInterface(sender, type(IIBCSenderCallbacks).interfaceId);
    }
}
