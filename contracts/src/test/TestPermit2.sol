// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ISignatureTransfer} from "../ibc/interfaces/ISignatureTransfer.sol";

/// @title TestPermit2
/// @notice Stands in for Permit2 in tests: it checks amounts, deadlines and nonces, but takes any signature.
contract TestPermit2 is ISignatureTransfer {
    mapping(address owner => mapping(uint256 nonce => bool)) private _used;

    /// @notice The permit cannot be used.
    error PermitRefused();

    /// @inheritdoc ISignatureTransfer
    function permitTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes calldata
    ) external {
        bool valid = transferDetails.requestedAmount <= permit.permitted.amount && permit.deadline >= block.timestamp
            && !_used[owner][permit.nonce];
        require(valid, PermitRefused());
        _used[owner][permit.nonce] = true;
        require(
            IERC20(permit.permitted.token).transferFrom(owner, transferDetails.to, transferDetails.requestedAmount),
            PermitRefused()
        );
    }
}
