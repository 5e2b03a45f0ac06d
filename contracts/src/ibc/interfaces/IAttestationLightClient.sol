// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ILightClient} from "./ILightClient.sol";

/// @title IAttestationLightClient
/// @notice A light client that believes what m of n attestors sign.
interface IAttestationLightClient is ILightClient {
    /// @notice Other attestors speak from now on.
    /// @param setNumber The number of their set.
    /// @param attestors They.
    /// @param minRequiredSigs How many of them must sign.
    /// @param previousUntil From this block timestamp on, what the previous set signed is worth nothing.
    event AttestorsRotated(uint64 indexed setNumber, address[] attestors, uint8 minRequiredSigs, uint64 previousUntil);

    /// @notice Replaces the attestors. The current set signs the rotation as it signs attestations, under a type of its
    /// own, so anybody may submit it; each rotation serves once.
    /// @param rotationMsg `abi.encode` of an `IAttestationMsgs.AttestationProof` of an `IAttestationMsgs.Rotation`.
    function rotateAttestors(bytes calldata rotationMsg) external;

    /// @notice Which set speaks, and what became of the one before it.
    /// @return setNumber The number of the current set; the first is 1.
    /// @return previousAttestors The set before it, if there was one.
    /// @return previousMinRequiredSigs How many of that set must sign.
    /// @return previousUntil From this block timestamp on, what that set signed is worth nothing.
    function getRotationState()
        external
        view
        returns (
            uint64 setNumber,
            address[] memory previousAttestors,
            uint8 previousMinRequiredSigs,
            uint64 previousUntil
        );

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
