// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @notice Who gets a swap back, in the upper 160 bits, and the bond in native coin that comes with it, in the lower 96.
type RefundRight is uint256;

using RefundRights for RefundRight global;

/// @title RefundRights
/// @notice Packs and unpacks a `RefundRight`.
library RefundRights {
    /// @notice The right of who locks without bond.
    /// @param refunder_ Who gets the swap back.
    /// @return right The right.
    function withoutBond(address refunder_) internal pure returns (RefundRight right) {
        assembly ("memory-safe") {
            right := shl(96, refunder_)
        }
    }

    /// @notice Who gets the swap back.
    /// @param self The right.
    /// @return The refunder.
    function refunder(RefundRight self) internal pure returns (address) {
        return address(uint160(RefundRight.unwrap(self) >> 96));
    }

    /// @notice The bond.
    /// @param self The right.
    /// @return The bond in the native coin's smallest unit; zero for none.
    function bond(RefundRight self) internal pure returns (uint256) {
        return uint96(RefundRight.unwrap(self));
    }
}
