// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {AccessManagedUpgradeable} from
    "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IICS02ClientErrors} from "../errors/IICS02ClientErrors.sol";
import {IICS02Client} from "../interfaces/IICS02Client.sol";
import {ILightClient} from "../interfaces/ILightClient.sol";
import {IBCIdentifiers} from "../libraries/IBCIdentifiers.sol";
import {IICS02ClientMsgs} from "../msgs/IICS02ClientMsgs.sol";
import {ILightClientMsgs} from "../msgs/ILightClientMsgs.sol";

/// @title ICS02Client
/// @notice The registry of light clients.
abstract contract ICS02Client is IICS02Client, IICS02ClientErrors, AccessManagedUpgradeable {
    /// @dev The first slot is all that most packets read: the light client, the sequence and the prefix's kind.
    /// @param lightClient The light client.
    /// @param lastSequence The sequence of the last packet sent.
    /// @param plainPrefix Whether the Merkle prefix is `[""]`, so that it need not be read.
    /// @param counterpartyId The counterparty's identifier.
    /// @param merklePrefix The counterparty's Merkle prefix.
    struct Client {
        ILightClient lightClient;
        uint64 lastSequence;
        bool plainPrefix;
        string counterpartyId;
        bytes[] merklePrefix;
    }

    /// @custom:storage-location erc7201:causeway.storage.ICS02Client
    struct ICS02ClientStorage {
        mapping(string clientId => Client) clients;
        uint256 nextClientSeq;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.ICS02Client"));

    /// @inheritdoc IICS02Client
    function getNextClientSeq() external view returns (uint256) {
        return _storage().nextClientSeq;
    }

    /// @inheritdoc IICS02Client
    function getCounterparty(string calldata clientId)
        external
        view
        returns (IICS02ClientMsgs.CounterpartyInfo memory)
    {
        Client storage client = _storage().clients[clientId];
        require(address(client.lightClient) != address(0), IBCCounterpartyClientNotFound(clientId));
        return IICS02ClientMsgs.CounterpartyInfo(client.counterpartyId, client.merklePrefix);
    }

    /// @inheritdoc IICS02Client
    function getClient(string calldata clientId) external view returns (ILightClient) {
        return _client(clientId).lightClient;
    }

    /// @inheritdoc IICS02Client
    function addClient(IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo, address client)
        external
        returns (string memory)
    {
        string memory clientId =
            string.concat(IBCIdentifiers.CLIENT_ID_PREFIX, Strings.toString(_storage().nextClientSeq++));
        _setClient(_storage().clients[clientId], counterpartyInfo, client);
        emit ICS02ClientAdded(clientId, counterpartyInfo, client);
        return clientId;
    }

    /// @inheritdoc IICS02Client
    function addClient(
        string calldata clientId,
        IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external restricted returns (string memory) {
        require(IBCIdentifiers.isCustom(bytes(clientId)), IBCInvalidClientId(clientId));
        Client storage record = _storage().clients[clientId];
        require(address(record.lightClient) == address(0), IBCClientAlreadyExists(clientId));
        _setClient(record, counterpartyInfo, client);
        emit ICS02ClientAdded(clientId, counterpartyInfo, client);
        return clientId;
    }

    /// @inheritdoc IICS02Client
    function migrateClient(
        string calldata clientId,
        IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external restricted {
        // The sequence stays: a packet of the old client must never be mistaken for one of the new.
        _setClient(_client(clientId), counterpartyInfo, client);
        emit ICS02ClientMigrated(clientId, counterpartyInfo, client);
    }

    /// @inheritdoc IICS02Client
    function updateClient(string calldata clientId, bytes calldata updateMsg)
        external
        returns (ILightClientMsgs.UpdateResult result)
    {
        result = _client(clientId).lightClient.updateClient(updateMsg);
        emit ICS02ClientUpdated(clientId, result);
    }

    /// @inheritdoc IICS02Client
    function submitMisbehaviour(string calldata clientId, bytes calldata misbehaviourMsg) external {
        _client(clientId).lightClient.misbehaviour(misbehaviourMsg);
        emit ICS02MisbehaviourSubmitted(clientId);
    }

    function _client(string calldata clientId) internal view returns (Client storage client) {
        client = _storage().clients[clientId];
        require(address(client.lightClient) != address(0), IBCClientNotFound(clientId));
    }

    function _setClient(
        Client storage record,
        IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo,
        address client
    ) private {
        require(client.code.length != 0, IBCClientHasNoCode(client));
        bytes[] calldata prefix = counterpartyInfo.merklePrefix;
        require(bytes(counterpartyInfo.clientId).length != 0 && prefix.length != 0, IBCIncompleteCounterparty());
        record.lightClient = ILightClient(client);
        record.plainPrefix = prefix.length == 1 && prefix[0].length == 0;
        record.counterpartyId = counterpartyInfo.clientId;
        record.merklePrefix = prefix;
    }

    function _storage() private pure returns (ICS02ClientStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
