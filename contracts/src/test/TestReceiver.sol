// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title TestReceiver
/// @notice An account that is a contract, for tests: it makes a call of its owner's choice whenever it gets native coin,
/// or refuses the coin, and has signed what it is told to. Everybody may tell it.
contract TestReceiver is IERC1271 {
    bool private _refuses;
    address private _target;
    bytes private _data;
    mapping(bytes32 hash => bool) private _signed;

    /// @notice How often the call was made and succeeded.
    uint256 public succeeded;

    /// @notice Takes native coin, or not.
    receive() external payable {
        require(!_refuses, "refused");
        if (_target == address(0)) return;
        (bool success,) = _target.call(_data);
        if (success) ++succeeded;
    }

    /// @notice Chooses whether native coin is refused.
    /// @param refuses True to refuse.
    function refuse(bool refuses) external {
        _refuses = refuses;
    }

    /// @notice Prepares a call.
    /// @param target The contract to call.
    /// @param data The calldata.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @notice Signs.
    /// @param hash What to sign.
    function sign(bytes32 hash) external {
        _signed[hash] = true;
    }

    /// @notice Makes a call with the native coin that comes along.
    /// @param target The contract to call.
    /// @param data The calldata.
    function execute(address target, bytes calldata data) external payable {
        (bool success,) = target.call{value: msg.value}(data);
        require(success, "failed");
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return _signed[hash] ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
