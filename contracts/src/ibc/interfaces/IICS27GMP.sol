// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS27GMPMsgs} from "../msgs/IICS27GMPMsgs.sol";

/// @title IICS27GMP
/// @notice Calls contracts on other chains, each sender through an account of its own.
interface IICS27GMP {
    /// @notice Initializes the proxy.
    /// @param ics26_ The router.
    /// @param accountLogic The implementation of `ICS27Account`.
    /// @param authority The access manager.
    function initialize(address ics26_, address accountLogic, address authority) external;

    /// @notice Sends a call.
    /// @param msg_ The call.
    /// @return sequence The packet's sequence.
    function sendCall(IICS27GMPMsgs.SendCallMsg calldata msg_) external returns (uint64 sequence);

    /// @notice Lets only listed contracts be called over a client, or all. Restricted.
    /// @param clientId The client.
    /// @param listed True for only those that are listed.
    function listTargets(string calldata clientId, bool listed) external;

    /// @notice Puts a contract on a client's list, or takes it off. Restricted.
    /// @param clientId The client.
    /// @param target The contract.
    /// @param allowed True to put it on.
    function setTarget(string calldata clientId, address target, bool allowed) external;

    /// @notice Whether a contract may be called over a client. Never: the access manager, and what it administers.
    /// @param clientId The client.
    /// @param target The contract.
    /// @return True if it may.
    function mayCall(string calldata clientId, address target) external view returns (bool);

    /// @notice As `mayCall`, for the client of an account.
    /// @param account The account.
    /// @param target The contract.
    /// @return True if it may.
    function accountMayCall(address account, address target) external view returns (bool);

    /// @notice Upgrades all accounts. Restricted.
    /// @param newAccountLogic The new implementation.
    function upgradeAccountTo(address newAccountLogic) external;

    /// @notice The accounts' beacon.
    /// @return Its address.
    function getAccountBeacon() external view returns (address);

    /// @notice The account of a sender, whether it exists yet or not.
    /// @param accountId The sender.
    /// @return The account's address.
    function getOrComputeAccountAddress(IICS27GMPMsgs.AccountIdentifier calldata accountId)
        external
        view
        returns (address);

    /// @notice Whose account this is.
    /// @param account The account.
    /// @return The sender.
    function getAccountIdentifier(address account) external view returns (IICS27GMPMsgs.AccountIdentifier memory);

    /// @notice A client was told to let only listed contracts be called, or all.
    /// @param clientId The client.
    /// @param listed True for only those that are listed.
    event TargetsListed(string clientId, bool listed);

    /// @notice A contract was put on a client's list, or taken off.
    /// @param clientId The client.
    /// @param target The contract.
    /// @param allowed True if it was put on.
    event TargetSet(string clientId, address indexed target, bool allowed);
}
