// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IClientPausable
/// @notice An application that can be stopped over one client. Acknowledgements, timeouts and refunds are never held
/// back; what arrives waits until the client is resumed, or times out.
interface IClientPausable {
    /// @notice Stops sending, receiving and releasing over a client. Restricted.
    /// @param clientId The client.
    function pauseClient(string calldata clientId) external;

    /// @notice Resumes a client. Restricted.
    /// @param clientId The client.
    function unpauseClient(string calldata clientId) external;

    /// @notice Whether a client is stopped.
    /// @param clientId The client.
    /// @return True if it is.
    function clientPaused(string calldata clientId) external view returns (bool);

    /// @notice A client was stopped.
    /// @param clientId The client.
    /// @param account By whom.
    event PausedClient(string clientId, address account);

    /// @notice A client was resumed.
    /// @param clientId The client.
    /// @param account By whom.
    event UnpausedClient(string clientId, address account);

    /// @notice The client is stopped.
    /// @param clientId The client.
    error ClientPaused(string clientId);

    /// @notice The client is not stopped.
    /// @param clientId The client.
    error ClientNotPaused(string clientId);
}
