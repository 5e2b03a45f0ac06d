// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title ReentrantERC20
/// @notice A token, for tests, that makes one call of its owner's choice in the middle of the next transfer. Everybody
/// may mint and arm it.
contract ReentrantERC20 is ERC20("Boomerang", "BOOM") {
    address private _target;
    bytes private _data;

    /// @notice Whether the last armed call succeeded.
    bool public succeeded;

    /// @notice What the last armed call returned, or reverted with.
    bytes public result;

    /// @notice Mints to anybody, for anybody.
    /// @param to The receiver.
    /// @param amount The amount.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Approves as the token itself, which pays for the call it makes.
    /// @param spender The spender.
    function approveSelf(address spender) external {
        _approve(address(this), spender, type(uint256).max);
    }

    /// @notice Prepares a call.
    /// @param target The contract to call.
    /// @param data The calldata.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @dev Calls before the balances change, once.
    function _update(address from, address to, uint256 value) internal override {
        address target = _target;
        if (target != address(0)) {
            _target = address(0);
            (succeeded, result) = target.call(_data);
        }
        super._update(from, to, value);
    }
}
