// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IIBCStore
/// @notice The provable store: what other chains' light clients look at.
interface IIBCStore {
    /// @notice What is stored under a path.
    /// @param hashedPath keccak256 of the path.
    /// @return The commitment; zero if there is none.
    function getCommitment(bytes32 hashedPath) external view returns (bytes32);
}
