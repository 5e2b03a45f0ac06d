// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26RouterErrors} from "../errors/IICS26RouterErrors.sol";
import {IICS26RouterMsgs} from "../msgs/IICS26RouterMsgs.sol";
import {AbiWriter} from "./AbiWriter.sol";

/// @title PacketEncoding
/// @notice Builds what the router says about a packet, its commitment, calls and events, from one `abi.encode(packet)`.
/// Encoding a packet is dear, and its parts are encoded the same wherever they stand; so it is done once and copied from
/// there.
/// @dev The layout relied upon, of a packet with one payload, is the compiler's own:
/// `0x20 | sequence, 0xa0, offset of destClient, timeout, offset of payloads | sourceClient | destClient | 1, 0x20 |
/// payload`.
library PacketEncoding {
    /// @dev Where an encoding's second word, the packet, begins in memory.
    uint256 private constant PACKET = 0x40;

    /// @notice Encodes a packet. The compiler would do the same at five times the cost.
    /// @param packet The packet, with one payload.
    /// @return encoded What `abi.encode(packet)` gives.
    function encode(IICS26RouterMsgs.Packet calldata packet) internal pure returns (bytes memory encoded) {
        uint256 head;
        uint256 to;
        (encoded, head, to) = _begin(packet.sequence, packet.timeoutTimestamp);
        to = AbiWriter.append(head, 0x20, to, packet.sourceClient);
        to = AbiWriter.append(head, 0x40, to, packet.destClient);
        _end(encoded, _appendPayload(head, to, packet.payloads[0]));
    }

    /// @notice Encodes a packet that is not in calldata as a whole yet.
    /// @param sequence The packet's sequence.
    /// @param message What it is made of.
    /// @param destClient Its destination client.
    /// @return encoded What `abi.encode(packet)` gives.
    function encode(uint64 sequence, IICS26RouterMsgs.MsgSendPacket calldata message, string memory destClient)
        internal
        pure
        returns (bytes memory encoded)
    {
        uint256 head;
        uint256 to;
        (encoded, head, to) = _begin(sequence, message.timeoutTimestamp);
        to = AbiWriter.append(head, 0x20, to, message.sourceClient);
        to = AbiWriter.appendMemory(head, 0x40, to, destClient);
        _end(encoded, _appendPayload(head, to, message.payload));
    }

    /// @notice The commitment to a packet with one payload:
    /// H(0x02 ‖ H(destClient) ‖ H(timeout) ‖ H(H(H(sourcePort) ‖ H(destPort) ‖ H(version) ‖ H(encoding) ‖ H(value)))),
    /// H being sha256 and the timeout eight bytes, big endian.
    /// @param encoded `abi.encode(packet)`.
    /// @return digest The commitment.
    function commitment(bytes memory encoded) internal view returns (bytes32 digest) {
        assembly ("memory-safe") {
            // A sha256 call (precompile 2) cannot fail but for want of gas.
            function sha(from, length, to) {
                if iszero(staticcall(gas(), 2, from, length, to, 0x20)) { revert(0, 0) }
            }
            function shaText(head, place, to) {
                let text := add(head, mload(add(head, place)))
                sha(add(text, 0x20), mload(text), to)
            }
            let packet := add(encoded, PACKET)
            let payload := add(packet, add(mload(add(packet, 0x80)), 0x40))
            // Scratch above the free memory pointer.
            let buffer := mload(0x40)
            for { let place := 0 } lt(place, 0xa0) { place := add(place, 0x20) } {
                shaText(payload, place, add(buffer, place))
            }
            let fields := add(buffer, 0x20)
            sha(buffer, 0xa0, 0x00)
            sha(0x00, 0x20, add(fields, 0x40))
            sha(add(packet, 0x78), 8, add(fields, 0x20))
            shaText(packet, 0x40, fields)
            mstore8(sub(fields, 1), 2)
            sha(sub(fields, 1), 97, 0x00)
            digest := mload(0x00)
        }
    }

    /// @notice Calls an application's `selector((sourceClient, destClient, sequence, payload, relayer))`.
    /// @param app The application.
    /// @param selector The callback.
    /// @param encoded `abi.encode(packet)`.
    /// @param relayer Who relays.
    /// @return success Whether the call succeeded. What it returned is in the return data buffer.
    function callApp(address app, bytes4 selector, bytes memory encoded, address relayer)
        internal
        returns (bool success)
    {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let packet := add(encoded, PACKET)
            let payloads := mload(add(packet, 0x80))
            let payload := add(payloads, 0x40)
            let payloadSize := sub(sub(mload(encoded), 0x20), payload)
            mstore(buffer, selector)
            mstore(add(buffer, 0x04), 0x20)
            // A head of five words, just as the packet's: the offsets of the clients are the same.
            mstore(add(buffer, 0x24), 0xa0)
            mstore(add(buffer, 0x44), mload(add(packet, 0x40)))
            mstore(add(buffer, 0x64), mload(packet))
            mstore(add(buffer, 0x84), payloads)
            mstore(add(buffer, 0xa4), relayer)
            mcopy(add(buffer, 0xc4), add(packet, 0xa0), sub(payloads, 0xa0))
            mcopy(add(add(buffer, 0x24), payloads), add(packet, payload), payloadSize)
            success := call(gas(), app, 0, buffer, add(add(0x24, payloads), payloadSize), 0, 0)
        }
        if (success) _requireCode(app);
    }

    /// @notice Calls an application's
    /// `selector((sourceClient, destClient, sequence, payload, acknowledgement, relayer))`.
    /// @param app The application.
    /// @param selector The callback.
    /// @param encoded `abi.encode(packet)`.
    /// @param acknowledgement The acknowledgement.
    /// @param relayer Who relays.
    /// @return success As for `callApp`.
    function callAppWithAck(
        address app,
        bytes4 selector,
        bytes memory encoded,
        bytes memory acknowledgement,
        address relayer
    ) internal returns (bool success) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let packet := add(encoded, PACKET)
            let payloads := mload(add(packet, 0x80))
            let payload := add(payloads, 0x40)
            let payloadSize := sub(sub(mload(encoded), 0x20), payload)
            mstore(buffer, selector)
            mstore(add(buffer, 0x04), 0x20)
            // A head of six words: everything lies one word farther than in the packet.
            mstore(add(buffer, 0x24), 0xc0)
            mstore(add(buffer, 0x44), add(mload(add(packet, 0x40)), 0x20))
            mstore(add(buffer, 0x64), mload(packet))
            mstore(add(buffer, 0x84), add(payloads, 0x20))
            mstore(add(buffer, 0xa4), add(add(payloads, 0x20), payloadSize))
            mstore(add(buffer, 0xc4), relayer)
            mcopy(add(buffer, 0xe4), add(packet, 0xa0), sub(payloads, 0xa0))
            let to := add(add(buffer, 0x44), payloads)
            mcopy(to, add(packet, payload), payloadSize)
            to := add(to, payloadSize)
            let end := add(add(to, 0x20), mload(acknowledgement))
            mstore(end, 0)
            mcopy(to, acknowledgement, add(mload(acknowledgement), 0x20))
            // The tuple begins four bytes past a word, and so does the end of its last one.
            let size := add(and(add(sub(sub(end, buffer), 4), 0x1f), not(0x1f)), 4)
            success := call(gas(), app, 0, buffer, size, 0, 0)
        }
        if (success) _requireCode(app);
    }

    /// @notice The byte string that the last call returned.
    /// @param app Who was called.
    /// @return result The byte string.
    function returnedBytes(address app) internal pure returns (bytes memory result) {
        bool wellFormed;
        assembly ("memory-safe") {
            let size := returndatasize()
            let buffer := mload(0x40)
            returndatacopy(buffer, 0, size)
            if gt(size, 0x3f) {
                result := add(buffer, 0x20)
                wellFormed := and(eq(mload(buffer), 0x20), iszero(gt(mload(result), sub(size, 0x40))))
                mstore(0x40, and(add(add(buffer, size), 0x1f), not(0x1f)))
            }
        }
        require(wellFormed, IICS26RouterErrors.IBCAppMisbehaved(app));
    }

    /// @notice What the last call reverted with.
    /// @return reason The reason.
    function returnedReason() internal pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, and(add(add(reason, returndatasize()), 0x3f), not(0x1f)))
        }
    }

    /// @notice Reverts with what the last call reverted with.
    function bubble() internal pure {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            returndatacopy(buffer, 0, returndatasize())
            revert(buffer, returndatasize())
        }
    }

    /// @notice Emits `topic(clientId, sequence, packet)`.
    /// @param topic The event.
    /// @param clientTopic keccak256 of the client.
    /// @param encoded `abi.encode(packet)`.
    function emitPacket(bytes32 topic, bytes32 clientTopic, bytes memory encoded) internal {
        assembly ("memory-safe") {
            log3(add(encoded, 0x20), mload(encoded), topic, clientTopic, mload(add(encoded, PACKET)))
        }
    }

    /// @notice Emits `topic(clientId, sequence, packet, acknowledgement)`, or the same with a list of one
    /// acknowledgement.
    /// @param topic The event.
    /// @param clientTopic keccak256 of the client.
    /// @param encoded `abi.encode(packet)`.
    /// @param acknowledgement The acknowledgement.
    /// @param asList Whether the event has a list.
    function emitPacketAndAck(
        bytes32 topic,
        bytes32 clientTopic,
        bytes memory encoded,
        bytes memory acknowledgement,
        bool asList
    ) internal {
        assembly ("memory-safe") {
            let packetSize := sub(mload(encoded), 0x20)
            let data := mload(0x40)
            mstore(data, 0x40)
            mstore(add(data, 0x20), add(packetSize, 0x40))
            mcopy(add(data, 0x40), add(encoded, PACKET), packetSize)
            let to := add(add(data, 0x40), packetSize)
            if asList {
                mstore(to, 1)
                mstore(add(to, 0x20), 0x20)
                to := add(to, 0x40)
            }
            let end := add(add(to, 0x20), mload(acknowledgement))
            mstore(end, 0)
            mcopy(to, acknowledgement, add(mload(acknowledgement), 0x20))
            let size := and(add(sub(end, data), 0x1f), not(0x1f))
            log3(data, size, topic, clientTopic, mload(add(encoded, PACKET)))
        }
    }

    /// @dev Writes what has a fixed size. Nothing may take memory before `_end` does.
    function _begin(uint64 sequence, uint64 timeoutTimestamp)
        private
        pure
        returns (bytes memory encoded, uint256 head, uint256 to)
    {
        assembly ("memory-safe") {
            encoded := mload(0x40)
            head := add(encoded, PACKET)
            mstore(add(encoded, 0x20), 0x20)
            mstore(head, sequence)
            mstore(add(head, 0x60), timeoutTimestamp)
            to := add(head, 0xa0)
        }
    }

    function _appendPayload(uint256 head, uint256 to, IICS26RouterMsgs.Payload calldata payload)
        private
        pure
        returns (uint256)
    {
        assembly ("memory-safe") {
            mstore(add(head, 0x80), sub(to, head))
            mstore(to, 1)
            mstore(add(to, 0x20), 0x20)
            head := add(to, 0x40)
            to := add(head, 0xa0)
        }
        to = AbiWriter.append(head, 0x00, to, payload.sourcePort);
        to = AbiWriter.append(head, 0x20, to, payload.destPort);
        to = AbiWriter.append(head, 0x40, to, payload.version);
        to = AbiWriter.append(head, 0x60, to, payload.encoding);
        return AbiWriter.append(head, 0x80, to, string(payload.value));
    }

    function _end(bytes memory encoded, uint256 to) private pure {
        assembly ("memory-safe") {
            mstore(encoded, sub(sub(to, encoded), 0x20))
            mstore(0x40, to)
        }
    }

    /// @dev A call to an address without code succeeds and does nothing.
    function _requireCode(address app) private view {
        bool answered;
        assembly ("memory-safe") {
            answered := returndatasize()
            if iszero(answered) { answered := gt(extcodesize(app), 0) }
        }
        require(answered, IICS26RouterErrors.IBCAppMisbehaved(app));
    }
}
