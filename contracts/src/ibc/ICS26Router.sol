// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IBCStore} from "./base/IBCStore.sol";
import {ICS02Client} from "./base/ICS02Client.sol";
import {Multicall} from "./base/Multicall.sol";
import {IICS24HostErrors} from "./errors/IICS24HostErrors.sol";
import {IICS26RouterErrors} from "./errors/IICS26RouterErrors.sol";
import {IIBCApp} from "./interfaces/IIBCApp.sol";
import {IICS26Router} from "./interfaces/IICS26Router.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IBCIdentifiers} from "./libraries/IBCIdentifiers.sol";
import {ICS24Host} from "./libraries/ICS24Host.sol";
import {LightClientCalls} from "./libraries/LightClientCalls.sol";
import {PacketEncoding} from "./libraries/PacketEncoding.sol";
import {IICS02ClientMsgs} from "./msgs/IICS02ClientMsgs.sol";
import {IICS26RouterMsgs} from "./msgs/IICS26RouterMsgs.sol";
import {ILightClientMsgs} from "./msgs/ILightClientMsgs.sol";

/// @title ICS26Router
/// @notice The router of IBC version 2 with its client registry and provable store. Whoever relays can delay packets,
/// never forge them: each message is proven to the light client of its route, so relaying needs no permission.
contract ICS26Router is
    IICS26Router,
    IICS26RouterErrors,
    IICS24HostErrors,
    ICS02Client,
    IBCStore,
    Multicall,
    ReentrancyGuardTransient,
    UUPSUpgradeable
{
    /// @custom:storage-location erc7201:causeway.storage.ICS26Router
    struct ICS26RouterStorage {
        mapping(string portId => IIBCApp) apps;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.ICS26Router"));

    /// @dev The farthest that a timeout may lie in the future, as in the other implementations.
    uint256 private constant MAX_TIMEOUT_DURATION = 1 days;

    /// @notice The implementation itself is never initialized.
    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IICS26Router
    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IICS26Router
    function getIBCApp(string calldata portId) external view returns (IIBCApp) {
        return _app(portId);
    }

    /// @inheritdoc IICS26Router
    function addIBCApp(address app) external nonReentrant {
        _addApp(Strings.toHexString(app), app);
    }

    /// @inheritdoc IICS26Router
    function addIBCApp(string calldata portId, address app) external nonReentrant restricted {
        require(IBCIdentifiers.isCustom(bytes(portId)), IBCInvalidPortIdentifier(portId));
        // An address as a port belongs to the application at that address.
        (bool isAddress,) = Strings.tryParseAddress(portId);
        require(!isAddress, IBCInvalidPortIdentifier(portId));
        _addApp(portId, app);
    }

    /// @inheritdoc IICS26Router
    function sendPacket(IICS26RouterMsgs.MsgSendPacket calldata msg_) external nonReentrant returns (uint64 sequence) {
        require(address(_app(msg_.payload.sourcePort)) == msg.sender, IBCUnauthorizedSender(msg.sender));
        string calldata sourceClient = msg_.sourceClient;
        Client storage client = _client(sourceClient);
        uint256 timeout = msg_.timeoutTimestamp;
        require(timeout > block.timestamp, IBCInvalidTimeoutTimestamp(timeout, block.timestamp));
        require(
            timeout - block.timestamp <= MAX_TIMEOUT_DURATION,
            IBCInvalidTimeoutDuration(MAX_TIMEOUT_DURATION, timeout - block.timestamp)
        );
        sequence = ++client.lastSequence;

        bytes memory encoded = PacketEncoding.encode(sequence, msg_, client.counterpartyId);
        // The slot is empty: a client's sequences never repeat.
        _commitments()[ICS24Host.pathKey(sourceClient, ICS24Host.COMMITMENT, sequence)] =
            PacketEncoding.commitment(encoded);
        PacketEncoding.emitPacket(SendPacket.selector, ICS24Host.topic(sourceClient), encoded);
    }

    /// @inheritdoc IICS26Router
    function recvPacket(IICS26RouterMsgs.MsgRecvPacket calldata msg_) external nonReentrant {
        IICS26RouterMsgs.Packet calldata packet = msg_.packet;
        IICS26RouterMsgs.Payload calldata payload = _onlyPayload(packet);
        (string calldata sourceClient, string calldata destClient, uint64 sequence) = _names(packet);
        Client storage client = _clientOf(destClient, sourceClient);
        require(
            packet.timeoutTimestamp > block.timestamp,
            IBCInvalidTimeoutTimestamp(packet.timeoutTimestamp, block.timestamp)
        );

        bytes memory encoded = PacketEncoding.encode(packet);
        // The proof comes before the look at the receipt: later messages of this transaction may rely on it.
        _verify(
            client,
            msg_.proofCommitment,
            msg_.proofHeight,
            ICS24Host.path(sourceClient, ICS24Host.COMMITMENT, sequence),
            PacketEncoding.commitment(encoded)
        );

        if (!_setReceipt(ICS24Host.pathKey(destClient, ICS24Host.RECEIPT, sequence), keccak256(encoded))) {
            emit Noop();
            return;
        }

        bytes memory acknowledgement = _deliver(_app(payload.destPort), encoded);
        _commitments()[ICS24Host.pathKey(destClient, ICS24Host.ACKNOWLEDGEMENT, sequence)] =
            ICS24Host.acknowledgementCommitment(sha256(acknowledgement));
        PacketEncoding.emitPacketAndAck(
            WriteAcknowledgement.selector, ICS24Host.topic(destClient), encoded, acknowledgement, true
        );
    }

    /// @inheritdoc IICS26Router
    function ackPacket(IICS26RouterMsgs.MsgAckPacket calldata msg_) external nonReentrant {
        IICS26RouterMsgs.Packet calldata packet = msg_.packet;
        IICS26RouterMsgs.Payload calldata payload = _onlyPayload(packet);
        (string calldata sourceClient, string calldata destClient, uint64 sequence) = _names(packet);
        Client storage client = _clientOf(sourceClient, destClient);

        _verify(
            client,
            msg_.proofAcked,
            msg_.proofHeight,
            ICS24Host.path(destClient, ICS24Host.ACKNOWLEDGEMENT, sequence),
            ICS24Host.acknowledgementCommitment(ICS24Host.hash(msg_.acknowledgement))
        );

        bytes memory encoded = PacketEncoding.encode(packet);
        if (!_settle(ICS24Host.pathKey(sourceClient, ICS24Host.COMMITMENT, sequence), encoded)) {
            emit Noop();
            return;
        }
        bytes memory acknowledgement = msg_.acknowledgement;
        bool success = PacketEncoding.callAppWithAck(
            address(_app(payload.sourcePort)),
            IIBCApp.onAcknowledgementPacket.selector,
            encoded,
            acknowledgement,
            msg.sender
        );
        if (!success) PacketEncoding.bubble();
        PacketEncoding.emitPacketAndAck(
            AckPacket.selector, ICS24Host.topic(sourceClient), encoded, acknowledgement, false
        );
    }

    /// @inheritdoc IICS26Router
    function timeoutPacket(IICS26RouterMsgs.MsgTimeoutPacket calldata msg_) external nonReentrant {
        IICS26RouterMsgs.Packet calldata packet = msg_.packet;
        IICS26RouterMsgs.Payload calldata payload = _onlyPayload(packet);
        (string calldata sourceClient, string calldata destClient, uint64 sequence) = _names(packet);
        Client storage client = _clientOf(sourceClient, destClient);

        uint256 timestampOnDst = _verify(
            client,
            msg_.proofTimeout,
            msg_.proofHeight,
            ICS24Host.path(destClient, ICS24Host.RECEIPT, sequence),
            0
        );
        require(
            timestampOnDst >= packet.timeoutTimestamp,
            IBCInvalidTimeoutTimestamp(packet.timeoutTimestamp, timestampOnDst)
        );

        bytes memory encoded = PacketEncoding.encode(packet);
        if (!_settle(ICS24Host.pathKey(sourceClient, ICS24Host.COMMITMENT, sequence), encoded)) {
            emit Noop();
            return;
        }
        bool success = PacketEncoding.callApp(
            address(_app(payload.sourcePort)), IIBCApp.onTimeoutPacket.selector, encoded, msg.sender
        );
        if (!success) PacketEncoding.bubble();
        PacketEncoding.emitPacket(TimeoutPacket.selector, ICS24Host.topic(sourceClient), encoded);
    }

    function _onlyPayload(IICS26RouterMsgs.Packet calldata packet)
        private
        pure
        returns (IICS26RouterMsgs.Payload calldata)
    {
        require(packet.payloads.length == 1, IBCMultiPayloadPacketNotSupported());
        return packet.payloads[0];
    }

    /// @dev What the packet is called. Each field is looked up once: the compiler checks a text's place every time.
    function _names(IICS26RouterMsgs.Packet calldata packet)
        private
        pure
        returns (string calldata sourceClient, string calldata destClient, uint64 sequence)
    {
        return (packet.sourceClient, packet.destClient, packet.sequence);
    }

    /// @dev The client on this chain, if its counterparty is the one that the packet names.
    function _clientOf(string calldata clientId, string calldata counterpartyId)
        private
        view
        returns (Client storage client)
    {
        client = _client(clientId);
        string memory expected = client.counterpartyId;
        require(
            keccak256(bytes(expected)) == keccak256(bytes(counterpartyId)),
            IBCInvalidCounterparty(expected, counterpartyId)
        );
    }

    /// @dev Asks the light client for a value under a path, or for its absence if the value is zero.
    function _verify(
        Client storage client,
        bytes calldata proof,
        IICS02ClientMsgs.Height calldata proofHeight,
        bytes memory path,
        bytes32 value
    ) private returns (uint256 timestamp) {
        ILightClient lightClient = client.lightClient;
        if (client.plainPrefix) return LightClientCalls.verify(lightClient, proof, proofHeight, path, value);

        bytes[] memory full = client.merklePrefix;
        full[full.length - 1] = bytes.concat(full[full.length - 1], path);
        return value == 0
            ? lightClient.verifyNonMembership(ILightClientMsgs.MsgVerifyNonMembership(proof, proofHeight, full))
            : lightClient.verifyMembership(
                ILightClientMsgs.MsgVerifyMembership(proof, proofHeight, full, abi.encodePacked(value))
            );
    }

    /// @dev Returns false if this very packet was received before.
    function _setReceipt(bytes32 key, bytes32 receipt) private returns (bool) {
        bytes32 stored = _commitments()[key];
        if (stored == receipt) return false;
        require(stored == 0, IBCPacketReceiptMismatch(stored, receipt));
        _commitments()[key] = receipt;
        return true;
    }

    /// @dev Deletes a sent packet's commitment. Returns false if the packet was settled before.
    function _settle(bytes32 key, bytes memory encoded) private returns (bool) {
        bytes32 stored = _commitments()[key];
        if (stored == 0) return false;
        bytes32 commitment = PacketEncoding.commitment(encoded);
        require(stored == commitment, IBCPacketCommitmentMismatch(stored, commitment));
        delete _commitments()[key];
        return true;
    }

    function _deliver(IIBCApp app, bytes memory encoded) private returns (bytes memory acknowledgement) {
        uint256 gasBefore = gasleft();
        if (PacketEncoding.callApp(address(app), IIBCApp.onRecvPacket.selector, encoded, msg.sender)) {
            acknowledgement = PacketEncoding.returnedBytes(address(app));
            require(acknowledgement.length != 0, IBCAsyncAcknowledgementNotSupported());
            require(
                acknowledgement.length != 32 || bytes32(acknowledgement) != ICS24Host.UNIVERSAL_ERROR_ACK,
                IBCErrorUniversalAcknowledgement()
            );
        } else {
            bytes memory reason = PacketEncoding.returnedReason();
            // Anybody relays, so anybody chooses the gas: a failure that left less than a quarter of it may be for
            // want of gas, and must not become an acknowledgement. Each call on the way keeps back a 64th of the gas,
            // so that a quarter is more than eighteen calls keep back together; the target of a message is the fifth.
            require(reason.length != 0 && gasleft() > gasBefore / 4, IBCFailedCallback());
            emit IBCAppRecvPacketCallbackError(reason);
            acknowledgement = abi.encodePacked(ICS24Host.UNIVERSAL_ERROR_ACK);
        }
    }

    function _app(string calldata portId) private view returns (IIBCApp app) {
        app = _routerStorage().apps[portId];
        require(address(app) != address(0), IBCAppNotFound(portId));
    }

    function _addApp(string memory portId, address app) private {
        mapping(string portId => IIBCApp) storage apps = _routerStorage().apps;
        require(address(apps[portId]) == address(0), IBCPortAlreadyExists(portId));
        apps[portId] = IIBCApp(app);
        emit IBCAppAdded(portId, app);
    }

    function _routerStorage() private pure returns (ICS26RouterStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }

    /// @dev The admin role's alone.
    function _authorizeUpgrade(address) internal override restricted {}
}
