// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title TestERC20
/// @notice A token for tests and local networks, worth nothing: everybody may mint.
contract TestERC20 is ERC20 {
    uint8 private immutable DECIMALS;

    /// @notice Creates the token.
    /// @param name_ Its name.
    /// @param symbol_ Its symbol.
    /// @param decimals_ Its number of decimals.
    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        DECIMALS = decimals_;
    }

    /// @notice Mints to anybody, for anybody.
    /// @param to The receiver.
    /// @param amount The amount.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }
}
