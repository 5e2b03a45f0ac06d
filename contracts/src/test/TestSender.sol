// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IICS20Transfer} from "../ibc/interfaces/IICS20Transfer.sol";
import {IICS27GMP} from "../ibc/interfaces/IICS27GMP.sol";
import {IIBCSenderCallbacks} from "../ibc/interfaces/IIBCSenderCallbacks.sol";
import {IIBCAppCallbacks} from "../ibc/msgs/IIBCAppCallbacks.sol";
import {IICS20TransferMsgs} from "../ibc/msgs/IICS20TransferMsgs.sol";
import {IICS27GMPMsgs} from "../ibc/msgs/IICS27GMPMsgs.sol";

/// @title TestSender
/// @notice A contract, for tests, that sends on anybody's behalf, is told what became of it, and refuses native coin
/// unless told to take it.
contract TestSender is IIBCSenderCallbacks, IERC165 {
    /// @notice How many acknowledgements of success it was told of.
    uint256 public acknowledged;
    /// @notice How many error acknowledgements it was told of.
    uint256 public refused;
    /// @notice How many timeouts it was told of.
    uint256 public timedOut;
    /// @notice Whether it takes native coin.
    bool public takesCoin;

    /// @notice Takes native coin, if it does.
    receive() external payable {
        require(takesCoin);
    }

    /// @notice Changes whether it takes native coin.
    /// @param takes Whether it does.
    function setTakesCoin(bool takes) external {
        takesCoin = takes;
    }

    /// @notice Sends a transfer, and all native coin that comes with the call.
    /// @param ics20 The transfer application.
    /// @param msg_ The transfer.
    function transfer(IICS20Transfer ics20, IICS20TransferMsgs.SendTransferMsg calldata msg_) external payable {
        if (msg.value == 0) IERC20(msg_.denom).approve(address(ics20), msg_.amount);
        ics20.sendTransfer{value: msg.value}(msg_);
    }

    /// @notice Sends a call.
    /// @param ics27 The message-passing application.
    /// @param msg_ The call.
    function call(IICS27GMP ics27, IICS27GMPMsgs.SendCallMsg calldata msg_) external {
        ics27.sendCall(msg_);
    }

    /// @inheritdoc IIBCSenderCallbacks
    function onAckPacket(bool success, IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata) external {
        if (success) ++acknowledged;
        else ++refused;
    }

    /// @inheritdoc IIBCSenderCallbacks
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata) external {
        ++timedOut;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IIBCSenderCallbacks).interfaceId || interfaceId == type(IERC165).interfaceId;
    }
}
