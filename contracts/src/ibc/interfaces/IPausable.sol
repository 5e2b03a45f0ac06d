// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IPausable
/// @notice An application that can be stopped. Stopping never holds back an acknowledgement, a timeout or a refund;
/// what arrives waits until the application is resumed, or times out.
interface IPausable {
    /// @notice Stops sending and receiving.
    function pause() external;

    /// @notice Resumes.
    function unpause() external;

    /// @notice Whether the application is stopped.
    /// @return True if it is.
    function paused() external view returns (bool);

    /// @notice The application was stopped.
    /// @param account By whom.
    event Paused(address account);

    /// @notice The application was resumed.
    /// @param account By whom.
    event Unpaused(address account);

    /// @notice The application is stopped.
    error EnforcedPause();

    /// @notice The application is not stopped.
    error ExpectedPause();
}
