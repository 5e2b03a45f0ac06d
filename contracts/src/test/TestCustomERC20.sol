// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IMintableAndBurnable} from "../ibc/interfaces/IMintableAndBurnable.sol";

/// @title TestCustomERC20
/// @notice A token, for tests, that stands for another chain's token instead of a voucher, and mints to the escrow
/// alone, as tokens written for other implementations do.
contract TestCustomERC20 is ERC20("Custom", "CUS"), IMintableAndBurnable {
    address private immutable ICS20;
    address private immutable ESCROW;

    /// @notice Creates the token.
    /// @param ics20 Who mints and burns.
    /// @param escrow For whom.
    constructor(address ics20, address escrow) {
        (ICS20, ESCROW) = (ics20, escrow);
    }

    /// @notice Takes whatever else it is told, so that only the caller can hold back.
    fallback() external {}

    /// @inheritdoc IMintableAndBurnable
    function mint(address mintAddress, uint256 amount) external {
        require(msg.sender == ICS20 && mintAddress == ESCROW);
        _mint(mintAddress, amount);
    }

    /// @inheritdoc IMintableAndBurnable
    function burn(address burnAddress, uint256 amount) external {
        require(msg.sender == ICS20 && burnAddress == ESCROW);
        _burn(burnAddress, amount);
    }
}
