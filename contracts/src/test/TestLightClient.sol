// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ILightClient} from "../ibc/interfaces/ILightClient.sol";
import {ILightClientMsgs} from "../ibc/msgs/ILightClientMsgs.sol";

/// @title TestLightClient
/// @notice A light client, for tests, that believes everything and remembers what it was asked.
contract TestLightClient is ILightClient {
    /// @notice The last path asked for.
    bytes[] public lastPath;
    /// @notice The last value asked for; empty for absence.
    bytes public lastValue;
    /// @notice The last proof given.
    bytes public lastProof;
    /// @notice The last height given.
    uint64 public lastHeight;

    /// @inheritdoc ILightClient
    function verifyMembership(ILightClientMsgs.MsgVerifyMembership calldata msg_) external returns (uint256) {
        (lastPath, lastValue, lastProof) = (msg_.path, msg_.value, msg_.proof);
        lastHeight = msg_.proofHeight.revisionHeight;
        return type(uint64).max;
    }

    /// @inheritdoc ILightClient
    function verifyNonMembership(ILightClientMsgs.MsgVerifyNonMembership calldata msg_) external returns (uint256) {
        (lastPath, lastValue, lastProof) = (msg_.path, "", msg_.proof);
        lastHeight = msg_.proofHeight.revisionHeight;
        return type(uint64).max;
    }

    /// @inheritdoc ILightClient
    function updateClient(bytes calldata) external pure returns (ILightClientMsgs.UpdateResult) {
        return ILightClientMsgs.UpdateResult.NoOp;
    }

    /// @inheritdoc ILightClient
    function misbehaviour(bytes calldata) external pure {}

    /// @inheritdoc ILightClient
    function getClientState() external pure returns (bytes memory) {
        return "";
    }
}
