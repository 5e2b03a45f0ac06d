// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS02ClientMsgs} from "../msgs/IICS02ClientMsgs.sol";
import {ILightClientMsgs} from "../msgs/ILightClientMsgs.sol";
import {ILightClient} from "./ILightClient.sol";

/// @title IICS02Client
/// @notice The registry of light clients.
interface IICS02Client {
    /// @notice The counterparty of a client.
    /// @param clientId The client.
    /// @return The counterparty.
    function getCounterparty(string calldata clientId) external view returns (IICS02ClientMsgs.CounterpartyInfo memory);

    /// @notice The light client behind an identifier.
    /// @param clientId The identifier.
    /// @return The light client.
    function getClient(string calldata clientId) external view returns (ILightClient);

    /// @notice The number of the next identifier `client-N`.
    /// @return The number.
    function getNextClientSeq() external view returns (uint256);

    /// @notice Registers a light client under the next `client-N`. Open to everyone: a client secures only what is
    /// sent over it.
    /// @param counterpartyInfo The counterparty.
    /// @param client The light client.
    /// @return The identifier.
    function addClient(IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo, address client)
        external
        returns (string memory);

    /// @notice Registers a light client under a chosen identifier. Restricted.
    /// @param clientId The identifier.
    /// @param counterpartyInfo The counterparty.
    /// @param client The light client.
    /// @return The identifier.
    function addClient(
        string calldata clientId,
        IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external returns (string memory);

    /// @notice Replaces a client's light client and counterparty. Restricted.
    /// @param clientId The client.
    /// @param counterpartyInfo The new counterparty.
    /// @param client The new light client.
    function migrateClient(
        string calldata clientId,
        IICS02ClientMsgs.CounterpartyInfo calldata counterpartyInfo,
        address client
    ) external;

    /// @notice Updates a light client. Open to everyone.
    /// @param clientId The client.
    /// @param updateMsg The evidence, in the light client's encoding.
    /// @return What came of it.
    function updateClient(string calldata clientId, bytes calldata updateMsg)
        external
        returns (ILightClientMsgs.UpdateResult);

    /// @notice Freezes a light client that was deceived. Open to everyone.
    /// @param clientId The client.
    /// @param misbehaviourMsg The evidence, in the light client's encoding.
    function submitMisbehaviour(string calldata clientId, bytes calldata misbehaviourMsg) external;

    /// @notice A client was registered.
    /// @param clientId Its identifier.
    /// @param counterpartyInfo Its counterparty.
    /// @param client Its light client.
    event ICS02ClientAdded(string clientId, IICS02ClientMsgs.CounterpartyInfo counterpartyInfo, address client);

    /// @notice A client was replaced.
    /// @param clientId Its identifier.
    /// @param counterpartyInfo Its new counterparty.
    /// @param client Its new light client.
    event ICS02ClientMigrated(string clientId, IICS02ClientMsgs.CounterpartyInfo counterpartyInfo, address client);

    /// @notice A client was updated.
    /// @param clientId Its identifier.
    /// @param result What came of it.
    event ICS02ClientUpdated(string clientId, ILightClientMsgs.UpdateResult result);

    /// @notice Misbehaviour was proven to a client.
    /// @param clientId Its identifier.
    event ICS02MisbehaviourSubmitted(string clientId);
}
