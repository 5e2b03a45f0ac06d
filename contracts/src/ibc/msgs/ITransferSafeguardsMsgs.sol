// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title ITransferSafeguardsMsgs
/// @notice Types of the transfer application's safeguards.
interface ITransferSafeguardsMsgs {
    /// @notice Which way tokens go.
    enum Direction {
        Outgoing,
        Incoming
    }

    /// @notice What has become of a held transfer. Only what is held or vetoed may still be paid out.
    enum HeldStatus {
        None,
        Held,
        Vetoed,
        Released,
        Returned
    }

    /// @notice A transfer that has arrived and is not paid out yet.
    /// @param status What has become of it.
    /// @param token The token to be paid out: unlocked if it is at home on this chain, minted if it is a voucher.
    /// @param releaseAt From when on anybody may release it, in Unix seconds.
    /// @param receiver Who gets it.
    /// @param amount The amount in the token's smallest unit.
    /// @param clientId This chain's client that it came over.
    /// @param sender Who sent it, in the sending chain's notation.
    struct HeldTransfer {
        HeldStatus status;
        address token;
        uint64 releaseAt;
        address receiver;
        uint256 amount;
        string clientId;
        string sender;
    }

    /// @notice A limit, and how far it is used up.
    /// @param capacity The most that passes at once, in the token's smallest unit.
    /// @param period In how many seconds as much flows in again; zero if there is no limit.
    /// @param available How much can pass now; the largest number if there is no limit.
    struct Limit {
        uint128 capacity;
        uint32 period;
        uint256 available;
    }

    /// @notice The safeguards of a token over a client.
    /// @param outgoing What may be sent.
    /// @param incoming What may be received.
    /// @param holdFrom The least amount that is held when it arrives.
    /// @param holdSeconds For how long; zero if nothing is held.
    /// @param held How much is held or vetoed now: it has arrived and is not paid out.
    struct TokenSafeguards {
        Limit outgoing;
        Limit incoming;
        uint128 holdFrom;
        uint32 holdSeconds;
        uint256 held;
    }
}
