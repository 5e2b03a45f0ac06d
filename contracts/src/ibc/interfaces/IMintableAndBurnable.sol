// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IMintableAndBurnable
/// @notice What the transfer application needs of a token that stands for another chain's token.
interface IMintableAndBurnable {
    /// @notice Creates tokens.
    /// @param mintAddress Who gets them.
    /// @param amount How many.
    function mint(address mintAddress, uint256 amount) external;

    /// @notice Destroys tokens.
    /// @param burnAddress Whose.
    /// @param amount How many.
    function burn(address burnAddress, uint256 amount) external;
}
