// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ITransferSafeguardsMsgs} from "../msgs/ITransferSafeguardsMsgs.sol";

/// @title ITransferSafeguards
/// @notice Limits how fast tokens leave and arrive, lets guardians look at large arrivals before they are paid out, and
/// says what is announced of tokens.
/// These functions are called at the transfer application's address. Refunds are never limited, held or stopped.
interface ITransferSafeguards {
    /// @notice Limits a token over a client. What was used of an earlier limit stays used. Restricted.
    /// @param clientId The client.
    /// @param token The token, or the ERC-7528 address for the native coin.
    /// @param direction Which way.
    /// @param capacity The most that passes at once, in the token's smallest unit; zero stops the token.
    /// @param period In how many seconds as much flows in again; zero lifts the limit.
    function setLimit(
        string calldata clientId,
        address token,
        ITransferSafeguardsMsgs.Direction direction,
        uint128 capacity,
        uint32 period
    ) external;

    /// @notice Lets only tokens with limits pass over a client, or all. Others cannot be sent, and wait when they
    /// arrive. Restricted.
    /// @param clientId The client.
    /// @param required True for only those with limits.
    function requireLimits(string calldata clientId, bool required) external;

    /// @notice Holds large amounts of a token when they arrive over a client. What is held already stays so.
    /// Restricted.
    /// @param clientId The client.
    /// @param token The token, or the ERC-7528 address for the native coin.
    /// @param holdFrom The least amount that is held.
    /// @param holdSeconds For how long; zero holds nothing more.
    function setHold(string calldata clientId, address token, uint128 holdFrom, uint32 holdSeconds) external;

    /// @notice Pays out what was held for long enough. For everybody.
    /// @param id The held transfer.
    function releaseHeld(uint256 id) external;

    /// @notice Keeps a held transfer from being paid out. Restricted to guardians.
    /// @param id The held transfer.
    function vetoHeld(uint256 id) external;

    /// @notice Pays out what was vetoed. Restricted to the administrator.
    /// @param id The held transfer.
    function releaseVetoed(uint256 id) external;

    /// @notice Sends what was vetoed back to its sender, over the client that it came over. If it does not get there,
    /// it is vetoed again. Restricted to the administrator.
    /// @param id The held transfer.
    /// @param timeoutTimestamp In Unix seconds of the sender's chain.
    /// @return sequence The packet's sequence.
    function returnVetoed(uint256 id, uint64 timeoutTimestamp) external returns (uint64 sequence);

    /// @notice Sets what is announced of the native coin. Restricted.
    /// @param name_ The name.
    /// @param symbol_ The symbol.
    /// @param decimals_ The number of decimals.
    function setNativeMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external;

    /// @notice The safeguards of a token over a client.
    /// @param clientId The client.
    /// @param token The token, or the ERC-7528 address for the native coin.
    /// @return The safeguards.
    function safeguardsOf(string calldata clientId, address token)
        external
        view
        returns (ITransferSafeguardsMsgs.TokenSafeguards memory);

    /// @notice Whether only tokens with limits pass over a client.
    /// @param clientId The client.
    /// @return True if so.
    function limitsRequired(string calldata clientId) external view returns (bool);

    /// @notice How much of a token has arrived over a client and is held or vetoed: in flight, as the books go.
    /// @param clientId The client.
    /// @param token The token, or the ERC-7528 address for the native coin.
    /// @return The amount in the token's smallest unit.
    function totalHeld(string calldata clientId, address token) external view returns (uint256);

    /// @notice How many transfers were ever held. Their ids count from 1.
    /// @return The number.
    function heldCount() external view returns (uint256);

    /// @notice Transfers that are or were held, in the order of their ids.
    /// @param firstId The first id.
    /// @param count How many, at most.
    /// @return The transfers.
    function heldTransfers(uint256 firstId, uint256 count)
        external
        view
        returns (ITransferSafeguardsMsgs.HeldTransfer[] memory);

    /// @notice Whether a token's metadata was announced over a client.
    /// @param clientId The client.
    /// @param token The token.
    /// @return True if it was, or need not be.
    function metadataAnnounced(string calldata clientId, address token) external view returns (bool);

    /// @notice What is announced of the native coin.
    /// @return name_ The name.
    /// @return symbol_ The symbol.
    /// @return decimals_ The number of decimals.
    function nativeMetadata() external view returns (string memory name_, string memory symbol_, uint8 decimals_);

    /// @notice A limit was set, or lifted if the period is zero.
    /// @param clientId The client.
    /// @param token The token.
    /// @param direction Which way.
    /// @param capacity The capacity.
    /// @param period The period in seconds.
    event LimitSet(
        string clientId,
        address indexed token,
        ITransferSafeguardsMsgs.Direction direction,
        uint128 capacity,
        uint32 period
    );

    /// @notice A client was told to let only tokens with limits pass, or all.
    /// @param clientId The client.
    /// @param required True for only those with limits.
    event LimitsRequired(string clientId, bool required);

    /// @notice Large amounts of a token are held from now on, or none if the time is zero.
    /// @param clientId The client.
    /// @param token The token.
    /// @param holdFrom The least amount that is held.
    /// @param holdSeconds For how long.
    event HoldSet(string clientId, address indexed token, uint128 holdFrom, uint32 holdSeconds);

    /// @notice A transfer has arrived and is held.
    /// @param id Its id.
    /// @param token The token.
    /// @param receiver Who is to get it.
    /// @param clientId The client that it came over.
    /// @param amount The amount.
    /// @param releaseAt From when on anybody may release it, in Unix seconds.
    /// @param sender Who sent it.
    event TransferHeld(
        uint256 indexed id,
        address indexed token,
        address indexed receiver,
        string clientId,
        uint256 amount,
        uint64 releaseAt,
        string sender
    );

    /// @notice A held transfer was paid out.
    /// @param id Its id.
    event HeldTransferReleased(uint256 indexed id);

    /// @notice A held transfer was vetoed.
    /// @param id Its id.
    /// @param guardian By whom.
    event HeldTransferVetoed(uint256 indexed id, address guardian);

    /// @notice A vetoed transfer is on its way back to its sender.
    /// @param id Its id.
    /// @param sequence The packet's sequence.
    event HeldTransferReturned(uint256 indexed id, uint64 sequence);

    /// @notice A transfer did not get back to its sender and is vetoed as before.
    /// @param id Its id.
    event HeldTransferReturnFailed(uint256 indexed id);

    /// @notice The held transfer is not in the state that this takes.
    /// @param id Its id.
    /// @param status Its state.
    error HeldTransferHasStatus(uint256 id, ITransferSafeguardsMsgs.HeldStatus status);

    /// @notice The held transfer cannot be released yet.
    /// @param id Its id.
    /// @param releaseAt From when on it can be, in Unix seconds.
    error HeldTransferNotReleasable(uint256 id, uint64 releaseAt);
}
