// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ILightClientMsgs} from "../msgs/ILightClientMsgs.sol";

/// @title ILightClient
/// @notice What secures a route: a light client answers whether something is true of another chain.
interface ILightClient {
    /// @notice Learns a new height.
    /// @param updateMsg The evidence, in the client's own encoding.
    /// @return What came of it.
    function updateClient(bytes calldata updateMsg) external returns (ILightClientMsgs.UpdateResult);

    /// @notice Verifies that a value is stored under a path; reverts if not.
    /// @param msg_ The question and the proof.
    /// @return The timestamp of the proof's height in Unix seconds.
    function verifyMembership(ILightClientMsgs.MsgVerifyMembership calldata msg_) external returns (uint256);

    /// @notice Verifies that nothing is stored under a path; reverts if not.
    /// @param msg_ The question and the proof.
    /// @return The timestamp of the proof's height in Unix seconds.
    function verifyNonMembership(ILightClientMsgs.MsgVerifyNonMembership calldata msg_) external returns (uint256);

    /// @notice Freezes the client if the evidence shows that the other chain, or who speaks for it, contradicted
    /// itself; reverts if not.
    /// @param misbehaviourMsg The evidence, in the client's own encoding.
    function misbehaviour(bytes calldata misbehaviourMsg) external;

    /// @notice The client's state.
    /// @return In the client's own encoding.
    function getClientState() external view returns (bytes memory);
}
