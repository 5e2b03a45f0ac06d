// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IIBCStore} from "../interfaces/IIBCStore.sol";

/// @title IBCStore
/// @notice The provable store. Its place in storage is part of the protocol: other chains prove against it.
abstract contract IBCStore is IIBCStore {
    /// @custom:storage-location erc7201:ibc.storage.IBCStore
    struct IBCStoreStorage {
        mapping(bytes32 pathHash => bytes32) commitments;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("ibc.storage.IBCStore")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600;

    /// @inheritdoc IIBCStore
    function getCommitment(bytes32 hashedPath) external view returns (bytes32) {
        return _commitments()[hashedPath];
    }

    /// @dev The mapping is the structure's only member and lies at its slot.
    function _commitments() internal pure returns (mapping(bytes32 pathHash => bytes32) storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
