// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS20Errors} from "../errors/IICS20Errors.sol";
import {ShortText} from "../types/ShortText.sol";
import {AbiWriter} from "./AbiWriter.sol";

/// @title ICS20Codec
/// @notice Writes packet data, and reads it in place. Every field is checked to lie within the value: the packet's commitment covers
/// the value alone, and what lies behind it in calldata is the relayer's.
library ICS20Codec {
    /// @notice The port of the transfer application.
    ShortText internal constant PORT = ShortText.wrap(bytes32("transfer") | bytes32(uint256(8)));
    /// @notice The version of transfers.
    ShortText internal constant VERSION = ShortText.wrap(bytes32("ics20-1") | bytes32(uint256(7)));
    /// @notice The version of metadata announcements.
    ShortText internal constant METADATA_VERSION =
        ShortText.wrap(bytes32("causeway-metadata-1") | bytes32(uint256(19)));
    /// @notice The encoding of both.
    ShortText internal constant ENCODING =
        ShortText.wrap(bytes32("application/x-solidity-abi") | bytes32(uint256(26)));
    /// @notice What every hop of a trace begins with: the port and a slash.
    string internal constant HOP = "transfer/";
    /// @notice The acknowledgement of success.
    bytes internal constant SUCCESS = '{"result":"AQ=="}';

    /// @notice Writes a transfer.
    /// @param denom The token's trace.
    /// @param sender Who sends.
    /// @param receiver Who is to receive.
    /// @param amount The amount.
    /// @param memo The memo.
    /// @return value What `abi.encode(FungibleTokenPacketData)` gives.
    function encodeTransfer(
        string memory denom,
        string memory sender,
        string calldata receiver,
        uint256 amount,
        string calldata memo
    ) internal pure returns (bytes memory value) {
        uint256 head;
        uint256 to;
        assembly ("memory-safe") {
            value := mload(0x40)
            mstore(add(value, 0x20), 0x20)
            head := add(value, 0x40)
            mstore(add(head, 0x60), amount)
            to := add(head, 0xa0)
        }
        to = AbiWriter.appendMemory(head, 0x00, to, denom);
        to = AbiWriter.appendMemory(head, 0x20, to, sender);
        to = AbiWriter.append(head, 0x40, to, receiver);
        to = AbiWriter.append(head, 0x80, to, memo);
        assembly ("memory-safe") {
            mstore(value, sub(sub(to, value), 0x20))
            mstore(0x40, to)
        }
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
        return abi.encodePacked(HOP, clientId, "/");
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
        uint256 begin = bytes(HOP).length;
        uint256 end = begin;
        while (end < bytes(denom).length && bytes(denom)[end] != "/") ++end;
        return denom[begin:end];
    }
}
