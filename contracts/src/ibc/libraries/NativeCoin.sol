// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title NativeCoin
/// @notice How the chain's native coin is named among tokens (ERC-7528).
library NativeCoin {
    /// @notice The address that stands for the native coin.
    address internal constant TOKEN = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;
}
