// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IAttestationMsgs
/// @notice What attestors sign and how it is presented to the light client.
interface IAttestationMsgs {
    /// @notice The statement "block `height` has this timestamp" (attestation type 0x01).
    /// @param height The height on the attested chain.
    /// @param timestamp The block's timestamp in Unix seconds.
    struct StateAttestation {
        uint64 height;
        uint64 timestamp;
    }

    /// @notice The statement "at `height` these paths hold these commitments" (attestation type 0x02).
    /// @param height The height on the attested chain.
    /// @param packets The attested paths.
    struct PacketAttestation {
        uint64 height;
        PacketCompact[] packets;
    }

    /// @notice One attested path.
    /// @param path keccak256 of the path.
    /// @param commitment What is stored there; zero says that nothing is.
    struct PacketCompact {
        bytes32 path;
        bytes32 commitment;
    }

    /// @notice A statement with its signatures.
    /// @param attestationData `abi.encode` of a `StateAttestation` or a `PacketAttestation`.
    /// @param signatures 65 bytes each: r, s, v.
    struct AttestationProof {
        bytes attestationData;
        bytes[] signatures;
    }

    /// @notice Two statements that cannot both be true.
    /// @param attestationType 0x01 for two state attestations, 0x02 for two packet attestations.
    /// @param first `abi.encode` of one `AttestationProof`.
    /// @param second `abi.encode` of the other.
    struct Misbehaviour {
        uint8 attestationType;
        bytes first;
        bytes second;
    }

    /// @notice The statement "these attestors follow you", made by the current set (type 0x03 in the digest).
    /// @param setNumber The number of the new set: the current set's plus one, so that no rotation serves twice.
    /// @param overlapSeconds How long what the old set signed is still believed; a day at most.
    /// @param minRequiredSigs How many of the new set must sign.
    /// @param attestorAddresses The new set.
    struct Rotation {
        uint64 setNumber;
        uint64 overlapSeconds;
        uint8 minRequiredSigs;
        address[] attestorAddresses;
    }

    /// @notice The light client's state, as `getClientState` encodes it.
    /// @param attestorAddresses The attestors.
    /// @param minRequiredSigs How many of them must sign.
    /// @param latestHeight The highest trusted height.
    /// @param isFrozen Whether misbehaviour was proven.
    struct ClientState {
        address[] attestorAddresses;
        uint8 minRequiredSigs;
        uint64 latestHeight;
        bool isFrozen;
    }
}
