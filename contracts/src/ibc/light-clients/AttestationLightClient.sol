// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IAttestationLightClientErrors} from "../errors/IAttestationLightClientErrors.sol";
import {IAttestationLightClient} from "../interfaces/IAttestationLightClient.sol";
import {ILightClient} from "../interfaces/ILightClient.sol";
import {AttestationCodec} from "../libraries/AttestationCodec.sol";
import {AttestorSet} from "../libraries/AttestorSet.sol";
import {IAttestationMsgs} from "../msgs/IAttestationMsgs.sol";
import {ILightClientMsgs} from "../msgs/ILightClientMsgs.sol";

/// @title AttestationLightClient
/// @notice Believes what m of n attestors sign. What is signed is sha256(type ‖ domain ‖ sha256(data)).
/// @dev A verified attestation is remembered for the rest of the transaction: further messages may then come with an
/// empty proof, or with the same proof again, and no signature is checked twice. What is remembered is keyed by height,
/// path and commitment together, so that presence and absence, or two heights, can never be taken for one another; and
/// it lies in this contract's transient storage, so that no other client can write it.
contract AttestationLightClient is IAttestationLightClient, IAttestationLightClientErrors, AccessControl {
    /// @inheritdoc IAttestationLightClient
    bytes32 public constant PROOF_SUBMITTER_ROLE = keccak256("PROOF_SUBMITTER_ROLE");

    /// @inheritdoc IAttestationLightClient
    bytes32 public immutable domain;

    uint8 private constant STATE_ATTESTATION = 1;
    uint8 private constant PACKET_ATTESTATION = 2;
    /// @dev Not an attestation, but set apart from both by the same byte of the digest.
    uint8 private constant ROTATION = 3;

    /// @dev The longest that a set may speak after it was replaced: as long as a packet may live.
    uint64 private constant MAX_OVERLAP_SECONDS = 1 days;

    /// @dev Half the order of secp256k1. A larger s is the mirror image of a smaller one, and nobody signs with it.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Sets transient keys for whole proofs apart from those for single entries.
    bytes32 private constant PROOF_TAG = keccak256("causeway.attestation.proof");

    bool private immutable ANYONE_MAY_SUBMIT;

    /// @dev One slot with all that a verification reads but the timestamp; see `AttestorSet` for the pointer.
    uint64 private _latestHeight;
    bool private _frozen;
    uint8 private _minRequiredSigs;
    address private _attestors;

    /// @dev The set before the last rotation, and when it falls silent; read only if the current set did not sign.
    address private _previousAttestors;
    uint8 private _previousMinRequiredSigs;
    uint64 private _previousUntil;

    uint64 private _setNumber;
    mapping(uint64 height => uint64 timestampSeconds) private _timestampAt;

    /// @dev Nothing is believed once the attestors have contradicted themselves.
    modifier notFrozen() {
        require(!_frozen, FrozenClientState());
        _;
    }

    /// @dev Open to all if there is no role manager, for then nobody could ever change it.
    modifier onlyProofSubmitter() {
        if (!ANYONE_MAY_SUBMIT && !hasRole(PROOF_SUBMITTER_ROLE, address(0))) _checkRole(PROOF_SUBMITTER_ROLE);
        _;
    }

    /// @notice Fixes the attestors and the first trusted height.
    /// @dev The domain is computed by whoever deploys, since it names the client's identifier, which the contract
    /// cannot know: check it before sending anything over the client.
    /// @param attestors The attestors.
    /// @param minRequiredSigs How many of them must sign.
    /// @param initialHeight The first trusted height; not zero.
    /// @param initialTimestampSeconds Its timestamp in Unix seconds; not zero.
    /// @param roleManager Administers who may submit proofs; if zero, everybody may, for good.
    /// @param domain_ See `domain`.
    constructor(
        address[] memory attestors,
        uint8 minRequiredSigs,
        uint64 initialHeight,
        uint64 initialTimestampSeconds,
        address roleManager,
        bytes32 domain_
    ) {
        require(
            initialHeight != 0 && initialTimestampSeconds != 0, InvalidState(initialHeight, initialTimestampSeconds)
        );
        _install(attestors, minRequiredSigs, 1);
        _latestHeight = initialHeight;
        _timestampAt[initialHeight] = initialTimestampSeconds;
        ANYONE_MAY_SUBMIT = roleManager == address(0);
        domain = domain_;
        if (roleManager == address(0)) {
            _grantRole(PROOF_SUBMITTER_ROLE, address(0));
        } else {
            _grantRole(DEFAULT_ADMIN_ROLE, roleManager);
            _grantRole(PROOF_SUBMITTER_ROLE, roleManager);
        }
    }

    /// @inheritdoc ILightClient
    function getClientState() external view returns (bytes memory) {
        return abi.encode(
            IAttestationMsgs.ClientState({
                attestorAddresses: AttestorSet.toArray(_attestors),
                minRequiredSigs: _minRequiredSigs,
                latestHeight: _latestHeight,
                isFrozen: _frozen
            })
        );
    }

    /// @inheritdoc IAttestationLightClient
    function getAttestationSet() external view returns (address[] memory attestorAddresses, uint8 minRequiredSigs) {
        return (AttestorSet.toArray(_attestors), _minRequiredSigs);
    }

    /// @inheritdoc IAttestationLightClient
    function getRotationState()
        external
        view
        returns (
            uint64 setNumber,
            address[] memory previousAttestors,
            uint8 previousMinRequiredSigs,
            uint64 previousUntil
        )
    {
        setNumber = _setNumber;
        if (_previousUntil != 0) previousAttestors = AttestorSet.toArray(_previousAttestors);
        previousMinRequiredSigs = _previousMinRequiredSigs;
        previousUntil = _previousUntil;
    }

    /// @inheritdoc IAttestationLightClient
    function getConsensusTimestamp(uint64 revisionHeight) external view returns (uint64) {
        return _timestampAt[revisionHeight];
    }

    /// @inheritdoc ILightClient
    function updateClient(bytes calldata updateMsg)
        external
        notFrozen
        onlyProofSubmitter
        returns (ILightClientMsgs.UpdateResult)
    {
        (uint64 height, uint64 timestamp) =
            AttestationCodec.decodeState(_verifiedData(STATE_ATTESTATION, updateMsg));
        require(height != 0 && timestamp != 0, InvalidState(height, timestamp));

        uint64 known = _timestampAt[height];
        if (known == timestamp) return ILightClientMsgs.UpdateResult.NoOp;
        if (known != 0) {
            _frozen = true;
            return ILightClientMsgs.UpdateResult.Misbehaviour;
        }
        _timestampAt[height] = timestamp;
        if (height > _latestHeight) _latestHeight = height;
        return ILightClientMsgs.UpdateResult.Update;
    }

    /// @inheritdoc ILightClient
    function verifyMembership(ILightClientMsgs.MsgVerifyMembership calldata msg_)
        external
        notFrozen
        onlyProofSubmitter
        returns (uint256)
    {
        // Zero stands for absence: to accept it here would make absence provable as presence.
        require(msg_.value.length == 0x20 && bytes32(msg_.value) != 0, EmptyValue());
        return _verify(msg_.proof, msg_.proofHeight.revisionHeight, msg_.path, bytes32(msg_.value));
    }

    /// @inheritdoc ILightClient
    function verifyNonMembership(ILightClientMsgs.MsgVerifyNonMembership calldata msg_)
        external
        notFrozen
        onlyProofSubmitter
        returns (uint256)
    {
        return _verify(msg_.proof, msg_.proofHeight.revisionHeight, msg_.path, 0);
    }

    /// @inheritdoc ILightClient
    /// @dev Takes `abi.encode(IAttestationMsgs.Misbehaviour)`, and from anybody: the evidence speaks for itself.
    function misbehaviour(bytes calldata misbehaviourMsg) external notFrozen {
        (uint8 attestationType, bytes calldata first, bytes calldata second) =
            AttestationCodec.decodeMisbehaviour(misbehaviourMsg);
        require(
            attestationType == STATE_ATTESTATION || attestationType == PACKET_ATTESTATION,
            UnknownAttestationType(attestationType)
        );
        first = _verifiedData(attestationType, first);
        second = _verifiedData(attestationType, second);
        bool conflict =
            attestationType == STATE_ATTESTATION ? _statesConflict(first, second) : _packetsConflict(first, second);
        require(conflict, NoConflict());
        _frozen = true;
    }

    /// @inheritdoc IAttestationLightClient
    function rotateAttestors(bytes calldata rotationMsg) external notFrozen {
        // Without a domain the same signatures would rotate every client that trusts the same keys.
        require(domain != 0, NoDomain());
        (bytes calldata data, bytes calldata signatures, uint256 count) = AttestationCodec.decodeProof(rotationMsg);
        // The current set alone decides who follows it: one that was replaced must not bring itself back.
        bytes memory objection =
            _objection(_attestors, _minRequiredSigs, _digest(ROTATION, data), signatures, count);
        if (objection.length != 0) _revertWith(objection);

        (uint64 setNumber, uint64 overlapSeconds, uint8 minRequiredSigs, address[] memory attestors) =
            AttestationCodec.decodeRotation(data);
        require(setNumber == _setNumber + 1, WrongSetNumber(_setNumber + 1, setNumber));
        require(overlapSeconds <= MAX_OVERLAP_SECONDS, OverlapTooLong(overlapSeconds, MAX_OVERLAP_SECONDS));
        // A set that began weak, as on a development network, may stay so; a strong one is never weakened.
        require(
            AttestorSet.isStrong(minRequiredSigs, attestors.length)
                || !AttestorSet.isStrong(_minRequiredSigs, AttestorSet.count(_attestors)),
            WeakQuorum(minRequiredSigs, attestors.length)
        );

        uint64 previousUntil = uint64(block.timestamp) + overlapSeconds;
        (_previousAttestors, _previousMinRequiredSigs, _previousUntil) = (_attestors, _minRequiredSigs, previousUntil);
        _install(attestors, minRequiredSigs, setNumber);
        emit AttestorsRotated(setNumber, attestors, minRequiredSigs, previousUntil);
    }

    function _install(address[] memory attestors, uint8 minRequiredSigs, uint64 setNumber) private {
        require(attestors.length != 0, NoAttestors());
        require(attestors.length <= type(uint8).max, TooManyAttestors(attestors.length));
        require(
            minRequiredSigs != 0 && minRequiredSigs <= attestors.length, BadQuorum(minRequiredSigs, attestors.length)
        );
        (_attestors, _minRequiredSigs, _setNumber) = (AttestorSet.store(attestors), minRequiredSigs, setNumber);
    }

    function _verify(bytes calldata proof, uint64 height, bytes[] calldata path, bytes32 commitment)
        private
        returns (uint256 timestamp)
    {
        require(path.length == 1, InvalidPathLength(1, path.length));
        timestamp = _timestampAt[height];
        require(timestamp != 0, ConsensusTimestampNotFound(height));

        bytes32 pathHash = _hash(path[0]);
        bool complete = proof.length != 0;
        if (complete) _remember(proof, height);
        if (!_isRemembered(_entryKey(height, pathHash, commitment))) {
            require(complete, ProofNotCached(height, pathHash));
            _rejectEntry(proof, pathHash, commitment);
        }
    }

    /// @dev Verifies a packet attestation, unless this transaction did before, and remembers all that it says.
    function _remember(bytes calldata proof, uint64 height) private {
        bytes32 proofKey = _key(PROOF_TAG, bytes32(uint256(height)), _hash(proof));
        if (_isRemembered(proofKey)) return;
        (uint64 attested, bytes calldata entries) =
            AttestationCodec.decodePackets(_verifiedData(PACKET_ATTESTATION, proof));
        require(attested == height, HeightMismatch(height, attested));
        require(entries.length != 0, EmptyPackets());
        for (uint256 position = 0; position < entries.length; position += 0x40) {
            (bytes32 path, bytes32 commitment) = AttestationCodec.entryAt(entries, position);
            _setRemembered(_entryKey(height, path, commitment));
        }
        _setRemembered(proofKey);
    }

    /// @dev Reverts with the reason why a verified attestation does not show what was asked.
    function _rejectEntry(bytes calldata proof, bytes32 pathHash, bytes32 commitment) private pure {
        (bytes calldata data,,) = AttestationCodec.decodeProof(proof);
        (, bytes calldata entries) = AttestationCodec.decodePackets(data);
        for (uint256 position = 0; position < entries.length; position += 0x40) {
            (bytes32 path,) = AttestationCodec.entryAt(entries, position);
            if (path == pathHash && commitment == 0) revert NotNonMember();
        }
        revert NotMember();
    }

    /// @dev The attestation in a proof, if enough attestors signed it as one of this type.
    function _verifiedData(uint8 attestationType, bytes calldata proof) private view returns (bytes calldata data) {
        bytes calldata signatures;
        uint256 count;
        (data, signatures, count) = AttestationCodec.decodeProof(proof);
        bytes32 digest = _digest(attestationType, data);
        bytes memory objection = _objection(_attestors, _minRequiredSigs, digest, signatures, count);
        if (objection.length == 0) return data;
        // What the replaced set signed is still on its way for a while. One set must have signed it all.
        if (block.timestamp < _previousUntil) {
            if (_objection(_previousAttestors, _previousMinRequiredSigs, digest, signatures, count).length == 0) {
                return data;
            }
        }
        _revertWith(objection);
    }

    /// @dev Why these signatures do not speak for a set, as an encoded error; empty if they do. Every signer must be of
    /// the set, none may count twice, and there must be enough of them.
    function _objection(
        address attestors,
        uint8 minRequiredSigs,
        bytes32 digest,
        bytes calldata signatures,
        uint256 count
    ) private view returns (bytes memory) {
        require(count != 0, EmptySignatures());
        if (count < minRequiredSigs) {
            return abi.encodeWithSelector(ThresholdNotMet.selector, count, minRequiredSigs);
        }
        bytes memory list = AttestorSet.load(attestors);
        uint256 seen;
        for (uint256 i = 0; i < count; ++i) {
            (bytes32 r, bytes32 s, uint8 v) = AttestationCodec.signatureAt(signatures, i);
            address signer =
                uint256(s) <= MAX_S && (v == 27 || v == 28) ? ecrecover(digest, v, r, s) : address(0);
            if (signer == address(0)) revert SignatureInvalid(abi.encodePacked(r, s, v));
            uint256 place = AttestorSet.find(list, signer);
            if (place == 0) return abi.encodeWithSelector(UnknownSigner.selector, signer);
            if ((seen >> place) & 1 != 0) return abi.encodeWithSelector(DuplicateSigner.selector, signer);
            seen |= 1 << place;
        }
        return "";
    }

    function _revertWith(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _digest(uint8 attestationType, bytes calldata data) private view returns (bytes32) {
        bytes32 dataHash = sha256(data);
        return domain == 0
            ? sha256(abi.encodePacked(attestationType, dataHash))
            : sha256(abi.encodePacked(attestationType, domain, dataHash));
    }

    function _statesConflict(bytes calldata first, bytes calldata second) private pure returns (bool) {
        (uint64 heightA, uint64 timestampA) = AttestationCodec.decodeState(first);
        (uint64 heightB, uint64 timestampB) = AttestationCodec.decodeState(second);
        return heightA == heightB && timestampA != timestampB;
    }

    function _packetsConflict(bytes calldata first, bytes calldata second) private pure returns (bool) {
        (uint64 heightA, bytes calldata entriesA) = AttestationCodec.decodePackets(first);
        (uint64 heightB, bytes calldata entriesB) = AttestationCodec.decodePackets(second);
        if (heightA != heightB) return false;
        for (uint256 a = 0; a < entriesA.length; a += 0x40) {
            (bytes32 pathA, bytes32 commitmentA) = AttestationCodec.entryAt(entriesA, a);
            for (uint256 b = 0; b < entriesB.length; b += 0x40) {
                (bytes32 pathB, bytes32 commitmentB) = AttestationCodec.entryAt(entriesB, b);
                if (pathA == pathB && commitmentA != commitmentB) return true;
            }
        }
        return false;
    }

    /// @dev No height is as large as the tag in front of a proof's key: the two kinds cannot meet.
    function _entryKey(uint64 height, bytes32 pathHash, bytes32 commitment) private pure returns (bytes32) {
        return _key(bytes32(uint256(height)), pathHash, commitment);
    }

    function _key(bytes32 first, bytes32 second, bytes32 third) private pure returns (bytes32 key) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, first)
            mstore(add(buffer, 0x20), second)
            mstore(add(buffer, 0x40), third)
            key := keccak256(buffer, 0x60)
        }
    }

    /// @dev keccak256 of calldata, which takes no memory.
    function _hash(bytes calldata data) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, data.offset, data.length)
            digest := keccak256(buffer, data.length)
        }
    }

    function _isRemembered(bytes32 key) private view returns (bool known) {
        assembly ("memory-safe") {
            known := tload(key)
        }
    }

    function _setRemembered(bytes32 key) private {
        assembly ("memory-safe") {
            tstore(key, 1)
        }
    }
}
