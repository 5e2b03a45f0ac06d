// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS27Errors
/// @notice Errors of the message-passing application and its accounts.
interface IICS27Errors {
    /// @notice The caller may not do this.
    /// @param expected Who may.
    /// @param caller The caller.
    error ICS27Unauthorized(address expected, address caller);

    /// @notice The payload's version is not one this application speaks.
    /// @param expected The version expected.
    /// @param version The version found.
    error ICS27UnexpectedVersion(string expected, string version);

    /// @notice The payload's encoding is not the ABI's.
    /// @param expected The encoding expected.
    /// @param actual The encoding found.
    error ICS27UnexpectedEncoding(string expected, string actual);

    /// @notice The payload's port is not the message-passing port.
    /// @param expected The port expected.
    /// @param actual The port found.
    error ICS27InvalidPort(string expected, string actual);

    /// @notice The address is not an account of this application.
    /// @param account The address.
    error ICS27AccountNotFound(address account);

    /// @notice The receiver is not an address.
    /// @param receiver The receiver.
    error ICS27InvalidReceiver(string receiver);

    /// @notice The sender is not an address.
    /// @param sender The sender.
    error ICS27InvalidSender(string sender);

    /// @notice There is nothing to call.
    error ICS27PayloadEmpty();

    /// @notice The contract must not be called over this client: it is under the access manager, or is not listed.
    /// @param target The contract.
    error ICS27TargetForbidden(address target);
}
