// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS26RouterErrors
/// @notice Errors of the router.
interface IICS26RouterErrors {
    /// @notice The port is bound to an application already.
    /// @param portId The port.
    error IBCPortAlreadyExists(string portId);

    /// @notice The identifier is not allowed for a port.
    /// @param portId The port.
    error IBCInvalidPortIdentifier(string portId);

    /// @notice The timeout does not lie on the right side of the time it is compared with.
    /// @param timeoutTimestamp The packet's timeout in Unix seconds.
    /// @param comparedTimestamp The time it was compared with, in Unix seconds.
    error IBCInvalidTimeoutTimestamp(uint256 timeoutTimestamp, uint256 comparedTimestamp);

    /// @notice The timeout lies too far in the future.
    /// @param maxTimeoutDuration The longest allowed timeout in seconds.
    /// @param actualTimeoutDuration The timeout asked for in seconds.
    error IBCInvalidTimeoutDuration(uint256 maxTimeoutDuration, uint256 actualTimeoutDuration);

    /// @notice The packet names another counterparty than the client.
    /// @param expected The client's counterparty.
    /// @param actual The packet's.
    error IBCInvalidCounterparty(string expected, string actual);

    /// @notice The application gave no acknowledgement.
    error IBCAsyncAcknowledgementNotSupported();

    /// @notice The application returned the error acknowledgement, which is the router's alone.
    error IBCErrorUniversalAcknowledgement();

    /// @notice No application is bound to the port.
    /// @param portId The port.
    error IBCAppNotFound(string portId);

    /// @notice The caller is not the application of the payload's source port.
    /// @param caller The caller.
    error IBCUnauthorizedSender(address caller);

    /// @notice The application failed for want of gas, or in a way that cannot be told from it; nothing is recorded
    /// and the packet can be delivered again with more gas.
    error IBCFailedCallback();

    /// @notice The application has no code, or gave an answer that is not one.
    /// @param app The application.
    error IBCAppMisbehaved(address app);

    /// @notice The light client gave no answer.
    /// @param lightClient The light client.
    error IBCLightClientSilent(address lightClient);
}
