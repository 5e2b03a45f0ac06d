// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS20Errors} from "../errors/IICS20Errors.sol";
import {ShortText} from "./ShortText.sol";

/// @title ICS20Codec
/// @notice Reads packet data in place. Every field is checked to lie within the value: the packet's commitment covers
/// the value alone, and what lies behind it in calldata is the relayer's.
library ICS20Codec {
    /// @notice The port of the transfer application.
    string internal constant PORT = "transfer";
    /// @notice The version of transfers.
    string internal constant VERSION = "ics20-1";
    /// @notice The version of metadata announcements.
    string internal constant METADATA_VERSION = "causeway-metadata-1";
    /// @notice The encoding of both.
    string internal constant ENCODING = "application/x-solidity-abi";
    /// @notice The acknowledgement of success.
    bytes internal constant SUCCESS = '{"result":"AQ=="}';

    /// @notice Whether a text is the port.
    /// @param text The text.
    /// @return True if it is.
    function isPort(string calldata text) internal pure returns (bool) {
        return ShortText.equals(text, "transfer", 8);
    }

    /// @notice Whether a text is the version of transfers.
    /// @param text The text.
    /// @return True if it is.
    function isVersion(string calldata text) internal pure returns (bool) {
        return ShortText.equals(text, "ics20-1", 7);
    }

    /// @notice Whether a text is the version of metadata announcements.
    /// @param text The text.
    /// @return True if it is.
    function isMetadataVersion(string calldata text) internal pure returns (bool) {
        return ShortText.equals(text, "causeway-metadata-1", 19);
    }

    /// @notice Whether a text is the encoding.
    /// @param text The text.
    /// @return True if it is.
    function isEncoding(string calldata text) internal pure returns (bool) {
        return ShortText.equals(text, "application/x-solidity-abi", 26);
    }

    /// @notice The tuple in `abi.encode(tuple)`, where the tuple is dynamic.
    /// @param value The encoding.
    /// @param words The number of words in the tuple's head.
    /// @return The tuple.
    function tuple(bytes calldata value, uint256 words) internal pure returns (bytes calldata) {
        require(
            value.length >= 0x20 * (words + 1) && uint256(bytes32(value)) == 0x20,
            IICS20Errors.ICS20MalformedPacketData()
        );
        return value[0x20:];
    }

    /// @notice A word of the tuple's head.
    /// @param data The tuple, as `tuple` returned it.
    /// @param index The word's place, less than what `tuple` was asked for.
    /// @return word The word.
    function wordAt(bytes calldata data, uint256 index) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, mul(index, 0x20)))
        }
    }

    /// @notice A string or byte string of the tuple.
    /// @param data The tuple, as `tuple` returned it.
    /// @param index The place of its offset in the tuple's head.
    /// @return field The string.
    function stringAt(bytes calldata data, uint256 index) internal pure returns (string calldata field) {
        uint256 offset = wordAt(data, index);
        require(offset <= data.length - 0x20, IICS20Errors.ICS20MalformedPacketData());
        uint256 length;
        assembly ("memory-safe") {
            length := calldataload(add(data.offset, offset))
        }
        require(length <= data.length - 0x20 - offset, IICS20Errors.ICS20MalformedPacketData());
        assembly ("memory-safe") {
            field.offset := add(add(data.offset, offset), 0x20)
            field.length := length
        }
    }

    /// @notice The hop `transfer/<clientId>/` that a token's trace gains when it arrives over a client.
    /// @param clientId The client.
    /// @return The hop.
    function hop(string memory clientId) internal pure returns (bytes memory) {
        return abi.encodePacked(PORT, "/", clientId, "/");
    }

    /// @notice Whether a trace begins with the hop over a client: the token last came over it, and leaves by it.
    /// @param denom The trace.
    /// @param clientId The client.
    /// @return found Whether it does.
    /// @return rest The trace without the hop.
    function stripHop(string calldata denom, string calldata clientId)
        internal
        pure
        returns (bool found, string calldata rest)
    {
        rest = denom;
        uint256 size = bytes(clientId).length + 10;
        // Most tokens come from their home and have no hop at all: one look at the beginning spares them the rest.
        if (bytes(denom).length < size || bytes9(bytes(denom)) != "transfer/") return (false, denom);
        if (keccak256(bytes(denom[:size])) == keccak256(hop(clientId))) {
            found = true;
            rest = denom[size:];
        }
    }

    /// @notice As `stripHop`, for a trace in memory.
    /// @param denom The trace.
    /// @param clientId The client.
    /// @return found Whether it begins with the hop.
    function startsWithHop(string memory denom, string memory clientId) internal pure returns (bool found) {
        bytes memory prefix = hop(clientId);
        if (bytes(denom).length < prefix.length) return false;
        assembly ("memory-safe") {
            found := eq(keccak256(add(denom, 0x20), mload(prefix)), keccak256(add(prefix, 0x20), mload(prefix)))
        }
    }

    /// @notice The client of a trace's first hop.
    /// @param denom The trace; it begins with the port and a slash.
    /// @return The client; all that follows the port if it is no whole hop.
    function clientOf(string calldata denom) internal pure returns (string calldata) {
        uint256 begin = bytes(PORT).length + 1;
        uint256 end = begin;
        while (end < bytes(denom).length && bytes(denom)[end] != "/") ++end;
        return denom[begin:end];
    }
}
