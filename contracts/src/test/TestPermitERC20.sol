// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title TestPermitERC20
/// @notice A token, for tests, that takes allowances by signature (EIP-2612). Everybody may mint.
contract TestPermitERC20 is ERC20("Pier", "PIER"), ERC20Permit("Pier") {
    /// @notice Mints to anybody, for anybody.
    /// @param to The receiver.
    /// @param amount The amount.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
