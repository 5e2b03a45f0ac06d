// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ISignatureTransfer} from "../../ibc/interfaces/ISignatureTransfer.sol";

/// @title IWitnessTransfer
/// @notice The part of the canonical Permit2 contract that moves tokens by a signature which covers more than the
/// movement: what the owner signs with it, and nothing else, is what the tokens may be used for.
interface IWitnessTransfer {
    /// @notice Moves tokens under a permit to the caller or to whom it says.
    /// @param permit The permit.
    /// @param transferDetails The receiver and the amount.
    /// @param owner Who signed.
    /// @param witness The EIP-712 hash of what else was signed.
    /// @param witnessTypeString How that goes on the permit's type, from the witness's type and name on.
    /// @param signature The signature.
    function permitWitnessTransferFrom(
        ISignatureTransfer.PermitTransferFrom calldata permit,
        ISignatureTransfer.SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}
