// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ISignatureTransfer} from "../ibc/interfaces/ISignatureTransfer.sol";
import {IWitnessTransfer} from "../swap/interfaces/IWitnessTransfer.sol";

/// @title TestWitnessPermit2
/// @notice Stands in for Permit2 in tests of permits with a witness. What is signed is what Permit2 documents: the
/// permit's type goes on with the witness's, the spender is the caller, the domain has a name and no version.
contract TestWitnessPermit2 is IWitnessTransfer {
    string private constant STUB =
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

    mapping(address owner => mapping(uint256 nonce => bool)) private _used;

    /// @notice The permit cannot be used.
    error PermitRefused();

    /// @inheritdoc IWitnessTransfer
    function permitWitnessTransferFrom(
        ISignatureTransfer.PermitTransferFrom calldata permit,
        ISignatureTransfer.SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external {
        bool valid = transferDetails.requestedAmount <= permit.permitted.amount && permit.deadline >= block.timestamp
            && !_used[owner][permit.nonce];
        require(valid, PermitRefused());
        _used[owner][permit.nonce] = true;
        bytes32 permitted = keccak256(
            abi.encode(
                keccak256("TokenPermissions(address token,uint256 amount)"),
                permit.permitted.token,
                permit.permitted.amount
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(abi.encodePacked(STUB, witnessTypeString)),
                permitted,
                msg.sender,
                permit.nonce,
                permit.deadline,
                witness
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", _domain(), structHash));
        require(ECDSA.recover(digest, signature) == owner, PermitRefused());
        require(
            IERC20(permit.permitted.token).transferFrom(owner, transferDetails.to, transferDetails.requestedAmount),
            PermitRefused()
        );
    }

    function _domain() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                address(this)
            )
        );
    }
}
