// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IBCIdentifiers
/// @notice Which identifiers may be chosen for clients and ports (ICS-24).
library IBCIdentifiers {
    /// @notice What identifiers that are given out in order begin with.
    string internal constant CLIENT_ID_PREFIX = "client-";

    /// @dev One bit per character: letters, digits and `. _ + - # [ ] < >`.
    uint256 private constant ALLOWED = (((1 << 26) - 1) << 0x41) | (((1 << 26) - 1) << 0x61)
        | (((1 << 10) - 1) << 0x30) | (1 << 0x2e) | (1 << 0x5f) | (1 << 0x2b) | (1 << 0x2d) | (1 << 0x23)
        | (1 << 0x5b) | (1 << 0x5d) | (1 << 0x3c) | (1 << 0x3e);

    /// @notice Whether an identifier may be chosen: 4 to 128 allowed characters, and neither `client-` nor `channel-`
    /// in front, which are given out in order.
    /// @param identifier The identifier.
    /// @return True if it may.
    function isCustom(bytes calldata identifier) internal pure returns (bool) {
        if (identifier.length < 4 || identifier.length > 128) return false;
        if (identifier.length >= 7 && bytes7(identifier) == "client-") return false;
        if (identifier.length >= 8 && bytes8(identifier) == "channel-") return false;
        for (uint256 i = 0; i < identifier.length; ++i) {
            if ((ALLOWED >> uint8(identifier[i])) & 1 == 0) return false;
        }
        return true;
    }
}
