// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26Router} from "../interfaces/IICS26Router.sol";
import {ShortText} from "../types/ShortText.sol";
import {AbiWriter} from "./AbiWriter.sol";

/// @title RouterCalls
/// @notice An application's call to its router, encoded by hand: the compiler would first make structures of the texts,
/// and then copy each of them twice.
library RouterCalls {
    /// @notice Calls `sendPacket((sourceClient, timeoutTimestamp, payload))` for an application whose counterparty has
    /// the same port. A failure is passed on.
    /// @param router The router.
    /// @param sourceClient The client to send over.
    /// @param timeoutTimestamp When the packet times out, in Unix seconds.
    /// @param port The application's port.
    /// @param version The payload's version.
    /// @param encoding The payload's encoding.
    /// @param value The payload's value.
    /// @return sequence The packet's sequence.
    function sendPacket(
        IICS26Router router,
        string calldata sourceClient,
        uint64 timeoutTimestamp,
        ShortText port,
        ShortText version,
        ShortText encoding,
        bytes memory value
    ) internal returns (uint64 sequence) {
        bytes4 selector = IICS26Router.sendPacket.selector;
        uint256 message;
        uint256 payload;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, selector)
            mstore(add(buffer, 0x04), 0x20)
            message := add(buffer, 0x24)
            mstore(add(message, 0x20), timeoutTimestamp)
            payload := add(message, 0x60)
        }
        payload = AbiWriter.append(message, 0x00, payload, sourceClient);
        uint256 to;
        assembly ("memory-safe") {
            mstore(add(message, 0x40), sub(payload, message))
            to := add(payload, 0xa0)
        }
        to = AbiWriter.appendShort(payload, 0x00, to, port);
        to = AbiWriter.appendShort(payload, 0x20, to, port);
        to = AbiWriter.appendShort(payload, 0x40, to, version);
        to = AbiWriter.appendShort(payload, 0x60, to, encoding);
        to = AbiWriter.appendMemory(payload, 0x80, to, string(value));
        assembly ("memory-safe") {
            let buffer := sub(message, 0x24)
            if iszero(call(gas(), router, 0, buffer, sub(to, buffer), 0x00, 0x20)) {
                returndatacopy(buffer, 0, returndatasize())
                revert(buffer, returndatasize())
            }
            sequence := mload(0x00)
            // An address without code answers nothing.
            if or(lt(returndatasize(), 0x20), gt(sequence, 0xffffffffffffffff)) { revert(0, 0) }
        }
    }
}
