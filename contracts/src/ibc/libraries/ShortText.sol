// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title ShortText
/// @notice Compares texts of at most thirty-two bytes without hashing them.
library ShortText {
    /// @notice Whether a text is this word.
    /// @param text The text.
    /// @param word The word's bytes, from the left.
    /// @param length How many bytes it has: 1 to 32.
    /// @return same True if it is.
    function equals(string calldata text, bytes32 word, uint256 length) internal pure returns (bool same) {
        assembly ("memory-safe") {
            // What lies behind the text in calldata is shifted away.
            let difference := shr(sub(256, shl(3, length)), xor(calldataload(text.offset), word))
            same := and(eq(text.length, length), iszero(difference))
        }
    }
}
