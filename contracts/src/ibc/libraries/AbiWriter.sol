// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ShortText} from "../types/ShortText.sol";

/// @title AbiWriter
/// @notice Writes the texts of a tuple as the ABI encodes them, without the compiler's detours: head and texts are put
/// where they belong at once. The caller owns the memory from the head on, and takes it when it has written all.
library AbiWriter {
    /// @notice Writes a text, and its offset into the head.
    /// @param head Where the tuple's head begins.
    /// @param place Where in the head the offset belongs, in bytes.
    /// @param to Where the text goes.
    /// @param text The text.
    /// @return next Where the next one goes.
    function append(uint256 head, uint256 place, uint256 to, string calldata text)
        internal
        pure
        returns (uint256 next)
    {
        assembly ("memory-safe") {
            mstore(add(head, place), sub(to, head))
            mstore(to, text.length)
            let data := add(to, 0x20)
            // Clears the padding behind the last character.
            mstore(add(data, text.length), 0)
            calldatacopy(data, text.offset, text.length)
            next := add(data, and(add(text.length, 0x1f), not(0x1f)))
        }
    }

    /// @notice As `append`, for a text in memory.
    /// @param head Where the tuple's head begins.
    /// @param place Where in the head the offset belongs, in bytes.
    /// @param to Where the text goes.
    /// @param text The text.
    /// @return next Where the next one goes.
    function appendMemory(uint256 head, uint256 place, uint256 to, string memory text)
        internal
        pure
        returns (uint256 next)
    {
        assembly ("memory-safe") {
            mstore(add(head, place), sub(to, head))
            let length := mload(text)
            mstore(add(add(to, 0x20), length), 0)
            mcopy(to, text, add(length, 0x20))
            next := add(add(to, 0x20), and(add(length, 0x1f), not(0x1f)))
        }
    }

    /// @notice As `append`, for a short text.
    /// @param head Where the tuple's head begins.
    /// @param place Where in the head the offset belongs, in bytes.
    /// @param to Where the text goes.
    /// @param text The text.
    /// @return next Where the next one goes.
    function appendShort(uint256 head, uint256 place, uint256 to, ShortText text)
        internal
        pure
        returns (uint256 next)
    {
        assembly ("memory-safe") {
            mstore(add(head, place), sub(to, head))
            mstore(to, and(text, 0xff))
            mstore(add(to, 0x20), and(text, not(0xff)))
            next := add(to, 0x40)
        }
    }
}
