// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title TokenMetadata
/// @notice Reads what a token says of itself. A token may say anything, of any length, at any cost, or nothing; it
/// must not be able to make the transfer fail or dear.
library TokenMetadata {
    /// @notice The longest name or symbol in bytes; longer ones are cut.
    uint256 internal constant MAX_LENGTH = 64;

    /// @dev What one read may cost.
    uint256 private constant GAS_LIMIT = 100_000;

    /// @notice A token's name.
    /// @param token The token.
    /// @return The name; empty if there is none.
    function name(address token) internal view returns (string memory) {
        return _readText(token, IERC20Metadata.name.selector);
    }

    /// @notice A token's symbol.
    /// @param token The token.
    /// @return The symbol; empty if there is none.
    function symbol(address token) internal view returns (string memory) {
        return _readText(token, IERC20Metadata.symbol.selector);
    }

    /// @notice A token's decimals.
    /// @param token The token.
    /// @return known Whether the token has any.
    /// @return number The number of decimals.
    function decimals(address token) internal view returns (bool known, uint8 number) {
        bytes4 selector = IERC20Metadata.decimals.selector;
        uint256 word;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            known := staticcall(GAS_LIMIT, token, 0x00, 4, 0x00, 0x20)
            known := and(known, gt(returndatasize(), 0x1f))
            word := mload(0x00)
        }
        known = known && word <= type(uint8).max;
        if (known) number = uint8(word);
    }

    /// @dev Reads a string, or a `bytes32` as early tokens have it. Copies no more than it returns.
    function _readText(address token, bytes4 selector) private view returns (string memory text) {
        assembly ("memory-safe") {
            text := mload(0x40)
            // Room for offset, length, 64 bytes and the byte behind, all zero; `text` ends up at the length.
            for { let i := 0 } lt(i, 0xc0) { i := add(i, 0x20) } { mstore(add(text, i), 0) }
            mstore(0x40, add(text, 0xc0))
            mstore(0x00, selector)
            let success := staticcall(GAS_LIMIT, token, 0x00, 4, 0, 0)
            let size := returndatasize()
            if gt(size, 0xa0) { size := 0xa0 }
            switch and(success, gt(size, 0x1f))
            case 0 { size := 0 }
            default { returndatacopy(text, 0, size) }

            switch lt(size, 0x40)
            case 1 {
                // A short answer is a `bytes32`, which ends at the first zero byte, or nothing.
                let word := mload(text)
                let length := 0
                for {} and(lt(length, 0x20), gt(byte(length, word), 0)) { length := add(length, 1) } {}
                mstore(text, length)
                mstore(add(text, 0x20), and(word, not(shr(mul(length, 8), not(0)))))
            }
            default {
                let length := mload(add(text, 0x20))
                let wellFormed := eq(mload(text), 0x20)
                text := add(text, 0x20)
                let available := sub(size, 0x40)
                if iszero(wellFormed) { length := 0 }
                switch gt(length, MAX_LENGTH)
                case 0 { if gt(length, available) { length := 0 } }
                default {
                    length := MAX_LENGTH
                    if gt(length, available) { length := 0 }
                    // Cuts before a character, not within one.
                    let isContinuation := 1
                    for {} and(isContinuation, gt(length, 0)) {} {
                        isContinuation := eq(and(byte(0, mload(add(add(text, 0x20), length))), 0xc0), 0x80)
                        if isContinuation { length := sub(length, 1) }
                    }
                }
                mstore(text, length)
                mstore(add(add(text, 0x20), length), 0)
            }
        }
    }
}
