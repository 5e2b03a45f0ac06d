// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS02ClientMsgs
/// @notice Types of the client registry (ICS-02).
interface IICS02ClientMsgs {
    /// @notice Who is on the other side of a client.
    /// @param clientId The identifier under which the other chain knows this chain.
    /// @param merklePrefix Keys of the nested trees above the other chain's IBC store; `[""]` for an EVM chain. The
    /// path of a commitment is appended to the last element.
    struct CounterpartyInfo {
        string clientId;
        bytes[] merklePrefix;
    }

    /// @notice A height of the counterparty chain.
    /// @param revisionNumber The revision; zero for chains that have none.
    /// @param revisionHeight The block height within the revision.
    struct Height {
        uint64 revisionNumber;
        uint64 revisionHeight;
    }
}
