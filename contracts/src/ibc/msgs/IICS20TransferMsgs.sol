// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS20TransferMsgs
/// @notice Types of token transfer (ICS-20, version `ics20-1`) and of token metadata (`causeway-metadata-1`).
interface IICS20TransferMsgs {
    /// @notice Sends tokens to another chain.
    /// @param denom The token's contract, or the ERC-7528 address for the chain's native coin.
    /// @param amount The amount in the token's smallest unit.
    /// @param receiver The receiver, in the receiving chain's notation.
    /// @param sourceClient The client of the receiving chain.
    /// @param destPort Unused: transfers go to the port `transfer`. Kept for the standard's ABI.
    /// @param timeoutTimestamp In Unix seconds of the receiving chain.
    /// @param memo Free text for the receiver.
    struct SendTransferMsg {
        address denom;
        uint256 amount;
        string receiver;
        string sourceClient;
        string destPort;
        uint64 timeoutTimestamp;
        string memo;
    }

    /// @notice The value of a transfer payload.
    /// @param denom The token's full trace, seen from the sending chain.
    /// @param sender The sender on the sending chain, to be refunded if the transfer fails.
    /// @param receiver The receiver on the receiving chain.
    /// @param amount The amount in the token's smallest unit.
    /// @param memo Free text.
    struct FungibleTokenPacketData {
        string denom;
        string sender;
        string receiver;
        uint256 amount;
        string memo;
    }

    /// @notice The value of a metadata payload.
    /// @param denom The token's full trace, seen from the sending chain.
    /// @param name The token's name.
    /// @param symbol The token's symbol.
    /// @param decimals The token's number of decimals.
    struct TokenMetadata {
        string denom;
        string name;
        string symbol;
        uint8 decimals;
    }
}
