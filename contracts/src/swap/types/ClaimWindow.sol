// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @notice Who may claim a swap, in the upper 160 bits, and its timelock in Unix seconds, in the lower 96. Together they
/// fill one word of calldata and one of an event, for both are dear.
type ClaimWindow is uint256;

using ClaimWindows for ClaimWindow global;

/// @title ClaimWindows
/// @notice Packs and unpacks a `ClaimWindow`.
library ClaimWindows {
    /// @notice Packs.
    /// @param claimer_ Who may claim.
    /// @param timelock_ In Unix seconds.
    /// @return Both.
    function pack(address claimer_, uint64 timelock_) internal pure returns (ClaimWindow) {
        return ClaimWindow.wrap(uint256(uint160(claimer_)) << 96 | timelock_);
    }

    /// @notice Who may claim.
    /// @param self Both.
    /// @return The claimer.
    function claimer(ClaimWindow self) internal pure returns (address) {
        return address(uint160(ClaimWindow.unwrap(self) >> 96));
    }

    /// @notice From when on the swap may be refunded.
    /// @param self Both.
    /// @return The timelock in Unix seconds.
    function timelock(ClaimWindow self) internal pure returns (uint256) {
        return uint96(ClaimWindow.unwrap(self));
    }
}
