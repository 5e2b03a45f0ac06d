// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS27AccountMsgs} from "../msgs/IICS27AccountMsgs.sol";

/// @title IICS27Account
/// @notice The account of one sender on another chain. It acts only on that sender's orders.
interface IICS27Account {
    /// @notice Initializes the proxy.
    /// @param ics27_ The message-passing application.
    function initialize(address ics27_) external;

    /// @notice Calls a contract. Only for the message-passing application.
    /// @param target The contract.
    /// @param data The calldata.
    /// @return result What the call returned.
    function functionCall(address target, bytes calldata data) external returns (bytes memory result);

    /// @notice Sends native coin. Only for the account itself.
    /// @param recipient The receiver.
    /// @param amount The amount.
    function sendValue(address payable recipient, uint256 amount) external;

    /// @notice Calls a contract with native coin. Only for the account itself.
    /// @param target The contract.
    /// @param data The calldata.
    /// @param value The native coin.
    /// @return result What the call returned.
    function execute(address target, bytes calldata data, uint256 value) external returns (bytes memory result);

    /// @notice Makes several calls. Only for the account itself.
    /// @param calls The calls.
    /// @return results What they returned.
    function executeBatch(IICS27AccountMsgs.Call[] calldata calls) external returns (bytes[] memory results);

    /// @notice Runs another contract's code as the account. Only for the account itself.
    /// @param target The contract.
    /// @param data The calldata.
    /// @return result What it returned.
    function delegateExecute(address target, bytes calldata data) external returns (bytes memory result);

    /// @notice The message-passing application.
    /// @return Its address.
    function ics27() external view returns (address);
}
