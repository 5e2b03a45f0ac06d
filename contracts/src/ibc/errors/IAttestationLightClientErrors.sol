// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IAttestationLightClientErrors
/// @notice Errors of the attestation light client.
interface IAttestationLightClientErrors {
    /// @notice The attestor set is empty.
    error NoAttestors();
    /// @notice The set is larger than the client can count.
    /// @param attestorCount The size of the set.
    error TooManyAttestors(uint256 attestorCount);
    /// @notice An attestor's address is zero.
    error ZeroAttestor();
    /// @notice The threshold is zero or larger than the set.
    /// @param minRequired The threshold.
    /// @param attestorCount The size of the set.
    error BadQuorum(uint8 minRequired, uint256 attestorCount);
    /// @notice Misbehaviour was proven; the client trusts nothing any more.
    error FrozenClientState();
    /// @notice No timestamp is trusted at this height; the client must be updated first.
    /// @param height The height.
    error ConsensusTimestampNotFound(uint64 height);
    /// @notice The bytes are not the one canonical ABI encoding of their type.
    error MalformedEncoding();
    /// @notice A signature is not 65 bytes long.
    /// @param signature The signature.
    error InvalidSignatureLength(bytes signature);
    /// @notice A signature is malformed or malleable.
    /// @param signature The signature.
    error SignatureInvalid(bytes signature);
    /// @notice A signature is by somebody else than an attestor.
    /// @param signer Who signed.
    error UnknownSigner(address signer);
    /// @notice An attestor is listed, or has signed, twice.
    /// @param signer The attestor.
    error DuplicateSigner(address signer);
    /// @notice There are fewer signatures than the threshold.
    /// @param validSigners The number of signatures.
    /// @param minRequired The threshold.
    error ThresholdNotMet(uint256 validSigners, uint8 minRequired);
    /// @notice There are no signatures.
    error EmptySignatures();
    /// @notice The value to prove is not 32 non-zero bytes.
    error EmptyValue();
    /// @notice The attestation names no paths.
    error EmptyPackets();
    /// @notice The path has another number of elements than an EVM chain's.
    /// @param expectedLength The number expected.
    /// @param providedLength The number found.
    error InvalidPathLength(uint256 expectedLength, uint256 providedLength);
    /// @notice The attestation does not say this of the path.
    error NotMember();
    /// @notice The attestation says that something is stored under the path.
    error NotNonMember();
    /// @notice The proof was empty and nothing of the kind was proven in this transaction.
    /// @param height The height asked for.
    /// @param pathHash keccak256 of the path asked for.
    error ProofNotCached(uint64 height, bytes32 pathHash);
    /// @notice The attestation is for another height than the proof's.
    /// @param expected The proof's height.
    /// @param provided The attestation's height.
    error HeightMismatch(uint64 expected, uint64 provided);
    /// @notice A height or a timestamp is zero.
    /// @param height The height.
    /// @param timestamp The timestamp.
    error InvalidState(uint64 height, uint64 timestamp);
    /// @notice The attestation type is unknown.
    /// @param attestationType The type.
    error UnknownAttestationType(uint8 attestationType);
    /// @notice The two attestations do not contradict each other.
    error NoConflict();
    /// @notice A minority of the new set, or one attestor alone, could speak for it.
    /// @param minRequired The threshold.
    /// @param attestorCount The size of the set.
    error WeakQuorum(uint8 minRequired, uint256 attestorCount);
    /// @notice The rotation is not to the next set.
    /// @param expected The number that the next set has.
    /// @param provided The number in the rotation.
    error WrongSetNumber(uint64 expected, uint64 provided);
    /// @notice The replaced set would speak for too long.
    /// @param overlapSeconds How long it would.
    /// @param maximum The longest that it may.
    error OverlapTooLong(uint64 overlapSeconds, uint64 maximum);
    /// @notice The client has no domain, so that nothing binds a rotation to it: migrate it instead.
    error NoDomain();
}
