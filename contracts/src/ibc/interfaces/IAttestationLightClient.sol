// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ILightClient} from "./ILightClient.sol";

/// @title IAttestationLightClient
/// @notice A light client that believes what m of n attestors sign.
interface IAttestationLightClient is ILightClient {
    /// @notice The role that may submit proofs. If the zero address holds it, everybody may.
    /// @return The role.
    function PROOF_SUBMITTER_ROLE() external view returns (bytes32);

    /// @notice What the signatures are bound to: sha256 of `abi.encode(uint256 chainId, address router, string
    /// clientId)`, or zero for the stock digest, which is bound to nothing.
    /// @return The domain.
    function domain() external view returns (bytes32);

    /// @notice The attestors and their threshold.
    /// @return attestorAddresses The attestors.
    /// @return minRequiredSigs How many of them must sign.
    function getAttestationSet() external view returns (address[] memory attestorAddresses, uint8 minRequiredSigs);

    /// @notice The trusted timestamp of a height.
    /// @param revisionHeight The height.
    /// @return timestampSeconds In Unix seconds; zero if the height is not trusted.
    function getConsensusTimestamp(uint64 revisionHeight) external view returns (uint64 timestampSeconds);
}
