// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS02ClientErrors
/// @notice Errors of the client registry.
interface IICS02ClientErrors {
    /// @notice The identifier is not allowed for a client.
    /// @param clientId The identifier.
    error IBCInvalidClientId(string clientId);

    /// @notice There is no such client.
    /// @param clientId The identifier.
    error IBCClientNotFound(string clientId);

    /// @notice There is no such client, and so no counterparty.
    /// @param counterpartyClientId The identifier that was asked for.
    error IBCCounterpartyClientNotFound(string counterpartyClientId);

    /// @notice The identifier is taken.
    /// @param clientId The identifier.
    error IBCClientAlreadyExists(string clientId);

    /// @notice The light client's address holds no code.
    /// @param client The address.
    error IBCClientHasNoCode(address client);

    /// @notice The counterparty has no client identifier or an empty Merkle prefix.
    error IBCIncompleteCounterparty();
}
