// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title HexAddress
/// @notice Addresses as text. Thirty-two characters are converted at once, in the lanes of one word: the loop over
/// characters was a tenth of a transfer's gas.
library HexAddress {
    uint256 private constant EVERY_BYTE = 0x0101010101010101010101010101010101010101010101010101010101010101;

    /// @notice Writes an address as `0x` and forty lowercase digits.
    /// @param account The address.
    /// @return text The text.
    function format(address account) internal pure returns (string memory text) {
        uint256 number = uint256(uint160(account));
        // Digits 0–31, and 8–39 in one word of their own; they agree where they overlap.
        uint256 head = _toDigits(number >> 32);
        uint256 tail = _toDigits(number & type(uint128).max);
        assembly ("memory-safe") {
            text := mload(0x40)
            mstore(0x40, add(text, 0x60))
            mstore(text, 42)
            // Clears the padding behind the last digit.
            mstore(add(text, 0x40), 0)
            mstore(add(text, 0x20), shl(240, 0x3078))
            mstore(add(text, 0x22), head)
            mstore(add(text, 0x2a), tail)
        }
    }

    /// @notice Reads an address: forty digits of either case, with or without `0x`.
    /// @param text The text.
    /// @return valid Whether it is an address.
    /// @return account The address, or zero.
    function parse(bytes calldata text) internal pure returns (bool valid, address account) {
        if (text.length == 42 && text[0] == "0" && text[1] == "x") text = text[2:];
        if (text.length != 40) return (false, address(0));
        (bool headValid, uint256 head) = _fromDigits(uint256(bytes32(text[:32])));
        (bool tailValid, uint256 tail) = _fromDigits(uint256(bytes32(text[8:])));
        if (!headValid || !tailValid) return (false, address(0));
        return (true, address(uint160((head << 32) | (tail & type(uint32).max))));
    }

    /// @dev Spreads sixteen bytes over thirty-two digits.
    function _toDigits(uint256 x) private pure returns (uint256) {
        unchecked {
            x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            x = (x | (x << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            x = (x | (x << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            x = (x | (x << 8)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            x = (x | (x << 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            // A lane holds 0–15; adding six carries into its bit 4 for the letters, which lie 0x27 behind the digits.
            uint256 letters = ((x + EVERY_BYTE * 6) >> 4) & EVERY_BYTE;
            return x + EVERY_BYTE * 0x30 + letters * 0x27;
        }
    }

    /// @dev Gathers thirty-two digits into sixteen bytes.
    function _fromDigits(uint256 text) private pure returns (bool valid, uint256 x) {
        unchecked {
            uint256 letters = (text >> 6) & EVERY_BYTE;
            x = (text & (EVERY_BYTE * 0x0f)) + letters * 9;
            if (x & (EVERY_BYTE * 0xf0) != 0) return (false, 0);
            uint256 numbers = x;
            x = (x | (x >> 4)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            x = (x | (x >> 8)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            x = (x | (x >> 16)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            x = (x | (x >> 32)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            x = (x | (x >> 64)) & type(uint128).max;
            // What does not come back as the same text, in lowercase, was not made of digits.
            uint256 lettersBack = ((numbers + EVERY_BYTE * 6) >> 4) & EVERY_BYTE;
            valid = numbers + EVERY_BYTE * 0x30 + lettersBack * 0x27 == (text | (letters << 5));
        }
    }
}
