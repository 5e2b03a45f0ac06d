// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ClientPause} from "./base/ClientPause.sol";
import {IBCApp} from "./base/IBCApp.sol";
import {IICS27Errors} from "./errors/IICS27Errors.sol";
import {IIBCApp} from "./interfaces/IIBCApp.sol";
import {IICS27Account} from "./interfaces/IICS27Account.sol";
import {IICS27GMP} from "./interfaces/IICS27GMP.sol";
import {CallTargets} from "./libraries/CallTargets.sol";
import {ICS24Host} from "./libraries/ICS24Host.sol";
import {RouterCalls} from "./libraries/RouterCalls.sol";
import {SenderCallbacks} from "./libraries/SenderCallbacks.sol";
import {IIBCAppCallbacks} from "./msgs/IIBCAppCallbacks.sol";
import {IICS26RouterMsgs} from "./msgs/IICS26RouterMsgs.sol";
import {IICS27GMPMsgs} from "./msgs/IICS27GMPMsgs.sol";
import {ShortText} from "./types/ShortText.sol";

/// @title ICS27GMP
/// @notice General message passing: a contract on one chain calls a contract on another, and learns the outcome.
/// This contract owns nothing and is authorized to nothing: each sender acts through an account of its own, which no
/// contract under the same access manager ever hears from.
contract ICS27GMP is IICS27GMP, IICS27Errors, IBCApp, ClientPause {
    /// @custom:storage-location erc7201:causeway.storage.ICS27GMP
    struct ICS27GMPStorage {
        mapping(bytes32 accountIdHash => IICS27Account) accounts;
        mapping(address account => IICS27GMPMsgs.AccountIdentifier) accountIds;
        UpgradeableBeacon accountBeacon;
        mapping(string clientId => mapping(address target => bool)) targets;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.ICS27GMP"));

    ShortText private constant PORT = ShortText.wrap(bytes32("gmpport") | bytes32(uint256(7)));
    ShortText private constant VERSION = ShortText.wrap(bytes32("ics27-2") | bytes32(uint256(7)));
    ShortText private constant ENCODING =
        ShortText.wrap(bytes32("application/x-solidity-abi") | bytes32(uint256(26)));

    /// @dev A client's rule: only listed contracts are called.
    uint256 private constant TARGETS_LISTED = 4;

    /// @dev Only the router may call.
    modifier onlyRouter() {
        address router = address(_router());
        require(msg.sender == router, ICS27Unauthorized(router, msg.sender));
        _;
    }

    /// @notice The implementation itself is never initialized.
    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IICS27GMP
    function initialize(address ics26_, address accountLogic, address authority_) external initializer {
        __IBCApp_init(ics26_, authority_);
        _storage().accountBeacon = new UpgradeableBeacon(accountLogic, address(this));
    }

    /// @inheritdoc IICS27GMP
    function sendCall(IICS27GMPMsgs.SendCallMsg calldata msg_) external nonReentrant returns (uint64) {
        _requireOpen(msg_.sourceClient);
        require(msg_.payload.length != 0, ICS27PayloadEmpty());
        IICS27GMPMsgs.GMPPacketData memory data = IICS27GMPMsgs.GMPPacketData({
            sender: Strings.toChecksumHexString(msg.sender),
            receiver: msg_.receiver,
            salt: msg_.salt,
            payload: msg_.payload,
            memo: msg_.memo
        });
        return RouterCalls.sendPacket(
            _router(), msg_.sourceClient, msg_.timeoutTimestamp, PORT, VERSION, ENCODING, abi.encode(data)
        );
    }

    /// @inheritdoc IIBCApp
    function onRecvPacket(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
        returns (bytes memory)
    {
        _waitUntilOpen(msg_.destinationClient);
        IICS26RouterMsgs.Payload calldata payload = msg_.payload;
        if (!VERSION.equals(payload.version)) revert ICS27UnexpectedVersion(VERSION.toString(), payload.version);
        if (!PORT.equals(payload.sourcePort)) revert ICS27InvalidPort(PORT.toString(), payload.sourcePort);
        if (!ENCODING.equals(payload.encoding)) revert ICS27UnexpectedEncoding(ENCODING.toString(), payload.encoding);
        if (!PORT.equals(payload.destPort)) revert ICS27InvalidPort(PORT.toString(), payload.destPort);

        IICS27GMPMsgs.GMPPacketData memory data = abi.decode(payload.value, (IICS27GMPMsgs.GMPPacketData));
        require(data.payload.length != 0, ICS27PayloadEmpty());
        (bool valid, address receiver) = Strings.tryParseAddress(data.receiver);
        require(valid, ICS27InvalidReceiver(data.receiver));
        require(_mayCall(msg_.destinationClient, receiver), ICS27TargetForbidden(receiver));

        IICS27Account account = _getOrCreateAccount(
            IICS27GMPMsgs.AccountIdentifier({
                clientId: msg_.destinationClient,
                sender: data.sender,
                salt: data.salt
            })
        );
        bytes memory result = account.functionCall(receiver, data.payload);
        return abi.encode(IICS27GMPMsgs.GMPAcknowledgement({result: result}));
    }

    /// @inheritdoc IIBCApp
    function onAcknowledgementPacket(IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
    {
        SenderCallbacks.acknowledged(
            _senderOf(msg_.payload.value), !ICS24Host.isErrorAcknowledgement(msg_.acknowledgement), msg_
        );
    }

    /// @inheritdoc IIBCApp
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
    {
        SenderCallbacks.timedOut(_senderOf(msg_.payload.value), msg_);
    }

    /// @inheritdoc IICS27GMP
    function listTargets(string calldata clientId, bool listed) external restricted {
        _setClientRule(clientId, TARGETS_LISTED, listed);
        emit TargetsListed(clientId, listed);
    }

    /// @inheritdoc IICS27GMP
    function setTarget(string calldata clientId, address target, bool allowed) external restricted {
        _storage().targets[clientId][target] = allowed;
        emit TargetSet(clientId, target, allowed);
    }

    /// @inheritdoc IICS27GMP
    function mayCall(string calldata clientId, address target) external view returns (bool) {
        return _mayCall(clientId, target);
    }

    /// @inheritdoc IICS27GMP
    function accountMayCall(address account, address target) external view returns (bool) {
        return _mayCall(_storage().accountIds[account].clientId, target);
    }

    /// @inheritdoc IICS27GMP
    function upgradeAccountTo(address newAccountLogic) external restricted {
        _storage().accountBeacon.upgradeTo(newAccountLogic);
    }

    /// @inheritdoc IICS27GMP
    function getAccountBeacon() external view returns (address) {
        return address(_storage().accountBeacon);
    }

    /// @inheritdoc IICS27GMP
    function getAccountIdentifier(address account) external view returns (IICS27GMPMsgs.AccountIdentifier memory id) {
        id = _storage().accountIds[account];
        require(bytes(id.clientId).length != 0, ICS27AccountNotFound(account));
    }

    /// @inheritdoc IICS27GMP
    function getOrComputeAccountAddress(IICS27GMPMsgs.AccountIdentifier calldata accountId)
        external
        view
        returns (address)
    {
        bytes32 idHash = keccak256(abi.encode(accountId));
        address account = address(_storage().accounts[idHash]);
        return account != address(0) ? account : Create2.computeAddress(idHash, keccak256(_accountCode()));
    }

    function _mayCall(string memory clientId, address target) private view returns (bool) {
        IBCAppStorage storage app = _appStorage();
        bool listed = app.clientsWithRules != 0 && app.clientRules[clientId] & TARGETS_LISTED != 0;
        if (listed && !_storage().targets[clientId][target]) return false;
        return !CallTargets.isManagedBy(target, authority());
    }

    function _getOrCreateAccount(IICS27GMPMsgs.AccountIdentifier memory id) private returns (IICS27Account account) {
        ICS27GMPStorage storage $ = _storage();
        bytes32 idHash = keccak256(abi.encode(id));
        account = $.accounts[idHash];
        if (address(account) == address(0)) {
            account = IICS27Account(Create2.deploy(0, idHash, _accountCode()));
            $.accounts[idHash] = account;
            $.accountIds[address(account)] = id;
        }
    }

    function _accountCode() private view returns (bytes memory) {
        return abi.encodePacked(
            type(BeaconProxy).creationCode,
            abi.encode(_storage().accountBeacon, abi.encodeCall(IICS27Account.initialize, (address(this))))
        );
    }

    function _senderOf(bytes calldata value) private pure returns (address sender) {
        IICS27GMPMsgs.GMPPacketData memory data = abi.decode(value, (IICS27GMPMsgs.GMPPacketData));
        bool valid;
        (valid, sender) = Strings.tryParseAddress(data.sender);
        require(valid, ICS27InvalidSender(data.sender));
    }

    function _storage() private pure returns (ICS27GMPStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
