// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IEscrow
/// @notice Holds what was sent over one client.
interface IEscrow {
    /// @notice Initializes the proxy.
    /// @param ics20_ The transfer application.
    function initialize(address ics20_) external;

    /// @notice Pays out. Only for the transfer application.
    /// @param token The token, or the ERC-7528 address for the native coin.
    /// @param to The receiver.
    /// @param amount The amount.
    function send(address token, address to, uint256 amount) external;

    /// @notice The transfer application.
    /// @return Its address.
    function ics20() external view returns (address);
}
