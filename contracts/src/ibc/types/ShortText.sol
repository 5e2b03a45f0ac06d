// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @notice A text of 1 to 31 bytes in one word: its bytes from the left, and their number in the last byte. Constants of
/// this type are compared and encoded without being copied into memory first.
type ShortText is bytes32;

using ShortTexts for ShortText global;

/// @title ShortTexts
/// @notice What can be done with a `ShortText`.
library ShortTexts {
    /// @notice Whether a text is this one.
    /// @param self The short text.
    /// @param text The text.
    /// @return same True if it is.
    function equals(ShortText self, string calldata text) internal pure returns (bool same) {
        assembly ("memory-safe") {
            let length := and(self, 0xff)
            // What lies behind the text in calldata is shifted away, and so is the length.
            let difference := shr(sub(256, shl(3, length)), xor(calldataload(text.offset), self))
            same := and(eq(text.length, length), iszero(difference))
        }
    }

    /// @notice The same as a string.
    /// @param self The short text.
    /// @return text The string.
    function toString(ShortText self) internal pure returns (string memory text) {
        assembly ("memory-safe") {
            text := mload(0x40)
            mstore(0x40, add(text, 0x40))
            mstore(text, and(self, 0xff))
            mstore(add(text, 0x20), and(self, not(0xff)))
        }
    }
}
