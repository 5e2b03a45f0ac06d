// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title ISignatureTransfer
/// @notice The part of the canonical Permit2 contract that moves tokens by signature.
interface ISignatureTransfer {
    /// @notice A token and the most that may be moved.
    /// @param token The token.
    /// @param amount The amount.
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    /// @notice What the owner signed.
    /// @param permitted The token and amount.
    /// @param nonce Makes the permit usable once.
    /// @param deadline In Unix seconds.
    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice What is moved under a permit.
    /// @param to The receiver.
    /// @param requestedAmount The amount.
    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Moves tokens under a permit.
    /// @param permit The permit.
    /// @param transferDetails The receiver and the amount.
    /// @param owner Who signed.
    /// @param signature The signature.
    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes calldata signature
    ) external;
}
