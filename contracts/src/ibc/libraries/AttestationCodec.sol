// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IAttestationLightClientErrors} from "../errors/IAttestationLightClientErrors.sol";

/// @title AttestationCodec
/// @notice Reads attestations in place and strictly: of all byte strings that an ABI decoder would take for a message,
/// only the one that an ABI encoder writes is accepted, so that no altered proof is ever valid.
library AttestationCodec {
    /// @dev The size of a signature, and the size that the ABI pads it to, with its length in front.
    uint256 private constant SIGNATURE_LENGTH = 65;
    uint256 private constant SIGNATURE_SIZE = 0x80;

    /// @notice Reads `abi.encode(AttestationProof)`.
    /// @param proof The encoding.
    /// @return data The attestation.
    /// @return signatures The signatures, each of `signatureAt`'s layout.
    /// @return count Their number.
    function decodeProof(bytes calldata proof)
        internal
        pure
        returns (bytes calldata data, bytes calldata signatures, uint256 count)
    {
        // 0x20 | 0x40, offset of the signatures | the attestation | the signatures
        _require(proof.length >= 0xa0 && _word(proof, 0) == 0x20 && _word(proof, 0x20) == 0x40);
        uint256 length = _word(proof, 0x60);
        _require(length % 0x20 == 0 && length <= proof.length - 0xa0);
        data = proof[0x80:0x80 + length];
        _require(_word(proof, 0x40) == 0x60 + length);
        count = _word(proof, 0x80 + length);
        signatures = proof[0xa0 + length:];
        // Offsets first, then the signatures themselves, all of one size.
        _require(count <= type(uint8).max);
        // No number here comes near an overflow, as there are 255 signatures at most.
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                if (
                    signatures.length < 0x20 * (i + 1)
                        || _word(signatures, 0x20 * i) != 0x20 * count + SIGNATURE_SIZE * i
                ) _rejectSignatures(signatures, count);
            }
        }
        if (signatures.length != (0x20 + SIGNATURE_SIZE) * count) _rejectSignatures(signatures, count);
        signatures = signatures[0x20 * count:];
    }

    /// @notice A signature.
    /// @param signatures The signatures, as `decodeProof` returned them.
    /// @param index Its place.
    /// @return r The signature's r.
    /// @return s The signature's s.
    /// @return v The signature's v.
    function signatureAt(bytes calldata signatures, uint256 index)
        internal
        pure
        returns (bytes32 r, bytes32 s, uint8 v)
    {
        uint256 position;
        uint256 last;
        unchecked {
            position = SIGNATURE_SIZE * index;
            r = bytes32(_word(signatures, position + 0x20));
            s = bytes32(_word(signatures, position + 0x40));
            last = _word(signatures, position + 0x60);
        }
        if (_word(signatures, position) != SIGNATURE_LENGTH) {
            revert IAttestationLightClientErrors.InvalidSignatureLength(signatures[position:position + SIGNATURE_SIZE]);
        }
        _require(last << 8 == 0);
        v = uint8(last >> 248);
    }

    /// @notice Reads `abi.encode(StateAttestation)`.
    /// @param data The encoding.
    /// @return height The attested height.
    /// @return timestamp The attested timestamp.
    function decodeState(bytes calldata data) internal pure returns (uint64 height, uint64 timestamp) {
        _require(data.length == 0x40);
        height = _uint64(data, 0);
        timestamp = _uint64(data, 0x20);
    }

    /// @notice Reads `abi.encode(PacketAttestation)`.
    /// @param data The encoding.
    /// @return height The attested height.
    /// @return entries Paths and commitments in turn, 32 bytes each.
    function decodePackets(bytes calldata data) internal pure returns (uint64 height, bytes calldata entries) {
        _require(data.length >= 0x80 && _word(data, 0) == 0x20 && _word(data, 0x40) == 0x40);
        height = _uint64(data, 0x20);
        uint256 count = _word(data, 0x60);
        entries = data[0x80:];
        _require(entries.length % 0x40 == 0 && count == entries.length / 0x40);
    }

    /// @notice One of the attested paths.
    /// @param entries As `decodePackets` returned them.
    /// @param position The entry's offset in bytes.
    /// @return path keccak256 of the path.
    /// @return commitment What is stored there.
    function entryAt(bytes calldata entries, uint256 position) internal pure returns (bytes32 path, bytes32 commitment) {
        assembly ("memory-safe") {
            path := calldataload(add(entries.offset, position))
            commitment := calldataload(add(add(entries.offset, position), 0x20))
        }
    }

    /// @notice Reads `abi.encode(Rotation)`.
    /// @param data The encoding.
    /// @return setNumber The number of the new set.
    /// @return overlapSeconds How long the old set still speaks.
    /// @return minRequiredSigs How many of the new set must sign.
    /// @return attestors The new set.
    function decodeRotation(bytes calldata data)
        internal
        pure
        returns (uint64 setNumber, uint64 overlapSeconds, uint8 minRequiredSigs, address[] memory attestors)
    {
        // 0x20 | set number | overlap | threshold | 0x80, offset of the addresses | their number | they
        _require(data.length >= 0xc0 && _word(data, 0) == 0x20 && _word(data, 0x80) == 0x80);
        setNumber = _uint64(data, 0x20);
        overlapSeconds = _uint64(data, 0x40);
        uint256 threshold = _word(data, 0x60);
        _require(threshold <= type(uint8).max);
        minRequiredSigs = uint8(threshold);
        uint256 count = _word(data, 0xa0);
        _require(data.length % 0x20 == 0 && count == (data.length - 0xc0) / 0x20);
        attestors = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 word = _word(data, 0xc0 + 0x20 * i);
            _require(word <= type(uint160).max);
            attestors[i] = address(uint160(word));
        }
    }

    /// @notice Reads `abi.encode(Misbehaviour)`.
    /// @param evidence The encoding.
    /// @return attestationType The type of both attestations.
    /// @return first The first proof.
    /// @return second The second proof.
    function decodeMisbehaviour(bytes calldata evidence)
        internal
        pure
        returns (uint8 attestationType, bytes calldata first, bytes calldata second)
    {
        _require(evidence.length >= 0xc0 && _word(evidence, 0) == 0x20 && _word(evidence, 0x40) == 0x60);
        uint256 tag = _word(evidence, 0x20);
        _require(tag <= type(uint8).max);
        attestationType = uint8(tag);
        uint256 firstLength = _word(evidence, 0x80);
        // Proofs are themselves canonical encodings, and so whole words.
        _require(firstLength % 0x20 == 0 && firstLength <= evidence.length - 0xc0);
        first = evidence[0xa0:0xa0 + firstLength];
        _require(_word(evidence, 0x60) == 0x80 + firstLength);
        second = evidence[0xc0 + firstLength:];
        _require(_word(evidence, 0xa0 + firstLength) == second.length);
    }

    /// @dev Tells a signature of another length than 65 bytes, which deserves an error of its own, from garbage.
    function _rejectSignatures(bytes calldata signatures, uint256 count) private pure {
        uint256 position = 0x20 * count;
        for (uint256 i = 0; i < count && signatures.length >= position + 0x20; ++i) {
            uint256 length = _word(signatures, position);
            if (length > signatures.length - position - 0x20) break;
            if (length != SIGNATURE_LENGTH) {
                revert IAttestationLightClientErrors.InvalidSignatureLength(
                    signatures[position + 0x20:position + 0x20 + length]
                );
            }
            position += SIGNATURE_SIZE;
        }
        revert IAttestationLightClientErrors.MalformedEncoding();
    }

    function _uint64(bytes calldata data, uint256 position) private pure returns (uint64) {
        uint256 word = _word(data, position);
        _require(word <= type(uint64).max);
        return uint64(word);
    }

    /// @dev Callers have checked that the word lies within.
    function _word(bytes calldata data, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, position))
        }
    }

    function _require(bool condition) private pure {
        require(condition, IAttestationLightClientErrors.MalformedEncoding());
    }
}
