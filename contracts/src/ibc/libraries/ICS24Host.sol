// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title ICS24Host
/// @notice Paths of the provable store, and the commitments to acknowledgements (ICS-24 and ICS-04, version 2). A
/// packet's commitment is made from its encoding, see `PacketEncoding`.
library ICS24Host {
    /// @notice The acknowledgement that the router writes when an application refuses a packet:
    /// sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT").
    bytes32 internal constant UNIVERSAL_ERROR_ACK = 0x4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab;

    /// @notice Tag of the path of a packet commitment, under the source client.
    uint8 internal constant COMMITMENT = 1;
    /// @notice Tag of the path of a receipt, under the destination client.
    uint8 internal constant RECEIPT = 2;
    /// @notice Tag of the path of an acknowledgement commitment, under the destination client.
    uint8 internal constant ACKNOWLEDGEMENT = 3;

    /// @notice The path `clientId ‖ tag ‖ sequence`, the sequence as eight bytes, big endian.
    /// @param clientId The client.
    /// @param tag One of the tags above.
    /// @param sequence The sequence.
    /// @return The path.
    function path(string calldata clientId, uint8 tag, uint64 sequence) internal pure returns (bytes memory) {
        return abi.encodePacked(clientId, tag, sequence);
    }

    /// @notice keccak256 of a path: the key in the store's mapping.
    /// @param clientId The client.
    /// @param tag One of the tags above.
    /// @param sequence The sequence.
    /// @return key The key.
    function pathKey(string calldata clientId, uint8 tag, uint64 sequence) internal pure returns (bytes32 key) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, clientId.offset, clientId.length)
            mstore(add(buffer, clientId.length), or(shl(248, tag), shl(184, sequence)))
            key := keccak256(buffer, add(clientId.length, 9))
        }
    }

    /// @notice The commitment to one acknowledgement: H(0x02 ‖ H(acknowledgement)).
    /// @param acknowledgementHash H(acknowledgement).
    /// @return commitment The commitment.
    function acknowledgementCommitment(bytes32 acknowledgementHash) internal view returns (bytes32 commitment) {
        assembly ("memory-safe") {
            mstore8(0x00, 2)
            mstore(0x01, acknowledgementHash)
            if iszero(staticcall(gas(), 2, 0x00, 33, 0x00, 0x20)) { revert(0, 0) }
            commitment := mload(0x00)
        }
    }

    /// @notice sha256 of calldata.
    /// @param data The data.
    /// @return digest The digest.
    function hash(bytes calldata data) internal view returns (bytes32 digest) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, data.offset, data.length)
            if iszero(staticcall(gas(), 2, buffer, data.length, 0x00, 0x20)) { revert(0, 0) }
            digest := mload(0x00)
        }
    }

    /// @notice The topic of an event's indexed text: keccak256 of calldata.
    /// @param text The text.
    /// @return digest The topic.
    function topic(string calldata text) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, text.offset, text.length)
            digest := keccak256(buffer, text.length)
        }
    }

    /// @notice Whether an acknowledgement is the error acknowledgement.
    /// @param acknowledgement The acknowledgement.
    /// @return True if it is.
    function isErrorAcknowledgement(bytes calldata acknowledgement) internal pure returns (bool) {
        return acknowledgement.length == 32 && bytes32(acknowledgement) == UNIVERSAL_ERROR_ACK;
    }
}
